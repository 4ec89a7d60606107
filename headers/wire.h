/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: the only one, for the kernel programs and for user space alike.
 *  1. link (wire_link.h): Ethernet, up to two 802.1Q/802.1ad tags, PPPoE session, or raw IP
 *  2. network (wire_ip.h): IPv4 with options, IPv6 with extension headers, fragments
 *  3. transport: TCP and UDP ports, TCP flags
 */
#ifndef HAYRAKE_WIRE_H
#define HAYRAKE_WIRE_H

#include "wire_base.h"
#include "wire_ip.h"
#include "wire_link.h"

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
 * Parses the frame from data to end, of which wire_len bytes were on the wire. COUNTER_PACKETS:
 * ports are known. COUNTER_FRAGMENT_LATER, COUNTER_OTHER_PROTO: a good packet without ports. Any
 * other counter says what is wrong; then only what came before that is set. *p is cleared first.
 */
WIRE enum counter packet_parse(struct packet *p, const void *data, const void *end, __u32 wire_len,
			       enum link_kind link)
{
	struct wire w = {data, data, end, wire_len, wire_alignment(link)};
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
