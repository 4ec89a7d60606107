// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/alias.h"

#include <stdlib.h>
#include <string.h>

#include "base/table.h"

struct aliases {
	struct table *by_name; /* 64 keyed bits of the name -> first entry */
	struct alias *entries;
	uint32_t count;
	uint32_t addr_count; /* over all entries */
	struct counts *counts;
};

struct aliases *aliases_new(struct counts *counts)
{
	struct aliases *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->counts = counts;
	a->by_name = table_new(sizeof(uint64_t), sizeof(uint32_t), FACTS_ALIASES_MAX);
	if (!a->by_name) {
		free(a);
		return NULL;
	}
	return a;
}

void aliases_free(struct aliases *a)
{
	if (!a)
		return;
	for (uint32_t i = 0; i < a->count; i++) {
		free(a->entries[i].name);
		free(a->entries[i].addrs);
	}
	free(a->entries);
	table_free(a->by_name);
	free(a);
}

uint32_t aliases_find(const struct aliases *a, const char *name)
{
	uint64_t hash = hash_bytes(name, strlen(name));
	const uint32_t *first = table_get(a->by_name, &hash);

	return first ? *first : ALIAS_NONE;
}

const struct alias *alias_at(const struct aliases *a, uint32_t i)
{
	return &a->entries[i];
}

/* Room for one more, doubling; false (counted) when there is none. */
static bool entries_grow(struct aliases *a)
{
	struct alias *grown;

	if (a->count < FACTS_ALIASES_MAX && a->count & (a->count - 1))
		return true;
	if (a->count < FACTS_ALIASES_MAX) {
		size_t room = a->count ? 2 * (size_t)a->count : 1;

		grown = reallocarray(a->entries, room, sizeof(*grown));
		if (grown) {
			a->entries = grown;
			return true;
		}
	}
	a->counts->n[COUNTER_FACTS_ALIASES_FULL]++;
	return false;
}

static uint32_t entry_new(struct aliases *a, const char *name, const struct alias *like)
{
	uint64_t hash = hash_bytes(name, strlen(name));
	char *copy = entries_grow(a) ? strdup(name) : NULL;
	uint32_t *first;
	bool added;

	first = copy ? table_put(a->by_name, &hash, &added) : NULL;
	if (!first) {
		free(copy);
		return ALIAS_NONE;
	}
	a->entries[a->count] = *like;
	a->entries[a->count].name = copy;
	a->entries[a->count].next = added ? ALIAS_NONE : *first;
	*first = a->count;
	return a->count++;
}

static uint32_t entry_of(const struct aliases *a, const char *name, uint32_t parent)
{
	uint32_t i = aliases_find(a, name);

	while (i != ALIAS_NONE && a->entries[i].parent != parent)
		i = a->entries[i].next;
	return i;
}

uint32_t aliases_root(struct aliases *a, const char *name)
{
	struct alias root = {.parent = ALIAS_NONE, .last_s = INT64_MAX};
	uint32_t i = entry_of(a, name, ALIAS_NONE);

	return i == ALIAS_NONE ? entry_new(a, name, &root) : i;
}

bool aliases_add(struct aliases *a, uint32_t i, const char *name, int64_t last_s)
{
	const struct alias *from = &a->entries[i];
	struct alias to = {.parent = i, .depth = from->depth + 1, .last_s = last_s};
	uint32_t known = entry_of(a, name, i);

	if (from->last_s < to.last_s)
		to.last_s = from->last_s;
	if (known == ALIAS_NONE)
		return from->depth < CHAIN_MAX && entry_new(a, name, &to) != ALIAS_NONE;
	if (to.last_s > a->entries[known].last_s)
		a->entries[known].last_s = to.last_s;
	return false;
}

static void entry_address(struct aliases *a, struct alias *entry, const struct addr *addr)
{
	struct addr *grown;

	for (uint32_t i = 0; i < entry->addr_count; i++)
		if (!memcmp(&entry->addrs[i], addr, sizeof(*addr)))
			return;
	if (entry->addr_count == ANSWER_ADDRESSES_MAX || a->addr_count == FACTS_ADDRESSES_MAX) {
		a->counts->n[COUNTER_FACTS_ALIASES_FULL]++;
		return;
	}
	grown = reallocarray(entry->addrs, entry->addr_count + 1, sizeof(*addr));
	if (!grown)
		return;
	entry->addrs = grown;
	entry->addrs[entry->addr_count++] = *addr;
	a->addr_count++;
}

void aliases_address(struct aliases *a, uint32_t i, const struct addr *addr)
{
	for (; i != ALIAS_NONE; i = a->entries[i].parent)
		if (a->entries[i].parent != ALIAS_NONE)
			entry_address(a, &a->entries[i], addr);
}
