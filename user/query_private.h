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

void query_stats(struct query *run);
/* rule may be NULL: all that speak of the subject. */
int query_explain(struct query *run, const char *subject, const char *rule);

#endif
