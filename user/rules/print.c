// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/print.h"

#include <json-c/json.h>

#include "rules/ports.h"

static void member_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text ? json_object_new_string(text) : NULL);
}

static void member_number(struct json_object *o, const char *key, uint32_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

/* Thousandths as the shortest decimal: json-c would print 0.40000000000000002. */
static void member_thousandths(struct json_object *o, const char *key, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%g", n / 1000.0);
	json_object_object_add(o, key, json_object_new_double_s(n / 1000.0, text));
}

static void line_print(struct json_object *o, FILE *out)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static struct json_object *groups_list(const struct rules_rule *rule)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < rule->group_count; i++)
		json_object_array_add(list, json_object_new_string(rule->group_names[i]));
	return list;
}

static struct json_object *use_object(const struct rules *r, const struct rules_use *use)
{
	struct json_object *o = json_object_new_object(), *ports = json_object_new_array();
	bool primary = use->domain_class == CLASS_PRIMARY;
	char text[PORT_TEXT_MAX];

	for (uint32_t i = 0; i < use->port_count; i++)
		json_object_array_add(
			ports, json_object_new_string(port_range_text(&use->ports[i], text)));
	member_text(o, "domain", r->domains[use->domain].name);
	member_text(o, "class", domain_class_names[use->domain_class]);
	member_text(o, "group", primary ? r->rules[use->rule].group_names[use->group] : NULL);
	json_object_object_add(o, "ports", ports);
	member_text(o, "source", use->source);
	return o;
}

static struct json_object *uses_list(const struct rules *r, uint32_t rule)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < r->use_count; i++)
		if (r->uses[i].rule == rule)
			json_object_array_add(list, use_object(r, &r->uses[i]));
	return list;
}

static struct json_object *usage_object(const struct rules_rule *rule)
{
	struct json_object *o;

	if (!rule->usage_packets)
		return NULL;
	o = json_object_new_object();
	member_number(o, "packets_per_hour", rule->usage_packets);
	member_text(o, "source", rule->usage_source);
	return o;
}

void rules_print_rule(const struct rules *r, uint32_t index, const struct reach *reach, FILE *out)
{
	const struct rules_rule *rule = &r->rules[index];
	struct json_object *o = json_object_new_object();
	uint32_t reachable = reach_rule(r, index, reach);

	member_text(o, "rule", rule->id);
	member_text(o, "name", rule->name);
	member_text(o, "vendor", rule->vendor);
	member_text(o, "level", rule_level_names[rule->level]);
	member_text(o, "parent", rule->parent == RULE_NONE ? NULL : r->rules[rule->parent].id);
	member_text(o, "context", rule_context_names[rule->context]);
	member_number(o, "groups", rule->group_count);
	member_number(o, "needed", rule_needed(rule, reach->threshold));
	member_thousandths(o, "threshold", rule_threshold(rule, reach->threshold));
	json_object_object_add(o, "usage", usage_object(rule));
	if (reachable == REACH_UNKNOWN)
		member_text(o, "reachable", NULL);
	else
		member_thousandths(o, "reachable", reachable);
	json_object_object_add(o, "group_names", groups_list(rule));
	json_object_object_add(o, "domains", uses_list(r, index));
	member_text(o, "file", rule->file);
	member_number(o, "line", rule->line);
	line_print(o, out);
}

void rules_print_mistake(const char *file, uint32_t line, const char *what, FILE *out)
{
	struct json_object *o = json_object_new_object();

	member_text(o, "event", "mistake");
	member_text(o, "file", file);
	json_object_object_add(o, "line", line ? json_object_new_int64(line) : NULL);
	member_text(o, "text", what);
	line_print(o, out);
}

void rules_print_summary(const struct rules *r, uint32_t mistakes, FILE *out)
{
	struct json_object *o = json_object_new_object();

	member_text(o, "event", "summary");
	member_number(o, "mistakes", mistakes);
	if (r) {
		member_number(o, "files", r->file_count);
		member_number(o, "rules", r->rule_count);
		member_number(o, "domains", r->domain_count);
	}
	line_print(o, out);
}
