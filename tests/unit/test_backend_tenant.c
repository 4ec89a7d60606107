// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/backend.c user/dns/backend_endpoint.c user/dns/backend_client.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/backend_row.c user/dns/slots.c user/dns/name.c user/base/table.c user/base/addr.c */
/* Whose an address is and since when: sources, clouds and their tenants, states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_fixture.h"
#include "dns/cloud.h"

#define TCP 6
#define HERE "192.0.2.1"
#define DAY 86400
#define EC2 "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com"
#define ELB "lb-1.eu-west-1.elb.amazonaws.com"
#define SHOP "www.shop.example.net"

static void row_take(void *ctx, const struct backend_row *row)
{
	*(struct backend_row *)ctx = *row;
}

static struct backend_row row_only(const struct fixture *f)
{
	struct backend_row row = {.state = BACKEND_STATE_COUNT};

	assert_int_equal(backend_count(f->map), 1);
	backend_each(f->map, row_take, &row);
	return row;
}

/* An answer that a file tells. */
static void told(struct fixture *f, enum fact_source source, const struct lesson_of *l)
{
	struct dns_answer a = {
		.time_ns = f->now_ns,
		.source = source,
		.qname = l->qname,
		.chain_count = l->alias != NULL,
		.chain = {l->alias},
		.address_count = 1,
	};

	a.address[0] = (struct answer_address){addr_of(l->address), l->ttl_s};
	backend_learn(f->map, &a, &l->id, l->id != DOMAIN_NONE);
}

#define TOLD(f, source, ...) told(f, source, &(struct lesson_of){__VA_ARGS__})

static bool counts_for(struct fixture *f, unsigned int client, uint16_t port)
{
	enum counter reason;

	return match(f, client, HERE, port, TCP, &reason) != 0;
}

static void cloud_names(void **state)
{
	static const struct {
		const char *name;
		const char *suffix;
	} rows[] = {
		{EC2, "compute.amazonaws.com"},
		{"ec2-1-2-3-4.compute-1.amazonaws.com", "compute-1.amazonaws.com"},
		{"lb-1.us-east-1.elb.amazonaws.com", "elb.amazonaws.com"},
		{"lb-1.elb.eu-west-1.amazonaws.com", "elb.*.amazonaws.com"},
		{"vm.westeurope.cloudapp.azure.com", "cloudapp.azure.com"},
		{"4.3.2.1.bc.googleusercontent.com", "bc.googleusercontent.com"},
		{"compute.amazonaws.com", NULL},
		{"elb.eu-west-1.amazonaws.com", NULL},
		{"x.notcompute.amazonaws.com", NULL},
		{"ec2.compute.amazonaws.com.evil.example", NULL},
		{"d111.cloudfront.net", NULL},
		{"amazonaws.com", NULL},
		{"com", NULL},
		{"", NULL},
		{"..", NULL},
		{".compute.amazonaws.com", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *suffix = cloud_suffix(cloud_find(rows[i].name));

		if (!suffix != !rows[i].suffix || (suffix && strcmp(suffix, rows[i].suffix) != 0))
			fail_msg("%s: %s", rows[i].name, suffix ? suffix : "none");
		if (suffix)
			assert_int_equal(cloud_number(suffix), cloud_find(rows[i].name));
	}
	assert_null(cloud_suffix(UINT8_MAX));
}

static void states_and_since(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	int64_t first_ns = f->now_ns, turned_ns;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * DAY);
	assert_int_equal(row_only(f).sources, 1 << SOURCE_DNS);
	assert_int_equal(row_only(f).state, BACKEND_DEDICATED);
	f->now_ns += NS_PER_S;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * DAY);
	assert_int_equal(row_only(f).state, BACKEND_DEDICATED);
	assert_int_equal(row_only(f).since_ns, first_ns);
	f->now_ns += NS_PER_S;
	turned_ns = f->now_ns;
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
	assert_int_equal(row_only(f).since_ns, turned_ns);
	expire_after(f, DAY);
	assert_int_equal(row_only(f).state, BACKEND_DEDICATED);
	assert_int_equal(row_only(f).since_ns, turned_ns + DAY * NS_PER_S);
}

/* What a file says is known to everybody and told to nobody. */
static void files_teach_without_clients(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct subject nobody = {{0}};
	struct addr here = addr_of(HERE);

	(void)state;
	TOLD(f, SOURCE_PASSIVE_DNS, 0, "a.ring.example.com", NULL, HERE, RING_A, 600);
	assert_int_equal(row_only(f).state, BACKEND_DEDICATED);
	assert_int_equal(row_only(f).sources, 1 << SOURCE_PASSIVE_DNS);
	assert_true(counts_for(f, 9, 443));
	assert_false(backend_has_client(f->map, &nobody, &here));
	assert_int_equal(f->counts.n[COUNTER_DNS_LEARNED], 0);
	assert_int_equal(f->counts.n[COUNTER_FACTS_LEARNED], 1);
	TOLD(f, SOURCE_CERTIFICATE, 0, SHOP, NULL, HERE, DOMAIN_NONE, 600);
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
	assert_string_equal(row_only(f).shared_with, "example.net");
	assert_false(counts_for(f, 9, 443));
}

/* A file full of names pushes out nothing that was asked here. */
static void files_push_nothing_out(void **state)
{
	static const struct backend_limits small = {.addresses = 4,
						    .addresses_per_domain = 4,
						    .clients = 4,
						    .mirrored = 4,
						    .others = 2,
						    .endpoints = 8};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&small);
	enum counter reason;

	(void)state;
	LEARN(f, 1, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	f->now_ns += NS_PER_S;
	for (unsigned int i = 0; i < 100; i++) {
		char address[32];

		snprintf(address, sizeof(address), "203.0.113.%u", i);
		TOLD(f, SOURCE_PASSIVE_DNS, 0, "x.example.org", NULL, address, DOMAIN_NONE, 60);
	}
	assert_int_equal(f->counts.n[COUNTER_NAMES_EVICTED], 0);
	assert_int_equal(f->counts.n[COUNTER_FACTS_NAMES_FULL], 99);
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 60);
	assert_int_equal(match(f, 2, HERE, 443, TCP, &reason), 0);
	assert_int_equal(reason, COUNTER_SHARED_UNKNOWN);
}

/* A cloud's address with a newer answer for somebody else: the label goes. */
static void tenant_moves_on(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);
	struct flow flow = {0};
	enum counter reason;
	uint32_t old;

	(void)state;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	assert_int_equal(row_only(f).state, BACKEND_CLOUD);
	assert_string_equal(row_only(f).cloud, "compute.amazonaws.com");
	old = match(f, 1, HERE, 443, TCP, &reason);
	assert_int_not_equal(old, 0);
	f->now_ns += NS_PER_S;
	fixture_clear(f);
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	assert_string_equal(f->said, "del 192.0.2.1;");
	assert_int_equal(backend_count(f->map), 0);
	assert_false(counts_for(f, 1, 443)); /* though it asked itself */
	assert_int_equal(f->counts.n[COUNTER_BACKEND_TENANT_CHANGES], 1);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_SHARED_TURNS], 0);
	assert_true(backend_endpoint(f->map, old, &flow)); /* what was counted before stands */
}

/* The answer's own name says cloud; the new tenant has a signature: it is his alone. */
static void tenant_is_another_vendor(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", NULL, HERE, RING_A, 7 * DAY);
	f->now_ns += NS_PER_S;
	LEARN(f, 2, "a.tuya.example.org", EC2, HERE, TUYA, 7 * DAY);
	assert_true(counts_for(f, 9, 1883));
	assert_false(counts_for(f, 1, 443));
	assert_int_equal(row_only(f).domain_count, 1);
	assert_int_equal(row_only(f).domains[0], TUYA);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_TENANT_CHANGES], 1);
}

/* Who is back within a day never left: the address is shared. */
static void tenants_by_turns_share(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	f->now_ns += 2 * NS_PER_S;
	LEARN(f, 3, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	f->now_ns += 2 * NS_PER_S;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
	assert_true(counts_for(f, 1, 443));
	assert_false(counts_for(f, 9, 443));
	assert_int_equal(f->counts.n[COUNTER_BACKEND_TENANT_CHANGES], 1);
}

static void signatures_by_turns_share(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	f->now_ns += 2 * NS_PER_S;
	LEARN(f, 2, "a.tuya.example.org", EC2, HERE, TUYA, 7 * DAY);
	f->now_ns += 2 * NS_PER_S;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
	assert_false(counts_for(f, 9, 443));
	assert_false(counts_for(f, 9, 1883));
	assert_true(counts_for(f, 1, 443));
}

/* Two names of one load balancer are one tenant's: nobody moved, the address is shared. */
static void one_host_is_one_tenant(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", ELB, HERE, RING_A, 7 * DAY);
	f->now_ns += NS_PER_S;
	LEARN(f, 3, SHOP, ELB, HERE, DOMAIN_NONE, 60);
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
	assert_int_equal(f->counts.n[COUNTER_BACKEND_TENANT_CHANGES], 0);
	assert_true(counts_for(f, 1, 443));
}

/* Passive DNS: who held the address before has no say; who holds it as well makes it shared. */
static void earlier_tenants_have_no_say(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(NULL);

	(void)state;
	LEARN(f, 1, "a.ring.example.com", EC2, HERE, RING_A, 7 * DAY);
	f->now_ns -= 3600 * NS_PER_S;
	TOLD(f, SOURCE_PASSIVE_DNS, 0, SHOP, NULL, HERE, DOMAIN_NONE, 60);
	assert_true(counts_for(f, 9, 443));
	f->now_ns += 3600 * NS_PER_S;
	TOLD(f, SOURCE_PASSIVE_DNS, 0, "www.other.example.net", NULL, HERE, DOMAIN_NONE, 60);
	assert_false(counts_for(f, 9, 443));
	assert_int_equal(row_only(f).state, BACKEND_IS_SHARED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cloud_names),
		cmocka_unit_test(states_and_since),
		cmocka_unit_test(files_teach_without_clients),
		cmocka_unit_test(files_push_nothing_out),
		cmocka_unit_test(tenant_moves_on),
		cmocka_unit_test(tenant_is_another_vendor),
		cmocka_unit_test(tenants_by_turns_share),
		cmocka_unit_test(signatures_by_turns_share),
		cmocka_unit_test(one_host_is_one_tenant),
		cmocka_unit_test(earlier_tenants_have_no_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
