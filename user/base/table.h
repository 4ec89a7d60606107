/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded hash table of fixed-size keys and values: open addressing with linear probing, backward
 * shift on removal. Keys are compared byte by byte, so padding must be zero. Grows by doubling up
 * to its bound; pointers to values are valid until the next put or del.
 */
#ifndef HAYRAKE_TABLE_H
#define HAYRAKE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* An empty table for at most max entries, or NULL without memory. */
struct table *table_new(size_t key_size, size_t value_size, size_t max);
void table_free(struct table *t);

size_t table_count(const struct table *t);
size_t table_max(const struct table *t);
size_t table_bytes(const struct table *t); /* memory held */

/* The value, or NULL. */
void *table_get(const struct table *t, const void *key);

/*
 * The value, zeroed when *added: the caller fills it in. NULL when the table is full or without
 * memory.
 */
void *table_put(struct table *t, const void *key, bool *added);

/* True when the key was there. */
bool table_del(struct table *t, const void *key);
void table_clear(struct table *t);

/*
 * Walks all entries; set *at to 0 first. The key and value are the table's own. Removing the entry
 * just given with table_del_at() and going on from the same *at is allowed; no other change is.
 */
bool table_next(const struct table *t, size_t *at, const void **key, void **value);
void table_del_at(struct table *t, size_t *at);

/* Hash of bytes, keyed per process against chosen collisions. */
uint64_t hash_bytes(const void *data, size_t len);

#endif
