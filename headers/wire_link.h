/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser's first part: from the frame to the network header. */
#ifndef HAYRAKE_WIRE_LINK_H
#define HAYRAKE_WIRE_LINK_H

#include "wire_base.h"

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

WIRE void macs_set(struct packet *p, const __u8 *ethernet)
{
	__builtin_memcpy(WIRE_ALIGNED(p->dst_mac, 2), WIRE_ALIGNED(ethernet, 2), 6);
	__builtin_memcpy(WIRE_ALIGNED(p->src_mac, 2), WIRE_ALIGNED(ethernet + 6, 2), 6);
	p->has_mac = 1;
}

/* Behind the Ethernet header come at most two tags and PPPoE: 16 bytes, in fours. */
WIRE enum counter ethernet_parse(struct packet *p, struct wire *w, __u16 *eth_type)
{
	const __u8 *h, *first;
	enum counter why = wire_take(w, 14, COUNTER_MALFORMED_ETHERNET, &h);

	if (why)
		return why;
	first = w->pos;
	macs_set(p, h);
	*eth_type = wire_be16(h + 12);
	why = tag_parse(&p->vlan_outer, w, eth_type);
	if (!why && p->vlan_outer)
		why = tag_parse(&p->vlan_inner, w, eth_type);
	if (!why && *eth_type == WIRE_PPPOE_SESSION)
		why = pppoe_parse(p, w, eth_type);
	if (why)
		return why;
	p->l3_off = wire_distance(first, w->pos);
	WIRE_FORGET();
	w->pos = first + (p->l3_off & 0x1c);
	return COUNTER_PACKETS;
}

/* Raw IP: the version says what it is. */
WIRE __u16 raw_type(const __u8 *h)
{
	return h[0] >> 4 == 4 ? WIRE_IPV4 : h[0] >> 4 == 6 ? WIRE_IPV6 : 0;
}

/* Nothing is taken. */
WIRE enum counter raw_parse(struct wire *w, __u16 *eth_type)
{
	struct wire ahead = *w;
	const __u8 *h;
	enum counter why = wire_take(&ahead, 1, COUNTER_NOT_IP, &h);

	if (why)
		return why;
	*eth_type = raw_type(h);
	return COUNTER_PACKETS;
}

#endif
