// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks; each frame names its interface,
 * and interfaces differ in link type, time resolution and length of what they keep.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "input/pcap_reader.h"

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET_OLD 2U
#define BLOCK_PACKET_SIMPLE 3U
#define BLOCK_PACKET 6U

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define BLOCK_EDGES 12U /* type and length in front, length again behind */

#define OPTION_END 0
#define OPTION_TSRESOL 9
#define OPTION_TSOFFSET 14

#define INTERFACES_MAX 65536U /* "all interfaces" of a big router, many times over */
#define TIME_NS_MAX (INT64_MAX / 2)

struct interface {
	pcap_link *link;
	uint32_t snap_len; /* 0: no limit */
	bool binary;       /* units of 2^-exponent s, else of scale / divisor ns */
	uint32_t exponent;
	uint64_t scale;
	uint64_t divisor;
	int64_t offset_ns;
};

struct pcapng {
	struct pcap_reader *reader;
	struct interface *interfaces; /* of this section */
	uint32_t interface_count;
	uint32_t interface_room;
};

/* What stands between the two lengths of a block. */
struct block {
	uint32_t type;
	uint32_t body_len;
	const uint8_t *body; /* NULL: too long for the window, passed over */
};

static void pcapng_clean(const struct pcapng *ng)
{
	free(ng->interfaces);
}

/* The byte order and interfaces of a new section. Gives the block's length. */
static int section_open(struct pcapng *ng, const uint8_t *len_bytes, uint32_t *block_len)
{
	struct pcap_reader *r = ng->reader;
	uint8_t raw_len[4];
	const uint8_t *magic;

	memcpy(raw_len, len_bytes, sizeof(raw_len));
	if (!stream_fill(&r->stream, 4))
		return reader_damaged(r, "cut short");
	magic = r->stream.at;
	r->big_endian = be32(magic) == BYTE_ORDER_MAGIC;
	if (reader_u32(r, magic) != BYTE_ORDER_MAGIC)
		return reader_damaged(r, "a section without byte order");
	ng->interface_count = 0;
	*block_len = reader_u32(r, raw_len);
	return 0;
}

/* Takes the body and the closing length, of which both must agree. */
static int block_body(struct pcap_reader *r, struct block *b)
{
	const uint8_t *trailer;

	if (b->body_len + 4 <= STREAM_WINDOW) {
		b->body = stream_take(&r->stream, b->body_len + 4);
		if (!b->body)
			return reader_damaged(r, "cut short");
		trailer = b->body + b->body_len;
	} else {
		b->body = NULL;
		if (!stream_skip(&r->stream, b->body_len))
			return reader_damaged(r, "cut short");
		trailer = stream_take(&r->stream, 4);
		if (!trailer)
			return reader_damaged(r, "cut short");
	}
	if (reader_u32(r, trailer) != b->body_len + BLOCK_EDGES)
		return reader_damaged(r, "a block whose two lengths differ");
	return 1;
}

/* 1 with the next block, 0 at the end, or -errno. */
static int block_next(struct pcapng *ng, struct block *b)
{
	struct pcap_reader *r = ng->reader;
	const uint8_t *h = stream_take(&r->stream, 8);
	uint32_t block_len;

	if (!h)
		return reader_end(r);
	b->type = reader_u32(r, h);
	block_len = reader_u32(r, h + 4);
	if (b->type == BLOCK_SECTION) {
		int err = section_open(ng, h + 4, &block_len);

		if (err)
			return err;
	}
	if (block_len < BLOCK_EDGES || block_len % 4)
		return reader_damaged(r, "a block with an impossible length");
	b->body_len = block_len - BLOCK_EDGES;
	return block_body(r, b);
}

static int section_read(struct pcap_reader *r, const struct block *b)
{
	if (b->body_len < 16 || !b->body)
		return reader_damaged(r, "a section with an impossible length");
	if (reader_u16(r, b->body + 4) != 1)
		return reader_damaged(r, "a version of the pcapng format other than 1");
	return 0;
}

static int interface_unit(struct pcap_reader *r, struct interface *i, uint8_t resolution)
{
	i->binary = resolution & 0x80;
	i->exponent = resolution & 0x7f;
	i->scale = i->divisor = 1;
	if (i->exponent > (i->binary ? 63 : 18))
		return reader_damaged(r, "an interface with an impossible time unit");
	if (i->binary)
		return 0;
	for (uint32_t e = i->exponent; e < 9; e++)
		i->scale *= 10;
	for (uint32_t e = 9; e < i->exponent; e++)
		i->divisor *= 10;
	return 0;
}

static int interface_offset(struct pcap_reader *r, struct interface *i, const uint8_t *value)
{
	uint64_t high = reader_u32(r, value + (r->big_endian ? 0 : 4));
	uint64_t low = reader_u32(r, value + (r->big_endian ? 4 : 0));
	int64_t offset_s = (int64_t)(high << 32 | low);

	if (offset_s > TIME_NS_MAX / NS_PER_S || offset_s < -(TIME_NS_MAX / NS_PER_S))
		return reader_damaged(r, "an interface with an impossible time offset");
	i->offset_ns = offset_s * NS_PER_S;
	return 0;
}

/* Options without a meaning here are passed over. */
static int interface_option(struct pcap_reader *r, struct interface *i, uint16_t code,
			    const uint8_t *value, uint16_t value_len)
{
	if (code == OPTION_TSRESOL && value_len >= 1)
		return interface_unit(r, i, value[0]);
	if (code == OPTION_TSOFFSET && value_len >= 8)
		return interface_offset(r, i, value);
	return 0;
}

static int interface_options(struct pcap_reader *r, struct interface *i, const uint8_t *at,
			     uint32_t left)
{
	while (left >= 4) {
		uint16_t code = reader_u16(r, at), value_len = reader_u16(r, at + 2);
		uint32_t padded_len = (value_len + 3U) & ~3U;
		int err;

		if (code == OPTION_END)
			return 0;
		if (padded_len > left - 4)
			return reader_damaged(r, "an interface with an option beyond its block");
		err = interface_option(r, i, code, at + 4, value_len);
		if (err)
			return err;
		at += 4 + padded_len;
		left -= 4 + padded_len;
	}
	return 0;
}

static int interface_read(struct pcapng *ng, const struct block *b)
{
	struct interface i = {.scale = 1000, .divisor = 1}; /* microseconds */
	int err;

	if (b->body_len < 8 || !b->body)
		return reader_damaged(ng->reader, "an interface with an impossible length");
	if (ng->interface_count == INTERFACES_MAX)
		return reader_damaged(ng->reader, "more interfaces than can be");
	i.link = link_find(reader_u16(ng->reader, b->body));
	i.snap_len = reader_u32(ng->reader, b->body + 4);
	err = interface_options(ng->reader, &i, b->body + 8, b->body_len - 8);
	if (err)
		return err;
	if (ng->interface_count == ng->interface_room) {
		uint32_t room = ng->interface_room ? 2 * ng->interface_room : 8;
		struct interface *grown = reallocarray(ng->interfaces, room, sizeof(*grown));

		if (!grown)
			return reader_damaged(ng->reader, "out of memory");
		ng->interfaces = grown;
		ng->interface_room = room;
	}
	ng->interfaces[ng->interface_count++] = i;
	return 0;
}

/* Units of 2^-exponent s in ns, cut to 34 bits of fraction so that 64 bits are enough. */
static uint64_t binary_ns(uint64_t units, uint32_t exponent)
{
	uint64_t s = units >> exponent;
	uint64_t fraction = units & ((1ULL << exponent) - 1);

	if (exponent > 34) {
		fraction >>= exponent - 34;
		exponent = 34;
	}
	return s > TIME_NS_MAX / NS_PER_S ? TIME_NS_MAX
					  : s * NS_PER_S + (fraction * NS_PER_S >> exponent);
}

/* Time of a frame; a time outside 0 .. TIME_NS_MAX becomes the nearer of the two. */
static int64_t interface_time(const struct interface *i, uint64_t units)
{
	uint64_t ns = units / i->divisor;
	int64_t sum;

	if (i->binary)
		ns = binary_ns(units, i->exponent);
	else if (__builtin_mul_overflow(ns, i->scale, &ns) || ns > TIME_NS_MAX)
		ns = TIME_NS_MAX;
	sum = (int64_t)ns + i->offset_ns;
	return sum < 0 ? 0 : sum > TIME_NS_MAX ? TIME_NS_MAX : sum;
}

/* NULL, and the file is damaged, when the section does not describe interface id. */
static const struct interface *interface_find(const struct pcapng *ng, uint32_t id)
{
	if (id < ng->interface_count)
		return &ng->interfaces[id];
	reader_damaged(ng->reader, "a frame of an interface that was not described");
	return NULL;
}

static void frame_give(struct pcap_reader *r, const struct interface *i, struct frame *frame)
{
	r->frames++;
	r->last_ns = frame->time_ns;
	i->link(r->sink, frame);
}

/* The two forms of packet block with a time differ only in how they name the interface. */
static int packet_read(struct pcapng *ng, const struct block *b)
{
	struct pcap_reader *r = ng->reader;
	struct frame frame = {.link = LINK_RAW};
	const struct interface *i;
	uint64_t units;

	if (b->body_len < 20)
		return reader_damaged(r, "a frame with an impossible length");
	i = interface_find(ng, b->type == BLOCK_PACKET ? reader_u32(r, b->body)
						       : reader_u16(r, b->body));
	if (!i)
		return -EIO;
	units = (uint64_t)reader_u32(r, b->body + 4) << 32 | reader_u32(r, b->body + 8);
	frame.data = b->body + 20;
	frame.cap_len = reader_u32(r, b->body + 12);
	frame.wire_len = reader_u32(r, b->body + 16);
	if (frame.cap_len > b->body_len - 20)
		return reader_damaged(r, "a frame longer than its block");
	frame.time_ns = interface_time(i, units);
	frame_give(r, i, &frame);
	return 0;
}

/* No interface and no time: those of the first interface and of the frame before. */
static int packet_simple_read(struct pcapng *ng, const struct block *b)
{
	struct pcap_reader *r = ng->reader;
	struct frame frame = {.link = LINK_RAW, .time_ns = r->last_ns};
	const struct interface *i = interface_find(ng, 0);

	if (!i)
		return -EIO;
	if (b->body_len < 4)
		return reader_damaged(r, "a frame with an impossible length");
	frame.data = b->body + 4;
	frame.wire_len = reader_u32(r, b->body);
	frame.cap_len = frame.wire_len;
	if (i->snap_len && frame.cap_len > i->snap_len)
		frame.cap_len = i->snap_len;
	if (frame.cap_len > b->body_len - 4)
		return reader_damaged(r, "a frame longer than its block");
	frame_give(r, i, &frame);
	return 0;
}

static int block_read(struct pcapng *ng, const struct block *b)
{
	bool is_packet = b->type == BLOCK_PACKET || b->type == BLOCK_PACKET_OLD ||
			 b->type == BLOCK_PACKET_SIMPLE;

	if (is_packet && !b->body) {
		struct frame frame = {.wire_len = b->body_len};

		ng->reader->frames++;
		link_count(ng->reader->sink, &frame, COUNTER_RECORD_BAD);
		return 0;
	}
	switch (b->type) {
	case BLOCK_SECTION:
		return section_read(ng->reader, b);
	case BLOCK_INTERFACE:
		return interface_read(ng, b);
	case BLOCK_PACKET:
	case BLOCK_PACKET_OLD:
		return packet_read(ng, b);
	case BLOCK_PACKET_SIMPLE:
		return packet_simple_read(ng, b);
	default:
		return 0;
	}
}

int pcapng_read(struct pcap_reader *r)
{
	CLEANUP(pcapng_clean) struct pcapng ng = {.reader = r};
	struct block b = {0};
	int err;

	while ((err = block_next(&ng, &b)) > 0) {
		err = block_read(&ng, &b);
		if (err)
			return err;
	}
	return err;
}
