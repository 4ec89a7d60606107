/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as JSON objects, the form in which every row is shown and sent. */
#ifndef HAYRAKE_ROWS_H
#define HAYRAKE_ROWS_H

#include <json-c/json.h>

#include "output/output.h"

/* Each gives a new object, or NULL without memory. */
struct json_object *row_new(const char *event);
struct json_object *row_detection(const struct detection *d, const struct output_names *names);
/* How the subject asks for names, and when it was last seen to. */
void row_dns(struct json_object *o, const struct subject_row *s);
struct json_object *row_subject(const struct subject_row *s);
struct json_object *row_backend(const struct backend_row *b, const struct output_names *names);
struct json_object *row_usage(const struct usage_row *u, const struct output_names *names);
struct json_object *row_summary(const struct summary *s, const struct counts *counts);
/* Without subject and event: as they stand in a list. The first: with the hours before. */
struct json_object *row_usage_now(const struct usage_row *u, const struct output_names *names);
struct json_object *row_evidence(const struct evidence *e, const char *group, const char *domain);

/* Members. A NULL text, and what is not known, become null; text that is no UTF-8 is mended. */
void row_text(struct json_object *o, const char *key, const char *text);
void row_number(struct json_object *o, const char *key, uint64_t n);
/* Thousandths as a number from 0 to 1. */
void row_thousandths(struct json_object *o, const char *key, uint32_t n);
void row_time(struct json_object *o, const char *key, int64_t time_ns);
void row_time_known(struct json_object *o, const char *key, int64_t time_ns, bool known);
void row_addr(struct json_object *o, const char *key, const struct addr *a);
void row_subject_text(struct json_object *o, const char *key, const struct subject *s);
void row_rule(struct json_object *o, uint32_t rule, const struct output_names *names);
/* Member "labels": the names that are known. */
void row_labels(struct json_object *o, const struct subject *s, const struct output_names *names);
/* Member "addresses"; gives the list. */
struct json_object *row_addresses(struct json_object *o, const struct addr *a, uint32_t count);

extern const char *const fact_source_names[SOURCE_COUNT];
extern const char *const via_names[VIA_COUNT];
extern const char *const usage_state_names[USAGE_STATE_COUNT];
extern const char *const backend_state_names[BACKEND_STATE_COUNT];
extern const char *const counter_names[COUNTER_COUNT];

#endif
