/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A glance at a packet, for the many that concern nobody: IP without options, extension headers or
 * fragments, sound TCP or UDP, not DNS. What it accepts packet_parse() accepts, with the same lengths
 * and addresses (tests/fuzz/fuzz_wire.c holds them together); the rest is for packet_parse().
 */
#ifndef HAYRAKE_GLANCE_H
#define HAYRAKE_GLANCE_H

#include "match.h"

/* The transport header at h in len bytes, of which 20 can be read; len is negative for a bad length. */
WIRE int transport_glance(const __u8 *h, __u8 ip_proto, __s32 len)
{
	if (wire_be16(h) == DNS_PORT || wire_be16(h + 2) == DNS_PORT)
		return 0;
	if (WIRE_LIKELY(ip_proto == WIRE_TCP))
		return h[12] >= 0x50 && h[12] >> 2 <= len; /* with zero reserved bits the header length */
	return ip_proto == WIRE_UDP && len >= 8 && wire_be16(h + 4) == len;
}

/* The IP total length of a plain IPv4 packet at h, of which 40 bytes can be read; 0: not plain. */
WIRE __u32 ipv4_glance(const __u8 *h, __u32 left)
{
	__u32 total = wire_be16(h + 2);

	if (h[0] != 0x45 || wire_be16(h + 6) & 0x3fff || total > left)
		return 0;
	return transport_glance(h + 20, h[9], (__s32)total - 20) ? total : 0;
}

/* The same for IPv6: header and payload; 60 bytes can be read. */
WIRE __u32 ipv6_glance(const __u8 *h, __u32 left)
{
	__u32 len = wire_be16(h + 4);

	if (h[0] >> 4 != 6 || len + 40 > left)
		return 0;
	return transport_glance(h + 40, h[6], (__s32)len) ? len + 40 : 0;
}

/* 4 or 6 for a plain packet, whose IP header *l3 is and whose IP total length *ip_len; 0: not plain. */
WIRE int frame_glance(const __u8 *data, const __u8 *end, enum link_kind link, const __u8 **l3,
		      __u32 *ip_len)
{
	const __u8 *h = link == LINK_ETHERNET ? data + 14 : data;
	__u16 eth_type;

	if (h + 40 > end)
		return 0;
	eth_type = link == LINK_ETHERNET ? wire_be16(data + 12) : raw_type(h);
	*l3 = h;
	if (WIRE_LIKELY(eth_type == WIRE_IPV4)) {
		*ip_len = ipv4_glance(h, wire_distance(h, end));
		return WIRE_LIKELY(*ip_len) ? 4 : 0;
	}
	if (eth_type != WIRE_IPV6 || h + 60 > end)
		return 0;
	*ip_len = ipv6_glance(h, wire_distance(h, end));
	return WIRE_LIKELY(*ip_len) ? 6 : 0;
}

#endif
