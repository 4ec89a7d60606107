// SPDX-License-Identifier: GPL-2.0-or-later
/* hayrake signatures list|check|import: the rules, and what is wrong with their files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "options.h"
#include "rules/print.h"
#include "rules/rules.h"

#define COLUMN_COUNT 9

struct check {
	bool json;
	uint32_t mistakes;
};

/* Numbers as text, and the strings of the rules. */
struct row {
	const char *cell[COLUMN_COUNT];
	char groups[12];
	char needed[12];
	char reach[16];
};

static const char *const headings[COLUMN_COUNT] = {
	"RULE", "NAME", "VENDOR", "LEVEL", "PARENT", "CONTEXT", "GROUPS", "NEEDED", "FOUND",
};
#define COLUMN_LEVEL 3
#define COLUMN_GROUPS 6 /* from here on to the right */

/* By enum rule_level, widest first. */
static const char *const level_colours[LEVEL_COUNT] = {"\033[35m", "\033[36m", "\033[32m"};

/* Columns a UTF-8 text takes, where each character takes one. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* How probably a device at rest is found: "-" when nobody measured its traffic. */
static void reach_print(char *out, size_t out_size, uint32_t p)
{
	if (p == REACH_UNKNOWN)
		snprintf(out, out_size, "-");
	else
		snprintf(out, out_size, "%s%u.%03u", p < REACH_EXPECTED ? "no: " : "", p / 1000,
			 p % 1000);
}

static void row_fill(struct row *row, const struct rules *r, uint32_t index,
		     const struct reach *reach)
{
	const struct rules_rule *rule = &r->rules[index];

	snprintf(row->groups, sizeof(row->groups), "%u", rule->group_count);
	snprintf(row->needed, sizeof(row->needed), "%u", rule_needed(rule, reach->threshold));
	reach_print(row->reach, sizeof(row->reach), reach_rule(r, index, reach));
	row->cell[0] = rule->id;
	row->cell[1] = rule->name;
	row->cell[2] = rule->vendor;
	row->cell[COLUMN_LEVEL] = rule_level_names[rule->level];
	row->cell[4] = rule->parent == RULE_NONE ? "-" : r->rules[rule->parent].id;
	row->cell[5] = rule_context_names[rule->context];
	row->cell[COLUMN_GROUPS] = row->groups;
	row->cell[7] = row->needed;
	row->cell[8] = row->reach;
}

/* colour: NULL for none; of the whole row without a level, else of the level's cell. */
static void row_print(const char *const cell[COLUMN_COUNT], const size_t width[COLUMN_COUNT],
		      const char *colour, int coloured_column)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		bool coloured = colour && (coloured_column < 0 || coloured_column == i);
		int pad = (int)(width[i] - text_width(cell[i]));
		bool right = i >= COLUMN_GROUPS;

		printf("%s%*s%s%s%s%*s", i ? "  " : "", right ? pad : 0, "",
		       coloured ? colour : "", cell[i], coloured ? "\033[0m" : "", right ? 0 : pad,
		       "");
	}
	putchar('\n');
}

static void list_print_table(const struct rules *r, const struct reach *reach)
{
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	size_t width[COLUMN_COUNT] = {0};
	struct row row;

	for (int c = 0; c < COLUMN_COUNT; c++)
		width[c] = text_width(headings[c]);
	for (uint32_t i = 0; i < r->rule_count; i++) {
		row_fill(&row, r, i, reach);
		for (int c = 0; c < COLUMN_COUNT; c++)
			if (text_width(row.cell[c]) > width[c])
				width[c] = text_width(row.cell[c]);
	}
	row_print(headings, width, colour ? "\033[1m" : NULL, -1);
	for (uint32_t i = 0; i < r->rule_count; i++) {
		row_fill(&row, r, i, reach);
		row_print(row.cell, width, colour ? level_colours[r->rules[i].level] : NULL,
			  COLUMN_LEVEL);
	}
}

static void mistake_tell(void *ctx, const char *file, uint32_t line, const char *what)
{
	struct check *check = ctx;

	check->mistakes++;
	if (line)
		fprintf(stderr, "%s:%u: %s\n", file, line, what);
	else
		fprintf(stderr, "%s: %s\n", file, what);
	if (check->json)
		rules_print_mistake(file, line, what, stdout);
}

static int list(const struct options *o)
{
	struct reach reach = {o->xdp.sample, o->threshold, o->window_s};
	struct check check = {0};
	struct rules *r;

	if (o->arg_count > 1) {
		log_error("signatures list takes no argument: '%s'", o->args[1]);
		return EXIT_USAGE;
	}
	if (rules_load(o->signatures, mistake_tell, &check, &r) < 0) {
		log_error("no rules from %s", o->signatures);
		return EXIT_FAILED;
	}
	if (!o->json)
		list_print_table(r, &reach);
	for (uint32_t i = 0; o->json && i < r->rule_count; i++)
		rules_print_rule(r, i, &reach, stdout);
	rules_free(r);
	return EXIT_DONE;
}

static int check(const struct options *o)
{
	char *dir = (char *)(uintptr_t)o->signatures; /* not written to */
	struct check check = {.json = o->json};
	struct rules *r = NULL;
	int rc;

	if (o->arg_count > 1)
		rc = rules_load_paths(o->args + 1, (size_t)o->arg_count - 1, mistake_tell, &check,
				      &r);
	else
		rc = rules_load_paths(&dir, 1, mistake_tell, &check, &r);
	if (rc < 0 && !check.mistakes)
		log_error("signatures cannot be checked: %s", strerror(-rc));
	else if (o->json)
		rules_print_summary(r, check.mistakes, stdout);
	else if (r)
		printf("%u files, %u rules, %u domains, no mistakes\n", r->file_count,
		       r->rule_count, r->domain_count);
	else
		printf("%u mistakes\n", check.mistakes);
	rules_free(r);
	return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

int cmd_signatures(const struct options *o)
{
	const char *what = o->arg_count > 0 ? o->args[0] : NULL;

	if (what && !strcmp(what, "list"))
		return list(o);
	if (what && !strcmp(what, "check"))
		return check(o);
	if (what && !strcmp(what, "import"))
		return cmd_import(o);
	if (what)
		log_error("signatures knows list, check and import, not '%s'", what);
	else
		log_error("signatures needs list, check or import");
	return EXIT_USAGE;
}
