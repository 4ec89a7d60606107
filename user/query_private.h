/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the queries share. */
#ifndef HAYRAKE_QUERY_PRIVATE_H
#define HAYRAKE_QUERY_PRIVATE_H

#include "query.h"

/* One request being answered. */
struct query {
	const struct query_source *q;
	int64_t now_ns;
	query_sink *sink;
	void *ctx;
	uint64_t rows;
};

/* Gives row (may be NULL: nothing) to the sink and frees it. */
void query_emit(struct query *run, struct json_object *row);
/* Emits an error "what 'name'" (name "": alone) and gives err. */
int query_fail(struct query *run, int err, const char *what, const char *name);

/* A subject as given; an address that is none itself stands for the subject that has it. */
int query_subject(const struct query_source *q, const char *text, struct subject_row *out);
/* True when a user said that the subject is not this rule's device. */
bool query_suppressed(const struct query_source *q, const struct subject *subject, uint32_t rule);

void query_stats(struct query *run);
/* Adds to row which groups the unit of a rule has, and why, when regrouping made it of several. */
void query_unit(const struct query_source *q, struct json_object *row, uint32_t rule,
		uint32_t unit);
/* rule may be NULL: all that speak of the subject. */
int query_explain(struct query *run, const char *subject, const char *rule);
/* words: what follows "label"; is written to. */
int query_label(struct query *run, char *words);

#endif
