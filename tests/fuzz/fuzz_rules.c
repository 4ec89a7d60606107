// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/draft.c user/rules/field.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/print.c user/rules/report.c user/rules/rules.c user/rules/reach.c user/base/bans.c */
/* Any text: no crash, mistakes or rules, and rules that hold together. Seeds: signatures/. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/print.h"
#include "rules/rules.h"

static void told_check(void *ctx, const char *file, uint32_t line, const char *what)
{
	const size_t *len = ctx;

	assert(line <= *len + 1);
	assert(*what && !strpbrk(what, "\n\033"));
	(void)file;
}

static void uses_check(const struct rules *r)
{
	for (uint32_t i = 0; i < r->use_count; i++) {
		const struct rules_use *use = &r->uses[i];

		assert(use->domain < r->domain_count && use->rule < r->rule_count);
		assert(use->port_count > 0 && use->port_count <= BACKEND_PORTS);
		assert(i == 0 || use[-1].domain <= use->domain);
		if (use->domain_class == CLASS_PRIMARY)
			assert(use->group < r->rules[use->rule].group_count);
	}
}

/* A domain is found by its name, and what a wildcard stands for by a name below it. */
static void domains_check(const struct rules *r)
{
	for (domain_id id = 0; id < r->domain_count; id++) {
		const char *name = r->domains[id].name;
		domain_id found[8];
		size_t count = rules_match(r, name, found, 8);

		assert(rules_find_domain(r, name) == id);
		assert(count > 0 && found[count - 1] == id);
		assert(r->domains[id].port_count > 0);
	}
}

static void rules_check(const struct rules *r, FILE *out)
{
	const struct reach reach = {.sampling = 1000, .seconds = 86400};

	assert(r->rule_count > 0);
	for (uint32_t i = 0; i < r->rule_count; i++) {
		const struct rules_rule *rule = &r->rules[i];
		uint32_t needed = rule_needed(rule, 0);

		assert(rules_find(r, rule->id) == i);
		assert(rule->parent == RULE_NONE || rule->parent < r->rule_count);
		assert(needed >= 1 && needed <= rule->group_count);
		rules_print_rule(r, i, &reach, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *out;
	struct rules *r = NULL;
	char *text = malloc(len + 1);

	if (!out)
		out = fopen("/dev/null", "w");
	memcpy(text, data, len);
	if (rules_load_text("fuzz.json", text, len, told_check, &len, &r) == 0) {
		rules_check(r, out);
		uses_check(r);
		domains_check(r);
		rules_free(r);
	} else {
		assert(!r);
	}
	free(text);
	return 0;
}
