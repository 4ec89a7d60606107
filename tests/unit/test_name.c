// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/name.c user/base/name.c user/base/table.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/table.h"
#include "dns/name.h"

/* A name at offset `at` of bytes, what comes out, and where reading goes on. */
struct row {
	const char *bytes;
	size_t len;
	size_t at;
	int result;
	const char *text;
	size_t next;
};

#define BYTES(s) s, sizeof(s) - 1

static const struct row rows[] = {
	{BYTES("\0"), 0, 0, "", 1},
	{BYTES("\3www\7example\3com\0x"), 0, 0, "www.example.com", 17},
	{BYTES("\3WwW\7eXAMPLE\3coM\0"), 0, 0, "www.example.com", 17},
	{BYTES("\4a.b\\\1z\0"), 0, 0, "a\\046b\\092.z", 8},
	{BYTES("\4\0 \x7f\xff\0"), 0, 0, "\\000\\032\\127\\255", 6},
	{BYTES("\3_dn\1*\0"), 0, 0, "_dn.*", 7},
	/* pointers: to a whole name, to its tail, in two steps */
	{BYTES("\1a\1b\0\xc0\0"), 5, 0, "a.b", 7},
	{BYTES("\1a\1b\0\1c\xc0\2zz"), 5, 0, "c.b", 9},
	{BYTES("\1a\0\1b\xc0\0\1c\xc0\3"), 7, 0, "c.b.a", 11},
	/* a pointer to itself, forwards, into its own labels, in a circle */
	{BYTES("\xc0\0"), 0, -ELOOP, "", 0},
	{BYTES("\xc0\2\1a\0"), 0, -ELOOP, "", 0},
	{BYTES("\1a\xc0\0"), 0, -ELOOP, "", 0},
	{BYTES("\1a\xc0\4\1b\xc0\0"), 4, -ELOOP, "", 0},
	{BYTES("\1a\0\xff\xff"), 3, -ELOOP, "", 0},
	/* cut short, and label types that do not exist */
	{BYTES(""), 0, -EBADMSG, "", 0},
	{BYTES("\3ww"), 0, -EBADMSG, "", 0},
	{BYTES("\3www"), 0, -EBADMSG, "", 0},
	{BYTES("\1a\0\xc0"), 3, -EBADMSG, "", 0},
	{BYTES("\x40xx\0"), 0, -EBADMSG, "", 0},
	{BYTES("\x80xx\0"), 0, -EBADMSG, "", 0},
};

static void names_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		uint8_t *copy = malloc(r->len ? r->len : 1);
		struct cursor c = cursor_make(copy, r->len);
		char text[NAME_TEXT_MAX];
		size_t len = 0;

		memcpy(copy, r->bytes, r->len);
		c.at += r->at;
		assert_int_equal(name_decode(&c, text, &len), r->result);
		assert_string_equal(text, r->text);
		assert_int_equal(cursor_ok(&c), !r->result);
		if (!r->result) {
			assert_int_equal(len, strlen(r->text));
			assert_int_equal(cursor_offset(&c), r->next);
		}
		free(copy);
	}
}

/* 255 octets fit, one more does not; every octet escaped still fits the text. */
static void names_have_255_octets(void **state)
{
	uint8_t bytes[300] = {0};
	char text[NAME_TEXT_MAX];
	struct cursor c;
	size_t len;

	(void)state;
	memset(bytes, 1, sizeof(bytes));
	for (int i = 0; i < 3; i++)
		bytes[i * 64] = 63;
	bytes[192] = 61;
	bytes[254] = 0;
	c = cursor_make(bytes, sizeof(bytes));
	assert_int_equal(name_decode(&c, text, &len), 0);
	assert_int_equal(cursor_offset(&c), 255);
	assert_int_equal(len, 250 * 4 + 3);
	c = cursor_make(bytes, sizeof(bytes));
	assert_int_equal(name_skip(&c), 0);
	bytes[192] = 62;
	bytes[254] = 1;
	bytes[255] = 0;
	c = cursor_make(bytes, sizeof(bytes));
	assert_int_equal(name_decode(&c, text, &len), -EBADMSG);
	c = cursor_make(bytes, sizeof(bytes));
	assert_int_equal(name_skip(&c), -EBADMSG);
}

/* Long pointer chains are as long as the message allows and end. */
static void names_end_in_long_chains(void **state)
{
	uint8_t bytes[400] = {0};
	char text[NAME_TEXT_MAX];
	struct cursor c;
	size_t len;

	(void)state;
	for (size_t i = 1; i + 1 < sizeof(bytes); i += 2) {
		size_t to = i < 2 ? 0 : i - 2;

		bytes[i] = (uint8_t)(0xc0 | to >> 8);
		bytes[i + 1] = (uint8_t)to;
	}
	c = cursor_make(bytes, sizeof(bytes));
	c.at += 397;
	assert_int_equal(name_decode(&c, text, &len), 0);
	assert_int_equal(len, 0);
}

static void names_registered(void **state)
{
	static const char *const pairs[][2] = {
		{"www.example.com", "example.com"},
		{"example.com", "example.com"},
		{"a.b.example.co.uk", "example.co.uk"},
		{"com", "com"},
		{"", ""},
		{"host.lan", "host.lan"},
		{"x.host.lan", "host.lan"},
		{"d111.cloudfront.net", "d111.cloudfront.net"},
		{"a.d111.cloudfront.net", "d111.cloudfront.net"},
	};

	(void)state;
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
			assert_string_equal(name_registered(pairs[i][0]), pairs[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_decode),
		cmocka_unit_test(names_have_255_octets),
		cmocka_unit_test(names_end_in_long_chains),
		cmocka_unit_test(names_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
