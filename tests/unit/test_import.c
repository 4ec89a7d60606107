// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/draft.c user/rules/field.c user/rules/import.c user/rules/import_csv.c user/rules/import_list.c user/rules/import_mud.c user/rules/import_naming.c user/rules/import_settle.c user/rules/import_write.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c */
/* Lines of tables, MUD files and lists: what becomes of each, and what is said of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rules/import.h"
#include "rules/ports.h"

#define SAID_MAX 16384

DEFINE_CLEANUP(import_free, struct import *)
DEFINE_CLEANUP(rules_free, struct rules *)

struct row {
	enum import_format format;
	const char *text; /* ' stands for " */
	int rc;
	const char *uses; /* "DOMAIN PORT ... [class]; " of the result, by domain */
	const char *said; /* "LINE: WHAT; " of drops, then of mistakes */
};

static void line_say(void *ctx, const char *file, uint32_t line, const char *what)
{
	char *said = ctx;
	size_t len = strlen(said);

	(void)file;
	snprintf(said + len, SAID_MAX - len, "%u: %s; ", line, what);
}

static void uses_print(const struct rules *r, char *out, size_t size)
{
	char port[PORT_TEXT_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < r->use_count; i++) {
		const struct rules_use *use = &r->uses[i];
		const char *class = domain_class_names[use->domain_class];

		len += (size_t)snprintf(out + len, size - len, "%s", r->domains[use->domain].name);
		for (uint8_t k = 0; k < use->port_count; k++)
			len += (size_t)snprintf(out + len, size - len, " %s",
						port_range_text(&use->ports[k], port));
		len += (size_t)snprintf(out + len, size - len, "%s%s; ",
					use->domain_class ? " " : "",
					use->domain_class ? class : "");
	}
}

static void result_check(const struct import_result *r, const char *uses)
{
	CLEANUP(rules_free_ptr) struct rules *set = NULL;
	char have[4096] = "";

	if (r->text_count > 0) {
		assert_int_equal(r->text_count, 1);
		assert_int_equal(rules_load_text(r->texts->path, r->texts->text, r->texts->len,
						 NULL, NULL, &set),
				 0);
		uses_print(set, have, sizeof(have));
	}
	assert_string_equal(have, uses);
}

static char *text_quote(const char *text)
{
	char *quoted = strdup(text);

	for (char *p = quoted; *p; p++)
		if (*p == '\'')
			*p = '"';
	return quoted;
}

static void row_check(const struct row *row)
{
	static const struct import_naming vendor = {IMPORT_VENDOR, "Acme"};
	CLEANUP_FREE char *text = text_quote(row->text);
	CLEANUP(import_free_ptr) struct import *im = NULL;
	struct import_options options = {
		.format = row->format, .namings = &vendor, .naming_count = 1};
	char said[SAID_MAX] = "";
	struct import_result result;

	assert_int_equal(import_ports_parse("tcp/443", &options), 0);
	im = import_new(&options, line_say, line_say, said);
	import_input(im, &(struct import_input){"x/acme.d", "2026-01-02", text, strlen(text)});
	assert_int_equal(import_finish(im, NULL, &result), row->rc);
	assert_string_equal(said, row->said);
	if (!row->rc)
		result_check(&result, row->uses);
	import_result_clean(&result);
}

static void rows_check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_message("# row %zu\n", i);
		row_check(&rows[i]);
	}
}
#define ROWS_CHECK(rows) rows_check(rows, sizeof(rows) / sizeof(*(rows)))

#define HEAD "domain,detection_level,device,grouped_domain,domain_id,port\n"

static void tables(void **state)
{
	static const struct row rows[] = {
		{IMPORT_CSV, HEAD "a.x.com.,l,d,a.x.com.,0,443.0\r\n", 0, "a.x.com 443; ", ""},
		{IMPORT_CSV, HEAD "*.x.com.,l,d,*.x.com.,0,1", 0, "*.x.com 1; ", ""},
		{IMPORT_CSV, "port,detection_level,domain\n80,l,A.x.com\n", 0, "a.x.com 80; ", ""},
		{IMPORT_CSV, HEAD "\n'a.x.com','l','a ''d'', e',,,'443'\n", 0, "a.x.com 443; ", ""},
		{IMPORT_CSV, HEAD "a.x.com,l,d,a.x.com,0,80\na.x.com,l,e,a.x.com,0,443\n", 0,
		 "a.x.com 80 443; ", ""},
		{IMPORT_CSV, HEAD "a.x.com,l,d,g,0,80\nt.x.com,l,d,t.x.com,1,123\n", 0,
		 "a.x.com 80; t.x.com 123 generic; ",
		 "3: t.x.com: generic: a time server is weak evidence; "},
		{IMPORT_CSV, HEAD "t.x.com,l,d,g,0,123\na.x.com,l,d,g,0,80\n", 0, "a.x.com 80; ",
		 "2: t.x.com: generic: a time server is weak evidence; "
		 "2: t.x.com: generic, but on the addresses of others that are not; "},
		{IMPORT_CSV, HEAD "t.x.com,l,d,g,0,123\n", -ENODATA, "",
		 "2: t.x.com: generic: a time server is weak evidence; "
		 "2: l: no domain is left that would be evidence; "},
		{IMPORT_CSV, HEAD "a.x.com,l,d,g,0\na.x.com,l,d,g,0,1,2\n", -EINVAL, "",
		 "2: 5 columns where the heading has 6; 3: 7 columns where the heading has 6; "},
		{IMPORT_CSV, HEAD "a.x.com,l,d,g,0,0\na.x.com,,d,g,0,80.5\n", -EINVAL, "",
		 "2: port \"0\" is no number from 1 to 65535; 3: \"\" is no label; "
		 "3: port \"80.5\" is no number from 1 to 65535; "},
		{IMPORT_CSV, HEAD "a.x.com,l,d,g,0,1-9\n", -EINVAL, "",
		 "2: port \"1-9\" is no number from 1 to 65535; "},
		{IMPORT_CSV, HEAD "a.x.com,l,d,g,0,1\na.x.com,m,d,h,0,1\n", -EINVAL, "",
		 "3: domain \"a.x.com\" is in another group than in x/acme.d:2; "},
		{IMPORT_CSV, "domain,device\n", -EINVAL, "",
		 "1: the heading has no column \"detection_level\"; "
		 "1: the heading has no column \"port\"; "},
		{IMPORT_CSV, "", -EINVAL, "", "0: is empty; "},
	};

	(void)state;
	ROWS_CHECK(rows);
}

static void changing_ports(void **state)
{
	char text[2048] = HEAD;
	struct row row = {IMPORT_CSV, text, 0, "p.x.com 80 9997 9999 51009-51913 58200; ",
			  "2: p.x.com: ports from 32768 on, picked at random, are joined into "
			  "ranges; "};

	(void)state;
	for (unsigned port = 51009; port < 52000; port += 113)
		sprintf(text + strlen(text), "p.x.com,l,d,p.x.com,0,%u\n", port);
	strcat(text, "p.x.com,l,d,p.x.com,0,80\np.x.com,l,d,p.x.com,0,9997\n");
	strcat(text, "p.x.com,l,d,p.x.com,0,9999\np.x.com,l,d,p.x.com,0,58200\n");
	row_check(&row);
	for (unsigned port = 2; port < 20; port += 2)
		sprintf(text + strlen(text), "p.x.com,l,d,p.x.com,0,%u\n", port);
	row.rc = -ENODATA;
	row.said = "2: p.x.com: has more port ranges than an address can have; "
		   "2: l: no domain is left that would be evidence; ";
	row_check(&row);
}

static void lists(void **state)
{
	static const struct row rows[] = {
		{IMPORT_FORMAT_COUNT, "# c\n A.x.com. \nb.x.com # d\n*.c.x.com", 0,
		 "*.c.x.com tcp/443; a.x.com tcp/443; b.x.com tcp/443; ", ""},
		{IMPORT_FORMAT_COUNT, "\xef\xbb\xbf" "0.0.0.0 a.x.com b.x.com\n::1\tc.x.com\n", 0,
		 "a.x.com tcp/443; b.x.com tcp/443; c.x.com tcp/443; ", ""},
		{IMPORT_FORMAT_COUNT, "||x.com^\n||y.com^$third-party\n@@||z.com^\n||*.q.com^", 0,
		 "*.x.com tcp/443; x.com tcp/443; ",
		 "2: ||y.com^$third-party: has modifiers, it does not hold everywhere; "
		 "3: @@||z.com^: an exception; 4: ||*.q.com^: a pattern, not a name; "},
		{IMPORT_LIST, "x.com\n10.0.0.1\nlocalhost\n::1", 0, "x.com tcp/443; ",
		 "2: 10.0.0.1: is an address, not a name; "
		 "3: localhost: has one label: a name of the local network; "
		 "4: ::1: is an address, not a name; "},
		{IMPORT_LIST, "x.com\npool.ntp.org\nnotntp.org", 0,
		 "notntp.org tcp/443; pool.ntp.org tcp/443 generic; x.com tcp/443; ",
		 "2: pool.ntp.org: generic: all kinds of systems contact it; "},
		{IMPORT_LIST, "a b.x.com\nx..com\n", -EINVAL, "",
		 "1: \"a b.x.com\" is neither a name nor an address and its names; "
		 "2: domain \"x..com\" has an empty label or a dot at an end; "},
		{IMPORT_LIST, "# nothing\n", -ENODATA, "",
		 "1: acme: no domain is left that would be evidence; "},
	};

	(void)state;
	ROWS_CHECK(rows);
}

/* One access list on the way from the device; what an entry matches stands in between. */
#define MUD(matches)                                                                              \
	"{'ietf-mud:mud': {'mud-url': 'https://acme.example/m', 'from-device-policy':"            \
	" {'access-lists': {'access-list': [{'name': 'f'}]}}},\n"                                 \
	"'ietf-access-control-list:acls': {'acl': [{'name': 'f', 'aces': {'ace': [\n"             \
	"{'name': 'e', 'matches': {" matches "}}]}}]}}"
#define TO_A "'ipv4': {'ietf-acldns:dst-dnsname': 'a.x.com'"

static void mud_files(void **state)
{
	static const struct row rows[] = {
		{IMPORT_MUD, MUD(TO_A "}"), 0, "a.x.com 1-65535; ", ""},
		{IMPORT_MUD, MUD(TO_A ", 'protocol': 17}"), 0, "a.x.com udp/1-65535; ", ""},
		{IMPORT_MUD, MUD(TO_A "}, 'tcp': {'source-port': {'port': 1}}"), 0,
		 "a.x.com tcp/1-65535; ", ""},
		{IMPORT_MUD, MUD(TO_A "}, 'tcp': {'destination-port': {'port': 1}}"), 0,
		 "a.x.com tcp/1; ", ""},
		{IMPORT_MUD, MUD(TO_A "}, 'udp': {'destination-port': {'lower-port': 1,"
				      " 'upper-port': 9}}"), 0, "a.x.com udp/1-9; ", ""},
		{IMPORT_MUD, MUD(TO_A "}, 'udp': {'destination-port': {'operator': 'lte',"
				      " 'port': 9}}"), 0, "a.x.com udp/1-9; ", ""},
		{IMPORT_MUD, MUD(TO_A "}, 'ietf-mud:mud': {'local-networks': [null]}"),
		 -ENODATA, "",
		 "3: e: the local network; 1: acme: no domain is left that would be evidence; "},
		{IMPORT_MUD, MUD("'ipv4': {'ietf-acldns:src-dnsname': 'a.x.com'}"), -ENODATA, "",
		 "3: e: names the device's own end; "
		 "1: acme: no domain is left that would be evidence; "},
		{IMPORT_MUD, MUD(TO_A ", 'protocol': 17}, 'tcp': {}"), -EINVAL, "",
		 "3: the protocol number is not that of the ports; "},
		{IMPORT_MUD, MUD(TO_A "}, 'udp': {'destination-port': {'lower-port': 9,"
				      " 'upper-port': 1}}"), -EINVAL, "",
		 "3: \"upper-port\" is below \"lower-port\"; "},
		{IMPORT_MUD, MUD(TO_A "}, 'tcp': {'destination-port': {'operator': 'neq',"
				      " 'port': 9}}"), -EINVAL, "",
		 "3: operator \"neq\" is not eq, lte, gte or a range; "},
		{IMPORT_MUD, MUD(TO_A "}, 'tcp': {}, 'udp': {}"), -EINVAL, "",
		 "3: an entry matches TCP and UDP at once; "},
		{IMPORT_MUD, "{'a': 1,\n}", -EINVAL, "",
		 "2: not valid JSON: unexpected character; "},
		{IMPORT_MUD, "{'format': 1}", -EINVAL, "",
		 "1: no MUD file: it has no object \"ietf-mud:mud\"; "},
		{IMPORT_MUD, "{'ietf-mud:mud': {}}", -EINVAL, "",
		 "1: \"mud-url\" is missing; "
		 "1: no object \"ietf-access-control-list:acls\"; "},
	};

	(void)state;
	ROWS_CHECK(rows);
}

static void zero_bytes(void **state)
{
	struct import_options options = {.format = IMPORT_FORMAT_COUNT};
	char said[SAID_MAX] = "", text[] = "a.com\nb\0.com";
	CLEANUP(import_free_ptr) struct import *im =
		import_new(&options, line_say, line_say, said);
	struct import_result result;

	(void)state;
	import_input(im, &(struct import_input){"x", "2026", text, sizeof(text) - 1});
	assert_int_equal(import_finish(im, NULL, &result), -EINVAL);
	assert_string_equal(said, "2: a zero byte: this is no text; ");
	import_result_clean(&result);
}

static void namings(void **state)
{
	static const struct import_naming rows[] = {
		{IMPORT_VENDOR, "Acme"}, {IMPORT_RULE, "b=acme-b"}, {IMPORT_LEVEL, "b=product"},
		{IMPORT_LEVEL, "platform"}, {IMPORT_NAME, "b=The B = best"}, {IMPORT_NAME, "z=Z"}};
	struct import_options options = {.format = IMPORT_CSV,
					 .namings = rows,
					 .naming_count = sizeof(rows) / sizeof(*rows)};
	char said[SAID_MAX] = "", text[] = HEAD "a.x.com,a_cat,,,,80\nb.x.com,b,,,,80\n";
	CLEANUP(import_free_ptr) struct import *im =
		import_new(&options, line_say, line_say, said);
	CLEANUP(rules_free_ptr) struct rules *r = NULL;
	struct import_result result;

	(void)state;
	import_input(im, &(struct import_input){"x", "2026", text, strlen(text)});
	assert_int_equal(import_finish(im, NULL, &result), 0);
	assert_int_equal(result.text_count, 1);
	assert_string_equal(result.texts->path, "acme.json");
	rules_load_text("x", result.texts->text, result.texts->len, NULL, NULL, &r);
	import_result_clean(&result);
	assert_int_equal(r->rules[rules_find(r, "a")].level, LEVEL_PLATFORM);
	assert_int_equal(r->rules[rules_find(r, "acme-b")].level, LEVEL_PRODUCT);
	assert_string_equal(r->rules[rules_find(r, "acme-b")].name, "The B = best");
	assert_string_equal(r->rules[0].vendor, "Acme");
	assert_string_equal(import_naming_unused(im), "z=Z");
}

/* A name like new_domain_1 is of one table only; the group is called after its first domain. */
static void groups_of_tables(void **state)
{
	static const struct import_naming rule = {IMPORT_RULE, "r"}, vendor = {IMPORT_VENDOR, "V"};
	struct import_naming rows[] = {rule, vendor};
	struct import_options options = {
		.format = IMPORT_CSV, .namings = rows, .naming_count = 2};
	char said[SAID_MAX] = "", one[] = HEAD "b.x.com,l,,g_1,,80\na.x.com,l,,g_1,,80\n",
	     two[] = HEAD "c.x.com,l,,g_1,,80\n*.d.x.com,l,,g_1,,80\n";
	CLEANUP(import_free_ptr) struct import *im =
		import_new(&options, line_say, line_say, said);
	CLEANUP(rules_free_ptr) struct rules *r = NULL;
	struct import_result result;

	(void)state;
	import_input(im, &(struct import_input){"1.csv", "2026", one, strlen(one)});
	import_input(im, &(struct import_input){"2.csv", "2026", two, strlen(two)});
	assert_int_equal(import_finish(im, NULL, &result), 0);
	rules_load_text("x", result.texts->text, result.texts->len, NULL, NULL, &r);
	import_result_clean(&result);
	assert_int_equal(r->rules[0].group_count, 2);
	assert_string_equal(r->rules[0].group_names[0], "c.x.com");
	assert_string_equal(r->rules[0].group_names[1], "a.x.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),    cmocka_unit_test(changing_ports),
		cmocka_unit_test(lists),     cmocka_unit_test(mud_files),
		cmocka_unit_test(zero_bytes), cmocka_unit_test(namings),
		cmocka_unit_test(groups_of_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
