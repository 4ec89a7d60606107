// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables in the form of the paper's: a heading names the columns, each row is a domain and a port
 * of the device with that label. No protocol: a port is TCP and UDP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/field.h"
#include "rules/import_private.h"
#include "rules/ports.h"

#define COLUMNS_MAX 32

enum column { COLUMN_DOMAIN, COLUMN_LABEL, COLUMN_PORT, COLUMN_GROUP, COLUMN_COUNT };

static const struct {
	const char *name;
	bool needed;
} columns[] = {
	{"domain", true},
	{"detection_level", true},
	{"port", true},
	{"grouped_domain", false},
};
_Static_assert(sizeof(columns) / sizeof(*columns) == COLUMN_COUNT, "a name for each column");

struct table {
	struct import *im;
	uint32_t line;
	size_t width;
	int at[COLUMN_COUNT]; /* -1: not there */
};

/* The cell at *at, without its quotes; *at moves behind the comma, or becomes NULL. */
static char *cell_next(char **at)
{
	char *cell = *at, *in = cell, *out = cell;
	bool quoted = *in == '"';

	for (in += quoted; *in && (quoted || *in != ','); in++) {
		if (quoted && in[0] == '"' && in[1] == '"')
			in++;
		else if (quoted && in[0] == '"') {
			quoted = false;
			continue;
		}
		*out++ = *in;
	}
	*at = *in ? in + 1 : NULL;
	*out = '\0';
	return blanks_trim(cell);
}

static size_t cells_split(char *line, char *cells[static COLUMNS_MAX])
{
	size_t count = 0;

	while (line && count < COLUMNS_MAX)
		cells[count++] = cell_next(&line);
	return count;
}

static bool heading_read(struct table *t, char *line)
{
	char *cells[COLUMNS_MAX];
	bool complete = true;

	t->width = cells_split(line, cells);
	for (int c = 0; c < COLUMN_COUNT; c++) {
		t->at[c] = -1;
		for (size_t i = 0; i < t->width; i++)
			if (!strcmp(cells[i], columns[c].name))
				t->at[c] = (int)i;
		if (t->at[c] >= 0 || !columns[c].needed)
			continue;
		report_mistake(&t->im->report, t->line, "the heading has no column \"%s\"",
			       columns[c].name);
		complete = false;
	}
	return complete;
}

/* "443" or, as spreadsheets write it, "443.0". */
static int port_read(char *text, struct port_range *out)
{
	char *point = strchr(text, '.');

	if (point && point[1] && point[1 + strspn(point + 1, "0")] == '\0')
		*point = '\0';
	if (strspn(text, "0123456789") != strlen(text))
		return -1;
	return port_range_parse(text, out);
}

/* A label that ends in _cat stands for several products. */
static uint32_t label_rule(struct table *t, char *label)
{
	size_t len = strlen(label);
	char text[TEXT_MAX + 1];
	struct import_about about = {.label = label,
				     .vendor = text,
				     .id = text,
				     .name = text,
				     .level = LEVEL_PRODUCT,
				     .line = t->line};

	for (const char *p = label; *p; p++)
		if (*p < 0x20 || *p == 0x7f) /* beyond ASCII is below 0 or above 0x7f */
			len = 0;
	if (len == 0 || len > ID_MAX) {
		report_mistake(&t->im->report, t->line, "\"%s\" is no label", label);
		return RULE_NONE;
	}
	if (len > 4 && !strcmp(label + len - 4, "_cat")) {
		about.level = LEVEL_MANUFACTURER;
		len -= 4;
	}
	snprintf(text, sizeof(text), "%.*s", (int)len, label);
	return import_rule_get(t->im, &about);
}

/* Names of groups that are no domains hold within their table. */
static struct name *group_get(struct table *t, const char *text, const struct name *domain)
{
	char key[2 * TEXT_MAX], copy[DOMAIN_MAX + 1];
	size_t len = strlen(text);

	len -= len > 1 && text[len - 1] == '.';
	if (len == 0 || len > DOMAIN_MAX)
		return import_name(t->im, domain->text);
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	for (char *p = copy; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	if (!domain_fault(copy, len))
		return import_name(t->im, copy);
	snprintf(key, sizeof(key), "%u/%s", t->im->source_count, copy);
	return import_name(t->im, key);
}

static void row_read(struct table *t, char *line)
{
	struct import_fact fact = {.line = t->line};
	char *cells[COLUMNS_MAX];
	size_t count = cells_split(line, cells);
	bool port_good;

	if (count != t->width) {
		report_mistake(&t->im->report, t->line, "%zu columns where the heading has %zu",
			       count, t->width);
		return;
	}
	fact.rule = label_rule(t, cells[t->at[COLUMN_LABEL]]);
	fact.domain = import_domain(t->im, t->line, cells[t->at[COLUMN_DOMAIN]]);
	port_good = !port_read(cells[t->at[COLUMN_PORT]], &fact.port);
	if (!port_good)
		report_mistake(&t->im->report, t->line, "port \"%s\" is no number from 1 to 65535",
			       cells[t->at[COLUMN_PORT]]);
	if (fact.rule == RULE_NONE || !fact.domain || !port_good)
		return;
	fact.group = group_get(t, t->at[COLUMN_GROUP] < 0 ? "" : cells[t->at[COLUMN_GROUP]],
			       fact.domain);
	if (fact.group)
		import_fact_add(t->im, &fact);
}

void csv_read(struct import *im, char *text, size_t len)
{
	struct table t = {.im = im};
	char *at = text, *line;
	bool headed = false;

	while ((line = line_next(&at, text + len))) {
		t.line++;
		if (!line[strspn(line, " \t")])
			continue;
		if (headed)
			row_read(&t, line);
		else if (!heading_read(&t, line))
			return;
		headed = true;
	}
	if (!headed)
		report_mistake(&im->report, 0, "is empty");
}
