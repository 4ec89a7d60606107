// SPDX-License-Identifier: GPL-2.0-or-later
/* What the stages hold, for output, questions and the saved state. */
#include "pipeline_private.h"

static void names_rule(void *ctx, uint32_t rule, struct output_rule *out)
{
	const struct rules *rules = ((struct pipeline *)ctx)->rules;
	const struct rules_rule *r = &rules->rules[rule];

	*out = (struct output_rule){
		.id = r->id,
		.name = r->name,
		.vendor = r->vendor,
		.level = rule_level_names[r->level],
		.parent = r->parent == RULE_NONE ? NULL : rules->rules[r->parent].id,
	};
}

static const char *names_domain(void *ctx, domain_id domain)
{
	return ((struct pipeline *)ctx)->rules->domains[domain].name;
}

static const char *names_group(void *ctx, uint32_t rule, domain_id domain)
{
	const struct rules *rules = ((struct pipeline *)ctx)->rules;
	const struct groups *groups = infer_groups(((struct pipeline *)ctx)->infer);
	const struct rules_domain *d = &rules->domains[domain];

	for (uint32_t i = d->use_first; i < d->use_first + d->use_count; i++) {
		const struct rules_use *u = &rules->uses[i];

		if (u->rule == rule && u->domain_class == CLASS_PRIMARY)
			return groups_name(groups, rules, rule,
					   groups_unit(groups, rule, u->group));
	}
	return NULL;
}

struct output_names pipeline_names(struct pipeline *p)
{
	return (struct output_names){p, names_rule, names_domain, names_group,
				     pipeline_subject_names};
}

static int64_t query_now(void *ctx)
{
	return ((struct pipeline *)ctx)->now_ns;
}

struct query_source pipeline_query(struct pipeline *p)
{
	return (struct query_source){
		.names = pipeline_names(p),
		.rules = p->rules,
		.backends = p->backends,
		.evidence = p->evidence,
		.infer = p->infer,
		.usage = p->usage,
		.labels = p->labels,
		.counts = &p->counts,
		.origin = p->config.live ? "live" : "state",
		.threshold = p->config.threshold,
		.sampling = p->config.sample,
		.window_s = p->config.window_s,
		.ctx = p,
		.now = query_now,
	};
}

struct saved pipeline_saved(struct pipeline *p, const char *path)
{
	return (struct saved){
		.path = path,
		.rules = p->rules,
		.backends = p->backends,
		.evidence = p->evidence,
		.infer = p->infer,
		.usage = p->usage,
		.labels = p->labels,
		.heard = p->heard,
		.counts = &p->counts,
	};
}

const struct counts *pipeline_counts(const struct pipeline *p)
{
	return &p->counts;
}

uint64_t pipeline_changes(const struct pipeline *p)
{
	return p->changes;
}

uint64_t pipeline_evidence(const struct pipeline *p)
{
	return p->counts.n[COUNTER_EVIDENCE_ROWS];
}
