// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/field.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 63
#define LABELS_MIN 2 /* "com" is nobody's device */

static const char *type_text(enum json_type type)
{
	switch (type) {
	case json_type_string:
		return "a string";
	case json_type_array:
		return "a list";
	case json_type_object:
		return "an object";
	case json_type_double:
		return "a number";
	case json_type_int:
		return "a whole number";
	default:
		return "something else";
	}
}

static bool type_fits(struct json_object *value, enum json_type type)
{
	return json_object_is_type(value, type) ||
	       (type == json_type_double && json_object_is_type(value, json_type_int));
}

static const struct field *field_find(const struct field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(fields[i].key, key))
			return &fields[i];
	return NULL;
}

void fields_check(struct json_object *object, const char *what, const struct field *fields,
		  size_t count, struct report *report)
{
	json_object_object_foreach(object, key, value)
	{
		const struct field *field = field_find(fields, count, key);

		if (!value) /* a null, already reported */
			continue;
		if (!field)
			report_mistake(report, jsontext_line(value), "%s has no key \"%s\"", what,
				       key);
		else if (!type_fits(value, field->type))
			report_mistake(report, jsontext_line(value), "\"%s\" must be %s", key,
				       type_text(field->type));
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !json_object_object_get_ex(object, fields[i].key, NULL))
			report_mistake(report, jsontext_line(object), "%s needs the key \"%s\"",
				       what, fields[i].key);
}

struct json_object *field_get(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !type_fits(value, type))
		return NULL;
	return value;
}

/* A zero octet, which only "\u0000" can bring, would hide what follows. */
static const char *string_fault(const char *text, size_t len, size_t max)
{
	if (len == 0)
		return "is empty";
	if (len > max)
		return "is too long";
	return strlen(text) == len ? NULL : "has a zero character";
}

const char *text_fault(const char *text, size_t len)
{
	const char *fault = string_fault(text, len, TEXT_MAX);

	if (fault)
		return fault;
	if (text[0] == ' ' || text[strlen(text) - 1] == ' ')
		return "begins or ends with a blank";
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0))
			return "has a control character";
	return NULL;
}

static bool is_id_end(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

const char *id_fault(const char *text, size_t len)
{
	const char *fault = string_fault(text, len, ID_MAX);

	if (fault)
		return fault;
	if (!is_id_end(text[0]) || !is_id_end(text[strlen(text) - 1]))
		return "must begin and end with a lower-case letter or a digit";
	for (const char *p = text; *p; p++)
		if (!is_id_end(*p) && *p != '-')
			return "may have lower-case letters, digits and \"-\" only";
	return NULL;
}

static const char *label_fault(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label or a dot at an end";
	if (len > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a label with \"-\" at an end";
	for (size_t i = 0; i < len; i++) {
		if (label[i] >= 'A' && label[i] <= 'Z')
			return "must be in lower case";
		if (!is_id_end(label[i]) && label[i] != '-' && label[i] != '_')
			return "is no domain name (letters, digits, \"-\", \"_\", dots; \"*.\" in "
			       "front)";
	}
	return NULL;
}

const char *domain_fault(const char *text, size_t len)
{
	const char *fault = string_fault(text, len, DOMAIN_MAX);
	const char *last = text;
	size_t labels = 0;

	if (!strncmp(text, "*.", 2))
		text += 2;
	for (; !fault; labels++) {
		size_t label_len = strcspn(text, ".");

		fault = label_fault(text, label_len);
		last = text;
		text += label_len;
		if (!*text)
			break;
		text++;
	}
	if (fault)
		return fault;
	if (labels + 1 < LABELS_MIN)
		return "needs at least two labels";
	return isdigit((unsigned char)last[0]) && !last[strspn(last, "0123456789")]
		       ? "is no domain name but looks like an address"
		       : NULL;
}

const char *group_fault(const char *text, size_t len)
{
	return strchr(text, '.') ? domain_fault(text, len) : id_fault(text, len);
}

const char *date_fault(const char *text, size_t len)
{
	static const char pattern[] = "dddd-dd-dd";
	unsigned long month, day;

	if (len != 4 && len != 7 && len != 10)
		return "must be a date as 2020, 2020-10 or 2020-10-27";
	for (size_t i = 0; i < len; i++)
		if (pattern[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != '-')
			return "must be a date as 2020, 2020-10 or 2020-10-27";
	month = len > 4 ? strtoul(text + 5, NULL, 10) : 1;
	day = len > 7 ? strtoul(text + 8, NULL, 10) : 1;
	return month < 1 || month > 12 || day < 1 || day > 31 ? "is no date of the calendar"
							      : NULL;
}
