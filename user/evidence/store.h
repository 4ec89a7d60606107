/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the evidence store, for its own files. Three pools: subjects, their rows, their
 * addresses. A subject heads a list of its rows, in the order they came, and one of its addresses.
 */
#ifndef HAYRAKE_STORE_H
#define HAYRAKE_STORE_H

#include "evidence/evidence.h"
#include "evidence/pool.h"

struct row_key {
	struct addr remote;
	uint32_t subject; /* index of its item */
	domain_id domain;
	uint32_t sampling;
	uint16_t port;
	uint8_t ip_proto;
	uint8_t via;
};
_Static_assert(sizeof(struct row_key) == 32, "hashed as bytes, so without padding");

struct row_item {
	struct pool_item item;
	struct row_key key;
	uint32_t next; /* of the same subject */
	uint8_t tcp_flags;
	uint8_t directions;
	uint64_t packets;
	uint64_t bytes;
	int64_t first_ns;
	int64_t last_ns;
};

struct subject_item {
	struct pool_item item;
	struct subject subject;
	uint32_t rows; /* first of its list */
	uint32_t rows_last;
	uint32_t row_count;
	uint32_t addresses; /* first of its list */
	uint16_t address_count;
	uint8_t lost_rows; /* during a withdrawal */
	int64_t dns_ns[2]; /* last seen asking: plain, encrypted; 0: never */
};

struct address_key {
	struct addr addr;
	uint32_t subject;
};
_Static_assert(sizeof(struct address_key) == 20, "hashed as bytes, so without padding");

struct address_item {
	struct pool_item item;
	struct address_key key;
	uint32_t next; /* of the same subject */
	int64_t last_ns;
};

struct evidence_store {
	struct evidence_limits limits;
	int64_t window_ns;
	int64_t oldest_ns; /* no row and no address was last seen before */
	struct counts *counts;
	uint32_t bare; /* subjects without rows */
	struct pool subjects;
	struct pool rows;
	struct pool addresses;
};

static inline struct subject_item *subject_at(const struct evidence_store *s, uint32_t i)
{
	return pool_at(&s->subjects, i);
}

static inline struct row_item *row_at(const struct evidence_store *s, uint32_t i)
{
	return pool_at(&s->rows, i);
}

static inline struct address_item *address_at(const struct evidence_store *s, uint32_t i)
{
	return pool_at(&s->addresses, i);
}

/* Index of a subject's item, or POOL_NONE; hash is pool_hash() of the subject. */
uint32_t subject_find(const struct evidence_store *s, const struct subject *subject,
		      uint32_t hash);
uint32_t subject_lookup(const struct evidence_store *s, const struct subject *subject);

struct evidence row_export(const struct evidence_store *s, const struct row_item *row);

#endif
