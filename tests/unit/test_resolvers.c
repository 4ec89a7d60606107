// SPDX-License-Identifier: GPL-2.0-or-later
// sources: user/dns/resolvers.c user/base/addr.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "dns/resolvers.h"

static void names_are_found(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < resolver_count; i++) {
		assert_true(!i || strcmp(resolvers[i - 1].name, resolvers[i].name) < 0);
		assert_int_equal(resolver_find(resolvers[i].name), i);
	}
	assert_int_equal(resolver_find("dns.googl"), RESOLVER_NONE);
	assert_int_equal(resolver_find("www.dns.google"), RESOLVER_NONE);
	assert_int_equal(resolver_find(""), RESOLVER_NONE);
}

static void addresses_are_global(void **state)
{
	struct addr a;

	(void)state;
	for (uint32_t i = 0; i < resolver_count; i++)
		for (int k = 0; k < RESOLVER_ADDRESSES && resolvers[i].addresses[k]; k++) {
			assert_int_equal(addr_parse(resolvers[i].addresses[k], &a), 0);
			assert_true(addr_is_global(&a));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(addresses_are_global),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
