/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results on stdout, for people (text.c) or as JSON lines (json.c). Output knows no rules: it asks
 * for their names through struct output_names.
 */
#ifndef HAYRAKE_OUTPUT_H
#define HAYRAKE_OUTPUT_H

#include <stdio.h>

#include "record.h"

struct json_object;

/* What a rule is called; strings are borrowed from the rules. */
struct output_rule {
	const char *id;
	const char *name;
	const char *vendor;
	const char *level;
	const char *parent; /* NULL: none */
};

struct output_names {
	void *ctx;
	void (*rule)(void *ctx, uint32_t rule, struct output_rule *out);
	const char *(*domain)(void *ctx, domain_id domain);
	const char *(*group)(void *ctx, uint32_t rule, domain_id domain); /* NULL: none */
	/* what people call a subject; may be NULL */
	void (*subject)(void *ctx, const struct subject *subject, struct subject_names *out);
};

/* The last line of replay and collect. */
struct summary {
	const char *source; /* "replay" */
	uint64_t files;
	double seconds;
	uint64_t evidence;
	uint64_t detections;
	uint32_t sampling;
};

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_FORMAT_COUNT };

struct output;

/*
 * Rows, each with an "event" that says what it is: detections and changes of usage as they come,
 * then any others. JSON goes out at once; of text only those do, tables wait for output_end().
 * names is copied, and may be NULL when only output_row() is used. NULL without memory.
 */
struct output *output_new(enum output_format format, FILE *out, const struct output_names *names);
void output_detection(struct output *o, const struct detection *d);
void output_usage(struct output *o, const struct usage_row *u);
void output_summary(struct output *o, const struct summary *s, const struct counts *counts);
/* row is borrowed. */
void output_row(struct output *o, struct json_object *row);
/* Prints what is left and frees o. -errno of the first write that failed. */
int output_end(struct output *o);

#endif
