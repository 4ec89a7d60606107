// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/usage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/table.h"
#include "base/timefmt.h"

#define HOUR_NS (3600 * NS_PER_S)
#define HOURS_KEPT ((1U << USAGE_HOURS) - 1)

struct usage_key {
	struct subject subject;
	uint32_t rule;
};
_Static_assert(sizeof(struct usage_key) == 20, "hashed as bytes, so without padding");

struct usage_count {
	uint64_t packets;
	uint64_t wire_packets;
	uint32_t sampling; /* the coarsest; without packets that of the hour before */
};

/* One device by one rule. */
struct usage_item {
	struct usage_count count[2]; /* of hour and of the one after it */
	int64_t since_ns;
	int64_t last_ns; /* of the latest packet */
	uint32_t hour;   /* since 1970 */
	uint32_t active_hours; /* as in struct usage_row */
	uint32_t idle_hours;
	uint8_t state;
	bool doubt; /* the hour is not seen whole */
};

struct usage {
	struct usage_config config;
	struct usage_ops ops;
	struct table *table; /* struct usage_key -> struct usage_item */
	int64_t now_ns;      /* of the last tick; 0: none */
	uint32_t hour;       /* of now_ns: that of every item, but restored ones before a tick */
	uint32_t whole_from; /* the first hour that is seen whole */
};

struct usage *usage_new(const struct usage_config *config, const struct usage_ops *ops)
{
	struct usage *u = calloc(1, sizeof(*u));

	assert(config->max);
	if (!u)
		return NULL;
	u->table = table_new(sizeof(struct usage_key), sizeof(struct usage_item), config->max);
	if (!u->table) {
		free(u);
		return NULL;
	}
	u->config = *config;
	u->ops = *ops;
	return u;
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	table_free(u->table);
	free(u);
}

static uint32_t hour_of(int64_t time_ns)
{
	return time_ns > 0 ? (uint32_t)(time_ns / HOUR_NS) : 0;
}

/* --- the state of one device ------------------------------------------------------------------ */

static uint32_t item_threshold(const struct usage *u, const struct usage_key *key)
{
	return u->config.rules->rules[key->rule].usage_packets;
}

static struct usage_row item_row(const struct usage *u, const struct usage_key *key,
				 const struct usage_item *item)
{
	return (struct usage_row){
		.subject = key->subject,
		.rule = key->rule,
		.state = item->state,
		.since_ns = item->since_ns,
		.hour_ns = item->hour * HOUR_NS,
		.packets = item->count[0].packets,
		.wire_packets = item->count[0].wire_packets,
		.sampling = item->count[0].sampling,
		.threshold = item_threshold(u, key),
		.active_hours = item->active_hours,
		.idle_hours = item->idle_hours,
	};
}

/* Of change state, since_ns and time_ns are set. */
static void item_set(struct usage *u, const struct usage_key *key, struct usage_item *item,
		     const struct usage_row *change)
{
	struct usage_row row;

	if (item->state == change->state)
		return;
	item->state = (uint8_t)change->state;
	item->since_ns = change->since_ns;
	if (!u->ops.detected(u->ops.ctx, &key->subject, key->rule))
		return;
	row = item_row(u, key, item);
	row.time_ns = change->time_ns;
	u->ops.changed(u->ops.ctx, &row);
}

/* A rate at which the threshold would not give one packet to look at tells nothing. */
static bool item_is_told(const struct usage *u, const struct usage_key *key,
			 const struct usage_item *item)
{
	return item->count[0].sampling <= item_threshold(u, key);
}

static bool item_is_active(const struct usage *u, const struct usage_key *key,
			   const struct usage_item *item)
{
	return item_is_told(u, key, item) &&
	       item->count[0].wire_packets > item_threshold(u, key);
}

/* Active as soon as the packets so far say so. */
static void item_judge(struct usage *u, const struct usage_key *key, struct usage_item *item)
{
	struct usage_row change = {
		.state = USAGE_ACTIVE,
		.time_ns = item->last_ns,
		.since_ns = item->last_ns,
	};

	if (item_is_active(u, key, item))
		item_set(u, key, item, &change);
}

/* The item's hour has ended. */
static void item_close(struct usage *u, const struct usage_key *key, struct usage_item *item)
{
	bool whole = item->hour >= u->whole_from && !item->doubt;
	struct usage_row change = {
		.state = USAGE_ACTIVE,
		.time_ns = (item->hour + 1) * HOUR_NS,
		.since_ns = item->hour * HOUR_NS,
	};

	if (!item_is_active(u, key, item))
		change.state = whole && item_is_told(u, key, item) ? USAGE_IDLE : USAGE_UNKNOWN;
	item_set(u, key, item, &change);
	item->active_hours <<= 1;
	item->idle_hours <<= 1;
	item->active_hours |= change.state == USAGE_ACTIVE;
	item->idle_hours |= change.state == USAGE_IDLE;
	item->active_hours &= HOURS_KEPT;
	item->idle_hours &= HOURS_KEPT;
	if (!item->count[1].packets)
		item->count[1].sampling = item->count[0].sampling;
	item->count[0] = item->count[1];
	item->count[1] = (struct usage_count){0};
	item->doubt = false;
	item->hour++;
}

/* Nothing is known of the hours before hour, nor of all of that. */
static void item_restart(struct usage_item *item, uint32_t hour)
{
	item->active_hours = item->idle_hours = 0;
	item->last_ns = 0;
	item->count[0] = item->count[1] = (struct usage_count){0};
	item->doubt = true;
	item->hour = hour;
}

static void item_roll(struct usage *u, const struct usage_key *key, struct usage_item *item)
{
	if (item->hour > u->hour || u->hour - item->hour > USAGE_HOURS)
		item_restart(item, u->hour - 1);
	while (item->hour < u->hour)
		item_close(u, key, item);
	item_judge(u, key, item);
}

/* --- time ------------------------------------------------------------------------------------- */

static void items_roll(struct usage *u)
{
	const void *key;
	void *value;

	for (size_t at = 0; table_next(u->table, &at, &key, &value);) {
		const struct usage_key *k = key;

		item_roll(u, k, value);
		if (!u->ops.detected(u->ops.ctx, &k->subject, k->rule))
			table_del_at(u->table, &at);
	}
}

bool usage_tick(struct usage *u, int64_t now_ns)
{
	uint32_t hour = hour_of(now_ns), before = u->hour;
	bool back = now_ns < u->now_ns - HOUR_NS; /* the clock was set */

	if (now_ns <= u->now_ns && !back)
		return false;
	if (!u->now_ns || back || now_ns - u->now_ns > HOUR_NS)
		u->whole_from = hour + 1;
	u->now_ns = now_ns;
	if (hour == before || !hour)
		return false;
	u->hour = hour;
	items_roll(u);
	return true;
}

/* --- packets ---------------------------------------------------------------------------------- */

static bool use_counts(const struct rules_use *use, const struct flow *f)
{
	return use->domain_class == CLASS_PRIMARY &&
	       rules_use_has_port(use, f->port, f->ip_proto);
}

/* Domains behind those of the rules are no device's: an empty one. */
static const struct rules_domain *flow_domain(const struct rules *rules, const struct flow *f,
					      uint32_t i)
{
	static const struct rules_domain none;

	return f->domains[i] < rules->domain_count ? &rules->domains[f->domains[i]] : &none;
}

/* An address may stand for several domains of a rule; its packets are there once. */
static bool rule_is_new(const struct rules *rules, const struct flow *f, uint32_t before,
			uint32_t rule)
{
	for (uint32_t i = 0; i < before; i++) {
		const struct rules_domain *d = flow_domain(rules, f, i);

		for (uint32_t k = d->use_first; k < d->use_first + d->use_count; k++)
			if (rules->uses[k].rule == rule && use_counts(&rules->uses[k], f))
				return false;
	}
	return true;
}

static struct usage_item *item_get(struct usage *u, const struct usage_key *key)
{
	struct usage_item *item = table_get(u->table, key);
	bool added;

	if (item || !u->ops.detected(u->ops.ctx, &key->subject, key->rule))
		return item;
	item = table_put(u->table, key, &added);
	if (item)
		item_restart(item, u->hour);
	else
		u->config.counts->n[COUNTER_USAGE_FULL]++;
	return item;
}

/* The hour of the packets is over: what was said of it, and the present one, is not the whole. */
static void item_late(struct usage *u, struct usage_item *item, uint32_t hour)
{
	uint32_t ago = u->hour - hour;

	u->config.counts->n[COUNTER_USAGE_LATE]++;
	item->doubt = true;
	if (ago <= USAGE_HOURS)
		item->idle_hours &= ~(1U << (ago - 1));
}

static void rule_count(struct usage *u, const struct flow *f, uint32_t rule)
{
	struct usage_key key = {.subject = f->subject, .rule = rule};
	struct usage_item *item = item_get(u, &key);
	uint32_t hour = hour_of(f->last_ns);
	struct usage_count *count;

	if (!item)
		return;
	if (hour < u->hour) {
		item_late(u, item, hour);
		return;
	}
	count = &item->count[hour > u->hour];
	if (!count->packets || f->sampling > count->sampling)
		count->sampling = f->sampling;
	count->packets += f->packets;
	count->wire_packets += f->packets * f->sampling;
	if (f->last_ns > item->last_ns)
		item->last_ns = f->last_ns;
	item_judge(u, &key, item);
}

void usage_add(struct usage *u, const struct flow *f)
{
	const struct rules *rules = u->config.rules;

	if (!u->hour || hour_of(f->last_ns) > u->hour + 1)
		usage_tick(u, f->last_ns);
	for (uint32_t i = 0; i < f->domain_count; i++) {
		const struct rules_domain *d = flow_domain(rules, f, i);

		for (uint32_t k = d->use_first; k < d->use_first + d->use_count; k++) {
			const struct rules_use *use = &rules->uses[k];

			if (rules->rules[use->rule].usage_packets && use_counts(use, f) &&
			    rule_is_new(rules, f, i, use->rule))
				rule_count(u, f, use->rule);
		}
	}
}

void usage_doubt(struct usage *u, const struct subject *subject)
{
	for (uint32_t rule = 0; rule < u->config.rules->rule_count; rule++) {
		struct usage_key key = {.subject = *subject, .rule = rule};
		struct usage_item *item = table_get(u->table, &key);

		if (!item)
			continue;
		item->count[0] = item->count[1] = (struct usage_count){0};
		item->doubt = true;
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

bool usage_get(const struct usage *u, const struct subject *subject, uint32_t rule,
	       struct usage_row *out)
{
	struct usage_key key = {.subject = *subject, .rule = rule};
	const struct usage_item *item = table_get(u->table, &key);

	if (item)
		*out = item_row(u, &key, item);
	return item != NULL;
}

void usage_each(const struct usage *u, usage_sink *sink, void *ctx)
{
	const void *key;
	void *value;

	for (size_t at = 0; table_next(u->table, &at, &key, &value);) {
		struct usage_row row = item_row(u, key, value);

		sink(ctx, &row);
	}
}

int usage_restore(struct usage *u, const struct usage_row *row)
{
	struct usage_key key = {.subject = row->subject, .rule = row->rule};
	struct usage_item *item;
	bool added;

	if (row->rule >= u->config.rules->rule_count)
		return -EINVAL;
	if (!item_threshold(u, &key))
		return 0; /* the signatures no longer say how many packets */
	item = table_put(u->table, &key, &added);
	if (!item)
		return -ENOSPC;
	*item = (struct usage_item){
		.count[0] = {row->packets, row->wire_packets, row->sampling},
		.since_ns = row->since_ns,
		.last_ns = row->hour_ns,
		.hour = hour_of(row->hour_ns),
		.active_hours = row->active_hours & HOURS_KEPT,
		.idle_hours = row->idle_hours & HOURS_KEPT,
		.state = (uint8_t)row->state,
	};
	return 0;
}

void usage_set_rules(struct usage *u, const struct rules *rules, const uint32_t *rule_map)
{
	struct table *t = table_new(sizeof(struct usage_key), sizeof(struct usage_item),
				    u->config.max);
	const void *key;
	void *value;

	u->config.rules = rules;
	if (!t) {
		table_clear(u->table);
		return;
	}
	for (size_t at = 0; table_next(u->table, &at, &key, &value);) {
		struct usage_key k = *(const struct usage_key *)key;
		struct usage_item *item;
		bool added;

		k.rule = rule_map[k.rule];
		if (k.rule == RULE_NONE || !item_threshold(u, &k))
			continue;
		item = table_put(t, &k, &added);
		if (item)
			*item = *(struct usage_item *)value;
	}
	table_free(u->table);
	u->table = t;
}

size_t usage_count(const struct usage *u)
{
	return table_count(u->table);
}

size_t usage_bytes(const struct usage *u)
{
	return sizeof(*u) + table_bytes(u->table);
}
