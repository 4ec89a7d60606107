/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both sides of the kernel border make of a parsed packet: DNS or not, subject, port match. */
#ifndef HAYRAKE_MATCH_H
#define HAYRAKE_MATCH_H

#include "wire.h"

#define DNS_PORT 53
#define DNS_ENCRYPTED_PORT 853
#define WIRE_TCP_SYN_ACK 0x12 /* RFC 9293 3.1 */

/*
 * True for what the DNS observer reads: port 53, and later fragments of UDP, whose ports are
 * unknown.
 */
WIRE int packet_is_dns(const struct packet *p)
{
	if (p->frag == FRAGMENT_LATER)
		return p->ip_proto == WIRE_UDP;
	return p->src_port == DNS_PORT || p->dst_port == DNS_PORT;
}

/*
 * True for the answer to one who sets out to ask over TLS (RFC 7858) or QUIC (RFC 9250): a SYN-ACK,
 * or a datagram as long as those of a QUIC handshake are (RFC 9000 14.1). What follows is left out.
 */
WIRE int packet_is_encrypted_dns(const struct packet *p)
{
	if (p->src_port != DNS_ENCRYPTED_PORT)
		return 0;
	if (p->ip_proto == WIRE_UDP)
		return p->payload_len >= 1200;
	return (p->tcp_flags & WIRE_TCP_SYN_ACK) == WIRE_TCP_SYN_ACK;
}

/*
 * Ports to which hosts tell their names: DHCP and DHCPv6 servers', and mDNS, whose announcements
 * come from there too (RFC 2131, 8415, 6762).
 */
#define DHCP_PORT 67
#define DHCP6_PORT 547
#define MDNS_PORT 5353

WIRE int port_tells_name(__u16 dst_port)
{
	return dst_port == DHCP_PORT || dst_port == DHCP6_PORT || dst_port == MDNS_PORT;
}

/* True for UDP in which its sender may say its name. */
WIRE int packet_tells_name(const struct packet *p)
{
	return p->ip_proto == WIRE_UDP && port_tells_name(p->dst_port);
}

/* Adds the tag that a NIC took off (VLAN_PRESENT | TCI, or 0): it was the outermost. */
WIRE void packet_add_tag(struct packet *p, __u32 vlan)
{
	if (!vlan)
		return;
	p->vlan_inner = p->vlan_outer;
	p->vlan_outer = VLAN_PRESENT | (vlan & 0xfff);
}

/* Bytes of the payload that a capture of cap_len bytes holds, from p->payload_off on. */
WIRE __u32 packet_payload_captured(const struct packet *p, __u32 cap_len)
{
	__u32 room = cap_len > p->payload_off ? cap_len - p->payload_off : 0;

	return p->payload_len < room ? p->payload_len : room;
}

WIRE struct subject subject_ip(const struct addr *a)
{
	struct subject s;

	__builtin_memcpy(s.b, a->b, 16);
	return s;
}

/* Composed in a register, as stores smaller than a map key's loads make these wait. */
WIRE struct subject subject_words(__u64 first_be, __u64 second_be)
{
	__u64 word[2] = {WIRE_HOST64(first_be), WIRE_HOST64(second_be)};
	struct subject s;

	__builtin_memcpy(s.b, word, 16);
	return s;
}

WIRE __u64 mac_number(const __u8 mac[6])
{
	return (__u64)wire_be16(mac) << 32 | (__u64)wire_be16(mac + 2) << 16 | wire_be16(mac + 4);
}

WIRE struct subject subject_mac(const __u8 mac[6])
{
	return subject_words((__u64)SUBJECT_MAC << 48 | mac_number(mac), 0);
}

WIRE struct subject subject_vlan(__u32 outer, __u32 inner)
{
	return subject_words((__u64)SUBJECT_VLAN << 48 | (__u64)(outer & 0xfff) << 32 |
				     (__u64)(inner & 0xfff) << 16,
			     0);
}

WIRE struct subject subject_pppoe(__u32 session, const __u8 mac[6])
{
	__u64 number = mac_number(mac);

	return subject_words((__u64)SUBJECT_PPPOE << 48 | (__u64)(session & 0xffff) << 32 |
				     number >> 16,
			     number << 48);
}

/*
 * Who the packet's sender (or receiver) is, into s. A packet without what by asks for: its address.
 */
WIRE void subject_set(struct subject *s, const struct packet *p, enum subject_kind by, int sender)
{
	const __u8 *mac = sender ? p->src_mac : p->dst_mac;

	if (by == SUBJECT_MAC && p->has_mac)
		*s = subject_mac(mac);
	else if (by == SUBJECT_VLAN && p->vlan_outer)
		*s = subject_vlan(p->vlan_outer, p->vlan_inner);
	else if (by == SUBJECT_PPPOE && p->pppoe)
		*s = subject_pppoe(p->pppoe, mac);
	else
		*s = subject_ip(sender ? &p->src : &p->dst);
}

WIRE struct subject packet_subject(const struct packet *p, enum subject_kind by, int sender)
{
	struct subject s;

	subject_set(&s, p, by, sender);
	return s;
}

/* Does one of v's port ranges hold port for this protocol? */
WIRE int backend_has_port(const struct backend_value *v, __u16 port, __u8 ip_proto)
{
	__u8 bit = ip_proto == WIRE_TCP ? PORT_TCP : ip_proto == WIRE_UDP ? PORT_UDP : 0;

	WIRE_LOOP
	for (int i = 0; i < BACKEND_PORTS && i < v->count; i++)
		if (v->protos[i] & bit && port >= v->port_lo[i] && port <= v->port_hi[i])
			return 1;
	return 0;
}

#endif
