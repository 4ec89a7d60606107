/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds DNS messages and the packets that carry them, for tests. */
#ifndef HAYRAKE_TESTS_DNS_BUILD_H
#define HAYRAKE_TESTS_DNS_BUILD_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "../../headers/match.h"
#include "base/addr.h"
#include "record.h"

#define BUILD_MAX 70000

struct build {
	size_t len;
	uint8_t data[BUILD_MAX];
};

static inline void build_u8(struct build *b, unsigned int v)
{
	assert(b->len < BUILD_MAX);
	b->data[b->len++] = (uint8_t)v;
}

static inline void build_u16(struct build *b, unsigned int v)
{
	build_u8(b, v >> 8);
	build_u8(b, v & 255);
}

static inline void build_u32(struct build *b, uint32_t v)
{
	build_u16(b, v >> 16);
	build_u16(b, v & 0xffff);
}

static inline void build_bytes(struct build *b, const void *bytes, size_t len)
{
	assert(b->len + len <= BUILD_MAX);
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

static inline void build_put16(struct build *b, size_t at, unsigned int v)
{
	b->data[at] = (uint8_t)(v >> 8);
	b->data[at + 1] = (uint8_t)v;
}

/* "a.b" as labels and the root; a name "@12" is a pointer to offset 12. */
static inline void build_name(struct build *b, const char *name)
{
	unsigned int off = 0;

	if (*name == '@') {
		while (*++name)
			off = off * 10 + (unsigned int)(*name - '0');
		build_u16(b, 0xc000 | off);
		return;
	}
	while (*name) {
		size_t n = strcspn(name, ".");

		build_u8(b, (unsigned int)n);
		build_bytes(b, name, n);
		name += n + (name[n] == '.');
	}
	build_u8(b, 0);
}

#define DNS_QUERY 0x0100
#define DNS_ANSWER 0x8180

/* Header and question. */
static inline void build_head(struct build *b, unsigned int id, unsigned int flags,
			      unsigned int answers)
{
	b->len = 0;
	build_u16(b, id);
	build_u16(b, flags);
	build_u16(b, 1);
	build_u16(b, answers);
	build_u32(b, 0);
}

static inline void build_question(struct build *b, const char *name, unsigned int qtype)
{
	build_name(b, name);
	build_u16(b, qtype);
	build_u16(b, 1);
}

/* A record up to its data's length, which build_data_end() fills in. Returns where that is. */
static inline size_t build_record(struct build *b, const char *owner, unsigned int type,
				  uint32_t ttl)
{
	build_name(b, owner);
	build_u16(b, type);
	build_u16(b, 1);
	build_u32(b, ttl);
	build_u16(b, 0);
	return b->len - 2;
}

static inline void build_data_end(struct build *b, size_t at)
{
	build_put16(b, at, (unsigned int)(b->len - at - 2));
}

/* An A or AAAA record, by the address's form. */
static inline void build_address(struct build *b, const char *owner, const char *address,
				 uint32_t ttl)
{
	struct addr a;
	int bad = addr_parse(address, &a);
	size_t at;

	assert(!bad);
	(void)bad;
	at = build_record(b, owner, addr_is_v4(&a) ? 1 : 28, ttl);
	build_bytes(b, addr_is_v4(&a) ? a.b + 12 : a.b, addr_is_v4(&a) ? 4 : 16);
	build_data_end(b, at);
}

static inline void build_cname(struct build *b, const char *owner, const char *target)
{
	size_t at = build_record(b, owner, 5, 60);

	build_name(b, target);
	build_data_end(b, at);
}

/* Who a packet goes from and to. */
struct ends {
	const char *src;
	const char *dst;
	unsigned int src_port;
	unsigned int dst_port;
};

/* Ethernet and IP headers; the IP length is filled in by frame_end(). */
static inline void frame_start(struct build *f, const struct ends *e, unsigned int ip_proto)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 10, 2, 0, 0, 0, 0, 11};
	struct addr src, dst;

	f->len = 0;
	build_bytes(f, macs, 12);
	addr_parse(e->src, &src);
	addr_parse(e->dst, &dst);
	if (addr_is_v4(&src)) {
		build_u16(f, 0x0800);
		build_u16(f, 0x4500);
		build_u16(f, 0);
		build_u32(f, 0);
		build_u16(f, 64 << 8 | ip_proto);
		build_u16(f, 0);
		build_bytes(f, src.b + 12, 4);
		build_bytes(f, dst.b + 12, 4);
		return;
	}
	build_u16(f, 0x86dd);
	build_u32(f, 0x60000000);
	build_u16(f, 0);
	build_u16(f, ip_proto << 8 | 64);
	build_bytes(f, src.b, 16);
	build_bytes(f, dst.b, 16);
}

static inline void frame_end(struct build *f)
{
	if (f->data[14] >> 4 == 4)
		build_put16(f, 16, (unsigned int)(f->len - 14));
	else
		build_put16(f, 18, (unsigned int)(f->len - 54));
}

static inline void udp_header(struct build *f, const struct ends *e, size_t len)
{
	build_u16(f, e->src_port);
	build_u16(f, e->dst_port);
	build_u16(f, (unsigned int)len + 8);
	build_u16(f, 0);
}

static inline void frame_udp(struct build *f, const struct ends *e, const void *data, size_t len)
{
	frame_start(f, e, WIRE_UDP);
	udp_header(f, e, len);
	build_bytes(f, data, len);
	frame_end(f);
}

static inline void frame_tcp(struct build *f, const struct ends *e, uint32_t seq,
			     unsigned int flags, const void *data, size_t len)
{
	frame_start(f, e, WIRE_TCP);
	build_u16(f, e->src_port);
	build_u16(f, e->dst_port);
	build_u32(f, seq);
	build_u32(f, 0);
	build_u16(f, 0x5000 | flags);
	build_u16(f, 1000);
	build_u32(f, 0);
	build_bytes(f, data, len);
	frame_end(f);
}

/* One fragment of a datagram: IPv6 with a fragment header, IPv4 in the header itself. */
static inline void frame_fragment(struct build *f, const struct ends *e, unsigned int id,
				  const void *data, size_t from, size_t to, int more)
{
	struct addr src;

	addr_parse(e->src, &src);
	if (addr_is_v4(&src)) {
		frame_start(f, e, WIRE_UDP);
		build_put16(f, 18, id);
		build_put16(f, 20, (unsigned int)(from / 8) | (more ? 0x2000U : 0));
	} else {
		frame_start(f, e, WIRE_FRAGMENT);
		build_u16(f, WIRE_UDP << 8);
		build_u16(f, (unsigned int)from | (more ? 1U : 0));
		build_u32(f, id);
	}
	build_bytes(f, (const uint8_t *)data + from, to - from);
	frame_end(f);
}

#endif
