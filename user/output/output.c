// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/output_private.h"

/* https://no-color.org: any value of NO_COLOR means none. */
static bool is_colour_wanted(FILE *out)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fileno(out)) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

struct output *output_new(enum output_format format, FILE *out, const struct output_names *names)
{
	static const struct output_kind *const kinds[] = {&output_text, &output_json};
	_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == OUTPUT_FORMAT_COUNT, "output formats");
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->kind = kinds[format];
	if (names)
		o->names = *names;
	o->look = (struct grid_look){.out = out, .colour = is_colour_wanted(out)};
	o->pending = json_object_new_array();
	if (!o->pending) {
		free(o);
		return NULL;
	}
	return o;
}

void output_detection(struct output *o, const struct detection *d)
{
	struct json_object *row = row_detection(d, &o->names);

	if (row)
		o->kind->detection(o, row);
	json_object_put(row);
}

void output_usage(struct output *o, const struct usage_row *u)
{
	struct json_object *row = row_usage(u, &o->names);

	if (row)
		o->kind->usage(o, row);
	json_object_put(row);
}

void output_summary(struct output *o, const struct summary *s, const struct counts *counts)
{
	struct json_object *row = row_summary(s, counts);

	if (row)
		o->kind->summary(o, row);
	json_object_put(row);
}

void output_row(struct output *o, struct json_object *row)
{
	o->kind->row(o, row);
}

int output_end(struct output *o)
{
	int err = 0;

	o->kind->end(o);
	if (fflush(o->look.out) || ferror(o->look.out))
		err = errno ? -errno : -EIO;
	json_object_put(o->pending);
	free(o);
	return err;
}
