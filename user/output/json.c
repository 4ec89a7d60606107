// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON lines: every row as it is. */
#include "output/output_private.h"

static void json_row(struct output *o, struct json_object *row)
{
	fprintf(o->look.out, "%s\n",
		json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void json_end(struct output *o)
{
	(void)o;
}

const struct output_kind output_json = {json_row, json_row, json_row, json_row, json_end};
