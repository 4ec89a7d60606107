/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: the only one, for the kernel programs and for user space alike.
 *  1. link: Ethernet, up to two 802.1Q/802.1ad tags, PPPoE session, or nothing (raw IP)
 *  2. network: IPv4 with options, IPv6 with extension headers, fragments
 *  3. transport: TCP and UDP ports, TCP flags
 */
#ifndef HAYRAKE_WIRE_H
#define HAYRAKE_WIRE_H

#include "shared.h"

enum fragment_kind {
	FRAGMENT_NONE = 0,
	FRAGMENT_FIRST = 1, /* has ports, more follows */
	FRAGMENT_LATER = 2, /* has no ports */
};

#define VLAN_PRESENT 0x10000U  /* set in vlan_outer, vlan_inner when there is a tag */
#define PPPOE_PRESENT 0x10000U /* set in pppoe */

/* What a packet says of itself. Offsets count bytes from the frame's first; numbers in host order. */
struct packet {
	struct addr src;
	struct addr dst;
	__u32 vlan_outer; /* VLAN_PRESENT | VLAN id (12 bits) */
	__u32 vlan_inner;
	__u32 pppoe;       /* PPPOE_PRESENT | session id */
	__u32 ip_len;      /* IP total length: header, extension headers and payload; 0: no IP header */
	__u32 payload_len; /* behind the TCP or UDP header, on the wire */
	__u32 frag_id;
	__u32 frag_off; /* bytes */
	__u32 l3_off;
	__u32 l4_off;
	__u32 payload_off; /* of a later fragment: its data; a cut capture can end before */
	__u16 src_port;
	__u16 dst_port;
	__u8 ip_version; /* 4 or 6; 0: no IP header */
	__u8 ip_proto;
	__u8 tcp_flags;
	__u8 frag; /* enum fragment_kind */
	__u8 more_fragments;
	__u8 has_mac; /* src_mac and dst_mac are set */
	__u8 src_mac[6];
	__u8 dst_mac[6];
	__u8 pad[2];
};
_Static_assert(sizeof(struct packet) == 96, "no hidden padding in packet");

#define WIRE static inline __attribute__((always_inline))

/*
 * Loads of more than a byte. The kernel's frames start 2 bytes before a multiple of 4 (NET_IP_ALIGN),
 * those without Ethernet header at a multiple of 2; user space has them anywhere.
 */
#ifdef __bpf__
#define WIRE_ALIGNED(p, n) __builtin_assume_aligned(p, n)
#else
#define WIRE_ALIGNED(p, n) (p)
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_HOST16(x) __builtin_bswap16(x)
#define WIRE_HOST32(x) __builtin_bswap32(x)
#else
#define WIRE_HOST16(x) (x)
#define WIRE_HOST32(x) (x)
#endif

#define WIRE_IPV4 0x0800 /* ethertypes (IEEE 802 numbers at IANA) */
#define WIRE_IPV6 0x86dd
#define WIRE_8021Q 0x8100
#define WIRE_8021AD 0x88a8
#define WIRE_PPPOE_SESSION 0x8864
#define WIRE_PPP_IPV4 0x0021 /* PPP protocols */
#define WIRE_PPP_IPV6 0x0057

#define WIRE_HOP_BY_HOP 0 /* IP protocols */
#define WIRE_TCP 6
#define WIRE_UDP 17
#define WIRE_ROUTING 43
#define WIRE_FRAGMENT 44
#define WIRE_AH 51
#define WIRE_DESTINATION 60

#define WIRE_EXTENSIONS_MAX 8 /* RFC 8200 4.1 lists six before the payload */
#define WIRE_IP_MAX 65535U

/* A frame being read: pos and end bound what was captured, left what the lengths on the wire allow. */
struct wire {
	const __u8 *start;
	const __u8 *pos;
	const __u8 *end;
	__u32 left;
	__u32 align; /* that the IP header is sure to have in the kernel: 4 or 2 */
};

WIRE __u16 wire_be16(const __u8 *p)
{
	__u16 x;

	__builtin_memcpy(&x, WIRE_ALIGNED(p, 2), 2);
	return WIRE_HOST16(x);
}

WIRE __u32 wire_be32(const __u8 *p)
{
	return (__u32)wire_be16(p) << 16 | wire_be16(p + 2);
}

WIRE void wire_copy4(__u8 *to, const __u8 *p, __u32 align)
{
	if (align == 4)
		__builtin_memcpy(to, WIRE_ALIGNED(p, 4), 4);
	else
		__builtin_memcpy(to, WIRE_ALIGNED(p, 2), 4);
}

WIRE __u32 wire_offset(const struct wire *w)
{
	return (__u32)(w->pos - w->start);
}

/* Steps over the next n bytes, h points to them: COUNTER_PACKETS, bad or COUNTER_CUT. */
WIRE enum counter wire_take(struct wire *w, __u32 n, enum counter bad, const __u8 **h)
{
	const __u8 *p = w->pos;

	if (n > w->left)
		return bad;
	if (p + n > w->end)
		return COUNTER_CUT;
	*h = p;
	w->pos = p + n;
	w->left -= n;
	return COUNTER_PACKETS;
}

WIRE enum counter tag_parse(__u32 *vlan, struct wire *w, __u16 *eth_type)
{
	const __u8 *h;
	enum counter why;

	if (*eth_type != WIRE_8021Q && *eth_type != WIRE_8021AD)
		return COUNTER_PACKETS;
	why = wire_take(w, 4, COUNTER_MALFORMED_VLAN, &h);
	if (why)
		return why;
	*vlan = VLAN_PRESENT | (wire_be16(h) & 0xfff);
	*eth_type = wire_be16(h + 2);
	return COUNTER_PACKETS;
}

/* PPPoE session header (RFC 2516 4) and PPP protocol; eth_type becomes what the frame carries. */
WIRE enum counter pppoe_parse(struct packet *p, struct wire *w, __u16 *eth_type)
{
	const __u8 *h;
	__u16 len, ppp;
	enum counter why = wire_take(w, 8, COUNTER_MALFORMED_PPPOE, &h);

	if (why)
		return why;
	len = wire_be16(h + 4);
	if (h[0] != 0x11 || h[1] != 0 || len < 2 || len - 2U > w->left)
		return COUNTER_MALFORMED_PPPOE;
	w->left = len - 2U;
	p->pppoe = PPPOE_PRESENT | wire_be16(h + 2);
	ppp = wire_be16(h + 6);
	*eth_type = ppp == WIRE_PPP_IPV4 ? WIRE_IPV4 : ppp == WIRE_PPP_IPV6 ? WIRE_IPV6 : 0;
	return COUNTER_PACKETS;
}

WIRE enum counter ethernet_parse(struct packet *p, struct wire *w, __u16 *eth_type)
{
	const __u8 *h;
	enum counter why = wire_take(w, 14, COUNTER_MALFORMED_ETHERNET, &h);

	if (why)
		return why;
	__builtin_memcpy(p->dst_mac, WIRE_ALIGNED(h, 2), 6);
	__builtin_memcpy(p->src_mac, WIRE_ALIGNED(h + 6, 2), 6);
	p->has_mac = 1;
	*eth_type = wire_be16(h + 12);
	why = tag_parse(&p->vlan_outer, w, eth_type);
	if (!why && p->vlan_outer)
		why = tag_parse(&p->vlan_inner, w, eth_type);
	if (!why && *eth_type == WIRE_PPPOE_SESSION)
		why = pppoe_parse(p, w, eth_type);
	return why;
}

/* Raw IP: the version says what it is; nothing is taken. */
WIRE enum counter raw_parse(struct wire *w, __u16 *eth_type)
{
	struct wire ahead = *w;
	const __u8 *h;
	enum counter why = wire_take(&ahead, 1, COUNTER_NOT_IP, &h);

	if (why)
		return why;
	*eth_type = h[0] >> 4 == 4 ? WIRE_IPV4 : h[0] >> 4 == 6 ? WIRE_IPV6 : 0;
	return COUNTER_PACKETS;
}

/* Called with w at the fragment's data. */
WIRE enum counter fragment_set(struct packet *p, const struct wire *w, __u32 off, __u8 more)
{
	p->frag_off = off;
	p->more_fragments = more;
	p->frag = off ? FRAGMENT_LATER : more ? FRAGMENT_FIRST : FRAGMENT_NONE;
	if ((more && w->left % 8) || off + w->left > WIRE_IP_MAX || (off && !w->left))
		return COUNTER_MALFORMED_FRAGMENT;
	return COUNTER_PACKETS;
}

WIRE void addr_set4(struct addr *a, const __u8 *p, __u32 align)
{
	__builtin_memset(a->b, 0, 10);
	a->b[10] = 0xff;
	a->b[11] = 0xff;
	wire_copy4(a->b + 12, p, align);
}

WIRE void addr_set6(struct addr *a, const __u8 *p, __u32 align)
{
	wire_copy4(a->b, p, align);
	wire_copy4(a->b + 4, p + 4, align);
	wire_copy4(a->b + 8, p + 8, align);
	wire_copy4(a->b + 12, p + 12, align);
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
	return ip_proto == WIRE_HOP_BY_HOP || ip_proto == WIRE_ROUTING ||
	       ip_proto == WIRE_FRAGMENT || ip_proto == WIRE_AH || ip_proto == WIRE_DESTINATION;
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
	for (int i = 0; i < WIRE_EXTENSIONS_MAX; i++) {
		enum counter why = extension_parse(p, w);

		if (why)
			return why;
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
	addr_set6(&p->src, h + 8, w->align);
	addr_set6(&p->dst, h + 24, w->align);
	return extension_is(p->ip_proto) ? extensions_parse(p, w) : COUNTER_PACKETS;
}

WIRE enum counter tcp_parse(struct packet *p, struct wire *w)
{
	const __u8 *h;
	__u32 options_len;
	enum counter why = wire_take(w, 20, COUNTER_MALFORMED_TCP, &h);

	if (why)
		return why;
	options_len = (h[12] >> 4) * 4U - 20;
	if (options_len > w->left) /* also when less than 20 */
		return COUNTER_MALFORMED_TCP;
	p->src_port = wire_be16(h);
	p->dst_port = wire_be16(h + 2);
	p->tcp_flags = h[13];
	p->payload_off = p->l4_off + 20 + options_len;
	p->payload_len = w->left - options_len;
	return COUNTER_PACKETS;
}

/* A length of 0 is a jumbogram's; a first fragment's goes beyond the fragment. */
WIRE enum counter udp_parse(struct packet *p, struct wire *w)
{
	const __u8 *h;
	__u32 len;
	enum counter why = wire_take(w, 8, COUNTER_MALFORMED_UDP, &h);

	if (why)
		return why;
	len = wire_be16(h + 4);
	if (len && (len < 8 || (!p->frag && len - 8 > w->left)))
		return COUNTER_MALFORMED_UDP;
	p->src_port = wire_be16(h);
	p->dst_port = wire_be16(h + 2);
	p->payload_off = p->l4_off + 8;
	p->payload_len = len && !p->frag ? len - 8 : w->left;
	return COUNTER_PACKETS;
}

WIRE enum counter transport_parse(struct packet *p, struct wire *w)
{
	p->l4_off = p->payload_off = wire_offset(w);
	p->payload_len = w->left;
	if (p->frag == FRAGMENT_LATER)
		return COUNTER_FRAGMENT_LATER;
	if (p->ip_proto == WIRE_TCP)
		return tcp_parse(p, w);
	if (p->ip_proto == WIRE_UDP)
		return udp_parse(p, w);
	return COUNTER_OTHER_PROTO;
}

/*
 * Parses the frame from data to end, of which wire_len bytes were on the wire. COUNTER_PACKETS: ports
 * are known. COUNTER_FRAGMENT_LATER, COUNTER_OTHER_PROTO: a good packet without ports. Any other
 * counter says what is wrong; then only what came before that is set. *p is cleared first.
 */
WIRE enum counter packet_parse(struct packet *p, const void *data, const void *end, __u32 wire_len,
			       enum link_kind link)
{
	struct wire w = {data, data, end, wire_len, link == LINK_ETHERNET ? 4 : 2};
	__u16 eth_type = 0;
	enum counter why;

	__builtin_memset(p, 0, sizeof(*p));
	why = link == LINK_ETHERNET ? ethernet_parse(p, &w, &eth_type) : raw_parse(&w, &eth_type);
	if (why)
		return why;
	p->l3_off = wire_offset(&w);
	if (eth_type == WIRE_IPV4)
		why = ipv4_parse(p, &w);
	else if (eth_type == WIRE_IPV6)
		why = ipv6_parse(p, &w);
	else
		return COUNTER_NOT_IP;
	return why ? why : transport_parse(p, &w);
}

#endif
