// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/base/table.c user/base/addr.c user/base/timefmt.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cursor.h"
#include "base/table.h"
#include "base/timefmt.h"

#define KEYS 3000

/* Random puts and removals against an array that cannot be wrong. */
static void table_matches_model(void **state)
{
	struct table *t = table_new(sizeof(uint32_t), sizeof(uint64_t), KEYS);
	static uint64_t model[KEYS];
	size_t present = 0;
	bool added;

	(void)state;
	memset(model, 0, sizeof(model));
	srandom(7);
	for (int i = 0; i < 200000; i++) {
		uint32_t key = (uint32_t)random() % KEYS;

		if (random() % 3) {
			uint64_t *v = table_put(t, &key, &added);

			assert_non_null(v);
			assert_int_equal(added, !model[key]);
			assert_int_equal(*v, model[key]);
			present += added;
			*v = model[key] = (uint64_t)i + 1;
		} else {
			assert_int_equal(table_del(t, &key), model[key] != 0);
			present -= model[key] != 0;
			model[key] = 0;
		}
		assert_int_equal(table_count(t), present);
	}
	for (uint32_t key = 0; key < KEYS; key++) {
		uint64_t *v = table_get(t, &key);

		assert_int_equal(v ? *v : 0, model[key]);
	}
	table_free(t);
}

static void table_keeps_its_bound(void **state)
{
	struct table *t = table_new(4, 0, 100);
	bool added;

	(void)state;
	for (uint32_t key = 0; key < 200; key++)
		assert_int_equal(table_put(t, &key, &added) != NULL, key < 100);
	assert_int_equal(table_count(t), 100);
	table_clear(t);
	assert_int_equal(table_count(t), 0);
	table_free(t);
}

static void table_walk_can_remove(void **state)
{
	struct table *t = table_new(4, 4, 5000);
	const void *key;
	void *value;
	size_t at = 0;
	bool added;

	(void)state;
	for (uint32_t k = 0; k < 5000; k++)
		*(uint32_t *)table_put(t, &k, &added) = k;
	while (table_next(t, &at, &key, &value))
		if (*(uint32_t *)value % 2)
			table_del_at(t, &at);
	assert_int_equal(table_count(t), 2500);
	for (uint32_t k = 0; k < 5000; k++)
		assert_int_equal(table_get(t, &k) != NULL, k % 2 == 0);
	table_free(t);
}

static void addresses_have_texts(void **state)
{
	static const char *const same[] = {"192.0.2.1", "::1", "2001:db8::a", "255.255.255.255"};
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "g::", "1.2.3.4 "};
	char buf[ADDR_TEXT_MAX];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_int_equal(addr_parse(same[i], &a), 0);
		assert_string_equal(addr_text(&a, buf), same[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(addr_parse(bad[i], &a), -EINVAL);
}

static void addresses_global_or_not(void **state)
{
	static const struct {
		const char *text;
		bool global;
	} rows[] = {
		{"8.8.8.8", true},	   {"198.51.100.7", true}, {"2001:db8::1", true},
		{"2606:4700::1", true},	   {"10.0.0.1", false},    {"172.31.255.255", false},
		{"172.15.0.1", true},	   {"172.32.0.1", true},   {"192.168.1.1", false},
		{"100.64.0.1", false},
		{"100.128.0.1", true},	   {"127.0.0.1", false},   {"169.254.1.1", false},
		{"224.0.0.251", false},	   {"0.0.0.0", false},     {"255.255.255.255", false},
		{"fe80::1", false},	   {"fd00::1", false},     {"ff02::1", false},
		{"::", false},		   {"::1", false},
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(addr_parse(rows[i].text, &a), 0);
		assert_int_equal(addr_is_global(&a), rows[i].global);
	}
}

static void prefixes(void **state)
{
	static const char *const bad[] = {"192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129",
					  "192.0.2.0/",	  "192.0.2.0/x",  "/8"};
	struct prefix p;
	struct addr a;

	(void)state;
	assert_int_equal(prefix_parse("192.168.0.0/23", &p), 0);
	assert_int_equal(p.len, 119);
	assert_int_equal(addr_parse("192.168.1.255", &a), 0);
	assert_true(prefix_has(&p, &a));
	assert_int_equal(addr_parse("192.168.2.0", &a), 0);
	assert_false(prefix_has(&p, &a));
	assert_int_equal(prefix_parse("0.0.0.0/0", &p), 0);
	assert_true(prefix_has(&p, &a));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(prefix_parse(bad[i], &p), -EINVAL);
}

static void subjects_have_texts(void **state)
{
	static const char *const same[] = {"mac:02:00:00:00:00:0a", "ip:192.0.2.1",
					   "ip:2001:db8::1",
					   "vlan:100.7", "pppoe:17@02:00:00:00:00:0a"};
	static const char *const bad[] = {"mac:02:00:00:00:00", "mac:2:00:00:00:00:0a", "vlan:1",
					  "vlan:4096.1", "pppoe:70000@02:00:00:00:00:0a", "x", "",
					  "mac:02-00-00-00-00-0a", "vlan:1.2x"};
	char buf[SUBJECT_TEXT_MAX];
	struct subject s;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_int_equal(subject_parse(same[i], &s), 0);
		assert_string_equal(subject_text(&s, buf), same[i]);
	}
	assert_int_equal(subject_parse("02:00:00:00:00:0A", &s), 0);
	assert_string_equal(subject_text(&s, buf), "mac:02:00:00:00:00:0a");
	assert_int_equal(subject_parse("192.0.2.1", &s), 0);
	assert_string_equal(subject_text(&s, buf), "ip:192.0.2.1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(subject_parse(bad[i], &s), -EINVAL);
}

static void times_have_texts(void **state)
{
	char buf[TIME_TEXT_MAX];
	int64_t ns;

	(void)state;
	assert_string_equal(time_text(0, buf), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(time_text(1795341600123456789, buf), "2026-11-22T10:00:00.123456Z");
	assert_string_equal(time_text(-1000, buf), "1969-12-31T23:59:59.999999Z");
	assert_int_equal(time_parse("2026-11-22T10:00:00.123456Z", &ns), 0);
	assert_int_equal(ns, 1795341600123456000);
	assert_int_equal(time_parse("2026-11-22 10:00:00", &ns), -EINVAL);
	assert_int_equal(time_parse("2026-11-22T10:00:00+01:00", &ns), -EINVAL);
}

static void cursor_remembers_overrun(void **state)
{
	const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
	struct cursor c = cursor_make(data, sizeof(data));
	struct cursor sub;

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0203);
	sub = cursor_sub(&c, 2);
	assert_int_equal(cursor_u16(&sub), 0x0405);
	assert_true(cursor_ok(&sub));
	assert_int_equal(cursor_u32(&c), 0);
	assert_false(cursor_ok(&c));
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_left(&c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_matches_model),
		cmocka_unit_test(table_keeps_its_bound),
		cmocka_unit_test(table_walk_can_remove),
		cmocka_unit_test(addresses_have_texts),
		cmocka_unit_test(addresses_global_or_not),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(subjects_have_texts),
		cmocka_unit_test(times_have_texts),
		cmocka_unit_test(cursor_remembers_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
