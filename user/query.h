/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers "show ..." and "explain ..." from the stages, for the socket and a state file alike. */
#ifndef HAYRAKE_QUERY_H
#define HAYRAKE_QUERY_H

#include "dns/backend.h"
#include "evidence/evidence.h"
#include "infer/infer.h"
#include "infer/usage.h"
#include "input/xdp.h"
#include "names/labels.h"
#include "output/output.h"
#include "rules/rules.h"

#define QUERY_MAX 256 /* bytes of a request line */

struct json_object;

/* Callbacks may be NULL: then what they would tell is not measurable. */
struct query_source {
	struct output_names names;
	const struct rules *rules;
	const struct backend_map *backends;
	const struct evidence_store *evidence;
	struct infer *infer;
	const struct usage *usage;
	struct labels *labels;
	const struct counts *counts;
	const char *origin; /* "live" or "state" */
	uint32_t threshold; /* of the command line; 0: not given */
	uint32_t sampling;  /* 0: unknown */
	int64_t started_ns; /* 0: unknown */
	void *ctx;
	int64_t (*now)(void *ctx);
	void (*refresh)(void *ctx); /* brings counts up to date with the kernel's */
	size_t (*points)(void *ctx, struct xdp_status *out, size_t max);
	size_t (*maps)(void *ctx, struct xdp_map_status *out, size_t max);
	uint32_t window_s;
	/* keeps labels for the next start: 0, or -errno (-ENOENT: nowhere) and a sentence */
	int (*keep)(void *ctx, char error[static 256]);
};

/* One row; it is the query's own and gone after the call. */
typedef void query_sink(void *ctx, struct json_object *row);

/*
 * Requests: "show detections|subjects|backends|stats", "explain SUBJECT [RULE]", "label [SUBJECT]",
 * "label SUBJECT text TEXT", "label SUBJECT not RULE", "label SUBJECT clear [RULE]". Ends with one
 * row of event "end", or "error" with a message; "warning" with one may come before. 0, -EINVAL for
 * a bad request, -ENOENT when the subject or rule is unknown, or what keep() gave.
 */
int query_run(const struct query_source *q, const char *request, query_sink *sink, void *ctx);

/*
 * What regrouping has made of the rules that it changed or whose twins it keeps apart, a row of
 * event "groups" each.
 * Needs infer_config.regroup.
 */
void query_groups(const struct query_source *q, query_sink *sink, void *ctx);

#endif
