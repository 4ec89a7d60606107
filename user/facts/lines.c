// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/lines.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

#define TIME_MAX_S 32503680000LL /* the year 3000 */
#define NAME_MAX_LEN 253

bool name_normal(const char *text, char out[static NAME_TEXT_MAX])
{
	size_t len = strlen(text), label = 0;

	if (len && text[len - 1] == '.')
		len--;
	if (!len || len >= NAME_TEXT_MAX || (len > NAME_MAX_LEN && !memchr(text, '\\', len)))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c >= 0x7f || (c == '.' && !label))
			return false;
		label = c == '.' ? 0 : label + 1;
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	out[len] = '\0';
	return label > 0;
}

static const char *member_string(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* Whole seconds; -1: not there, -2: not a time. */
static int64_t member_seconds(struct json_object *o, const char *key)
{
	struct json_object *value;
	double s;

	if (!json_object_object_get_ex(o, key, &value))
		return -1;
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return -2;
	s = json_object_get_double(value);
	return s >= 0 && s <= TIME_MAX_S ? (int64_t)s : -2;
}

/* The text's one object; NULL: there is none. */
static struct json_object *object_parse(struct json_tokener *tokener, const char *text, size_t len)
{
	struct json_object *root;
	size_t end;

	if (len > FACTS_LINE_MAX)
		return NULL;
	json_tokener_reset(tokener);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	end = json_tokener_get_parse_end(tokener);
	if (json_tokener_get_error(tokener) == json_tokener_success &&
	    json_object_is_type(root, json_type_object) &&
	    end + strspn(text + end, " \t\r\n") >= len)
		return root;
	json_object_put(root);
	return NULL;
}

static const char *range_take(struct json_object *o, struct line *out)
{
	out->first_s = member_seconds(o, "time_first");
	out->last_s = member_seconds(o, "time_last");
	if (out->first_s == -1 && out->last_s == -1) {
		out->first_s = member_seconds(o, "zone_time_first");
		out->last_s = member_seconds(o, "zone_time_last");
	}
	if (out->first_s == -1 || out->last_s == -1)
		return "needs \"time_first\" and \"time_last\", or \"zone_time_first\" and "
		       "\"zone_time_last\"";
	if (out->first_s < 0 || out->last_s < 0)
		return "has a time that is no seconds since 1970";
	return out->first_s > out->last_s ? "ends before it begins" : NULL;
}

static const char *items_check(const struct line *l, bool (*fits)(const char *text))
{
	size_t count = line_item_count(l);

	for (size_t i = 0; i < count; i++) {
		const char *text = line_item(l, i);

		if (!text || !fits(text))
			return "has data that does not fit its type";
	}
	return count ? NULL : "has no data";
}

static bool fits_v4(const char *text)
{
	struct addr a;

	return !addr_parse(text, &a) && addr_is_v4(&a);
}

static bool fits_v6(const char *text)
{
	struct addr a;

	return !addr_parse(text, &a) && strchr(text, ':');
}

static bool fits_name(const char *text)
{
	char name[NAME_TEXT_MAX];

	return name_normal(text, name);
}

static const char *passive_take(struct json_object *o, struct line *out)
{
	static const struct {
		const char *type;
		enum record_kind kind;
		bool (*fits)(const char *text);
	} types[] = {
		{"A", RECORD_ADDRESS, fits_v4},
		{"AAAA", RECORD_ADDRESS, fits_v6},
		{"CNAME", RECORD_ALIAS, fits_name},
	};
	const char *type = member_string(o, "rrtype"), *name = member_string(o, "rrname");
	const char *wrong = NULL;

	if (!type || !name || !json_object_object_get_ex(o, "rdata", &out->items))
		return "needs \"rrname\", \"rrtype\" and \"rdata\"";
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (strcasecmp(type, types[i].type) != 0)
			continue;
		if (!name_normal(name, out->name))
			return "has an \"rrname\" that is no name";
		wrong = items_check(out, types[i].fits);
		out->kind = wrong ? RECORD_NONE : types[i].kind;
		return wrong ? wrong : range_take(o, out);
	}
	return NULL;
}

/* Some send records as {"obj": RECORD}, between lines that only say {"cond": ...}. */
const char *line_parse_passive(struct json_tokener *tokener, const char *text, size_t len,
			       struct line *out)
{
	struct json_object *o, *inner;

	out->kind = RECORD_NONE;
	out->root = o = object_parse(tokener, text, len);
	if (!o)
		return "is no JSON object";
	if (json_object_object_get_ex(o, "obj", &inner))
		o = inner;
	else if (json_object_object_get_ex(o, "cond", NULL))
		return NULL;
	if (!json_object_is_type(o, json_type_object))
		return "is no JSON object";
	return passive_take(o, out);
}

const char *line_parse_certificate(struct json_tokener *tokener, const char *text, size_t len,
				   struct line *out)
{
	struct json_object *o, *port;
	const char *address;

	out->kind = RECORD_NONE;
	out->root = o = object_parse(tokener, text, len);
	if (!o)
		return "is no JSON object";
	address = member_string(o, "address");
	if (!address || addr_parse(address, &out->addr))
		return "needs an \"address\"";
	port = json_object_object_get(o, "port");
	if (!json_object_is_type(port, json_type_int) || json_object_get_int64(port) < 1 ||
	    json_object_get_int64(port) > UINT16_MAX)
		return "needs a \"port\" from 1 to 65535";
	out->port = (uint16_t)json_object_get_int64(port);
	if (!json_object_object_get_ex(o, "names", &out->items) || !line_item_count(out))
		return "needs \"names\"";
	out->first_s = out->last_s = member_seconds(o, "time");
	if (out->first_s < 0)
		return "needs a \"time\" in seconds since 1970";
	out->kind = RECORD_CERTIFICATE;
	return NULL;
}

void line_clean(struct line *l)
{
	json_object_put(l->root);
	l->root = l->items = NULL;
}

size_t line_item_count(const struct line *l)
{
	if (json_object_is_type(l->items, json_type_string))
		return 1;
	return json_object_is_type(l->items, json_type_array) ? json_object_array_length(l->items)
							      : 0;
}

const char *line_item(const struct line *l, size_t i)
{
	struct json_object *item = l->items;

	if (json_object_is_type(item, json_type_array))
		item = json_object_array_get_idx(item, i);
	return json_object_is_type(item, json_type_string) ? json_object_get_string(item) : NULL;
}
