/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets in hex and what the parser must say of them. The same table runs through packet_parse()
 * in user space (tests/unit/test_wire.c) and through the kernel programs (tests/prog/test_prog.c).
 */
#ifndef HAYRAKE_TEST_PACKETS_H
#define HAYRAKE_TEST_PACKETS_H

#include <string.h>

#include "../../headers/match.h"

/* The host 02:..:02, 192.168.1.10, 2001:db8:1::a; the server 198.51.100.7, 2001:db8:2::7. */
#define ETH "020000000001 020000000002"
#define ETH4 ETH "0800"
#define ETH6 ETH "86dd"
#define ADDR4 "c0a8010a c6336407"
#define ADDR6 "20010db800010000000000000000000a" "20010db8000200000000000000000007"
#define IP4(total, proto) "4500" total "0001 0000 40" proto "0000" ADDR4
#define IP4_FRAG(total, proto, frag) "4500" total "1234" frag "40" proto "0000" ADDR4
#define IP6(len, next) "60000000" len next "40" ADDR6
#define TCP_PORTS(ports, flags) ports "00000001 00000002 50" flags "1000 0000 0000"
#define TCP TCP_PORTS("a410 01bb", "18") /* 42000 > 443, PSH ACK */
#define UDP(len) "a410 01bb" len "0000"
#define DNS_UDP(len) "a410 0035" len "0000"
#define BYTES8 "0011223344556677"

struct packet_case {
	const char *name;
	const char *hex;
	__u32 wire_len; /* 0: as many as hex has */
	enum link_kind link;
	enum counter why;
	struct packet want; /* without addresses and MACs; those follow from ip_version */
	int dns;
};

#pragma GCC diagnostic ignored "-Woverride-init" /* a row names what differs from its shorthand */

/* Shorthands for what most rows want. */
#define GOOD4(l3, proto, total, pay)                                                              \
	.ip_version = 4, .ip_proto = proto, .l3_off = l3, .l4_off = l3 + 20, .ip_len = total,     \
	.src_port = 42000, .dst_port = 443, .payload_len = pay,                                   \
	.payload_off = l3 + 20 + ((proto) == WIRE_TCP ? 20 : 8),                                  \
	.tcp_flags = (proto) == WIRE_TCP ? 0x18 : 0
#define GOOD6(l3, ext, proto, total, pay)                                                         \
	.ip_version = 6, .ip_proto = proto, .l3_off = l3, .l4_off = l3 + 40 + ext,                \
	.ip_len = total, .src_port = 42000, .dst_port = 443, .payload_len = pay,                  \
	.payload_off = l3 + 40 + ext + ((proto) == WIRE_TCP ? 20 : 8),                            \
	.tcp_flags = (proto) == WIRE_TCP ? 0x18 : 0

static const struct packet_case packet_cases[] = {
	/* IPv4 */
	{.name = "ipv4 tcp, ends with its header", .hex = ETH4 IP4("0028", "06") TCP,
	 .want = {GOOD4(14, WIRE_TCP, 40, 0)}},
	{.name = "ipv4 tcp, payload and padding", .hex = ETH4 IP4("002a", "06") TCP "4142" "0000",
	 .want = {GOOD4(14, WIRE_TCP, 42, 2)}},
	{.name = "ipv4 udp", .hex = ETH4 IP4("001e", "11") UDP("000a") "4142",
	 .want = {GOOD4(14, WIRE_UDP, 30, 2)}},
	{.name = "ipv4 udp, ends with its header", .hex = ETH4 IP4("001c", "11") UDP("0008"),
	 .want = {GOOD4(14, WIRE_UDP, 28, 0)}},
	{.name = "ipv4 udp, length 0", .hex = ETH4 IP4("001e", "11") UDP("0000") "4142",
	 .want = {GOOD4(14, WIRE_UDP, 30, 2)}},
	{.name = "ipv4 udp shorter than ip", .hex = ETH4 IP4("0020", "11") UDP("000a") "41424344",
	 .want = {GOOD4(14, WIRE_UDP, 32, 2)}},
	{.name = "ipv4 options",
	 .hex = ETH4 "4600 002c 0001 0000 4006 0000" ADDR4 "01010100" TCP,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 38, .ip_len = 44,
		  .src_port = 42000, .dst_port = 443, .payload_off = 58, .tcp_flags = 0x18}},
	{.name = "ipv4 tcp options",
	 .hex = ETH4 IP4("002c", "06") "a410 01bb 00000001 00000002 6002 1000 0000 0000 020405b4",
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .ip_len = 44,
		  .src_port = 42000, .dst_port = 443, .payload_off = 58, .tcp_flags = 2}},
	{.name = "ipv4 total length 0, left to the NIC",
	 .hex = ETH4 IP4("0000", "06") TCP "41424344",
	 .want = {GOOD4(14, WIRE_TCP, 44, 4)}},
	{.name = "ipv4 icmp", .hex = ETH4 IP4("001c", "01") "0800f7ff00000000",
	 .why = COUNTER_OTHER_PROTO,
	 .want = {.ip_version = 4, .ip_proto = 1, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 28, .payload_len = 8}},
	{.name = "ipv4 ihl 4", .hex = ETH4 "4400 0028 0001 0000 4006 0000" ADDR4 TCP,
	 .why = COUNTER_MALFORMED_IPV4, .want = {.l3_off = 14}},
	{.name = "ipv4 ihl beyond the total length",
	 .hex = ETH4 "4f00 0028 0001 0000 4006 0000" ADDR4 TCP BYTES8 BYTES8 BYTES8,
	 .why = COUNTER_MALFORMED_IPV4_LENGTH, .want = {.l3_off = 14}},
	{.name = "ipv4 version 5", .hex = ETH4 "5500 0028 0001 0000 4006 0000" ADDR4 TCP,
	 .why = COUNTER_MALFORMED_IPV4, .want = {.l3_off = 14}},
	{.name = "ipv4 total length beyond the frame", .hex = ETH4 IP4("0029", "06") TCP,
	 .why = COUNTER_MALFORMED_IPV4_LENGTH, .want = {.l3_off = 14}},
	{.name = "ipv4 total length below its header", .hex = ETH4 IP4("0013", "06") TCP,
	 .why = COUNTER_MALFORMED_IPV4_LENGTH, .want = {.l3_off = 14}},
	{.name = "ipv4 header cut", .hex = ETH4 "4500 0028 0001", .why = COUNTER_MALFORMED_IPV4,
	 .want = {.l3_off = 14}},
	{.name = "tcp beyond the total length", .hex = ETH4 IP4("0027", "06") TCP,
	 .why = COUNTER_MALFORMED_TCP,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 39, .payload_len = 19}},
	{.name = "tcp data offset 4",
	 .hex = ETH4 IP4("0028", "06") "a410 01bb 00000001 00000002 4018 1000 0000 0000",
	 .why = COUNTER_MALFORMED_TCP,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 40, .payload_len = 20}},
	{.name = "tcp data offset beyond the packet",
	 .hex = ETH4 IP4("0028", "06") "a410 01bb 00000001 00000002 6018 1000 0000 0000 00000000",
	 .why = COUNTER_MALFORMED_TCP,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 40, .payload_len = 20}},
	{.name = "udp length 7", .hex = ETH4 IP4("001c", "11") UDP("0007"),
	 .why = COUNTER_MALFORMED_UDP,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 28, .payload_len = 8}},
	{.name = "udp length beyond the packet", .hex = ETH4 IP4("001c", "11") UDP("0009") "00",
	 .why = COUNTER_MALFORMED_UDP,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 28, .payload_len = 8}},
	{.name = "udp header cut", .hex = ETH4 IP4("001b", "11") "a410 01bb 000700",
	 .why = COUNTER_MALFORMED_UDP,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 27, .payload_len = 7}},
	/* IPv4 fragments */
	{.name = "ipv4 do not fragment", .hex = ETH4 IP4_FRAG("0028", "06", "4000") TCP,
	 .want = {GOOD4(14, WIRE_TCP, 40, 0)}},
	{.name = "ipv4 first fragment",
	 .hex = ETH4 IP4_FRAG("0024", "11", "2000") UDP("0108") BYTES8,
	 .want = {GOOD4(14, WIRE_UDP, 36, 8), .frag = FRAGMENT_FIRST, .more_fragments = 1,
		  .frag_id = 0x1234}},
	{.name = "ipv4 middle fragment of udp",
	 .hex = ETH4 IP4_FRAG("0024", "11", "2010") "00350035" "00350035" BYTES8,
	 .why = COUNTER_FRAGMENT_LATER, .dns = 1,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 36, .payload_len = 16, .frag = FRAGMENT_LATER, .more_fragments = 1,
		  .frag_id = 0x1234, .frag_off = 128}},
	{.name = "ipv4 last fragment of tcp",
	 .hex = ETH4 IP4_FRAG("0019", "06", "0010") "4142434445",
	 .why = COUNTER_FRAGMENT_LATER,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 25, .payload_len = 5, .frag = FRAGMENT_LATER, .frag_id = 0x1234,
		  .frag_off = 128}},
	{.name = "ipv4 fragment not a multiple of 8",
	 .hex = ETH4 IP4_FRAG("0025", "11", "2000") UDP("0108") BYTES8 "00",
	 .why = COUNTER_MALFORMED_FRAGMENT,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .ip_len = 37, .frag =
		  FRAGMENT_FIRST,
		  .more_fragments = 1, .frag_id = 0x1234}},
	{.name = "ipv4 fragment beyond 65535",
	 .hex = ETH4 IP4_FRAG("0024", "11", "1fff") BYTES8 BYTES8,
	 .why = COUNTER_MALFORMED_FRAGMENT,
	 .want = {.ip_version = 4, .ip_proto = 17, .l3_off = 14, .ip_len = 36, .frag =
		  FRAGMENT_LATER,
		  .frag_id = 0x1234, .frag_off = 65528}},
	/* DNS */
	{.name = "dns query", .hex = ETH4 IP4("0024", "11") DNS_UDP("0010") BYTES8, .dns = 1,
	 .want = {GOOD4(14, WIRE_UDP, 36, 8), .dst_port = 53}},
	{.name = "dns answer over tcp",
	 .hex = ETH6 IP6("001c", "06") TCP_PORTS("0035 a410", "10") BYTES8, .dns = 1,
	 .want = {GOOD6(14, 0, WIRE_TCP, 68, 8), .src_port = 53, .dst_port = 42000,
		  .tcp_flags = 0x10}},
	{.name = "icmp that looks like port 53", .hex = ETH4 IP4("001c", "01") "0035003500000000",
	 .why = COUNTER_OTHER_PROTO,
	 .want = {.ip_version = 4, .ip_proto = 1, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 28, .payload_len = 8}},
	/* IPv6 */
	{.name = "ipv6 tcp, ends with its header", .hex = ETH6 IP6("0014", "06") TCP,
	 .want = {GOOD6(14, 0, WIRE_TCP, 60, 0)}},
	{.name = "ipv6 udp", .hex = ETH6 IP6("000a", "11") UDP("000a") "4142",
	 .want = {GOOD6(14, 0, WIRE_UDP, 50, 2)}},
	{.name = "ipv6 hop-by-hop, routing, destination",
	 .hex = ETH6 IP6("002c", "00") "2b00 010400000000" "3c00 000000000000"
		"0600 010400000000" TCP,
	 .want = {GOOD6(14, 24, WIRE_TCP, 84, 0)}},
	{.name = "ipv6 ah",
	 .hex = ETH6 IP6("0024", "33") "0602 0000 00000001 00000001 00000000" TCP,
	 .want = {GOOD6(14, 16, WIRE_TCP, 76, 0)}},
	{.name = "ipv6 long destination options",
	 .hex = ETH6 IP6("001c", "3c") "1101 010c 00000000 00000000 00000000" UDP("000c")
		"41424344",
	 .want = {GOOD6(14, 16, WIRE_UDP, 68, 4)}},
	{.name = "ipv6 first fragment",
	 .hex = ETH6 IP6("0018", "2c") "1100 0001 00abcdef" UDP("0108") BYTES8,
	 .want = {GOOD6(14, 8, WIRE_UDP, 64, 8), .frag = FRAGMENT_FIRST, .more_fragments = 1,
		  .frag_id = 0xabcdef}},
	{.name = "ipv6 last fragment of udp",
	 .hex = ETH6 IP6("000d", "2c") "1100 0580 00abcdef" "0035003500",
	 .why = COUNTER_FRAGMENT_LATER, .dns = 1,
	 .want = {.ip_version = 6, .ip_proto = 17, .l3_off = 14, .l4_off = 62, .payload_off = 62,
		  .ip_len = 53, .payload_len = 5, .frag = FRAGMENT_LATER, .frag_id = 0xabcdef,
		  .frag_off = 1408}},
	{.name = "ipv6 atomic fragment", .hex = ETH6 IP6("001c", "2c") "0600 0000 00abcdef" TCP,
	 .want = {GOOD6(14, 8, WIRE_TCP, 68, 0), .frag_id = 0xabcdef}},
	{.name = "ipv6 two fragment headers",
	 .hex = ETH6 IP6("0028", "2c") "2c00 0001 00abcdef" "1100 0000 00abcdef" BYTES8 BYTES8
		BYTES8,
	 .why = COUNTER_MALFORMED_IPV6_EXTENSION,
	 .want = {.ip_version = 6, .ip_proto = 17, .l3_off = 14, .ip_len = 80,
		  .frag = FRAGMENT_FIRST, .more_fragments = 1, .frag_id = 0xabcdef}},
	{.name = "ipv6 hop-by-hop second",
	 .hex = ETH6 IP6("0024", "3c") "0000 010400000000" "0600 010400000000" TCP,
	 .why = COUNTER_MALFORMED_IPV6_EXTENSION,
	 .want = {.ip_version = 6, .ip_proto = 0, .l3_off = 14, .ip_len = 76}},
	{.name = "ipv6 nine extension headers",
	 .hex = ETH6 IP6("005c", "3c") "3c00 010400000000" "3c00 010400000000" "3c00 010400000000"
		"3c00 010400000000" "3c00 010400000000" "3c00 010400000000" "3c00 010400000000"
		"3c00 010400000000" "0600 010400000000" TCP,
	 .why = COUNTER_MALFORMED_IPV6_EXTENSION,
	 .want = {.ip_version = 6, .ip_proto = 60, .l3_off = 14, .ip_len = 132}},
	{.name = "ipv6 eight extension headers",
	 .hex = ETH6 IP6("0054", "3c") "3c00 010400000000" "3c00 010400000000" "3c00 010400000000"
		"3c00 010400000000" "3c00 010400000000" "3c00 010400000000" "3c00 010400000000"
		"0600 010400000000" TCP,
	 .want = {GOOD6(14, 64, WIRE_TCP, 124, 0)}},
	{.name = "ipv6 extension beyond the packet",
	 .hex = ETH6 IP6("0008", "3c") "0601 010400000000",
	 .why = COUNTER_MALFORMED_IPV6_EXTENSION,
	 .want = {.ip_version = 6, .ip_proto = 6, .l3_off = 14, .ip_len = 48}},
	{.name = "ipv6 no next header", .hex = ETH6 IP6("0000", "3b"), .why = COUNTER_OTHER_PROTO,
	 .want = {.ip_version = 6, .ip_proto = 59, .l3_off = 14, .l4_off = 54, .payload_off = 54,
		  .ip_len = 40}},
	{.name = "ipv6 length 0 before tcp, left to the NIC",
	 .hex = ETH6 IP6("0000", "06") TCP "4142", .want = {GOOD6(14, 0, WIRE_TCP, 62, 2)}},
	{.name = "ipv6 length beyond the frame", .hex = ETH6 IP6("0015", "06") TCP,
	 .why = COUNTER_MALFORMED_IPV6_LENGTH, .want = {.l3_off = 14, .ip_proto = 6}},
	{.name = "ipv6 version 4", .hex = ETH6 "40000000 0014 0640" ADDR6 TCP,
	 .why = COUNTER_MALFORMED_IPV6, .want = {.l3_off = 14}},
	{.name = "ipv6 header cut", .hex = ETH6 "60000000 0014 0640", .why = COUNTER_MALFORMED_IPV6,
	 .want = {.l3_off = 14}},
	/* Links */
	{.name = "802.1q", .hex = ETH "8100 6064 0800" IP4("0028", "06") TCP,
	 .want = {GOOD4(18, WIRE_TCP, 40, 0), .vlan_outer = VLAN_PRESENT | 100}},
	{.name = "802.1ad and 802.1q", .hex = ETH "88a8 0064 8100 0007 86dd" IP6("0014", "06") TCP,
	 .want = {GOOD6(22, 0, WIRE_TCP, 60, 0), .vlan_outer = VLAN_PRESENT | 100,
		  .vlan_inner = VLAN_PRESENT | 7}},
	{.name = "priority tag", .hex = ETH "8100 e000 0800" IP4("0028", "06") TCP,
	 .want = {GOOD4(18, WIRE_TCP, 40, 0), .vlan_outer = VLAN_PRESENT}},
	{.name = "three tags",
	 .hex = ETH "88a8 0001 8100 0002 8100 0003 0800" IP4("0028", "06") TCP,
	 .why = COUNTER_NOT_IP,
	 .want = {.l3_off = 22, .vlan_outer = VLAN_PRESENT | 1, .vlan_inner = VLAN_PRESENT | 2}},
	{.name = "tag cut", .hex = ETH "8100 0064", .why = COUNTER_MALFORMED_VLAN},
	{.name = "pppoe ipv4", .hex = ETH "8864 1100 1234 002a 0021" IP4("0028", "06") TCP,
	 .want = {GOOD4(22, WIRE_TCP, 40, 0), .pppoe = PPPOE_PRESENT | 0x1234}},
	{.name = "pppoe ipv6 in two tags",
	 .hex = ETH "88a8 0064 8100 0007 8864 1100 0011 003e 0057" IP6("0014", "06") TCP,
	 .want = {GOOD6(30, 0, WIRE_TCP, 60, 0), .pppoe = PPPOE_PRESENT | 0x11,
		  .vlan_outer = VLAN_PRESENT | 100, .vlan_inner = VLAN_PRESENT | 7}},
	{.name = "pppoe echo", .hex = ETH "8864 1100 1234 000a c021" "0901000800000000",
	 .why = COUNTER_NOT_IP, .want = {.l3_off = 22, .pppoe = PPPOE_PRESENT | 0x1234}},
	{.name = "pppoe version 2", .hex = ETH "8864 2100 1234 002a 0021" IP4("0028", "06") TCP,
	 .why = COUNTER_MALFORMED_PPPOE},
	{.name = "pppoe code", .hex = ETH "8864 11a7 1234 002a 0021" IP4("0028", "06") TCP,
	 .why = COUNTER_MALFORMED_PPPOE},
	{.name = "pppoe length beyond the frame",
	 .hex = ETH "8864 1100 1234 002b 0021" IP4("0028", "06") TCP, .why =
		COUNTER_MALFORMED_PPPOE},
	{.name = "pppoe length 1", .hex = ETH "8864 1100 1234 0001 0021" IP4("0028", "06") TCP,
	 .why = COUNTER_MALFORMED_PPPOE},
	{.name = "ip beyond its pppoe session",
	 .hex = ETH "8864 1100 1234 0029 0021" IP4("0028", "06") TCP,
	 .why = COUNTER_MALFORMED_IPV4_LENGTH,
	 .want = {.l3_off = 22, .pppoe = PPPOE_PRESENT | 0x1234}},
	{.name = "arp", .hex = ETH "0806 0001 0800 0604 0001" "020000000002" "c0a8010a" BYTES8,
	 .why = COUNTER_NOT_IP, .want = {.l3_off = 14}},
	{.name = "802.3 length", .hex = ETH "0026 424203" BYTES8 BYTES8, .why = COUNTER_NOT_IP,
	 .want = {.l3_off = 14}},
	{.name = "raw ipv4", .hex = IP4("0028", "06") TCP, .link = LINK_RAW,
	 .want = {GOOD4(0, WIRE_TCP, 40, 0)}},
	{.name = "raw ipv6", .hex = IP6("000a", "11") UDP("000a") "4142", .link = LINK_RAW,
	 .want = {GOOD6(0, 0, WIRE_UDP, 50, 2)}},
	{.name = "raw dns", .hex = IP4("0024", "11") DNS_UDP("0010") BYTES8, .link = LINK_RAW,
	 .dns = 1, .want = {GOOD4(0, WIRE_UDP, 36, 8), .dst_port = 53}},
	{.name = "raw of another version", .hex = "ff00000000000000" BYTES8, .link = LINK_RAW,
	 .why = COUNTER_NOT_IP},
	/* Cut by a capture's snap length: not malformed */
	{.name = "cut in ethernet", .hex = "020000000001 0200", .wire_len = 60, .why = COUNTER_CUT},
	{.name = "cut in ipv4", .hex = ETH4 "4500 0028", .wire_len = 54, .why = COUNTER_CUT,
	 .want = {.l3_off = 14}},
	{.name = "cut in ipv4 options", .hex = ETH4 "4600 002c 0001 0000 4006 0000" ADDR4 "0101",
	 .wire_len = 58, .why = COUNTER_CUT,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .ip_len = 44}},
	{.name = "cut in tcp", .hex = ETH4 IP4("0028", "06") "a410 01bb", .wire_len = 54,
	 .why = COUNTER_CUT,
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .payload_off = 34,
		  .ip_len = 40, .payload_len = 20}},
	{.name = "cut in tcp options", .wire_len = 58,
	 .hex = ETH4 IP4("002c", "06") "a410 01bb 00000001 00000002 6018 1000 0000 0000",
	 .want = {.ip_version = 4, .ip_proto = 6, .l3_off = 14, .l4_off = 34, .ip_len = 44,
		  .src_port = 42000, .dst_port = 443, .payload_off = 58, .tcp_flags = 0x18}},
	{.name = "cut in the payload", .hex = ETH4 IP4("05dc", "06") TCP "4142", .wire_len = 1514,
	 .want = {GOOD4(14, WIRE_TCP, 1500, 1460)}},
};

#define PACKET_CASES (sizeof(packet_cases) / sizeof(packet_cases[0]))
#define PACKET_MAX 2048

/* Hex text, blanks skipped, to bytes: how many. */
static inline __u32 hex_decode(const char *hex, __u8 *out)
{
	static const char digits[] = "0123456789abcdef";
	__u32 nibbles = 0;

	for (; *hex; hex++) {
		const char *d = strchr(digits, *hex);

		if (!d)
			continue;
		if (nibbles % 2 == 0)
			out[nibbles / 2] = 0;
		out[nibbles / 2] |= (__u8)((d - digits) << (nibbles % 2 ? 0 : 4));
		nibbles++;
	}
	return nibbles / 2;
}

/* The whole of what the parser must say: addresses and MACs follow from the rest. */
static inline struct packet packet_wanted(const struct packet_case *c)
{
	static const __u8 host4[16] = {[10] = 0xff, 0xff, 192, 168, 1, 10};
	static const __u8 server4[16] = {[10] = 0xff, 0xff, 198, 51, 100, 7};
	static const __u8 host6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 0x0a};
	static const __u8 server6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 0x07};
	struct packet want = c->want;

	if (want.ip_version) {
		memcpy(want.src.b, want.ip_version == 4 ? host4 : host6, 16);
		memcpy(want.dst.b, want.ip_version == 4 ? server4 : server6, 16);
	}
	if (c->link == LINK_ETHERNET && strcmp(c->name, "cut in ethernet") != 0) {
		want.has_mac = 1;
		memcpy(want.dst_mac, "\2\0\0\0\0\1", 6);
		memcpy(want.src_mac, "\2\0\0\0\0\2", 6);
	}
	return want;
}

#endif
