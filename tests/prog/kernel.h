/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the kernel programs and runs them by BPF_PROG_TEST_RUN; backends, evidence and counters. */
#ifndef HAYRAKE_TEST_KERNEL_H
#define HAYRAKE_TEST_KERNEL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>

#include "hayrake.skel.h"

#include "packets.h"

#define CPUS_MAX 256
#define EVIDENCE_TEST 64

struct kernel {
	struct hayrake_bpf *skel;
	int evidence_fd;
	int cpus;
};

/* What differs from the defaults; progs is a list of names that ends with NULL. */
struct kernel_settings {
	const char *const *progs;
	uint32_t subject_by;
	uint32_t sample_rate;
	uint32_t have_local;
	uint32_t dns_rate;
	uint32_t evidence_max;
	uint32_t role;
	bool names; /* what hosts call themselves is copied */
};

static inline int kernel_print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static inline int name_listed(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static inline void kernel_open(struct kernel *k, const struct kernel_settings *s)
{
	struct bpf_program *prog;
	uint32_t slot = EVIDENCE_SLOT;

	libbpf_set_print(kernel_print);
	k->cpus = libbpf_num_possible_cpus();
	assert_in_range(k->cpus, 1, CPUS_MAX);
	k->skel = hayrake_bpf__open();
	assert_non_null(k->skel);
	bpf_object__for_each_program(prog, k->skel->obj)
		bpf_program__set_autoload(prog, name_listed(s->progs, bpf_program__name(prog)));
	k->skel->rodata->subject_by = s->subject_by;
	k->skel->rodata->sample_rate = s->sample_rate ? s->sample_rate : 1;
	k->skel->rodata->have_local = s->have_local;
	k->skel->rodata->count_role = s->role;
	k->skel->rodata->copy_names = s->names;
	if (s->dns_rate)
		k->skel->rodata->dns_rate = s->dns_rate;
	assert_int_equal(hayrake_bpf__load(k->skel), 0);
	k->evidence_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "evidence_test",
					sizeof(struct evidence_key), sizeof(struct evidence_value),
					s->evidence_max ? s->evidence_max : EVIDENCE_TEST, NULL);
	assert_true(k->evidence_fd >= 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(k->skel->maps.evidence), &slot,
					     &k->evidence_fd, BPF_ANY), 0);
}

static inline void kernel_close(struct kernel *k)
{
	close(k->evidence_fd);
	hayrake_bpf__destroy(k->skel);
}

static inline int prog_fd(const struct kernel *k, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(k->skel->obj, name));
}

/* Runs the program repeat times over the frame; gso_size, gso_segs only for TC. 0 or -errno. */
static inline int frame_try(const struct kernel *k, const char *prog, const void *data,
			    uint32_t len, int repeat, uint32_t gso_size, uint32_t gso_segs)
{
	struct __sk_buff skb = {.gso_size = gso_size, .gso_segs = gso_segs};
	int is_tc = strncmp(prog, "tc", 2) == 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len,
		    .ctx_in = is_tc ? &skb : NULL, .ctx_size_in = is_tc ? sizeof(skb) : 0,
		    .repeat = repeat);
	int rc = bpf_prog_test_run_opts(prog_fd(k, prog), &opts);

	if (!rc)
		assert_int_equal(opts.retval, is_tc ? (uint32_t)TC_ACT_UNSPEC : XDP_PASS);
	return rc;
}

static inline void frame_run(const struct kernel *k, const char *prog, const void *data,
			     uint32_t len, int repeat, uint32_t gso_size, uint32_t gso_segs)
{
	int rc = frame_try(k, prog, data, len, repeat, gso_size, gso_segs);

	if (rc)
		fail_msg("test run of %s over %u bytes: %s", prog, len, strerror(-rc));
}

static inline void hex_run(const struct kernel *k, const char *prog, const char *hex)
{
	uint8_t frame[PACKET_MAX];
	uint32_t len = hex_decode(hex, frame);

	frame_run(k, prog, frame, len, 1, 0, 0);
}

static inline uint64_t counter(const struct kernel *k, enum counter which)
{
	struct counters values[CPUS_MAX];
	uint64_t sum = 0;
	uint32_t key = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.counters), &key, values), 0);
	for (int i = 0; i < k->cpus; i++)
		sum += values[i].n[which];
	return sum;
}

static inline void counters_clear(const struct kernel *k)
{
	static const struct counters zero[CPUS_MAX];
	uint32_t key = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(k->skel->maps.counters), &key, zero,
					     BPF_ANY), 0);
}

static inline const char *counter_text(enum counter which)
{
#define COUNTER_TEXT(name, text) text,
	static const char *const texts[] = {COUNTERS_KERNEL(COUNTER_TEXT)};

	return texts[which];
}

#define counter_is(k, which, want) counter_is_at(k, COUNTER_##which, want, __func__, __LINE__)

static inline void counter_is_at(const struct kernel *k, enum counter which, uint64_t want,
				 const char *where, int line)
{
	uint64_t got = counter(k, which);

	if (got != want)
		fail_msg("%s:%d: %s is %llu, not %llu", where, line, counter_text(which),
			 (unsigned long long)got, (unsigned long long)want);
}

static inline void prefilter_set(const struct kernel *k, uint32_t hash)
{
	uint32_t bit = hash & k->skel->rodata->prefilter_mask;

	k->skel->bss->prefilter[bit / 64] |= 1ULL << bit % 64;
}

static inline void backend4_put(const struct kernel *k, const char *hex,
				const struct backend_value *v)
{
	uint8_t address[4];
	uint32_t key;

	assert_int_equal(hex_decode(hex, address), 4);
	memcpy(&key, address, 4);
	prefilter_set(k, prefilter_hash4(key));
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(k->skel->maps.backends4), &key, v, BPF_ANY), 0);
}

static inline void backend6_put(const struct kernel *k, const char *hex,
				const struct backend_value *v)
{
	uint64_t word[2];
	struct addr key;

	assert_int_equal(hex_decode(hex, key.b), 16);
	memcpy(word, key.b, 16);
	prefilter_set(k, prefilter_hash6(word[0], word[1]));
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(k->skel->maps.backends6), &key, v, BPF_ANY), 0);
}

/* The evidence under key, summed over the CPUs; -ENOENT when there is none. */
static inline int evidence_get(const struct kernel *k, const struct evidence_key *key,
			       struct evidence_value *sum)
{
	struct evidence_key one = *key;
	struct evidence_value v;
	int rc = -ENOENT;

	*sum = (struct evidence_value){0};
	for (one.cpu = 0; one.cpu < (uint32_t)k->cpus; one.cpu++) {
		if (bpf_map_lookup_elem(k->evidence_fd, &one, &v))
			continue;
		rc = 0;
		sum->packets += v.packets;
		sum->bytes += v.bytes;
		sum->tcp_flags |= v.tcp_flags;
		sum->directions |= v.directions;
		sum->first_ns = v.first_ns;
		sum->last_ns = v.last_ns;
		sum->local = v.local;
	}
	return rc;
}

static inline uint32_t evidence_count(const struct kernel *k)
{
	struct evidence_key key, *previous = NULL;
	uint32_t count = 0;

	while (bpf_map_get_next_key(k->evidence_fd, previous, &key) == 0) {
		previous = &key;
		count++;
	}
	return count;
}

#endif
