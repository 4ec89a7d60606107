// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/infer/groups.c user/infer/region.c user/rules/rules.c user/rules/names.c user/base/table.c user/base/addr.c */
/* Domain groups by the addresses seen: the same addresses, regional twins, what is needed then. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "infer/groups.h"
#include "infer/region.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* --- regions ---------------------------------------------------------------------------------- */

static void test_region_words(void **state)
{
	static const struct {
		const char *name, *folded; /* NULL: without a region */
	} rows[] = {
		{"avs-alexa-eu.amazon.com", "avs-alexa-#.amazon.com"},
		{"avs-alexa-na.amazon.com", "avs-alexa-#.amazon.com"},
		{"euw1-api.example.com", "#-api.example.com"},
		{"use1-api.example.com", "#-api.example.com"},
		{"aps1.example.com", "#.example.com"},
		{"dc-eu01-euwest1.connect.example.com", "dc-#-#.connect.example.com"},
		{"dc-na02-useast1.connect.example.com", "dc-#-#.connect.example.com"},
		{"id.us-east-1.example.com", "id.#.example.com"},
		{"id.eu-central-1.example.com", "id.#.example.com"},
		{"id.ap-southeast-2.example.com", "id.#.example.com"},
		{"x-us-east.example.com", "x-#.example.com"},
		{"*.eu.example.com", "*.#.example.com"},
		{"us-east-1a.example.com", "#-1a.example.com"},
		{"api.example.eu", NULL}, /* the last label is no region */
		{"use-api.example.com", NULL},
		{"house.example.com", NULL},
		{"eu001.example.com", NULL},
		{"case1x.example.com", NULL},
		{"europa.example.com", NULL},
		{"eu", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char out[NAME_TEXT_MAX];
		bool found = region_fold(rows[i].name, out);

		if (found != (rows[i].folded != NULL))
			fail_msg("%s", rows[i].name);
		if (found)
			assert_string_equal(out, rows[i].folded);
	}
}

/* Longer than any name: refused, not cut. */
static void test_region_of_a_long_name(void **state)
{
	char name[NAME_TEXT_MAX + 8], out[NAME_TEXT_MAX];

	(void)state;
	memset(name, '-', sizeof(name));
	memcpy(name, "eu.", 3);
	name[NAME_TEXT_MAX - 1] = '\0';
	name[NAME_TEXT_MAX - 4] = '.';
	assert_true(region_fold(name, out));
	name[NAME_TEXT_MAX - 1] = '-';
	name[NAME_TEXT_MAX] = '\0';
	assert_false(region_fold(name, out));
}

/* --- a rule of five names and one of two regions ---------------------------------------------- */

enum { FIVE, PAIR, RULES };
enum { A, B, C, D, E, EU, NA, DOMAINS };

static const char *const five_names[] = {"a", "b", "c", "d", "e"};
static const char *const pair_names[] = {"eu", "na", "c", "d", "e"};
static struct rules_rule rule_rows[RULES] = {
	[FIVE] = {.id = "five", .parent = RULE_NONE, .group_count = 5, .group_names = five_names},
	[PAIR] = {.id = "pair", .parent = RULE_NONE, .group_count = 5, .group_names = pair_names},
};
static struct rules_domain domain_rows[DOMAINS] = {
	[A] = {.name = "a.example"},         [B] = {.name = "b.example"},
	[C] = {.name = "c.example"},         [D] = {.name = "d.example"},
	[E] = {.name = "e.example"},         [EU] = {.name = "x-eu.example.com"},
	[NA] = {.name = "x-na.example.com"},
};
static struct rules_use use_rows[16];
static struct rules rules = {
	.rules = rule_rows,
	.rule_count = RULES,
	.domains = domain_rows,
	.domain_count = DOMAINS,
	.uses = use_rows,
};

static void use_add(domain_id domain, uint32_t rule, uint32_t group)
{
	struct rules_use *u = &use_rows[rules.use_count];

	if (!domain_rows[domain].use_count++)
		domain_rows[domain].use_first = rules.use_count;
	*u = (struct rules_use){.domain = domain, .rule = rule, .group = group, .port_count = 1};
	u->ports[0] = (struct port_range){443, domain == E ? 444 : 443, PORT_TCP};
	rules.use_count++;
}

static int rules_set_up(void **state)
{
	(void)state;
	for (domain_id d = A; d <= E; d++) {
		use_add(d, FIVE, d);
		if (d >= C)
			use_add(d, PAIR, d);
	}
	use_add(EU, PAIR, 0);
	use_add(NA, PAIR, 1);
	return 0;
}

DEFINE_CLEANUP(groups_free, struct groups *)

static void row_give(struct groups *g, uint8_t n, enum backend_state state, domain_id a,
		     domain_id b)
{
	const uint8_t bytes[4] = {198, 51, 100, n};
	struct backend_row row = {
		.remote = addr_from_v4(bytes),
		.state = state,
		.domain_count = 2,
		.domains = {a, b},
	};

	groups_backend(g, &row);
}

static bool is_one(const struct groups *g, uint32_t rule, uint32_t a, uint32_t b)
{
	return groups_unit(g, rule, a) == groups_unit(g, rule, b);
}

static void test_as_written(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	groups_begin(g);
	assert_false(groups_end(g));
	for (uint32_t rule = 0; rule < RULES; rule++) {
		assert_int_equal(groups_count(g, &rules, rule), 5);
		assert_int_equal(groups_needed(g, &rules, rule, 0), 2);
		assert_int_equal(groups_count(NULL, &rules, rule), 5);
		assert_int_equal(groups_needed(NULL, &rules, rule, 0), 2);
		for (uint32_t k = 0; k < 5; k++) {
			assert_int_equal(groups_unit(g, rule, k), k);
			assert_int_equal(groups_unit(NULL, rule, k), k);
		}
	}
	assert_string_equal(groups_name(NULL, &rules, FIVE, 3), "d");
}

/* a and b have the same two addresses, c one of them; d and e have one, but not the same ports. */
static void test_same_addresses_are_one(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	for (int again = 0; again < 2; again++) {
		groups_begin(g);
		row_give(g, 1, BACKEND_DEDICATED, A, B);
		row_give(g, 1, BACKEND_DEDICATED, again ? A : B, again ? B : A);
		row_give(g, 2, BACKEND_DEDICATED, B, A);
		row_give(g, 2, BACKEND_DEDICATED, C, C);
		row_give(g, 3, BACKEND_DEDICATED, D, E);
		row_give(g, 4, BACKEND_DEDICATED, DOMAINS, DOMAINS + 7); /* no signature's */
		assert_int_equal(groups_end(g), !again);
		assert_int_equal(groups_count(g, &rules, FIVE), 4);
		assert_int_equal(groups_needed(g, &rules, FIVE, 0), 1);
		assert_true(is_one(g, FIVE, A, B));
		assert_false(is_one(g, FIVE, A, C));
		assert_false(is_one(g, FIVE, D, E));
		assert_int_equal(groups_unit(g, FIVE, C), 1); /* numbered by the first group */
		assert_string_equal(groups_name(g, &rules, FIVE, 1), "c");
		assert_int_equal(groups_why(g, FIVE, 0), UNIT_ADDRESSES);
		assert_int_equal(groups_why(g, FIVE, 1), UNIT_ALONE);
	}
}

/* What nobody asks for now is as it was; what differs is told apart again. */
static void test_groups_follow_the_addresses(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, A, B);
	assert_true(groups_end(g));
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, A, A); /* b has expired */
	assert_false(groups_end(g));
	assert_true(is_one(g, FIVE, A, B));
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, A, B);
	row_give(g, 2, BACKEND_DEDICATED, B, B);
	assert_true(groups_end(g));
	assert_false(is_one(g, FIVE, A, B));
	assert_int_equal(groups_count(g, &rules, FIVE), 5);
	assert_int_equal(groups_needed(g, &rules, FIVE, 0), 2);
}

/* On a shared address only who asked for a name counts for it: DNS tells the groups apart. */
static void test_shared_addresses_join_nothing(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, A, B);
	row_give(g, 2, BACKEND_IS_SHARED, A, B);
	assert_false(groups_end(g));
	domain_rows[A].context = domain_rows[B].context = CONTEXT_CLIENT_DNS;
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, A, B);
	assert_false(groups_end(g));
	domain_rows[A].context = domain_rows[B].context = CONTEXT_ADDRESS;
}

/* --- twins ------------------------------------------------------------------------------------ */

static bool moment(struct groups *g)
{
	groups_begin(g);
	return groups_end(g);
}

static void test_twins_that_subjects_use_one_of(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	assert_false(moment(g));
	assert_int_equal(groups_twins(g, PAIR, 0), TWINS_UNSEEN); /* nobody says anything of them */
	assert_int_equal(groups_twins(g, PAIR, 2), TWINS_NONE);
	groups_subject(g);
	groups_contact(g, PAIR, 1);
	groups_contact(g, PAIR, 1);
	groups_contact(g, PAIR, 2);
	groups_subject(g);
	groups_contact(g, PAIR, 0); /* another subject, the other region */
	assert_true(moment(g));
	assert_int_equal(groups_twins(g, PAIR, 0), TWINS_JOINED);
	assert_true(is_one(g, PAIR, 0, 1));
	assert_int_equal(groups_why(g, PAIR, 0), UNIT_REGION);
	assert_int_equal(groups_count(g, &rules, PAIR), 4);
	assert_int_equal(groups_count(g, &rules, FIVE), 5);
}

/* One subject that contacts both ends it for good: they are evidence each. */
static void test_twins_that_one_subject_uses(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);

	(void)state;
	groups_subject(g);
	groups_contact(g, PAIR, 0);
	assert_true(moment(g));
	groups_subject(g);
	groups_contact(g, PAIR, 1);
	groups_contact(g, PAIR, 0);
	assert_true(moment(g));
	assert_int_equal(groups_twins(g, PAIR, 1), TWINS_APART);
	assert_int_equal(groups_count(g, &rules, PAIR), 5);
	groups_subject(g);
	groups_contact(g, PAIR, 0);
	assert_false(moment(g));
	assert_int_equal(groups_count(g, &rules, PAIR), 5);
}

/* 2 of 5, and 1 of 4 by the fraction: twins alone do not make one contact enough. */
static void test_twins_never_make_one_enough(void **state)
{
	struct groups *g CLEANUP(groups_free_ptr) = groups_new(&rules, 0);
	struct groups *strict CLEANUP(groups_free_ptr) = groups_new(&rules, 1000);

	(void)state;
	groups_subject(g);
	groups_contact(g, PAIR, 0);
	moment(g);
	assert_int_equal(groups_count(g, &rules, PAIR), 4);
	assert_int_equal(groups_needed(g, &rules, PAIR, 0), 2);
	groups_subject(strict);
	groups_contact(strict, PAIR, 0);
	moment(strict);
	assert_int_equal(groups_needed(strict, &rules, PAIR, 1000), 4);
	/* twins on the same addresses are indistinguishable, whatever their names */
	groups_begin(g);
	row_give(g, 1, BACKEND_DEDICATED, EU, NA);
	groups_end(g);
	assert_int_equal(groups_why(g, PAIR, 0), UNIT_ADDRESSES);
	assert_int_equal(groups_needed(g, &rules, PAIR, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region_words),
		cmocka_unit_test(test_region_of_a_long_name),
		cmocka_unit_test(test_as_written),
		cmocka_unit_test(test_same_addresses_are_one),
		cmocka_unit_test(test_groups_follow_the_addresses),
		cmocka_unit_test(test_shared_addresses_join_nothing),
		cmocka_unit_test(test_twins_that_subjects_use_one_of),
		cmocka_unit_test(test_twins_that_one_subject_uses),
		cmocka_unit_test(test_twins_never_make_one_enough),
	};

	return cmocka_run_group_tests(tests, rules_set_up, NULL);
}
