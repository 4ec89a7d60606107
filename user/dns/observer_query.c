// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open queries in buckets of eight, each query as 64 keyed bits over all that joins it with its
 * answer. A full bucket loses its oldest query, answered ones first.
 */
#include <stdlib.h>

#include "base/table.h"
#include "dns/observer_parts.h"

#define BUCKET_QUERIES 8

struct query {
	uint64_t hash; /* 0: empty */
	uint64_t answer_hash;
	int64_t time_ns;
	uint32_t open;     /* answers that may still come */
	uint32_t answered; /* answer_hash is set */
};

struct bucket {
	struct query queries[BUCKET_QUERIES];
};

struct query_table {
	struct bucket *buckets;
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
	t->buckets = calloc(count, sizeof(*t->buckets));
	if (!t->buckets) {
		free(t);
		return NULL;
	}
	return t;
}

void query_table_free(struct query_table *t)
{
	if (!t)
		return;
	free(t->buckets);
	free(t);
}

static bool query_fresh(const struct query *q, int64_t now_ns)
{
	int64_t age = elapsed_ns(now_ns, q->time_ns);

	return q->hash && age <= QUERY_LIFE_NS && age >= -QUERY_EARLY_NS;
}

/* The one to give up first: stale or empty, then answered, then the oldest. */
static struct query *bucket_victim(struct bucket *b, int64_t now_ns)
{
	struct query *victim = &b->queries[0];

	for (int i = 0; i < BUCKET_QUERIES; i++) {
		struct query *q = &b->queries[i];

		if (!query_fresh(q, now_ns))
			return q;
		if (!!q->open < !!victim->open ||
		    (!!q->open == !!victim->open && q->time_ns < victim->time_ns))
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
	bool lost = false;

	if (q && query_fresh(q, now_ns)) {
		q->open++;
		q->time_ns = now_ns;
		return false;
	}
	if (!q) {
		q = bucket_victim(&t->buckets[hash & t->mask], now_ns);
		lost = query_fresh(q, now_ns) && q->open;
	}
	*q = (struct query){.hash = hash, .time_ns = now_ns, .open = 1};
	return lost;
}

bool query_answer(struct query_table *t, const struct query_key *key, uint64_t answer_hash,
		  int64_t now_ns)
{
	struct query *q = query_find(t, key_hash(key));

	if (!q || !query_fresh(q, now_ns))
		return false;
	if (q->answered && q->answer_hash == answer_hash)
		return true;
	if (!q->open)
		return false;
	q->open--;
	q->answered = 1;
	q->answer_hash = answer_hash;
	return true;
}
