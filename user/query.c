// SPDX-License-Identifier: GPL-2.0-or-later
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "output/rows.h"
#include "query_private.h"

void query_emit(struct query *run, struct json_object *row)
{
	if (!row)
		return;
	run->rows++;
	run->sink(run->ctx, row);
	json_object_put(row);
}

int query_fail(struct query *run, int err, const char *what, const char *name)
{
	struct json_object *row = row_new("error");
	char message[QUERY_MAX + 64];

	snprintf(message, sizeof(message), "%s%s%s%s", what, *name ? " '" : "", name,
		 *name ? "'" : "");
	if (row)
		row_text(row, "message", message);
	query_emit(run, row);
	return err;
}

static void emit_row(void *ctx, struct json_object *row)
{
	query_emit(ctx, json_object_get(row));
}

/* --- show ------------------------------------------------------------------------------------- */

static void emit_detection(void *ctx, const struct detection *d)
{
	struct query *run = ctx;

	if (!query_suppressed(run->q, &d->subject, d->rule))
		query_emit(run, row_detection(d, &run->q->names));
}

static void show_detections(struct query *run)
{
	infer_update(run->q->infer, run->now_ns);
	infer_each(run->q->infer, emit_detection, run);
}

/* What a subject was found to be, most general first; unknown stays unknown: two empty lists. */
static void subject_devices(const struct query *run, const struct subject *s,
			    struct json_object *row)
{
	struct json_object *rules = json_object_new_array();
	struct json_object *devices = json_object_new_array();

	for (int level = 0; rules && devices && level < LEVEL_COUNT; level++) {
		for (uint32_t r = 0; r < run->q->rules->rule_count; r++) {
			const struct rules_rule *rule = &run->q->rules->rules[r];

			if ((int)rule->level != level ||
			    !infer_detected(run->q->infer, s, r, NULL) ||
			    query_suppressed(run->q, s, r))
				continue;
			json_object_array_add(rules, json_object_new_string(rule->id));
			json_object_array_add(devices, json_object_new_string(rule->name));
		}
	}
	json_object_object_add(row, "rules", rules);
	json_object_object_add(row, "devices", devices);
}

/* Whether it is used, by each rule that says how to tell. */
static void subject_usage(const struct query *run, const struct subject *s,
			  struct json_object *row)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t r = 0; list && r < run->q->rules->rule_count; r++) {
		struct usage_row u;

		if (!run->q->rules->rules[r].usage_packets ||
		    !infer_detected(run->q->infer, s, r, NULL) || query_suppressed(run->q, s, r) ||
		    !usage_get(run->q->usage, s, r, &u))
			continue;
		json_object_array_add(list, row_usage_now(&u, &run->q->names));
	}
	json_object_object_add(row, "usage", list);
}

static void emit_subject(void *ctx, const struct subject_row *s)
{
	struct query *run = ctx;
	struct json_object *row = row_subject(s);

	if (row) {
		row_labels(row, &s->subject, &run->q->names);
		subject_devices(run, &s->subject, row);
		subject_usage(run, &s->subject, row);
	}
	query_emit(run, row);
}

static void show_subjects(struct query *run)
{
	evidence_each_subject(run->q->evidence, emit_subject, run);
}

struct backend_list {
	struct backend_row *rows;
	size_t count;
	size_t max;
	domain_id domain_end; /* of the rules */
};

/* Resolvers of encrypted DNS are in the map too, but nobody's backends. */
static void list_backend(void *ctx, const struct backend_row *row)
{
	struct backend_list *list = ctx;

	uint32_t count = backend_domains_below(row->domains, row->domain_count, list->domain_end);

	if (!count || list->count == list->max)
		return;
	list->rows[list->count] = *row;
	list->rows[list->count++].domain_count = count;
}

static int backend_compare(const void *a, const void *b)
{
	return memcmp(&((const struct backend_row *)a)->remote,
		      &((const struct backend_row *)b)->remote, sizeof(struct addr));
}

static void show_backends(struct query *run)
{
	struct backend_list list = {.max = backend_count(run->q->backends),
				    .domain_end = run->q->rules->domain_count};
	CLEANUP_FREE struct backend_row *rows = calloc(list.max + 1, sizeof(*rows));

	if (!rows)
		return;
	list.rows = rows;
	backend_each(run->q->backends, list_backend, &list);
	qsort(rows, list.count, sizeof(*rows), backend_compare);
	for (size_t i = 0; i < list.count; i++)
		query_emit(run, row_backend(&rows[i], &run->q->names));
}

static void show_groups(struct query *run)
{
	query_groups(run->q, emit_row, run);
}

/* --- requests --------------------------------------------------------------------------------- */

static int run_show(struct query *run, char *what, char *rest)
{
	static const struct {
		const char *what;
		void (*show)(struct query *run);
	} rows[] = {
		{"detections", show_detections},
		{"subjects", show_subjects},
		{"backends", show_backends},
		{"stats", query_stats},
		{"groups", show_groups},
	};

	for (size_t i = 0; !rest && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].what, what) != 0)
			continue;
		if (rows[i].show == show_groups && !infer_groups(run->q->infer))
			return query_fail(run, -EINVAL,
					  "the groups are as written, without --regroup", "");
		rows[i].show(run);
		return 0;
	}
	return query_fail(run, -EINVAL,
			  "show takes detections, subjects, backends, stats or groups", "");
}

static void emit_end(struct query *run, const char *request)
{
	struct json_object *row = row_new("end");

	if (!row)
		return;
	row_text(row, "request", request);
	row_number(row, "rows", run->rows);
	query_emit(run, row);
}

/* "show WHAT", "explain SUBJECT [RULE]": words is request, to be written to. */
static int run_words(struct query *run, const char *request, char *words)
{
	char *save;
	char *verb = strtok_r(words, " ", &save);
	char *first = verb ? strtok_r(NULL, " ", &save) : NULL;
	char *rest = first ? strtok_r(NULL, " ", &save) : NULL;

	if (!first || (rest && strtok_r(NULL, " ", &save)))
		return query_fail(run, -EINVAL, "not a request:", request);
	if (!strcmp(verb, "show"))
		return run_show(run, first, rest);
	if (!strcmp(verb, "explain"))
		return query_explain(run, first, rest);
	return query_fail(run, -EINVAL, "not a request:", request);
}

int query_run(const struct query_source *q, const char *request, query_sink *sink, void *ctx)
{
	static const char label[] = "label";
	const size_t verb_len = sizeof(label) - 1;
	struct query run = {.q = q, .now_ns = q->now(q->ctx), .sink = sink, .ctx = ctx};
	char words[QUERY_MAX];
	int err;

	if (strlen(request) >= sizeof(words))
		return query_fail(&run, -EINVAL, "the request is too long", "");
	strcpy(words, request);
	if (!strncmp(words, label, verb_len) && (!words[verb_len] || words[verb_len] == ' '))
		err = query_label(&run, words + verb_len);
	else
		err = run_words(&run, request, words);
	if (!err)
		emit_end(&run, request);
	return err;
}
