// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which subject was given which backend address, for which domains. Those of shared addresses are
 * mirrored. Full: the pair least recently asked for or used goes, of all or of the mirrored ones.
 */
#include "dns/backend_parts.h"

uint32_t client_find(const struct backend_map *b, const struct subject *subject,
		     const struct addr *remote)
{
	struct client_key key = {*subject, *remote};

	return slots_find(&b->client_slots, &key);
}

static void client_link(struct backend_map *b, struct backend *be, uint32_t slot)
{
	struct client *c = &b->clients[slot];

	c->backend = (uint32_t)(be - b->backends);
	c->previous = SLOT_NONE;
	c->next = be->clients;
	if (be->clients != SLOT_NONE)
		b->clients[be->clients].previous = slot;
	be->clients = slot;
}

static void client_unlink(struct backend_map *b, uint32_t slot)
{
	struct client *c = &b->clients[slot];

	if (c->previous != SLOT_NONE)
		b->clients[c->previous].next = c->next;
	else
		b->backends[c->backend].clients = c->next;
	if (c->next != SLOT_NONE)
		b->clients[c->next].previous = c->previous;
}

static void client_unmirror(struct backend_map *b, struct client *c)
{
	if (c->endpoint == SLOT_NONE)
		return;
	if (b->ops.client_del)
		b->ops.client_del(b->ops.ctx, &c->key);
	endpoint_release(b, c->endpoint);
	c->endpoint = SLOT_NONE;
	b->mirrored--;
}

static void client_evict(struct backend_map *b, uint32_t slot)
{
	client_remove(b, slot);
	backend_count_one(b, COUNTER_CLIENTS_EVICTED);
}

/* Leaves a place in the mirror for one more. */
static void mirror_room(struct backend_map *b)
{
	uint32_t slot = b->client_slots.oldest;

	if (!b->mirrored || b->mirrored < b->limits.mirrored)
		return;
	while (b->clients[slot].endpoint == SLOT_NONE)
		slot = slots_next(&b->client_slots, slot);
	client_evict(b, slot);
}

/* Puts the pair into the mirror, or renews it there; without a free endpoint it stays as it was. */
static void client_mirror(struct backend_map *b, struct client *c)
{
	uint32_t old = c->endpoint;
	uint32_t slot = endpoint_hold(b, &c->key.remote, VIA_CLIENT_DNS, &c->domains);

	if (slot == SLOT_NONE)
		return;
	if (old == SLOT_NONE) {
		mirror_room(b);
		b->mirrored++;
	}
	c->endpoint = slot;
	if (b->ops.client_put)
		b->ops.client_put(b->ops.ctx, &c->key, &b->endpoints.endpoints[slot].value);
	endpoint_release(b, old);
}

void client_remove(struct backend_map *b, uint32_t slot)
{
	struct client *c = &b->clients[slot];

	client_unmirror(b, c);
	client_unlink(b, slot);
	slots_del(&b->client_slots, &c->key);
}

static uint32_t client_add(struct backend_map *b, struct backend *be,
			   const struct subject *subject)
{
	struct client_key key = {*subject, be->remote};
	struct client *c;
	uint32_t slot;

	if (slots_count(&b->client_slots) == b->client_slots.max)
		client_evict(b, b->client_slots.oldest);
	slot = slots_add(&b->client_slots, &key);
	if (slot == SLOT_NONE)
		return SLOT_NONE;
	c = &b->clients[slot];
	*c = (struct client){.key = key, .endpoint = SLOT_NONE};
	client_link(b, be, slot);
	return slot;
}

void client_learn(struct backend_map *b, struct backend *be, const struct subject *subject,
		  const struct domain_set *set, const struct label *times)
{
	uint32_t slot = client_find(b, subject, &be->remote);
	bool changed = slot == SLOT_NONE;
	struct client *c;

	if (slot == SLOT_NONE)
		slot = client_add(b, be, subject);
	if (slot == SLOT_NONE)
		return;
	c = &b->clients[slot];
	for (uint32_t i = 0; i < set->count; i++)
		changed |= domain_set_add(&c->domains, set->ids[i]);
	if (times->answer_ns > c->answer_ns)
		c->answer_ns = times->answer_ns;
	if (times->expires_ns > c->expires_ns)
		c->expires_ns = times->expires_ns;
	slots_touch(&b->client_slots, slot);
	if (changed && be->value.flags & BACKEND_SHARED)
		client_mirror(b, c);
}

void clients_mirror(struct backend_map *b, struct backend *be, bool mirror)
{
	for (uint32_t i = be->clients; i != SLOT_NONE; i = b->clients[i].next) {
		if (mirror)
			client_mirror(b, &b->clients[i]);
		else
			client_unmirror(b, &b->clients[i]);
	}
}

void clients_remove(struct backend_map *b, struct backend *be)
{
	while (be->clients != SLOT_NONE)
		client_remove(b, be->clients);
}

void clients_expire(struct backend_map *b, int64_t now_ns)
{
	uint32_t next;

	for (uint32_t i = b->client_slots.oldest; i != SLOT_NONE; i = next) {
		const struct client *c = &b->clients[i];
		bool used = c->used_ns && c->used_ns + BACKEND_USED_NS > now_ns;

		next = slots_next(&b->client_slots, i);
		if (!used && c->expires_ns <= now_ns)
			client_remove(b, i);
	}
}

void clients_step(struct backend_map *b, int64_t before_ns, int64_t step_ns)
{
	for (uint32_t i = b->client_slots.oldest; i != SLOT_NONE;
	     i = slots_next(&b->client_slots, i)) {
		struct client *c = &b->clients[i];

		if (c->answer_ns > before_ns)
			continue;
		c->answer_ns += step_ns;
		c->expires_ns += step_ns;
		if (c->used_ns && c->used_ns <= before_ns)
			c->used_ns += step_ns;
	}
}

/* The pair keeps the domains of set; one without any goes. */
static void client_set(struct backend_map *b, uint32_t slot, const struct domain_set *set)
{
	struct client *c = &b->clients[slot];

	c->domains = *set;
	if (!set->count)
		client_remove(b, slot);
	else if (c->endpoint != SLOT_NONE)
		client_mirror(b, c);
}

void clients_prune(struct backend_map *b, struct backend *be)
{
	struct domain_set all = backend_domain_set(be);
	uint32_t next;

	for (uint32_t i = be->clients; i != SLOT_NONE; i = next) {
		const struct domain_set *old = &b->clients[i].domains;
		struct domain_set set = {0};

		next = b->clients[i].next;
		for (uint32_t d = 0; d < old->count; d++)
			if (domain_set_has(&all, old->ids[d]))
				domain_set_add(&set, old->ids[d]);
		if (set.count != old->count)
			client_set(b, i, &set);
	}
}

void clients_remap(struct backend_map *b, const domain_id *map)
{
	uint32_t next;

	for (uint32_t i = b->client_slots.oldest; i != SLOT_NONE; i = next) {
		struct domain_set set = domain_set_map(&b->clients[i].domains, map);

		next = slots_next(&b->client_slots, i);
		client_set(b, i, &set);
	}
}

bool backend_has_client(const struct backend_map *b, const struct subject *subject,
			const struct addr *remote)
{
	return client_find(b, subject, remote) != SLOT_NONE;
}

void backend_used(struct backend_map *b, const struct subject *subject, const struct addr *remote,
		  int64_t last_ns)
{
	uint32_t slot = backend_find(b, remote);
	uint32_t pair;

	if (slot == SLOT_NONE)
		return;
	last_ns = time_clamp(last_ns);
	if (last_ns > b->backends[slot].used_ns)
		b->backends[slot].used_ns = last_ns;
	pair = client_find(b, subject, remote);
	if (pair == SLOT_NONE)
		return;
	if (last_ns > b->clients[pair].used_ns)
		b->clients[pair].used_ns = last_ns;
	slots_touch(&b->client_slots, pair);
}
