/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every packet goes through:
 *  1. parse it; malformed or of no interest: counted under the reason
 *  2. DNS, and what hosts call themselves: copied to the ring for user space
 *  3. throw the sampling dice, find the backend among its two ends, count the contact
 * A point that only watches DNS (wan beside a lan point) leaves out step 3 and counts no packets.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "maps.h"

#include "contact.h"
#include "dns_copy.h"
#include "glance.h"
#include "point.h"

#define HEADERS_PULL 512U /* bytes made readable when the headers of an skb are not */

STEP struct counters *counters_get(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&counters, &key);
}

/* True when this packet is among the 1 in sample_rate. */
STEP int dice_throw(void)
{
	return WIRE_LIKELY(sample_rate <= 1) || !((__u64)bpf_get_prandom_u32() * sample_rate >> 32);
}

/* Behind the parser: what it said, or step 3 with the counter that the packet belongs to. */
STEP enum counter packet_judge(struct cpu *cpu, struct counters *c)
{
	struct work *w = &cpu->work;

	if (w->parsed != COUNTER_PACKETS)
		return w->parsed;
	if (!w->maybe) {
		if (!dice_throw())
			return COUNTER_SAMPLED_OUT;
		w->maybe = packet_maybe(&w->p);
	}
	return contact_step(cpu, c);
}

STEP enum action packet_account(struct cpu *cpu, struct counters *c)
{
	__u32 packets = cpu->work.packets;
	enum counter outcome;

	c->n[COUNTER_PACKETS] += packets;
	c->n[COUNTER_BYTES] += cpu->work.bytes;
	outcome = packet_judge(cpu, c);
	if (outcome < COUNTER_KERNEL_COUNT)
		c->n[outcome] += packets;
	return ACTION_PASS;
}

/* Names are told by devices, so on their side of this machine, and on the way in. */
STEP int names_wanted(const struct point *at, const struct work *w)
{
	return copy_names && at->counts && !at->egress && packet_tells_name(&w->p);
}

STEP int dns_wanted(const struct point *at, const struct work *w)
{
	return (w->parsed == COUNTER_PACKETS || w->parsed == COUNTER_FRAGMENT_LATER) &&
	       (packet_is_dns(&w->p) || packet_is_encrypted_dns(&w->p) || names_wanted(at, w));
}

STEP void dns_step_xdp(const struct point *at, struct cpu *cpu, struct counters *c,
		       const __u8 *data, const __u8 *end)
{
	struct work *w = &cpu->work;

	w->now_ns = bpf_ktime_get_boot_ns();
	dns_account(c, w, dns_admit(cpu) ? dns_copy_xdp(at, w, data, end) :
					   COUNTER_DNS_RATE_LIMITED);
}

STEP void dns_step_tc(const struct point *at, struct cpu *cpu, struct counters *c,
		      struct __sk_buff *skb)
{
	struct work *w = &cpu->work;

	w->now_ns = bpf_ktime_get_boot_ns();
	dns_account(c, w, dns_admit(cpu) ? dns_copy_tc(at, w, skb) : COUNTER_DNS_RATE_LIMITED);
}

/* What a glance at a packet has come to. */
enum glance_end {
	GLANCE_DONE,    /* concerns nobody, and is counted */
	GLANCE_CONTACT, /* maybe one, all that is needed of it is in cpu->work */
	GLANCE_STEPS,   /* not plain: the steps decide */
};

STEP __u32 plain_maybe(const __u8 *l3, __u32 version, __u32 align)
{
	const __u32 mask = prefilter_mask;

	if (version == 4)
		return ends_maybe(prefilter_bit4(l3 + 16, mask, align),
				  prefilter_bit4(l3 + 12, mask, align));
	return ends_maybe(prefilter_bit6(l3 + 24, mask, align),
			  prefilter_bit6(l3 + 8, mask, align));
}

STEP enum glance_end plain_step(struct counters *c, const struct glance *g, const __u8 *data,
				__u32 version, enum link_kind link)
{
	struct cpu *cpu;
	__u32 maybe;

	if (!dice_throw()) {
		c->n[COUNTER_SAMPLED_OUT]++;
		WIRE_FORGET(); /* keeps this apart from the way below, the shorter for it */
	} else {
		maybe = plain_maybe(g->l3, version, wire_alignment(link));
		if (maybe) {
			cpu = cpu_get();
			if (!cpu)
				return GLANCE_DONE;
			cpu->work.maybe = maybe;
			glance_fill(&cpu->work.p, g, data, version, link);
			return GLANCE_CONTACT;
		}
		c->n[COUNTER_NO_BACKEND]++;
	}
	c->n[COUNTER_PACKETS]++;
	c->n[COUNTER_BYTES] += g->ip_len;
	return GLANCE_DONE;
}

/* The many packets that concern nobody need no more than this. */
STEP enum glance_end glance_step(struct counters *c, const struct xdp_md *ctx, enum link_kind link)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	const struct glance g = frame_glance(data, end, wire_distance(data, end), link);

	if (WIRE_LIKELY(g.version == 4))
		return plain_step(c, &g, data, 4, link);
	return g.version == 6 ? plain_step(c, &g, data, 6, link) : GLANCE_STEPS;
}

/* Steps 1 and 2. */
STEP void xdp_parse(struct xdp_md *ctx, const struct point *at, struct cpu *cpu, struct counters *c)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	struct work *w = &cpu->work;

	w->ifindex = ctx->ingress_ifindex;
	w->wire_len = wire_distance(data, end);
	w->vlan = 0;
	w->maybe = 0;
	w->parsed = packet_parse(&w->p, data, end, w->wire_len, at->link);
	WIRE_FORGET();
	if (dns_wanted(at, w))
		dns_step_xdp(at, cpu, c, data, end);
}

STEP enum action xdp_steps(struct xdp_md *ctx, const struct point at)
{
	struct counters *c = counters_get();
	enum glance_end seen = GLANCE_STEPS;
	struct cpu *cpu;

	if (!c)
		return ACTION_PASS;
	if (at.counts)
		seen = glance_step(c, ctx, at.link);
	if (seen == GLANCE_DONE)
		return ACTION_PASS;
	WIRE_FORGET(); /* keeps the glance's values out of the steps' way: registers are few */
	cpu = cpu_get();
	if (!cpu)
		return ACTION_PASS;
	cpu->work.parsed = COUNTER_PACKETS;
	if (seen == GLANCE_STEPS)
		xdp_parse(ctx, &at, cpu, c);
	cpu->work.packets = 1;
	cpu->work.bytes = cpu->work.p.ip_len;
	return at.counts ? packet_account(cpu, c) : ACTION_PASS;
}

/* Headers may lie outside the linear part: then they are pulled into it and read again. */
STEP enum counter skb_parse(struct packet *p, struct __sk_buff *skb, enum link_kind link)
{
	enum counter parsed = COUNTER_CUT;

	WIRE_LOOP
	for (int i = 0; i < 2; i++) {
		const void *data = (const void *)(long)skb->data;
		const void *end = (const void *)(long)skb->data_end;

		parsed = packet_parse(p, data, end, skb->len, link);
		if (parsed != COUNTER_CUT || i)
			break;
		if (bpf_skb_pull_data(skb, skb->len < HEADERS_PULL ? skb->len : HEADERS_PULL))
			break;
	}
	return parsed;
}

/* Packets on the wire that this skb stands for; a segment count from a guest is not told. */
STEP __u32 skb_packets(const struct __sk_buff *skb, const struct packet *p)
{
	__u32 size = skb->gso_size, count = skb->gso_segs;

	if (size && !count)
		count = (p->payload_len + size - 1) / size;
	return count ? count : 1;
}

STEP enum action tc_steps(struct __sk_buff *skb, const struct point at)
{
	struct counters *c = counters_get();
	struct cpu *cpu = cpu_get();
	struct work *w;

	if (!c || !cpu)
		return ACTION_PASS;
	w = &cpu->work;
	w->ifindex = skb->ifindex;
	w->wire_len = skb->len;
	w->vlan = skb->vlan_present ? VLAN_PRESENT | skb->vlan_tci : 0;
	w->maybe = 0;
	w->parsed = skb_parse(&w->p, skb, at.link);
	WIRE_FORGET();
	packet_add_tag(&w->p, w->vlan);
	w->packets = skb_packets(skb, &w->p);
	w->bytes = w->p.ip_len + (__u64)(w->packets - 1) * (w->p.payload_off - w->p.l3_off);
	if (dns_wanted(&at, w))
		dns_step_tc(&at, cpu, c, skb);
	return at.counts ? packet_account(cpu, c) : ACTION_PASS;
}

/* All programs end here. */
STEP int xdp_verdict(enum action action)
{
	(void)action;
	return XDP_PASS;
}

/* Unspecified: other programs of the hook get their turn. */
STEP int tc_verdict(enum action action)
{
	(void)action;
	return TC_ACT_UNSPEC;
}

#define XDP_POINT(name, ...)                                                                      \
	SEC("xdp") int name(struct xdp_md *ctx)                                                   \
	{                                                                                         \
		return xdp_verdict(xdp_steps(ctx, (struct point){__VA_ARGS__}));                  \
	}

#define TC_POINT(name, ...)                                                                       \
	SEC("tc") int name(struct __sk_buff *skb)                                                 \
	{                                                                                         \
		return tc_verdict(tc_steps(skb, (struct point){__VA_ARGS__}));                    \
	}

XDP_POINT(xdp_count, .link = LINK_ETHERNET, .counts = 1)
XDP_POINT(xdp_count_l3, .link = LINK_RAW, .counts = 1)
XDP_POINT(xdp_dns, .link = LINK_ETHERNET)
XDP_POINT(xdp_dns_l3, .link = LINK_RAW)
/* Each beside the one most like it: they are packed within a window of 32 KiB. */
TC_POINT(tc_in_count, .link = LINK_ETHERNET, .counts = 1)
TC_POINT(tc_out_count, .link = LINK_ETHERNET, .egress = 1, .counts = 1)
TC_POINT(tc_in_count_l3, .link = LINK_RAW, .counts = 1)
TC_POINT(tc_out_count_l3, .link = LINK_RAW, .egress = 1, .counts = 1)
TC_POINT(tc_in_dns, .link = LINK_ETHERNET)
TC_POINT(tc_out_dns, .link = LINK_ETHERNET, .egress = 1)
TC_POINT(tc_in_dns_l3, .link = LINK_RAW)
TC_POINT(tc_out_dns_l3, .link = LINK_RAW, .egress = 1)

/* The measure of what the others cost. */
SEC("xdp") int xdp_empty(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
