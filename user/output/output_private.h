/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the formats of output share. */
#ifndef HAYRAKE_OUTPUT_PRIVATE_H
#define HAYRAKE_OUTPUT_PRIVATE_H

#include "output/grid.h"
#include "output/rows.h"

/* One format. Rows are borrowed. */
struct output_kind {
	void (*detection)(struct output *o, struct json_object *row);
	void (*usage)(struct output *o, struct json_object *row);
	void (*summary)(struct output *o, struct json_object *row);
	void (*row)(struct output *o, struct json_object *row);
	void (*end)(struct output *o);
};
extern const struct output_kind output_json;
extern const struct output_kind output_text;

struct output {
	const struct output_kind *kind;
	struct output_names names;
	struct grid_look look;
	bool titles_done;            /* text: of the live lines */
	struct json_object *pending; /* text: rows that wait for their table */
};

/* Members of a row; "" and 0 for what is null or missing. */
const char *member_text(struct json_object *row, const char *key);
uint64_t member_number(struct json_object *row, const char *key);
double member_double(struct json_object *row, const char *key);
bool member_true(struct json_object *row, const char *key);
bool member_is_null(struct json_object *row, const char *key);
/* The list, or NULL. */
struct json_object *member_list(struct json_object *row, const char *key);

/* How a member becomes a cell. */
enum cell_form {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_SIZE, /* bytes, in kB and up */
	CELL_TIME,
	CELL_LIST,   /* of texts: the first few */
	CELL_GROUPS, /* of evidence: the distinct groups */
	CELL_SEEN,   /* seen/of */
	CELL_SHARE,  /* from 0 to 1 */
	CELL_LABEL,  /* the best of "labels" */
	CELL_USAGE,  /* of the list, or of the row itself: the state */
	CELL_FORM_COUNT,
};

struct cell {
	const char *key;
	enum cell_form form;
};

void cell_fill(struct json_object *row, const struct cell *cell, char out[static GRID_CELL_MAX]);

/* Prints a line with every name of a row's "labels", if there is any. */
void labels_print(struct output *o, struct json_object *row);

/* Prints one explanation, for people. */
void explanation_print(struct output *o, struct json_object *row);
/* Prints what regrouping made of one rule, for people. */
void groups_row_print(struct output *o, struct json_object *row);

#endif
