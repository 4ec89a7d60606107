// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json-c keeps no positions. Once it has read the text, the text is walked again beside the tree,
 * and each value gets its line as user data.
 */
#include "rules/jsontext.h"

#include <string.h>

#include "base/cleanup.h"

#define DEPTH_MAX 16 /* signatures use 7 */
#define KEY_MAX 64
#define KEYS_MAX 64 /* in one object: keeps the search for a key written twice short */

DEFINE_CLEANUP(json_tokener_free, struct json_tokener *)

struct walk {
	const char *at;
	const char *end;
	uint32_t line;
	enum jsontext_nulls nulls;
	bool lost; /* a key that cannot be followed into the tree */
	struct report *report;
};

struct span {
	const char *text;
	size_t len;
};

static void walk_value(struct walk *w, struct json_object *value);

uint32_t jsontext_line(struct json_object *value)
{
	return (uint32_t)(uintptr_t)json_object_get_userdata(value);
}

static uint32_t line_of(const char *text, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static void walk_step(struct walk *w)
{
	w->line += *w->at == '\n';
	w->at++;
}

static char walk_peek(struct walk *w)
{
	while (w->at < w->end && strchr(" \t\r\n", *w->at))
		walk_step(w);
	return w->at < w->end ? *w->at : '\0';
}

/* What is between the quotes. */
static struct span walk_string(struct walk *w)
{
	struct span s = {.text = w->at + 1};

	walk_step(w);
	while (w->at < w->end && *w->at != '"') {
		if (*w->at == '\\' && w->at + 1 < w->end)
			walk_step(w);
		walk_step(w);
	}
	s.len = (size_t)(w->at - s.text);
	if (w->at < w->end)
		walk_step(w);
	return s;
}

/* The value of a key in an object, NULL when it has none or cannot be found. */
static struct json_object *key_value(struct walk *w, struct json_object *object, struct span key)
{
	struct json_object *value = NULL;
	char name[KEY_MAX];

	if (key.len >= sizeof(name) || memchr(key.text, '\\', key.len)) {
		report_mistake(w->report, w->line, "a key is too long or has a backslash");
		w->lost = true;
		return NULL;
	}
	memcpy(name, key.text, key.len);
	name[key.len] = '\0';
	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

static bool span_known(const struct span *spans, size_t count, struct span key)
{
	for (size_t i = 0; i < count; i++)
		if (spans[i].len == key.len && !memcmp(spans[i].text, key.text, key.len))
			return true;
	return false;
}

static void walk_object(struct walk *w, struct json_object *object)
{
	struct span keys[KEYS_MAX];
	size_t count = 0;

	walk_step(w);
	while (!w->lost && walk_peek(w) == '"') {
		struct span key = walk_string(w);
		struct json_object *value = key_value(w, object, key);

		if (span_known(keys, count, key)) {
			report_mistake(w->report, w->line, "key \"%.*s\" is there twice",
				       (int)key.len, key.text);
		} else if (count == KEYS_MAX) {
			report_mistake(w->report, w->line, "more than %d keys", KEYS_MAX);
			w->lost = true;
		} else {
			keys[count++] = key;
		}
		if (walk_peek(w) == ':')
			walk_step(w);
		walk_value(w, value);
		if (walk_peek(w) == ',')
			walk_step(w);
	}
	if (walk_peek(w) == '}')
		walk_step(w);
}

static void walk_array(struct walk *w, struct json_object *array)
{
	bool is_array = json_object_is_type(array, json_type_array);

	walk_step(w);
	for (size_t i = 0; !w->lost && walk_peek(w) != ']' && walk_peek(w); i++) {
		walk_value(w, is_array ? json_object_array_get_idx(array, i) : NULL);
		if (walk_peek(w) == ',')
			walk_step(w);
	}
	if (walk_peek(w) == ']')
		walk_step(w);
}

/* A number, true, false or null. */
static void walk_word(struct walk *w)
{
	const char *start = w->at;

	if (w->at < w->end)
		walk_step(w);
	while (w->at < w->end && !strchr(" \t\r\n,:]}", *w->at))
		walk_step(w);
	if (w->nulls == NULLS_REFUSED && w->at - start == 4 &&
	    !memcmp(start, "null", 4))
		report_mistake(w->report, w->line, "null says nothing: leave the key out");
}

static void walk_value(struct walk *w, struct json_object *value)
{
	char first = walk_peek(w);

	if (value)
		json_object_set_userdata(value, (void *)(uintptr_t)w->line, NULL);
	if (first == '{')
		walk_object(w, value);
	else if (first == '[')
		walk_array(w, value);
	else if (first == '"')
		walk_string(w);
	else
		walk_word(w);
}

static struct json_object *text_parse(const char *text, size_t text_len, struct report *report)
{
	CLEANUP(json_tokener_free_ptr) struct json_tokener *tokener = NULL;
	struct json_object *root;
	enum json_tokener_error error;
	const char *why;

	tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!tokener) {
		report_mistake(report, 0, "no memory to read it");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)text_len);
	error = json_tokener_get_error(tokener);
	if (root)
		return root;
	if (error == json_tokener_success) {
		report_mistake(report, 1, "a signature file is an object");
		return NULL;
	}
	why = error == json_tokener_continue ? "the text ends too early"
					     : json_tokener_error_desc(error);
	report_mistake(report, line_of(text, json_tokener_get_parse_end(tokener)),
		       "not valid JSON: %s", why);
	return NULL;
}

struct json_object *jsontext_parse(const char *text, size_t text_len, enum jsontext_nulls nulls,
				   struct report *report)
{
	const char *nul = memchr(text, '\0', text_len);
	struct walk w = {.at = text,
			 .end = text + text_len,
			 .line = 1,
			 .nulls = nulls,
			 .report = report};
	struct json_object *root;

	if (nul) {
		report_mistake(report, line_of(text, (size_t)(nul - text)),
			       "not valid JSON: a zero byte");
		return NULL;
	}
	root = text_parse(text, text_len, report);
	if (!root)
		return NULL;
	walk_value(&w, root);
	if (!w.lost)
		return root;
	json_object_put(root);
	return NULL;
}
