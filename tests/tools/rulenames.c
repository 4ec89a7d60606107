// SPDX-License-Identifier: GPL-2.0-or-later
// sources: user/rules/*.c user/base/*.c
/*
 * rulenames DIR RULE...: one line "NAME:PORT/PROTO" for each primary domain group of the rules, so
 * that the lab's devices can behave as the signatures say. A "*.x" becomes "lab.x".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules.h"

static const struct rules_use *group_first(const struct rules *r, uint32_t rule, uint32_t group)
{
	uint32_t i;

	for (i = 0; i < r->use_count; i++) {
		const struct rules_use *u = &r->uses[i];

		if (u->rule == rule && u->group == group && u->domain_class == CLASS_PRIMARY &&
		    u->port_count)
			return u;
	}
	return NULL;
}

static void rule_print(const struct rules *r, uint32_t rule)
{
	uint32_t group;

	for (group = 0; group < r->rules[rule].group_count; group++) {
		const struct rules_use *u = group_first(r, rule, group);
		const char *name = u ? r->domains[u->domain].name : NULL;

		if (!u)
			continue;
		printf("%s%s:%u/%s\n", *name == '*' ? "lab" : "", *name == '*' ? name + 1 : name,
		       u->ports[0].lo, u->ports[0].protos & PORT_TCP ? "tcp" : "udp");
	}
}

static void mistake_print(void *ctx, const char *file, uint32_t line, const char *what)
{
	(void)ctx;
	fprintf(stderr, "%s:%u: %s\n", file, line, what);
}

int main(int argc, char **argv)
{
	struct rules *r = NULL;
	int i;

	if (argc < 3) {
		fputs("usage: rulenames DIR RULE...\n", stderr);
		return 2;
	}
	if (rules_load(argv[1], mistake_print, NULL, &r)) {
		fprintf(stderr, "rulenames: %s: no usable signatures\n", argv[1]);
		return 1;
	}
	for (i = 2; i < argc; i++) {
		uint32_t rule = rules_find(r, argv[i]);

		if (rule == RULE_NONE) {
			fprintf(stderr, "rulenames: no rule %s\n", argv[i]);
			rules_free(r);
			return 1;
		}
		rule_print(r, rule);
	}
	rules_free(r);
	return 0;
}
