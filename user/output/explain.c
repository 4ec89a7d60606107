// SPDX-License-Identifier: GPL-2.0-or-later
/* One explanation as text: verdict, groups seen and not, every contact. */
#include <inttypes.h>
#include <string.h>

#include "output/escape.h"
#include "output/output_private.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define INDENT 2
#define LINE_WIDTH 96
#define REACH_EXPECTED 0.05 /* with less a rule cannot be expected to fire */

static const struct grid_column contact_columns[] = {
	{"DOMAIN", 0, false, GRID_PLAIN},      {"ADDRESS", 0, false, GRID_PLAIN},
	{"PORT", 0, true, GRID_PLAIN},         {"PROTO", 0, false, GRID_PLAIN},
	{"PACKETS", 0, true, GRID_PLAIN},      {"BYTES", 0, true, GRID_PLAIN},
	{"FIRST (UTC)", 0, false, GRID_PLAIN}, {"LAST (UTC)", 0, false, GRID_PLAIN},
	{"KNOWN BY", 0, false, GRID_PLAIN},    {"COUNTS FOR", 0, false, GRID_PLAIN},
};
static const struct cell contact_cells[] = {
	{"domain", CELL_TEXT}, {"address", CELL_TEXT},   {"port", CELL_NUMBER},
	{"proto", CELL_TEXT},  {"packets", CELL_NUMBER}, {"bytes", CELL_SIZE},
	{"first", CELL_TIME},  {"last", CELL_TIME},      {"via", CELL_TEXT},
	{"group", CELL_TEXT},
};
_Static_assert(LENGTH(contact_columns) == LENGTH(contact_cells), "a cell for each column");

static void safe_print(struct output *o, const char *text)
{
	char safe[GRID_CELL_MAX * ESCAPE_MAX];

	fputs(escape_terminal(text, safe, sizeof(safe)), o->look.out);
}

/* " (one of 2, by addresses)" behind a group that regrouping made of several; its width. */
static size_t members_print(struct output *o, struct json_object *group)
{
	struct json_object *members = member_list(group, "members");

	if (!members)
		return 0;
	return (size_t)fprintf(o->look.out, " (%zu in one, by %s)",
			       json_object_array_length(members), member_text(group, "why"));
}

/* The names of the groups that were, or were not, seen, broken into lines. */
static void groups_print(struct output *o, struct json_object *groups, bool seen)
{
	static const char *const titles[] = {"not seen  ", "seen      "};
	size_t at = 0;

	for (size_t i = 0; groups && i < json_object_array_length(groups); i++) {
		struct json_object *group = json_object_array_get_idx(groups, i);
		const char *name = member_text(group, "name");

		if (member_true(group, "seen") != seen)
			continue;
		if (!at)
			at = (size_t)fprintf(o->look.out, "%*s%s", INDENT, "", titles[seen]);
		else if (at + escape_width(name) > LINE_WIDTH)
			at = (size_t)fprintf(o->look.out, ",\n%*s", INDENT + 10, "") - 2;
		else
			at += (size_t)fprintf(o->look.out, ", ");
		safe_print(o, name);
		at += escape_width(name) + members_print(o, group);
		if (seen)
			at += (size_t)fprintf(o->look.out, " (x%.3g)",
					      member_double(group, "factor"));
	}
	if (at)
		fputc('\n', o->look.out);
}

static void contacts_print(struct output *o, struct json_object *contacts)
{
	struct grid *g = grid_new(contact_columns, LENGTH(contact_columns));
	struct grid_look look = o->look;
	char cells[GRID_COLUMNS_MAX][GRID_CELL_MAX];
	size_t count = contacts ? json_object_array_length(contacts) : 0;

	for (size_t i = 0; g && i < count; i++) {
		struct json_object *contact = json_object_array_get_idx(contacts, i);

		for (size_t c = 0; c < LENGTH(contact_cells); c++)
			cell_fill(contact, &contact_cells[c], cells[c]);
		if (!member_true(contact, "counted"))
			snprintf(cells[LENGTH(contact_cells) - 1], GRID_CELL_MAX, "nothing: %s",
				 member_text(contact, "why_not"));
		grid_add(g, cells);
	}
	look.indent = INDENT;
	if (g && count)
		grid_print(g, &look);
	grid_free(g);
}

static void name_print(struct output *o, bool first, const char *title, const char *name)
{
	fprintf(o->look.out, "%s%s", first ? "  called    " : ", ", title);
	safe_print(o, name);
}

void labels_print(struct output *o, struct json_object *row)
{
	static const char *const keys[] = {"user", "host", "mdns", "mac_vendor"};
	static const char *const titles[] = {"", "DHCP ", "mDNS ", "MAC vendor "};
	struct json_object *labels = json_object_object_get(row, "labels");
	bool first = true;

	for (size_t i = 0; i < LENGTH(keys); i++) {
		if (member_is_null(labels, keys[i]))
			continue;
		name_print(o, first, titles[i], member_text(labels, keys[i]));
		first = false;
	}
	if (member_true(labels, "mac_random")) {
		name_print(o, first, "", "random MAC");
		first = false;
	}
	if (!first)
		fputc('\n', o->look.out);
}

/* "detected since ... ", "detected, no longer complete", "not detected". */
static const char *verdict(struct json_object *row)
{
	if (member_true(row, "suppressed"))
		return member_true(row, "fires") || !member_is_null(row, "detected") ?
			       "suppressed: a user said that it is not" :
			       "not detected, and a user said that it is not";
	if (member_true(row, "fires"))
		return "detected";
	if (!member_is_null(row, "detected"))
		return "was detected, and part of the evidence has left the window";
	if (member_number(row, "seen") >= member_number(row, "needed"))
		return "not detected: its parent is missing";
	return "not detected: too few domain groups";
}

static void since_print(struct output *o, struct json_object *row)
{
	static const struct cell cells[] = {
		{"detected", CELL_TIME},
		{"first_evidence", CELL_TIME},
		{"last_evidence", CELL_TIME},
	};
	static const char *const titles[] = {"detected", "evidence from", "to"};

	fprintf(o->look.out, "%*s", INDENT, "");
	for (size_t i = 0; i < LENGTH(cells); i++) {
		char text[GRID_CELL_MAX];

		if (member_is_null(row, cells[i].key))
			continue;
		cell_fill(row, &cells[i], text);
		fprintf(o->look.out, "%s %s%s", titles[i], text, i ? " " : ", ");
	}
	fputs("(UTC)\n", o->look.out);
}

static void head_print(struct output *o, struct json_object *row)
{
	bool good = member_true(row, "fires") && !member_true(row, "suppressed");
	enum grid_style style = good ? GRID_GOOD : GRID_BOLD;
	char addresses[GRID_CELL_MAX];

	cell_fill(row, &(struct cell){"addresses", CELL_LIST}, addresses);
	fputs(grid_code(&o->look, style), o->look.out);
	safe_print(o, member_text(row, "name"));
	fputs(grid_code(&o->look, GRID_PLAIN), o->look.out);
	fprintf(o->look.out, " on %s (%s): %s\n", member_text(row, "subject"), addresses,
		verdict(row));
	fprintf(o->look.out, "%*srule %s, %s, vendor ", INDENT, "", member_text(row, "rule"),
		member_text(row, "level"));
	safe_print(o, member_text(row, "vendor"));
	if (!strcmp(member_text(row, "context"), via_names[VIA_CLIENT_DNS]))
		fprintf(o->look.out, ", only by the subject's own DNS answers");
	if (!member_is_null(row, "parent"))
		fprintf(o->look.out, ", needs %s, which is %s", member_text(row, "parent"),
			member_true(row, "parent_fires") ? "detected" : "not detected");
	fprintf(o->look.out,
		"\n%*s%" PRIu64 " of %" PRIu64 " domain groups seen, %" PRIu64 " needed\n", INDENT,
		"", member_number(row, "seen"), member_number(row, "of"),
		member_number(row, "needed"));
}

static void coverage_print(struct output *o, struct json_object *row)
{
	if (strcmp(member_text(row, "dns"), "encrypted") == 0)
		fprintf(o->look.out,
			"%*sasks over encrypted DNS: names asked there are not seen, "
			"and evidence may be missing\n",
			INDENT, "");
}

static void confidence_print(struct output *o, struct json_object *row)
{
	static const struct cell cells[] = {
		{"confidence", CELL_SHARE}, {"prior", CELL_SHARE},     {"look_alike", CELL_SHARE},
		{"visible", CELL_SHARE},    {"reachable", CELL_SHARE},
	};
	char text[LENGTH(cells)][GRID_CELL_MAX];

	for (size_t i = 0; i < LENGTH(cells); i++)
		cell_fill(row, &cells[i], text[i]);
	fprintf(o->look.out,
		"%*sconfidence %s: %s before any contact, %s that it is something like it;\n"
		"%*sa group that a device uses would have been seen by now with %s\n",
		INDENT, "", text[0], text[1], text[2], INDENT, "", text[3]);
	if (!member_is_null(row, "reachable"))
		fprintf(o->look.out, "%*sa device at rest is found within the window with %s%s\n",
			INDENT, "", text[4],
			member_double(row, "reachable") < REACH_EXPECTED
				? ": it cannot be expected at this sampling rate"
				: "");
}

void explanation_print(struct output *o, struct json_object *row)
{
	head_print(o, row);
	labels_print(o, row);
	coverage_print(o, row);
	if (!member_is_null(row, "first_evidence"))
		since_print(o, row);
	confidence_print(o, row);
	groups_print(o, member_list(row, "groups"), true);
	groups_print(o, member_list(row, "groups"), false);
	contacts_print(o, member_list(row, "evidence"));
}
