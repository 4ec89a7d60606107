/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a program stands, what came by, and the memory that a CPU works on it in. */
#ifndef HAYRAKE_POINT_H
#define HAYRAKE_POINT_H

#include "maps.h"
#include "match.h"

#define STEP static inline __attribute__((always_inline))

/* An entry point. Always passed as constants, so that each program holds only its own code. */
struct point {
	__u16 link; /* enum link_kind */
	__u8 egress;
	__u8 counts; /* 0: watches DNS only */
};

/* What becomes of a packet; the hooks' own values are in hayrake.bpf.c. */
enum action {
	ACTION_PASS,
};

/*
 * One packet and what the steps find out about it. It lives in a map, not on the stack: the
 * verifier does not follow values there, so that the ways through the parser meet again behind it.
 */
struct work {
	__u64 now_ns; /* CLOCK_BOOTTIME */
	__u64 bytes;  /* IP total lengths on the wire */
	__u64 copied; /* of a DNS frame, in whole chunks */
	struct packet p;
	__u32 parsed; /* enum counter */
	__u32 ifindex;
	__u32 wire_len;
	__u32 vlan;    /* VLAN_PRESENT | TCI that the NIC took off, or 0 */
	__u32 packets; /* on the wire: more than 1 when segments were merged */
	__u32 maybe;   /* ends that may be backends: bit 0 dst, bit 1 src */
	__u32 turned;  /* 1: the backend had sent it */
	__u32 pad;
};

/* A CPU's own memory. A packet's steps are never interrupted by another's on the same CPU. */
struct cpu {
	__u64 jiffies; /* when now_ns was asked for */
	__u64 now_ns;
	__u32 dns_window; /* number of the current rate window */
	__u32 dns_copies; /* made in it */
	struct work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu);
} cpus SEC(".maps");

STEP struct cpu *cpu_get(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&cpus, &key);
}

/* CLOCK_BOOTTIME to a jiffy: reading the clock costs more than the rest of a packet's steps. */
STEP __u64 cpu_clock(struct cpu *cpu)
{
	__u64 jiffies = bpf_jiffies64();

	if (cpu->jiffies != jiffies) {
		cpu->jiffies = jiffies;
		cpu->now_ns = bpf_ktime_get_boot_ns();
	}
	return cpu->now_ns;
}

#endif
