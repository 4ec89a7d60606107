// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/backend.c user/dns/backend_endpoint.c user/dns/backend_client.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/backend_row.c user/dns/slots.c user/dns/name.c user/base/table.c user/base/addr.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_fixture.h"

#define TCP 6
#define UDP 17

static const struct backend_limits small = {
	.addresses = 4, .addresses_per_domain = 3, .clients = 2, .mirrored = 2,
	.others = 2, .endpoints = 5};

static void learned_address_matches(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct addr a = addr_of("192.0.2.1"), other = addr_of("192.0.2.2");
	enum counter reason;
	struct flow flow = {0};
	uint32_t id;

	(void)state;
	assert_false(backend_maybe(f->map, &a));
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.1", TUYA, 60);
	assert_string_equal(f->said, "put 192.0.2.1 1883-1883/1 6667-6668/2;");
	assert_true(backend_maybe(f->map, &a));
	id = match(f, 9, "192.0.2.1", 1883, TCP, &reason);
	assert_int_not_equal(id, 0);
	assert_int_equal(match(f, 9, "192.0.2.1", 6668, UDP, &reason), id);
	assert_int_equal(match(f, 9, "192.0.2.1", 1883, UDP, &reason), 0);
	assert_int_equal(reason, COUNTER_PORT_OTHER);
	assert_int_equal(match(f, 9, "192.0.2.2", 1883, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_COUNT);
	assert_false(backend_maybe(f->map, &other));
	assert_true(backend_endpoint(f->map, id, &flow));
	assert_memory_equal(&flow.remote, &a, sizeof(a));
	assert_int_equal(flow.via, VIA_ADDRESS);
	assert_int_equal(flow.domain_count, 1);
	assert_int_equal(flow.domains[0], TUYA);
	assert_int_equal(f->counts.n[COUNTER_DNS_LEARNED], 1);
	fixture_clear(f);
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.1", TUYA, 60);
	assert_string_equal(f->said, "");
}

static void ipv6_matches_too(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "cam.example.info", NULL, "2001:db8::1", UDP_CAM, 60);
	assert_int_not_equal(match(f, 1, "2001:db8::1", 1500, UDP, &reason), 0);
	assert_int_equal(match(f, 1, "2001:db8::2", 1500, UDP, &reason), 0);
}

/* Two domains of one vendor on an address: both count, under a new id; the old one stays on. */
static void domains_add_up(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	struct flow flow = {0};
	uint32_t old, new;

	(void)state;
	LEARN(f, 1, "b.ring.example.com", NULL, "192.0.2.1", RING_B, 60);
	old = match(f, 1, "192.0.2.1", 80, TCP, &reason);
	fixture_clear(f);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	assert_string_equal(f->said, "put 192.0.2.1 80-80/1 443-443/1;");
	new = match(f, 1, "192.0.2.1", 80, TCP, &reason);
	assert_int_not_equal(new, old);
	assert_true(backend_endpoint(f->map, new, &flow));
	assert_int_equal(flow.domain_count, 2);
	assert_int_equal(flow.domains[0], RING_A);
	assert_int_equal(flow.domains[1], RING_B);
	expire_after(f, 1);
	assert_true(backend_endpoint(f->map, old, &flow));
	assert_int_equal(flow.domain_count, 1);
	expire_after(f, 1);
	assert_false(backend_endpoint(f->map, old, &flow));
	assert_true(backend_endpoint(f->map, new, &flow));
}

static void ttl_has_a_floor_and_a_ceiling(void **state)
{
	static const struct {
		uint32_t ttl_s;
		int64_t lives_s;
	} rows[] = {
		{0, 300},
		{299, 300},
		{1000, 1000},
		{7 * 86400 + 1, 7 * 86400},
		{INT32_MAX, 7 * 86400},
		{1U << 31, 300}, /* counts as 0 (RFC 2181 8) */
		{UINT32_MAX, 300},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
		struct addr a = addr_of("192.0.2.1");

		LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, rows[i].ttl_s);
		expire_after(f, rows[i].lives_s - 1);
		assert_int_equal(backend_count(f->map), 1);
		fixture_clear(f);
		expire_after(f, 1);
		assert_int_equal(backend_count(f->map), 0);
		assert_string_equal(f->said, "del 192.0.2.1;");
		assert_false(backend_maybe(f->map, &a));
		assert_int_equal(f->counts.n[COUNTER_BACKEND_EXPIRED], 1);
	}
}

static void kept_while_in_use(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct addr a = addr_of("192.0.2.1");
	struct subject s = client_of(1);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 2, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	for (int hour = 0; hour < 48; hour++) {
		backend_used(f->map, &s, &a, f->now_ns);
		expire_after(f, 3600);
		assert_int_equal(backend_count(f->map), 1);
	}
	assert_true(backend_has_client(f->map, &s, &a));
	s = client_of(2);
	assert_false(backend_has_client(f->map, &s, &a));
	expire_after(f, BACKEND_USED_S);
	assert_int_equal(backend_count(f->map), 0);
}

/* A gateway's clock is set five days forward; a row of a saved state had the right time before. */
static void the_clock_is_set(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	const int64_t step_ns = 5 * 86400 * NS_PER_S, before_ns = f->now_ns;
	struct backend_row row = {.remote = addr_of("192.0.2.2"),
				  .expires_ns = before_ns + step_ns + 600 * NS_PER_S,
				  .last_answer_ns = before_ns + step_ns,
				  .shared_with = "",
				  .domain_count = 1,
				  .domains = {TUYA}};
	struct subject s = client_of(1);
	struct addr a = addr_of("192.0.2.1");

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 3600);
	assert_int_equal(backend_restore(f->map, &row), 0);
	backend_clock_stepped(f->map, before_ns, step_ns);
	f->now_ns += step_ns;
	expire_after(f, 599);
	assert_int_equal(backend_count(f->map), 2);
	expire_after(f, 1);
	assert_int_equal(backend_count(f->map), 1);
	expire_after(f, 2999);
	assert_true(backend_has_client(f->map, &s, &a));
	expire_after(f, 1);
	assert_int_equal(backend_count(f->map), 0);
}

/* A domain that moved away leaves the address that another one still has. */
static void domains_expire_one_by_one(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 1, "b.ring.example.com", NULL, "192.0.2.1", RING_B, 3600);
	assert_int_not_equal(match(f, 1, "192.0.2.1", 443, TCP, &reason), 0);
	fixture_clear(f);
	expire_after(f, 301);
	assert_string_equal(f->said, "put 192.0.2.1 80-80/1;");
	assert_int_equal(match(f, 1, "192.0.2.1", 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 1, "192.0.2.1", 80, TCP, &reason), 0);
}

static void private_addresses_are_refused(void **state)
{
	static const char *const refused[] = {"10.0.0.1",   "192.168.1.1", "127.0.0.1",
					      "0.0.0.0",    "169.254.1.1", "224.0.0.1",
					      "100.64.0.1", "::1",         "fe80::1",
					      "fd00::1",    "ff02::1"};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	size_t n = sizeof(refused) / sizeof(*refused);

	(void)state;
	for (size_t i = 0; i < n; i++)
		LEARN(f, 1, "a.ring.example.com", NULL, refused[i], RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_DNS_ADDRESS_REFUSED], n);
	assert_int_equal(f->counts.n[COUNTER_DNS_LEARNED], 0);
	assert_int_equal(backend_count(f->map), 0);
}

static void addresses_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.2", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.3", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.4", RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_ADDRESSES_FULL], 1);
	assert_int_equal(backend_count(f->map), 3);
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.5", TUYA, 60);
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.6", TUYA, 60);
	assert_int_equal(f->counts.n[COUNTER_BACKENDS_FULL], 1);
	assert_int_equal(backend_count(f->map), 4);
	expire_after(f, 301);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.4", RING_A, 60);
	assert_int_equal(backend_count(f->map), 1);
}

static void endpoints_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);
	enum counter reason;

	(void)state;
	for (int i = 0; i < 3; i++) { /* one id each, and a second one for the larger set */
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%d", i);
		LEARN(f, 1, "a.ring.example.com", NULL, address, RING_A, 60);
		LEARN(f, 1, "b.ring.example.com", NULL, address, RING_B, 60);
	}
	assert_int_equal(f->counts.n[COUNTER_ENDPOINTS_FULL], 1);
	assert_int_not_equal(match(f, 1, "192.0.2.2", 443, TCP, &reason), 0);
	assert_int_equal(match(f, 1, "192.0.2.2", 80, TCP, &reason), 0);
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.9", TUYA, 60);
	assert_int_equal(backend_count(f->map), 3);
	expire_after(f, 1);
	expire_after(f, 1); /* the old ids are free again */
	LEARN(f, 1, "b.ring.example.com", NULL, "192.0.2.2", RING_B, 60);
	assert_int_not_equal(match(f, 1, "192.0.2.2", 80, TCP, &reason), 0);
}

/*
 * Nine domains on one address: eight stay. Nine ranges: the two closest are joined, none is lost.
 */
static void domains_and_ports_are_bounded(void **state)
{
	static const uint16_t ports[9] = {1000, 1100, 1200, 1300, 1310, 1500, 1600, 1700, 1800};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	static struct backend_domain many[9];
	static char names[9][32];
	enum counter reason;

	(void)state;
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(names[i], sizeof(names[i]), "d%u.example.com", i);
		many[i] =
			(struct backend_domain){
				names[i], ring, 2, {PORT_TCP, PORT_UDP}, {0}, {0}, false};
		many[i].port_lo[0] = many[i].port_hi[0] = ports[i];
		many[i].port_lo[1] = many[i].port_hi[1] = (uint16_t)(60000 + i);
	}
	assert_int_equal(backend_set_domains(f->map, many, 9, NULL), 0);
	for (unsigned int i = 0; i < 9; i++)
		LEARN(f, 1, names[i], NULL, "192.0.2.1", i, 60);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_NAMES_FULL], 1);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_PORTS_FULL], 1);
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_not_equal(match(f, 1, "192.0.2.1", ports[i], TCP, &reason), 0);
		assert_int_not_equal(match(f, 1, "192.0.2.1", (uint16_t)(60000 + i), UDP, &reason),
				     0);
	}
	assert_int_equal(match(f, 1, "192.0.2.1", 60008, UDP, &reason), 0);
	assert_int_not_equal(match(f, 1, "192.0.2.1", 1305, TCP, &reason), 0);
	assert_int_equal(match(f, 1, "192.0.2.1", 1050, TCP, &reason), 0);
}

static void ports_are_merged(void **state)
{
	static const struct backend_domain rows[] = {
		{"a.example.com", ring, 2, {1, 1}, {10, 30}, {20, 40}, false},
		{"b.example.com", ring, 1, {1}, {21}, {29}, false}, /* closes the hole */
		{"c.example.com", ring, 1, {2}, {10}, {40}, false}, /* the same in UDP */
		{"d.example.com", ring, 1, {3}, {65535}, {65535}, false},
		{"e.example.com", ring, 1, {3}, {0}, {0}, false},
		{"f.example.com", ring, 0, {0}, {0}, {0}, false},
	};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	assert_int_equal(backend_set_domains(f->map, rows, 6, NULL), 0);
	for (domain_id i = 0; i < 6; i++)
		LEARN(f, 1, rows[i].name, NULL, "192.0.2.1", i, 60);
	assert_non_null(strstr(f->said,
			       "put 192.0.2.1 10-20/1 30-40/1;put 192.0.2.1 10-40/1;"
			       "put 192.0.2.1 10-40/3;put 192.0.2.1 10-40/3 65535-65535/3;"
			       "put 192.0.2.1 0-0/3 10-40/3 65535-65535/3;"));
	assert_int_equal(f->counts.n[COUNTER_BACKEND_PORTS_FULL], 0);
}

static void clients_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);
	struct addr a = addr_of("192.0.2.1");
	struct subject first = client_of(1), second = client_of(2), third = client_of(3);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 2, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	backend_used(f->map, &first, &a, f->now_ns);
	LEARN(f, 3, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_CLIENTS_EVICTED], 1);
	assert_true(backend_has_client(f->map, &first, &a));
	assert_false(backend_has_client(f->map, &second, &a));
	assert_true(backend_has_client(f->map, &third, &a));
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60); /* asks again: stays */
	LEARN(f, 2, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_CLIENTS_EVICTED], 2);
	assert_true(backend_has_client(f->map, &first, &a));
	assert_true(backend_has_client(f->map, &second, &a));
}

static void reload_keeps_what_stays(void **state)
{
	static const struct backend_domain next[] = {
		{"new.example.com", ring, 1, {PORT_TCP}, {1}, {1}, false},
		{"a.tuya.example.org", tuya, 1, {PORT_TCP}, {8883}, {8883}, false},
		{"a.ring.example.com", ring, 1, {PORT_TCP}, {443}, {443}, false},
	};
	static const domain_id map[DOMAINS] = {
		[RING_A] = 2, [RING_B] = DOMAIN_NONE,     [RING_WILD] = DOMAIN_NONE,
		[TUYA] = 1,   [RING_OTHER] = DOMAIN_NONE, [UDP_CAM] = DOMAIN_NONE,
		[RING_CAST] = DOMAIN_NONE};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	struct flow flow = {0};
	uint32_t stays, shrinks, goes;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.2", RING_A, 60);
	LEARN(f, 1, "b.ring.example.com", NULL, "192.0.2.2", RING_B, 60);
	LEARN(f, 1, "a.tuya.example.org", NULL, "192.0.2.3", TUYA, 60);
	LEARN(f, 1, "cam.example.info", NULL, "192.0.2.4", UDP_CAM, 60);
	stays = match(f, 1, "192.0.2.1", 443, TCP, &reason);
	shrinks = match(f, 1, "192.0.2.2", 443, TCP, &reason);
	goes = match(f, 1, "192.0.2.4", 1000, UDP, &reason);
	fixture_clear(f);
	assert_int_equal(backend_set_domains(f->map, next, 3, map), 0);
	assert_string_equal(f->said, "put 192.0.2.2 443-443/1;put 192.0.2.3 8883-8883/1;"
				     "del 192.0.2.4;");
	assert_int_equal(match(f, 1, "192.0.2.1", 443, TCP, &reason), stays);
	assert_true(backend_endpoint(f->map, stays, &flow));
	assert_int_equal(flow.domains[0], 2);
	assert_true(backend_endpoint(f->map, shrinks, &flow));
	assert_int_equal(flow.domain_count, 1);
	assert_int_equal(flow.domains[0], 2);
	assert_true(backend_endpoint(f->map, goes, &flow));
	assert_int_equal(flow.domain_count, 0);
	assert_int_equal(backend_count(f->map), 3);
}

struct rows {
	struct backend_row rows[8];
	struct backend_client_row clients[8];
	char shared_with[8][64];
	size_t count;
	size_t client_count;
};

static void row_take(void *ctx, const struct backend_row *row)
{
	struct rows *r = ctx;

	snprintf(r->shared_with[r->count], 64, "%s", row->shared_with);
	r->rows[r->count] = *row;
	r->rows[r->count].shared_with = r->shared_with[r->count];
	r->count++;
}

static void client_take(void *ctx, const struct backend_client_row *row)
{
	struct rows *r = ctx;

	r->clients[r->client_count++] = *row;
}

static void rows_go_out_and_in(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct fixture *g CLEANUP_FIXTURE = fixture_new(NULL);
	struct rows out = {0}, again = {0};
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 1, "b.ring.example.com", NULL, "192.0.2.1", RING_B, 6000);
	LEARN(f, 2, "cam.example.info", NULL, "2001:db8::1", UDP_CAM, 60);
	LEARN(f, 3, "www.shop.example.net", NULL, "2001:db8::1", DOMAIN_NONE, 60);
	backend_each(f->map, row_take, &out);
	backend_each_client(f->map, client_take, &out);
	assert_int_equal(out.count, 2);
	assert_int_equal(out.client_count, 2);
	assert_int_equal(out.rows[0].expires_ns, f->now_ns + 6000 * NS_PER_S);
	assert_int_equal(out.rows[1].state, BACKEND_IS_SHARED);
	assert_string_equal(out.rows[1].shared_with, "example.net");
	assert_int_equal(backend_restore_client(g->map, &out.clients[0]), -EINVAL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(backend_restore(g->map, &out.rows[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(backend_restore_client(g->map, &out.clients[i]), 0);
	backend_each(g->map, row_take, &again);
	for (int i = 0; i < 2; i++) {
		again.rows[i].shared_with = out.rows[i].shared_with = NULL;
		assert_int_equal(out.rows[i].sources, 1 << SOURCE_DNS);
		assert_int_equal(again.rows[i].sources, 1 << SOURCE_DNS | 1 << SOURCE_SAVED);
		again.rows[i].sources = out.rows[i].sources;
		assert_memory_equal(&out.rows[i], &again.rows[i], sizeof(out.rows[i]));
	}
	assert_int_not_equal(match(g, 9, "192.0.2.1", 443, TCP, &reason), 0);
	assert_int_equal(match(g, 9, "2001:db8::1", 1000, UDP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	assert_int_not_equal(match(g, 2, "2001:db8::1", 1000, UDP, &reason), 0);
	expire_after(g, 100);
	assert_int_not_equal(match(g, 2, "2001:db8::1", 1000, UDP, &reason), 0);
}

static void senseless_rows_are_refused(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);
	const struct backend_row good = {.remote = addr_of("192.0.2.1"),
					 .expires_ns = 1,
					 .shared_with = "",
					 .domain_count = 1,
					 .domains = {RING_A}};
	struct backend_row bad[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].remote = addr_of("10.0.0.1");
	bad[1].domain_count = 0;
	bad[2].domain_count = ENDPOINT_DOMAINS + 1;
	bad[3].domains[0] = DOMAINS;
	bad[4].expires_ns = -1;
	bad[5].last_used_ns = INT64_MAX;
	bad[6].state = BACKEND_STATE_COUNT;
	bad[7].state = BACKEND_IS_SHARED;
	for (int i = 0; i < 8; i++)
		assert_int_equal(backend_restore(f->map, &bad[i]), -EINVAL);
	assert_int_equal(backend_count(f->map), 0);
	for (int i = 0; i < 5; i++) {
		struct backend_row row = good;

		row.remote.b[15] = (uint8_t)i;
		row.domains[0] = i < 3 ? RING_A : TUYA;
		assert_int_equal(backend_restore(f->map, &row), i < 4 ? 0 : -ENOSPC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learned_address_matches),
		cmocka_unit_test(ipv6_matches_too),
		cmocka_unit_test(domains_add_up),
		cmocka_unit_test(ttl_has_a_floor_and_a_ceiling),
		cmocka_unit_test(kept_while_in_use),
		cmocka_unit_test(the_clock_is_set),
		cmocka_unit_test(domains_expire_one_by_one),
		cmocka_unit_test(private_addresses_are_refused),
		cmocka_unit_test(addresses_are_bounded),
		cmocka_unit_test(endpoints_are_bounded),
		cmocka_unit_test(domains_and_ports_are_bounded),
		cmocka_unit_test(ports_are_merged),
		cmocka_unit_test(clients_are_bounded),
		cmocka_unit_test(reload_keeps_what_stays),
		cmocka_unit_test(rows_go_out_and_in),
		cmocka_unit_test(senseless_rows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
