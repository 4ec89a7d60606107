// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a drain of 200,000 evidence entries takes, without the switch's grace period, against
 * reading and deleting them one by one (the way for kernels without batches), flows built in both.
 * CPU time, as neither ever sleeps; rounds alternate and the least of each counts.
 * sources: user/input/xdp*.c user/base/addr.c user/base/log.c user/base/table.c
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "input/xdp_private.h"

#define ENTRIES 200000U
#define ROUNDS 5
#define DRAINS_A_ROUND 4
#define GOAL_MS 50.0
#define GOAL_RATIO 0.1

static struct counts counts;
static uint64_t flows, packets;

static bool endpoint_find(void *ctx, uint32_t endpoint, struct flow *flow)
{
	(void)ctx;
	flow->domain_count = 1;
	flow->domains[0] = endpoint;
	return true;
}

static void flow_count(void *ctx, const struct flow *flow)
{
	(void)ctx;
	flows++;
	packets += flow->packets;
}

static void frame_drop(void *ctx, const struct frame *frame)
{
	(void)ctx;
	(void)frame;
}

static int map_fill(const struct xdp_input *x, int fd)
{
	struct evidence_value value = {.packets = 2, .bytes = 100, .first_ns = 1};
	struct evidence_key key = {.port = 443, .ip_proto = 6};

	for (uint32_t i = 0; i < ENTRIES; i++) {
		memcpy(key.subject.b + 8, &i, sizeof(i));
		key.endpoint = i % 1000;
		key.cpu = i % x->kernel.cpus;
		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			return -errno;
	}
	return 0;
}

static double drain_ms(struct xdp_input *x, bool no_batch)
{
	struct timespec a, b;

	x->drain.no_batch = no_batch;
	flows = 0;
	packets = 0;
	if (map_fill(x, x->kernel.evidence_fd[x->drain.active]) || evidence_switch(x))
		return -1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	if (evidence_read(x))
		return -1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	if (flows != ENTRIES || packets != 2ULL * ENTRIES)
		return -1;
	return (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

static int measure(struct xdp_input *x)
{
	double batch = 1e9, single = 1e9, ratio;

	for (int i = 0; i < ROUNDS * (DRAINS_A_ROUND + 1); i++) {
		bool no_batch = i % (DRAINS_A_ROUND + 1) == DRAINS_A_ROUND;
		double *least = no_batch ? &single : &batch;
		double ms = drain_ms(x, no_batch);

		if (ms < 0)
			return 1;
		if (ms < *least)
			*least = ms;
	}
	ratio = batch / single;
	printf("drain of %u entries\t%.1f\tms\tone by one %.1f ms\t%.3f\t<= %.0f ms\t%s\n", ENTRIES,
	       batch, single, ratio, GOAL_MS, batch <= GOAL_MS ? "ok" : "SHORT");
	printf("drain against one by one\t%.3f\tratio\tone by one %.1f ms\t%.3f\t<= %.2f\t%s\n",
	       ratio, single, ratio, GOAL_RATIO, ratio <= GOAL_RATIO ? "ok" : "SHORT");
	return 0;
}

int main(void)
{
	struct xdp_config config = {.profile = PROFILE_EDGE, .sample = 1, .interval_s = 3600,
				    .points = {{.ifname = "lo"}}, .point_count = 1};
	struct input_sink sink = {.flow = flow_count, .frame = frame_drop, .counts = &counts};
	struct event_base *base = event_base_new();
	struct xdp_input *x;
	char error[256];
	int rc;

	if (geteuid() || unshare(CLONE_NEWNET)) {
		puts("drain of 200000 entries\t\t\t\t\t\tskipped: needs root");
		return 0;
	}
	if (xdp_open(&x, &config, base, &sink, error)) {
		printf("drain of 200000 entries\t\t\t\t\t\tskipped: %s\n", error);
		return 0;
	}
	xdp_set_endpoint_lookup(x, endpoint_find, NULL);
	rc = measure(x);
	if (rc)
		fprintf(stderr, "bench_drain: the drain failed or lost entries\n");
	xdp_close(x);
	event_base_free(base);
	return rc;
}
