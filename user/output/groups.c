// SPDX-License-Identifier: GPL-2.0-or-later
/* What regrouping made of a rule, as text. */
#include <inttypes.h>

#include "output/escape.h"
#include "output/output_private.h"

static void safe_print(struct output *o, const char *text)
{
	char safe[GRID_CELL_MAX * ESCAPE_MAX];

	fputs(escape_terminal(text, safe, sizeof(safe)), o->look.out);
}

/* "  one unit: a, b (addresses)" */
static void members_print(struct output *o, const char *title, struct json_object *unit)
{
	struct json_object *members = member_list(unit, "members");
	size_t count = members ? json_object_array_length(members) : 0;

	if (!count)
		return;
	fprintf(o->look.out, "  %s ", title);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputs(", ", o->look.out);
		safe_print(o, json_object_get_string(json_object_array_get_idx(members, i)));
	}
	fprintf(o->look.out, " (%s)\n", member_text(unit, "why"));
}

static void units_print(struct output *o, const char *title, struct json_object *list)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		members_print(o, title, json_object_array_get_idx(list, i));
}

void groups_row_print(struct output *o, struct json_object *row)
{
	fputs(grid_code(&o->look, GRID_BOLD), o->look.out);
	safe_print(o, member_text(row, "name"));
	fputs(grid_code(&o->look, GRID_PLAIN), o->look.out);
	fprintf(o->look.out,
		" (rule %s): %" PRIu64 " of %" PRIu64 " domain groups needed; as written %" PRIu64
		" of %" PRIu64 "\n",
		member_text(row, "rule"), member_number(row, "needed"), member_number(row, "of"),
		member_number(row, "needed_written"), member_number(row, "of_written"));
	units_print(o, "one group  ", member_list(row, "groups"));
	units_print(o, "twins apart", member_list(row, "twins_apart"));
}
