/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a file of facts, from text to a record. */
#ifndef HAYRAKE_FACTS_LINES_H
#define HAYRAKE_FACTS_LINES_H

#include <json-c/json.h>

#include "base/name.h"
#include "facts/facts.h"

enum record_kind {
	RECORD_NONE, /* right, but of no use: another type, a frame of the transport */
	RECORD_ADDRESS,
	RECORD_ALIAS,
	RECORD_CERTIFICATE,
};

/* Strings belong to root, which line_clean() puts. */
struct line {
	enum record_kind kind;
	int64_t first_s;
	int64_t last_s;
	char name[NAME_TEXT_MAX];  /* of who has the addresses or the alias */
	struct json_object *items; /* a string or a list: addresses, targets, certificate names */
	struct addr addr;          /* of a certificate */
	uint16_t port;
	struct json_object *root;
};

/* NULL and a record, or what is wrong with the text. */
const char *line_parse_passive(struct json_tokener *tokener, const char *text, size_t len,
			       struct line *out);
const char *line_parse_certificate(struct json_tokener *tokener, const char *text, size_t len,
				   struct line *out);
void line_clean(struct line *l);

/* How many strings items has, and one of them; NULL: not a string. */
size_t line_item_count(const struct line *l);
const char *line_item(const struct line *l, size_t i);

/* Lower case, no last dot. False for what is no name of a host. */
bool name_normal(const char *text, char out[static NAME_TEXT_MAX]);

#endif
