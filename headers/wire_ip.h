/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser's second part: IPv4, IPv6 and its extension headers, fragments. */
#ifndef HAYRAKE_WIRE_IP_H
#define HAYRAKE_WIRE_IP_H

#include "wire_base.h"

/* Called with w at the fragment's data; off and left are below 65536, more is 0 or 1. */
WIRE enum counter fragment_set(struct packet *p, const struct wire *w, __u32 off, __u8 more)
{
	__u32 unaligned = more * (w->left & 7), beyond = (off + w->left) >> 16;

	p->frag_off = off;
	p->more_fragments = more;
	p->frag = off ? FRAGMENT_LATER : more;
	return unaligned | beyond ? COUNTER_MALFORMED_FRAGMENT : COUNTER_PACKETS;
}

/* In whole words: the loads of a map key that follow at once would wait for smaller stores. */
WIRE void addr_set4(struct addr *a, const __u8 *p, __u32 align)
{
	__u64 word[2] = {0, 0};
	__u32 v4;

	wire_copy4((__u8 *)&v4, p, align);
	word[1] = WIRE_JOIN((__u64)WIRE_JOIN(0U, 0xffffU, 16), (__u64)v4, 32);
	__builtin_memcpy(a, word, 16);
}

/* A total length of 0 is one that segmentation offload left to the NIC: to the end of the frame. */
WIRE enum counter ipv4_parse(struct packet *p, struct wire *w)
{
	const __u8 *h, *options;
	__u32 header_len, total;
	__u16 frag;
	enum counter why = wire_take(w, 20, COUNTER_MALFORMED_IPV4, &h);

	if (why)
		return why;
	header_len = (h[0] & 15U) * 4;
	if (h[0] >> 4 != 4 || header_len < 20)
		return COUNTER_MALFORMED_IPV4;
	total = wire_be16(h + 2);
	if (!total)
		total = w->left + 20;
	if (total < header_len || total - 20 > w->left)
		return COUNTER_MALFORMED_IPV4_LENGTH;
	w->left = total - 20;
	p->ip_len = total;
	p->ip_version = 4;
	p->ip_proto = h[9];
	addr_set4(&p->src, h + 12, w->align);
	addr_set4(&p->dst, h + 16, w->align);
	if (header_len > 20) {
		why = wire_take(w, header_len - 20, COUNTER_MALFORMED_IPV4, &options);
		if (why)
			return why;
	}
	frag = wire_be16(h + 6);
	if (!(frag & 0x3fff))
		return COUNTER_PACKETS;
	p->frag_id = wire_be16(h + 4);
	return fragment_set(p, w, (frag & 0x1fffU) * 8, frag >> 13 & 1);
}

WIRE int extension_is(__u8 ip_proto)
{
	const __u64 all = 1ULL << WIRE_HOP_BY_HOP | 1ULL << WIRE_ROUTING | 1ULL << WIRE_FRAGMENT |
			  1ULL << WIRE_AH | 1ULL << WIRE_DESTINATION;

	return ip_proto < 64 && all >> ip_proto & 1;
}

/* Steps over one extension header; its protocol is p->ip_proto before, the next one's after. */
WIRE enum counter extension_parse(struct packet *p, struct wire *w)
{
	const __u8 *h, *rest;
	__u8 ip_proto = p->ip_proto;
	__u32 rest_len = 0;
	enum counter why = wire_take(w, 8, COUNTER_MALFORMED_IPV6_EXTENSION, &h);

	if (why)
		return why;
	p->ip_proto = h[0];
	if (ip_proto == WIRE_FRAGMENT) {
		if (p->frag)
			return COUNTER_MALFORMED_IPV6_EXTENSION;
		p->frag_id = wire_be32(h + 4);
		return fragment_set(p, w, wire_be16(h + 2) & 0xfff8U, h[3] & 1);
	}
	rest_len = ip_proto == WIRE_AH ? h[1] * 4U : h[1] * 8U;
	return wire_take(w, rest_len, COUNTER_MALFORMED_IPV6_EXTENSION, &rest);
}

WIRE enum counter extensions_parse(struct packet *p, struct wire *w)
{
	const __u8 *first = w->pos;

	WIRE_LOOP
	for (int i = 0; i < WIRE_EXTENSIONS_MAX; i++) {
		enum counter why = extension_parse(p, w);

		if (why)
			return why;
		p->l4_off = wire_distance(first, w->pos);
		WIRE_FORGET();
		w->pos = first + (p->l4_off & WIRE_EXTENSIONS_MASK);
		if (p->frag == FRAGMENT_LATER || !extension_is(p->ip_proto))
			return COUNTER_PACKETS;
		if (p->ip_proto == WIRE_HOP_BY_HOP) /* only right behind the IPv6 header */
			return COUNTER_MALFORMED_IPV6_EXTENSION;
	}
	return COUNTER_MALFORMED_IPV6_EXTENSION;
}

/* A length of 0 is a jumbogram's or an offloaded segment's: to the end of the frame. */
WIRE enum counter ipv6_parse(struct packet *p, struct wire *w)
{
	const __u8 *h;
	__u32 len;
	enum counter why = wire_take(w, 40, COUNTER_MALFORMED_IPV6, &h);

	if (why)
		return why;
	if (h[0] >> 4 != 6)
		return COUNTER_MALFORMED_IPV6;
	len = wire_be16(h + 4);
	p->ip_proto = h[6];
	if (!len && (p->ip_proto == WIRE_HOP_BY_HOP || p->ip_proto == WIRE_TCP))
		len = w->left;
	if (len > w->left)
		return COUNTER_MALFORMED_IPV6_LENGTH;
	w->left = len;
	p->ip_len = 40 + len;
	p->ip_version = 6;
	wire_copy16(p->src.b, h + 8, w->align);
	wire_copy16(p->dst.b, h + 24, w->align);
	if (!extension_is(p->ip_proto))
		return COUNTER_PACKETS;
	why = extensions_parse(p, w);
	if (why)
		p->l4_off = 0;
	return why;
}

#endif
