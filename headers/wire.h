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
	__u32 pppoe; /* PPPOE_PRESENT | session id */
	__u32 ip_len;  /* IP total length: header, extension headers and payload */
	__u32 frag_id;
	__u32 frag_off; /* bytes */
	__u16 l3_off;
	__u16 l4_off;
	__u16 payload_off; /* behind the TCP or UDP header; of a later fragment: its data */
	__u16 src_port;
	__u16 dst_port;
	__u8 ip_version; /* 4 or 6 */
	__u8 ip_proto;
	__u8 tcp_flags;
	__u8 frag;    /* enum fragment_kind */
	__u8 more_fragments;
	__u8 has_mac; /* src_mac and dst_mac are set */
	__u8 src_mac[6];
	__u8 dst_mac[6];
};

#endif
