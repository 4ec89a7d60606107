// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/draft.c user/rules/field.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c */
/* Every mistake a signature file can have is told with its line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rules/rules.h"

DEFINE_CLEANUP(rules_free, struct rules *)

/* Texts use ' for ", and rules begin in line 4. */
#define HEAD                                                                                      \
	"{'format': 1, 'vendor': 'Acme',\n"                                                       \
	" 'sources': {'s': {'citation': 'a paper', 'date': '2020-10'}},\n"                        \
	" 'rules': [\n"
#define TAIL "]}\n"
#define RULE(id, more, domains)                                                                   \
	"{'rule': '" id "', 'name': 'A', 'level': 'product', 'source': 's'" more                  \
	",\n'domains': [\n" domains "]}\n"
#define ONE "{'domain': 'a.example.com', 'ports': ['443']}\n"
#define GOOD(id) RULE(id, "", "{'domain': '" id ".example.com', 'ports': ['443']}\n")
/* A file of one rule; its id is in line 4, the first domain in line 6. */
#define WITH(more, domains) HEAD RULE("r", more, domains) TAIL
#define DOMAIN(text) WITH("", text)

struct mistake_case {
	const char *text;
	uint32_t line;
	const char *says;
};

static const struct mistake_case syntax_cases[] = {
	{"", 1, "the text ends too early"},
	{"\n\n", 3, "the text ends too early"},
	{"[]", 1, "a signature file is an object"},
	{"null\n", 1, "a signature file is an object"},
	{"{'format': 1,\n\n", 3, "the text ends too early"},
	{"{'format': 1,\n 'vendor' 'Acme'}", 2, "not valid JSON"},
	{"{'format': 1,\n 'rules': [],\n}", 3, "not valid JSON"},
	{"{\n// comment\n'format': 1}", 2, "not valid JSON"},
	{HEAD GOOD("r") TAIL "\n\n{}", 11, "not valid JSON"},
	{"{'format': 1, 'vendor': '\xff\xfe'}", 1, "not valid JSON"},
	{"{'a':\n[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}", 2, "nesting too deep"},
	{HEAD "null\n," GOOD("r") TAIL, 4, "null says nothing"},
	{WITH(", 'rule': 'q'", ONE), 4, "key \"rule\" is there twice"},
	{WITH(", 'na\\u006de': 'q'", ONE), 4, "a key is too long or has a backslash"},
};

static const struct mistake_case file_cases[] = {
	{"{'format': 2, 'what': 1}", 1, "format 2 is not known here, only 1"},
	{"{'format': 1,\n'vendor': 'A',\n'rules': [" GOOD("r") "]}", 1,
	 "a signature file needs the key \"sources\""},
	{"{'format': 1, 'vendor': 'A', 'sources': {},\n'rules': []}", 2, "\"rules\" is empty"},
	{"{'format': 1, 'vendor': 'A', 'sources': {},\n'rules': 'x'}", 2,
	 "\"rules\" must be a list"},
	{"{'format': 1, 'vendor': 'A', 'sources': 3,\n'rules': [" GOOD("r") "]}", 1,
	 "\"sources\" must be an object"},
	{HEAD GOOD("r") "],\n'colour': 1}", 9, "a signature file has no key \"colour\""},
	{HEAD "3\n," GOOD("r") TAIL, 4, "a rule must be an object"},
	{"{'format': 1, 'vendor': 'A\\u001b[2J', 'sources': {'s': {'citation': 'c',"
	 "'date': '2020'}},\n'rules': [" GOOD("r") "]}",
	 1, "\"A?[2J\" has a control character"},
	{"{'format': 1, 'vendor': ' A', 'sources': {'s': {'citation': 'c',"
	 "'date': '2020'}},\n'rules': [" GOOD("r") "]}",
	 1, "begins or ends with a blank"},
	{"{'format': 1, 'vendor': 'A', 'sources': {'s': {'citation': 'c',\n"
	 "'date': '20-10'}},\n'rules': [" GOOD("r") "]}",
	 2, "must be a date"},
	{"{'format': 1, 'vendor': 'A', 'sources': {'s': {'citation': 'c',\n"
	 "'date': '2020-13'}},\n'rules': [" GOOD("r") "]}",
	 2, "is no date of the calendar"},
	{"{'format': 1, 'vendor': 'A', 'sources': {'s': {'citation': 'c', 'date': '2020'},\n"
	 "'t': 'u'},\n'rules': [" GOOD("r") "]}",
	 2, "source \"t\" must be an object"},
	{"{'format': 1, 'vendor': 'A', 'sources': {'s': {'citation': 'c', 'date': '2020',\n"
	 "'doi': 'u'}},\n'rules': [" GOOD("r") "]}",
	 2, "a source has no key \"doi\""},
};

static const struct mistake_case rule_cases[] = {
	{WITH(",\n'colour': 10", ONE), 5, "a rule has no key \"colour\""},
	{WITH(",\n'usage': 10", ONE), 5, "\"usage\" must be an object"},
	{WITH(",\n'usage': {}", ONE), 5, "\"usage\" needs the key \"packets_per_hour\""},
	{WITH(",\n'usage': {'packets_per_hour': 0}", ONE), 5, "\"packets_per_hour\" must be 1 to"},
	{WITH(",\n'usage': {'packets_per_hour': 4294967296}", ONE), 5,
	 "\"packets_per_hour\" must be 1 to 4294967295"},
	{WITH(",\n'usage': {'packets_per_hour': 1.5}", ONE), 5,
	 "\"packets_per_hour\" must be a whole number"},
	{WITH(",\n'usage': {'packets_per_hour': 1, 'rate': 1}", ONE), 5,
	 "\"usage\" has no key \"rate\""},
	{WITH(",\n'usage': {'packets_per_hour': 1,\n'source': 'z'}", ONE), 6,
	 "source \"z\" is not in \"sources\""},
	{HEAD "{'rule': 'r', 'name': 'A', 'level': 'product',\n'usage': {'packets_per_hour': 1}, "
	      "'domains': [{'domain': 'a.example.com', 'ports': ['443'], 'source': 's'}]}" TAIL,
	 5, "neither \"usage\" nor its rule names a \"source\""},
	{WITH(",\n'context': 'dns'", ONE), 5, "\"context\" must be address or client-dns"},
	{WITH(",\n'context': true", ONE), 5, "\"context\" must be a string"},
	{WITH(",\n'threshold': '0.4'", ONE), 5, "\"threshold\" must be a number"},
	{WITH(",\n'threshold': 0", ONE), 5, "\"threshold\" must be above 0"},
	{WITH(",\n'threshold': 1.001", ONE), 5, "\"threshold\" must be above 0"},
	{WITH(",\n'threshold': 0.0004", ONE), 5, "\"threshold\" must be above 0"},
	{WITH(",\n'threshold': 0.3337", ONE), 5, "\"threshold\" must be above 0"},
	{WITH(",\n'threshold': 0.33333", ONE), 5, "\"threshold\" must be above 0"},
	{HEAD "{'rule': 'r', 'name': 'A', 'source': 's',\n'domains': [" ONE "]}" TAIL, 4,
	 "a rule needs the key \"level\""},
	{HEAD "{'rule': 'r', 'name': 'A', 'source': 's',\n'level': 'gadget', 'domains': [" ONE
	      "]}" TAIL,
	 5, "\"level\" must be platform, manufacturer or product"},
	{HEAD "{'rule': 'r',\n'name': '', 'source': 's', 'level': 'product', 'domains': [" ONE
	      "]}" TAIL,
	 5, "\"name\": \"\" is empty"},
	{HEAD
	 "{'rule': 'r',\n'name': 'A\\u007f', 'source': 's', 'level': 'product', 'domains': [" ONE
	 "]}" TAIL,
	 5, "has a control character"},
	{HEAD RULE("R2", "", ONE) TAIL, 4, "must begin and end with a lower-case letter"},
	{HEAD RULE("r_2", "", ONE) TAIL, 4, "may have lower-case letters, digits and \"-\" only"},
	{HEAD RULE("a\\u0000b", "", ONE) TAIL, 4, "has a zero character"},
	{HEAD GOOD("r") "," RULE("r", "", ONE) TAIL, 8, "rule \"r\" is already in acme.json:4"},
	{WITH(",\n'parent': 'q'", ONE), 5, "parent \"q\" is in no file"},
	{WITH(",\n'parent': 'r'", ONE), 5, "the rule is among its own parents"},
	{HEAD RULE("r", "",
		   ONE) ",{'rule': 'q', 'name': 'Q', 'level': 'platform', 'source': 's',\n"
			"'parent': 'r', 'domains': [" ONE "]}" TAIL,
	 9, "a platform rule cannot have the product rule \"r\" as parent"},
	{WITH("", ""), 5, "\"domains\" needs 1 to 512 entries"},
	{WITH("", "'a.example.com'"), 6, "a domain must be an object"},
	{WITH("", "{'domain': 'a.example.com', 'ports': ['443'], 'class': 'generic'}"), 4,
	 "the rule has no primary domain"},
	{HEAD "{'rule': 'r', 'name': 'A', 'level': 'product', 'source':\n'x', 'domains': [" ONE
	      "]}" TAIL,
	 5, "source \"x\" is not in \"sources\""},
	{HEAD "{'rule': 'r', 'name': 'A', 'level': 'product', 'domains': [\n" ONE "]}" TAIL, 5,
	 "neither the domain nor its rule names a \"source\""},
};

static const struct mistake_case domain_cases[] = {
	{DOMAIN("{'ports': ['443']}"), 6, "a domain needs the key \"domain\""},
	{DOMAIN("{'domain': 'a.example.com'}"), 6, "a domain needs the key \"ports\""},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'idle_packets': -1}"), 7,
	 "\"idle_packets\" must be 0 to 1000000 an hour"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'idle_packets': 1000001}"), 7,
	 "\"idle_packets\" must be 0 to 1000000 an hour"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'idle_packets': 1.5}"), 7,
	 "\"idle_packets\" must be a whole number"},
	{DOMAIN("{'domain': 'a.example.com',\n'ports': ['443'], 'port': 1}"), 7,
	 "a domain has no key \"port\""},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'class': 'main'}"), 7,
	 "\"class\" must be primary, support or generic"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'source': 'x'}"), 7,
	 "source \"x\" is not in \"sources\""},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'],\n'group': 'G'}"), 7,
	 "must begin and end"},
	{DOMAIN("{'domain': 'A.example.com', 'ports': ['443']}"), 6, "must be in lower case"},
	{DOMAIN("{'domain': 'example.com.', 'ports': ['443']}"), 6, "a dot at an end"},
	{DOMAIN("{'domain': 'a..com', 'ports': ['443']}"), 6, "has an empty label"},
	{DOMAIN("{'domain': '*.com', 'ports': ['443']}"), 6, "needs at least two labels"},
	{DOMAIN("{'domain': 'a.*.com', 'ports': ['443']}"), 6, "is no domain name"},
	{DOMAIN("{'domain': '192.0.2.1', 'ports': ['443']}"), 6, "looks like an address"},
	{DOMAIN("{'domain': '-a.example.com', 'ports': ['443']}"), 6, "with \"-\" at an end"},
	{DOMAIN("{'domain': 'a"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com', "
		"'ports': ['443']}"),
	 6, "more than 63 characters"},
	{DOMAIN(ONE "," ONE), 7, "domain \"a.example.com\" is already in line 6 of this rule"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'], 'group': 'g'},\n"
		"{'domain': 'b.example.com', 'ports': ['443'], 'group': 'g', 'class': 'support'}"),
	 7, "group \"g\" of this rule has domains of another class"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443'], 'group': 'b.example.com'},\n"
		"{'domain': 'b.example.com', 'ports': ['443'], 'group': 'g'}"),
	 6, "group \"b.example.com\" bears the name of a domain of group \"g\""},
	{HEAD RULE("r", "", ONE) "," RULE("q", "",
					  "{'domain': 'a.example.com', 'ports': ['443'],"
					  "'group': 'g'}\n") TAIL,
	 10,
	 "domain \"a.example.com\" is in group \"g\" here, in \"a.example.com\" in acme.json:6"},
	{HEAD RULE("r", ", 'context': 'client-dns'", ONE) "," RULE("q", "", ONE) TAIL, 10,
	 "domain \"a.example.com\" has context address here, another in acme.json:6"},
	{HEAD RULE("r", "", ONE) "," RULE("q", ", 'context': 'client-dns'", ONE) TAIL, 10,
	 "domain \"a.example.com\" has context client-dns here, another in acme.json:6"},
};

static const struct mistake_case port_cases[] = {
	{DOMAIN("{'domain': 'a.example.com',\n'ports': []}"), 7,
	 "\"ports\" needs 1 to 64 entries"},
	{DOMAIN("{'domain': 'a.example.com',\n'ports': '443'}"), 7, "\"ports\" must be a list"},
	{DOMAIN("{'domain': 'a.example.com',\n'ports': [443]}"), 7, "port 443 must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['443',\n'0']}"), 7,
	 "port \"0\" must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['65536']}"), 6,
	 "port \"65536\" must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['tcp\\/']}"), 6, "must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['20-10']}"), 6,
	 "port \"20-10\" must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports': ['sctp/9']}"), 6, "must be as"},
	{DOMAIN("{'domain': 'a.example.com', 'ports':\n"
		"['1', '3', '5', '7', '9', '11', '13', '15', '17']}"),
	 7, "more than 8 port ranges"},
	{HEAD RULE("r", "",
		   "{'domain': 'a.example.com', 'ports': ['1', '3', '5', '7', '9']}\n") "," //
	 RULE("q", "", "{'domain': 'a.example.com', 'ports': ['11', '13', '15', '17']}\n") TAIL,
	 10, "the rules together want more than 8 port ranges of \"a.example.com\""},
};

struct told {
	uint32_t count;
	uint32_t line;
	char what[512];
};

static void told_add(void *ctx, const char *file, uint32_t line, const char *what)
{
	struct told *told = ctx;

	assert_string_equal(file, "acme.json");
	if (told->count++)
		return;
	told->line = line;
	snprintf(told->what, sizeof(told->what), "%s", what);
}

static char *text_quote(const char *text)
{
	char *quoted = strdup(text);

	for (char *p = quoted; *p; p++)
		if (*p == '\'')
			*p = '"';
	return quoted;
}

static int text_load(const char *text, struct told *told, struct rules **out)
{
	CLEANUP_FREE char *quoted = text_quote(text);

	return rules_load_text("acme.json", quoted, strlen(quoted), told_add, told, out);
}

static void cases_check(const struct mistake_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rules untouched, *r = &untouched;
		struct told told = {0};
		int rc = text_load(cases[i].text, &told, &r);

		if (told.count != 1 || told.line != cases[i].line ||
		    !strstr(told.what, cases[i].says))
			fail_msg("%s\n%u mistakes, the first: %u: %s\nwanted: %u: %s",
				 cases[i].text, told.count, told.line, told.what, cases[i].line,
				 cases[i].says);
		assert_int_equal(rc, -EINVAL);
		assert_ptr_equal(r, &untouched);
	}
}

#define CASES_TEST(name)                                                                          \
	static void name##_are_told(void **state)                                                 \
	{                                                                                         \
		(void)state;                                                                      \
		cases_check(name##_cases, sizeof(name##_cases) / sizeof(name##_cases[0]));        \
	}

CASES_TEST(syntax)
CASES_TEST(file)
CASES_TEST(rule)
CASES_TEST(domain)
CASES_TEST(port)

static void good_text_loads(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = NULL;
	struct told told = {0};

	(void)state;
	assert_int_equal(text_load(HEAD GOOD("r") "," GOOD("q") TAIL, &told, &r), 0);
	assert_int_equal(told.count, 0);
	assert_int_equal(r->rule_count, 2);
}

static void all_mistakes_of_a_file_are_told(void **state)
{
	struct told told = {0};
	struct rules *r;

	(void)state;
	assert_int_equal(text_load(HEAD RULE("r", ", 'a': 1, 'threshold': 2, 'parent': 'q'",
					     "{'domain': 'A.b', 'ports': ['x']}") TAIL,
				   &told, &r),
			 -EINVAL);
	assert_int_equal(told.count, 5);
}

/* A parent that may be in a part that could not be read is not called missing. */
static void unread_parts_hide_no_parents(void **state)
{
	struct told told = {0};
	struct rules *r;

	(void)state;
	assert_int_equal(text_load(HEAD RULE("Q", "", ONE) "," RULE("r", ", 'parent': 'q'", ONE)
					   TAIL,
				   &told, &r),
			 -EINVAL);
	assert_int_equal(told.count, 1);
}

static void cycles_of_several_rules_are_told(void **state)
{
	struct told told = {0};
	struct rules *r;

	(void)state;
	assert_int_equal(text_load(HEAD RULE("a", ", 'parent': 'b'", ONE) "," //
				   RULE("b", ", 'parent': 'c'", ONE) ","      //
				   RULE("c", ", 'parent': 'a'", ONE) ","      //
				   RULE("d", ", 'parent': 'a'", ONE) TAIL,
				   &told, &r),
			 -EINVAL);
	assert_int_equal(told.count, 3); /* d only leads to the cycle */
	assert_string_equal(told.what, "the rule is among its own parents");
}

/* What a hostile file costs is bounded: one mistake each, and no more than 1,000 of them. */
static void mistakes_are_bounded(void **state)
{
	enum { ENTRIES = 20000 };
	CLEANUP_FREE char *text = malloc(64 + 3 * ENTRIES);
	struct told told = {0};
	struct rules *r;
	int len;

	(void)state;
	len = sprintf(text, "{\"format\":1,\"vendor\":\"a\",\"sources\":{},\"rules\":[1");
	for (int i = 1; i < ENTRIES; i++)
		len += sprintf(text + len, ",1");
	len += sprintf(text + len, "]}");
	assert_int_equal(rules_load_text("acme.json", text, (size_t)len, told_add, &told, &r),
			 -EINVAL);
	assert_int_equal(told.count, 1000);
}

static void large_files_are_refused(void **state)
{
	CLEANUP_FREE char *text = malloc(RULES_FILE_BYTES_MAX + 1);
	struct told told = {0};
	struct rules *r;

	(void)state;
	memset(text, ' ', RULES_FILE_BYTES_MAX + 1);
	assert_int_equal(rules_load_text("acme.json", text, RULES_FILE_BYTES_MAX + 1, told_add,
					 &told, &r),
			 -EINVAL);
	assert_int_equal(told.line, 0);
	assert_string_equal(told.what, "is larger than 256 KiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_text_loads),
		cmocka_unit_test(syntax_are_told),
		cmocka_unit_test(file_are_told),
		cmocka_unit_test(rule_are_told),
		cmocka_unit_test(domain_are_told),
		cmocka_unit_test(port_are_told),
		cmocka_unit_test(all_mistakes_of_a_file_are_told),
		cmocka_unit_test(unread_parts_hide_no_parents),
		cmocka_unit_test(cycles_of_several_rules_are_told),
		cmocka_unit_test(mistakes_are_bounded),
		cmocka_unit_test(large_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
