/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results on stdout, for people (text.c) or as JSON lines (json.c). Output knows no rules: it asks for
 * their names through struct output_names.
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
	const char *(*group)(void *ctx, uint32_t rule, domain_id domain);
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

#endif
