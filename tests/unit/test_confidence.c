// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/infer/confidence.c user/infer/hits.c user/infer/groups.c user/infer/region.c user/rules/rules.c user/rules/names.c user/rules/reach.c user/base/bans.c user/base/table.c user/base/addr.c */
/* Odds as whole numbers, what a sampling rate lets one see, and how probable a rule is. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/bans.h"
#include "infer/confidence.h"
#include "rules/reach.h"

#define S 1000000000LL
#define DAY (86400 * S)
#define NOW (100 * DAY)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* --- numbers ---------------------------------------------------------------------------------- */

static void test_numbers_are_those_of_a_calculator(void **state)
{
	static const struct {
		uint32_t n, of;
		int32_t bans;
	} ratios[] = {
		{10U, 1U, 100},
		{1U, 10U, -100},
		{2U, 1U, 30},
		{1U, 3U, -48},
		{777U, 777U, 0},
		{4294967295U, 1U, 963},
		{1U, 4294967295U, -963},
		{950000U, 9500U, 200},
		{43U, 111U, -41},
	};
	static const struct {
		uint64_t x;
		uint32_t decay;
	} decays[] = {
		{0, 0},
		{1, 1},
		{1000, 1000},
		{100000, 95163},
		{693147, 500000},
		{1000000, 632121},
		{5000000, 993262},
		{19999999, 1000000},
		{UINT64_MAX, BANS_ONE},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(ratios); i++)
		assert_int_equal(bans_ratio(ratios[i].n, ratios[i].of), ratios[i].bans);
	for (size_t i = 0; i < LENGTH(decays); i++)
		assert_in_range(bans_decay(decays[i].x) + 1, decays[i].decay, decays[i].decay + 2);
	for (uint64_t x = 0; x < 21000000; x += 97)
		assert_true(bans_decay(x) <= bans_decay(x + 97));
	assert_int_equal(bans_power(0), BANS_ONE);
	assert_int_equal(bans_power(300), 1000 * BANS_ONE);
	assert_int_equal(bans_power(-300), BANS_ONE / 1000);
	assert_in_range(bans_power(31), 2041700, 2041800);
	assert_int_equal(bans_power(INT32_MIN), 0);
	assert_int_equal(bans_power(INT32_MAX), bans_power(1200));
	for (uint32_t n = 1; n < 1000000; n += n / 9 + 1) /* one undoes the other */
		assert_in_range(bans_power(bans_ratio(n, 1)) / 1000, n * 988ULL, n * 1012ULL);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* One domain to a group, each on tcp/443; CHILD's parent is MAKER. */
enum { MAKER, CHILD, ONE, WIDE, RULES };
static const uint32_t group_counts[RULES] = {5, 2, 1, 40};
static const char *names[40];
static uint32_t maker_idle[5];

static struct rules_rule rule_rows[RULES];
static struct rules_domain domain_rows[48];
static struct rules_use use_rows[48];
static struct rules rules = {
	.rules = rule_rows, .rule_count = RULES, .domains = domain_rows, .uses = use_rows};

/* The domain of group 0 of rule. */
static domain_id domain_of(uint32_t rule)
{
	domain_id d = 0;

	for (uint32_t r = 0; r < rule; r++)
		d += group_counts[r];
	return d;
}

static int rules_set_up(void **state)
{
	(void)state;
	rules.domain_count = rules.use_count = 0;
	for (uint32_t r = 0; r < RULES; r++) {
		rule_rows[r] = (struct rules_rule){
			.id = "r",
			.parent = r == CHILD ? MAKER : RULE_NONE,
			.group_count = group_counts[r],
			.group_names = names,
		};
		for (uint32_t g = 0; g < group_counts[r]; g++) {
			domain_id d = rules.domain_count++;

			domain_rows[d] = (struct rules_domain){
				.name = "d", .vendor = "v", .use_first = d, .use_count = 1};
			use_rows[d] = (struct rules_use){
				.domain = d,
				.rule = r,
				.group = g,
				.port_count = 1,
				.ports = {{443, 443, PORT_TCP}},
			};
		}
	}
	rules.use_count = rules.domain_count;
	return 0;
}

/* --- evidence --------------------------------------------------------------------------------- */

struct scene {
	struct evidence rows[64];
	uint32_t count;
	uint32_t sampling;
	int64_t first_ns;
};

static void scene_rows(void *ctx, const struct subject *subject, evidence_sink *sink,
		       void *sink_ctx)
{
	struct scene *s = ctx;

	(void)subject;
	for (uint32_t i = 0; i < s->count; i++)
		sink(sink_ctx, &s->rows[i]);
}

/* Contacts with the first groups of rule. */
static void scene_add(struct scene *s, uint32_t rule, uint32_t groups)
{
	for (uint32_t g = 0; g < groups; g++)
		s->rows[s->count++] = (struct evidence){
			.domain = domain_of(rule) + g,
			.port = 443,
			.ip_proto = IPPROTO_TCP,
			.tcp_flags = 0x12,
			.directions = EVIDENCE_UP | EVIDENCE_DOWN,
			.sampling = s->sampling ? s->sampling : 1,
			.packets = 20,
			.first_ns = s->first_ns ? s->first_ns : NOW - S,
			.last_ns = NOW,
		};
}

static struct confidence scene_confidence(struct scene *s, uint32_t rule)
{
	struct infer_config config = {.rules = &rules, .window_ns = DAY};
	struct infer_source source = {.ctx = s, .rows = scene_rows};
	struct confidence_group groups[64];
	struct confidence c;
	struct hits h = {0};
	struct subject subject = {{0}};

	assert_true(hits_fill(&h, &config, &source, &subject, NOW));
	confidence_find(&config, &h, rule, &c, groups);
	hits_clean(&h);
	return c;
}

static uint32_t confidence_of(uint32_t rule, uint32_t groups)
{
	struct scene s = {.count = 0};

	scene_add(&s, rule, groups);
	return scene_confidence(&s, rule).thousandths;
}

/* --- what raises it --------------------------------------------------------------------------- */

static void test_more_groups_raise_it(void **state)
{
	(void)state;
	for (uint32_t rule = 0; rule < RULES; rule++) {
		uint32_t before = confidence_of(rule, 0);

		assert_in_range(before, 1, 10);
		for (uint32_t g = 1; g <= group_counts[rule]; g++) {
			uint32_t now = confidence_of(rule, g);

			assert_true(now > before || now == 999);
			before = now;
		}
		assert_in_range(before, 300, 999);
	}
}

/* Each change makes the same contact weaker. */
static void test_weaker_contacts_lower_it(void **state)
{
	struct scene strong = {.count = 0}, asked, few, bare;
	uint32_t c;

	(void)state;
	scene_add(&strong, MAKER, 1);
	c = scene_confidence(&strong, MAKER).thousandths;
	asked = few = bare = strong;
	asked.rows[0].via = VIA_CLIENT_DNS;
	few.rows[0].packets = 3;
	bare.rows[0].tcp_flags = 0x02;
	assert_true(scene_confidence(&asked, MAKER).thousandths > c);
	assert_true(scene_confidence(&few, MAKER).thousandths < c);
	assert_true(scene_confidence(&bare, MAKER).thousandths < c);
	few.rows[0].sampling = 100; /* three of about 300 packets */
	assert_int_equal(scene_confidence(&few, MAKER).thousandths, c);
}

static void test_a_fired_parent_raises_it(void **state)
{
	struct scene alone = {.count = 0}, both = {.count = 0};
	struct confidence c;

	(void)state;
	scene_add(&alone, CHILD, 1);
	scene_add(&both, CHILD, 1);
	scene_add(&both, MAKER, 2);
	c = scene_confidence(&both, CHILD);
	assert_true(c.thousandths > scene_confidence(&alone, CHILD).thousandths);
	assert_true(c.prior > 300);
	assert_int_equal(scene_confidence(&alone, CHILD).prior, 4);
}

/* Groups that would have been seen by now speak against it; at a coarse rate they would not. */
static void test_absence_counts_as_far_as_it_shows(void **state)
{
	struct scene fresh = {.count = 0};
	struct scene old = {.first_ns = NOW - DAY};
	struct scene sampled = {.first_ns = NOW - DAY, .sampling = 10000};

	(void)state;
	scene_add(&fresh, WIDE, 2);
	scene_add(&old, WIDE, 2);
	scene_add(&sampled, WIDE, 2);
	assert_true(scene_confidence(&fresh, WIDE).visible < 10);
	assert_true(scene_confidence(&old, WIDE).visible > 990);
	assert_true(scene_confidence(&old, WIDE).thousandths <
		    scene_confidence(&sampled, WIDE).thousandths);
	assert_true(scene_confidence(&sampled, WIDE).thousandths <
		    scene_confidence(&fresh, WIDE).thousandths);
}

static void test_never_certain(void **state)
{
	struct scene all = {.count = 0}, none = {.count = 0};

	(void)state;
	scene_add(&all, WIDE, 40);
	assert_int_equal(scene_confidence(&all, WIDE).thousandths, 999);
	none.first_ns = NOW - DAY;
	scene_add(&none, MAKER, 1);
	assert_in_range(scene_confidence(&none, WIDE).thousandths, 1, 3);
}

/* --- reach ------------------------------------------------------------------------------------ */

static uint32_t maker_reach(uint32_t sampling, uint64_t seconds)
{
	struct reach reach = {sampling, 0, seconds};

	return reach_rule(&rules, MAKER, &reach);
}

/* 1 - exp(-contacts * (1 - (1 - 1/sampling)^9)), by a calculator. */
static void test_group_is_seen_as_often_as_expected(void **state)
{
	static const struct {
		uint32_t sampling, idle;
		uint64_t seconds;
		uint32_t thousandths;
	} rows[] = {
		{1, 9, 3600, 632},
		{10, 90, 3600, 998},
		{1000, 300, 86400, 999},
		{100000, 1, 60, 0},
		{1, 0, 86400, 0},
		{1, 1000000, UINT64_MAX, 1000},
		{1000, IDLE_UNKNOWN, 86400, 651},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct reach reach = {rows[i].sampling, 0, rows[i].seconds};
		uint32_t p = reach_group(&reach, rows[i].idle) / 100;

		assert_in_range(p + 20, rows[i].thousandths * 10, rows[i].thousandths * 10 + 40);
	}
}

/* MAKER needs 2 of 5 groups. */
static void test_rule_needs_enough_groups(void **state)
{
	(void)state;
	rule_rows[MAKER].group_idle = maker_idle;
	memset(maker_idle, 0, sizeof(maker_idle));
	maker_idle[0] = maker_idle[3] = 90;
	assert_in_range(maker_reach(1, 86400), 999, 1000);
	assert_in_range(maker_reach(1000, 86400), 760, 790); /* (1 - exp(-2.15))^2 */
	assert_true(maker_reach(1000, 3600) < REACH_EXPECTED);
	maker_idle[3] = 0;
	assert_int_equal(maker_reach(1, 86400), 0);
	maker_idle[1] = maker_idle[2] = maker_idle[4] = 90;
	assert_in_range(maker_reach(1000, 86400), 990, 1000); /* any 2 of 4 */
}

static void test_unknown_stays_unknown(void **state)
{
	struct reach reach = {1, 0, 86400};

	(void)state;
	assert_int_equal(maker_reach(1, 86400), REACH_UNKNOWN);
	rule_rows[MAKER].group_idle = maker_idle;
	for (int i = 0; i < 5; i++)
		maker_idle[i] = IDLE_UNKNOWN;
	maker_idle[0] = 1000;
	assert_int_equal(maker_reach(1, 86400), REACH_UNKNOWN);
	maker_idle[1] = 1000; /* enough without the unknown ones */
	assert_in_range(maker_reach(1, 86400), 999, 1000);
	assert_int_equal(reach_rule(&rules, CHILD, &reach), REACH_UNKNOWN);
	memset(maker_idle, 0, sizeof(maker_idle)); /* no parent, no child */
	assert_int_equal(reach_rule(&rules, CHILD, &reach), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, rules_set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numbers_are_those_of_a_calculator),
		TEST(test_more_groups_raise_it),
		TEST(test_weaker_contacts_lower_it),
		TEST(test_a_fired_parent_raises_it),
		TEST(test_absence_counts_as_far_as_it_shows),
		TEST(test_never_certain),
		TEST(test_group_is_seen_as_often_as_expected),
		TEST(test_rule_needs_enough_groups),
		TEST(test_unknown_stays_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
