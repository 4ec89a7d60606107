/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects of a signature file: which keys they have, what the texts in them may look like. */
#ifndef HAYRAKE_RULES_FIELD_H
#define HAYRAKE_RULES_FIELD_H

#include "rules/jsontext.h"

struct field {
	const char *key;
	enum json_type type; /* json_type_double takes integers too */
	bool required;
};

/* Reports keys that are unknown or missing and values of another type; what: "a rule". */
void fields_check(struct json_object *object, const char *what, const struct field *fields,
		  size_t count, struct report *report);

/* The value when it is there and of that type, else NULL. */
struct json_object *field_get(struct json_object *object, const char *key, enum json_type type);

#define TEXT_MAX 200 /* of names for people and citations */
#define ID_MAX 64
#define DOMAIN_MAX 253 /* RFC 1035 2.3.4, without the last dot */

/* Each gives what is wrong with a text of len octets, which a zero ends, or NULL. */
const char *text_fault(const char *text, size_t len); /* printable, no blanks around */
const char *id_fault(const char *text, size_t len); /* a-z 0-9 -, a letter or digit at both ends */
const char *domain_fault(const char *text, size_t len); /* a name, or "*." and a name */
const char *group_fault(const char *text, size_t len);  /* an id or a domain */
const char *date_fault(const char *text, size_t len);   /* 2020, 2020-10 or 2020-10-27 */

#endif
