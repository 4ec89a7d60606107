// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does an address serve one vendor only? Every answered question is remembered per address,
 * bounded, so that it speaks for addresses that are learned later, too. Names are kept as 64 keyed
 * bits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dns/backend_share.h"
#include "dns/cloud.h"
#include "dns/name.h"

/* What is said again within this time changes nothing: times and order need no finer grain. */
#define REMEMBER_NS NS_PER_S

struct registered_key {
	uint64_t registered_hash;
	uint32_t vendor;
	uint32_t pad;
};

static uint64_t text_hash(const char *text, size_t len)
{
	return hash_bytes(text, len) | 1;
}

static int registered_put(struct table *t, uint64_t registered_hash, uint32_t vendor)
{
	struct registered_key key = {registered_hash, vendor, 0};
	bool added;

	return table_put(t, &key, &added) ? 0 : -1;
}

/* Numbers are places of the vendor's first domain. */
static uint32_t vendor_number(const struct domain_info *domains, size_t at)
{
	const char *vendor = domains[at].domain->vendor;

	for (size_t i = 0; i < at; i++)
		if (domains[i].domain->vendor == vendor)
			return (uint32_t)i;
	return (uint32_t)at;
}

struct table *share_registered(struct domain_info *domains, size_t count)
{
	struct table *t = table_new(sizeof(struct registered_key), 0, count * 2 + 1);

	for (size_t i = 0; t && i < count; i++) {
		const char *name = domains[i].domain->name;
		const char *base = name_registered(name + (strncmp(name, "*.", 2) ? 0 : 2));
		uint64_t hash = text_hash(base, strlen(base));

		domains[i].registered_hash = hash;
		domains[i].vendor = vendor_number(domains, i);
		if (registered_put(t, hash, domains[i].vendor) ||
		    registered_put(t, hash, VENDOR_ANY)) {
			table_free(t);
			return NULL;
		}
	}
	return t;
}

static bool registered_has(const struct backend_map *b, uint64_t registered_hash, uint32_t vendor)
{
	struct registered_key key = {registered_hash, vendor, 0};

	return table_get(b->registered, &key) != NULL;
}

/* What is known of a name, from the cache if it was asked for lately. */
static struct name_info *name_info_get(const struct backend_map *b, const char *name)
{
	size_t len = strlen(name);
	uint64_t hash = text_hash(name, len);
	struct name_info *info = &b->names[hash >> 1 & b->names_mask];

	if (info->name_hash != hash) {
		const char *registered = name_registered(name);

		*info = (struct name_info){.name_hash = hash};
		info->registered_hash = text_hash(registered, len - (size_t)(registered - name));
		info->registered_off = (uint16_t)(registered - name);
		info->cloud = cloud_find(name);
		info->of_vendor = registered_has(b, info->registered_hash, VENDOR_ANY);
	}
	return info;
}

bool share_said(const struct backend_map *b, const struct dns_answer *answer, int64_t now_ns)
{
	struct name_info *info = name_info_get(b, answer->qname);
	uint64_t sum = answer->address_count;
	int64_t since_ns = now_ns - info->said_ns;

	for (uint16_t i = 0; i < answer->address_count; i++)
		sum += hash_bytes(&answer->address[i].addr, sizeof(struct addr));
	if (sum == info->said_hash && since_ns >= 0 && since_ns < REMEMBER_NS)
		return true;
	info->said_hash = sum;
	info->said_ns = now_ns;
	return false;
}

void asked_make(const struct backend_map *b, const struct dns_answer *answer, struct asked *asked)
{
	const struct name_info *info = name_info_get(b, answer->qname);

	asked->registered = answer->qname + info->registered_off;
	asked->name_hash = info->name_hash;
	asked->registered_hash = info->registered_hash;
	asked->source = answer->source;
	asked->cloud = info->cloud;
	asked->target_count = asked->vendor_count = 0;
	for (uint16_t i = 0; i < answer->chain_count && i < CHAIN_MAX; i++) {
		info = name_info_get(b, answer->chain[i]);
		asked->target_cloud[asked->target_count] = info->cloud;
		asked->target_hash[asked->target_count++] = info->name_hash;
		if (info->cloud)
			asked->cloud = info->cloud;
		if (info->of_vendor)
			asked->vendor_hash[asked->vendor_count++] = info->registered_hash;
	}
}

void chain_remember(struct backend *be, const struct asked *asked)
{
	for (uint32_t i = 0; i < asked->target_count; i++) {
		bool known = false;

		for (uint32_t j = 0; j < CHAIN_HASHES; j++)
			known |= be->chain[j] == asked->target_hash[i];
		if (known)
			continue;
		be->chain[be->chain_next] = asked->target_hash[i];
		be->chain_next = (be->chain_next + 1) % CHAIN_HASHES;
	}
}

/* Is a name of this registered domain the vendor's own, to judge by one of its domains? */
static bool of_vendor(const struct backend_map *b, uint64_t registered_hash,
		      const struct domain_info *info)
{
	return registered_hash == info->registered_hash ||
	       registered_has(b, registered_hash, info->vendor);
}

bool share_label_is_foreign(const struct backend_map *b, domain_id domain,
			    const struct asked *asked)
{
	const struct domain_info *info = &b->domains[domain];
	bool fine = of_vendor(b, asked->registered_hash, info);

	for (uint32_t v = 0; !fine && v < asked->vendor_count; v++)
		fine = of_vendor(b, asked->vendor_hash[v], info);
	return !fine;
}

bool share_is_foreign(const struct backend_map *b, const struct backend *be,
		      const struct asked *asked)
{
	for (uint32_t i = 0; i < CHAIN_HASHES; i++)
		if (be->chain[i] == asked->name_hash)
			return false;
	for (uint32_t i = 0; i < be->label_count; i++)
		if (share_label_is_foreign(b, be->labels[i].domain, asked))
			return true;
	return false;
}

void share_forget(struct backend_map *b, const struct addr *remote)
{
	if (slots_find(&b->other_slots, remote) != SLOT_NONE)
		slots_del(&b->other_slots, remote);
}

void share_judge(const struct backend_map *b, struct backend *be, const struct asked *asked)
{
	int64_t until = asked->time_ns + BACKEND_SHARED_NS;

	if (until <= be->shared_until_ns || !share_is_foreign(b, be, asked))
		return;
	be->shared_until_ns = until;
	snprintf(be->shared_with, sizeof(be->shared_with), "%s", asked->registered);
}

/*
 * A new entry for an address that has none; without room the one longest unasked for goes, but not
 * for what was only read in a file: that would push out what is asked here.
 */
static struct other *other_add(struct backend_map *b, const struct addr *remote,
			       enum fact_source source)
{
	struct slots *s = &b->other_slots;
	uint32_t slot;

	if (slots_count(s) == s->max && source != SOURCE_DNS) {
		backend_count_one(b, COUNTER_FACTS_NAMES_FULL);
		return NULL;
	}
	if (slots_count(s) == s->max) {
		slots_del(s, &b->others[s->oldest].remote);
		backend_count_one(b, COUNTER_NAMES_EVICTED);
	}
	slot = slots_add(s, remote);
	if (slot == SLOT_NONE)
		return NULL;
	b->others[slot] = (struct other){.remote = *remote};
	return &b->others[slot];
}

/* Puts the question in the place of the oldest one. */
static void other_put(struct other *o, const struct asked *asked)
{
	int at = 0;

	for (int i = 1; i < OTHER_NAMES; i++)
		if (o->names[i].time_ns < o->names[at].time_ns)
			at = i;
	o->names[at] = (struct other_name){
		.name_hash = asked->name_hash,
		.registered_hash = asked->registered_hash,
		.chain_hash = asked->vendor_count ? asked->vendor_hash[0] : 0,
		.time_ns = asked->time_ns,
	};
	snprintf(o->registered[at], SHARED_WITH_MAX, "%s", asked->registered);
}

void share_remember(struct backend_map *b, const struct addr *remote, const struct asked *asked)
{
	uint32_t slot = slots_find(&b->other_slots, remote);
	struct other *o = slot == SLOT_NONE ? other_add(b, remote, asked->source)
					    : &b->others[slot];

	if (!o)
		return;
	for (int i = 0; i < OTHER_NAMES; i++) {
		struct other_name *n = &o->names[i];

		if (n->name_hash != asked->name_hash)
			continue;
		if (asked->time_ns - n->time_ns < REMEMBER_NS)
			return;
		n->time_ns = asked->time_ns;
		slots_touch(&b->other_slots, slot);
		return;
	}
	other_put(o, asked);
	if (slot != SLOT_NONE)
		slots_touch(&b->other_slots, slot);
}

void share_step(struct backend_map *b, int64_t before_ns, int64_t step_ns)
{
	for (uint32_t i = b->other_slots.oldest; i != SLOT_NONE; i = slots_next(&b->other_slots, i))
		for (int k = 0; k < OTHER_NAMES; k++) {
			struct other_name *n = &b->others[i].names[k];

			if (n->name_hash && n->time_ns <= before_ns)
				n->time_ns += step_ns;
		}
}

void share_judge_past(const struct backend_map *b, struct backend *be, int64_t now_ns)
{
	uint32_t slot = slots_find(&b->other_slots, &be->remote);
	const struct other *o;

	if (slot == SLOT_NONE)
		return;
	o = &b->others[slot];
	for (int i = 0; i < OTHER_NAMES; i++) {
		const struct other_name *n = &o->names[i];
		struct asked asked = {
			.registered = o->registered[i],
			.time_ns = n->time_ns,
			.name_hash = n->name_hash,
			.registered_hash = n->registered_hash,
			.vendor_count = n->chain_hash != 0,
			.vendor_hash = {n->chain_hash},
		};

		if (n->name_hash && n->time_ns + BACKEND_SHARED_NS > now_ns)
			share_judge(b, be, &asked);
	}
}
