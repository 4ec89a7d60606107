// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/names/labels.c user/base/table.c */
/* Labels and refused rules: kept, told apart, taken back, bounded. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "names/labels.h"

DEFINE_CLEANUP(labels_free, struct labels *)

static struct subject subject(uint8_t n)
{
	return (struct subject){{0, SUBJECT_MAC, 2, 0, 0, 0, 0, n}};
}

static const char *nots(const struct labels *l, const struct subject *s)
{
	struct label_row row;

	return labels_row(l, s, &row) ? row.nots : "none";
}

static void test_rules_are_told_apart(void **state)
{
	struct labels *l CLEANUP(labels_free_ptr) = labels_new(4);
	struct subject s = subject(1), other = subject(2);

	(void)state;
	assert_int_equal(labels_refuse(l, &s, "acme-hub"), 0);
	assert_int_equal(labels_refuse(l, &s, "hub"), 0);
	assert_int_equal(labels_refuse(l, &s, "hub"), 0);
	assert_string_equal(nots(l, &s), "acme-hub hub");
	assert_true(labels_refused(l, &s, "hub"));
	assert_true(labels_refused(l, &s, "acme-hub"));
	assert_false(labels_refused(l, &s, "acme"));
	assert_false(labels_refused(l, &s, "acme-hu"));
	assert_false(labels_refused(l, &other, "hub"));
	assert_null(labels_text(l, &s));
}

static void test_taken_back(void **state)
{
	struct labels *l CLEANUP(labels_free_ptr) = labels_new(4);
	struct subject s = subject(1);

	(void)state;
	labels_refuse(l, &s, "a");
	labels_refuse(l, &s, "ab");
	labels_refuse(l, &s, "b");
	assert_true(labels_clear(l, &s, "ab"));
	assert_string_equal(nots(l, &s), "a b");
	assert_true(labels_clear(l, &s, "b"));
	assert_string_equal(nots(l, &s), "a");
	assert_false(labels_clear(l, &s, "b"));
	assert_int_equal(labels_set(l, &s, "x"), 0);
	assert_true(labels_clear(l, &s, "a"));
	assert_string_equal(nots(l, &s), "");
	assert_string_equal(labels_text(l, &s), "x");
	assert_true(labels_clear(l, &s, NULL));
	assert_false(labels_clear(l, &s, NULL));
	labels_refuse(l, &s, "a");
	assert_true(labels_clear(l, &s, "a"));
	assert_string_equal(nots(l, &s), "none");
}

static void test_bounds(void **state)
{
	struct labels *l CLEANUP(labels_free_ptr) = labels_new(2);
	struct subject s[] = {subject(1), subject(2), subject(3)};
	char text[LABEL_TEXT_MAX + 1], rule[65];
	size_t kept = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[LABEL_TEXT_MAX] = '\0';
	assert_int_equal(labels_set(l, &s[0], text), -EINVAL);
	text[LABEL_TEXT_MAX - 1] = '\0';
	assert_int_equal(labels_set(l, &s[0], text), 0);
	assert_int_equal(labels_refuse(l, &s[0], "a b"), -EINVAL);
	assert_int_equal(labels_refuse(l, &s[0], ""), -EINVAL);
	memset(rule, 'r', sizeof(rule));
	rule[64] = '\0';
	for (char c = 'a'; c <= 'z'; c++) {
		rule[0] = c;
		kept += !labels_refuse(l, &s[0], rule);
	}
	assert_int_equal(kept, LABEL_NOTS_MAX / 65);
	assert_int_equal(strlen(nots(l, &s[0])), kept * 65 - 1);
	assert_int_equal(labels_set(l, &s[1], "y"), 0);
	assert_int_equal(labels_set(l, &s[2], "z"), -ENOSPC);
	assert_int_equal(labels_refuse(l, &s[2], "z"), -ENOSPC);
	assert_int_equal(labels_set(l, &s[1], "z"), 0);
	assert_string_equal(labels_text(l, &s[1]), "z");
}

static void each(void *ctx, const struct label_row *row)
{
	char *said = ctx;

	sprintf(said + strlen(said), "%d=%s ", row->subject.b[7], row->text);
}

static void test_in_order(void **state)
{
	struct labels *l CLEANUP(labels_free_ptr) = labels_new(100);
	char said[1024] = "", want[1024] = "";

	(void)state;
	for (uint8_t n = 50; n; n--) {
		struct subject s = subject(n);

		assert_int_equal(labels_set(l, &s, "x"), 0);
	}
	for (int n = 1; n <= 50; n++)
		sprintf(want + strlen(want), "%d=x ", n);
	labels_each(l, each, said);
	assert_string_equal(said, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_are_told_apart),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
