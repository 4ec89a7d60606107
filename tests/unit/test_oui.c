// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/names/oui.c user/names/said.c user/base/table.c */
/* MAC vendors from files of every form, with blocks of 24, 28 and 36 bits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "names/oui.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

DEFINE_CLEANUP(oui_free, struct oui *)

static const char csv[] = "Registry,Assignment,Organization Name,Organization Address\r\n"
			  "MA-L,00005E,\"Twenty, Four \",\"Street 1\nCity DE 12345 \"\r\n"
			  "MA-L,0055DA,IEEE Registration Authority,Piscataway\r\n"
			  "MA-L,001122,Private\r\n"
			  "MA-M,0055DA1,Twenty Eight,Somewhere\r\n"
			  "MA-S,0055DA12F,Thirty Six,Somewhere\r\n"
			  "IAB,0050C2FFF,Old Block,Somewhere\r\n"
			  "MA-L,ZZZZZZ,None,\r\nMA-L,0055\r\nMA-L,,\r\n\r\n";
static const char ieee_text[] = "OUI/MA-L                    Organization\n"
				"00-00-5E   (hex)\t\tTwenty Four\n"
				"00005E     (base 16)\t\tTwenty Four\n\t\t\t\t12 Street\n"
				"E00000-EFFFFF     (base 16)\t\tNo block by itself\n";
static const char wireshark[] = "# comment\n00:00:5E\tTwenty\tTwenty Four\n"
				"00:55:DA:00:00:00/24\tIEEE\tIEEE Registration Authority\n"
				"00:55:DA:10:00:00/28\tEight\tTwenty Eight\n"
				"00:55:DA:12:F0:00/36\tSix\t# Thirty Six\n"
				"01:00:0C:CC:CC:CC/48\tCDP\tNo block\n00:00:00/99\tx\n";
/* The longest block says it, wherever it stands. */
static const char nmap[] = "0055DA12F\tThirty Six\n0055DA1 Twenty Eight\n0055DA1 Too Late\n"
			   "00005E Twenty Four";

static char *file_make(const char *text)
{
	char *path = strdup("/tmp/hayrake-oui-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* What the registry says of an address, or "?". */
static const char *vendor(struct oui *o, const uint8_t mac[6])
{
	const char *name = NULL;

	if (!oui_known(o, mac, &name)) {
		assert_int_equal(oui_want(o, mac), 0);
		oui_look(o);
		assert_true(oui_known(o, mac, &name));
	}
	return name ? name : "?";
}

struct expected {
	uint8_t mac[6];
	const char *name;
};

static void file_check(const char *text, const struct expected *rows, size_t count)
{
	char *path = file_make(text);
	const char *const files[] = {path};
	struct counts counts = {0};
	struct oui *one CLEANUP(oui_free_ptr) = oui_new(files, 1, &counts);
	struct oui *all CLEANUP(oui_free_ptr) = oui_new(files, 1, &counts);

	for (size_t i = 0; i < count; i++) {
		assert_string_equal(vendor(one, rows[i].mac), rows[i].name);
		assert_int_equal(oui_want(all, rows[i].mac), 0);
	}
	oui_look(all);
	unlink(path); /* not asked again */
	for (size_t i = 0; i < count; i++)
		assert_string_equal(vendor(all, rows[i].mac), rows[i].name);
	free(path);
}

static void test_forms(void **state)
{
	static const struct expected blocks[] = {
		{{0x00, 0x00, 0x5e, 0x00, 0x53, 0x01}, "Twenty Four"},
		{{0x00, 0x00, 0x5e, 0xff, 0xff, 0xff}, "Twenty Four"},
		{{0x00, 0x55, 0xda, 0x12, 0xef, 0xff}, "Twenty Eight"},
		{{0x00, 0x55, 0xda, 0x13, 0x00, 0x00}, "Twenty Eight"},
		{{0x00, 0x55, 0xda, 0x12, 0xf0, 0x00}, "Thirty Six"},
		{{0x00, 0x55, 0xda, 0x12, 0xff, 0xff}, "Thirty Six"},
		{{0x00, 0x55, 0xda, 0x20, 0x00, 0x00}, "?"},
		{{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, "?"},
		{{0x00, 0x00, 0x5f, 0x00, 0x00, 0x00}, "?"},
	};

	(void)state;
	file_check(wireshark, blocks, LENGTH(blocks));
	file_check(nmap, blocks, LENGTH(blocks));
}

static void test_csv(void **state)
{
	static const struct expected blocks[] = {
		{{0x00, 0x00, 0x5e, 0x00, 0x53, 0x01}, "Twenty, Four"},
		{{0x00, 0x55, 0xda, 0x1a, 0x00, 0x00}, "Twenty Eight"},
		{{0x00, 0x55, 0xda, 0x12, 0xf0, 0x00}, "Thirty Six"},
		{{0x00, 0x55, 0xda, 0x20, 0x00, 0x00}, "?"},
		{{0x00, 0x50, 0xc2, 0xff, 0xf0, 0x00}, "Old Block"},
		{{0x00, 0x50, 0xc2, 0xff, 0xe0, 0x00}, "?"},
		{{0x00, 0x11, 0x22, 0x00, 0x00, 0x00}, "?"},
	};

	(void)state;
	file_check(csv, blocks, LENGTH(blocks));
}

static void test_ieee_text(void **state)
{
	static const struct expected blocks[] = {
		{{0x00, 0x00, 0x5e, 0x00, 0x53, 0x01}, "Twenty Four"},
		{{0xe0, 0x00, 0x00, 0xef, 0xff, 0xff}, "?"},
	};

	(void)state;
	file_check(ieee_text, blocks, LENGTH(blocks));
}

static void test_full_and_absent(void **state)
{
	static const char *const files[] = {"/tmp/hayrake-no-such-file"};
	struct counts counts = {0};
	struct oui *o CLEANUP(oui_free_ptr) = oui_new(files, 1, &counts);
	uint8_t mac[6] = {0};

	(void)state;
	for (uint32_t i = 0; i < OUI_BLOCKS_MAX; i++) {
		mac[3] = (uint8_t)(i >> 8);
		mac[2] = (uint8_t)i;
		assert_int_equal(oui_want(o, mac), 0);
	}
	mac[0] = 0xf0;
	assert_int_equal(oui_want(o, mac), -ENOSPC);
	assert_int_equal(counts.n[COUNTER_MAC_VENDORS_FULL], 1);
	mac[0] = 0;
	assert_string_equal(vendor(o, mac), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_ieee_text),
		cmocka_unit_test(test_full_and_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
