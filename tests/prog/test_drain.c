// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Switch, drain and mirror against the real programs: packets go through BPF_PROG_TEST_RUN on two
 * CPUs and over a veth pair, in a network namespace of its own.
 * sources: user/input/xdp*.c user/base/addr.c user/base/log.c user/base/table.c
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/timefmt.h"
#include "input/xdp_private.h"

#define SWITCHES 100
#define REPEAT 64     /* runs of one packet in one system call */
#define BACKEND 0xcb007107U /* 203.0.113.7 */
#define BACKEND_PORT 443
#define ENDPOINT 17U
#define SENDERS 2

/* Ethernet, IPv4, UDP, 10 bytes of payload. */
#define FRAME_LEN 52
#define IP_LEN (FRAME_LEN - 14)

struct seen {
	uint64_t flows;
	uint64_t packets;
	uint64_t bytes;
	uint64_t frames;
	uint64_t drained;
	struct flow last;
	uint8_t frame[64];
	struct frame last_frame;
};

struct world {
	struct event_base *base;
	struct xdp_input *x;
	struct counts counts;
	struct seen seen;
};

static struct world world;

static bool endpoint_find(void *ctx, uint32_t endpoint, struct flow *flow)
{
	(void)ctx;
	flow->domain_count = 1;
	return endpoint == ENDPOINT;
}

static void flow_take(void *ctx, const struct flow *flow)
{
	struct seen *s = &((struct world *)ctx)->seen;

	s->flows++;
	s->packets += flow->packets;
	s->bytes += flow->bytes;
	s->last = *flow;
}

static void frame_take(void *ctx, const struct frame *frame)
{
	struct seen *s = &((struct world *)ctx)->seen;

	s->frames++;
	s->last_frame = *frame;
	memcpy(s->frame, frame->data, frame->cap_len < 64 ? frame->cap_len : 64);
}

static void drained_take(void *ctx, int64_t now_ns)
{
	(void)now_ns;
	((struct world *)ctx)->seen.drained++;
}

static void frame_make(uint8_t *f, uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
	const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, IP_LEN,
				0, 0, 0,    0, 64, 17};
	uint32_t src_be = htonl(src), dst_be = htonl(dst);
	uint16_t ports_be[3] = {htons(src_port), htons(dst_port), htons(IP_LEN - 20)};

	memset(f, 0, FRAME_LEN);
	memcpy(f, head, sizeof(head));
	memcpy(f + 26, &src_be, 4);
	memcpy(f + 30, &dst_be, 4);
	memcpy(f + 34, ports_be, 6);
}

static int frame_run(int prog_fd, const uint8_t *frame, uint32_t repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_LEN,
		    .repeat = (int)repeat);

	return bpf_prog_test_run_opts(prog_fd, &opts);
}

static int xdp_program(void)
{
	return world.x->kernel.program_fd[PROGRAM(HOOK_XDP, 0)];
}

static void backend_put(uint32_t address)
{
	uint32_t be = htonl(address);
	struct addr a = addr_from_v4(&be);
	struct backend_value v = {.endpoint = ENDPOINT, .count = 1, .port_lo[0] = BACKEND_PORT,
				  .port_hi[0] = BACKEND_PORT, .protos[0] = PORT_UDP | PORT_TCP};

	assert_int_equal(xdp_backend_put(world.x, &a, &v), 0);
}

static int backend_del(uint32_t address)
{
	uint32_t be = htonl(address);
	struct addr a = addr_from_v4(&be);

	return xdp_backend_del(world.x, &a);
}

static int input_open(void **state)
{
	struct xdp_config config = {.sample = 1, .interval_s = 3600, .subject = SUBJECT_IP,
				    .attach = ATTACH_NATIVE, .point_count = 1,
				    .points = {{.ifname = "v0"}}};
	struct input_sink sink = {.ctx = &world, .flow = flow_take, .frame = frame_take,
				  .counts = &world.counts};
	char error[256] = "";

	(void)state;
	memset(&world.counts, 0, sizeof(world.counts));
	memset(&world.seen, 0, sizeof(world.seen));
	world.base = event_base_new();
	if (xdp_open(&world.x, &config, world.base, &sink, error)) {
		print_error("%s\n", error);
		return -1;
	}
	xdp_set_endpoint_lookup(world.x, endpoint_find, NULL);
	xdp_set_drained(world.x, drained_take, &world);
	backend_put(BACKEND);
	return 0;
}

static int input_close(void **state)
{
	(void)state;
	xdp_close(world.x);
	event_base_free(world.base);
	return 0;
}

struct sender {
	pthread_t thread;
	unsigned int cpu;
	uint32_t subjects;
	uint64_t sent;
	int rc;
};

static atomic_bool stop;

static void *sender_run(void *arg)
{
	struct sender *s = arg;
	uint8_t frame[FRAME_LEN];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (uint32_t i = 0; !stop && !s->rc; i++) {
		frame_make(frame, 0x0a000000 + i % s->subjects, BACKEND, 40000, BACKEND_PORT);
		s->rc = frame_run(xdp_program(), frame, REPEAT);
		s->sent += REPEAT;
	}
	return NULL;
}

/* Two CPUs send while the maps are switched; what they sent. */
static uint64_t switches_run(uint32_t subjects)
{
	struct sender senders[SENDERS] = {0};
	uint64_t sent = 0;

	stop = false;
	for (unsigned int i = 0; i < SENDERS; i++) {
		senders[i].cpu = i % world.x->kernel.cpus;
		senders[i].subjects = subjects;
		pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]);
	}
	for (int i = 0; i < SWITCHES; i++) {
		usleep(2000);
		assert_int_equal(xdp_drain(world.x), 0);
	}
	stop = true;
	for (unsigned int i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].rc, 0);
		assert_true(senders[i].sent > 0);
		sent += senders[i].sent;
	}
	assert_int_equal(xdp_drain(world.x), 0);
	return sent;
}

static void test_switch_loses_nothing(void **state)
{
	uint64_t sent = switches_run(100);

	(void)state;
	assert_int_equal(world.seen.packets, sent);
	assert_int_equal(world.seen.bytes, sent * IP_LEN);
	assert_int_equal(world.counts.n[COUNTER_COUNTED], sent);
	assert_int_equal(world.counts.n[COUNTER_EVIDENCE_FULL], 0);
	assert_int_equal(world.counts.n[COUNTER_EVIDENCE_FAILED], 0);
	assert_int_equal(world.counts.n[COUNTER_DRAINS], SWITCHES + 1);
	assert_int_equal(world.seen.drained, SWITCHES + 1);
}

/* More subjects than entries: the rest is counted as lost, and still nothing vanishes. */
static void test_full_map_is_counted(void **state)
{
	uint8_t frame[FRAME_LEN];
	uint64_t sent = 0;

	(void)state;
	for (uint32_t i = 0; i < 2 * EVIDENCE_GATEWAY; i++, sent++) {
		frame_make(frame, 0x0a000000 + i, BACKEND, 40000, BACKEND_PORT);
		assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	}
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(world.seen.flows, EVIDENCE_GATEWAY);
	assert_int_equal(world.counts.n[COUNTER_EVIDENCE_FULL], sent - EVIDENCE_GATEWAY);
	sent += switches_run(4 * EVIDENCE_GATEWAY);
	assert_int_equal(world.seen.packets + world.counts.n[COUNTER_EVIDENCE_FULL], sent);
	assert_int_equal(world.counts.n[COUNTER_EVIDENCE_FAILED], 0);
}

/* Raw frames over veth from two CPUs: what the program saw is what was drained. */
static void *veth_run(void *arg)
{
	struct sender *s = arg;
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("v1"),
				 .sll_halen = 6};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	uint8_t frame[FRAME_LEN];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (uint32_t i = 0; !stop; i++) {
		frame_make(frame, 0x0a000000 + i % s->subjects, BACKEND, 40000, BACKEND_PORT);
		if (sendto(fd, frame, FRAME_LEN, 0, (void *)&to, sizeof(to)) == FRAME_LEN)
			s->sent++;
	}
	close(fd);
	return NULL;
}

static void test_veth_loses_nothing(void **state)
{
	struct sender senders[SENDERS] = {0};

	(void)state;
	stop = false;
	for (unsigned int i = 0; i < SENDERS; i++) {
		senders[i].cpu = i % world.x->kernel.cpus;
		senders[i].subjects = 50;
		pthread_create(&senders[i].thread, NULL, veth_run, &senders[i]);
	}
	for (int i = 0; i < SWITCHES; i++) {
		usleep(2000);
		assert_int_equal(xdp_drain(world.x), 0);
	}
	stop = true;
	for (unsigned int i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	usleep(50000); /* the last ones are on their way */
	assert_int_equal(xdp_drain(world.x), 0);
	assert_true(world.counts.n[COUNTER_COUNTED] > 0);
	assert_int_equal(world.seen.packets, world.counts.n[COUNTER_COUNTED]);
	assert_int_equal(world.counts.n[COUNTER_EVIDENCE_FULL], 0);
	assert_true(world.seen.packets <= senders[0].sent + senders[1].sent);
}

/* frames of n subjects, one packet each, drained once. */
static void subjects_drain(uint32_t n)
{
	uint8_t frame[FRAME_LEN];

	for (uint32_t i = 0; i < n; i++) {
		frame_make(frame, 0x0a010000 + i, BACKEND, 40000, BACKEND_PORT);
		assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	}
	assert_int_equal(evidence_used(world.x), n);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(evidence_used(world.x), 0);
	assert_int_equal(world.seen.flows, n);
	assert_int_equal(world.seen.packets, n);
}

static int64_t stepped_ns;

static void stepped_take(void *ctx, int64_t before_ns, int64_t step_ns)
{
	(void)ctx;
	(void)before_ns;
	stepped_ns += step_ns;
}

static void test_set_clock_is_noticed(void **state)
{
	const int64_t hour_ns = 3600 * NS_PER_S;

	(void)state;
	stepped_ns = 0;
	xdp_set_clock_stepped(world.x, stepped_take, NULL);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(stepped_ns, 0);
	world.x->clock_offset_ns -= hour_ns; /* as if the clock had been set */
	assert_int_equal(xdp_drain(world.x), 0);
	assert_in_range(stepped_ns, hour_ns - NS_PER_S, hour_ns + NS_PER_S);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_in_range(stepped_ns, hour_ns - NS_PER_S, hour_ns + NS_PER_S);
}

static void test_small_buffer_grows(void **state)
{
	(void)state;
	world.x->drain.chunk = 1; /* buckets have more */
	subjects_drain(1500);
	assert_true(world.x->drain.chunk > 1);
}

static void test_without_batches(void **state)
{
	(void)state;
	world.x->drain.no_batch = true;
	subjects_drain(1500);
	/* both maps once more: they are empty */
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(world.seen.flows, 1500);
}

static void test_flow_values(void **state)
{
	struct flow *f = &world.seen.last;
	uint32_t local_be = htonl(0x0a000005);
	struct addr local = addr_from_v4(&local_be);
	uint8_t frame[FRAME_LEN];
	struct timespec now;

	(void)state;
	frame_make(frame, 0x0a000005, BACKEND, 40000, BACKEND_PORT);
	assert_int_equal(frame_run(xdp_program(), frame, 3), 0);
	frame_make(frame, BACKEND, 0x0a000005, BACKEND_PORT, 40000);
	assert_int_equal(frame_run(xdp_program(), frame, 2), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(world.seen.flows, 1);
	assert_int_equal(f->packets, 5);
	assert_int_equal(f->bytes, 5 * IP_LEN);
	assert_int_equal(f->port, BACKEND_PORT);
	assert_int_equal(f->ip_proto, 17);
	assert_int_equal(f->directions, EVIDENCE_UP | EVIDENCE_DOWN);
	assert_int_equal(f->sampling, 1);
	assert_memory_equal(&f->local, &local, sizeof(local));
	assert_memory_equal(&f->subject, &local, sizeof(local));
	assert_true(f->first_ns <= f->last_ns);
	/* the right decade: boot time would be decades off */
	assert_true(llabs(now.tv_sec - f->last_ns / NS_PER_S) < 3600);
}

static void test_unknown_endpoint(void **state)
{
	uint8_t frame[FRAME_LEN];

	(void)state;
	xdp_set_endpoint_lookup(world.x, NULL, NULL);
	frame_make(frame, 0x0a000005, BACKEND, 40000, BACKEND_PORT);
	assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(world.seen.flows, 0);
	assert_int_equal(world.counts.n[COUNTER_DRAIN_ENDPOINT_UNKNOWN], 1);
}

/* Runs the event loop until *n is not 0, or for five seconds at most. */
static void loop_until(const uint64_t *n)
{
	for (int i = 0; i < 500 && !*n; i++) {
		event_base_loop(world.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		usleep(10000);
	}
	assert_int_not_equal(*n, 0);
}

static void test_half_full_drains_early(void **state)
{
	uint8_t frame[FRAME_LEN];

	(void)state;
	for (uint32_t i = 0; i < EVIDENCE_GATEWAY / 2; i++) {
		frame_make(frame, 0x0a010000 + i, BACKEND, 40000, BACKEND_PORT);
		assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	}
	loop_until(&world.counts.n[COUNTER_DRAINS]);
	assert_int_equal(world.counts.n[COUNTER_DRAINS_EARLY], 1);
	assert_int_equal(world.seen.flows, EVIDENCE_GATEWAY / 2);
}

static void test_close_drains(void **state)
{
	uint8_t frame[FRAME_LEN];
	uint64_t packets;

	frame_make(frame, 0x0a000005, BACKEND, 40000, BACKEND_PORT);
	assert_int_equal(frame_run(xdp_program(), frame, 4), 0);
	input_close(state);
	packets = world.seen.packets;
	assert_int_equal(input_open(state), 0);
	assert_int_equal(packets, 4);
}

static void test_dns_reaches_the_sink(void **state)
{
	uint8_t frame[FRAME_LEN];
	struct timespec now;

	(void)state;
	frame_make(frame, 0x0a000005, 0x0a000001, 40000, 53);
	assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	loop_until(&world.seen.frames);
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(world.seen.frames, 1);
	assert_int_equal(world.seen.last_frame.cap_len, FRAME_LEN);
	assert_int_equal(world.seen.last_frame.wire_len, FRAME_LEN);
	assert_int_equal(world.seen.last_frame.link, LINK_ETHERNET);
	assert_int_equal(world.seen.last_frame.role, ROLE_LAN);
	assert_memory_equal(world.seen.frame, frame, FRAME_LEN);
	assert_true(llabs(now.tv_sec - world.seen.last_frame.time_ns / NS_PER_S) < 3600);
}

static uint32_t prefilter_ones(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < world.x->kernel.limits->prefilter_bits / 64; i++)
		n += (uint32_t)__builtin_popcountll(world.x->kernel.prefilter[i]);
	return n;
}

static void test_prefilter_is_rebuilt(void **state)
{
	uint8_t frame[FRAME_LEN];
	uint32_t before;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		backend_put(0xc6336400 + i);
	before = prefilter_ones();
	assert_in_range(before, 900, 1001);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(backend_del(0xc6336400 + i), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(prefilter_ones(), before); /* too few to be worth it */
	for (uint32_t i = 50; i < 1000; i++)
		assert_int_equal(backend_del(0xc6336400 + i), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(prefilter_ones(), 1);
	frame_make(frame, 0x0a000005, BACKEND, 40000, BACKEND_PORT);
	assert_int_equal(frame_run(xdp_program(), frame, 1), 0);
	assert_int_equal(xdp_drain(world.x), 0);
	assert_int_equal(world.seen.packets, 1);
}

static uint64_t map_used(const char *name)
{
	struct xdp_map_status rows[32];
	size_t n = xdp_maps(world.x, rows, 32);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].used;
	fail();
	return 0;
}

static void test_backend_map_full(void **state)
{
	struct backend_value v = {.endpoint = ENDPOINT, .count = 1};
	struct client_key key = {0};

	(void)state;
	for (uint32_t i = 1; i < BACKENDS_GATEWAY; i++)
		backend_put(0xc6000000 + i);
	backend_put(0xc6000001); /* once more is no second entry */
	assert_int_equal(map_used("backends4"), BACKENDS_GATEWAY);
	assert_true(xdp_backend_put(world.x, &(struct addr){.b = {[10] = 0xff, 0xff, 1}}, &v) < 0);
	assert_int_equal(world.counts.n[COUNTER_BACKEND_MAP_FAILED], 1);
	assert_int_equal(backend_del(0xc6000001), 0);
	assert_int_equal(map_used("backends4"), BACKENDS_GATEWAY - 1);
	assert_int_equal(backend_del(0xc6000001), -ENOENT);
	assert_int_equal(xdp_backend_put(world.x, &(struct addr){.b = {0x20, 1}}, &v), 0);
	assert_int_equal(map_used("backends6"), 1);
	assert_int_equal(xdp_client_put(world.x, &key, &v), 0);
	assert_int_equal(xdp_client_put(world.x, &key, &v), 0);
	assert_int_equal(map_used("clients"), 1);
	assert_int_equal(xdp_client_del(world.x, &key), 0);
	assert_int_equal(map_used("clients"), 0);
}

/*
 * Without IPv6 nothing arrives by itself: on old kernels a packet can interrupt a test run of the
 * program on the same CPU, and both would work in that CPU's memory. Real packets cannot.
 */
static int namespace_make(void)
{
	if (geteuid() || unshare(CLONE_NEWNET))
		return -EPERM;
	return system("{ echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; } 2>/dev/null; "
		      "ip link add v0 type veth peer name v1 && ip link set v0 up && "
		      "ip link set v1 up");
}

#define DRAIN_TEST(f) cmocka_unit_test_setup_teardown(f, input_open, input_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRAIN_TEST(test_flow_values),
		DRAIN_TEST(test_switch_loses_nothing),
		DRAIN_TEST(test_full_map_is_counted),
		DRAIN_TEST(test_veth_loses_nothing),
		DRAIN_TEST(test_set_clock_is_noticed),
		DRAIN_TEST(test_small_buffer_grows),
		DRAIN_TEST(test_without_batches),
		DRAIN_TEST(test_unknown_endpoint),
		DRAIN_TEST(test_half_full_drains_early),
		DRAIN_TEST(test_close_drains),
		DRAIN_TEST(test_dns_reaches_the_sink),
		DRAIN_TEST(test_prefilter_is_rebuilt),
		DRAIN_TEST(test_backend_map_full),
	};

	if (namespace_make()) {
		puts("needs root and network namespaces");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
