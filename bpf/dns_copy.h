/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS packets to user space:
 *  1. within the rate of this CPU, take a slot of the ring that is large enough
 *  2. copy the frame, or what fits of it
 *  3. submit; each way out is counted
 */
#ifndef HAYRAKE_DNS_COPY_H
#define HAYRAKE_DNS_COPY_H

#include "point.h"

#define DNS_WINDOW_SHIFT 30 /* a window is 2^30 ns, about a second */
#define DNS_CHUNK 16U
#define DNS_FRAME_MIN 20U /* an IPv4 header; 5.10 learns no lower bound from "not 0" */

/* False when this CPU has used up its copies of the window. */
STEP int dns_admit(struct cpu *cpu)
{
	__u32 window = (__u32)(cpu->work.now_ns >> DNS_WINDOW_SHIFT);

	if (cpu->dns_window != window) {
		cpu->dns_window = window;
		cpu->dns_copies = 0;
	}
	if (cpu->dns_copies >= dns_rate)
		return 0;
	cpu->dns_copies++;
	return 1;
}

/* Bytes of the slot for a frame. In 64 bits, as 5.10 does not remember a spilled constant of 32. */
STEP __u64 dns_slot(__u32 wire_len)
{
	return sizeof(struct dns_record) + (wire_len <= DNS_SMALL ? DNS_SMALL : DNS_LARGE);
}

STEP void dns_describe(struct dns_record *r, const struct point *at, const struct work *w,
		       __u32 cap_len)
{
	r->time_ns = w->now_ns;
	r->ifindex = w->ifindex;
	r->wire_len = w->wire_len;
	r->cap_len = cap_len;
	r->link = at->link;
	r->egress = at->egress;
	r->role = at->counts ? count_role : ROLE_WAN;
	r->vlan = w->vlan;
	r->pad = 0;
}

/* The frame by chunks, then by bytes: at most size, a multiple of a chunk. */
STEP void frame_copy(struct work *w, __u8 *to, const __u8 *from, const __u8 *end, __u64 size)
{
	__u64 i;

	WIRE_LOOP
	for (i = 0; i < size && from + i + DNS_CHUNK <= end; i += DNS_CHUNK)
		__builtin_memcpy(to + i, WIRE_ALIGNED(from + i, 2), DNS_CHUNK);
	w->copied = i;
	WIRE_FORGET(); /* one way through the bytes, however many chunks there were */
	i = w->copied;
	if (i > size - DNS_CHUNK)
		return;
	from += i;
	to += i;
	WIRE_LOOP
	for (i = 0; i < DNS_CHUNK - 1 && from + i + 1 <= end; i++)
		to[i] = from[i];
}

STEP enum counter dns_copy_xdp(const struct point *at, struct work *w, const __u8 *data,
			       const __u8 *end)
{
	__u64 slot = dns_slot(w->wire_len), size = slot - sizeof(struct dns_record);
	struct dns_record *r = bpf_ringbuf_reserve(&dns_ring, slot, 0);

	if (!r)
		return COUNTER_DNS_RING_FULL;
	dns_describe(r, at, w, w->wire_len < size ? w->wire_len : size);
	frame_copy(w, r->data, data, end, size);
	bpf_ringbuf_submit(r, 0);
	return COUNTER_DNS_COPIED;
}

STEP enum counter dns_copy_tc(const struct point *at, const struct work *w, struct __sk_buff *skb)
{
	__u64 slot = dns_slot(w->wire_len), len = slot - sizeof(struct dns_record);
	struct dns_record *r = bpf_ringbuf_reserve(&dns_ring, slot, 0);

	if (!r)
		return COUNTER_DNS_RING_FULL;
	if (len > w->wire_len)
		len = w->wire_len;
	dns_describe(r, at, w, len);
	if (len < DNS_FRAME_MIN || bpf_skb_load_bytes(skb, 0, r->data, len)) {
		bpf_ringbuf_discard(r, 0);
		return COUNTER_DNS_CUT;
	}
	bpf_ringbuf_submit(r, 0);
	return COUNTER_DNS_COPIED;
}

/* What the copy has come to; a frame that does not fit a slot is counted as copied and as cut. */
STEP void dns_account(struct counters *c, const struct work *w, enum counter outcome)
{
	if (outcome == COUNTER_DNS_COPIED && w->wire_len > DNS_LARGE)
		c->n[COUNTER_DNS_CUT]++;
	if (outcome < COUNTER_KERNEL_COUNT)
		c->n[outcome]++;
}

#endif
