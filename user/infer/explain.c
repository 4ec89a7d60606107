// SPDX-License-Identifier: GPL-2.0-or-later
/* One rule held against one subject, for a person who asks why. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "infer/confidence.h"
#include "infer/standing.h"

static const char *use_group_name(const struct infer *i, const struct rules_use *use)
{
	uint32_t unit = groups_unit(i->groups, use->rule, use->group);

	return groups_name(i->groups, i->config.rules, use->rule, unit);
}

static uint32_t contacts_fill(const struct infer *i, uint32_t rule, struct explain_contact *out)
{
	const struct rules *rules = i->config.rules;
	uint32_t n = 0;

	for (uint32_t r = 0; r < i->hits.row_count; r++) {
		const struct evidence *e = &i->hits.rows[r];
		const struct rules_use *use = use_find(rules, e, rule);
		bool primary = use && use->domain_class == CLASS_PRIMARY;

		if (!use)
			continue;
		out[n++] = (struct explain_contact){
			.evidence = *e,
			.group = primary ? use_group_name(i, use) : NULL,
			.domain_class = use->domain_class,
			.counted = primary && contact_counts(&i->config, e),
		};
	}
	return n;
}

static void groups_fill(const struct infer *i, uint32_t rule, struct explain_group *out)
{
	const struct hits_rule *r = hits_find(&i->hits, rule);
	uint32_t count = groups_count(i->groups, i->config.rules, rule);

	for (uint32_t g = 0; g < count; g++)
		out[g] = (struct explain_group){
			.name = groups_name(i->groups, i->config.rules, rule, g)};
	for (uint32_t h = 0; r && h < r->count; h++)
		out[i->hits.hits[r->first + h].group].seen = true;
}

static bool weights_fill(const struct infer *i, struct explanation *x, struct explain_group *out)
{
	CLEANUP_FREE struct confidence_group *w = calloc(x->group_count + 1, sizeof(*w));

	if (!w)
		return false;
	confidence_find(&i->config, &i->hits, x->rule, &x->confidence, w);
	for (uint32_t g = 0; g < x->group_count; g++)
		out[g].weight = w[g].stranger;
	return true;
}

static void times_fill(struct explanation *x)
{
	for (uint32_t c = 0; c < x->contact_count; c++) {
		const struct evidence *e = &x->contacts[c].evidence;

		if (!c || e->first_ns < x->first_ns)
			x->first_ns = e->first_ns;
		if (!c || e->last_ns > x->last_ns)
			x->last_ns = e->last_ns;
		if (e->sampling > x->sampling)
			x->sampling = e->sampling;
	}
}

static void rule_explain(struct infer *i, uint32_t rule, explanation_sink *sink, void *ctx)
{
	const struct rules_rule *named = &i->config.rules->rules[rule];
	const struct hits_rule *r = hits_find(&i->hits, rule);
	CLEANUP_FREE struct explain_contact *contacts =
		calloc(i->hits.row_count + 1, sizeof(*contacts));
	CLEANUP_FREE struct explain_group *groups =
		calloc(named->group_count + 1, sizeof(*groups));
	struct explanation x = {
		.rule = rule,
		.seen = r ? r->seen[SPAN_WINDOW] : 0,
		.needed = groups_needed(i->groups, i->config.rules, rule, i->config.threshold),
		.of = groups_count(i->groups, i->config.rules, rule),
		.fires = hits_fire(&i->hits, &i->config, rule, SPAN_WINDOW),
		.parent_fires = named->parent == RULE_NONE ||
				hits_fire(&i->hits, &i->config, named->parent, SPAN_WINDOW),
		.group_count = groups_count(i->groups, i->config.rules, rule),
		.groups = groups,
		.contacts = contacts,
	};

	if (!contacts || !groups)
		return;
	groups_fill(i, rule, groups);
	if (!weights_fill(i, &x, groups))
		return;
	x.contact_count = contacts_fill(i, rule, contacts);
	times_fill(&x);
	sink(ctx, &x);
}

/* True when the subject contacted any domain of the rule on its ports, counted or not. */
static bool rule_touched(const struct infer *i, uint32_t rule)
{
	for (uint32_t r = 0; r < i->hits.row_count; r++) {
		const struct rules_use *use = use_find(i->config.rules, &i->hits.rows[r], rule);

		if (use && use->domain_class == CLASS_PRIMARY)
			return true;
	}
	return false;
}

void infer_explain(struct infer *i, const struct subject *subject, uint32_t rule, int64_t now_ns,
		   explanation_sink *sink, void *ctx)
{
	hits_fill(&i->hits, &i->config, &i->source, subject, now_ns);
	if (rule != RULE_NONE) {
		rule_explain(i, rule, sink, ctx);
		return;
	}
	for (uint32_t r = 0; r < i->config.rules->rule_count; r++) {
		if (rule_touched(i, r))
			rule_explain(i, r, sink, ctx);
	}
}
