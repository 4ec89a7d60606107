// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open queries in buckets of four, each query as 64 keyed bits over all that joins it with its
 * answer. A full bucket loses its oldest query, answered ones first.
 */
#include <stdlib.h>

#include "base/table.h"
#include "dns/observer_parts.h"

#define BUCKET_QUERIES 4
#define BUCKET_ALIGN 64 /* a cache line */

/* Times in 2^22 ns, about 4 ms; they come around after 13 days, long after a query is stale. */
#define TICK_SHIFT 22
#define TICK_BITS 28
#define OPEN_MAX 7

struct query {
	uint64_t hash; /* 0: empty */
	uint32_t answer_hash;
	uint32_t tick : TICK_BITS;
	uint32_t open : 3;     /* answers that may still come */
	uint32_t answered : 1; /* answer_hash is set */
};

struct bucket {
	struct query queries[BUCKET_QUERIES];
};
_Static_assert(sizeof(struct bucket) == BUCKET_ALIGN, "a bucket is a cache line");

struct query_table {
	void *memory;
	struct bucket *buckets; /* in memory, aligned */
	size_t mask;
};

struct query_table *query_table_new(uint32_t max)
{
	struct query_table *t = calloc(1, sizeof(*t));
	size_t count = 1;

	if (!t)
		return NULL;
	while (count * BUCKET_QUERIES < max)
		count *= 2;
	t->mask = count - 1;
	t->memory = calloc(count + 1, sizeof(*t->buckets));
	if (!t->memory) {
		free(t);
		return NULL;
	}
	t->buckets =
		(void *)(((uintptr_t)t->memory + BUCKET_ALIGN - 1) & -(uintptr_t)BUCKET_ALIGN);
	return t;
}

void query_table_free(struct query_table *t)
{
	if (!t)
		return;
	free(t->memory);
	free(t);
}

static uint32_t tick_of(int64_t time_ns)
{
	return (uint32_t)((uint64_t)time_ns >> TICK_SHIFT) & ((1U << TICK_BITS) - 1);
}

/* Ticks since q was asked; negative when now is earlier. */
static int32_t query_age(const struct query *q, uint32_t now)
{
	return (int32_t)((now - q->tick) << (32 - TICK_BITS)) >> (32 - TICK_BITS);
}

static bool query_fresh(const struct query *q, uint32_t now)
{
	int32_t age = query_age(q, now);

	return q->hash && age <= QUERY_LIFE_NS >> TICK_SHIFT &&
	       age >= -(QUERY_EARLY_NS >> TICK_SHIFT);
}

/* The one to give up first: stale or empty, then answered, then the oldest. */
static struct query *bucket_victim(struct bucket *b, uint32_t now)
{
	struct query *victim = &b->queries[0];

	for (int i = 0; i < BUCKET_QUERIES; i++) {
		struct query *q = &b->queries[i];

		if (!query_fresh(q, now))
			return q;
		if (!!q->open < !!victim->open ||
		    (!!q->open == !!victim->open && query_age(q, now) > query_age(victim, now)))
			victim = q;
	}
	return victim;
}

static struct query *query_find(struct query_table *t, uint64_t hash)
{
	struct bucket *b = &t->buckets[hash & t->mask];

	for (int i = 0; i < BUCKET_QUERIES; i++)
		if (b->queries[i].hash == hash)
			return &b->queries[i];
	return NULL;
}

static uint64_t key_hash(const struct query_key *key)
{
	return hash_bytes(key, sizeof(*key)) | (uint64_t)1 << 63;
}

bool query_add(struct query_table *t, const struct query_key *key, int64_t now_ns)
{
	uint64_t hash = key_hash(key);
	struct query *q = query_find(t, hash);
	uint32_t now = tick_of(now_ns);
	bool lost = false;

	if (q && query_fresh(q, now)) {
		if (q->open < OPEN_MAX)
			q->open++;
		q->tick = now;
		return false;
	}
	if (!q) {
		q = bucket_victim(&t->buckets[hash & t->mask], now);
		lost = query_fresh(q, now) && q->open;
	}
	*q = (struct query){.hash = hash, .tick = now, .open = 1};
	return lost;
}

bool query_answer(struct query_table *t, const struct query_key *key, uint64_t answer_hash,
		  int64_t now_ns)
{
	struct query *q = query_find(t, key_hash(key));

	if (!q || !query_fresh(q, tick_of(now_ns)))
		return false;
	if (q->answered && q->answer_hash == (uint32_t)answer_hash)
		return true;
	if (!q->open)
		return false;
	q->open--;
	q->answered = 1;
	q->answer_hash = (uint32_t)answer_hash;
	return true;
}
