// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An answer becomes labels of addresses:
 *  1. is the question foreign to what the address already stands for? then it is shared
 *  2. a signature's question: label, alias targets and (client, address) pair are put
 *  3. what was asked before decides about a new label
 *  4. endpoint, flag and mirror follow
 */
#include "dns/backend.h"

#include <errno.h>
#include <stdlib.h>

#include "../../headers/match.h"
#include "base/addr.h"
#include "dns/backend_share.h"

/* A home asks for a few hundred signature names; others are ten times as many. */
const struct backend_limits backend_limits_gateway = {
	.addresses = BACKENDS_GATEWAY,
	.addresses_per_domain = 256,
	.clients = 8 * CLIENTS_GATEWAY,
	.mirrored = CLIENTS_GATEWAY,
	.others = 4096,
	.endpoints = 2 * BACKENDS_GATEWAY,
};

const struct backend_limits backend_limits_edge = {
	.addresses = BACKENDS_EDGE,
	.addresses_per_domain = 4096,
	.clients = 4 * CLIENTS_EDGE,
	.mirrored = CLIENTS_EDGE,
	.others = 131072,
	.endpoints = 2 * BACKENDS_EDGE,
};

static uint32_t prefilter_bit(const struct backend_map *b, const struct addr *a)
{
	uint64_t high, low;

	if (addr_is_v4(a))
		return prefilter_hash4(addr_v4_be(a)) & b->prefilter_mask;
	memcpy(&high, a->b, 8);
	memcpy(&low, a->b + 8, 8);
	return prefilter_hash6(high, low) & b->prefilter_mask;
}

static void prefilter_set(struct backend_map *b, const struct addr *a)
{
	uint32_t bit = prefilter_bit(b, a);

	b->prefilter[bit / 64] |= (uint64_t)1 << bit % 64;
}

static void prefilter_rebuild(struct backend_map *b)
{
	if (!b->prefilter_stale)
		return;
	b->prefilter_stale = false;
	memset(b->prefilter, 0, (b->prefilter_mask + 1) / 8);
	for (uint32_t i = b->slots.oldest; i != SLOT_NONE; i = slots_next(&b->slots, i))
		prefilter_set(b, &b->backends[i].remote);
}

bool backend_maybe(const struct backend_map *b, const struct addr *remote)
{
	uint32_t bit = prefilter_bit(b, remote);

	return b->prefilter[bit / 64] >> bit % 64 & 1;
}

static int backend_init(struct backend_map *b)
{
	const struct backend_limits *l = &b->limits;
	uint32_t bits = l->addresses <= BACKENDS_GATEWAY ? PREFILTER_BITS_GATEWAY
							 : PREFILTER_BITS_EDGE;

	b->prefilter_mask = bits - 1;
	b->prefilter = calloc(bits / 64, sizeof(*b->prefilter));
	while (b->names_mask + 1 < l->others)
		b->names_mask = b->names_mask * 2 + 1;
	b->names = calloc(b->names_mask + 1, sizeof(*b->names));
	b->backends = calloc(l->addresses, sizeof(*b->backends));
	b->clients = calloc(l->clients, sizeof(*b->clients));
	b->others = calloc(l->others, sizeof(*b->others));
	b->registered = share_registered(NULL, 0);
	if (!b->prefilter || !b->names || !b->backends || !b->clients || !b->others ||
	    !b->registered)
		return -ENOMEM;
	if (slots_init(&b->slots, sizeof(struct addr), l->addresses) ||
	    slots_init(&b->client_slots, sizeof(struct client_key), l->clients) ||
	    slots_init(&b->other_slots, sizeof(struct addr), l->others))
		return -ENOMEM;
	return endpoints_init(&b->endpoints, l->endpoints);
}

struct backend_map *backend_new(const struct backend_limits *limits, const struct backend_ops *ops,
				struct counts *counts)
{
	struct backend_map *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->limits = *limits;
	if (ops)
		b->ops = *ops;
	b->counts = counts;
	if (backend_init(b)) {
		backend_free(b);
		return NULL;
	}
	return b;
}

void backend_free(struct backend_map *b)
{
	if (!b)
		return;
	endpoints_clean(&b->endpoints);
	slots_clean(&b->other_slots);
	slots_clean(&b->client_slots);
	slots_clean(&b->slots);
	table_free(b->registered);
	free(b->domains);
	free(b->others);
	free(b->clients);
	free(b->backends);
	free(b->prefilter);
	free(b->names);
	free(b);
}

uint32_t backend_find(const struct backend_map *b, const struct addr *remote)
{
	return backend_maybe(b, remote) ? slots_find(&b->slots, remote) : SLOT_NONE;
}

uint32_t backend_add(struct backend_map *b, const struct addr *remote)
{
	uint32_t slot = slots_add(&b->slots, remote);

	if (slot == SLOT_NONE) {
		backend_count_one(b, COUNTER_BACKENDS_FULL);
		return SLOT_NONE;
	}
	b->backends[slot] =
		(struct backend){.remote = *remote, .endpoint = SLOT_NONE, .clients = SLOT_NONE};
	prefilter_set(b, remote);
	return slot;
}

void label_remove(struct backend_map *b, struct backend *be, uint32_t i)
{
	b->domains[be->labels[i].domain].addresses--;
	be->label_count--;
	memmove(&be->labels[i], &be->labels[i + 1], (be->label_count - i) * sizeof(be->labels[0]));
}

void backend_remove(struct backend_map *b, struct backend *be)
{
	clients_remove(b, be);
	while (be->label_count)
		label_remove(b, be, be->label_count - 1);
	if (be->value.endpoint && b->ops.del)
		b->ops.del(b->ops.ctx, &be->remote);
	endpoint_release(b, be->endpoint);
	slots_del(&b->slots, &be->remote);
	b->prefilter_stale = true;
}

bool label_put(struct backend_map *b, struct backend *be, const struct label *label)
{
	struct domain_info *info = &b->domains[label->domain];
	uint32_t i = 0;

	while (i < be->label_count && be->labels[i].domain < label->domain)
		i++;
	if (i < be->label_count && be->labels[i].domain == label->domain) {
		if (label->answer_ns > be->labels[i].answer_ns)
			be->labels[i].answer_ns = label->answer_ns;
		if (label->expires_ns > be->labels[i].expires_ns)
			be->labels[i].expires_ns = label->expires_ns;
		be->labels[i].sources |= label->sources;
		if (!(label->sources & 1 << SOURCE_SAVED))
			be->labels[i].sources &= (uint8_t)~(1 << SOURCE_SAVED);
		return true;
	}
	if (be->label_count == ENDPOINT_DOMAINS) {
		backend_count_one(b, COUNTER_BACKEND_NAMES_FULL);
		return false;
	}
	if (info->addresses == b->limits.addresses_per_domain) {
		backend_count_one(b, COUNTER_BACKEND_ADDRESSES_FULL);
		return false;
	}
	memmove(&be->labels[i + 1], &be->labels[i], (be->label_count - i) * sizeof(be->labels[0]));
	be->labels[i] = *label;
	be->label_count++;
	info->addresses++;
	return true;
}

struct domain_set backend_domain_set(const struct backend *be)
{
	struct domain_set set = {.count = be->label_count};

	for (uint32_t i = 0; i < be->label_count; i++)
		set.ids[i] = be->labels[i].domain;
	return set;
}

/* The endpoint of what be now stands for. False when there is none for a new address. */
static bool backend_renew_endpoint(struct backend_map *b, struct backend *be)
{
	struct domain_set set = backend_domain_set(be);
	uint32_t slot = endpoint_hold(b, &be->remote, VIA_ADDRESS, &set);

	if (slot == SLOT_NONE)
		return be->endpoint != SLOT_NONE;
	endpoint_release(b, be->endpoint);
	be->endpoint = slot;
	return true;
}

/* A domain whose addresses are never its own makes the address shared for all others on it, too. */
bool backend_shares(const struct backend_map *b, const struct backend *be)
{
	for (uint32_t i = 0; i < be->label_count; i++)
		if (b->domains[be->labels[i].domain].domain->client_dns)
			return true;
	return be->shared_until_ns != 0;
}

/* True when nothing that endpoint, flag and mirror depend on has changed. */
static bool backend_in_sync(const struct backend_map *b, const struct backend *be)
{
	bool flagged = be->value.flags & BACKEND_SHARED;

	return be->endpoint != SLOT_NONE && flagged == backend_shares(b, be) &&
	       b->endpoints.endpoints[be->endpoint].domains.count == be->label_count;
}

bool backend_sync(struct backend_map *b, struct backend *be)
{
	bool was = be->value.flags & BACKEND_SHARED;
	bool shared = backend_shares(b, be);
	struct backend_value value;

	if (!backend_renew_endpoint(b, be))
		return false;
	value = b->endpoints.endpoints[be->endpoint].value;
	if (shared)
		value.flags |= BACKEND_SHARED;
	if (shared != was || !be->since_ns)
		be->since_ns = b->now_ns;
	if (shared && !was) {
		backend_count_one(b, COUNTER_BACKEND_SHARED_TURNS);
		if (b->ops.shared)
			b->ops.shared(b->ops.ctx, &be->remote);
		clients_mirror(b, be, true);
	}
	if (memcmp(&value, &be->value, sizeof(value)) != 0) {
		be->value = value;
		if (b->ops.put)
			b->ops.put(b->ops.ctx, &be->remote, &be->value);
	}
	if (!shared && was)
		clients_mirror(b, be, false);
	return true;
}

/* One answer on its way into the map. */
struct lesson {
	struct asked asked;
	struct domain_set matched;
	const struct subject *subject; /* NULL: no client got the answer */
	bool learned;
	bool moved_in; /* the address was another tenant's until now */
};

/* A TTL with the highest bit set counts as 0 (RFC 2181 8). */
static int64_t ttl_ns(uint32_t ttl_s)
{
	int64_t s = ttl_s > INT32_MAX ? 0 : ttl_s;

	if (s < BACKEND_TTL_FLOOR_S)
		s = BACKEND_TTL_FLOOR_S;
	if (s > BACKEND_TTL_MAX_S)
		s = BACKEND_TTL_MAX_S;
	return s * NS_PER_S;
}

/* The labels that be has room for, put; those come back. */
static struct domain_set labels_put(struct backend_map *b, struct backend *be,
				    const struct domain_set *matched, struct label times)
{
	struct domain_set put = {0};

	for (uint32_t i = 0; i < matched->count; i++) {
		times.domain = matched->ids[i];
		if (label_put(b, be, &times))
			domain_set_add(&put, matched->ids[i]);
	}
	return put;
}

/* A signature's question: slot is its address's, or SLOT_NONE. */
static void lesson_label(struct backend_map *b, struct lesson *l, uint32_t slot,
			 const struct answer_address *a)
{
	int64_t now_ns = l->asked.time_ns;
	struct label times = {
		.sources = (uint8_t)(1 << l->asked.source),
		.answer_ns = now_ns,
		.expires_ns = now_ns + ttl_ns(a->ttl_s),
	};
	struct domain_set put;
	struct backend *be;
	uint32_t before;

	if (slot == SLOT_NONE)
		slot = backend_add(b, &a->addr);
	if (slot == SLOT_NONE)
		return;
	be = &b->backends[slot];
	if (!be->first_ns)
		be->first_ns = now_ns;
	before = be->label_count;
	put = labels_put(b, be, &l->matched, times);
	chain_remember(be, &l->asked);
	if (l->asked.cloud)
		be->cloud = l->asked.cloud;
	if (l->moved_in)
		be->tenant_ns = now_ns;
	if (be->label_count != before)
		share_judge_past(b, be, now_ns);
	if (put.count && l->subject)
		client_learn(b, be, l->subject, &put, &times);
	if (!be->label_count || (!backend_in_sync(b, be) && !backend_sync(b, be)))
		backend_remove(b, be);
	else
		l->learned |= put.count != 0;
}

static void lesson_address(struct backend_map *b, struct lesson *l, const struct answer_address *a)
{
	uint32_t slot = backend_find(b, &a->addr);
	struct backend *be = &b->backends[slot == SLOT_NONE ? 0 : slot];

	if (slot != SLOT_NONE && tenant_is_past(b, be, &l->asked))
		return;
	l->moved_in = slot != SLOT_NONE && tenant_is_new(b, be, &l->asked);
	if (l->moved_in) {
		if (!tenant_leave(b, be, &l->asked))
			slot = SLOT_NONE;
	} else if (slot != SLOT_NONE) {
		share_judge(b, be, &l->asked);
		if (!l->matched.count && !backend_in_sync(b, be))
			backend_sync(b, be);
	}
	if (l->matched.count)
		lesson_label(b, l, slot, a);
	share_remember(b, &a->addr, &l->asked);
}

/* True when the map has learned something. */
static bool answer_take(struct backend_map *b, const struct dns_answer *answer,
			const struct subject *subject, const domain_id *matched,
			size_t matched_count)
{
	int64_t now_ns = time_clamp(answer->time_ns);
	struct lesson l;

	l.subject = subject;
	l.matched.count = 0;
	l.learned = false;
	asked_make(b, answer, &l.asked);
	l.asked.time_ns = now_ns;
	if (now_ns > b->now_ns)
		b->now_ns = now_ns;
	for (size_t i = 0; i < matched_count; i++)
		if (matched[i] < b->domain_count)
			domain_set_add(&l.matched, matched[i]);
	for (uint16_t i = 0; i < answer->address_count; i++) {
		if (addr_is_global(&answer->address[i].addr))
			lesson_address(b, &l, &answer->address[i]);
		else if (matched_count)
			backend_count_one(b, COUNTER_DNS_ADDRESS_REFUSED);
	}
	return l.learned;
}

void backend_learn(struct backend_map *b, const struct dns_answer *answer,
		   const domain_id *matched, size_t matched_count)
{
	if (!matched_count && share_said(b, answer, time_clamp(answer->time_ns)))
		return;
	if (answer_take(b, answer, answer->source == SOURCE_DNS ? &answer->subject : NULL, matched,
			matched_count))
		backend_count_one(b, answer->source == SOURCE_DNS ? COUNTER_DNS_LEARNED
								  : COUNTER_FACTS_LEARNED);
}

/* What the subject's own answers make of a shared address; NULL: it has none. */
static const struct backend_value *client_value(const struct backend_map *b,
						const struct subject *subject,
						const struct addr *remote)
{
	uint32_t slot = client_find(b, subject, remote);

	if (slot == SLOT_NONE || b->clients[slot].endpoint == SLOT_NONE)
		return NULL;
	return &b->endpoints.endpoints[b->clients[slot].endpoint].value;
}

const struct backend_value *backend_match(const struct backend_map *b,
					  const struct subject *subject, const struct addr *remote,
					  uint16_t port, uint8_t ip_proto, enum counter *reason)
{
	uint32_t slot = backend_find(b, remote);
	const struct backend_value *v;

	*reason = COUNTER_COUNT;
	if (slot == SLOT_NONE)
		return NULL;
	v = &b->backends[slot].value;
	*reason = COUNTER_SHARED_UNKNOWN;
	if (v->flags & BACKEND_SHARED)
		v = client_value(b, subject, remote);
	if (!v)
		return NULL;
	*reason = COUNTER_PORT_OTHER;
	return backend_has_port(v, port, ip_proto) ? v : NULL;
}

bool backend_is_shared(const struct backend_map *b, const struct addr *remote)
{
	uint32_t slot = backend_find(b, remote);

	return slot != SLOT_NONE && b->backends[slot].value.flags & BACKEND_SHARED;
}

static void backend_expire_one(struct backend_map *b, struct backend *be, int64_t now_ns)
{
	bool used = be->used_ns && be->used_ns + BACKEND_USED_NS > now_ns;
	uint32_t before = be->label_count;
	bool back = be->shared_until_ns && be->shared_until_ns <= now_ns;

	for (uint32_t i = before; i-- > 0;)
		if (!used && be->labels[i].expires_ns <= now_ns)
			label_remove(b, be, i);
	if (!be->label_count) {
		backend_remove(b, be);
		backend_count_one(b, COUNTER_BACKEND_EXPIRED);
		return;
	}
	if (back) {
		be->shared_until_ns = 0;
		be->shared_with[0] = '\0';
	}
	if (be->label_count != before)
		clients_prune(b, be);
	if (back || be->label_count != before)
		backend_sync(b, be);
}

void backend_expire(struct backend_map *b, int64_t now_ns)
{
	uint32_t next;

	now_ns = time_clamp(now_ns);
	if (now_ns > b->now_ns)
		b->now_ns = now_ns;
	b->generation++;
	for (uint32_t i = b->slots.oldest; i != SLOT_NONE; i = next) {
		next = slots_next(&b->slots, i);
		backend_expire_one(b, &b->backends[i], now_ns);
	}
	clients_expire(b, now_ns);
	endpoints_retire(b);
	prefilter_rebuild(b);
}

static void backend_step_one(struct backend *be, int64_t before_ns, int64_t step_ns)
{
	for (uint32_t i = 0; i < be->label_count; i++) {
		struct label *l = &be->labels[i];

		if (!l->answer_ns || l->answer_ns > before_ns) /* a resolver's has no answer */
			continue;
		l->answer_ns = time_clamp(l->answer_ns + step_ns);
		l->expires_ns = time_clamp(l->expires_ns + step_ns);
	}
	if (be->used_ns && be->used_ns <= before_ns)
		be->used_ns = time_clamp(be->used_ns + step_ns);
	if (be->first_ns <= before_ns)
		be->first_ns = time_clamp(be->first_ns + step_ns);
	if (be->since_ns && be->since_ns <= before_ns)
		be->since_ns = time_clamp(be->since_ns + step_ns);
	if (be->tenant_ns && be->tenant_ns <= before_ns)
		be->tenant_ns = time_clamp(be->tenant_ns + step_ns);
	if (be->shared_until_ns && be->shared_until_ns <= before_ns + BACKEND_SHARED_NS)
		be->shared_until_ns = time_clamp(be->shared_until_ns + step_ns);
}

void backend_clock_stepped(struct backend_map *b, int64_t before_ns, int64_t step_ns)
{
	for (uint32_t i = b->slots.oldest; i != SLOT_NONE; i = slots_next(&b->slots, i))
		backend_step_one(&b->backends[i], before_ns, step_ns);
	clients_step(b, before_ns, step_ns);
	share_step(b, before_ns, step_ns);
}

/* The labels under their new ids; an address without any goes. */
static void backend_remap(struct backend_map *b, struct backend *be, const domain_id *map)
{
	struct label old[ENDPOINT_DOMAINS];
	uint32_t count = be->label_count;

	memcpy(old, be->labels, sizeof(old));
	be->label_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		old[i].domain = map[old[i].domain];
		if (old[i].domain != DOMAIN_NONE)
			label_put(b, be, &old[i]);
	}
	clients_prune(b, be);
	if (be->label_count)
		backend_sync(b, be);
	else
		backend_remove(b, be);
}

static void backends_remap(struct backend_map *b, const domain_id *map)
{
	uint32_t next;

	endpoints_remap(b, map);
	clients_remap(b, map);
	for (uint32_t i = b->slots.oldest; i != SLOT_NONE; i = next) {
		next = slots_next(&b->slots, i);
		backend_remap(b, &b->backends[i], map);
	}
	prefilter_rebuild(b);
}

int backend_set_domains(struct backend_map *b, const struct backend_domain *domains, size_t count,
			const domain_id *map)
{
	struct domain_info *infos = calloc(count ? count : 1, sizeof(*infos));
	struct table *registered = NULL;

	if (!infos)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		infos[i].domain = &domains[i];
	registered = share_registered(infos, count);
	if (!registered) {
		free(infos);
		return -ENOMEM;
	}
	while (!map && b->slots.oldest != SLOT_NONE)
		backend_remove(b, &b->backends[b->slots.oldest]);
	free(b->domains);
	table_free(b->registered);
	b->domains = infos;
	b->domain_count = count;
	b->registered = registered;
	if (map)
		memset(b->names, 0, (b->names_mask + 1) * sizeof(*b->names));
	if (map)
		backends_remap(b, map);
	return 0;
}
