// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/evidence/evidence.c user/evidence/report.c user/evidence/pool.c user/base/table.c user/base/addr.c */
/* The evidence store: merging, the window, bounds, withdrawal, and a model to agree with. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "evidence/evidence.h"

#define S 1000000000LL
#define WINDOW (100 * S)

static struct counts counts;

DEFINE_CLEANUP(evidence_free, struct evidence_store *)

static const struct evidence_limits roomy = {
	.subjects = 1000, .rows_per_subject = 256, .rows = 100000};

static struct evidence_store *store_new(const struct evidence_limits *limits)
{
	struct evidence_store *s;

	memset(&counts, 0, sizeof(counts));
	s = evidence_new(limits, WINDOW, &counts);
	assert_non_null(s);
	return s;
}

static struct subject subject_n(uint32_t n)
{
	const uint8_t mac[6] = {2, 0, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return subject_from_mac(mac);
}

static struct addr addr_n(uint32_t n)
{
	const uint8_t b[4] = {198, 51, (uint8_t)(n >> 8), (uint8_t)n};

	return addr_from_v4(b);
}

static struct evidence contact(uint32_t subject, domain_id domain, uint32_t remote, int64_t at_ns)
{
	return (struct evidence){
		.subject = subject_n(subject),
		.domain = domain,
		.remote = addr_n(remote),
		.port = 443,
		.ip_proto = IPPROTO_TCP,
		.tcp_flags = 0x02,
		.directions = EVIDENCE_UP,
		.via = VIA_ADDRESS,
		.sampling = 1,
		.packets = 1,
		.bytes = 60,
		.first_ns = at_ns,
		.last_ns = at_ns,
	};
}

struct rows {
	struct evidence row[4096];
	size_t count;
};

static void rows_take(void *ctx, const struct evidence *e)
{
	struct rows *r = ctx;

	assert_true(r->count < sizeof(r->row) / sizeof(r->row[0]));
	r->row[r->count++] = *e;
}

#define COMPARE(f)                                                                                \
	if (a->f != b->f)                                                                         \
	return a->f < b->f ? -1 : 1

static int row_compare(const void *va, const void *vb)
{
	const struct evidence *a = va, *b = vb;
	int c = memcmp(&a->subject, &b->subject, sizeof(a->subject));

	if (!c)
		c = memcmp(&a->remote, &b->remote, sizeof(a->remote));
	if (c)
		return c;
	COMPARE(domain);
	COMPARE(port);
	COMPARE(ip_proto);
	COMPARE(via);
	COMPARE(sampling);
	return 0;
}

static void rows_same(struct rows *a, struct rows *b)
{
	assert_int_equal(a->count, b->count);
	qsort(a->row, a->count, sizeof(a->row[0]), row_compare);
	qsort(b->row, b->count, sizeof(b->row[0]), row_compare);
	for (size_t i = 0; i < a->count; i++) {
		const struct evidence *x = &a->row[i], *y = &b->row[i];

		assert_int_equal(row_compare(x, y), 0);
		assert_int_equal(x->packets, y->packets);
		assert_int_equal(x->bytes, y->bytes);
		assert_int_equal(x->first_ns, y->first_ns);
		assert_int_equal(x->last_ns, y->last_ns);
		assert_int_equal(x->tcp_flags, y->tcp_flags);
		assert_int_equal(x->directions, y->directions);
	}
}

/* --- examples --------------------------------------------------------------------------------- */

static void test_merges_contacts(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct evidence e = contact(1, 7, 1, 10 * S), later = contact(1, 7, 1, 12 * S);
	struct rows rows = {.count = 0};

	(void)state;
	later.packets = 3;
	later.bytes = 500;
	assert_true(evidence_add(s, &e));
	assert_false(evidence_add(s, &later));
	later.tcp_flags = 0x10;
	assert_true(evidence_add(s, &later));
	later.directions = EVIDENCE_DOWN;
	assert_true(evidence_add(s, &later));
	assert_false(evidence_add(s, &later));
	evidence_each(s, &e.subject, rows_take, &rows);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].packets, 13);
	assert_int_equal(rows.row[0].bytes, 2060);
	assert_int_equal(rows.row[0].first_ns, 10 * S);
	assert_int_equal(rows.row[0].last_ns, 12 * S);
	assert_int_equal(rows.row[0].tcp_flags, 0x12);
	assert_int_equal(rows.row[0].directions, EVIDENCE_UP | EVIDENCE_DOWN);
	assert_int_equal(counts.n[COUNTER_EVIDENCE_ROWS], 1);
}

static void test_keeps_unlike_rows_apart(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct evidence e = contact(1, 7, 1, S);
	struct subject_row row;

	(void)state;
	assert_true(evidence_add(s, &e));
	e.sampling = 1000;
	assert_true(evidence_add(s, &e));
	e.via = VIA_CLIENT_DNS;
	assert_true(evidence_add(s, &e));
	e.port = 80;
	assert_true(evidence_add(s, &e));
	e.ip_proto = IPPROTO_UDP;
	assert_true(evidence_add(s, &e));
	e.remote = addr_n(2);
	assert_true(evidence_add(s, &e));
	e.domain = 8;
	assert_true(evidence_add(s, &e));
	e.subject = subject_n(2);
	assert_true(evidence_add(s, &e));
	assert_int_equal(evidence_rows(s), 8);
	assert_int_equal(evidence_subjects(s), 2);
	e.subject = subject_n(1);
	assert_int_equal(evidence_subject(s, &e.subject, &row), 0);
	assert_int_equal(row.domains, 2);
	assert_int_equal(row.sampling, 0); /* rows of two rates */
}

/* Two domains at one address are two rows of the same packets: the subject has them once. */
static void test_subject_counts_packets_once(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct evidence e = contact(1, 7, 1, S);
	struct subject_row row;

	(void)state;
	e.packets = 5;
	evidence_add(s, &e);
	e.domain = 8;
	evidence_add(s, &e);
	e.packets = 2;
	evidence_add(s, &e);
	e.domain = 9;
	e.remote = addr_n(2);
	evidence_add(s, &e);
	assert_int_equal(evidence_subject(s, &e.subject, &row), 0);
	assert_int_equal(row.packets, 9);
	assert_int_equal(row.domains, 3);
	assert_int_equal(row.sampling, 1);
	e.subject = subject_n(2);
	assert_int_equal(evidence_subject(s, &e.subject, &row), -ENOENT);
}

static void test_window_slides(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct evidence old = contact(1, 7, 1, 0), fresh = contact(1, 8, 1, 50 * S);

	(void)state;
	evidence_add(s, &old);
	evidence_add(s, &fresh);
	evidence_expire(s, WINDOW);
	assert_int_equal(evidence_rows(s), 2); /* exactly a window ago is still in it */
	evidence_expire(s, WINDOW + 1);
	assert_int_equal(evidence_rows(s), 1);
	assert_int_equal(counts.n[COUNTER_EVIDENCE_EXPIRED], 1);
	evidence_expire(s, 50 * S + WINDOW + 1);
	assert_int_equal(evidence_rows(s), 0);
	assert_int_equal(evidence_subjects(s), 0);
	assert_true(evidence_add(s, &old));
}

/* A row that nobody expired in time does not count on: it starts anew. */
static void test_stale_row_starts_anew(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct evidence e = contact(1, 7, 1, 0), again = contact(1, 7, 1, WINDOW + 1);
	struct rows rows = {.count = 0};

	(void)state;
	evidence_add(s, &e);
	assert_true(evidence_add(s, &again));
	evidence_each(s, &e.subject, rows_take, &rows);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].packets, 1);
	assert_int_equal(rows.row[0].first_ns, WINDOW + 1);
	assert_int_equal(counts.n[COUNTER_EVIDENCE_EXPIRED], 1);
}

static void test_every_full_is_counted(void **state)
{
	static const struct evidence_limits tight = {
		.subjects = 3, .rows_per_subject = 2, .rows = 5};
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&tight);
	struct evidence e;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		e = contact(1, i, 1, S);
		assert_int_equal(evidence_add(s, &e), i < 2);
	}
	assert_int_equal(counts.n[COUNTER_EVIDENCE_ROWS_FULL], 1);
	for (uint32_t i = 2; i < 5; i++) {
		e = contact(i, 0, 1, S);
		assert_int_equal(evidence_add(s, &e), i < 4);
	}
	assert_int_equal(counts.n[COUNTER_SUBJECTS_FULL], 1);
	for (uint32_t i = 1; i < 3; i++) {
		e = contact(2, i, 1, S);
		assert_int_equal(evidence_add(s, &e), i < 2);
	}
	e = contact(3, 1, 1, S);
	assert_false(evidence_add(s, &e)); /* five rows in all */
	assert_int_equal(counts.n[COUNTER_EVIDENCE_ROWS_FULL], 3);
	assert_int_equal(evidence_rows(s), 5);
	e = contact(1, 0, 1, 2 * S);
	assert_false(evidence_add(s, &e)); /* what is there still counts on */
	evidence_expire(s, WINDOW + 3 * S);
	assert_int_equal(evidence_rows(s), 0);
	e = contact(9, 0, 1, WINDOW);
	assert_true(evidence_add(s, &e));
}

/* --- addresses -------------------------------------------------------------------------------- */

static void test_addresses_join_a_subject(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct subject one = subject_n(1), two = subject_n(2), found;
	struct addr a = addr_n(1), b = addr_n(2);
	struct subject_row row;

	(void)state;
	evidence_address(s, &one, &a, S);
	evidence_address(s, &one, &b, S);
	evidence_address(s, &one, &a, 2 * S);
	assert_int_equal(evidence_subject(s, &one, &row), 0);
	assert_int_equal(row.address_count, 2);
	assert_int_equal(evidence_subjects(s), 0); /* none with evidence */
	assert_int_equal(evidence_find_address(s, &a, &found), 0);
	assert_memory_equal(&found, &one, sizeof(one));
	evidence_address(s, &two, &a, 3 * S); /* the address moved on */
	assert_int_equal(evidence_find_address(s, &a, &found), 0);
	assert_memory_equal(&found, &two, sizeof(two));
	a = addr_n(3);
	assert_int_equal(evidence_find_address(s, &a, &found), -ENOENT);
	evidence_expire(s, 2 * S + WINDOW + 1);
	assert_int_equal(evidence_subject(s, &one, &row), -ENOENT);
	assert_int_equal(evidence_subject(s, &two, &row), 0);
}

/* Rotating IPv6 addresses: the one not seen for longest goes. */
static void test_addresses_are_bounded(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct subject one = subject_n(1), found;
	struct subject_row row;
	struct addr a;

	(void)state;
	for (uint32_t i = 0; i < SUBJECT_ADDRESSES_MAX; i++) {
		a = addr_n(i);
		evidence_address(s, &one, &a, (i + 1) * S);
	}
	a = addr_n(0);
	evidence_address(s, &one, &a, 30 * S);
	a = addr_n(99);
	evidence_address(s, &one, &a, 31 * S);
	assert_int_equal(counts.n[COUNTER_SUBJECT_ADDRESSES_FULL], 1);
	assert_int_equal(evidence_subject(s, &one, &row), 0);
	assert_int_equal(row.address_count, SUBJECT_ADDRESSES_MAX);
	assert_int_equal(evidence_find_address(s, &a, &found), 0);
	a = addr_n(0);
	assert_int_equal(evidence_find_address(s, &a, &found), 0);
	a = addr_n(1);
	assert_int_equal(evidence_find_address(s, &a, &found), -ENOENT);
}

/* A flood of MAC addresses without evidence leaves half of the room. */
static void test_bare_subjects_leave_room(void **state)
{
	static const struct evidence_limits ten = {
		.subjects = 10, .rows_per_subject = 2, .rows = 20};
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&ten);
	struct addr a = addr_n(1);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct subject subject = subject_n(i);

		evidence_address(s, &subject, &a, S);
	}
	assert_int_equal(counts.n[COUNTER_SUBJECTS_FULL], 95);
	for (uint32_t i = 200; i < 205; i++) {
		struct evidence e = contact(i, 0, 1, S);

		assert_true(evidence_add(s, &e));
	}
	assert_int_equal(evidence_subjects(s), 5);
}

/* --- withdrawal and reload -------------------------------------------------------------------- */

struct withdrawn {
	struct subject kept;
	uint32_t changed;
	struct subject last;
};

static bool keep_one(void *ctx, const struct subject *subject, const struct addr *remote)
{
	(void)remote;
	return !memcmp(&((struct withdrawn *)ctx)->kept, subject, sizeof(*subject));
}

static void changed_count(void *ctx, const struct subject *subject, const struct addr *remote)
{
	struct withdrawn *w = ctx;

	(void)remote;
	w->changed++;
	w->last = *subject;
}

static void test_shared_address_is_withdrawn(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct withdrawn w = {.kept = subject_n(2)};
	struct subject loser = subject_n(1);
	struct evidence_withdrawal ask = {&w, keep_one, changed_count};
	struct evidence e = contact(1, 7, 1, S);
	struct rows rows = {.count = 0};

	(void)state;
	evidence_add(s, &e); /* goes */
	e.domain = 8;
	evidence_add(s, &e); /* goes, but its subject is told once */
	e.remote = addr_n(2);
	evidence_add(s, &e); /* another address: stays */
	e = contact(2, 7, 1, 2 * S);
	evidence_add(s, &e); /* merges with the next */
	e.via = VIA_CLIENT_DNS;
	e.first_ns = S;
	evidence_add(s, &e);
	e.via = VIA_ADDRESS;
	e.domain = 9;
	evidence_add(s, &e); /* changes its via */
	e = contact(3, 7, 1, S);
	e.via = VIA_CLIENT_DNS;
	evidence_add(s, &e); /* no business of ours */
	evidence_withdraw(s, &e.remote, &ask);
	assert_int_equal(w.changed, 1);
	assert_memory_equal(&w.last, &loser, sizeof(loser));
	assert_int_equal(counts.n[COUNTER_EVIDENCE_WITHDRAWN], 2);
	assert_int_equal(evidence_rows(s), 4);
	evidence_each(s, &w.kept, rows_take, &rows);
	assert_int_equal(rows.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rows.row[i].via, VIA_CLIENT_DNS);
	qsort(rows.row, 2, sizeof(rows.row[0]), row_compare);
	assert_int_equal(rows.row[0].packets, 2);
	assert_int_equal(rows.row[0].first_ns, S);
	e = contact(2, 9, 1, 3 * S);
	e.via = VIA_CLIENT_DNS;
	evidence_add(s, &e); /* found under its new key */
	assert_int_equal(evidence_rows(s), 4);
}

static void test_reload_maps_domains(void **state)
{
	static const domain_id map[] = {2, DOMAIN_NONE, 0, 1};
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct rows rows = {.count = 0};
	struct evidence e;

	(void)state;
	for (domain_id d = 0; d < 5; d++) {
		e = contact(1, d, 1, (d + 1) * S);
		evidence_add(s, &e);
	}
	evidence_remap(s, map, 4);
	assert_int_equal(evidence_rows(s), 3);
	evidence_each(s, &e.subject, rows_take, &rows);
	for (size_t i = 0; i < rows.count; i++) {
		domain_id now = rows.row[i].domain;

		assert_int_equal(rows.row[i].first_ns, (now == 2 ? 1 : now == 0 ? 3 : 4) * S);
		e = contact(1, now, 1, 9 * S);
		assert_false(evidence_add(s, &e)); /* found under its new key */
	}
}

/* --- properties ------------------------------------------------------------------------------- */

static uint64_t dice = 88172645463325252ULL;

static uint32_t roll(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 11) % n;
}

static struct evidence contact_any(int64_t at_ns)
{
	struct evidence e = contact(roll(5), roll(4), roll(4), at_ns);

	e.port = roll(2) ? 443 : 80;
	e.ip_proto = roll(2) ? IPPROTO_TCP : IPPROTO_UDP;
	e.via = roll(4) ? VIA_ADDRESS : VIA_CLIENT_DNS;
	e.sampling = roll(8) ? 1 : 100;
	e.packets = 1 + roll(20);
	e.bytes = e.packets * 100;
	e.tcp_flags = (uint8_t)roll(256);
	e.directions = (uint8_t)(1 + roll(3));
	e.last_ns = e.first_ns + roll(3) * S;
	return e;
}

/* The store without hashing, bounds or lists: an array that is searched. */
struct model {
	struct rows rows;
};

static void model_add(struct model *m, const struct evidence *e)
{
	struct evidence *r = NULL;

	for (size_t i = 0; i < m->rows.count; i++)
		if (!row_compare(&m->rows.row[i], e))
			r = &m->rows.row[i];
	if (!r) {
		rows_take(&m->rows, e);
	} else if (r->last_ns < e->first_ns - WINDOW) {
		*r = *e;
	} else {
		r->packets += e->packets;
		r->bytes += e->bytes;
		r->tcp_flags |= e->tcp_flags;
		r->directions |= e->directions;
		r->first_ns = r->first_ns < e->first_ns ? r->first_ns : e->first_ns;
		r->last_ns = r->last_ns > e->last_ns ? r->last_ns : e->last_ns;
	}
}

static void model_expire(struct model *m, int64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->rows.count; i++)
		if (m->rows.row[i].last_ns >= now_ns - WINDOW)
			m->rows.row[kept++] = m->rows.row[i];
	m->rows.count = kept;
}

static void test_agrees_with_a_model(void **state)
{
	static struct model m;
	static struct rows rows;

	(void)state;
	for (int round = 0; round < 30; round++) {
		struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
		int64_t now_ns = 1000 * S;

		m.rows.count = 0;
		for (int i = 0; i < 1000; i++) {
			struct evidence e = contact_any(now_ns - roll(20) * S);

			evidence_add(s, &e);
			model_add(&m, &e);
			now_ns += roll(3) * S;
			if (roll(50) == 0)
				now_ns += roll(2 * WINDOW / S) * S;
			if (roll(20) == 0) {
				evidence_expire(s, now_ns);
				model_expire(&m, now_ns);
			}
		}
		rows.count = 0;
		evidence_each_row(s, rows_take, &rows);
		rows_same(&rows, &m.rows);
	}
}

/* Within a window, any order of the same contacts makes the same rows. */
static void test_order_does_not_matter(void **state)
{
	static struct evidence list[500];
	static struct rows rows[2];

	(void)state;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < 500; i++)
			list[i] = contact_any(roll(WINDOW / S - 3) * S);
		for (int order = 0; order < 2; order++) {
			struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);

			for (size_t i = 0; i < 500; i++)
				evidence_add(s, &list[i]);
			rows[order].count = 0;
			evidence_each_row(s, rows_take, &rows[order]);
			for (size_t i = 499; i > 0; i--) {
				size_t k = roll((uint32_t)i + 1);
				struct evidence e = list[i];

				list[i] = list[k];
				list[k] = e;
			}
		}
		rows_same(&rows[0], &rows[1]);
	}
}

static void rows_add(void *ctx, const struct evidence *e)
{
	evidence_add(ctx, e);
}

/* Two stores poured into one: the same whichever comes first. */
static void test_merging_sets_in_any_order(void **state)
{
	static struct rows rows[2];

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct evidence_store *a CLEANUP(evidence_free_ptr) = store_new(&roomy);
		struct evidence_store *b CLEANUP(evidence_free_ptr) = store_new(&roomy);
		struct evidence_store *ab CLEANUP(evidence_free_ptr) = store_new(&roomy);
		struct evidence_store *ba CLEANUP(evidence_free_ptr) = store_new(&roomy);

		for (int i = 0; i < 300; i++) {
			struct evidence e = contact_any(roll(WINDOW / S - 3) * S);

			evidence_add(roll(2) ? a : b, &e);
		}
		evidence_each_row(a, rows_add, ab);
		evidence_each_row(b, rows_add, ab);
		evidence_each_row(b, rows_add, ba);
		evidence_each_row(a, rows_add, ba);
		rows[0].count = rows[1].count = 0;
		evidence_each_row(ab, rows_take, &rows[0]);
		evidence_each_row(ba, rows_take, &rows[1]);
		rows_same(&rows[0], &rows[1]);
	}
}

/* 10,000 subjects, ten contacts and three addresses each, in the gateway's bounds and memory. */
static void test_gateway_memory(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&evidence_limits_gateway);

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct subject subject = subject_n(i);

		for (uint32_t d = 0; d < 10; d++) {
			struct evidence e = contact(i, d, d, S);

			assert_true(evidence_add(s, &e));
		}
		for (uint32_t k = 0; k < 3; k++) {
			struct addr a = addr_n(i * 3 + k);

			evidence_address(s, &subject, &a, S);
		}
	}
	assert_int_equal(evidence_subjects(s), 10000);
	assert_int_equal(evidence_rows(s), 100000);
	assert_in_range(evidence_bytes(s), 1, 16 << 20);
}

static struct subject_row row_of(struct evidence_store *s, uint32_t n)
{
	struct subject subject = subject_n(n);
	struct subject_row row;

	if (evidence_subject(s, &subject, &row))
		memset(&row, 0xff, sizeof(row));
	return row;
}

/* Encrypted DNS makes a subject, plain DNS is told of one that is there; both leave the window. */
static void test_dns(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	struct subject one = subject_n(1), two = subject_n(2);

	(void)state;
	evidence_dns(s, &one, false, 5);
	assert_int_equal(row_of(s, 1).dns_plain_ns, -1);
	evidence_dns(s, &one, true, 10);
	evidence_dns(s, &one, false, 20);
	evidence_dns(s, &one, true, 8);
	evidence_dns(s, &two, true, 2 * WINDOW);
	assert_int_equal(row_of(s, 1).dns_plain_ns, 20);
	assert_int_equal(row_of(s, 1).dns_encrypted_ns, 10);
	evidence_expire(s, WINDOW + 11);
	assert_int_equal(row_of(s, 1).dns_encrypted_ns, -1);
	assert_int_equal(row_of(s, 2).dns_encrypted_ns, 2 * WINDOW);
}

/* Subjects that come and go take the places of those before them. */
static void test_places_are_used_again(void **state)
{
	struct evidence_store *s CLEANUP(evidence_free_ptr) = store_new(&roomy);
	size_t bytes = 0;

	(void)state;
	for (uint32_t day = 0; day < 50; day++) {
		for (uint32_t i = 0; i < 100; i++) {
			struct evidence e = contact(day * 100 + i, 1, 1, day * 2 * WINDOW);
			struct addr a = addr_n(i);

			evidence_add(s, &e);
			evidence_address(s, &e.subject, &a, e.last_ns);
		}
		if (!bytes)
			bytes = evidence_bytes(s);
		evidence_expire(s, day * 2 * WINDOW + WINDOW + 1);
		assert_int_equal(evidence_rows(s), 0);
	}
	assert_int_equal(evidence_bytes(s), bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merges_contacts),
		cmocka_unit_test(test_keeps_unlike_rows_apart),
		cmocka_unit_test(test_subject_counts_packets_once),
		cmocka_unit_test(test_window_slides),
		cmocka_unit_test(test_stale_row_starts_anew),
		cmocka_unit_test(test_every_full_is_counted),
		cmocka_unit_test(test_addresses_join_a_subject),
		cmocka_unit_test(test_addresses_are_bounded),
		cmocka_unit_test(test_bare_subjects_leave_room),
		cmocka_unit_test(test_shared_address_is_withdrawn),
		cmocka_unit_test(test_reload_maps_domains),
		cmocka_unit_test(test_agrees_with_a_model),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_merging_sets_in_any_order),
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_places_are_used_again),
		cmocka_unit_test(test_gateway_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
