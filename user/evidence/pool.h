/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of one size in one growing array, found by hash and named by index, so that they can point
 * at each other with four bytes. An item begins with struct pool_item; item addresses last until
 * the next add.
 */
#ifndef HAYRAKE_POOL_H
#define HAYRAKE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_NONE UINT32_MAX

struct pool_item {
	uint32_t next; /* in its chain, or in the list of free items */
	uint32_t hash; /* 0: free */
};

struct pool {
	uint8_t *items;
	uint32_t *heads; /* of the chains, one per item of capacity */
	size_t item_size;
	uint32_t capacity;
	uint32_t used; /* items ever used: those behind are untouched */
	uint32_t count;
	uint32_t free;
	uint32_t max;
};

void pool_init(struct pool *p, size_t item_size, uint32_t max);
void pool_clean(struct pool *p);

static inline void *pool_at(const struct pool *p, uint32_t i)
{
	return p->items + (size_t)i * p->item_size;
}

/* Hash of a key, never 0. */
uint32_t pool_hash(const void *key, size_t key_size);

/* The first item with that hash, and the one after i with i's hash, or POOL_NONE. */
uint32_t pool_first(const struct pool *p, uint32_t hash);
uint32_t pool_next(const struct pool *p, uint32_t i);

/* A zeroed item, or POOL_NONE when the pool is full or without memory. */
uint32_t pool_add(struct pool *p, uint32_t hash);
void pool_remove(struct pool *p, uint32_t i);
/* The item's key has changed. */
void pool_rehash(struct pool *p, uint32_t i, uint32_t hash);

/* Walks all items; set *at to 0 first. The one just given may be removed. */
uint32_t pool_each(const struct pool *p, uint32_t *at);

size_t pool_bytes(const struct pool *p); /* memory held */

#endif
