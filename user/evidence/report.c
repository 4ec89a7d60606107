// SPDX-License-Identifier: GPL-2.0-or-later
/* What the evidence store tells: rows, subjects, addresses. Nothing here changes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "evidence/store.h"

uint32_t subject_find(const struct evidence_store *s, const struct subject *subject, uint32_t hash)
{
	uint32_t i = pool_first(&s->subjects, hash);

	while (i != POOL_NONE &&
	       memcmp(&subject_at(s, i)->subject, subject, sizeof(*subject)) != 0)
		i = pool_next(&s->subjects, i);
	return i;
}

uint32_t subject_lookup(const struct evidence_store *s, const struct subject *subject)
{
	return subject_find(s, subject, pool_hash(subject, sizeof(*subject)));
}

struct evidence row_export(const struct evidence_store *s, const struct row_item *row)
{
	return (struct evidence){
		.subject = subject_at(s, row->key.subject)->subject,
		.domain = row->key.domain,
		.remote = row->key.remote,
		.port = row->key.port,
		.ip_proto = row->key.ip_proto,
		.tcp_flags = row->tcp_flags,
		.directions = row->directions,
		.via = row->key.via,
		.sampling = row->key.sampling,
		.packets = row->packets,
		.bytes = row->bytes,
		.first_ns = row->first_ns,
		.last_ns = row->last_ns,
	};
}

void evidence_each(const struct evidence_store *s, const struct subject *subject,
		   evidence_sink *sink, void *ctx)
{
	uint32_t i = subject_lookup(s, subject);

	if (i == POOL_NONE)
		return;
	for (i = subject_at(s, i)->rows; i != POOL_NONE; i = row_at(s, i)->next) {
		struct evidence e = row_export(s, row_at(s, i));

		sink(ctx, &e);
	}
}

void evidence_each_holder(const struct evidence_store *s,
			  void (*each)(void *ctx, const struct subject *), void *ctx)
{
	uint32_t at = 0;

	for (uint32_t i; (i = pool_each(&s->subjects, &at)) != POOL_NONE;) {
		if (subject_at(s, i)->row_count)
			each(ctx, &subject_at(s, i)->subject);
	}
}

void evidence_each_row(const struct evidence_store *s, evidence_sink *sink, void *ctx)
{
	uint32_t at = 0;

	for (uint32_t i; (i = pool_each(&s->rows, &at)) != POOL_NONE;) {
		struct evidence e = row_export(s, row_at(s, i));

		sink(ctx, &e);
	}
}

/*
 * Several domains at one address give several rows for the same packets: only the one with the most
 * of them is summed.
 */
static bool row_is_counted(const struct evidence_store *s, const struct subject_item *item,
			   uint32_t row)
{
	const struct row_item *r = row_at(s, row);
	bool before = true;

	for (uint32_t i = item->rows; i != POOL_NONE; i = row_at(s, i)->next) {
		const struct row_item *q = row_at(s, i);
		struct row_key key = q->key;

		if (i == row) {
			before = false;
			continue;
		}
		key.domain = r->key.domain;
		if (memcmp(&key, &r->key, sizeof(key)) != 0)
			continue;
		if (q->packets > r->packets || (q->packets == r->packets && before))
			return false;
	}
	return true;
}

static bool row_has_new_domain(const struct evidence_store *s, const struct subject_item *item,
			       uint32_t row)
{
	for (uint32_t i = item->rows; i != row; i = row_at(s, i)->next) {
		if (row_at(s, i)->key.domain == row_at(s, row)->key.domain)
			return false;
	}
	return true;
}

static void subject_row_addresses(const struct evidence_store *s, const struct subject_item *item,
				  struct subject_row *out)
{
	for (uint32_t i = item->addresses; i != POOL_NONE; i = address_at(s, i)->next)
		out->address[out->address_count++] = address_at(s, i)->key.addr;
}

static struct subject_row subject_row(const struct evidence_store *s,
				      const struct subject_item *item)
{
	struct subject_row out = {
		.subject = item->subject,
		.dns_plain_ns = item->dns_ns[false],
		.dns_encrypted_ns = item->dns_ns[true],
	};

	for (uint32_t i = item->rows; i != POOL_NONE; i = row_at(s, i)->next) {
		const struct row_item *row = row_at(s, i);

		if (i == item->rows || row->first_ns < out.first_ns)
			out.first_ns = row->first_ns;
		if (i == item->rows || row->last_ns > out.last_ns)
			out.last_ns = row->last_ns;
		if (i == item->rows)
			out.sampling = row->key.sampling;
		else if (row->key.sampling != out.sampling)
			out.sampling = 0;
		out.domains += row_has_new_domain(s, item, i);
		if (!row_is_counted(s, item, i))
			continue;
		out.packets += row->packets;
		out.bytes += row->bytes;
	}
	subject_row_addresses(s, item, &out);
	return out;
}

static int subject_compare(const void *va, const void *vb, void *ctx)
{
	const struct evidence_store *s = ctx;
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return memcmp(&subject_at(s, a)->subject, &subject_at(s, b)->subject,
		      sizeof(struct subject));
}

void evidence_each_subject(const struct evidence_store *s,
			   void (*each)(void *ctx, const struct subject_row *), void *ctx)
{
	CLEANUP_FREE uint32_t *order = calloc(s->subjects.count + 1, sizeof(*order));
	uint32_t at = 0, count = 0;

	if (!order)
		return;
	for (uint32_t i; (i = pool_each(&s->subjects, &at)) != POOL_NONE;)
		order[count++] = i;
	qsort_r(order, count, sizeof(*order), subject_compare, (void *)s);
	for (uint32_t i = 0; i < count; i++) {
		struct subject_row row = subject_row(s, subject_at(s, order[i]));

		each(ctx, &row);
	}
}

void evidence_each_address(const struct evidence_store *s,
			   void (*each)(void *ctx, const struct subject *subject,
					const struct addr *a, int64_t last_ns),
			   void *ctx)
{
	uint32_t at = 0;

	for (uint32_t i; (i = pool_each(&s->addresses, &at)) != POOL_NONE;) {
		const struct address_item *item = address_at(s, i);

		each(ctx, &subject_at(s, item->key.subject)->subject, &item->key.addr,
		     item->last_ns);
	}
}

int evidence_subject(const struct evidence_store *s, const struct subject *subject,
		     struct subject_row *out)
{
	uint32_t i = subject_lookup(s, subject);

	if (i == POOL_NONE)
		return -ENOENT;
	*out = subject_row(s, subject_at(s, i));
	return 0;
}

int evidence_find_address(const struct evidence_store *s, const struct addr *a,
			  struct subject *out)
{
	const struct address_item *best = NULL;
	uint32_t at = 0;

	for (uint32_t i; (i = pool_each(&s->addresses, &at)) != POOL_NONE;) {
		const struct address_item *item = address_at(s, i);

		if (memcmp(&item->key.addr, a, sizeof(*a)) != 0)
			continue;
		if (!best || item->last_ns > best->last_ns)
			best = item;
	}
	if (!best)
		return -ENOENT;
	*out = subject_at(s, best->key.subject)->subject;
	return 0;
}

size_t evidence_subjects(const struct evidence_store *s)
{
	return s->subjects.count - s->bare;
}

size_t evidence_rows(const struct evidence_store *s)
{
	return s->rows.count;
}

size_t evidence_bytes(const struct evidence_store *s)
{
	return sizeof(*s) + pool_bytes(&s->subjects) + pool_bytes(&s->rows) +
	       pool_bytes(&s->addresses);
}
