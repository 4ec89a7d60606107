/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every packet goes through:
 *  1. parse it; malformed or of no interest: counted under the reason
 *  2. DNS: copied to the ring for user space
 *  3. throw the sampling dice, find the backend among its two ends, count the contact
 * A point that only watches DNS (wan beside a lan point) leaves out step 3 and counts nothing else.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "maps.h"

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int xdp_count_l3(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int xdp_dns(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int xdp_dns_l3(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int tc_in_count(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_in_count_l3(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_in_dns(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_in_dns_l3(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_out_count(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_out_count_l3(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_out_dns(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_out_dns_l3(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

/* The measure of what the others cost. */
SEC("xdp")
int xdp_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
