// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules/array.h"
#include "rules/field.h"
#include "rules/ports.h"

#define FORMAT 1
#define PORT_TEXTS_MAX 64 /* in one domain's list, before neighbours are joined */
#define IDLE_MAX 1000000  /* packets an hour of one domain: far above any device at rest */
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

DEFINE_CLEANUP(json_object_put, struct json_object *)

/* What a file's rules share. */
struct context {
	struct draft *draft;
	struct report *report;
	struct json_object *sources; /* NULL: the file has none */
	const struct name *file;
	const struct name *vendor;
	const struct name *rule_source; /* citation for domains that name none */
	bool rule_has_source;           /* though it may be a wrong one */
};

static const struct field file_fields[] = {
	{"$schema", json_type_string, false}, {"format", json_type_int, true},
	{"vendor", json_type_string, true},   {"note", json_type_string, false},
	{"sources", json_type_object, true},  {"rules", json_type_array, true},
};

static const struct field source_fields[] = {
	{"citation", json_type_string, true},
	{"date", json_type_string, true},
	{"url", json_type_string, false},
};

static const struct field rule_fields[] = {
	{"rule", json_type_string, true},    {"name", json_type_string, true},
	{"level", json_type_string, true},   {"parent", json_type_string, false},
	{"source", json_type_string, false}, {"threshold", json_type_double, false},
	{"usage", json_type_object, false},  {"note", json_type_string, false},
	{"domains", json_type_array, true},  {"context", json_type_string, false},
};

static const struct field usage_fields[] = {
	{"packets_per_hour", json_type_int, true},
	{"source", json_type_string, false},
	{"note", json_type_string, false},
};

static const struct field use_fields[] = {
	{"domain", json_type_string, true},  {"ports", json_type_array, true},
	{"class", json_type_string, false},  {"group", json_type_string, false},
	{"source", json_type_string, false}, {"note", json_type_string, false},
	{"idle_packets", json_type_int, false},
};

typedef const char *fault_test(const char *text, size_t len);

int draft_init(struct draft *d, rules_mistake *mistake, void *ctx)
{
	*d = (struct draft){.report = {.sink = mistake, .ctx = ctx}};
	d->names = names_new();
	return d->names ? 0 : -ENOMEM;
}

void draft_clean(struct draft *d)
{
	names_free(d->names);
	free(d->files);
	free(d->rules);
	free(d->uses);
	*d = (struct draft){0};
}

struct name *draft_name(struct draft *d, const char *text, size_t len)
{
	struct name *name = names_put(d->names, text, len);

	if (!name)
		d->error = -ENOMEM;
	return name;
}

static void *array_add(struct draft *d, void **array, uint32_t *count, size_t size)
{
	void *item = array_grow(array, count, size);

	if (!item)
		d->error = -ENOMEM;
	return item;
}

/* The string of a key, when it is there and fault finds nothing wrong with it. */
static struct name *string_get(struct context *c, struct json_object *object, const char *key,
			       fault_test *fault)
{
	struct json_object *value = field_get(object, key, json_type_string);
	const char *text = json_object_get_string(value), *what;
	size_t len = value ? (size_t)json_object_get_string_len(value) : 0;

	if (!value)
		return NULL;
	what = fault(text, len);
	if (!what)
		return draft_name(c->draft, text, len);
	report_mistake(c->report, jsontext_line(value), "\"%s\": \"%s\" %s", key, text, what);
	return NULL;
}

/* The index of a key's string among names, or otherwise when the key is not there. */
static uint32_t word_get(struct context *c, struct json_object *object, const char *key,
			 const char *const *names, uint32_t count, uint32_t otherwise)
{
	struct json_object *value = field_get(object, key, json_type_string);

	if (!value)
		return otherwise;
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(json_object_get_string(value), names[i]))
			return i;
	report_mistake(c->report, jsontext_line(value), "\"%s\" must be %s, %s or %s", key,
		       names[0], names[1], names[2]);
	return otherwise;
}

static enum rule_context context_get(struct context *c, struct json_object *rule)
{
	struct json_object *value = field_get(rule, "context", json_type_string);

	if (!value)
		return CONTEXT_ADDRESS;
	for (int i = 0; i < CONTEXT_COUNT; i++)
		if (!strcmp(json_object_get_string(value), rule_context_names[i]))
			return (enum rule_context)i;
	report_mistake(c->report, jsontext_line(value), "\"context\" must be %s or %s",
		       rule_context_names[0], rule_context_names[1]);
	return CONTEXT_ADDRESS;
}

/* The line of a key's value, or else that of its object. */
static uint32_t key_line(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && value ? jsontext_line(value)
								       : jsontext_line(object);
}

/* Thousandths; 0: none. */
static uint32_t threshold_get(struct context *c, struct json_object *rule)
{
	struct json_object *value = field_get(rule, "threshold", json_type_double);
	double thousandths, rest;

	if (!value)
		return 0;
	thousandths = json_object_get_double(value) * 1000;
	if (thousandths >= 1 && thousandths <= 1000) {
		rest = thousandths - (uint32_t)(thousandths + 0.5);
		if (rest > -1e-6 && rest < 1e-6)
			return (uint32_t)(thousandths + 0.5);
	}
	report_mistake(c->report, jsontext_line(value),
		       "\"threshold\" must be above 0, at most 1, with at most three digits after "
		       "the point");
	return 0;
}

/* Packets an hour of a device that nobody uses. */
static uint32_t idle_get(struct context *c, struct json_object *use)
{
	struct json_object *value = field_get(use, "idle_packets", json_type_int);
	int64_t n = value ? json_object_get_int64(value) : 0;

	if (!value)
		return IDLE_UNKNOWN;
	if (n >= 0 && n <= IDLE_MAX)
		return (uint32_t)n;
	report_mistake(c->report, jsontext_line(value), "\"idle_packets\" must be 0 to %d an hour",
		       IDLE_MAX);
	return IDLE_UNKNOWN;
}

static void use_read_ports(struct context *c, struct json_object *list, struct draft_use *use)
{
	struct port_range ports[PORT_TEXTS_MAX];
	size_t count = json_object_array_length(list);
	int rc;

	if (count == 0 || count > PORT_TEXTS_MAX) {
		report_mistake(c->report, jsontext_line(list), "\"ports\" needs 1 to %d entries",
			       PORT_TEXTS_MAX);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_object *port = json_object_array_get_idx(list, i);

		if (!port)
			return;
		if (!json_object_is_type(port, json_type_string) ||
		    port_range_parse(json_object_get_string(port), &ports[i]) < 0) {
			report_mistake(c->report, jsontext_line(port),
				       "port %s must be as \"443\", \"tcp/443\", \"udp/123\" or "
				       "\"51000-52100\"",
				       json_object_to_json_string(port));
			return;
		}
	}
	rc = port_ranges_merge(ports, count, use->ports, &use->port_count);
	if (rc == -ENOSPC)
		report_mistake(c->report, jsontext_line(list), "more than %d port ranges",
			       BACKEND_PORTS);
	else if (rc < 0)
		c->draft->error = rc;
}

/* The citation that a "source" key of object names, or otherwise. */
static const struct name *source_get(struct context *c, struct json_object *object,
				     const struct name *otherwise)
{
	struct json_object *value = field_get(object, "source", json_type_string);
	struct json_object *source, *citation, *date;
	char text[2 * TEXT_MAX];
	int len;

	if (!value)
		return otherwise;
	if (!c->sources) /* already reported */
		return NULL;
	source = field_get(c->sources, json_object_get_string(value), json_type_object);
	if (!source) {
		report_mistake(c->report, jsontext_line(value),
			       "source \"%s\" is not in \"sources\"",
			       json_object_get_string(value));
		return NULL;
	}
	citation = field_get(source, "citation", json_type_string);
	date = field_get(source, "date", json_type_string);
	if (!citation || !date)
		return NULL;
	len = snprintf(text, sizeof(text), "%s (%s)", json_object_get_string(citation),
		       json_object_get_string(date));
	return draft_name(c->draft, text,
			  len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static void use_read(struct context *c, struct json_object *object)
{
	struct draft *d = c->draft;
	struct json_object *ports = field_get(object, "ports", json_type_array);
	uint32_t before = c->report->count;
	struct draft_use *slot, use = {
					.rule = d->rule_count - 1,
					.line = key_line(object, "domain"),
				};

	fields_check(object, "a domain", use_fields, LENGTH(use_fields), c->report);
	use.domain = string_get(c, object, "domain", domain_fault);
	use.domain_class =
		word_get(c, object, "class", domain_class_names, CLASS_COUNT, CLASS_PRIMARY);
	use.group = string_get(c, object, "group", group_fault);
	use.idle = idle_get(c, object);
	if (ports)
		use_read_ports(c, ports, &use);
	use.source = source_get(c, object, c->rule_source);
	if (!c->rule_has_source && !json_object_object_get_ex(object, "source", NULL))
		report_mistake(c->report, use.line,
			       "neither the domain nor its rule names a \"source\"");
	if (c->report->count != before || d->error)
		return;
	if (d->use_count == RULES_USES_MAX) {
		report_mistake(c->report, use.line, "more than %d domains over all rules",
			       RULES_USES_MAX);
		return;
	}
	if (!use.group)
		use.group = use.domain;
	slot = array_add(d, (void **)&d->uses, &d->use_count, sizeof(*slot));
	if (slot)
		*slot = use;
}

/* From how many packets in an hour on somebody uses the device; 0: the rule does not say. */
static void rule_read_usage(struct context *c, struct json_object *object, struct draft_rule *rule)
{
	struct json_object *usage = field_get(object, "usage", json_type_object), *packets;
	int64_t n;

	if (!usage)
		return;
	fields_check(usage, "\"usage\"", usage_fields, LENGTH(usage_fields), c->report);
	rule->usage_source = source_get(c, usage, source_get(c, object, NULL));
	if (!json_object_object_get_ex(object, "source", NULL) &&
	    !json_object_object_get_ex(usage, "source", NULL))
		report_mistake(c->report, jsontext_line(usage),
			       "neither \"usage\" nor its rule names a \"source\"");
	packets = field_get(usage, "packets_per_hour", json_type_int);
	if (!packets)
		return;
	n = json_object_get_int64(packets);
	if (n < 1 || n > UINT32_MAX)
		report_mistake(c->report, jsontext_line(packets),
			       "\"packets_per_hour\" must be 1 to %u", UINT32_MAX);
	else
		rule->usage_packets = (uint32_t)n;
}

static bool has_primary(const struct draft *d, uint32_t use_first)
{
	for (uint32_t i = use_first; i < d->use_count; i++)
		if (d->uses[i].domain_class == CLASS_PRIMARY)
			return true;
	return false;
}

static void rule_read_domains(struct context *c, struct json_object *rule)
{
	uint32_t before = c->report->count, use_first = c->draft->use_count;
	struct json_object *list = field_get(rule, "domains", json_type_array);
	size_t count = list ? json_object_array_length(list) : 0;

	c->rule_source = source_get(c, rule, NULL);
	c->rule_has_source = json_object_object_get_ex(rule, "source", NULL);
	if (list && (count == 0 || count > RULE_DOMAINS_MAX))
		report_mistake(c->report, jsontext_line(list), "\"domains\" needs 1 to %d entries",
			       RULE_DOMAINS_MAX);
	for (size_t i = 0; i < count && i < RULE_DOMAINS_MAX; i++) {
		struct json_object *use = json_object_array_get_idx(list, i);

		if (json_object_is_type(use, json_type_object))
			use_read(c, use);
		else if (use)
			report_mistake(c->report, jsontext_line(use),
				       "a domain must be an object");
	}
	if (list && c->report->count == before && !has_primary(c->draft, use_first))
		report_mistake(c->report, jsontext_line(rule), "the rule has no primary domain");
}

static void rule_read(struct context *c, struct json_object *object)
{
	struct draft *d = c->draft;
	struct draft_rule *rule;

	fields_check(object, "a rule", rule_fields, LENGTH(rule_fields), c->report);
	if (d->rule_count == RULES_MAX) {
		report_mistake(c->report, jsontext_line(object), "more than %d rules", RULES_MAX);
		return;
	}
	rule = array_add(d, (void **)&d->rules, &d->rule_count, sizeof(*rule));
	if (!rule)
		return;
	rule->file = c->file;
	rule->vendor = c->vendor;
	rule->line = key_line(object, "rule");
	rule->parent_line = key_line(object, "parent");
	rule->id = string_get(c, object, "rule", id_fault);
	rule->name = string_get(c, object, "name", text_fault);
	rule->parent = string_get(c, object, "parent", id_fault);
	rule->level = word_get(c, object, "level", rule_level_names, LEVEL_COUNT, LEVEL_COUNT);
	rule->context = context_get(c, object);
	rule->threshold = threshold_get(c, object);
	rule_read_usage(c, object, rule);
	rule->use_first = d->use_count;
	rule_read_domains(c, object);
	rule->use_count = d->use_count - rule->use_first;
	d->incomplete |= !rule->id;
}

static void sources_check(struct context *c)
{
	json_object_object_foreach(c->sources, key, source)
	{
		if (!source)
			continue;
		if (!json_object_is_type(source, json_type_object)) {
			report_mistake(c->report, jsontext_line(source),
				       "source \"%s\" must be an object", key);
			continue;
		}
		fields_check(source, "a source", source_fields, LENGTH(source_fields), c->report);
		string_get(c, source, "citation", text_fault);
		string_get(c, source, "date", date_fault);
		string_get(c, source, "url", text_fault);
	}
}

/* One file per vendor: two would hide from each other what they say. */
static void vendor_check(struct context *c, struct json_object *root)
{
	struct draft *d = c->draft;
	struct draft_file *file;

	c->vendor = string_get(c, root, "vendor", text_fault);
	if (!c->vendor)
		return;
	for (uint32_t i = 0; i < d->file_count; i++)
		if (d->files[i].vendor == c->vendor)
			report_mistake(c->report, key_line(root, "vendor"),
				       "vendor \"%s\" already has the file %s", c->vendor->text,
				       d->files[i].path->text);
	file = array_add(d, (void **)&d->files, &d->file_count, sizeof(*file));
	if (file)
		*file = (struct draft_file){.path = c->file, .vendor = c->vendor};
}

static bool format_check(struct context *c, struct json_object *root)
{
	struct json_object *format = field_get(root, "format", json_type_int);

	if (!format || json_object_get_int64(format) == FORMAT)
		return true;
	c->draft->incomplete = true;
	report_mistake(c->report, jsontext_line(format), "format %s is not known here, only %d",
		       json_object_get_string(format), FORMAT);
	return false;
}

static void root_read(struct context *c, struct json_object *root)
{
	struct json_object *rules = field_get(root, "rules", json_type_array);
	size_t count = rules ? json_object_array_length(rules) : 0;

	if (!format_check(c, root))
		return;
	fields_check(root, "a signature file", file_fields, LENGTH(file_fields), c->report);
	vendor_check(c, root);
	c->sources = field_get(root, "sources", json_type_object);
	if (c->sources)
		sources_check(c);
	if (rules && count == 0)
		report_mistake(c->report, jsontext_line(rules), "\"rules\" is empty");
	for (size_t i = 0; i < count && !c->draft->error; i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);

		if (json_object_is_type(rule, json_type_object))
			rule_read(c, rule);
		else if (rule)
			report_mistake(c->report, jsontext_line(rule), "a rule must be an object");
	}
}

void draft_read(struct draft *d, const char *path, const char *text, size_t text_len)
{
	CLEANUP(json_object_put_ptr) struct json_object *root = NULL;
	struct context c = {.draft = d, .report = &d->report};

	c.file = draft_name(d, path, strlen(path));
	if (!c.file)
		return;
	d->report.file = c.file->text;
	root = jsontext_parse(text, text_len, NULLS_REFUSED, &d->report);
	if (json_object_is_type(root, json_type_object)) {
		root_read(&c, root);
	} else {
		d->incomplete = true;
		if (root)
			report_mistake(&d->report, 1, "a signature file is an object");
	}
}
