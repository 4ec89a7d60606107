/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps and settings of the kernel programs. Sizes here are the gateway profile's; the loader
 * sets others before load. Names differ within 15 characters, where the kernel cuts them.
 */
#ifndef HAYRAKE_MAPS_H
#define HAYRAKE_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "shared.h"

/* Settings: written by the loader between open and load, constants for the verifier. */
const volatile __u32 subject_by = SUBJECT_MAC; /* enum subject_kind */
const volatile __u32 sample_rate = 1;          /* 1 in this many packets is looked at */
const volatile __u32 have_local = 0;           /* 1: the map local decides who may be a subject */
const volatile __u32 prefilter_mask = PREFILTER_BITS_GATEWAY - 1;
const volatile __u32 dns_rate = DNS_RATE_GATEWAY; /* copies a CPU may make in a window */
const volatile __u32 copy_names = 0;              /* 1: what hosts call themselves is copied too */
const volatile __u32 count_role = ROLE_LAN;       /* enum point_role of the counting programs */

/*
 * One bit per hashed backend address. User space sets and clears bits through its mapping of .bss;
 * the programs only read. Never full: more backends only make more bits lie.
 */
__u64 prefilter[PREFILTER_BITS_MAX / 64];

/* Remote IPv4 address -> what it stands for. User space writes; full: user space counts it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BACKENDS_GATEWAY);
	__type(key, __u32);
	__type(value, struct backend_value);
} backends4 SEC(".maps");

/* Remote IPv6 address -> what it stands for. As backends4. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BACKENDS_GATEWAY);
	__type(key, struct addr);
	__type(value, struct backend_value);
} backends6 SEC(".maps");

/*
 * For shared addresses: what one was given to this subject for. User space writes; full: it drops
 * the oldest pair and counts it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CLIENTS_GATEWAY);
	__type(key, struct client_key);
	__type(value, struct backend_value);
} clients SEC(".maps");

/* Prefixes of --local. User space writes once; more than fit is an error at start. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LOCAL_PREFIXES_MAX);
	__type(key, struct local_key);
	__type(value, __u32);
} local SEC(".maps");

/*
 * Who contacted what. The programs add and count, user space empties a map that it has taken out of
 * the slot. Full: the packet is counted as COUNTER_EVIDENCE_FULL. Two instances, made by the loader
 * in the profile's size; this one is only their pattern.
 */
struct evidence_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size,
	       sizeof(struct evidence_key)); /* clang 14 leaves out an inner map's types */
	__uint(value_size, sizeof(struct evidence_value));
};

/* The slot of the active evidence map. User space writes; empty: COUNTER_EVIDENCE_FAILED. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct evidence_map);
} evidence SEC(".maps");

/* DNS packets on their way to user space. Full: COUNTER_DNS_RING_FULL, the copy is dropped. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DNS_RING_GATEWAY);
} dns_ring SEC(".maps");

/* The programs count, user space sums over the CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

#endif
