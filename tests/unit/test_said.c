// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/names/dhcp.c user/names/mdns.c user/names/said.c user/base/name.c user/base/addr.c */
/* Messages in which hosts say their names, each cut at every length, and names cleaned. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "names/said.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define MESSAGE_MAX 1024

/* Hex digits and blanks; "Z<n>." stands for n zero octets, text in single quotes for itself. */
static size_t hex_build(const char *hex, uint8_t *out)
{
	size_t len = 0;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
		} else if (*hex == 'Z') {
			size_t n = strtoul(hex + 1, (char **)(uintptr_t)&hex, 10);

			memset(out + len, 0, n);
			len += n;
			hex++;
		} else if (*hex == '\'') {
			for (hex++; *hex != '\''; hex++)
				out[len++] = (uint8_t)*hex;
			hex++;
		} else {
			unsigned int octet;

			assert_int_equal(sscanf(hex, "%2x", &octet), 1);
			out[len++] = (uint8_t)octet;
			hex += 2;
		}
	}
	return len;
}

enum protocol { DHCP4, DHCP6, MDNS };

static int message_take(enum protocol protocol, const uint8_t *data, size_t len, struct said *said)
{
	struct addr sender;

	assert_int_equal(addr_parse("192.168.1.10", &sender), 0);
	if (protocol == DHCP4)
		return dhcp4_said(data, len, said);
	if (protocol == DHCP6)
		return dhcp6_said(data, len, said);
	return mdns_said(data, len, &sender, said);
}

#define DISCOVER "01 01 06 00 11223344 0000 8000 00000000 00000000 00000000 00000000"
#define RENEW "01 01 06 00 11223344 0000 0000 c0a80117 00000000 00000000 00000000"
#define OFFER "02 01 06 00 11223344 0000 8000 00000000 c0a80117 00000000 00000000"
#define CHADDR "0a0000000001 Z10."
#define COOKIE "Z192. 63825363"
#define SOLICIT "01 112233"
#define RESPONSE "0000 8400 0000"
#define NAME_HUB "03 'Hub' 05 'local' 00"
#define IN_A "0001 8001 00000078 0004"
#define OWN "c0a8010a"
#define OTHER "c0a8010b"

static const struct row {
	enum protocol protocol;
	const char *hex;
	int result;
	const char *name;
	const char *addr; /* NULL: not asked */
} rows[] = {
	{DHCP4, DISCOVER CHADDR COOKIE "350101 0c05 'ESP-1' ff", 0, "ESP-1", "::"},
	{DHCP4, DISCOVER CHADDR COOKIE "350103 3204 c0a80117 0c05 'ESP-1' ff Z9.", 0, "ESP-1",
	 "192.168.1.23"},
	{DHCP4, RENEW CHADDR COOKIE "0c05 'ESP-1'", 0, "ESP-1", "192.168.1.23"},
	{DHCP4, DISCOVER CHADDR COOKIE "00 00 0c06 'cam' 00 'yy' ff", 0, "cam", NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5107 00 00 00 'tv.a' ff", 0, "tv.a", NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "510a 04 00 00 02 'Tv' 02 'aa' 00 ff", 0, "tv.aa", NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5106 04 00 00 02 'tv' ff", 0, "tv", NULL}, /* partial */
	{DHCP4, DISCOVER CHADDR COOKIE "5107 00 00 00 'tv.a' 0c02 'me' ff", 0, "me", NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "0c02 'me' 5107 00 00 00 'tv.a' ff", 0, "me", NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5103 00 00 00 ff", -ENOENT, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5103 04 00 00 ff", -ENOENT, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5102 04 00 ff", -EBADMSG, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5106 04 00 00 05 'tv' ff", -EBADMSG, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "5106 04 00 00 c0 00 01 ff", -EBADMSG, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "0c00 ff", -ENOENT, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "0c09 'ESP-1'", -EBADMSG, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE "0c", -EBADMSG, NULL, NULL},
	{DHCP4, DISCOVER CHADDR COOKIE, -ENOENT, NULL, NULL},
	{DHCP4, DISCOVER CHADDR "Z192. 00000000 0c02 'me'", -ENOENT, NULL, NULL}, /* BOOTP */
	{DHCP4, OFFER CHADDR COOKIE "350102 0c05 'ESP-1' ff", -ENOENT, NULL, NULL},
	{DHCP6, SOLICIT "0001 000e Z14. 0027 0005 01 03 'cam'", 0, "cam", NULL},
	{DHCP6, SOLICIT "0027 000a 00 03 'cam' 02 'me' 00", -EBADMSG, NULL, NULL},
	{DHCP6, SOLICIT "0027 0008 00 03 'cam' 04 'me' 00", -EBADMSG, NULL, NULL},
	{DHCP6, SOLICIT "0027 000a 00 03 'cam' 03 'lan' 00 0008 0002 0000", 0, "cam.lan", NULL},
	{DHCP6, SOLICIT "0027 0000", -ENOENT, NULL, NULL},
	{DHCP6, SOLICIT "0008 0002 0000", -ENOENT, NULL, NULL},
	{DHCP6, "0c 112233 0027 0005 01 03 'cam'", -ENOENT, NULL, NULL}, /* a relay's */
	{MDNS, RESPONSE "0001 0000 0000" NAME_HUB IN_A OWN, 0, "hub.local", NULL},
	{MDNS, RESPONSE "0001 0000 0000" NAME_HUB IN_A OTHER, -ENOENT, NULL, NULL},
	{MDNS, RESPONSE "0002 0000 0000" NAME_HUB IN_A OTHER " c00c" IN_A OWN, 0, "hub.local",
	 NULL},
	{MDNS,
	 RESPONSE "0001 0000 0001 04 '_tcp' 00 000c 0001 00000078 0002 c00c " NAME_HUB IN_A OWN, 0,
	 "hub.local", NULL},
	{MDNS, "0000 8400 0001 0001 0000 0000" NAME_HUB "00ff 0001 c00c" IN_A OWN, 0, "hub.local",
	 NULL},
	{MDNS, RESPONSE "0001 0000 0000 04 'H b!' 05 'local' 00" IN_A OWN, 0, "h b!.local", NULL},
	{MDNS, RESPONSE "0001 0000 0000 03 c3bc'a' 05 'local' 00" IN_A OWN, 0,
	 "\xc3\xbc"
	 "a.local",
	 NULL},
	{MDNS, RESPONSE "0001 0000 0000 03 'Hub' 05 'local' 00 0001 8001 00000000 0004" OWN,
	 -ENOENT, NULL, NULL}, /* goodbye */
	{MDNS, RESPONSE "0001 0000 0000 03 'Hub' 03 'com' 00" IN_A OWN, -ENOENT, NULL, NULL},
	{MDNS, RESPONSE "0001 0000 0000 05 'local' 00" IN_A OWN, -ENOENT, NULL, NULL},
	{MDNS, RESPONSE "0001 0000 0000 03 'Hub' 05 'local' 00 0001 0003 00000078 0004" OWN,
	 -ENOENT, NULL, NULL}, /* class CHAOS */
	{MDNS, RESPONSE "0001 0000 0000 c00c" IN_A OWN, -EBADMSG, NULL,
	 NULL}, /* points at itself */
	{MDNS, RESPONSE "0002 0000 0000" NAME_HUB IN_A OTHER, -EBADMSG, NULL, NULL},
	{MDNS, "0000 0000 0000 0001 0000 0000" NAME_HUB IN_A OWN, -ENOENT, NULL,
	 NULL}, /* a query */
	{MDNS, RESPONSE "0001 0000 0000 04 00 'lug' 05 'local' 00" IN_A OWN, -ENOENT, NULL,
	 NULL}, /* nothing before the NUL */
	{MDNS, "0000 8400", -EBADMSG, NULL, NULL},
};

static void row_check(const struct row *r, size_t i)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = hex_build(r->hex, message);
	struct said said = {.name = "untouched"};
	int result = message_take(r->protocol, message, len, &said);
	char addr[ADDR_TEXT_MAX];

	if (result != r->result)
		fail_msg("row %zu: %d, not %d", i, result, r->result);
	if (!result)
		assert_string_equal(said.name, r->name);
	if (r->addr)
		assert_string_equal(addr_text(&said.addr, addr), r->addr);
	if (!result && r->protocol == DHCP4) {
		assert_true(said.has_mac);
		assert_memory_equal(said.mac, "\x0a\0\0\0\0\x01", 6);
	}
}

/* In memory of its own length, so that a read behind it is seen. */
static void row_cut(const struct row *r)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = hex_build(r->hex, message);

	for (size_t n = 0; n < len; n++) {
		CLEANUP_FREE uint8_t *cut = malloc(n + !n);
		struct said said;

		memcpy(cut, message, n);
		if (!message_take(r->protocol, cut, n, &said))
			assert_true(r->result == -EBADMSG || *said.name);
	}
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		row_check(&rows[i], i);
		row_cut(&rows[i]);
	}
}

/* A card that is no Ethernet's has no MAC address here. */
static void test_other_hardware(void **state)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = hex_build(DISCOVER CHADDR COOKIE "0c02 'me' ff", message);
	struct said said;

	(void)state;
	message[1] = 32;
	assert_int_equal(dhcp4_said(message, len, &said), 0);
	assert_false(said.has_mac);
	message[1] = 1;
	message[2] = 16;
	assert_int_equal(dhcp4_said(message, len, &said), 0);
	assert_false(said.has_mac);
}

static void test_ipv6_sender(void **state)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = hex_build(RESPONSE "0001 0000 0000" NAME_HUB
					"001c 8001 00000078 0010 fe80 Z12. 0001",
			       message);
	struct addr sender;
	struct said said;

	(void)state;
	assert_int_equal(addr_parse("fe80::1", &sender), 0);
	assert_int_equal(mdns_said(message, len, &sender, &said), 0);
	assert_string_equal(said.name, "hub.local");
	assert_int_equal(addr_parse("fe80::2", &sender), 0);
	assert_int_equal(mdns_said(message, len, &sender, &said), -ENOENT);
}

static void test_cleaned(void **state)
{
	static const struct {
		const char *in, *out;
	} names[] = {
		{"", ""},
		{"   ", ""},
		{" Kitchen TV. ", "Kitchen TV."},
		{"a\033[2J\r\nb", "a?[2J??b"},
		{"\xe2\x80\xae"
		 "evil",
		 "?evil"},
		{"\xff\xc3", "??"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
	};
	char out[SAID_NAME_MAX], big[600];

	(void)state;
	for (size_t i = 0; i < LENGTH(names); i++) {
		said_clean(out, (const uint8_t *)names[i].in, strlen(names[i].in));
		assert_string_equal(out, names[i].out);
	}
	memset(big, 'x', sizeof(big));
	said_clean(out, (const uint8_t *)big, sizeof(big));
	assert_int_equal(strlen(out), SAID_NAME_MAX - 1);
	for (size_t i = 0; i < sizeof(big); i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	said_clean(out, (const uint8_t *)big, sizeof(big));
	assert_int_equal(strlen(out), SAID_NAME_MAX - 2); /* no half of a character */
	memset(big, 0xff, sizeof(big));
	said_clean(out, (const uint8_t *)big, sizeof(big));
	assert_int_equal(strlen(out), SAID_NAME_MAX - 1);
	said_clean_name(out, "a\\032b\\255\\000c");
	assert_string_equal(out, "a b?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_other_hardware),
		cmocka_unit_test(test_ipv6_sender),
		cmocka_unit_test(test_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
