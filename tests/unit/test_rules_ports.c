// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/ports.c */
/* Port ranges: text and sets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/ports.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void texts_are_read_and_written(void **state)
{
	static const char *const good[] = {
		"1", "443", "65535", "tcp/443", "udp/123", "51000-52100", "udp/5-6", "tcp/1-65535",
	};
	char buf[PORT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++) {
		struct port_range p;

		assert_int_equal(port_range_parse(good[i], &p), 0);
		assert_string_equal(port_range_text(&p, buf), good[i]);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"",      "0",    "65536",  "99999999999", "-1",      "+1",   " 1",  "1 ",
		"01",    "tcp/", "tcp/0",  "tcp443",      "TCP/443", "1-",   "-",   "2-1",
		"1-2-3", "1,2",  "icmp/8", "tcp/udp/1",   "0x10",    "443a", "1-x", "1-65536",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct port_range p = {.lo = 7};

		assert_int_equal(port_range_parse(bad[i], &p), -EINVAL);
		assert_int_equal(p.lo, 7);
	}
}

struct merge_case {
	const char *in[12];
	const char *out; /* blank after each */
};

static const struct merge_case merge_cases[] = {
	{{"443"}, "443 "},
	{{"443", "443"}, "443 "},
	{{"443", "80"}, "80 443 "},
	{{"80", "81", "82"}, "80-82 "},
	{{"80-90", "85-100"}, "80-100 "},
	{{"1-65535", "443"}, "1-65535 "},
	{{"tcp/443", "udp/443"}, "443 "},
	{{"tcp/443", "443"}, "443 "},
	{{"tcp/1-10", "udp/5-6"}, "tcp/1-4 5-6 tcp/7-10 "},
	{{"tcp/65535", "udp/65534"}, "udp/65534 tcp/65535 "},
	{{"1", "3", "5", "7", "9", "11", "13", "15"}, "1 3 5 7 9 11 13 15 "},
	{{"1", "3", "5", "7", "9", "11", "13", "15", "17", "1-20"}, "1-20 "},
};

static size_t ranges_parse(const char *const in[12], struct port_range *out)
{
	size_t count = 0;

	for (; count < 12 && in[count]; count++)
		assert_int_equal(port_range_parse(in[count], &out[count]), 0);
	return count;
}

static void ranges_are_merged(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(merge_cases); i++) {
		struct port_range in[12], out[BACKEND_PORTS];
		size_t in_count = ranges_parse(merge_cases[i].in, in);
		char text[BACKEND_PORTS * (PORT_TEXT_MAX + 1)] = "", buf[PORT_TEXT_MAX];
		uint8_t count = 99;

		assert_int_equal(port_ranges_merge(in, in_count, out, &count), 0);
		for (uint8_t k = 0; k < count; k++) {
			strcat(text, port_range_text(&out[k], buf));
			strcat(text, " ");
		}
		assert_string_equal(text, merge_cases[i].out);
	}
}

static void too_many_ranges_are_refused(void **state)
{
	static const char *const texts[12] = {"1", "3", "5", "7", "9", "11", "13", "15", "17"};
	struct port_range in[12], out[BACKEND_PORTS] = {{.lo = 7}};
	uint8_t count = 99;

	(void)state;
	assert_int_equal(port_ranges_merge(in, ranges_parse(texts, in), out, &count), -ENOSPC);
	assert_int_equal(count, 99);
	assert_int_equal(out[0].lo, 7);
}

static void no_ranges_make_no_ranges(void **state)
{
	struct port_range out[BACKEND_PORTS];
	uint8_t count = 99;

	(void)state;
	assert_int_equal(port_ranges_merge(NULL, 0, out, &count), 0);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_and_written),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(ranges_are_merged),
		cmocka_unit_test(too_many_ranges_are_refused),
		cmocka_unit_test(no_ranges_make_no_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
