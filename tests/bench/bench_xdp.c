/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet costs the XDP program, against an empty program of the same object: wall time of
 * BPF_PROG_TEST_RUN, 10 million runs of each in chunks that take turns, on one CPU; the fastest
 * chunk counts, less what a call for a single run takes.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hayrake.skel.h"

#include "../../headers/match.h"
#include "../prog/packets.h"

#define CHUNK 1000000
#define CHUNKS 10
#define PROBES 1000000

struct bench {
	struct hayrake_bpf *skel;
	int evidence_fd;
	uint64_t random;
};

/* One of two whose costs are held against each other; ns is a run's. */
struct side {
	int prog_fd;
	const uint8_t *frame;
	uint32_t len;
	double ns;
};

static const struct backend_value any_port = {
	.endpoint = 1, .count = 1, .port_lo = {443}, .port_hi = {443}, .protos = {PORT_TCP}};

static uint64_t random_next(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random * 0x2545f4914f6cdd1dULL;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double chunk_run(const struct side *s, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = s->frame, .data_size_in = s->len,
		    .repeat = repeat);
	double start = now_ns();

	if (bpf_prog_test_run_opts(s->prog_fd, &opts) || opts.retval != XDP_PASS) {
		perror("bench_xdp: test run");
		exit(1);
	}
	return now_ns() - start;
}

static double least(double a, double b)
{
	return a > 0 && a < b ? a : b;
}

static void sides_measure(struct side *a, struct side *b)
{
	struct side *sides[] = {a, b};
	double call[2] = {0, 0}, chunk[2] = {0, 0};

	for (int i = 0; i < CHUNKS; i++) {
		for (int j = 0; j < 2; j++) {
			call[j] = least(call[j], chunk_run(sides[j], 1));
			chunk[j] = least(chunk[j], chunk_run(sides[j], CHUNK));
		}
	}
	for (int j = 0; j < 2; j++)
		sides[j]->ns = (chunk[j] - call[j]) / (CHUNK - 1);
}

static void figure_print(const char *name, const struct side *s, const char *base_name,
			 const struct side *base, double goal)
{
	double ratio = s->ns / base->ns;

	printf("%s\t%.1f\tns/packet\t%s %.1f ns\t%.2f\t<= %.1f\t%s\n", name, s->ns, base_name,
	       base->ns, ratio, goal, ratio <= goal ? "ok" : "SHORT");
	fflush(stdout);
}

static void prefilter_set(struct bench *b, uint32_t hash)
{
	uint32_t bit = hash & b->skel->rodata->prefilter_mask;

	b->skel->bss->prefilter[bit / 64] |= 1ULL << bit % 64;
}

static int prefilter_has(const struct bench *b, uint32_t hash)
{
	uint32_t bit = hash & b->skel->rodata->prefilter_mask;

	return b->skel->bss->prefilter[bit / 64] >> bit % 64 & 1;
}

static uint32_t address_hash(const struct addr *a)
{
	uint64_t word[2];
	uint32_t v4;

	memcpy(word, a->b, 16);
	memcpy(&v4, a->b + 12, 4);
	return word[0] == 0 ? prefilter_hash4(v4) : prefilter_hash6(word[0], word[1]);
}

/* IPv4 anywhere, IPv6 in any of 2^32 networks, with a short host part as servers have it. */
static struct addr address_random(struct bench *b, int version)
{
	struct addr a = {{0}};
	uint64_t r = random_next(b);

	if (version == 4) {
		a.b[10] = a.b[11] = 0xff;
		memcpy(a.b + 12, &r, 4);
	} else {
		memcpy(a.b, "\x20\x01", 2);
		memcpy(a.b + 2, &r, 4);
		memcpy(a.b + 14, (const uint8_t *)&r + 4, 2);
	}
	return a;
}

/* One that the prefilter does not know. */
static struct addr address_free(struct bench *b, int version)
{
	struct addr a;

	do
		a = address_random(b, version);
	while (prefilter_has(b, address_hash(&a)));
	return a;
}

static void map_put(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY)) {
		perror("bench_xdp: map");
		exit(1);
	}
}

static void backend_put(struct bench *b, const struct addr *a, int version,
			const struct backend_value *v)
{
	prefilter_set(b, address_hash(a));
	if (version == 4)
		map_put(b->skel->maps.backends4, a->b + 12, v);
	else
		map_put(b->skel->maps.backends6, a->b, v);
}

static void bench_open(struct bench *b, uint32_t bits, uint32_t backends, uint32_t sample_rate)
{
	uint32_t slot = EVIDENCE_SLOT;
	struct bpf_program *prog;

	*b = (struct bench){.skel = hayrake_bpf__open(), .random = 88172645463325252ULL};
	if (!b->skel)
		exit(1);
	bpf_object__for_each_program(prog, b->skel->obj)
		bpf_program__set_autoload(prog, prog == b->skel->progs.xdp_count ||
						prog == b->skel->progs.xdp_empty);
	b->skel->rodata->prefilter_mask = bits - 1;
	b->skel->rodata->sample_rate = sample_rate;
	bpf_map__set_max_entries(b->skel->maps.backends4, backends + 16);
	bpf_map__set_max_entries(b->skel->maps.backends6, backends + 16);
	if (hayrake_bpf__load(b->skel)) {
		perror("bench_xdp: load");
		exit(1);
	}
	b->evidence_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "evidence_bench",
					sizeof(struct evidence_key), sizeof(struct evidence_value),
					EVIDENCE_GATEWAY, NULL);
	map_put(b->skel->maps.evidence, &slot, &b->evidence_fd);
	for (uint32_t i = 0; i < backends; i++) { /* half of them IPv6 */
		struct addr a = address_random(b, i % 2 ? 6 : 4);

		backend_put(b, &a, i % 2 ? 6 : 4, &any_port);
	}
}

static void bench_close(struct bench *b)
{
	close(b->evidence_fd);
	hayrake_bpf__destroy(b->skel);
}

/* A TCP packet between two addresses. */
static uint32_t frame_make(uint8_t *frame, int version, const struct addr *src,
			   const struct addr *dst)
{
	uint32_t len = hex_decode(
		version == 4 ? ETH4 IP4("0028", "06") TCP : ETH6 IP6("0014", "06") TCP, frame);
	size_t skip = version == 4 ? 12 : 0, at = version == 4 ? 26 : 22;

	memcpy(frame + at, src->b + skip, 16 - skip);
	memcpy(frame + at + 16 - skip, dst->b + skip, 16 - skip);
	return len;
}

enum kind { KIND_NONE, KIND_COUNTED, KIND_SHARED };

/* The program over a packet to an address that is no backend, one, or one that is shared. */
static struct side side_make(struct bench *b, uint8_t *frame, int version, enum kind kind)
{
	struct addr src = address_free(b, version), dst = address_free(b, version);
	struct side s = {.prog_fd = bpf_program__fd(b->skel->progs.xdp_count), .frame = frame};
	struct backend_value shared = any_port;
	struct client_key pair = {
		.subject = subject_mac((const uint8_t *)"\2\0\0\0\0\2"), .remote = dst};

	shared.flags = BACKEND_SHARED;
	if (kind == KIND_SHARED)
		map_put(b->skel->maps.clients, &pair, &any_port);
	if (kind != KIND_NONE)
		backend_put(b, &dst, version, kind == KIND_SHARED ? &shared : &any_port);
	s.len = frame_make(frame, version, &src, &dst);
	return s;
}

static void against_empty(struct bench *b, const char *name, int version, enum kind kind,
			  double goal)
{
	uint8_t frame[PACKET_MAX];
	struct side s = side_make(b, frame, version, kind), empty = s;

	empty.prog_fd = bpf_program__fd(b->skel->progs.xdp_empty);
	sides_measure(&empty, &s);
	figure_print(name, &s, "xdp_empty", &empty, goal);
}

static void six_against_four(struct bench *b, const char *name, enum kind kind, double goal)
{
	uint8_t frame4[PACKET_MAX], frame6[PACKET_MAX];
	struct side four = side_make(b, frame4, 4, kind), six = side_make(b, frame6, 6, kind);

	sides_measure(&four, &six);
	figure_print(name, &six, "IPv4", &four, goal);
}

static void false_positives(struct bench *b, const char *name, int version)
{
	uint32_t hits = 0;
	double percent;

	for (int i = 0; i < PROBES; i++) {
		struct addr a = address_random(b, version);

		hits += (uint32_t)prefilter_has(b, address_hash(&a));
	}
	percent = 100.0 * hits / PROBES;
	printf("%s\t%.2f\t%%\t%d random addresses\t-\t<= 5\t%s\n", name, percent, PROBES,
	       percent <= 5 ? "ok" : "SHORT");
}

/* To itself the CPU, ahead of what else wants it, where that is allowed. */
static void cpu_take(void)
{
	struct sched_param param = {.sched_priority = 1};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
	sched_setscheduler(0, SCHED_FIFO, &param);
}

int main(void)
{
	struct bench b;

	if (geteuid() != 0) {
		printf("xdp\tskipped\tneeds root\n");
		return 0;
	}
	cpu_take();
	bench_open(&b, PREFILTER_BITS_EDGE, 20000, 1);
	against_empty(&b, "xdp_no_backend_edge", 4, KIND_NONE, 1.5);
	false_positives(&b, "prefilter_false_edge", 4);
	false_positives(&b, "prefilter_false_edge_ipv6", 6);
	bench_close(&b);
	bench_open(&b, PREFILTER_BITS_GATEWAY, BACKENDS_GATEWAY, 1);
	against_empty(&b, "xdp_no_backend_gateway", 4, KIND_NONE, 1.5);
	false_positives(&b, "prefilter_false_gateway", 4);
	false_positives(&b, "prefilter_false_gateway_ipv6", 6);
	against_empty(&b, "xdp_counted", 4, KIND_COUNTED, 7);
	against_empty(&b, "xdp_shared", 4, KIND_SHARED, 12);
	six_against_four(&b, "xdp_no_backend_ipv6", KIND_NONE, 2);
	six_against_four(&b, "xdp_counted_ipv6", KIND_COUNTED, 2);
	bench_close(&b);
	bench_open(&b, PREFILTER_BITS_GATEWAY, BACKENDS_GATEWAY, 1000);
	against_empty(&b, "xdp_sampled", 4, KIND_COUNTED, 2);
	bench_close(&b);
	return 0;
}
