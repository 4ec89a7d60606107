/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers the entries of an array that its owner keeps: key -> slot, in order of last use. The
 * array has max entries, a slot is an index into it; only the key table's growth allocates.
 */
#ifndef HAYRAKE_SLOTS_H
#define HAYRAKE_SLOTS_H

#include <string.h>

#include "base/table.h"

#define SLOT_NONE UINT32_MAX

struct slot_link {
	uint32_t older;
	uint32_t newer; /* of a free slot: the next free one */
};

struct slots {
	struct table *index; /* key -> uint32_t */
	struct slot_link *links;
	uint32_t max;
	uint32_t fresh; /* slots from here on were never used */
	uint32_t free;
	uint32_t oldest;
	uint32_t newest;
};

/* 0 or -ENOMEM. */
int slots_init(struct slots *s, size_t key_size, uint32_t max);
void slots_clean(struct slots *s);

uint32_t slots_find(const struct slots *s, const void *key);
/* A slot for a key that has none, as the newest. SLOT_NONE when full or without memory. */
uint32_t slots_add(struct slots *s, const void *key);
void slots_del(struct slots *s, const void *key);
/* Makes slot i the newest. */
void slots_touch(struct slots *s, uint32_t i);

static inline uint32_t slots_count(const struct slots *s)
{
	return (uint32_t)table_count(s->index);
}

/* Walks from the oldest to the newest: start with s->oldest; take the next before removing i. */
static inline uint32_t slots_next(const struct slots *s, uint32_t i)
{
	return s->links[i].newer;
}

#endif
