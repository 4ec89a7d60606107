// SPDX-License-Identifier: GPL-2.0-or-later
/* What regrouping has made of the rules, and why. */
#include "output/rows.h"
#include "query_private.h"

static const char *const why_names[] = {NULL, "addresses", "region", "addresses and region"};
_Static_assert(sizeof(why_names) / sizeof(why_names[0]) == UNIT_WHY_COUNT, "names of unit_why");

static const char *const twins_names[] = {NULL, "no subject contacts any", NULL,
					  "a subject contacts several"};
_Static_assert(sizeof(twins_names) / sizeof(twins_names[0]) == TWINS_STATE_COUNT,
	       "names of twins_state");

/* Of a rule's groups, those for which of() gives value. */
struct choice {
	const struct query_source *q;
	uint32_t rule;
	uint32_t value;
	uint32_t (*of)(const struct groups *g, uint32_t rule, uint32_t group);
};

static struct json_object *names_list(const struct choice *c)
{
	const struct rules_rule *rule = &c->q->rules->rules[c->rule];
	const struct groups *groups = infer_groups(c->q->infer);
	struct json_object *list = json_object_new_array();

	for (uint32_t k = 0; list && k < rule->group_count; k++) {
		if (c->of(groups, c->rule, k) != c->value)
			continue;
		json_object_array_add(list, json_object_new_string(rule->group_names[k]));
	}
	return list;
}

void query_unit(const struct query_source *q, struct json_object *row, uint32_t rule,
		uint32_t unit)
{
	struct choice c = {q, rule, unit, groups_unit};
	const struct groups *groups = infer_groups(q->infer);
	enum unit_why why = groups ? groups_why(groups, rule, unit) : UNIT_ALONE;

	if (why == UNIT_ALONE)
		return;
	json_object_object_add(row, "members", names_list(&c));
	row_text(row, "why", why_names[why]);
}

static struct json_object *units_list(const struct query_source *q, uint32_t rule)
{
	const struct groups *groups = infer_groups(q->infer);
	struct json_object *list = json_object_new_array();

	for (uint32_t u = 0; list && u < groups_count(groups, q->rules, rule); u++) {
		struct json_object *row = json_object_new_object();

		if (!row)
			continue;
		row_text(row, "name", groups_name(groups, q->rules, rule, u));
		query_unit(q, row, rule, u);
		json_object_array_add(list, row);
	}
	return list;
}

/* Twins that are units of their own, with the reason. */
static struct json_object *twins_list(const struct query_source *q, uint32_t rule)
{
	const struct groups *groups = infer_groups(q->infer);
	struct json_object *list = json_object_new_array();

	for (uint32_t k = 0; list && k < q->rules->rules[rule].group_count; k++) {
		const char *why = twins_names[groups_twins(groups, rule, k)];
		struct choice c = {q, rule, k, groups_first_twin};
		struct json_object *row;

		if (!why || groups_first_twin(groups, rule, k) != k)
			continue;
		row = json_object_new_object();
		if (!row)
			continue;
		json_object_object_add(row, "members", names_list(&c));
		row_text(row, "why", why);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *groups_row(const struct query_source *q, uint32_t rule)
{
	const struct groups *groups = infer_groups(q->infer);
	struct json_object *row = row_new("groups");

	if (!row)
		return NULL;
	row_rule(row, rule, &q->names);
	row_number(row, "of", groups_count(groups, q->rules, rule));
	row_number(row, "needed", groups_needed(groups, q->rules, rule, q->threshold));
	row_number(row, "of_written", groups_count(NULL, q->rules, rule));
	row_number(row, "needed_written", groups_needed(NULL, q->rules, rule, q->threshold));
	json_object_object_add(row, "groups", units_list(q, rule));
	json_object_object_add(row, "twins_apart", twins_list(q, rule));
	return row;
}

/* True when the rule has other groups than were written, or twins that were told apart. */
static bool rule_tells(const struct query_source *q, uint32_t rule)
{
	const struct groups *groups = infer_groups(q->infer);
	uint32_t count = q->rules->rules[rule].group_count;

	for (uint32_t k = 0; k < count; k++) {
		if (groups_twins(groups, rule, k) == TWINS_APART)
			return true;
	}
	return groups_count(groups, q->rules, rule) != count;
}

void query_groups(const struct query_source *q, query_sink *sink, void *ctx)
{
	for (uint32_t r = 0; r < q->rules->rule_count; r++) {
		struct json_object *row = rule_tells(q, r) ? groups_row(q, r) : NULL;

		if (row)
			sink(ctx, row);
		json_object_put(row);
	}
}
