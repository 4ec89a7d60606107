// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of rows as text for a table. */
#include <inttypes.h>
#include <string.h>

#include "output/output_private.h"

#define LIST_SHOWN 3

const char *member_text(struct json_object *row, const char *key)
{
	struct json_object *o = json_object_object_get(row, key);

	return json_object_is_type(o, json_type_string) ? json_object_get_string(o) : "";
}

uint64_t member_number(struct json_object *row, const char *key)
{
	return json_object_get_uint64(json_object_object_get(row, key));
}

double member_double(struct json_object *row, const char *key)
{
	return json_object_get_double(json_object_object_get(row, key));
}

bool member_true(struct json_object *row, const char *key)
{
	return json_object_get_boolean(json_object_object_get(row, key));
}

bool member_is_null(struct json_object *row, const char *key)
{
	return json_object_object_get(row, key) == NULL;
}

struct json_object *member_list(struct json_object *row, const char *key)
{
	struct json_object *o = json_object_object_get(row, key);

	return json_object_is_type(o, json_type_array) ? o : NULL;
}

static void cell_append(char out[static GRID_CELL_MAX], const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, GRID_CELL_MAX - used, "%s%s", used ? ", " : "", text);
}

static void cell_more(char out[static GRID_CELL_MAX], size_t more)
{
	size_t used = strlen(out);

	if (more)
		snprintf(out + used, GRID_CELL_MAX - used, " +%zu", more);
}

static void fill_text(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	snprintf(out, GRID_CELL_MAX, "%s", member_text(row, key));
}

static void fill_number(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	if (!member_is_null(row, key))
		snprintf(out, GRID_CELL_MAX, "%" PRIu64, member_number(row, key));
}

static void fill_size(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double n = (double)member_number(row, key);
	size_t unit = 0;

	if (member_is_null(row, key))
		return;
	for (; n >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		n /= 1000;
	snprintf(out, GRID_CELL_MAX, "%.*f %s", unit && n < 10 ? 1 : 0, n, units[unit]);
}

/* "2026-11-22T10:00:00.000000Z" -> "2026-11-22 10:00:00" */
static void fill_time(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	char *t;

	snprintf(out, GRID_CELL_MAX, "%.19s", member_text(row, key));
	t = strchr(out, 'T');
	if (t)
		*t = ' ';
}

static void fill_list(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	struct json_object *list = member_list(row, key);
	size_t count = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count && i < LIST_SHOWN; i++)
		cell_append(out, json_object_get_string(json_object_array_get_idx(list, i)));
	cell_more(out, count > LIST_SHOWN ? count - LIST_SHOWN : 0);
}

/* True when no earlier contact of the list has the group of the one at i. */
static bool group_is_first(struct json_object *list, size_t i)
{
	const char *group = member_text(json_object_array_get_idx(list, i), "group");

	for (size_t k = 0; k < i; k++)
		if (!strcmp(group, member_text(json_object_array_get_idx(list, k), "group")))
			return false;
	return true;
}

/* What became of a detection, before the groups; a loss has none left. */
static bool fill_event(struct json_object *row, char out[static GRID_CELL_MAX])
{
	const char *event = member_text(row, "event");
	bool is_loss = !strcmp(event, "loss");

	if (is_loss && !strcmp(member_text(row, "reason"), "shared"))
		strcpy(out, "lost: others share the address");
	else if (is_loss)
		snprintf(out, GRID_CELL_MAX, "lost: last seen %.10s %.8s",
			 member_text(row, "last_evidence"), member_text(row, "last_evidence") + 11);
	else if (!strcmp(event, "renewal"))
		strcpy(out, "still there");
	return is_loss;
}

static void fill_groups(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	struct json_object *list = member_list(row, key);
	size_t count = list && !fill_event(row, out) ? json_object_array_length(list) : 0;
	size_t groups = 0;

	for (size_t i = 0; i < count; i++) {
		if (!group_is_first(list, i))
			continue;
		if (groups++ < LIST_SHOWN)
			cell_append(out, member_text(json_object_array_get_idx(list, i), "group"));
	}
	cell_more(out, groups > LIST_SHOWN ? groups - LIST_SHOWN : 0);
}

static void fill_seen(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	snprintf(out, GRID_CELL_MAX, "%" PRIu64 "/%" PRIu64, member_number(row, key),
		 member_number(row, "of"));
}

static void fill_share(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	if (!member_is_null(row, key))
		snprintf(out, GRID_CELL_MAX, "%.3f", member_double(row, key));
}

/* What a person said before what the device says; in brackets what only its MAC address says. */
static void fill_label(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	static const char *const told[] = {"user", "host", "mdns"};
	struct json_object *labels = json_object_object_get(row, key);

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]) && !out[0]; i++)
		fill_text(labels, told[i], out);
	if (!out[0] && !member_is_null(labels, "mac_vendor"))
		snprintf(out, GRID_CELL_MAX, "(%s)", member_text(labels, "mac_vendor"));
	if (!out[0] && member_true(labels, "mac_random"))
		strcpy(out, "(random MAC)");
}

static void fill_usage(struct json_object *row, const char *key, char out[static GRID_CELL_MAX])
{
	struct json_object *list = member_list(row, key);
	size_t count = list ? json_object_array_length(list) : 0;
	struct json_object *u = count ? json_object_array_get_idx(list, 0) : row;
	char since[GRID_CELL_MAX] = "";
	uint64_t sampling = member_number(u, "sampling");

	if (list && !count)
		return;
	fill_time(u, "since", since);
	snprintf(out, GRID_CELL_MAX, "%s%s%.19s: %s%" PRIu64 " packets in the hour",
		 member_text(u, "state"), since[0] ? " since " : "", since,
		 sampling == 1 ? "" : "about ", member_number(u, "wire_packets"));
	cell_more(out, count > 1 ? count - 1 : 0);
}

void cell_fill(struct json_object *row, const struct cell *cell, char out[static GRID_CELL_MAX])
{
	static void (*const forms[])(struct json_object *, const char *,
				     char[static GRID_CELL_MAX]) = {
		fill_text, fill_number, fill_size, fill_time, fill_list, fill_groups, fill_seen,
		fill_share, fill_label, fill_usage,
	};
	_Static_assert(sizeof(forms) / sizeof(forms[0]) == CELL_FORM_COUNT, "forms of a cell");

	out[0] = '\0';
	forms[cell->form](row, cell->key, out);
	if (!out[0])
		strcpy(out, "-");
}
