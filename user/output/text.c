// SPDX-License-Identifier: GPL-2.0-or-later
/* For people: a line for each detection as it comes, tables for everything else. */
#include <inttypes.h>
#include <string.h>

#include "output/output_private.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* How rows of one event look: a table, or a function for each row. */
struct view {
	const char *event;
	size_t count;
	const struct grid_column *columns;
	const struct cell *cells;
	void (*print)(struct output *o, struct json_object *row);
};

static const struct grid_column detection_columns[] = {
	{"TIME (UTC)", 19, false, GRID_PLAIN},   {"DEVICE", 26, false, GRID_GOOD},
	{"LEVEL", 12, false, GRID_PLAIN},        {"SUBJECT", 21, false, GRID_PLAIN},
	{"ADDRESSES", 15, false, GRID_PLAIN},    {"LABEL", 16, false, GRID_PLAIN},
	{"SEEN", 5, true, GRID_PLAIN},           {"CONF", 5, true, GRID_PLAIN},
	{"DOMAIN GROUPS", 0, false, GRID_PLAIN},
};
static const struct cell detection_cells[] = {
	{"time", CELL_TIME},       {"name", CELL_TEXT},      {"level", CELL_TEXT},
	{"subject", CELL_TEXT},    {"addresses", CELL_LIST}, {"labels", CELL_LABEL},
	{"seen", CELL_SEEN},       {"confidence", CELL_SHARE},
	{"evidence", CELL_GROUPS},
};
_Static_assert(LENGTH(detection_columns) == LENGTH(detection_cells), "a cell for each column");

/* In the columns of detections, of which it has not all. */
static const struct cell usage_cells[] = {
	{"time", CELL_TIME},    {"name", CELL_TEXT},      {"level", CELL_TEXT},
	{"subject", CELL_TEXT}, {"addresses", CELL_LIST}, {"labels", CELL_LABEL},
	{"seen", CELL_TEXT},    {"confidence", CELL_SHARE}, {"usage", CELL_USAGE},
};
_Static_assert(LENGTH(detection_columns) == LENGTH(usage_cells), "a cell for each column");

static const struct grid_column subject_columns[] = {
	{"SUBJECT", 0, false, GRID_PLAIN},    {"ADDRESSES", 0, false, GRID_PLAIN},
	{"LABEL", 0, false, GRID_PLAIN},      {"DEVICE", 0, false, GRID_GOOD},
	{"DOMAINS", 0, true, GRID_PLAIN},     {"PACKETS", 0, true, GRID_PLAIN},
	{"BYTES", 0, true, GRID_PLAIN},       {"FIRST (UTC)", 0, false, GRID_PLAIN},
	{"LAST (UTC)", 0, false, GRID_PLAIN}, {"DNS", 0, false, GRID_PLAIN},
	{"IN USE (UTC)", 0, false, GRID_PLAIN},
};
static const struct cell subject_cells[] = {
	{"subject", CELL_TEXT},  {"addresses", CELL_LIST}, {"labels", CELL_LABEL},
	{"devices", CELL_LIST},  {"domains", CELL_NUMBER}, {"packets", CELL_NUMBER},
	{"bytes", CELL_SIZE},    {"first", CELL_TIME},     {"last", CELL_TIME},
	{"dns", CELL_TEXT},      {"usage", CELL_USAGE},
};
_Static_assert(LENGTH(subject_columns) == LENGTH(subject_cells), "a cell for each column");

static const struct grid_column backend_columns[] = {
	{"ADDRESS", 0, false, GRID_PLAIN},           {"STATE", 0, false, GRID_PLAIN},
	{"SINCE (UTC)", 0, false, GRID_PLAIN},       {"KNOWN BY", 0, false, GRID_PLAIN},
	{"DOMAINS", 0, false, GRID_PLAIN},           {"SHARED WITH", 0, false, GRID_PLAIN},
	{"LAST ANSWER (UTC)", 0, false, GRID_PLAIN}, {"LAST USED (UTC)", 0, false, GRID_PLAIN},
	{"EXPIRES (UTC)", 0, false, GRID_PLAIN},
};
static const struct cell backend_cells[] = {
	{"address", CELL_TEXT},     {"state", CELL_TEXT},       {"since", CELL_TIME},
	{"sources", CELL_LIST},     {"domains", CELL_LIST},     {"shared_with", CELL_TEXT},
	{"last_answer", CELL_TIME}, {"last_used", CELL_TIME},   {"expires", CELL_TIME},
};
_Static_assert(LENGTH(backend_columns) == LENGTH(backend_cells), "a cell for each column");

static const struct grid_column point_columns[] = {
	{"INTERFACE", 0, false, GRID_BOLD},       {"ROLE", 0, false, GRID_PLAIN},
	{"MODE", 0, false, GRID_PLAIN},           {"BLIND", 0, false, GRID_PLAIN},
	{"WHY NOT BETTER", 0, false, GRID_PLAIN},
};
static const struct cell point_cells[] = {
	{"interface", CELL_TEXT}, {"role", CELL_TEXT},   {"mode", CELL_TEXT},
	{"blind", CELL_TEXT},     {"reason", CELL_TEXT},
};
_Static_assert(LENGTH(point_columns) == LENGTH(point_cells), "a cell for each column");

static const struct grid_column map_columns[] = {
	{"MAP", 0, false, GRID_PLAIN},
	{"USED", 0, true, GRID_PLAIN},
	{"MAX", 0, true, GRID_PLAIN},
	{"MEMORY", 0, true, GRID_PLAIN},
};
static const struct cell map_cells[] = {
	{"name", CELL_TEXT},
	{"used", CELL_NUMBER},
	{"max", CELL_NUMBER},
	{"bytes", CELL_SIZE},
};
_Static_assert(LENGTH(map_columns) == LENGTH(map_cells), "a cell for each column");

static const struct grid_column counter_columns[] = {
	{"COUNTER", 0, false, GRID_PLAIN},
	{"VALUE", 0, true, GRID_PLAIN},
};
static const struct cell counter_cells[] = {{"name", CELL_TEXT}, {"value", CELL_NUMBER}};
_Static_assert(LENGTH(counter_columns) == LENGTH(counter_cells), "a cell for each column");

static const struct grid_column label_columns[] = {
	{"SUBJECT", 0, false, GRID_PLAIN},
	{"LABEL", 0, false, GRID_PLAIN},
	{"IS NOT", 0, false, GRID_PLAIN},
};
static const struct cell label_cells[] = {
	{"subject", CELL_TEXT},
	{"label", CELL_TEXT},
	{"not", CELL_LIST},
};
_Static_assert(LENGTH(label_columns) == LENGTH(label_cells), "a cell for each column");

static void stats_print(struct output *o, struct json_object *row)
{
	static const struct cell cells[] = {
		{"source", CELL_TEXT},     {"time", CELL_TIME},       {"uptime", CELL_NUMBER},
		{"sampling", CELL_NUMBER}, {"rules", CELL_NUMBER},    {"backends", CELL_NUMBER},
		{"subjects", CELL_NUMBER}, {"evidence", CELL_NUMBER}, {"detections", CELL_NUMBER},
		{"dns_plain", CELL_NUMBER}, {"dns_encrypted", CELL_NUMBER},
	};
	static const char *const titles[] = {
		"source",   "time (UTC)", "uptime (s)",    "sampling 1 in", "rules",
		"backends", "subjects",   "evidence rows", "detections",
		"plain DNS", "encrypted DNS",
	};
	_Static_assert(LENGTH(cells) == LENGTH(titles), "a title for each cell");

	for (size_t i = 0; i < LENGTH(cells); i++) {
		char text[GRID_CELL_MAX];

		cell_fill(row, &cells[i], text);
		fprintf(o->look.out, "%-14s %s\n", titles[i], text);
	}
}

static void unknown_print(struct output *o, struct json_object *row)
{
	char addresses[GRID_CELL_MAX];

	cell_fill(row, &(struct cell){"addresses", CELL_LIST}, addresses);
	fprintf(o->look.out, "%s (%s) is unknown: no rule knows what it contacted\n",
		member_text(row, "subject"), addresses);
	labels_print(o, row);
}

#define TABLE(name) LENGTH(name##_columns), name##_columns, name##_cells, NULL
static const struct view views[] = {
	{"detection", TABLE(detection)},
	{"subject", TABLE(subject)},
	{"backend", TABLE(backend)},
	{"stats", 0, NULL, NULL, stats_print},
	{"point", TABLE(point)},
	{"map", TABLE(map)},
	{"counter", TABLE(counter)},
	{"explanation", 0, NULL, NULL, explanation_print},
	{"unknown", 0, NULL, NULL, unknown_print},
	{"groups", 0, NULL, NULL, groups_row_print},
	{"label", TABLE(label)},
};

static bool view_has(const struct view *v, struct json_object *row)
{
	return !strcmp(v->event, member_text(row, "event"));
}

static void view_cells(const struct view *v, struct json_object *row, char cells[][GRID_CELL_MAX])
{
	for (size_t c = 0; c < v->count; c++)
		cell_fill(row, &v->cells[c], cells[c]);
}

/* Prints all waiting rows of one view; how many there were. */
static size_t view_print(struct output *o, const struct view *v, bool gap)
{
	size_t count = json_object_array_length(o->pending), printed = 0;
	struct grid *g = v->count ? grid_new(v->columns, v->count) : NULL;
	char cells[GRID_COLUMNS_MAX][GRID_CELL_MAX];

	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_array_get_idx(o->pending, i);

		if (!view_has(v, row))
			continue;
		if (printed ? v->print != NULL : gap)
			fputc('\n', o->look.out);
		printed++;
		if (v->print) {
			v->print(o, row);
		} else if (g) {
			view_cells(v, row, cells);
			grid_add(g, cells);
		}
	}
	if (g && printed)
		grid_print(g, &o->look);
	grid_free(g);
	return printed;
}

/* A line of its own at once, as v says, in the columns of detections. */
static void text_line(struct output *o, const struct view *v, struct json_object *row)
{
	char cells[GRID_COLUMNS_MAX][GRID_CELL_MAX];

	if (!o->titles_done)
		grid_print_titles(v->columns, v->count, &o->look);
	o->titles_done = true;
	view_cells(v, row, cells);
	grid_print_line(v->columns, v->count, cells, &o->look);
}

static void text_detection(struct output *o, struct json_object *row)
{
	text_line(o, &views[0], row);
}

static void text_usage(struct output *o, struct json_object *row)
{
	static const struct view v = {"usage", LENGTH(detection_columns), detection_columns,
				      usage_cells, NULL};

	text_line(o, &v, row);
}

static void object_print(struct output *o, const char *title, struct json_object *members)
{
	struct json_object_iterator at = json_object_iter_begin(members);
	struct json_object_iterator end = json_object_iter_end(members);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		fprintf(o->look.out, "%s%s: %" PRIu64 "\n", title, json_object_iter_peek_name(&at),
			json_object_get_uint64(json_object_iter_peek_value(&at)));
}

static void text_summary(struct output *o, struct json_object *row)
{
	char size[GRID_CELL_MAX];
	uint64_t detections = member_number(row, "detections");

	cell_fill(row, &(struct cell){"bytes", CELL_SIZE}, size);
	if (o->titles_done)
		fputc('\n', o->look.out);
	fprintf(o->look.out,
		"%" PRIu64 " detection%s from %" PRIu64 " packets (%s) and %" PRIu64
		" DNS answers in %.3f s\n",
		detections, detections == 1 ? "" : "s", member_number(row, "packets"), size,
		member_number(row, "dns_answers"),
		json_object_get_double(json_object_object_get(row, "seconds")));
	if (member_number(row, "sampling") != 1)
		fprintf(o->look.out, "1 in %" PRIu64 " packets was looked at\n",
			member_number(row, "sampling"));
	object_print(o, "malformed: ", json_object_object_get(row, "malformed"));
}

static void text_row(struct output *o, struct json_object *row)
{
	json_object_array_add(o->pending, json_object_get(row));
}

static void text_end(struct output *o)
{
	size_t printed = 0;

	for (size_t i = 0; i < LENGTH(views); i++)
		printed += view_print(o, &views[i], printed > 0);
}

const struct output_kind output_text = {text_detection, text_usage, text_summary, text_row,
					text_end};
