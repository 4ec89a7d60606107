// SPDX-License-Identifier: GPL-2.0-or-later
/* Endpoint ids: each one (address, via, set of domains), never changed, with its port ranges. */
#include <errno.h>
#include <stdlib.h>

#include "dns/backend_parts.h"

#define GENERATIONS_KEPT 2 /* a drain under way may bring ids of the old set */
#define UNION_MAX (ENDPOINT_DOMAINS * BACKEND_PORTS * 2)

struct endpoint_key {
	struct addr remote;
	uint32_t via;
	domain_id ids[ENDPOINT_DOMAINS]; /* DOMAIN_NONE behind the last */
};
_Static_assert(sizeof(struct endpoint_key) == 52, "no padding in endpoint_key");

int endpoints_init(struct endpoints *e, uint32_t max)
{
	e->retired = SLOT_NONE;
	e->sets = table_new(sizeof(struct endpoint_key), sizeof(uint32_t), max);
	e->endpoints = calloc(max, sizeof(*e->endpoints));
	if (!e->sets || !e->endpoints)
		return -ENOMEM;
	return slots_init(&e->slots, sizeof(uint32_t), max);
}

void endpoints_clean(struct endpoints *e)
{
	slots_clean(&e->slots);
	table_free(e->sets);
	free(e->endpoints);
}

struct span {
	uint32_t lo;
	uint32_t hi;
	uint8_t protos;
};

static int span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->protos != y->protos)
		return x->protos < y->protos ? -1 : 1;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static int span_order_lo(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* One span per protocol and range of each domain. */
static size_t spans_collect(const struct backend_map *b, const struct domain_set *set,
			    struct span spans[static UNION_MAX])
{
	size_t n = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct backend_domain *d = b->domains[set->ids[i]].domain;

		for (uint8_t p = 0; p < d->port_count && p < BACKEND_PORTS; p++)
			for (uint8_t bit = PORT_TCP; bit <= PORT_UDP; bit <<= 1)
				if (d->protos[p] & bit)
					spans[n++] =
						(struct span){d->port_lo[p], d->port_hi[p], bit};
	}
	return n;
}

/* Sorted spans that touch become one. */
static size_t spans_merge(struct span *spans, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		struct span *last = &spans[out ? out - 1 : 0];

		if (!out || last->protos != spans[i].protos || spans[i].lo > last->hi + 1)
			spans[out++] = spans[i];
		else if (spans[i].hi > last->hi)
			last->hi = spans[i].hi;
	}
	return out;
}

/* Equal ranges of both protocols become one; the result is sorted by its lower ends. */
static size_t spans_join_protos(struct span *spans, size_t n)
{
	size_t out = 0;

	qsort(spans, n, sizeof(*spans), span_order_lo);
	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < out && (spans[j].lo != spans[i].lo || spans[j].hi != spans[i].hi))
			j++;
		if (j < out)
			spans[j].protos |= spans[i].protos;
		else
			spans[out++] = spans[i];
	}
	return out;
}

/*
 * Too many for the kernel's value: the two neighbours with the smallest hole become one. That takes
 * in ports that no domain has; evidence is held against each domain's own ports later.
 */
static size_t spans_widen(struct span *spans, size_t n)
{
	size_t best = 0;
	int64_t best_hole = INT64_MAX;

	for (size_t i = 0; i + 1 < n; i++) {
		int64_t hole = (int64_t)spans[i + 1].lo - spans[i].hi;

		if (hole < best_hole) {
			best_hole = hole;
			best = i;
		}
	}
	if (spans[best + 1].hi > spans[best].hi)
		spans[best].hi = spans[best + 1].hi;
	spans[best].protos |= spans[best + 1].protos;
	memmove(&spans[best + 1], &spans[best + 2], (n - best - 2) * sizeof(*spans));
	return n - 1;
}

static void value_set_ports(struct backend_map *b, const struct domain_set *set,
			    struct backend_value *v)
{
	struct span spans[UNION_MAX];
	size_t n = spans_collect(b, set, spans);

	qsort(spans, n, sizeof(*spans), span_order);
	n = spans_join_protos(spans, spans_merge(spans, n));
	if (n > BACKEND_PORTS)
		backend_count_one(b, COUNTER_BACKEND_PORTS_FULL);
	while (n > BACKEND_PORTS)
		n = spans_widen(spans, n);
	*v = (struct backend_value){.endpoint = v->endpoint, .count = (uint8_t)n};
	for (size_t i = 0; i < n; i++) {
		v->port_lo[i] = (uint16_t)spans[i].lo;
		v->port_hi[i] = (uint16_t)spans[i].hi;
		v->protos[i] = spans[i].protos;
	}
}

bool domain_set_has(const struct domain_set *set, domain_id id)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

bool domain_set_add(struct domain_set *set, domain_id id)
{
	uint32_t i = set->count;

	if (i == ENDPOINT_DOMAINS || domain_set_has(set, id))
		return false;
	for (; i && set->ids[i - 1] > id; i--)
		set->ids[i] = set->ids[i - 1];
	set->ids[i] = id;
	set->count++;
	return true;
}

struct domain_set domain_set_map(const struct domain_set *set, const domain_id *map)
{
	struct domain_set out = {0};

	for (uint32_t i = 0; i < set->count; i++)
		if (map[set->ids[i]] != DOMAIN_NONE)
			domain_set_add(&out, map[set->ids[i]]);
	return out;
}

static struct endpoint_key key_of(const struct addr *remote, enum via via,
				  const struct domain_set *set)
{
	struct endpoint_key key = {.remote = *remote, .via = via};

	for (uint32_t i = 0; i < ENDPOINT_DOMAINS; i++)
		key.ids[i] = i < set->count ? set->ids[i] : DOMAIN_NONE;
	return key;
}

/* The next id that is not in use; 0 is none. */
static uint32_t id_next(struct endpoints *e)
{
	do {
		e->last_id++;
	} while (!e->last_id || slots_find(&e->slots, &e->last_id) != SLOT_NONE);
	return e->last_id;
}

static uint32_t endpoint_new(struct backend_map *b, const struct endpoint_key *key,
			     const struct domain_set *set)
{
	struct endpoints *e = &b->endpoints;
	uint32_t id = id_next(e);
	uint32_t slot = slots_add(&e->slots, &id);
	uint32_t *of_set;
	struct endpoint *ep;
	bool added;

	if (slot == SLOT_NONE)
		return SLOT_NONE;
	of_set = table_put(e->sets, key, &added);
	if (!of_set) {
		slots_del(&e->slots, &id);
		return SLOT_NONE;
	}
	*of_set = slot;
	ep = &e->endpoints[slot];
	*ep = (struct endpoint){.remote = key->remote, .via = (enum via)key->via, .domains = *set};
	ep->value.endpoint = id;
	value_set_ports(b, set, &ep->value);
	return slot;
}

uint32_t endpoint_hold(struct backend_map *b, const struct addr *remote, enum via via,
		       const struct domain_set *set)
{
	struct endpoint_key key = key_of(remote, via, set);
	const uint32_t *known = table_get(b->endpoints.sets, &key);
	uint32_t slot = known ? *known : endpoint_new(b, &key, set);

	if (slot == SLOT_NONE)
		backend_count_one(b, COUNTER_ENDPOINTS_FULL);
	else
		b->endpoints.endpoints[slot].refs++;
	return slot;
}

void endpoint_release(struct backend_map *b, uint32_t slot)
{
	struct endpoints *e = &b->endpoints;
	struct endpoint *ep;

	if (slot == SLOT_NONE)
		return;
	ep = &e->endpoints[slot];
	if (--ep->refs)
		return;
	ep->retired_at = b->generation;
	if (ep->in_retired)
		return;
	ep->in_retired = true;
	ep->next_retired = e->retired;
	e->retired = slot;
}

/* Another endpoint may have taken the key over in endpoints_remap(). */
static void endpoint_forget(struct endpoints *e, uint32_t slot)
{
	struct endpoint *ep = &e->endpoints[slot];
	struct endpoint_key key = key_of(&ep->remote, ep->via, &ep->domains);
	const uint32_t *of_set = table_get(e->sets, &key);
	uint32_t id = ep->value.endpoint;

	if (of_set && *of_set == slot)
		table_del(e->sets, &key);
	slots_del(&e->slots, &id);
}

void endpoints_retire(struct backend_map *b)
{
	struct endpoints *e = &b->endpoints;
	uint32_t *link = &e->retired;

	while (*link != SLOT_NONE) {
		uint32_t slot = *link;
		struct endpoint *ep = &e->endpoints[slot];

		if (!ep->refs && b->generation - ep->retired_at < GENERATIONS_KEPT) {
			link = &ep->next_retired;
			continue;
		}
		*link = ep->next_retired;
		ep->in_retired = false;
		if (!ep->refs)
			endpoint_forget(e, slot);
	}
}

void endpoints_remap(struct backend_map *b, const domain_id *map)
{
	struct endpoints *e = &b->endpoints;

	table_clear(e->sets);
	for (uint32_t i = e->slots.oldest; i != SLOT_NONE; i = slots_next(&e->slots, i)) {
		struct endpoint *ep = &e->endpoints[i];
		struct domain_set set = domain_set_map(&ep->domains, map);
		struct endpoint_key key;
		uint32_t *of_set;
		bool added;

		ep->domains = set;
		value_set_ports(b, &set, &ep->value);
		key = key_of(&ep->remote, ep->via, &set);
		of_set = table_put(e->sets, &key, &added);
		if (of_set && added)
			*of_set = i;
	}
}

bool backend_endpoint(const struct backend_map *b, uint32_t endpoint, struct flow *flow)
{
	uint32_t slot = slots_find(&b->endpoints.slots, &endpoint);
	const struct endpoint *ep;

	if (slot == SLOT_NONE)
		return false;
	ep = &b->endpoints.endpoints[slot];
	flow->remote = ep->remote;
	flow->via = ep->via;
	flow->domain_count = ep->domains.count;
	memcpy(flow->domains, ep->domains.ids, ep->domains.count * sizeof(*flow->domains));
	return true;
}
