// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One slot: a 64-bit hash (0: empty), the key, the value, each 8-aligned. Capacity is a power of
 * two and at most three quarters full.
 */
#include "base/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TABLE_START 16

struct table {
	uint8_t *slots;
	size_t capacity; /* a power of two, 0 before the first put */
	size_t count;
	size_t max;
	size_t key_size;
	size_t value_size;
	size_t value_off;
	size_t slot_size;
};

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

#ifdef __SIZEOF_INT128__
static uint64_t fold_multiply(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}
#else /* 32-bit machines: by halves */
static uint64_t fold_multiply(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t low = a_low * b_low, left = a_high * b_low, right = a_low * b_high;
	uint64_t middle = (low >> 32) + (uint32_t)left + (uint32_t)right;
	uint64_t high = a_high * b_high + (left >> 32) + (right >> 32) + (middle >> 32);

	return high ^ (middle << 32 | (uint32_t)low);
}
#endif

static uint64_t hash_seed(void)
{
	static uint64_t seed;

	if (seed)
		return seed;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		seed = (uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec;
	}
	seed |= 1;
	return seed;
}

/* 1 to 7 bytes, some of them twice: the length is in the hash already. */
static uint64_t hash_tail(const uint8_t *p, size_t len)
{
	uint32_t head, tail;

	if (len < 4)
		return (uint64_t)p[0] | (uint64_t)p[len / 2] << 8 | (uint64_t)p[len - 1] << 16;
	memcpy(&head, p, 4);
	memcpy(&tail, p + len - 4, 4);
	return (uint64_t)head << 32 | tail;
}

uint64_t hash_bytes(const void *data, size_t len)
{
	const uint64_t k = 0x9e3779b97f4a7c15ULL;
	const uint8_t *p = data;
	uint64_t h = hash_seed() ^ len * k;
	uint64_t w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = fold_multiply(h ^ w, k);
	}
	if (len)
		h = fold_multiply(h ^ hash_tail(p, len), k);
	return fold_multiply(h, 0xc2b2ae3d27d4eb4fULL);
}

struct table *table_new(size_t key_size, size_t value_size, size_t max)
{
	struct table *t;

	assert(key_size && max);
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key_size = key_size;
	t->value_size = value_size;
	t->max = max;
	t->value_off = 8 + align8(key_size);
	t->slot_size = t->value_off + align8(value_size);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t);
}

size_t table_count(const struct table *t)
{
	return t->count;
}

size_t table_max(const struct table *t)
{
	return t->max;
}

size_t table_bytes(const struct table *t)
{
	return sizeof(*t) + t->capacity * t->slot_size;
}

static uint8_t *slot_at(const struct table *t, size_t i)
{
	return t->slots + i * t->slot_size;
}

static uint64_t *slot_hash(uint8_t *slot)
{
	return (uint64_t *)(void *)slot;
}

static uint64_t key_hash(const struct table *t, const void *key)
{
	return hash_bytes(key, t->key_size) | 1;
}

/* The slot of key, or the empty one where it would go. */
static size_t slot_find(const struct table *t, const void *key, uint64_t hash)
{
	size_t mask = t->capacity - 1;
	size_t i = (hash >> 8) & mask;

	for (;; i = (i + 1) & mask) {
		uint8_t *s = slot_at(t, i);

		if (!*slot_hash(s))
			return i;
		if (*slot_hash(s) == hash && !memcmp(s + 8, key, t->key_size))
			return i;
	}
}

static int table_grow(struct table *t)
{
	struct table old = *t;
	size_t capacity = old.capacity ? old.capacity * 2 : TABLE_START;
	uint8_t *slots = calloc(capacity, t->slot_size);

	if (!slots)
		return -1;
	t->slots = slots;
	t->capacity = capacity;
	for (size_t i = 0; i < old.capacity; i++) {
		uint8_t *s = slot_at(&old, i);

		if (*slot_hash(s))
			memcpy(slot_at(t, slot_find(t, s + 8, *slot_hash(s))), s, t->slot_size);
	}
	free(old.slots);
	return 0;
}

void *table_get(const struct table *t, const void *key)
{
	uint8_t *s;

	if (!t->count)
		return NULL;
	s = slot_at(t, slot_find(t, key, key_hash(t, key)));
	return *slot_hash(s) ? s + t->value_off : NULL;
}

void *table_put(struct table *t, const void *key, bool *added)
{
	uint64_t hash = key_hash(t, key);
	uint8_t *s;

	if (t->capacity) {
		s = slot_at(t, slot_find(t, key, hash));
		if (*slot_hash(s)) {
			*added = false;
			return s + t->value_off;
		}
	}
	if (t->count == t->max)
		return NULL;
	if ((t->count + 1) * 4 > t->capacity * 3 && table_grow(t))
		return NULL;
	s = slot_at(t, slot_find(t, key, hash));
	memset(s, 0, t->slot_size);
	*slot_hash(s) = hash;
	memcpy(s + 8, key, t->key_size);
	t->count++;
	*added = true;
	return s + t->value_off;
}

/* Empties slot i and moves later ones of its run back, so that no probe meets a hole. */
static void slot_remove(struct table *t, size_t i)
{
	size_t mask = t->capacity - 1;
	size_t hole = i;

	for (size_t j = (i + 1) & mask; *slot_hash(slot_at(t, j)); j = (j + 1) & mask) {
		size_t home = (*slot_hash(slot_at(t, j)) >> 8) & mask;

		if (((j - home) & mask) < ((j - hole) & mask))
			continue;
		memcpy(slot_at(t, hole), slot_at(t, j), t->slot_size);
		hole = j;
	}
	*slot_hash(slot_at(t, hole)) = 0;
	t->count--;
}

bool table_del(struct table *t, const void *key)
{
	size_t i;

	if (!t->count)
		return false;
	i = slot_find(t, key, key_hash(t, key));
	if (!*slot_hash(slot_at(t, i)))
		return false;
	slot_remove(t, i);
	return true;
}

void table_clear(struct table *t)
{
	if (t->slots)
		memset(t->slots, 0, t->capacity * t->slot_size);
	t->count = 0;
}

bool table_next(const struct table *t, size_t *at, const void **key, void **value)
{
	for (; *at < t->capacity; (*at)++) {
		uint8_t *s = slot_at(t, *at);

		if (!*slot_hash(s))
			continue;
		*key = s + 8;
		*value = s + t->value_off;
		(*at)++;
		return true;
	}
	return false;
}

/*
 * A later entry of the run may have moved into the slot: look at it again. One that wrapped around
 * the end was given before and is given twice at worst.
 */
void table_del_at(struct table *t, size_t *at)
{
	assert(*at > 0);
	slot_remove(t, --*at);
}
