// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists of names: "name", "*.name", "0.0.0.0 name ..." of hosts files and "||name^" of ad blockers,
 * which is the name and all below it. # and ! begin comments.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "rules/field.h"
#include "rules/import_private.h"

struct list {
	struct import *im;
	uint32_t rule;
	uint32_t line;
};

static void name_add(const struct list *l, const char *text, const char *group)
{
	const struct import_options *o = l->im->options;
	struct import_fact fact = {.rule = l->rule, .line = l->line};
	char copy[DOMAIN_MAX + 16];

	snprintf(copy, sizeof(copy), "%s", text);
	fact.domain = import_domain(l->im, l->line, copy);
	if (!fact.domain)
		return;
	fact.group = import_name(l->im, group ? group : copy);
	for (uint32_t i = 0; fact.group && i < o->port_count; i++) {
		fact.port = o->ports[i];
		import_fact_add(l->im, &fact);
	}
}

/* "||name^": one unit of evidence, be it the name or one below it. */
static void zone_add(const struct list *l, const char *name)
{
	char zone[DOMAIN_MAX + 16], below[DOMAIN_MAX + 16];
	struct name *top;

	snprintf(zone, sizeof(zone), "%s", name);
	top = import_domain(l->im, l->line, zone);
	if (!top)
		return;
	name_add(l, top->text, top->text);
	snprintf(below, sizeof(below), "*.%s", top->text);
	if (top->len + 2 <= DOMAIN_MAX)
		name_add(l, below, top->text);
}

/* A rule of an ad blocker: all that names no zone is left out. */
static void filter_read(const struct list *l, char *text)
{
	size_t len = strlen(text);
	const char *why = NULL;

	if (!strncmp(text, "@@", 2))
		why = "an exception";
	else if (strchr(text, '$'))
		why = "has modifiers, it does not hold everywhere";
	else if (strncmp(text, "||", 2) != 0 || text[len - 1] != '^' || strpbrk(text + 2, "*/"))
		why = "a pattern, not a name";
	if (why) {
		import_drop(l->im, l->line, text, why);
		return;
	}
	text[len - 1] = '\0';
	zone_add(l, text + 2);
}

static bool is_address(const char *word)
{
	uint8_t address[16];

	return inet_pton(AF_INET, word, address) == 1 || inet_pton(AF_INET6, word, address) == 1;
}

static void line_read(const struct list *l, char *text)
{
	char *save = NULL, *word, *next;

	if (strstr(text, "##") || strstr(text, "#@#") || strstr(text, "#?#")) {
		import_drop(l->im, l->line, text, "hides parts of pages");
		return;
	}
	text[strcspn(text, "#")] = '\0';
	text = blanks_trim(text);
	if (!*text || *text == '!' || *text == '[')
		return;
	if (*text == '|' || *text == '@' || *text == '/' || strchr(text, '$')) {
		filter_read(l, text);
		return;
	}
	word = strtok_r(text, " \t", &save);
	next = strtok_r(NULL, " \t", &save);
	if (!next) {
		name_add(l, word, NULL);
		return;
	}
	if (!is_address(word)) {
		report_mistake(&l->im->report, l->line,
			       "\"%s %s\" is neither a name nor an "
			       "address and its names",
			       word, next);
		return;
	}
	for (; next; next = strtok_r(NULL, " \t", &save))
		name_add(l, next, NULL);
}

void list_read(struct import *im, char *text, size_t len)
{
	struct list l = {.im = im};
	char label[TEXT_MAX + 1], *at = text, *line;
	struct import_about about = {.label = label, .level = LEVEL_MANUFACTURER, .line = 1};

	path_label(im->sources[im->source_count - 1].path->text, label, sizeof(label));
	l.rule = import_rule_get(im, &about);
	while ((line = line_next(&at, text + len))) {
		l.line++;
		line_read(&l, line);
	}
}
