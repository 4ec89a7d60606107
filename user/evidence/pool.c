// SPDX-License-Identifier: GPL-2.0-or-later
#include "evidence/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define POOL_START 64

static struct pool_item *item_at(const struct pool *p, uint32_t i)
{
	return pool_at(p, i);
}

static uint32_t *head_of(const struct pool *p, uint32_t hash)
{
	return &p->heads[hash & (p->capacity - 1)];
}

void pool_init(struct pool *p, size_t item_size, uint32_t max)
{
	assert(item_size >= sizeof(struct pool_item) && max && max < POOL_NONE);
	*p = (struct pool){.item_size = item_size, .max = max, .free = POOL_NONE};
}

void pool_clean(struct pool *p)
{
	free(p->items);
	free(p->heads);
	p->items = NULL;
	p->heads = NULL;
}

uint32_t pool_hash(const void *key, size_t key_size)
{
	uint32_t h = (uint32_t)(hash_bytes(key, key_size) >> 32);

	return h ? h : 1;
}

static uint32_t chain_find(const struct pool *p, uint32_t i, uint32_t hash)
{
	while (i != POOL_NONE && item_at(p, i)->hash != hash)
		i = item_at(p, i)->next;
	return i;
}

uint32_t pool_first(const struct pool *p, uint32_t hash)
{
	return p->count ? chain_find(p, *head_of(p, hash), hash) : POOL_NONE;
}

uint32_t pool_next(const struct pool *p, uint32_t i)
{
	return chain_find(p, item_at(p, i)->next, item_at(p, i)->hash);
}

static void item_link(struct pool *p, uint32_t i, uint32_t hash)
{
	uint32_t *head = head_of(p, hash);

	item_at(p, i)->hash = hash;
	item_at(p, i)->next = *head;
	*head = i;
}

static void item_unlink(struct pool *p, uint32_t i)
{
	uint32_t *at = head_of(p, item_at(p, i)->hash);

	while (*at != i)
		at = &item_at(p, *at)->next;
	*at = item_at(p, i)->next;
}

static int pool_grow(struct pool *p)
{
	uint32_t capacity = p->capacity ? p->capacity * 2 : POOL_START;
	uint32_t *heads = malloc(capacity * sizeof(*heads));
	uint8_t *items;

	if (!heads)
		return -1;
	items = realloc(p->items, capacity * p->item_size);
	if (!items) {
		free(heads);
		return -1;
	}
	free(p->heads);
	p->heads = heads;
	p->items = items;
	p->capacity = capacity;
	memset(heads, 0xff, capacity * sizeof(*heads));
	for (uint32_t i = 0; i < p->used; i++) {
		if (item_at(p, i)->hash)
			item_link(p, i, item_at(p, i)->hash);
	}
	return 0;
}

uint32_t pool_add(struct pool *p, uint32_t hash)
{
	uint32_t i = p->free;

	assert(hash);
	if (p->count == p->max)
		return POOL_NONE;
	if (i != POOL_NONE) {
		p->free = item_at(p, i)->next;
	} else {
		if (p->used == p->capacity && pool_grow(p))
			return POOL_NONE;
		i = p->used++;
	}
	memset(item_at(p, i), 0, p->item_size);
	item_link(p, i, hash);
	p->count++;
	return i;
}

void pool_remove(struct pool *p, uint32_t i)
{
	item_unlink(p, i);
	item_at(p, i)->hash = 0;
	item_at(p, i)->next = p->free;
	p->free = i;
	p->count--;
}

void pool_rehash(struct pool *p, uint32_t i, uint32_t hash)
{
	item_unlink(p, i);
	item_link(p, i, hash);
}

uint32_t pool_each(const struct pool *p, uint32_t *at)
{
	while (*at < p->used) {
		uint32_t i = (*at)++;

		if (item_at(p, i)->hash)
			return i;
	}
	return POOL_NONE;
}

size_t pool_bytes(const struct pool *p)
{
	return p->capacity * (p->item_size + sizeof(*p->heads));
}
