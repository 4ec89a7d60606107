/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A glance at a packet, for the many that concern nobody: IP without options, extension headers or
 * fragments, sound TCP or UDP, neither DNS nor telling a name. What it accepts packet_parse()
 * accepts, with the same lengths and addresses (tests/fuzz/fuzz_wire.c holds them together); the
 * rest is for packet_parse().
 */
#ifndef HAYRAKE_GLANCE_H
#define HAYRAKE_GLANCE_H

#include "match.h"

/*
 * The transport header at h in len bytes, of which 20 can be read; len is negative for a bad
 * length.
 */
WIRE int transport_glance(const __u8 *h, __u8 ip_proto, __s32 len)
{
	__u16 src_port = wire_be16(h);

	if (src_port == DNS_PORT || wire_be16(h + 2) == DNS_PORT || src_port == DNS_ENCRYPTED_PORT)
		return 0;
	if (WIRE_LIKELY(ip_proto == WIRE_TCP))
		/* with zero reserved bits the header length */
		return h[12] >= 0x50 && h[12] >> 2 <= len;
	return ip_proto == WIRE_UDP && len >= 8 && wire_be16(h + 4) == len &&
	       !port_tells_name(wire_be16(h + 2));
}

/* A plain IPv4 packet at h, of which 40 bytes can be read? Its total length in *ip_len. */
WIRE int ipv4_glance(const __u8 *h, __u32 left, __u32 *ip_len)
{
	__u32 total = wire_be16(h + 2);

	*ip_len = total;
	if (h[0] != 0x45 || wire_be16(h + 6) & 0x3fff || total > left)
		return 0;
	return transport_glance(h + 20, h[9], (__s32)total - 20);
}

/* The same for IPv6; 60 bytes can be read. */
WIRE int ipv6_glance(const __u8 *h, __u32 left, __u32 *ip_len)
{
	__u32 len = wire_be16(h + 4);

	*ip_len = len + 40;
	if (h[0] >> 4 != 6 || len + 40 > left)
		return 0;
	return transport_glance(h + 40, h[6], (__s32)len);
}

/* What a glance has seen of a plain packet. */
struct glance {
	const __u8 *l3; /* the IP header */
	__u32 ip_len;   /* IP total length */
	__u32 version;  /* 4 or 6; 0: not plain */
};

/* The ethertype as it lies in the frame: no swap on the way that most packets take. */
WIRE __u16 frame_type_be(const __u8 *data, enum link_kind link)
{
	__u16 type_be;

	if (link != LINK_ETHERNET)
		return WIRE_HOST16(raw_type(data));
	__builtin_memcpy(&type_be, WIRE_ALIGNED(data + 12, 2), 2);
	return type_be;
}

/* The frame from data to end, of which wire_len bytes, no fewer, were on the wire. */
WIRE struct glance frame_glance(const __u8 *data, const __u8 *end, __u32 wire_len,
				enum link_kind link)
{
	const __u32 l3_off = link == LINK_ETHERNET ? 14 : 0;
	struct glance g = {.l3 = data + l3_off};
	__u16 type_be;

	if (g.l3 + 40 > end)
		return g;
	type_be = frame_type_be(data, link);
	if (WIRE_LIKELY(type_be == WIRE_HOST16(WIRE_IPV4))) {
		if (WIRE_LIKELY(ipv4_glance(g.l3, wire_len - l3_off, &g.ip_len)))
			g.version = 4;
	} else if (type_be == WIRE_HOST16(WIRE_IPV6) && g.l3 + 60 <= end) {
		if (WIRE_LIKELY(ipv6_glance(g.l3, wire_len - l3_off, &g.ip_len)))
			g.version = 6;
	}
	return g;
}

/* False when the capture ends within the options of TCP; in the kernel no frame is cut. */
WIRE int glance_is_whole(const struct glance *g, const __u8 *end)
{
	const __u8 *l4 = g->l3 + (g->version == 4 ? 20 : 40);
	__u8 ip_proto = g->l3[g->version == 4 ? 9 : 6];

	return ip_proto != WIRE_TCP || l4 + (l4[12] >> 2) <= end;
}

/* Without tags, IPv6 addresses behind an Ethernet header are even aligned to 8. */
WIRE void addr_set6(struct addr *a, const __u8 *p, __u32 align)
{
	if (align == 4)
		__builtin_memcpy(WIRE_ALIGNED(a, 4), WIRE_ALIGNED(p, 8), 16);
	else
		__builtin_memcpy(WIRE_ALIGNED(a, 4), WIRE_ALIGNED(p, 2), 16);
}

/* The parts of a plain packet that a contact is made of; the rest of p is 0 or left as it was. */
WIRE void glance_fill(struct packet *p, const struct glance *g, const __u8 *data, __u32 version,
		      enum link_kind link)
{
	const __u8 *l4 = g->l3 + (version == 4 ? 20 : 40);
	const __u32 align = wire_alignment(link);

	if (version == 4) {
		addr_set4(&p->src, g->l3 + 12, align);
		addr_set4(&p->dst, g->l3 + 16, align);
	} else {
		addr_set6(&p->src, g->l3 + 8, align);
		addr_set6(&p->dst, g->l3 + 24, align);
	}
	p->ip_version = (__u8)version;
	p->ip_len = g->ip_len;
	p->ip_proto = g->l3[version == 4 ? 9 : 6];
	p->src_port = wire_be16(l4);
	p->dst_port = wire_be16(l4 + 2);
	p->tcp_flags = p->ip_proto == WIRE_TCP ? l4[13] : 0;
	p->vlan_outer = p->vlan_inner = p->pppoe = 0;
	p->has_mac = link == LINK_ETHERNET;
	if (link == LINK_ETHERNET)
		macs_set(p, data);
}

#endif
