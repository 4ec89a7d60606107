/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contacts:
 *  1. prefilter both ends, look up those that may be a backend, hold port and protocol against it
 *  2. settle which end is the backend and turn the packet so that it is dst; src is the subject
 *  3. count it in the active evidence map
 */
#ifndef HAYRAKE_CONTACT_H
#define HAYRAKE_CONTACT_H

#include "point.h"

/*
 * In the lowest bit: may the hashed address be a backend? The other bits mean nothing. The word's
 * offset in bytes is masked, not its index: one instruction less.
 */
STEP __u64 prefilter_bit(__u32 hash, __u32 mask)
{
	__u32 bit = hash & mask, offset = bit >> 3 & (PREFILTER_BITS_MAX / 8 - 8);
	const __u64 *word = (const __u64 *)((const __u8 *)prefilter + offset);

	return *word >> (bit % 64);
}

STEP __u64 prefilter_bit4(const __u8 *a, __u32 mask, __u32 align)
{
	__u32 word;

	wire_copy4((__u8 *)&word, a, align);
	return prefilter_bit(prefilter_hash4(word), mask);
}

STEP __u64 prefilter_bit6(const __u8 *a, __u32 mask, __u32 align)
{
	__u64 word[2];

	wire_copy16((__u8 *)word, a, align);
	return prefilter_bit(prefilter_hash6(word[0], word[1]), mask);
}

/* Two of them as bit 0 for dst and bit 1 for src. */
STEP __u32 ends_maybe(__u64 dst, __u64 src)
{
	if (WIRE_LIKELY(!((dst | src) & 1)))
		return 0;
	return (dst & 1) | (src & 1) << 1;
}

/* Which ends of a packet may be backends: bit 0 dst, bit 1 src. */
STEP __u32 packet_maybe(const struct packet *p)
{
	const __u32 mask = prefilter_mask;

	if (p->ip_version == 4)
		return ends_maybe(prefilter_bit4(p->dst.b + 12, mask, 4),
				  prefilter_bit4(p->src.b + 12, mask, 4));
	return ends_maybe(prefilter_bit6(p->dst.b, mask, 4), prefilter_bit6(p->src.b, mask, 4));
}

/* As if the other end had sent it. */
STEP void packet_turn(struct packet *p)
{
	struct addr addr = p->src;
	__u16 port = p->src_port;
	__u8 mac[6];

	p->src = p->dst;
	p->dst = addr;
	p->src_port = p->dst_port;
	p->dst_port = port;
	__builtin_memcpy(mac, p->src_mac, 6);
	__builtin_memcpy(p->src_mac, p->dst_mac, 6);
	__builtin_memcpy(p->dst_mac, mac, 6);
}

STEP const struct backend_value *backend_lookup(const struct packet *p)
{
	struct addr key6;
	__u32 key4;

	if (p->ip_version == 6) {
		key6 = p->dst;
		return bpf_map_lookup_elem(&backends6, &key6);
	}
	__builtin_memcpy(&key4, p->dst.b + 12, 4);
	return bpf_map_lookup_elem(&backends4, &key4);
}

/* Is dst a backend to src? COUNTER_COUNTED and its endpoint, or why not. */
STEP enum counter dst_match(const struct packet *p, __u32 *endpoint)
{
	const struct backend_value *v = backend_lookup(p);

	if (!v)
		return COUNTER_NO_BACKEND;
	if (v->flags & BACKEND_SHARED) {
		struct client_key key;

		subject_set(&key.subject, p, subject_by, 1);
		key.remote = p->dst;
		v = bpf_map_lookup_elem(&clients, &key);
		if (!v)
			return COUNTER_SHARED_UNKNOWN;
	}
	if (!backend_has_port(v, p->dst_port, p->ip_proto))
		return COUNTER_PORT_OTHER;
	*endpoint = v->endpoint;
	return COUNTER_COUNTED;
}

STEP int addr_is_local(const struct addr *a)
{
	struct local_key key = {128, *a};

	return bpf_map_lookup_elem(&local, &key) != 0;
}

/* What each end of a packet came to. */
struct ends {
	enum counter dst;
	enum counter src;
	__u32 dst_endpoint;
	__u32 src_endpoint;
};

/*
 * Tries the ends that the prefilter lets through: bit 0 dst, bit 1 src. With src, p is left turned.
 */
STEP void ends_match(struct counters *c, struct packet *p, __u32 maybe, struct ends *ends)
{
	WIRE_LOOP
	for (int end = 0; end < 2; end++) {
		enum counter why = COUNTER_NO_BACKEND;
		__u32 endpoint = 0;

		if (maybe >> end & 1) {
			if (end)
				packet_turn(p);
			why = dst_match(p, &endpoint);
			if (why == COUNTER_NO_BACKEND)
				c->n[COUNTER_PREFILTER_FALSE]++;
		}
		ends->dst = ends->src;
		ends->dst_endpoint = ends->src_endpoint;
		ends->src = why;
		ends->src_endpoint = endpoint;
	}
}

/* --local: bit 0 dst, bit 1 src is inside; p may be turned. */
STEP __u32 ends_local(const struct packet *p, __u32 turned)
{
	__u32 dst = addr_is_local(&p->dst), src = addr_is_local(&p->src);

	return turned ? src | dst << 1 : dst | src << 1;
}

/*
 * Which end is the backend? COUNTER_COUNTED and in *remote 0 for dst, 1 for src; or why there is
 * none.
 */
STEP enum counter ends_settle(const struct packet *p, const struct ends *ends, __u32 turned,
			      __u32 *remote)
{
	int dst = ends->dst == COUNTER_COUNTED, src = ends->src == COUNTER_COUNTED;
	__u32 local_ends;

	if (!dst && !src)
		return ends->dst != COUNTER_NO_BACKEND ? ends->dst : ends->src;
	*remote = !dst;
	if (!have_local)
		return dst && src ? COUNTER_UNDECIDED : COUNTER_COUNTED;
	local_ends = ends_local(p, turned);
	if (dst && src) {
		*remote = local_ends & 1;
		return local_ends == 1 || local_ends == 2 ? COUNTER_COUNTED : COUNTER_UNDECIDED;
	}
	return local_ends >> !*remote & 1 ? COUNTER_COUNTED : COUNTER_OUTSIDE_LOCAL;
}

STEP void evidence_add(struct evidence_value *v, const struct work *w)
{
	if (!v->packets) {
		v->first_ns = w->now_ns;
		v->local = w->p.src;
	}
	v->last_ns = w->now_ns;
	v->packets += w->packets;
	v->bytes += w->bytes;
	v->tcp_flags |= w->p.tcp_flags;
	v->directions |= w->turned ? EVIDENCE_DOWN : EVIDENCE_UP;
}

/* Nobody else adds under this CPU's keys. */
STEP enum counter evidence_insert(struct counters *c, void *map, const struct evidence_key *key,
				  const struct work *w)
{
	struct evidence_value fresh = {0};
	int err; /* in 64 bits, kernels before 6.4 leave out the sign */

	evidence_add(&fresh, w);
	err = (int)bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
	if (err)
		return err == -E2BIG ? COUNTER_EVIDENCE_FULL : COUNTER_EVIDENCE_FAILED;
	c->n[COUNTER_EVIDENCE_NEW]++;
	return COUNTER_COUNTED;
}

/* The packet is turned: src is the subject, dst the backend. The key is made of whole words. */
STEP void contact_key(struct evidence_key *key, const struct packet *p, __u32 endpoint)
{
	__u32 proto = WIRE_JOIN((__u32)p->ip_proto, 0U, 8);
	__u32 word = WIRE_JOIN((__u32)p->dst_port, proto, 16);

	subject_set(&key->subject, p, subject_by, 1);
	key->endpoint = endpoint;
	__builtin_memcpy(&key->port, &word, 4);
	key->cpu = bpf_get_smp_processor_id();
}

STEP enum counter contact_count(struct counters *c, const struct work *w, __u32 endpoint)
{
	__u32 slot = EVIDENCE_SLOT;
	void *map = bpf_map_lookup_elem(&evidence, &slot);
	struct evidence_value *v;
	struct evidence_key key;

	if (!map)
		return COUNTER_EVIDENCE_FAILED;
	contact_key(&key, &w->p, endpoint);
	v = bpf_map_lookup_elem(map, &key);
	if (!v)
		return evidence_insert(c, map, &key, w);
	evidence_add(v, w);
	return COUNTER_COUNTED;
}

/* All of it; the counter that the packet belongs to. */
STEP enum counter contact_step(struct cpu *cpu, struct counters *c)
{
	struct ends ends = {COUNTER_NO_BACKEND, COUNTER_NO_BACKEND, 0, 0};
	struct work *w = &cpu->work;
	__u32 maybe = w->maybe, remote = 0;
	enum counter settled;

	if (!maybe)
		return COUNTER_NO_BACKEND;
	ends_match(c, &w->p, maybe, &ends);
	settled = ends_settle(&w->p, &ends, maybe >> 1, &remote);
	if (settled != COUNTER_COUNTED)
		return settled;
	if (remote != maybe >> 1)
		packet_turn(&w->p);
	w->turned = remote;
	w->now_ns = cpu_clock(cpu);
	return contact_count(c, w, remote ? ends.src_endpoint : ends.dst_endpoint);
}

#endif
