// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/backend.c user/dns/backend_endpoint.c user/dns/backend_client.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/backend_row.c user/dns/slots.c user/dns/name.c user/base/table.c user/base/addr.c */
/* Floods of answers and poisoned ones: the map holds no more bytes, counts, and names no device. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_fixture.h"

#define TCP 6
#define HERE "192.0.2.1"
#define MILLION 1000000U

/* Of the address sanitizer, where the program is built with it. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_held(void)
{
	struct mallinfo2 m;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* The n-th address of a large block. */
static struct addr addr_number(uint32_t n)
{
	const uint8_t bytes[4] = {46, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return addr_from_v4(bytes);
}

static void ask_number(struct fixture *f, const char *qname, domain_id id, uint32_t n)
{
	struct dns_answer a = {
		.time_ns = f->now_ns,
		.subject = client_of(n % 200),
		.qname = qname,
		.qtype = 1,
		.address_count = 1,
		.address = {{addr_number(n), n % 2 ? 0 : 1U << 31}},
	};

	backend_learn(f->map, &a, &id, id != DOMAIN_NONE);
}

static void a_million_names(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	size_t full = 0;
	char name[64];

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	for (uint32_t i = 0; i < MILLION; i++) {
		snprintf(name, sizeof(name), "www.n%u.example.net", i);
		ask_number(f, name, DOMAIN_NONE, i);
		f->now_ns += NS_PER_S / 1000;
		if (i == MILLION / 100)
			full = bytes_held();
	}
	assert_true(full > 0);
	assert_int_equal(bytes_held(), full);
	assert_int_equal(f->counts.n[COUNTER_NAMES_EVICTED],
			 MILLION - backend_limits_gateway.others + 1);
	assert_int_equal(backend_count(f->map), 1);
	assert_int_not_equal(match(f, 9, HERE, 443, TCP, &reason), 0);
	assert_int_equal(match(f, 9, "46.15.66.63", 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_COUNT);
}

static void one_address_under_many_names(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;
	size_t before;
	char name[64];

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	before = bytes_held();
	for (uint32_t i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "www.n%u.example.net", i);
		LEARN(f, 3, name, NULL, HERE, DOMAIN_NONE, i % 2 ? 0 : 1U << 31);
		f->now_ns += NS_PER_S / 1000;
	}
	assert_true(bytes_held() <= before + 4096); /* the first name of an address takes a slot */
	assert_int_equal(f->counts.n[COUNTER_BACKEND_SHARED_TURNS], 1);
	assert_int_equal(match(f, 9, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	assert_int_not_equal(match(f, 1, HERE, 443, TCP, &reason), 0);
}

/* A signature's name that is said to be everywhere: so many addresses, then no more. */
static void one_name_on_many_addresses(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	uint32_t most = backend_limits_gateway.addresses_per_domain;
	size_t full = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		ask_number(f, "a.ring.example.com", RING_A, i);
		f->said_len = 0;
		if (i == 10000)
			full = bytes_held();
	}
	assert_int_equal(bytes_held(), full);
	assert_int_equal(backend_count(f->map), most);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_ADDRESSES_FULL], 100000 - most);
	expire_after(f, BACKEND_TTL_FLOOR_S); /* TTL 0 and 2^31 both are the least there is */
	assert_int_equal(backend_count(f->map), 0);
}

/* A signature's name pointing at an address that popular names have: nobody's, whoever asked. */
static void poisoned_answers(void **state)
{
	static const char *const popular[] = {"www.search.example.net", "www.video.example.org",
					      "cdn.shop.example.info"};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	enum counter reason;

	(void)state;
	for (int i = 0; i < 3; i++)
		LEARN(f, 3, popular[i], NULL, HERE, DOMAIN_NONE, 60);
	f->now_ns += 3600 * NS_PER_S;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * 86400);
	assert_int_equal(match(f, 3, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
	LEARN(f, 1, "a.ring.example.com", NULL, "192.0.2.2", RING_A, 7 * 86400);
	assert_int_not_equal(match(f, 3, "192.0.2.2", 443, TCP, &reason), 0);
	LEARN(f, 3, popular[0], NULL, "192.0.2.2", DOMAIN_NONE, 60); /* asked only now */
	assert_int_equal(match(f, 3, "192.0.2.2", 443, TCP, &reason), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_names),
		cmocka_unit_test(one_address_under_many_names),
		cmocka_unit_test(one_name_on_many_addresses),
		cmocka_unit_test(poisoned_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
