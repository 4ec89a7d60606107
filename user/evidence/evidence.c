// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes the evidence store. One contact costs two hash probes: the subject, the row. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/store.h"

/* A row takes 84 bytes with its index: 131,072 rows are 11 MiB. */
const struct evidence_limits evidence_limits_gateway = {
	.subjects = 16384,
	.rows_per_subject = 256,
	.rows = 131072,
};
const struct evidence_limits evidence_limits_edge = {
	.subjects = 1U << 20,
	.rows_per_subject = 256,
	.rows = 1U << 22,
};

struct evidence_store *evidence_new(const struct evidence_limits *limits, int64_t window_ns,
				    struct counts *counts)
{
	struct evidence_store *s = calloc(1, sizeof(*s));

	assert(window_ns > 0);
	if (!s)
		return NULL;
	s->limits = *limits;
	s->window_ns = window_ns;
	s->oldest_ns = INT64_MAX;
	s->counts = counts;
	pool_init(&s->subjects, sizeof(struct subject_item), limits->subjects);
	pool_init(&s->rows, sizeof(struct row_item), limits->rows);
	pool_init(&s->addresses, sizeof(struct address_item),
		  limits->subjects * SUBJECT_ADDRESSES_MAX);
	return s;
}

void evidence_free(struct evidence_store *s)
{
	if (!s)
		return;
	pool_clean(&s->subjects);
	pool_clean(&s->rows);
	pool_clean(&s->addresses);
	free(s);
}

static uint32_t subject_add(struct evidence_store *s, const struct subject *subject, uint32_t hash)
{
	uint32_t i = pool_add(&s->subjects, hash);
	struct subject_item *item;

	if (i == POOL_NONE) {
		s->counts->n[COUNTER_SUBJECTS_FULL]++;
		return i;
	}
	item = subject_at(s, i);
	item->subject = *subject;
	item->rows = item->rows_last = item->addresses = POOL_NONE;
	s->bare++;
	return i;
}

static uint32_t row_lookup(const struct evidence_store *s, const struct row_key *key,
			   uint32_t hash)
{
	uint32_t i = pool_first(&s->rows, hash);

	while (i != POOL_NONE && memcmp(&row_at(s, i)->key, key, sizeof(*key)) != 0)
		i = pool_next(&s->rows, i);
	return i;
}

static struct row_key row_key(uint32_t subject, const struct evidence *e)
{
	return (struct row_key){
		.remote = e->remote,
		.subject = subject,
		.domain = e->domain,
		.sampling = e->sampling,
		.port = e->port,
		.ip_proto = e->ip_proto,
		.via = (uint8_t)e->via,
	};
}

static void row_append(struct evidence_store *s, uint32_t subject, uint32_t row)
{
	struct subject_item *item = subject_at(s, subject);

	row_at(s, row)->next = POOL_NONE;
	if (item->row_count++ == 0) {
		item->rows = row;
		s->bare--;
	} else {
		row_at(s, item->rows_last)->next = row;
	}
	item->rows_last = row;
}

/* Takes the row out of its subject's list, behind prev (POOL_NONE: first), and frees it. */
static void row_remove(struct evidence_store *s, uint32_t prev, uint32_t row)
{
	struct subject_item *item = subject_at(s, row_at(s, row)->key.subject);
	uint32_t next = row_at(s, row)->next;

	if (prev == POOL_NONE)
		item->rows = next;
	else
		row_at(s, prev)->next = next;
	if (item->rows_last == row)
		item->rows_last = prev;
	if (--item->row_count == 0)
		s->bare++;
	pool_remove(&s->rows, row);
}

static uint32_t row_prev(const struct evidence_store *s, uint32_t row)
{
	uint32_t prev = POOL_NONE;

	for (uint32_t i = subject_at(s, row_at(s, row)->key.subject)->rows; i != row;
	     i = row_at(s, i)->next)
		prev = i;
	return prev;
}

static bool row_new(struct evidence_store *s, const struct row_key *key, uint32_t hash,
		    const struct evidence *e)
{
	struct row_item *row;
	uint32_t i = POOL_NONE;

	if (subject_at(s, key->subject)->row_count < s->limits.rows_per_subject)
		i = pool_add(&s->rows, hash);
	if (i == POOL_NONE) {
		s->counts->n[COUNTER_EVIDENCE_ROWS_FULL]++;
		return false;
	}
	s->counts->n[COUNTER_EVIDENCE_ROWS]++;
	row = row_at(s, i);
	row->key = *key;
	row->tcp_flags = e->tcp_flags;
	row->directions = e->directions;
	row->packets = e->packets;
	row->bytes = e->bytes;
	row->first_ns = e->first_ns;
	row->last_ns = e->last_ns;
	row_append(s, key->subject, i);
	if (e->last_ns < s->oldest_ns)
		s->oldest_ns = e->last_ns;
	return true;
}

/* Sums, extremes and unions, so that the order of contacts within a window does not matter. */
static bool row_merge(struct row_item *row, const struct evidence *e)
{
	bool told = (e->tcp_flags & ~row->tcp_flags) || (e->directions & ~row->directions);

	row->tcp_flags |= e->tcp_flags;
	row->directions |= e->directions;
	row->packets += e->packets;
	row->bytes += e->bytes;
	if (e->first_ns < row->first_ns)
		row->first_ns = e->first_ns;
	if (e->last_ns > row->last_ns)
		row->last_ns = e->last_ns;
	return told;
}

bool evidence_add(struct evidence_store *s, const struct evidence *e)
{
	uint32_t hash = pool_hash(&e->subject, sizeof(e->subject));
	uint32_t subject = subject_find(s, &e->subject, hash);
	struct row_key key;
	struct row_item *row;
	uint32_t i;

	if (subject == POOL_NONE && s->rows.count == s->limits.rows) {
		s->counts->n[COUNTER_EVIDENCE_ROWS_FULL]++;
		return false;
	}
	if (subject == POOL_NONE)
		subject = subject_add(s, &e->subject, hash);
	if (subject == POOL_NONE)
		return false;
	key = row_key(subject, e);
	hash = pool_hash(&key, sizeof(key));
	i = row_lookup(s, &key, hash);
	if (i == POOL_NONE)
		return row_new(s, &key, hash, e);
	row = row_at(s, i);
	if (e->first_ns - s->window_ns <= row->last_ns)
		return row_merge(row, e);
	/* What the row held has left the window, though nobody has called evidence_expire(). */
	s->counts->n[COUNTER_EVIDENCE_EXPIRED]++;
	row_remove(s, row_prev(s, i), i);
	return row_new(s, &key, hash, e);
}

static uint32_t address_lookup(const struct evidence_store *s, const struct address_key *key,
			       uint32_t hash)
{
	uint32_t i = pool_first(&s->addresses, hash);

	while (i != POOL_NONE && memcmp(&address_at(s, i)->key, key, sizeof(*key)) != 0)
		i = pool_next(&s->addresses, i);
	return i;
}

static void address_remove(struct evidence_store *s, uint32_t prev, uint32_t address)
{
	struct subject_item *item = subject_at(s, address_at(s, address)->key.subject);

	if (prev == POOL_NONE)
		item->addresses = address_at(s, address)->next;
	else
		address_at(s, prev)->next = address_at(s, address)->next;
	item->address_count--;
	pool_remove(&s->addresses, address);
}

/* Makes room for one address: the one not seen for longest goes. */
static void address_evict(struct evidence_store *s, uint32_t subject)
{
	uint32_t prev = POOL_NONE, oldest = subject_at(s, subject)->addresses, before = POOL_NONE;

	for (uint32_t i = oldest; i != POOL_NONE; prev = i, i = address_at(s, i)->next) {
		if (address_at(s, i)->last_ns >= address_at(s, oldest)->last_ns)
			continue;
		oldest = i;
		before = prev;
	}
	s->counts->n[COUNTER_SUBJECT_ADDRESSES_FULL]++;
	address_remove(s, before, oldest);
}

/* Subjects without rows leave half of the room to those with evidence. */
static uint32_t bare_add(struct evidence_store *s, const struct subject *subject, uint32_t hash)
{
	if (s->bare < s->limits.subjects / 2)
		return subject_add(s, subject, hash);
	s->counts->n[COUNTER_SUBJECTS_FULL]++;
	return POOL_NONE;
}

void evidence_address(struct evidence_store *s, const struct subject *subject,
		      const struct addr *a, int64_t now_ns)
{
	uint32_t subject_hash = pool_hash(subject, sizeof(*subject));
	struct address_key key = {.addr = *a, .subject = subject_find(s, subject, subject_hash)};
	struct address_item *item;
	uint32_t hash, i;

	if (key.subject == POOL_NONE)
		key.subject = bare_add(s, subject, subject_hash);
	if (key.subject == POOL_NONE)
		return;
	hash = pool_hash(&key, sizeof(key));
	i = address_lookup(s, &key, hash);
	if (i != POOL_NONE) {
		item = address_at(s, i);
		if (now_ns > item->last_ns)
			item->last_ns = now_ns;
		return;
	}
	if (subject_at(s, key.subject)->address_count == SUBJECT_ADDRESSES_MAX)
		address_evict(s, key.subject);
	i = pool_add(&s->addresses, hash);
	if (i == POOL_NONE)
		return;
	item = address_at(s, i);
	item->key = key;
	item->last_ns = now_ns;
	item->next = subject_at(s, key.subject)->addresses;
	subject_at(s, key.subject)->addresses = i;
	subject_at(s, key.subject)->address_count++;
	if (now_ns < s->oldest_ns)
		s->oldest_ns = now_ns;
}

void evidence_dns(struct evidence_store *s, const struct subject *subject, bool encrypted,
		  int64_t now_ns)
{
	uint32_t hash = pool_hash(subject, sizeof(*subject));
	uint32_t i = subject_find(s, subject, hash);

	if (i == POOL_NONE && encrypted)
		i = bare_add(s, subject, hash);
	if (i != POOL_NONE && now_ns > subject_at(s, i)->dns_ns[encrypted])
		subject_at(s, i)->dns_ns[encrypted] = now_ns;
	if (i != POOL_NONE && now_ns < s->oldest_ns)
		s->oldest_ns = now_ns;
}

/* A row becomes one that the subject's own DNS answer made. */
static void row_keep(struct evidence_store *s, uint32_t i)
{
	struct row_item *row = row_at(s, i);
	struct row_key key = row->key;
	struct evidence e = row_export(s, row);
	uint32_t hash, other;

	key.via = VIA_CLIENT_DNS;
	hash = pool_hash(&key, sizeof(key));
	other = row_lookup(s, &key, hash);
	if (other == POOL_NONE) {
		row->key = key;
		pool_rehash(&s->rows, i, hash);
		return;
	}
	row_merge(row_at(s, other), &e);
	row_remove(s, row_prev(s, i), i);
}

static bool row_withdraw(struct evidence_store *s, uint32_t i, const struct evidence_withdrawal *w)
{
	struct subject_item *item = subject_at(s, row_at(s, i)->key.subject);

	if (w->keep(w->ctx, &item->subject, &row_at(s, i)->key.remote)) {
		row_keep(s, i);
		return false;
	}
	s->counts->n[COUNTER_EVIDENCE_WITHDRAWN]++;
	item->lost_rows = 1;
	row_remove(s, row_prev(s, i), i);
	return true;
}

void evidence_withdraw(struct evidence_store *s, const struct addr *remote,
		       const struct evidence_withdrawal *w)
{
	bool lost = false;
	uint32_t at = 0;

	for (uint32_t i; (i = pool_each(&s->rows, &at)) != POOL_NONE;) {
		const struct row_key *key = &row_at(s, i)->key;

		if (key->via == VIA_ADDRESS && !memcmp(&key->remote, remote, sizeof(*remote)))
			lost |= row_withdraw(s, i, w);
	}
	if (!lost)
		return;
	s->oldest_ns = INT64_MIN; /* subjects may have lost all */
	at = 0;
	for (uint32_t i; (i = pool_each(&s->subjects, &at)) != POOL_NONE;) {
		struct subject_item *item = subject_at(s, i);

		if (item->lost_rows && w->changed)
			w->changed(w->ctx, &item->subject, remote);
		item->lost_rows = 0;
	}
}

/* The oldest time that stays, INT64_MAX when nothing does. */
static int64_t dns_expire(struct subject_item *item, int64_t cutoff_ns)
{
	int64_t oldest_ns = INT64_MAX;

	for (int i = 0; i < 2; i++) {
		if (item->dns_ns[i] < cutoff_ns)
			item->dns_ns[i] = 0;
		else if (item->dns_ns[i] < oldest_ns)
			oldest_ns = item->dns_ns[i];
	}
	return oldest_ns;
}

static int64_t subject_expire(struct evidence_store *s, uint32_t subject, int64_t cutoff_ns)
{
	struct subject_item *item = subject_at(s, subject);
	int64_t oldest_ns = dns_expire(item, cutoff_ns);
	uint32_t prev = POOL_NONE, next;

	for (uint32_t i = item->rows; i != POOL_NONE; i = next) {
		int64_t last_ns = row_at(s, i)->last_ns;

		next = row_at(s, i)->next;
		if (last_ns < cutoff_ns) {
			s->counts->n[COUNTER_EVIDENCE_EXPIRED]++;
			row_remove(s, prev, i);
			continue;
		}
		oldest_ns = last_ns < oldest_ns ? last_ns : oldest_ns;
		prev = i;
	}
	prev = POOL_NONE;
	for (uint32_t i = item->addresses; i != POOL_NONE; i = next) {
		int64_t last_ns = address_at(s, i)->last_ns;

		next = address_at(s, i)->next;
		if (last_ns < cutoff_ns) {
			address_remove(s, prev, i);
			continue;
		}
		oldest_ns = last_ns < oldest_ns ? last_ns : oldest_ns;
		prev = i;
	}
	return oldest_ns;
}

void evidence_expire(struct evidence_store *s, int64_t now_ns)
{
	int64_t cutoff_ns = now_ns - s->window_ns;
	int64_t oldest_ns = INT64_MAX;
	uint32_t at = 0;

	if (s->oldest_ns >= cutoff_ns)
		return;
	for (uint32_t i; (i = pool_each(&s->subjects, &at)) != POOL_NONE;) {
		int64_t subject_ns = subject_expire(s, i, cutoff_ns);

		if (subject_ns < oldest_ns)
			oldest_ns = subject_ns;
		if (subject_at(s, i)->row_count || subject_at(s, i)->address_count ||
		    subject_at(s, i)->dns_ns[true])
			continue;
		s->bare--;
		pool_remove(&s->subjects, i);
	}
	s->oldest_ns = oldest_ns;
}

void evidence_remap(struct evidence_store *s, const domain_id *map, size_t count)
{
	uint32_t at = 0;

	s->oldest_ns = INT64_MIN; /* subjects may lose all */
	for (uint32_t i; (i = pool_each(&s->rows, &at)) != POOL_NONE;) {
		struct row_key *key = &row_at(s, i)->key;

		if (key->domain >= count || map[key->domain] == DOMAIN_NONE) {
			row_remove(s, row_prev(s, i), i);
			continue;
		}
		key->domain = map[key->domain];
		pool_rehash(&s->rows, i, pool_hash(key, sizeof(*key)));
	}
}
