// SPDX-License-Identifier: GPL-2.0-or-later
/* The backend map as rows, out and back in. */
#include <errno.h>
#include <stdio.h>

#include "base/addr.h"
#include "dns/backend_parts.h"
#include "dns/cloud.h"

size_t backend_count(const struct backend_map *b)
{
	return slots_count(&b->slots);
}

uint32_t backend_domains_below(const domain_id *domains, uint32_t count, domain_id end)
{
	while (count && domains[count - 1] >= end)
		count--;
	return count;
}

/*
 * Dedicated: somebody here was answered with it, or files say so for the day, and no foreign name
 * was; since_ns tells how long that has held. Unknown: nothing but the program's own resolution or
 * the saved state has it.
 */
static enum backend_state state_of(const struct backend *be, const struct backend_row *row)
{
	if (be->value.flags & BACKEND_SHARED)
		return BACKEND_IS_SHARED;
	if (be->cloud)
		return BACKEND_CLOUD;
	if (row->sources & ~(1U << SOURCE_RESOLVED | 1U << SOURCE_SAVED))
		return BACKEND_DEDICATED;
	return BACKEND_UNKNOWN;
}

static struct backend_row row_of(const struct backend_map *b, const struct backend *be)
{
	struct backend_row row = {
		.remote = be->remote,
		.cloud = cloud_suffix(be->cloud),
		.since_ns = be->since_ns,
		.first_ns = be->first_ns,
		.last_used_ns = be->used_ns,
		.shared_until_ns = be->shared_until_ns,
		.shared_with = be->shared_with,
		.domain_count = be->label_count,
	};

	for (uint32_t i = 0; i < be->label_count; i++) {
		const struct label *l = &be->labels[i];

		row.domains[i] = l->domain;
		row.sources |= l->sources;
		row.client_dns |= b->domains[l->domain].domain->client_dns;
		if (l->answer_ns > row.last_answer_ns)
			row.last_answer_ns = l->answer_ns;
		if (l->expires_ns > row.expires_ns)
			row.expires_ns = l->expires_ns;
	}
	row.state = state_of(be, &row);
	return row;
}

void backend_each(const struct backend_map *b, void (*each)(void *ctx, const struct backend_row *),
		  void *ctx)
{
	for (uint32_t i = b->slots.oldest; i != SLOT_NONE; i = slots_next(&b->slots, i)) {
		struct backend_row row = row_of(b, &b->backends[i]);

		each(ctx, &row);
	}
}

void backend_each_client(const struct backend_map *b,
			 void (*each)(void *ctx, const struct backend_client_row *), void *ctx)
{
	const struct slots *s = &b->client_slots;

	for (uint32_t i = s->oldest; i != SLOT_NONE; i = slots_next(s, i)) {
		const struct client *c = &b->clients[i];
		struct backend_client_row row = {
			.key = c->key,
			.last_ns = c->used_ns > c->answer_ns ? c->used_ns : c->answer_ns,
			.domain_count = c->domains.count,
		};

		memcpy(row.domains, c->domains.ids, sizeof(row.domains));
		each(ctx, &row);
	}
}

/* False when a domain is unknown or there is none. */
static bool row_domains(const struct backend_map *b, const domain_id *ids, uint32_t count,
			struct domain_set *set)
{
	*set = (struct domain_set){0};
	if (count > ENDPOINT_DOMAINS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (ids[i] >= b->domain_count)
			return false;
		domain_set_add(set, ids[i]);
	}
	return set->count > 0;
}

static bool time_valid(int64_t time_ns)
{
	return time_ns >= 0 && time_ns <= INT64_MAX / 2;
}

static bool row_valid(const struct backend_row *row)
{
	return addr_is_global(&row->remote) && row->state < BACKEND_STATE_COUNT &&
	       time_valid(row->first_ns) && time_valid(row->last_answer_ns) &&
	       time_valid(row->expires_ns) && time_valid(row->last_used_ns) &&
	       time_valid(row->shared_until_ns) && time_valid(row->since_ns) &&
	       (row->state != BACKEND_IS_SHARED || row->shared_until_ns || row->client_dns);
}

/* Its own time of the last turn stays. */
static bool backend_restored(struct backend_map *b, struct backend *be,
			     const struct backend_row *row)
{
	if (!backend_sync(b, be))
		return false;
	be->since_ns = row->since_ns ? row->since_ns : row->first_ns;
	return true;
}

int backend_restore(struct backend_map *b, const struct backend_row *row)
{
	struct label label = {
		.sources = (uint8_t)(row->sources | 1 << SOURCE_SAVED),
		.answer_ns = row->last_answer_ns,
		.expires_ns = row->expires_ns,
	};
	struct domain_set set;
	struct backend *be;
	uint32_t slot;

	if (!row_valid(row) || !row_domains(b, row->domains, row->domain_count, &set))
		return -EINVAL;
	slot = backend_find(b, &row->remote);
	if (slot == SLOT_NONE)
		slot = backend_add(b, &row->remote);
	if (slot == SLOT_NONE)
		return -ENOSPC;
	be = &b->backends[slot];
	be->first_ns = row->first_ns;
	be->cloud = row->cloud ? cloud_number(row->cloud) : 0;
	if (row->last_used_ns > be->used_ns)
		be->used_ns = row->last_used_ns;
	if (row->state == BACKEND_IS_SHARED) {
		be->shared_until_ns = row->shared_until_ns;
		snprintf(be->shared_with, sizeof(be->shared_with), "%s",
			 row->shared_with ? row->shared_with : "");
	}
	for (uint32_t i = 0; i < set.count; i++) {
		label.domain = set.ids[i];
		label_put(b, be, &label);
	}
	if (be->label_count && backend_restored(b, be, row))
		return 0;
	backend_remove(b, be);
	return -ENOSPC;
}

int backend_restore_client(struct backend_map *b, const struct backend_client_row *row)
{
	struct label times = {.answer_ns = row->last_ns, .expires_ns = row->last_ns};
	struct domain_set set;
	uint32_t slot, pair;

	slot = backend_find(b, &row->key.remote);
	if (slot == SLOT_NONE || !time_valid(row->last_ns) ||
	    !row_domains(b, row->domains, row->domain_count, &set))
		return -EINVAL;
	client_learn(b, &b->backends[slot], &row->key.subject, &set, &times);
	pair = client_find(b, &row->key.subject, &row->key.remote);
	if (pair == SLOT_NONE)
		return -ENOSPC;
	b->clients[pair].used_ns = row->last_ns;
	return 0;
}
