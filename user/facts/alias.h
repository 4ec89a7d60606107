/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The aliases that signature names lead to, and the addresses behind them. */
#ifndef HAYRAKE_FACTS_ALIAS_H
#define HAYRAKE_FACTS_ALIAS_H

#include "facts/facts.h"

#define ALIAS_NONE UINT32_MAX

/* A name reached from another one; each way to it is an entry of its own. */
struct alias {
	char *name;
	uint32_t parent;    /* ALIAS_NONE: a signature's name, where a chain begins */
	uint32_t next;      /* the next entry of the same name */
	uint32_t depth;     /* links from the beginning */
	int64_t last_s;     /* when the first link of its chain to be gone was last seen */
	struct addr *addrs; /* of the end of the chain; for names that lead to it from elsewhere */
	uint32_t addr_count;
};

struct aliases;

struct aliases *aliases_new(struct counts *counts);
void aliases_free(struct aliases *a);

/* The first entry of the name, or ALIAS_NONE; the entry. */
uint32_t aliases_find(const struct aliases *a, const char *name);
const struct alias *alias_at(const struct aliases *a, uint32_t i);

/* The beginning of chains: a signature's name. ALIAS_NONE without room. */
uint32_t aliases_root(struct aliases *a, const char *name);
/* The entry i leads to name. True when that was not known. */
bool aliases_add(struct aliases *a, uint32_t i, const char *name, int64_t last_s);
/* The entry i has the address, and all that lead to it have. */
void aliases_address(struct aliases *a, uint32_t i, const struct addr *addr);

#endif
