// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/infer/usage.c user/rules/[a-z]*.c user/base/[a-z]*.c */
/* Active, idle, unknown: hours, rates, what is not seen whole, clocks, order, reload, restore. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "infer/usage.h"

#define S 1000000000LL
#define HOUR (3600 * S)
#define T0 (490000 * HOUR) /* on the hour */

static const char signatures[] =
	"{'format': 1, 'vendor': 'Acme', 'sources': {'s': {'citation': 'c', 'date': '2020'}},"
	"'rules': ["
	"{'rule': 'voice', 'name': 'V', 'level': 'platform', 'source': 's',"
	" 'usage': {'packets_per_hour': 100}, 'domains': ["
	"  {'domain': 'a.acme.com', 'ports': ['tcp/443']},"
	"  {'domain': 'b.acme.com', 'ports': ['tcp/443', 'udp/53']},"
	"  {'domain': 'ntp.acme.com', 'ports': ['udp/123'], 'class': 'generic'}]},"
	"{'rule': 'tv', 'name': 'T', 'level': 'product', 'parent': 'voice', 'source': 's',"
	" 'domains': [{'domain': 'a.acme.com', 'ports': ['tcp/443']}]}]}";

struct bench {
	struct counts counts;
	struct rules *rules;
	struct usage *usage;
	bool detected;
	size_t changes;
	struct usage_row last; /* change */
};

static bool is_detected(void *ctx, const struct subject *subject, uint32_t rule)
{
	(void)subject;
	(void)rule;
	return ((struct bench *)ctx)->detected;
}

static void has_changed(void *ctx, const struct usage_row *row)
{
	struct bench *b = ctx;

	b->changes++;
	b->last = *row;
}

static struct rules *rules_of(const char *from)
{
	CLEANUP_FREE char *text = strdup(from);
	struct rules *r = NULL;

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_int_equal(rules_load_text("acme.json", text, strlen(text), NULL, NULL, &r), 0);
	return r;
}

static struct bench *bench_new(uint32_t max)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct usage_config config = {.max = max};
	struct usage_ops ops = {b, is_detected, has_changed};

	assert_non_null(b);
	config.rules = b->rules = rules_of(signatures);
	config.counts = &b->counts;
	b->usage = usage_new(&config, &ops);
	assert_non_null(b->usage);
	b->detected = true;
	return b;
}

static void bench_free(struct bench *b)
{
	usage_free(b->usage);
	rules_free(b->rules);
	free(b);
}

DEFINE_CLEANUP(bench_free, struct bench *)

static struct subject subject_of(uint8_t n)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, n};

	return subject_from_mac(mac);
}

static struct flow flow_of(const struct bench *b, int64_t time_ns, uint64_t packets)
{
	return (struct flow){
		.subject = subject_of(1),
		.port = 443,
		.ip_proto = IPPROTO_TCP,
		.packets = packets,
		.sampling = 1,
		.first_ns = time_ns,
		.last_ns = time_ns,
		.domain_count = 1,
		.domains = {rules_find_domain(b->rules, "a.acme.com")},
	};
}

static void add(struct bench *b, int64_t time_ns, uint64_t packets)
{
	struct flow f = flow_of(b, time_ns, packets);

	usage_add(b->usage, &f);
}

static void add_sampled(struct bench *b, int64_t time_ns, uint64_t packets, uint32_t sampling)
{
	struct flow f = flow_of(b, time_ns, packets);

	f.sampling = sampling;
	usage_add(b->usage, &f);
}

static void ticks(struct bench *b, int64_t from_ns, int64_t to_ns)
{
	for (int64_t t = from_ns; t < to_ns; t += 600 * S)
		usage_tick(b->usage, t);
	usage_tick(b->usage, to_ns);
}

static struct usage_row now_of(const struct bench *b)
{
	struct subject subject = subject_of(1);
	struct usage_row row;

	assert_true(usage_get(b->usage, &subject, rules_find(b->rules, "voice"), &row));
	return row;
}

/* A device that was found, and whose next hour, from T0 + HOUR on, is seen whole. */
static void watched(struct bench *b)
{
	usage_tick(b->usage, T0 - 10 * S);
	add(b, T0 - 5 * S, 1);
	ticks(b, T0, T0 + HOUR + 9 * S);
	b->changes = 0;
}

static void last_is(const struct bench *b, enum usage_state state, int64_t time_ns)
{
	assert_int_equal(b->last.state, state);
	assert_int_equal(b->last.time_ns, time_ns);
}

/* --- hours ------------------------------------------------------------------------------------ */

static void active_at_once(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 100);
	assert_int_equal(b->changes, 0); /* more than 100 */
	add(b, T0 + HOUR + 61 * S, 1);
	assert_int_equal(b->changes, 1);
	last_is(b, USAGE_ACTIVE, T0 + HOUR + 61 * S);
	assert_int_equal(b->last.since_ns, T0 + HOUR + 61 * S);
	assert_int_equal(b->last.hour_ns, T0 + HOUR);
	assert_int_equal(b->last.wire_packets, 101);
	assert_int_equal(b->last.threshold, 100);
	add(b, T0 + HOUR + 62 * S, 1000);
	assert_int_equal(b->changes, 1); /* told once */
	ticks(b, T0 + HOUR + 70 * S, T0 + 2 * HOUR);
	add(b, T0 + 2 * HOUR + 1 * S, 101);
	assert_int_equal(b->changes, 1); /* still */
	assert_int_equal(now_of(b).active_hours, 1);
}

static void idle_when_the_hour_has_ended(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	assert_int_equal(now_of(b).idle_hours, 1); /* from T0 on */
	last_is(b, USAGE_IDLE, T0 + HOUR);
	assert_int_equal(b->last.since_ns, T0);
	add(b, T0 + HOUR + 60 * S, 101);
	add(b, T0 + 2 * HOUR - 1, 5);
	ticks(b, T0 + HOUR + 70 * S, T0 + 2 * HOUR - 1);
	assert_int_equal(now_of(b).hour_ns, T0 + HOUR);
	usage_tick(b->usage, T0 + 2 * HOUR);
	assert_int_equal(now_of(b).hour_ns, T0 + 2 * HOUR);
	assert_int_equal(now_of(b).wire_packets, 0);
	add(b, T0 + 2 * HOUR, 100);
	ticks(b, T0 + 2 * HOUR + 1, T0 + 3 * HOUR - 1);
	assert_int_equal(b->changes, 1);
	usage_tick(b->usage, T0 + 3 * HOUR + 7);
	assert_int_equal(b->changes, 2);
	last_is(b, USAGE_IDLE, T0 + 3 * HOUR);
	assert_int_equal(b->last.packets, 100);
	assert_int_equal(b->last.hour_ns, T0 + 2 * HOUR);
	assert_int_equal(now_of(b).active_hours, 2);
	assert_int_equal(now_of(b).idle_hours, 5);
}

/* A drain brings flows of both sides of the hour, in any order; the tick comes after it. */
static void flows_around_the_hour(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	ticks(b, T0 + HOUR + 10 * S, T0 + 2 * HOUR - 5 * S);
	add(b, T0 + 2 * HOUR + 1 * S, 102);
	add(b, T0 + 2 * HOUR - 1 * S, 103);
	last_is(b, USAGE_ACTIVE, T0 + 2 * HOUR + 1 * S);
	assert_int_equal(now_of(b).wire_packets, 103);
	usage_tick(b->usage, T0 + 2 * HOUR + 5 * S);
	assert_int_equal(now_of(b).wire_packets, 102);
	assert_int_equal(now_of(b).active_hours, 1);
	assert_int_equal(b->counts.n[COUNTER_USAGE_LATE], 0);
}

/* Packets of the next hour alone are told when it has begun for all. */
static void next_hour_waits(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	ticks(b, T0 + HOUR + 10 * S, T0 + 2 * HOUR - 5 * S);
	add(b, T0 + 2 * HOUR + 1 * S, 102);
	assert_int_equal(b->changes, 0);
	usage_tick(b->usage, T0 + 2 * HOUR + 5 * S);
	assert_int_equal(b->changes, 1);
	last_is(b, USAGE_ACTIVE, T0 + 2 * HOUR + 1 * S);
	assert_int_equal(now_of(b).idle_hours, 3);
}

static void a_day_is_remembered(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 101);
	ticks(b, T0 + HOUR + 70 * S, T0 + 25 * HOUR);
	assert_int_equal(now_of(b).active_hours, 1 << 23);
	assert_int_equal(now_of(b).idle_hours, (1 << 23) - 1);
	ticks(b, T0 + 25 * HOUR, T0 + 26 * HOUR);
	assert_int_equal(now_of(b).active_hours, 0);
	assert_int_equal(now_of(b).idle_hours, (1 << 24) - 1);
}

/* --- what counts ------------------------------------------------------------------------------ */

static void counts_of_the_rule_alone(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	struct flow f;

	(void)state;
	watched(b);
	f = flow_of(b, T0 + HOUR + 60 * S, 500);
	f.port = 80; /* not the rule's */
	usage_add(b->usage, &f);
	f = flow_of(b, T0 + HOUR + 60 * S, 500);
	f.domains[0] = rules_find_domain(b->rules, "ntp.acme.com");
	f.port = 123; /* generic */
	f.ip_proto = IPPROTO_UDP;
	usage_add(b->usage, &f);
	f = flow_of(b, T0 + HOUR + 60 * S, 500);
	f.domains[0] = b->rules->domain_count; /* of no rule: a resolver's */
	usage_add(b->usage, &f);
	f = flow_of(b, T0 + HOUR + 60 * S, 500);
	f.subject = subject_of(2);
	usage_add(b->usage, &f);
	assert_int_equal(now_of(b).packets, 0);
	f = flow_of(b, T0 + HOUR + 60 * S, 7);
	f.domain_count = 2; /* one address for both domains: 7 packets, not 14 */
	f.domains[1] = rules_find_domain(b->rules, "b.acme.com");
	usage_add(b->usage, &f);
	assert_int_equal(now_of(b).packets, 7);
	f.ip_proto = IPPROTO_UDP; /* the second domain's alone */
	f.port = 53;
	usage_add(b->usage, &f);
	assert_int_equal(now_of(b).packets, 14);
}

static void only_what_is_detected(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	b->detected = false;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 500);
	assert_int_equal(usage_count(b->usage), 0);
	b->detected = true;
	add(b, T0 + HOUR + 61 * S, 101); /* since the detection */
	assert_int_equal(usage_count(b->usage), 1); /* one rule has a threshold */
	last_is(b, USAGE_ACTIVE, T0 + HOUR + 61 * S);
	b->detected = false; /* lost */
	ticks(b, T0 + HOUR + 70 * S, T0 + 2 * HOUR);
	assert_int_equal(usage_count(b->usage), 0);
	assert_int_equal(b->changes, 1);
}

/* What a user said is no device of the rule's is not told. */
static void refused_is_not_told(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	b->detected = false;
	add(b, T0 + HOUR + 60 * S, 101);
	assert_int_equal(b->changes, 0);
}

static void bounded(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(3);

	(void)state;
	for (uint8_t n = 0; n < 5; n++) {
		struct flow f = flow_of(b, T0, 1);

		f.subject = subject_of(n);
		usage_add(b->usage, &f);
	}
	assert_int_equal(usage_count(b->usage), 3);
	assert_int_equal(b->counts.n[COUNTER_USAGE_FULL], 2);
}

/* As many devices as a gateway may have, all of them speakers. */
static void ten_thousand_devices(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10000);

	(void)state;
	for (uint32_t n = 0; n < 10000; n++) {
		struct flow f = flow_of(b, T0, 1);

		f.subject.b[2] = (uint8_t)(n >> 8);
		f.subject.b[3] = (uint8_t)n;
		usage_add(b->usage, &f);
	}
	assert_int_equal(usage_count(b->usage), 10000);
	print_message("%zu bytes\n", usage_bytes(b->usage));
	assert_true(usage_bytes(b->usage) <= 2 << 20);
}

/* --- sampling --------------------------------------------------------------------------------- */

static void counts_are_scaled(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add_sampled(b, T0 + HOUR + 60 * S, 10, 10);
	assert_int_equal(b->changes, 0);
	add_sampled(b, T0 + HOUR + 61 * S, 1, 10);
	assert_int_equal(b->changes, 1);
	assert_int_equal(b->last.packets, 11);
	assert_int_equal(b->last.sampling, 10);
	assert_int_equal(b->last.wire_packets, 110);
}

/* Each count times its own rate; the coarsest is told. */
static void rates_are_not_mixed(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add_sampled(b, T0 + HOUR + 60 * S, 9, 10);
	add_sampled(b, T0 + HOUR + 61 * S, 10, 1);
	assert_int_equal(b->changes, 0);
	add_sampled(b, T0 + HOUR + 62 * S, 1, 2);
	assert_int_equal(b->changes, 1);
	assert_int_equal(b->last.packets, 20);
	assert_int_equal(b->last.wire_packets, 102);
	assert_int_equal(b->last.sampling, 10);
}

/* 1 in 101 of 100 packets may be none: neither many nor few tell anything. */
static void too_coarse_is_unknown(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add_sampled(b, T0 + HOUR + 60 * S, 50, 101);
	assert_int_equal(b->changes, 0);
	ticks(b, T0 + HOUR + 70 * S, T0 + 2 * HOUR);
	last_is(b, USAGE_UNKNOWN, T0 + 2 * HOUR);
	ticks(b, T0 + 2 * HOUR, T0 + 3 * HOUR); /* no packet at all is not idle either */
	assert_int_equal(b->changes, 1);
	assert_int_equal(now_of(b).idle_hours, 4);
	add_sampled(b, T0 + 3 * HOUR, 1, 100);
	ticks(b, T0 + 3 * HOUR, T0 + 4 * HOUR);
	last_is(b, USAGE_IDLE, T0 + 4 * HOUR);
}

/* --- not seen whole --------------------------------------------------------------------------- */

static void part_of_an_hour_is_not_idle(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	usage_tick(b->usage, T0 + 60 * S); /* watching begins */
	add(b, T0 + 61 * S, 3);
	ticks(b, T0 + 70 * S, T0 + HOUR);
	assert_int_equal(b->changes, 0);
	assert_int_equal(now_of(b).idle_hours, 0);
	assert_int_equal(now_of(b).since_ns, 0);
	ticks(b, T0 + HOUR, T0 + 2 * HOUR);
	last_is(b, USAGE_IDLE, T0 + 2 * HOUR);
}

static void part_of_an_hour_can_be_active(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	add(b, T0 + 61 * S, 101); /* the first that is seen at all */
	last_is(b, USAGE_ACTIVE, T0 + 61 * S);
}

/* Detected in the middle of an hour that is seen whole: what came before was not counted. */
static void hour_of_detection_is_not_idle(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	ticks(b, T0, T0 + HOUR + 1800 * S);
	add(b, T0 + HOUR + 1801 * S, 1);
	ticks(b, T0 + HOUR + 1810 * S, T0 + 2 * HOUR);
	assert_int_equal(b->changes, 0);
	ticks(b, T0 + 2 * HOUR, T0 + 3 * HOUR);
	last_is(b, USAGE_IDLE, T0 + 3 * HOUR);
}

/* An hour without a sign of life is an hour without watching: so is what is around it. */
static void a_gap_is_unknown(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	ticks(b, T0 + HOUR + 10 * S, T0 + HOUR + 1800 * S);
	usage_tick(b->usage, T0 + 4 * HOUR + 1800 * S);
	last_is(b, USAGE_UNKNOWN, T0 + 2 * HOUR);
	ticks(b, T0 + 4 * HOUR + 1800 * S, T0 + 5 * HOUR);
	assert_int_equal(now_of(b).idle_hours, 1 << 4);
	assert_int_equal(b->changes, 1);
	ticks(b, T0 + 5 * HOUR, T0 + 6 * HOUR);
	last_is(b, USAGE_IDLE, T0 + 6 * HOUR);
	usage_tick(b->usage, T0 + 100000 * HOUR); /* a clock that was set: eleven years */
	last_is(b, USAGE_UNKNOWN, T0 + 100000 * HOUR);
	assert_int_equal(now_of(b).idle_hours, 0);
}

static void withdrawn_packets_are_gone(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	const struct subject subject = subject_of(1), other = subject_of(2);

	(void)state;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 99);
	usage_doubt(b->usage, &other);
	assert_int_equal(now_of(b).packets, 99);
	usage_doubt(b->usage, &subject);
	add(b, T0 + HOUR + 61 * S, 99);
	assert_int_equal(b->changes, 0);
	ticks(b, T0 + HOUR + 70 * S, T0 + 2 * HOUR);
	last_is(b, USAGE_UNKNOWN, T0 + 2 * HOUR);
}

/* --- clocks and order ------------------------------------------------------------------------- */

static void late_packets_undo_idle(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	ticks(b, T0 + HOUR + 10 * S, T0 + 2 * HOUR + 10 * S);
	assert_int_equal(now_of(b).idle_hours, 3);
	add(b, T0 + 2 * HOUR - 1, 500);
	assert_int_equal(b->counts.n[COUNTER_USAGE_LATE], 1);
	assert_int_equal(now_of(b).idle_hours, 2);
	add(b, T0 - 400 * HOUR, 500);
	assert_int_equal(b->counts.n[COUNTER_USAGE_LATE], 2);
	assert_int_equal(now_of(b).packets, 0);
	assert_int_equal(b->changes, 0);
}

static void a_clock_set_back(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	assert_false(usage_tick(b->usage, T0 + HOUR - 60 * S)); /* a little: waited for */
	assert_int_equal(now_of(b).hour_ns, T0 + HOUR);
	assert_true(usage_tick(b->usage, T0 - 1000 * HOUR)); /* begins anew */
	assert_int_equal(now_of(b).hour_ns, T0 - 1000 * HOUR);
	assert_int_equal(now_of(b).idle_hours, 0);
	assert_int_equal(b->last.state, USAGE_UNKNOWN);
	add(b, T0 - 1000 * HOUR + 5 * S, 101);
	last_is(b, USAGE_ACTIVE, T0 - 1000 * HOUR + 5 * S);
}

/* The same flows in any order before the tick give the same. */
static void order_does_not_matter(void **state)
{
	static const struct {
		int64_t at_s;
		uint64_t packets;
		uint32_t sampling;
	} flows[] = {{-3, 20, 1}, {-2, 3, 10}, {-1, 60, 1}, {1, 4, 1}, {2, 9, 5}};
	static const size_t orders[][5] = {
		{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 0, 4, 2, 1}, {1, 4, 0, 3, 2}};
	struct usage_row first;

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
		struct usage_row row;

		watched(b);
		ticks(b, T0 + HOUR + 10 * S, T0 + 2 * HOUR - 5 * S);
		for (size_t k = 0; k < 5; k++)
			add_sampled(b, T0 + 2 * HOUR + flows[orders[i][k]].at_s * S,
				    flows[orders[i][k]].packets, flows[orders[i][k]].sampling);
		assert_int_equal(b->changes, 1); /* 20 + 30 + 60 */
		usage_tick(b->usage, T0 + 2 * HOUR + 5 * S);
		row = now_of(b);
		row.since_ns = 0; /* it was sure with the flow that came last */
		if (i == 0)
			first = row;
		assert_memory_equal(&row, &first, sizeof(row));
		assert_int_equal(row.wire_packets, 49);
		assert_int_equal(row.sampling, 5);
	}
}

/* --- restart and reload ----------------------------------------------------------------------- */

static void take_row(void *ctx, const struct usage_row *row)
{
	assert_int_equal(usage_restore(ctx, row), 0);
}

static void a_restart_is_a_gap(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	struct bench *after CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add_sampled(b, T0 + HOUR + 60 * S, 6, 10);
	usage_each(b->usage, take_row, after->usage);
	assert_int_equal(now_of(after).packets, 6);
	assert_int_equal(now_of(after).sampling, 10);
	assert_int_equal(now_of(after).state, USAGE_IDLE);
	usage_tick(after->usage, T0 + HOUR + 90 * S);
	assert_int_equal(now_of(after).wire_packets, 60);
	ticks(after, T0 + HOUR + 90 * S, T0 + 2 * HOUR);
	last_is(after, USAGE_UNKNOWN, T0 + 2 * HOUR);
	assert_int_equal(now_of(after).idle_hours, 2);
}

/* What was counted before still counts: 60 and 41 are more than 100. */
static void counts_go_on_after_a_restart(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	struct bench *after CLEANUP(bench_free_ptr) = bench_new(10);

	(void)state;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 60);
	usage_each(b->usage, take_row, after->usage);
	add(after, T0 + HOUR + 120 * S, 41);
	last_is(after, USAGE_ACTIVE, T0 + HOUR + 120 * S);
	add(b, T0 + HOUR + 120 * S, 41);
	assert_int_equal(b->last.wire_packets, after->last.wire_packets);
}

static void restored_from_last_year(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	struct bench *after CLEANUP(bench_free_ptr) = bench_new(10);
	struct usage_row bad = {.rule = 99};

	(void)state;
	watched(b);
	usage_each(b->usage, take_row, after->usage);
	usage_tick(after->usage, T0 + 8760 * HOUR);
	assert_int_equal(after->changes, 1);
	assert_int_equal(after->last.state, USAGE_UNKNOWN);
	assert_int_equal(now_of(after).idle_hours, 0);
	assert_int_equal(now_of(after).hour_ns, T0 + 8760 * HOUR);
	assert_int_equal(usage_restore(after->usage, &bad), -EINVAL);
}

static void rules_are_reloaded(void **state)
{
	static const char text[] =
		"{'format': 1, 'vendor': 'Acme', 'sources': {'s': {'citation': 'c', 'date': "
		"'2020'}},'rules': ["
		"{'rule': 'new', 'name': 'N', 'level': 'product', 'source': 's',"
		" 'domains': [{'domain': 'n.acme.com', 'ports': ['443']}]},"
		"{'rule': 'voice', 'name': 'V', 'level': 'platform', 'source': 's',"
		" 'usage': {'packets_per_hour': 50}, 'domains': ["
		"  {'domain': 'a.acme.com', 'ports': ['tcp/443']}]}]}";
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(10);
	const uint32_t map[] = {1, RULE_NONE}, gone[] = {0, RULE_NONE};
	struct rules *rules = rules_of(text);

	(void)state;
	watched(b);
	add(b, T0 + HOUR + 60 * S, 60);
	assert_int_equal(b->changes, 0);
	usage_set_rules(b->usage, rules, map);
	rules_free(b->rules);
	b->rules = rules;
	assert_int_equal(now_of(b).packets, 60);
	add(b, T0 + HOUR + 61 * S, 1);
	last_is(b, USAGE_ACTIVE, T0 + HOUR + 61 * S); /* 61 are more than 50 */
	usage_set_rules(b->usage, rules, gone);
	assert_int_equal(usage_count(b->usage), 0);
	assert_true(usage_bytes(b->usage) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(active_at_once),
		cmocka_unit_test(idle_when_the_hour_has_ended),
		cmocka_unit_test(flows_around_the_hour),
		cmocka_unit_test(next_hour_waits),
		cmocka_unit_test(a_day_is_remembered),
		cmocka_unit_test(counts_of_the_rule_alone),
		cmocka_unit_test(only_what_is_detected),
		cmocka_unit_test(refused_is_not_told),
		cmocka_unit_test(bounded),
		cmocka_unit_test(ten_thousand_devices),
		cmocka_unit_test(counts_are_scaled),
		cmocka_unit_test(rates_are_not_mixed),
		cmocka_unit_test(too_coarse_is_unknown),
		cmocka_unit_test(part_of_an_hour_is_not_idle),
		cmocka_unit_test(part_of_an_hour_can_be_active),
		cmocka_unit_test(hour_of_detection_is_not_idle),
		cmocka_unit_test(a_gap_is_unknown),
		cmocka_unit_test(withdrawn_packets_are_gone),
		cmocka_unit_test(late_packets_undo_idle),
		cmocka_unit_test(a_clock_set_back),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(a_restart_is_a_gap),
		cmocka_unit_test(counts_go_on_after_a_restart),
		cmocka_unit_test(restored_from_last_year),
		cmocka_unit_test(rules_are_reloaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
