// SPDX-License-Identifier: GPL-2.0-or-later
/* label: what users say of subjects, told, changed and taken back. */
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "output/rows.h"
#include "query_private.h"

bool query_suppressed(const struct query_source *q, const struct subject *subject, uint32_t rule)
{
	return labels_refused(q->labels, subject, q->rules->rules[rule].id);
}

static struct json_object *nots_list(const char *nots)
{
	struct json_object *list = json_object_new_array();

	while (list && *nots) {
		size_t len = strcspn(nots, " ");

		json_object_array_add(list, json_object_new_string_len(nots, (int)len));
		nots += len + (nots[len] == ' ');
	}
	return list;
}

static void emit_label(void *ctx, const struct label_row *label)
{
	struct query *run = ctx;
	struct json_object *row = row_new("label");

	if (!row)
		return;
	row_subject_text(row, "subject", &label->subject);
	row_text(row, "label", label->text);
	json_object_object_add(row, "not", nots_list(label->nots));
	query_emit(run, row);
}

/* What stands of the subject now. */
static void label_tell(struct query *run, const struct subject *subject)
{
	struct label_row label = {.subject = *subject, .nots = ""};

	labels_row(run->q->labels, subject, &label);
	emit_label(run, &label);
}

static int label_keep(struct query *run)
{
	const struct query_source *q = run->q;
	char error[256];
	int err = q->keep ? q->keep(q->ctx, error) : 0;
	struct json_object *row = err == -ENOENT ? row_new("warning") : NULL;

	if (row)
		row_text(row, "message", error);
	query_emit(run, row);
	return err && err != -ENOENT ? query_fail(run, err, error, "") : 0;
}

/* A subject that nobody has seen can be labelled too, but not by an address somebody may get. */
static int label_subject(struct query *run, const char *text, struct subject *out)
{
	struct subject_row seen;
	int err = query_subject(run->q, text, &seen);

	if (err == -EINVAL)
		return query_fail(run, err, "neither a MAC address nor an IP address:", text);
	if (!err) {
		*out = seen.subject;
		return 0;
	}
	subject_parse(text, out);
	if (subject_kind(out) != SUBJECT_IP || !strncmp(text, "ip:", 3))
		return 0;
	return query_fail(run, err, "nothing is known of", text);
}

static int label_text(struct query *run, const struct subject *subject, const char *text)
{
	const char *fault = label_fault(text);
	char message[64];
	int err;

	if (fault) {
		snprintf(message, sizeof(message), "a label is %s", fault);
		return query_fail(run, -EINVAL, message, "");
	}
	err = labels_set(run->q->labels, subject, text);
	return err ? query_fail(run, err, "there are too many labels", "") : 0;
}

static int label_not(struct query *run, const struct subject *subject, const char *rule)
{
	int err;

	if (rules_find(run->q->rules, rule) == RULE_NONE)
		return query_fail(run, -ENOENT, "no such rule:", rule);
	err = labels_refuse(run->q->labels, subject, rule);
	return err ? query_fail(run, err, "too many rules are refused", "") : 0;
}

static int label_clear(struct query *run, const struct subject *subject, const char *rule)
{
	if (labels_clear(run->q->labels, subject, *rule ? rule : NULL))
		return 0;
	return query_fail(run, -ENOENT, "nothing was said of it", *rule ? rule : "");
}

static int label_change(struct query *run, const struct subject *subject, char *words)
{
	static const struct {
		const char *what;
		int (*change)(struct query *run, const struct subject *subject, const char *rest);
	} rows[] = {{"text", label_text}, {"not", label_not}, {"clear", label_clear}};
	const char *what = strsep(&words, " ");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].what, what))
			return rows[i].change(run, subject, words ? words : "");
	return query_fail(run, -EINVAL, "label takes text, not or clear, not", what);
}

int query_label(struct query *run, char *words)
{
	struct subject subject;
	const char *who;
	int err;

	if (!*words) {
		labels_each(run->q->labels, emit_label, run);
		return 0;
	}
	words++;
	who = strsep(&words, " ");
	err = label_subject(run, who, &subject);
	if (!err && words) {
		err = label_change(run, &subject, words);
		if (!err)
			err = label_keep(run);
	}
	if (!err)
		label_tell(run, &subject);
	return err;
}
