/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON text as a json-c tree in which every value knows its line. */
#ifndef HAYRAKE_RULES_JSONTEXT_H
#define HAYRAKE_RULES_JSONTEXT_H

#include <json-c/json.h>

#include "rules/report.h"

enum jsontext_nulls { NULLS_REFUSED, NULLS_TAKEN };

/*
 * Strict JSON in UTF-8, no key twice, no null unless nulls takes it. Mistakes go to report. NULL
 * when the text cannot be read on from; else the tree, which the caller puts.
 */
struct json_object *jsontext_parse(const char *text, size_t text_len, enum jsontext_nulls nulls,
				   struct report *report);

/* Of a value in such a tree. */
uint32_t jsontext_line(struct json_object *value);

#endif
