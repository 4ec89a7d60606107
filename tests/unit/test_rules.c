// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/draft.c user/rules/field.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c */
/* A loaded set: rules, domains, uses, name matching; files and directories. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "rules/rules.h"

DEFINE_CLEANUP(rules_free, struct rules *)

/* Two rules of one vendor; ' stands for ". */
static const char acme_text[] =
	"{'format': 1, 'vendor': 'Acme', 'sources': {'s': {'citation': 'a paper', 'date': "
	"'2020'}},\n"
	" 'rules': [\n"
	"  {'rule': 'acme-hub', 'name': 'Acme hub', 'level': 'manufacturer', 'source': 's',\n"
	"   'threshold': 0.5, 'domains': [\n"
	"    {'domain': 'api.acme.com', 'ports': ['443', 'udp/444']},\n"
	"    {'domain': 'eu.acme.com', 'ports': ['80'], 'group': 'cloud', 'idle_packets': 40},\n"
	"    {'domain': 'us.acme.com', 'ports': ['81'], 'group': 'cloud', 'idle_packets': 2},\n"
	"    {'domain': '*.home.acme.com', 'ports': ['tcp/9543'], 'idle_packets': 0},\n"
	"    {'domain': 'ntp.example.net', 'ports': ['udp/123'], 'class': 'generic'}]},\n"
	"  {'rule': 'acme-lamp', 'name': 'Acme lamp', 'level': 'product', 'source': 's',\n"
	"   'parent': 'acme-hub', 'usage': {'packets_per_hour': 4294967295}, 'domains': [\n"
	"    {'domain': 'lamp.acme.com', 'ports': ['443']},\n"
	"    {'domain': 'x.y.home.acme.com', 'ports': ['443']},\n"
	"    {'domain': 'api.acme.com', 'ports': ['8080']}]}]}\n";

static void mistake_fail(void *ctx, const char *file, uint32_t line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%u: %s", file, line, what);
}

static char *text_quote(const char *text)
{
	char *quoted = strdup(text);

	for (char *p = quoted; *p; p++)
		if (*p == '\'')
			*p = '"';
	return quoted;
}

static struct rules *acme_load(void)
{
	CLEANUP_FREE char *text = text_quote(acme_text);
	struct rules *r = NULL;

	assert_int_equal(rules_load_text("acme.json", text, strlen(text), mistake_fail, NULL, &r),
			 0);
	return r;
}

static void rules_are_read(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	const struct rules_rule *hub = &r->rules[rules_find(r, "acme-hub")];
	const struct rules_rule *lamp = &r->rules[rules_find(r, "acme-lamp")];

	(void)state;
	assert_int_equal(r->rule_count, 2);
	assert_string_equal(hub->name, "Acme hub");
	assert_string_equal(hub->vendor, "Acme");
	assert_ptr_equal(hub->vendor, lamp->vendor);
	assert_string_equal(hub->file, "acme.json");
	assert_int_equal(hub->line, 3);
	assert_int_equal(hub->level, LEVEL_MANUFACTURER);
	assert_int_equal(hub->parent, RULE_NONE);
	assert_int_equal(hub->threshold, 500);
	assert_int_equal(lamp->parent, rules_find(r, "acme-hub"));
	assert_int_equal(lamp->threshold, 0);
	assert_int_equal(lamp->usage_packets, UINT32_MAX);
	assert_string_equal(lamp->usage_source, "a paper (2020)");
	assert_int_equal(hub->usage_packets, 0);
	assert_int_equal(rules_find(r, "acme"), RULE_NONE);
	assert_int_equal(rules_find(r, "api.acme.com"), RULE_NONE);
}

/* Domains of one group are one unit, generic ones none. */
static void groups_are_counted(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	const struct rules_rule *hub = &r->rules[rules_find(r, "acme-hub")];
	const struct rules_domain *eu = &r->domains[rules_find_domain(r, "eu.acme.com")];
	const struct rules_domain *us = &r->domains[rules_find_domain(r, "us.acme.com")];

	(void)state;
	assert_int_equal(hub->group_count, 3);
	assert_int_equal(eu->use_count, 1);
	assert_int_equal(r->uses[eu->use_first].group, r->uses[us->use_first].group);
	assert_string_equal(hub->group_names[r->uses[eu->use_first].group], "cloud");
}

/* A group's packets are those of its domains; 0 is not unknown. */
static void idle_packets_are_summed(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	const struct rules_rule *hub = &r->rules[rules_find(r, "acme-hub")];
	const struct rules_rule *lamp = &r->rules[rules_find(r, "acme-lamp")];

	(void)state;
	for (uint32_t g = 0; g < hub->group_count; g++) {
		uint32_t want = !strcmp(hub->group_names[g], "cloud")	     ? 42
				: !strcmp(hub->group_names[g], "*.home.acme.com") ? 0
									       : IDLE_UNKNOWN;

		assert_int_equal(hub->group_idle[g], want);
	}
	for (uint32_t g = 0; g < lamp->group_count; g++)
		assert_int_equal(lamp->group_idle[g], IDLE_UNKNOWN);
}

static void uses_are_sorted_by_domain(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(r->domain_count, 7);
	assert_int_equal(r->use_count, 8);
	for (domain_id id = 0; id < r->domain_count; id++) {
		assert_int_equal(r->domains[id].use_first, seen);
		for (uint32_t i = 0; i < r->domains[id].use_count; i++)
			assert_int_equal(r->uses[seen + i].domain, id);
		seen += r->domains[id].use_count;
	}
	assert_int_equal(seen, r->use_count);
	assert_string_equal(r->uses[0].source, "a paper (2020)");
}

/* A domain has the ports of all rules, a use its own. */
static void ports_are_joined(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	const struct rules_domain *api = &r->domains[rules_find_domain(r, "api.acme.com")];
	const struct rules_use *hub = &r->uses[api->use_first], *lamp = hub + 1;

	(void)state;
	assert_int_equal(api->use_count, 2);
	assert_int_equal(api->port_count, 3);
	assert_int_equal(api->ports[2].lo, 8080);
	assert_true(rules_use_has_port(hub, 443, IPPROTO_TCP));
	assert_true(rules_use_has_port(hub, 443, IPPROTO_UDP));
	assert_true(rules_use_has_port(hub, 444, IPPROTO_UDP));
	assert_false(rules_use_has_port(hub, 444, IPPROTO_TCP));
	assert_false(rules_use_has_port(hub, 443, IPPROTO_SCTP));
	assert_false(rules_use_has_port(hub, 8080, IPPROTO_TCP));
	assert_true(rules_use_has_port(lamp, 8080, IPPROTO_TCP));
	assert_false(rules_use_has_port(lamp, 443, IPPROTO_TCP));
}

struct match_case {
	const char *name;
	const char *matches[3]; /* the widest first */
};

static const struct match_case match_cases[] = {
	{"api.acme.com", {"api.acme.com"}},
	{"API.Acme.COM", {"api.acme.com"}},
	{"api.acme.com.", {"api.acme.com"}},
	{"xapi.acme.com", {0}},
	{"x.api.acme.com", {0}},
	{"acme.com", {0}},
	{"com", {0}},
	{"", {0}},
	{".", {0}},
	{"home.acme.com", {0}},
	{".home.acme.com", {0}},
	{"xhome.acme.com", {0}},
	{"a.home.acme.com", {"*.home.acme.com"}},
	{"a.b.home.acme.com", {"*.home.acme.com"}},
	{"x.y.home.acme.com", {"*.home.acme.com", "x.y.home.acme.com"}},
	{"*.home.acme.com", {"*.home.acme.com"}},
	{"a.home.acme.com.evil.org", {0}},
	{"a\\046home.acme.com", {0}},
	{"ntp.example.net", {"ntp.example.net"}},
	{"Acme", {0}},     /* a vendor is no domain */
	{"acme-hub", {0}}, /* nor is a rule */
};

static void names_match_their_domains(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();

	(void)state;
	for (size_t i = 0; i < sizeof(match_cases) / sizeof(match_cases[0]); i++) {
		const struct match_case *c = &match_cases[i];
		domain_id out[3] = {0};
		size_t count = rules_match(r, c->name, out, 3), wanted = 0;

		for (; wanted < 3 && c->matches[wanted]; wanted++)
			if (wanted < count)
				assert_string_equal(r->domains[out[wanted]].name,
						    c->matches[wanted]);
		if (count != wanted)
			fail_msg("%s: %zu matches", c->name, count);
	}
}

static void closest_match_stays_when_room_is_short(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	domain_id out[1] = {0};

	(void)state;
	assert_int_equal(rules_match(r, "x.y.home.acme.com", out, 1), 1);
	assert_string_equal(r->domains[out[0]].name, "x.y.home.acme.com");
	assert_int_equal(rules_match(r, "x.y.home.acme.com", out, 0), 0);
}

static void long_names_match_nothing(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = acme_load();
	static const char tail[] = ".home.acme.com";
	char name[NAME_TEXT_MAX + 64];
	domain_id out[3];

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name + NAME_TEXT_MAX - strlen(tail), tail, sizeof(tail));
	assert_int_equal(rules_match(r, name, out, 3), 1);
	memset(name, 'a', sizeof(name));
	memcpy(name + NAME_TEXT_MAX + 1 - strlen(tail), tail, sizeof(tail));
	assert_int_equal(rules_match(r, name, out, 3), 0);
}

static void needed_follows_threshold(void **state)
{
	struct rules_rule rule = {.group_count = 5};

	(void)state;
	assert_int_equal(rule_needed(&rule, 0), 2);
	assert_int_equal(rule_needed(&rule, 1000), 5);
	assert_int_equal(rule_needed(&rule, 1), 1);
	rule.threshold = 600;
	assert_int_equal(rule_needed(&rule, 0), 3);
	assert_int_equal(rule_needed(&rule, 200), 1);
	rule.group_count = 58;
	rule.threshold = 0;
	assert_int_equal(rule_needed(&rule, 0), 23);
}

static void file_write(const char *dir, const char *file, const char *text)
{
	CLEANUP_FREE char *path = NULL, *quoted = text_quote(text);
	CLEANUP_FILE FILE *f = NULL;

	assert_true(asprintf(&path, "%s/%s", dir, file) > 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(quoted, f) >= 0);
}

#define VENDOR(vendor, rule, more)                                                                \
	"{'format': 1, 'vendor': '" vendor "',\n"                                                 \
	"'sources': {'s': {'citation': 'c', 'date': '2020'}}, 'rules': [\n"                       \
	"{'rule': '" rule "', 'name': 'N', 'level': 'product', 'source': 's'" more                \
	", 'domains': [{'domain': 'a.example.com', 'ports': ['1']}]}]}\n"

static int directory_make(void **state)
{
	char *dir = strdup("/tmp/hayrake-rules-XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static int directory_remove(void **state)
{
	CLEANUP_FREE char *dir = *state, *command = NULL;

	if (asprintf(&command, "rm -r '%s'", dir) < 0)
		return -1;
	return system(command);
}

struct told {
	uint32_t count;
	char last[512];
};

static void told_add(void *ctx, const char *file, uint32_t line, const char *what)
{
	struct told *told = ctx;

	told->count++;
	snprintf(told->last, sizeof(told->last), "%s:%u: %s", strrchr(file, '/') + 1, line, what);
}

static void directories_are_read_by_name(void **state)
{
	CLEANUP(rules_free_ptr) struct rules *r = NULL;

	file_write(*state, "b.json", VENDOR("B", "b-rule", ""));
	file_write(*state, "d.json", VENDOR("D", "d-rule", ""));
	file_write(*state, "a.json", VENDOR("A", "a-rule", ", 'parent': 'b-rule'"));
	file_write(*state, "e.json", VENDOR("E", "e-rule", ""));
	file_write(*state, "c.json", VENDOR("C", "c-rule", ""));
	file_write(*state, ".hidden.json", "no JSON");
	file_write(*state, "a.json.bak", "no JSON");
	assert_int_equal(rules_load(*state, mistake_fail, NULL, &r), 0);
	assert_int_equal(r->file_count, 5);
	assert_int_equal(r->rule_count, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(r->rules[i].id[0], "abcde"[i]);
	assert_string_equal(r->rules[r->rules[0].parent].id, "b-rule");
	assert_string_equal(r->domains[0].vendor, "A");
}

static void mistakes_name_their_file(void **state)
{
	struct rules untouched, *r = &untouched;
	struct told told = {0};

	file_write(*state, "a.json", VENDOR("A", "a-rule", ""));
	file_write(*state, "b.json", VENDOR("B", "a-rule", ""));
	assert_int_equal(rules_load(*state, told_add, &told, &r), -EINVAL);
	assert_int_equal(told.count, 1);
	assert_non_null(strstr(told.last, "b.json:3: rule \"a-rule\" is already in "));
	assert_ptr_equal(r, &untouched);

	told.count = 0;
	file_write(*state, "b.json", VENDOR("A", "b-rule", ""));
	assert_int_equal(rules_load(*state, told_add, &told, &r), -EINVAL);
	assert_int_equal(told.count, 1);
	assert_non_null(strstr(told.last, "b.json:1: vendor \"A\" already has the file "));
}

static void what_cannot_be_read_is_told(void **state)
{
	CLEANUP_FREE char *path = NULL;
	struct told told = {0};
	struct rules *r = NULL;

	assert_int_equal(rules_load(*state, told_add, &told, &r), -ENOENT);
	assert_non_null(strstr(told.last, ":0: no signature file (*.json) is in it"));
	assert_true(asprintf(&path, "%s/fifo.json", (char *)*state) > 0);
	assert_int_equal(rules_load(path, told_add, &told, &r), -ENOENT);
	assert_string_equal(told.last, "fifo.json:0: cannot be read: No such file or directory");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rules_load(*state, told_add, &told, &r), -EINVAL);
	assert_string_equal(told.last, "fifo.json:1: not valid JSON: the text ends too early");
	assert_int_equal(told.count, 3);
	assert_null(r);
}

static void large_files_are_told(void **state)
{
	CLEANUP_FREE char *text = malloc(RULES_FILE_BYTES_MAX + 2);
	struct told told = {0};
	struct rules *r = NULL;

	memset(text, ' ', RULES_FILE_BYTES_MAX + 1);
	text[RULES_FILE_BYTES_MAX + 1] = '\0';
	file_write(*state, "big.json", text);
	assert_int_equal(rules_load(*state, told_add, &told, &r), -EINVAL);
	assert_string_equal(told.last, "big.json:0: is larger than 256 KiB");
}

#define DIRECTORY_TEST(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(groups_are_counted),
		cmocka_unit_test(idle_packets_are_summed),
		cmocka_unit_test(uses_are_sorted_by_domain),
		cmocka_unit_test(ports_are_joined),
		cmocka_unit_test(names_match_their_domains),
		cmocka_unit_test(closest_match_stays_when_room_is_short),
		cmocka_unit_test(long_names_match_nothing),
		cmocka_unit_test(needed_follows_threshold),
		DIRECTORY_TEST(directories_are_read_by_name),
		DIRECTORY_TEST(mistakes_name_their_file),
		DIRECTORY_TEST(large_files_are_told),
		DIRECTORY_TEST(what_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
