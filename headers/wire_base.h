/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser's parts share: its result, its cursor, loads from the wire, protocol numbers. */
#ifndef HAYRAKE_WIRE_BASE_H
#define HAYRAKE_WIRE_BASE_H

#include "shared.h"

enum fragment_kind {
	FRAGMENT_NONE = 0,
	FRAGMENT_FIRST = 1, /* has ports, more follows */
	FRAGMENT_LATER = 2, /* has no ports */
};

#define VLAN_PRESENT 0x10000U  /* set in vlan_outer, vlan_inner when there is a tag */
#define PPPOE_PRESENT 0x10000U /* set in pppoe */

/*
 * What a packet says of itself. Offsets count bytes from the frame's first; numbers in host order.
 */
struct packet {
	struct addr src;
	struct addr dst;
	__u32 vlan_outer; /* VLAN_PRESENT | VLAN id (12 bits) */
	__u32 vlan_inner;
	__u32 pppoe;       /* PPPOE_PRESENT | session id */
	__u32 ip_len;      /* IP total length, all headers and payload; 0: no IP header */
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
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct packet) == 96, "no hidden padding in packet");

#define WIRE static inline __attribute__((always_inline))
#define WIRE_LIKELY(x) __builtin_expect(!!(x), 1)

/*
 * Loads of more than a byte. The kernel's frames start 2 bytes before a multiple of 4
 * (NET_IP_ALIGN), those without Ethernet header at a multiple of 2; user space has them anywhere.
 */
#ifdef __bpf__
#define WIRE_ALIGNED(p, n) __builtin_assume_aligned(p, n)
#else
#define WIRE_ALIGNED(p, n) (p)
#endif

/* WIRE_JOIN: the word whose first half in memory is a, and whose second is b, each of n bits. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_HOST16(x) __builtin_bswap16(x)
#define WIRE_HOST64(x) __builtin_bswap64(x)
#define WIRE_JOIN(a, b, n) ((a) | (b) << (n))
#else
#define WIRE_HOST16(x) (x)
#define WIRE_HOST64(x) (x)
#define WIRE_JOIN(a, b, n) ((a) << (n) | (b))
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

#define WIRE_EXTENSIONS_MAX 8        /* RFC 8200 4.1 lists six before the payload */
#define WIRE_EXTENSIONS_MASK 0x7ffcU /* 8 headers of at most 2,048 bytes, in fours */
#define WIRE_IP_MAX 65535U

/*
 * For the verifier: behind WIRE_FORGET() what was written to memory is read from there again, so
 * that the ways through the parser meet; loops stay loops; a value made opaque stays as wide as it
 * is.
 */
#ifdef __bpf__
#define WIRE_FORGET() __asm__ volatile("" ::: "memory")
#define WIRE_LOOP _Pragma("clang loop unroll(disable)")
#define WIRE_OPAQUE(x) __asm__ volatile("" : "+r"(x))
#else
#define WIRE_FORGET()
#define WIRE_LOOP
#define WIRE_OPAQUE(x)
#endif

/*
 * A frame being read: pos and end bound what was captured, left what the lengths on the wire allow.
 */
struct wire {
	const __u8 *start;
	const __u8 *pos;
	const __u8 *end;
	__u32 left;
	__u32 align; /* wire_alignment() */
};

/* What the IP header behind this link is sure to have in the kernel. */
WIRE __u32 wire_alignment(enum link_kind link)
{
	return link == LINK_ETHERNET ? 4 : 2;
}

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

/* Into an address, aligned to 4 itself. */
WIRE void wire_copy4(__u8 *to, const __u8 *p, __u32 align)
{
	if (align == 4)
		__builtin_memcpy(WIRE_ALIGNED(to, 4), WIRE_ALIGNED(p, 4), 4);
	else
		__builtin_memcpy(WIRE_ALIGNED(to, 4), WIRE_ALIGNED(p, 2), 4);
}

WIRE void wire_copy16(__u8 *to, const __u8 *p, __u32 align)
{
	wire_copy4(to, p, align);
	wire_copy4(to + 4, p + 4, align);
	wire_copy4(to + 8, p + 8, align);
	wire_copy4(to + 12, p + 12, align);
}

/* Bytes from one place in a frame to a later one: not in 32 bits, as these are pointers. */
WIRE __u32 wire_distance(const __u8 *from, const __u8 *to)
{
	__u64 distance = (__u64)(to - from);

	WIRE_OPAQUE(distance);
	return (__u32)distance;
}

WIRE __u32 wire_offset(const struct wire *w)
{
	return wire_distance(w->start, w->pos);
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

#endif
