// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/infer.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "infer/hits.h"
#include "infer/standing.h"

struct infer *infer_new(const struct infer_config *config, const struct infer_source *source,
			detection_sink *sink, void *sink_ctx, struct counts *counts)
{
	struct infer *i = calloc(1, sizeof(*i));

	assert(config->max_detections && config->window_ns > 0);
	if (!i)
		return NULL;
	i->table = table_new(sizeof(struct standing_key), sizeof(struct standing *),
			     config->max_detections);
	if (config->regroup)
		i->groups = groups_new(config->rules, config->threshold);
	if (!i->table || (config->regroup && !i->groups)) {
		infer_free(i);
		return NULL;
	}
	i->hits.groups = i->groups;
	i->config = *config;
	i->source = *source;
	i->sink = sink;
	i->sink_ctx = sink_ctx;
	i->counts = counts;
	i->oldest_ns = INT64_MAX;
	return i;
}

static void standing_free_all(struct table *t)
{
	const void *key;
	void *value;

	if (!t)
		return;
	for (size_t at = 0; table_next(t, &at, &key, &value);)
		free(*(struct standing **)value);
	table_free(t);
}

void infer_free(struct infer *i)
{
	if (!i)
		return;
	standing_free_all(i->table);
	hits_clean(&i->hits);
	groups_free(i->groups);
	free(i);
}

/*
 * Reports rule and, before it, the rules above it that are not reported yet; renews what is due.
 * All of them fire.
 */
static void rule_report(struct infer *i, const struct subject *subject, uint32_t rule,
			int64_t now_ns)
{
	uint32_t parent = i->config.rules->rules[rule].parent;
	struct detection *d = &i->scratch;

	if (standing_get(i, subject, rule)) {
		infer_renew(i, subject, rule, now_ns);
		return;
	}
	if (parent != RULE_NONE)
		rule_report(i, subject, parent, now_ns);
	detection_build(&i->config, &i->hits, rule, d);
	d->event = DETECTION_NEW;
	d->subject = *subject;
	d->time_ns = d->since_ns = d->told_ns = now_ns;
	d->began_ns = i->hits.rows[0].first_ns;
	if (standing_put(i, d)) {
		i->counts->n[COUNTER_DETECTIONS_FULL]++;
		return;
	}
	i->counts->n[COUNTER_DETECTIONS]++;
	detection_tell(i, d);
}

struct groups *infer_groups(const struct infer *i)
{
	return i->groups;
}

/* Which twins of a region the subject contacts. */
static void groups_look(struct infer *i)
{
	if (!i->groups)
		return;
	groups_subject(i->groups);
	for (uint32_t h = 0; h < i->hits.hit_count; h++)
		groups_contact(i->groups, i->hits.hits[h].rule, i->hits.hits[h].written);
}

void infer_subject(struct infer *i, const struct subject *subject, int64_t now_ns)
{
	if (!hits_fill(&i->hits, &i->config, &i->source, subject, now_ns))
		i->counts->n[COUNTER_DETECTIONS_FULL]++;
	groups_look(i);
	for (uint32_t r = 0; r < i->hits.rule_count; r++) {
		uint32_t rule = i->hits.rules[r].rule;

		if (hits_fire(&i->hits, &i->config, rule, SPAN_WINDOW))
			rule_report(i, subject, rule, now_ns);
	}
}

struct each_item {
	const struct standing_key *key;
	const struct standing *standing;
};

static int each_compare(const void *va, const void *vb)
{
	const struct each_item *a = va, *b = vb;
	int64_t ta = a->standing->time_ns, tb = b->standing->time_ns;

	if (ta != tb)
		return ta < tb ? -1 : 1;
	return memcmp(a->key, b->key, sizeof(*a->key));
}

void infer_each(const struct infer *i, detection_sink *sink, void *ctx)
{
	CLEANUP_FREE struct detection *d = malloc(sizeof(*d));
	CLEANUP_FREE struct each_item *items = calloc(table_count(i->table) + 1, sizeof(*items));
	size_t count = 0;
	const void *key;
	void *value;

	if (!d || !items)
		return;
	for (size_t at = 0; table_next(i->table, &at, &key, &value);)
		items[count++] = (struct each_item){key, *(struct standing **)value};
	qsort(items, count, sizeof(*items), each_compare);
	for (size_t n = 0; n < count; n++) {
		standing_expand(items[n].standing, items[n].key, d);
		d->address_count = i->source.addresses(i->source.ctx, &d->subject, d->address);
		sink(ctx, d);
	}
}

bool infer_detected(const struct infer *i, const struct subject *subject, uint32_t rule,
		    int64_t *time_ns)
{
	struct standing **slot = standing_get(i, subject, rule);

	if (slot && time_ns)
		*time_ns = (*slot)->time_ns;
	return slot != NULL;
}

size_t infer_count(const struct infer *i)
{
	return table_count(i->table);
}

size_t infer_bytes(const struct infer *i)
{
	size_t bytes = sizeof(*i) + table_bytes(i->table) + hits_bytes(&i->hits);
	const void *key;
	void *value;

	for (size_t at = 0; table_next(i->table, &at, &key, &value);)
		bytes += malloc_usable_size(*(struct standing **)value) + sizeof(size_t);
	return bytes;
}

int infer_restore(struct infer *i, const struct detection *d)
{
	if (d->rule >= i->config.rules->rule_count)
		return -EINVAL;
	return standing_put(i, d);
}

static void standing_move(struct table *t, const struct standing_key *old, struct standing *s,
			  uint32_t rule)
{
	struct standing_key key = {.subject = old->subject, .rule = rule};
	struct standing **slot = NULL;
	bool added;

	if (rule != RULE_NONE)
		slot = table_put(t, &key, &added);
	if (slot && added)
		*slot = s;
	else
		free(s); /* its rule is gone */
}

int infer_set_rules(struct infer *i, const struct rules *rules, const uint32_t *rule_map,
		    const domain_id *domain_map)
{
	struct table *t = table_new(sizeof(struct standing_key), sizeof(struct standing *),
				    i->config.max_detections);
	struct groups *groups = i->config.regroup ? groups_new(rules, i->config.threshold) : NULL;
	const void *key;
	void *value;

	if (!t || (i->config.regroup && !groups)) {
		table_free(t);
		groups_free(groups);
		return -ENOMEM;
	}
	groups_free(i->groups);
	i->groups = groups;
	i->hits.groups = groups;
	for (size_t at = 0; table_next(i->table, &at, &key, &value);) {
		const struct standing_key *k = key;
		struct standing *s = *(struct standing **)value;

		standing_remap(s, domain_map, i->config.rules->domain_count);
		standing_move(t, k, s, rule_map[k->rule]);
	}
	table_free(i->table);
	i->table = t;
	i->config.rules = rules;
	return 0;
}
