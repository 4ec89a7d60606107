// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/backend.c user/dns/backend_endpoint.c user/dns/backend_client.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/backend_row.c user/dns/slots.c user/dns/name.c user/base/table.c user/base/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_fixture.h"

#define TCP 6
#define UDP 17
#define HERE "192.0.2.1"
#define HOUR 3600
#define SHOP "www.shop.example.net"

/* Two questions answered with one address, in both orders: is it shared then? */
struct pair {
	struct lesson_of first;
	struct lesson_of second;
	bool shared;
};

static const struct pair pairs[] = {
	/* a stranger */
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, SHOP, NULL, HERE, DOMAIN_NONE, 60},
	 true},
	/* the same registered domain, in no signature */
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, "www.example.com", NULL, HERE, DOMAIN_NONE, 60},
	 false},
	/* the vendor's other registered domain, with and without a signature */
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, "api.ringcdn.net", NULL, HERE, RING_OTHER, 60},
	 false},
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, "img.ringcdn.net", NULL, HERE, DOMAIN_NONE, 60},
	 false},
	/* two vendors */
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, "a.tuya.example.org", NULL, HERE, TUYA, 60},
	 true},
	/* the alias's target asked for by itself */
	{{1, "a.ring.example.com", "lb1.cloud.example.net", HERE, RING_A, 60},
	 {2, "lb1.cloud.example.net", NULL, HERE, DOMAIN_NONE, 60},
	 false},
	/* another customer of the same cloud */
	{{1, "a.ring.example.com", "lb1.cloud.example.net", HERE, RING_A, 60},
	 {2, "lb2.cloud.example.net", NULL, HERE, DOMAIN_NONE, 60},
	 true},
	{{1, "a.ring.example.com", "lb1.cloud.example.net", HERE, RING_A, 60},
	 {2, "shop.example.org", "lb1.cloud.example.net", HERE, DOMAIN_NONE, 60},
	 true},
	/* a stranger's name that is an alias for the vendor's */
	{{1, "a.ring.example.com", NULL, HERE, RING_A, 60},
	 {2, "doorbell.example.net", "a.ring.example.com", HERE, DOMAIN_NONE, 60},
	 false},
	/* two signatures in one chain */
	{{1, "a.ring.example.com", "a.tuya.example.org", HERE, RING_A, 60},
	 {2, "a.tuya.example.org", NULL, HERE, TUYA, 60},
	 false},
};

static void strangers_make_shared_in_both_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(pairs) / sizeof(*pairs); i++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
		const struct pair *p = &pairs[i / 2];
		enum counter reason;
		bool hit;

		learn(f, i % 2 ? &p->second : &p->first);
		f->now_ns += HOUR * NS_PER_S / 20;
		learn(f, i % 2 ? &p->first : &p->second);
		hit = match(f, 9, HERE, 443, TCP, &reason) != 0;
		if (hit == p->shared || (p->shared && reason != COUNTER_SHARED_UNKNOWN))
			fail_msg("pair %zu, order %zu: %s", i / 2, i % 2, f->said);
		assert_int_equal(f->counts.n[COUNTER_BACKEND_SHARED_TURNS], p->shared);
	}
}

/* On a shared address a client's own answers decide, on the ports of what it asked for. */
static void clients_decide_when_shared(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	struct flow flow = {0};
	uint32_t one, two;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	LEARN(f, 2, "a.tuya.example.org", NULL, HERE, TUYA, 60);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	LEARN(f, 4, "a.ring.example.com", NULL, HERE, RING_A, 60);
	one = match(f, 1, HERE, 443, TCP, &reason);
	two = match(f, 2, HERE, 1883, TCP, &reason);
	assert_true(one && two && one != two);
	assert_int_equal(match(f, 4, HERE, 443, TCP, &reason), one);
	assert_int_equal(match(f, 1, HERE, 1883, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_PORT_OTHER);
	assert_int_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	assert_true(backend_endpoint(f->map, two, &flow));
	assert_int_equal(flow.via, VIA_CLIENT_DNS);
	assert_int_equal(flow.domain_count, 1);
	assert_int_equal(flow.domains[0], TUYA);
}

/* The mirror is smaller than the table: pairs of dedicated addresses take no place in it. */
static void mirror_is_bounded(void **state)
{
	static const struct backend_limits few = {.addresses = 8, .addresses_per_domain = 8,
						  .clients = 8, .mirrored = 2,
						  .others = 8, .endpoints = 16};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&few);
	enum counter reason;

	(void)state;
	LEARN(f, 9, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	for (unsigned int i = 1; i <= 5; i++)
		LEARN(f, i, "a.ring.example.com", NULL, "192.0.2.77", RING_A, 60);
	for (unsigned int i = 1; i <= 2; i++)
		LEARN(f, i, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_CLIENTS_EVICTED], 0);
	LEARN(f, 3, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_equal(f->counts.n[COUNTER_CLIENTS_EVICTED], 1);
	assert_int_equal(match(f, 1, HERE, 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
}

/* In this order: withdraw, mirror the pairs, put the flag; back: put, then the pairs go. */
static void mirror_follows_the_turn(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	LEARN(f, 2, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	assert_string_equal(f->said, "put 192.0.2.1 443-443/1;");
	fixture_clear(f);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	assert_string_equal(f->said, "shared 192.0.2.1;client 192.0.2.1 443-443/1;"
				     "client 192.0.2.1 443-443/1;put 192.0.2.1 shared 443-443/1;");
	fixture_clear(f);
	LEARN(f, 4, "b.ring.example.com", NULL, HERE, RING_B, 60);
	assert_string_equal(f->said,
			    "client 192.0.2.1 80-80/1;put 192.0.2.1 shared 80-80/1 443-443/1;");
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	fixture_clear(f);
	expire_after(f, 86399);
	assert_string_equal(f->said, "unclient 192.0.2.1;put 192.0.2.1 shared 443-443/1;");
	assert_int_not_equal(match(f, 1, HERE, 443, TCP, &reason), 0);
	fixture_clear(f);
	expire_after(f, 1);
	assert_string_equal(f->said, "put 192.0.2.1 443-443/1;unclient 192.0.2.1;"
				     "unclient 192.0.2.1;");
}

/* 24 hours after the last foreign answer the address is the vendor's again. */
static void shared_ends(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	expire_after(f, 10 * HOUR);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	expire_after(f, 24 * HOUR - 1);
	assert_int_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	fixture_clear(f);
	expire_after(f, 1);
	assert_string_equal(f->said, "put 192.0.2.1 443-443/1;unclient 192.0.2.1;");
	assert_int_not_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_SHARED_TURNS], 2);
}

/* What was asked more than 24 hours before an address is learned does not count. */
static void the_past_is_forgotten(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	f->now_ns += 24 * HOUR * NS_PER_S;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_not_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_SHARED_TURNS], 0);
}

/* Shared at once: the address never stands alone in the mirror. */
static void the_past_speaks_at_once(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_string_equal(f->said, "shared 192.0.2.1;client 192.0.2.1 443-443/1;"
				     "put 192.0.2.1 shared 443-443/1;");
}

/* A signature's address that expired was still another vendor's within 24 hours. */
static void expired_signatures_are_the_past_too(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.tuya.example.org", NULL, HERE, TUYA, 60);
	expire_after(f, HOUR);
	assert_int_equal(backend_count(f->map), 0);
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
}

static void the_past_is_bounded(void **state)
{
	static const struct backend_limits small = {.addresses = 4,
						    .addresses_per_domain = 4,
						    .clients = 4,
						    .mirrored = 4,
						    .others = 2,
						    .endpoints = 8};
	static const char *const asked[] = {"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);
	enum counter reason;

	(void)state;
	for (int i = 0; i < 4; i++) {
		LEARN(f, 3, SHOP, NULL, asked[i], DOMAIN_NONE, 60);
		f->now_ns += 2 * NS_PER_S; /* within a second order is not kept */
	}
	assert_int_equal(f->counts.n[COUNTER_NAMES_EVICTED], 1);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	assert_int_equal(match(f, 2, "192.0.2.1", 443, TCP, &reason), 0);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.2", RING_A, 60);
	assert_int_not_equal(match(f, 2, "192.0.2.2", 443, TCP, &reason), 0);
}

/* Saying the same twice in a moment changes nothing; other addresses for the name do. */
static void said_again_at_once(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 3, SHOP, NULL, "192.0.2.1", DOMAIN_NONE, 60);
	LEARN(f, 4, SHOP, NULL, "192.0.2.1", DOMAIN_NONE, 60);
	LEARN(f, 5, SHOP, NULL, "192.0.2.2", DOMAIN_NONE, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.1", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.2", RING_A, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.3", RING_A, 60);
	assert_int_equal(match(f, 2, "192.0.2.1", 443, TCP, &reason), 0);
	assert_int_equal(match(f, 2, "192.0.2.2", 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 2, "192.0.2.3", 443, TCP, &reason), 0);
	LEARN(f, 5, SHOP, NULL, "192.0.2.3", DOMAIN_NONE, 60);
	assert_int_equal(match(f, 2, "192.0.2.3", 443, TCP, &reason), 0);
}

/* A flood of foreign names on one address: three are kept, and one is enough. */
static void many_names_on_one_address(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	char name[64];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "www.shop%d.example.net", i);
		LEARN(f, 3, name, NULL, HERE, DOMAIN_NONE, 60);
	}
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	assert_int_equal(f->counts.n[COUNTER_NAMES_EVICTED], 0);
}

/* The client that is just being told the name keeps its evidence when the address turns shared. */
static struct fixture *turning;
static bool had_client;

static void on_turn(void *ctx, const struct addr *remote)
{
	struct subject s = client_of(1);

	(void)ctx;
	had_client = backend_has_client(turning->map, &s, remote);
}

static void pair_is_known_at_the_turn(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct backend_ops ops = {.shared = on_turn};

	(void)state;
	backend_free(f->map);
	f->map = backend_new(&backend_limits_gateway, &ops, &f->counts);
	assert_int_equal(backend_set_domains(f->map, domains, DOMAINS, NULL), 0);
	turning = f;
	had_client = false;
	LEARN(f, 2, "a.tuya.example.org", NULL, HERE, TUYA, 60);
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_true(had_client);
}

/* A domain on addresses that serve many: a client's own answer counts, nobody else's contact. */
static void client_dns_domains_are_always_shared(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct addr here = addr_of(HERE);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "cast.ring.example.com", NULL, HERE, RING_CAST, 300);
	assert_string_equal(f->said, "shared 192.0.2.1;client 192.0.2.1 8009-8009/1;"
				     "put 192.0.2.1 shared 8009-8009/1;");
	assert_true(backend_is_shared(f->map, &here));
	assert_int_not_equal(match(f, 1, HERE, 8009, TCP, &reason), 0);
	assert_int_equal(match(f, 2, HERE, 8009, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	expire_after(f, 299);
	assert_int_not_equal(match(f, 1, HERE, 8009, TCP, &reason), 0);
	expire_after(f, 1);
	assert_int_equal(match(f, 1, HERE, 8009, TCP, &reason), 0);
}

/* It takes the vendor's other domains on the address along, for as long as it is there. */
static void client_dns_domain_joins_and_leaves(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	assert_int_not_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	LEARN(f, 2, "cast.ring.example.com", NULL, HERE, RING_CAST, 300);
	assert_int_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	assert_int_not_equal(match(f, 1, HERE, 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 2, HERE, 8009, TCP, &reason), 0);
	assert_int_equal(match(f, 1, HERE, 8009, TCP, &reason), 0);
	assert_int_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	expire_after(f, 300);
	assert_int_not_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
}

/* New signatures say that the domain's addresses serve many. */
static void context_follows_a_reload(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	static const struct backend_domain next[] = {
		{"a.ring.example.com", ring, 1, {PORT_TCP}, {443}, {443}, true},
	};
	static const domain_id map[DOMAINS] = {
		0, DOMAIN_NONE, DOMAIN_NONE, DOMAIN_NONE, DOMAIN_NONE, DOMAIN_NONE, DOMAIN_NONE,
	};
	enum counter reason;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 300);
	assert_int_not_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	assert_int_equal(backend_set_domains(f->map, next, 1, map), 0);
	assert_int_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	assert_int_not_equal(match(f, 1, HERE, 443, TCP, &reason), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_make_shared_in_both_orders),
		cmocka_unit_test(clients_decide_when_shared),
		cmocka_unit_test(mirror_is_bounded),
		cmocka_unit_test(mirror_follows_the_turn),
		cmocka_unit_test(shared_ends),
		cmocka_unit_test(the_past_is_forgotten),
		cmocka_unit_test(the_past_speaks_at_once),
		cmocka_unit_test(expired_signatures_are_the_past_too),
		cmocka_unit_test(the_past_is_bounded),
		cmocka_unit_test(said_again_at_once),
		cmocka_unit_test(many_names_on_one_address),
		cmocka_unit_test(pair_is_known_at_the_turn),
		cmocka_unit_test(client_dns_domains_are_always_shared),
		cmocka_unit_test(client_dns_domain_joins_and_leaves),
		cmocka_unit_test(context_follows_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
