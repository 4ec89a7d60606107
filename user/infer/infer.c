// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/infer.h"

#include <assert.h>
#include <errno.h>
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
	if (!i->table) {
		free(i);
		return NULL;
	}
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
	free(i);
}

static struct standing **standing_get(const struct infer *i, const struct subject *subject,
				      uint32_t rule)
{
	struct standing_key key = {.subject = *subject, .rule = rule};

	return table_get(i->table, &key);
}

/* Remembers d in place of what was there. 0, -ENOSPC when full, -ENOMEM. */
static int standing_put(struct infer *i, const struct detection *d)
{
	struct standing_key key = {.subject = d->subject, .rule = d->rule};
	CLEANUP_FREE struct standing *s = standing_new(d);
	struct standing **slot;
	bool added;

	if (!s)
		return -ENOMEM;
	slot = table_put(i->table, &key, &added);
	if (!slot)
		return -ENOSPC;
	free(*slot);
	*slot = TAKE_PTR(s);
	if (d->last_ns < i->oldest_ns)
		i->oldest_ns = d->last_ns;
	return 0;
}

static void detection_addresses(const struct infer *i, struct detection *d)
{
	d->address_count = i->source.addresses(i->source.ctx, &d->subject, d->address);
}

/* Reports rule and, before it, the rules above it that are not reported yet. All of them fire. */
static void rule_report(struct infer *i, const struct subject *subject, uint32_t rule,
			int64_t now_ns)
{
	uint32_t parent = i->config.rules->rules[rule].parent;

	if (standing_get(i, subject, rule))
		return;
	if (parent != RULE_NONE)
		rule_report(i, subject, parent, now_ns);
	detection_build(&i->config, &i->hits, rule, &i->scratch);
	i->scratch.subject = *subject;
	i->scratch.time_ns = now_ns;
	if (standing_put(i, &i->scratch)) {
		i->counts->n[COUNTER_DETECTIONS_FULL]++;
		return;
	}
	i->counts->n[COUNTER_DETECTIONS]++;
	detection_addresses(i, &i->scratch);
	i->sink(i->sink_ctx, &i->scratch);
}

void infer_subject(struct infer *i, const struct subject *subject, int64_t now_ns)
{
	if (!hits_fill(&i->hits, &i->config, &i->source, subject, now_ns))
		i->counts->n[COUNTER_DETECTIONS_FULL]++;
	for (uint32_t r = 0; r < i->hits.rule_count; r++) {
		uint32_t rule = i->hits.rules[r].rule;

		if (hits_fire(&i->hits, &i->config, rule))
			rule_report(i, subject, rule, now_ns);
	}
}

/*
 * Brings a detection up to date with its subject's rows, which i->hits holds: all of it when the
 * rule still fires, else only the time of the last contact. False when no contact is left.
 */
static bool standing_refresh(struct infer *i, const struct subject *subject, uint32_t rule,
			     struct standing **slot)
{
	const struct hits_rule *r = hits_find(&i->hits, rule);
	struct detection *d = &i->scratch;
	struct standing *fresh;

	if (!r)
		return false;
	detection_build(&i->config, &i->hits, rule, d);
	if (!hits_fire(&i->hits, &i->config, rule)) {
		(*slot)->last_ns = d->last_ns;
		return true;
	}
	d->subject = *subject;
	d->time_ns = (*slot)->time_ns;
	fresh = standing_new(d);
	if (!fresh)
		return true;
	free(*slot);
	*slot = fresh;
	return true;
}

void infer_recheck(struct infer *i, const struct subject *subject, const struct addr *remote,
		   int64_t now_ns)
{
	hits_fill(&i->hits, &i->config, &i->source, subject, now_ns);
	for (uint32_t rule = 0; rule < i->config.rules->rule_count; rule++) {
		struct standing **slot = standing_get(i, subject, rule);
		struct standing_key key = {.subject = *subject, .rule = rule};

		if (!slot || !standing_used(*slot, remote))
			continue;
		if (hits_fire(&i->hits, &i->config, rule)) {
			standing_refresh(i, subject, rule, slot);
			continue;
		}
		free(*slot);
		table_del(i->table, &key);
		i->counts->n[COUNTER_DETECTIONS_WITHDRAWN]++;
	}
}

/* Refreshes the detections whose last contact, as known, is before older_ns; drops empty ones. */
static void standing_refresh_all(struct infer *i, int64_t now_ns, int64_t older_ns)
{
	const void *key;
	void *value;

	i->oldest_ns = INT64_MAX;
	for (size_t at = 0; table_next(i->table, &at, &key, &value);) {
		const struct standing_key k = *(const struct standing_key *)key;
		struct standing **slot = value;

		if ((*slot)->last_ns < older_ns) {
			hits_fill(&i->hits, &i->config, &i->source, &k.subject, now_ns);
			if (!standing_refresh(i, &k.subject, k.rule, slot) &&
			    (*slot)->last_ns < i->hits.cutoff_ns) {
				free(*slot);
				table_del_at(i->table, &at);
				continue;
			}
		}
		if ((*slot)->last_ns < i->oldest_ns)
			i->oldest_ns = (*slot)->last_ns;
	}
}

void infer_expire(struct infer *i, int64_t now_ns)
{
	int64_t cutoff_ns = now_ns - i->config.window_ns;

	if (i->oldest_ns < cutoff_ns)
		standing_refresh_all(i, now_ns, cutoff_ns);
}

void infer_update(struct infer *i, int64_t now_ns)
{
	standing_refresh_all(i, now_ns, INT64_MAX);
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
		detection_addresses(i, d);
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
	const void *key;
	void *value;

	if (!t)
		return -ENOMEM;
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
