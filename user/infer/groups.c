// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *  1. once: each group's ports, and its twins by name
 *  2. at a moment: each group's addresses, as a sum of hashes, so that their order is nothing
 *  3. groups that are alike get one unit; units are numbered by their first group
 */
#include "infer/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "infer/region.h"

#define NONE UINT32_MAX

struct address_set {
	uint64_t sum; /* of the addresses' hashes */
	uint32_t count;
	bool told; /* DNS tells names apart: shared, or only what the subject asked for counts */
};

/* A group as written. */
struct member {
	struct address_set now; /* being filled */
	struct address_set known;
	uint64_t ports;  /* of all its domains; 0: they differ */
	uint64_t region; /* of its names without their regions; 0: one has none */
	uint32_t row;    /* last row of the backend map that was added */
	uint32_t unit;
	uint32_t first_twin; /* NONE: it has none */
	/* of the first twin: */
	uint32_t subject; /* the last that contacted one, and which */
	uint32_t subject_member;
	bool twins_seen;
	bool twins_apart;
};

struct rule_units {
	uint32_t first; /* of its members */
	uint32_t count;
	uint32_t least; /* needed is not below */
};

struct groups {
	const struct rules *rules;
	uint32_t threshold;
	struct rule_units *rules_of;
	struct member *members;
	uint32_t member_count;
	uint32_t row;     /* of the moment */
	uint32_t subject; /* of the look */
};

static struct member *member_of(const struct groups *g, uint32_t rule, uint32_t group)
{
	return &g->members[g->rules_of[rule].first + group];
}

/* --- ports and names -------------------------------------------------------------------------- */

static uint64_t ports_hash(const struct rules_use *use)
{
	uint32_t words[2 * BACKEND_PORTS] = {0};

	for (uint8_t i = 0; i < use->port_count; i++) {
		words[2 * i] = (uint32_t)use->ports[i].lo << 16 | use->ports[i].hi;
		words[2 * i + 1] = use->ports[i].protos;
	}
	return hash_bytes(words, sizeof(words)) | 1;
}

static uint64_t region_hash(const char *name)
{
	char folded[NAME_TEXT_MAX];

	return region_fold(name, folded) ? hash_bytes(folded, strlen(folded)) | 1 : 0;
}

/* Adds a domain of the group; the first one says what the others must be like. */
static void member_learn(struct member *m, const struct rules_use *use, const char *name,
			 bool is_first)
{
	uint64_t ports = ports_hash(use), region = region_hash(name);

	m->ports = is_first || m->ports == ports ? ports : 0;
	m->region = region && (is_first || m->region) ? m->region + region : 0;
}

static void twins_find(struct groups *g, uint32_t rule)
{
	uint32_t count = g->rules->rules[rule].group_count;

	for (uint32_t k = 1; k < count; k++) {
		struct member *m = member_of(g, rule, k);

		for (uint32_t j = 0; m->region && j < k; j++) {
			struct member *other = member_of(g, rule, j);

			if (other->region != m->region)
				continue;
			m->first_twin = other->first_twin = j;
			break;
		}
	}
}

static void members_learn(struct groups *g, uint8_t *known)
{
	for (uint32_t i = 0; i < g->rules->use_count; i++) {
		const struct rules_use *use = &g->rules->uses[i];
		uint32_t at = g->rules_of[use->rule].first + use->group;

		if (use->domain_class != CLASS_PRIMARY)
			continue;
		member_learn(&g->members[at], use, g->rules->domains[use->domain].name,
			     !known[at]);
		known[at] = 1;
	}
	for (uint32_t r = 0; r < g->rules->rule_count; r++)
		twins_find(g, r);
}

static void members_number(struct groups *g)
{
	uint32_t at = 0;

	for (uint32_t r = 0; r < g->rules->rule_count; r++) {
		uint32_t count = g->rules->rules[r].group_count;

		g->rules_of[r] = (struct rule_units){.first = at, .count = count, .least = 1};
		for (uint32_t k = 0; k < count; k++, at++) {
			g->members[at].unit = k;
			g->members[at].first_twin = NONE;
			g->members[at].subject_member = NONE;
		}
	}
}

DEFINE_CLEANUP(groups_free, struct groups *)

struct groups *groups_new(const struct rules *rules, uint32_t threshold)
{
	struct groups *g CLEANUP(groups_free_ptr) = calloc(1, sizeof(*g));
	uint8_t *known CLEANUP_FREE = NULL;

	if (!g)
		return NULL;
	g->rules = rules;
	g->threshold = threshold;
	for (uint32_t r = 0; r < rules->rule_count; r++)
		g->member_count += rules->rules[r].group_count;
	g->rules_of = calloc(rules->rule_count + 1, sizeof(*g->rules_of));
	g->members = calloc(g->member_count + 1, sizeof(*g->members));
	known = calloc(g->member_count + 1, 1);
	if (!g->rules_of || !g->members || !known)
		return NULL;
	members_number(g);
	members_learn(g, known);
	return TAKE_PTR(g);
}

void groups_free(struct groups *g)
{
	if (!g)
		return;
	free(g->rules_of);
	free(g->members);
	free(g);
}

/* --- a moment --------------------------------------------------------------------------------- */

void groups_begin(struct groups *g)
{
	g->row = 0;
	for (uint32_t i = 0; i < g->member_count; i++) {
		g->members[i].now = (struct address_set){0};
		g->members[i].row = 0;
	}
}

static void member_add(struct groups *g, struct member *m, uint64_t hash, bool told)
{
	m->now.told |= told;
	if (m->row == g->row)
		return; /* by another of its domains */
	m->row = g->row;
	m->now.sum += hash;
	m->now.count++;
}

void groups_backend(struct groups *g, const struct backend_row *row)
{
	uint64_t hash = hash_bytes(&row->remote, sizeof(row->remote));

	g->row++;
	for (uint32_t i = 0; i < row->domain_count; i++) {
		const struct rules_domain *d;

		if (row->domains[i] >= g->rules->domain_count)
			continue;
		d = &g->rules->domains[row->domains[i]];
		for (uint32_t u = d->use_first; u < d->use_first + d->use_count; u++) {
			const struct rules_use *use = &g->rules->uses[u];
			bool told = row->state == BACKEND_IS_SHARED ||
				    d->context == CONTEXT_CLIENT_DNS;

			if (use->domain_class == CLASS_PRIMARY)
				member_add(g, member_of(g, use->rule, use->group), hash, told);
		}
	}
}

static bool members_alike(const struct member *a, const struct member *b)
{
	return a->known.count && a->known.count == b->known.count &&
	       a->known.sum == b->known.sum && !a->known.told && !b->known.told && a->ports &&
	       a->ports == b->ports;
}

static bool twins_join(const struct groups *g, uint32_t rule, const struct member *m)
{
	const struct member *first;

	if (m->first_twin == NONE)
		return false;
	first = member_of(g, rule, m->first_twin);
	return first->twins_seen && !first->twins_apart;
}

/* In leader[], every group of a unit names the unit's first one. How many units there are. */
static uint32_t leaders_by_address(const struct member *m, uint32_t count, uint32_t *leader)
{
	uint32_t units = 0;

	for (uint32_t k = 0; k < count; k++) {
		uint32_t j = 0;

		while (j < k && !(leader[j] == j && members_alike(&m[j], &m[k])))
			j++;
		leader[k] = j;
		units += j == k;
	}
	return units;
}

static uint32_t leaders_by_region(const struct groups *g, uint32_t rule, uint32_t units,
				  uint32_t *leader)
{
	uint32_t count = g->rules->rules[rule].group_count;

	for (uint32_t k = 0; k < count; k++) {
		const struct member *m = member_of(g, rule, k);
		uint32_t a, b;

		if (!twins_join(g, rule, m) || leader[k] == leader[m->first_twin])
			continue;
		a = leader[k] < leader[m->first_twin] ? leader[k] : leader[m->first_twin];
		b = leader[k] < leader[m->first_twin] ? leader[m->first_twin] : leader[k];
		for (uint32_t i = 0; i < count; i++)
			leader[i] = leader[i] == b ? a : leader[i];
		units--;
	}
	return units;
}

/* Numbers the units; true when any is another than before. */
static bool units_number(struct member *m, uint32_t count, const uint32_t *leader)
{
	bool changed = false;
	uint32_t units = 0;

	for (uint32_t k = 0; k < count; k++) {
		uint32_t unit = leader[k] == k ? units++ : m[leader[k]].unit;

		changed |= m[k].unit != unit;
		m[k].unit = unit;
	}
	return changed;
}

static uint32_t needed_of(const struct groups *g, uint32_t rule, uint32_t count)
{
	struct rules_rule r = g->rules->rules[rule];

	r.group_count = count;
	return rule_needed(&r, g->threshold);
}

static bool rule_regroup(struct groups *g, uint32_t rule, uint32_t *leader)
{
	uint32_t count = g->rules->rules[rule].group_count;
	struct rule_units *of = &g->rules_of[rule];
	struct member *m = member_of(g, rule, 0);
	uint32_t by_address = leaders_by_address(m, count, leader);

	of->count = leaders_by_region(g, rule, by_address, leader);
	of->least = needed_of(g, rule, by_address) > 1 && of->count < by_address ? 2 : 1;
	return units_number(m, count, leader);
}

bool groups_end(struct groups *g)
{
	uint32_t *leader CLEANUP_FREE = calloc(g->member_count + 1, sizeof(*leader));
	bool changed = false;

	if (!leader)
		return false;
	for (uint32_t i = 0; i < g->member_count; i++) {
		if (g->members[i].now.count)
			g->members[i].known = g->members[i].now;
	}
	for (uint32_t r = 0; r < g->rules->rule_count; r++)
		changed |= rule_regroup(g, r, leader);
	return changed;
}

/* --- a subject's contacts --------------------------------------------------------------------- */

void groups_subject(struct groups *g)
{
	g->subject++;
}

void groups_contact(struct groups *g, uint32_t rule, uint32_t group)
{
	struct member *first;
	uint32_t twin = member_of(g, rule, group)->first_twin;

	if (twin == NONE)
		return;
	first = member_of(g, rule, twin);
	first->twins_seen = true;
	if (first->subject == g->subject && first->subject_member != group)
		first->twins_apart = true;
	first->subject = g->subject;
	first->subject_member = group;
}

/* --- questions -------------------------------------------------------------------------------- */

uint32_t groups_count(const struct groups *g, const struct rules *rules, uint32_t rule)
{
	return g ? g->rules_of[rule].count : rules->rules[rule].group_count;
}

uint32_t groups_needed(const struct groups *g, const struct rules *rules, uint32_t rule,
		       uint32_t threshold)
{
	uint32_t needed;

	if (!g)
		return rule_needed(&rules->rules[rule], threshold);
	needed = needed_of(g, rule, g->rules_of[rule].count);
	return needed > g->rules_of[rule].least ? needed : g->rules_of[rule].least;
}

uint32_t groups_unit(const struct groups *g, uint32_t rule, uint32_t group)
{
	return g ? member_of(g, rule, group)->unit : group;
}

uint32_t groups_first(const struct groups *g, uint32_t rule, uint32_t unit)
{
	uint32_t group = unit; /* no unit is before its number */

	while (groups_unit(g, rule, group) != unit)
		group++;
	return group;
}

const char *groups_name(const struct groups *g, const struct rules *rules, uint32_t rule,
			uint32_t unit)
{
	return rules->rules[rule].group_names[groups_first(g, rule, unit)];
}

enum unit_why groups_why(const struct groups *g, uint32_t rule, uint32_t unit)
{
	const struct member *m = member_of(g, rule, 0);
	unsigned int why = UNIT_ALONE;

	for (uint32_t k = 0; k < g->rules->rules[rule].group_count; k++) {
		for (uint32_t j = 0; j < k; j++) {
			if (m[k].unit != unit || m[j].unit != unit)
				continue;
			if (members_alike(&m[j], &m[k]))
				why |= UNIT_ADDRESSES;
			else if (m[j].first_twin != NONE && m[j].first_twin == m[k].first_twin)
				why |= UNIT_REGION;
		}
	}
	return (enum unit_why)why;
}

enum twins_state groups_twins(const struct groups *g, uint32_t rule, uint32_t group)
{
	const struct member *m = member_of(g, rule, group), *first;

	if (m->first_twin == NONE)
		return TWINS_NONE;
	first = member_of(g, rule, m->first_twin);
	if (first->twins_apart)
		return TWINS_APART;
	return first->twins_seen ? TWINS_JOINED : TWINS_UNSEEN;
}

uint32_t groups_first_twin(const struct groups *g, uint32_t rule, uint32_t group)
{
	const struct member *m = member_of(g, rule, group);

	return m->first_twin == NONE ? group : m->first_twin;
}
