// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/names/heard.c user/names/dhcp.c user/names/mdns.c user/names/said.c user/base/name.c user/base/table.c user/base/addr.c */
/* Whom a heard name is for, when it is forgotten, and what happens when there are too many. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "names/heard.h"

#define DAY_NS (86400 * NS_PER_S)
#define DHCP_LEN 240 /* up to the options */
#define HUB_LEN 35

DEFINE_CLEANUP(heard_free, struct heard *)

static const uint8_t hub[HUB_LEN] = {0, 0,   0x84, 0,   0, 0,   0,   1,   0,   0,   0, 0,
				     3, 'h', 'u',  'b', 5, 'l', 'o', 'c', 'a', 'l', 0, 0,
				     1, 0,   1,    0,   0, 0,   120, 0,   4,   0,   0};

/* A packet from a host to a port, with a payload. */
struct message {
	struct packet packet;
	struct frame frame;
	uint8_t payload[512];
};

static struct message message_to(uint16_t port, const char *src, uint8_t mac)
{
	struct message m = {.packet = {.ip_proto = WIRE_UDP, .dst_port = port, .src_port = port}};

	assert_int_equal(addr_parse(src, &m.packet.src), 0);
	m.packet.has_mac = 1;
	memcpy(m.packet.src_mac, (const uint8_t[]){0, 0, 0, 0, 0, mac}, 6);
	return m;
}

static bool message_give(struct heard *h, struct message *m, size_t len, int64_t time_ns)
{
	m->packet.payload_len = (uint32_t)len;
	m->frame.data = m->payload;
	m->frame.cap_len = (uint32_t)len;
	m->frame.time_ns = time_ns;
	return heard_packet(h, &m->frame, &m->packet);
}

/* A DHCP request of the card with this number, relayed or bridged by that of via. */
static bool dhcp_give(struct heard *h, uint8_t mac, uint8_t via, const char *name, int64_t time_ns)
{
	struct message m = message_to(DHCP_PORT, "0.0.0.0", via);
	size_t len = strlen(name);

	m.payload[0] = m.payload[1] = 1;
	m.payload[2] = 6;
	m.payload[33] = mac;
	memcpy(m.payload + 236, "\x63\x82\x53\x63", 4);
	m.payload[DHCP_LEN] = 12;
	m.payload[DHCP_LEN + 1] = (uint8_t)len;
	memcpy(m.payload + DHCP_LEN + 2, name, len);
	return message_give(h, &m, DHCP_LEN + 2 + len, time_ns);
}

static bool mdns_give(struct heard *h, uint8_t mac, const char *src, const char *announced)
{
	struct message m = message_to(MDNS_PORT, src, mac);
	struct addr a;

	memcpy(m.payload, hub, sizeof(hub));
	assert_int_equal(addr_parse(announced, &a), 0);
	memcpy(m.payload + HUB_LEN - 2, a.b + 12, 4);
	return message_give(h, &m, HUB_LEN + 2, DAY_NS);
}

static const char *names_of(const struct heard *h, const struct subject *s)
{
	static char text[160];
	struct heard_row row;

	if (!heard_row(h, s, &row))
		return "none";
	snprintf(text, sizeof(text), "%s|%s", row.host, row.mdns);
	return text;
}

static struct subject mac_subject(uint8_t n)
{
	return subject_from_mac((const uint8_t[]){0, 0, 0, 0, 0, n});
}

static void test_by_mac(void **state)
{
	struct counts counts = {0};
	struct heard *h CLEANUP(heard_free_ptr) = heard_new(SUBJECT_MAC, 8, &counts);
	struct subject one = mac_subject(1), two = mac_subject(2);

	(void)state;
	assert_true(dhcp_give(h, 1, 1, "cam", DAY_NS));
	assert_false(dhcp_give(h, 1, 1, "cam", DAY_NS));
	assert_true(dhcp_give(h, 2, 1, "tv", DAY_NS)); /* behind a bridge that has one's MAC */
	assert_true(mdns_give(h, 1, "192.168.1.10", "192.168.1.10"));
	assert_false(mdns_give(h, 2, "192.168.1.10", "192.168.1.11")); /* another's address */
	assert_string_equal(names_of(h, &one), "cam|hub.local");
	assert_string_equal(names_of(h, &two), "tv|");
	assert_true(dhcp_give(h, 1, 1, "cam2", DAY_NS));
	assert_string_equal(names_of(h, &one), "cam2|hub.local");
	assert_int_equal(counts.n[COUNTER_HOST_NAMES], 4);
	assert_int_equal(counts.n[COUNTER_MALFORMED_DHCP] + counts.n[COUNTER_MALFORMED_MDNS], 0);
}

static void test_by_address(void **state)
{
	struct counts counts = {0};
	struct heard *h CLEANUP(heard_free_ptr) = heard_new(SUBJECT_IP, 8, &counts);
	struct message m = message_to(DHCP_PORT, "0.0.0.0", 1);
	struct subject s;

	(void)state;
	assert_false(dhcp_give(h, 1, 1, "cam", DAY_NS)); /* it has no address yet */
	m.payload[0] = m.payload[1] = 1;
	m.payload[2] = 6;
	memcpy(m.payload + 236, "\x63\x82\x53\x63\x0c\x02tv\x32\x04\xc0\xa8\x01\x0a", 14);
	assert_true(message_give(h, &m, 250, DAY_NS));
	assert_true(mdns_give(h, 1, "192.168.1.11", "192.168.1.11"));
	assert_int_equal(subject_parse("192.168.1.10", &s), 0);
	assert_string_equal(names_of(h, &s), "tv|");
	assert_int_equal(subject_parse("192.168.1.11", &s), 0);
	assert_string_equal(names_of(h, &s), "|hub.local");
}

static void test_damage_is_counted(void **state)
{
	struct counts counts = {0};
	struct heard *h CLEANUP(heard_free_ptr) = heard_new(SUBJECT_MAC, 8, &counts);
	struct message m = message_to(DHCP_PORT, "0.0.0.0", 1);
	struct message n = message_to(MDNS_PORT, "192.168.1.10", 1);

	(void)state;
	assert_false(message_give(h, &m, 100, DAY_NS));
	assert_int_equal(counts.n[COUNTER_MALFORMED_DHCP], 1);
	m.packet.dst_port = DHCP6_PORT;
	assert_false(message_give(h, &m, 3, DAY_NS));
	assert_int_equal(counts.n[COUNTER_MALFORMED_DHCP], 2);
	assert_false(message_give(h, &n, 11, DAY_NS));
	assert_int_equal(counts.n[COUNTER_MALFORMED_MDNS], 1);
	m.packet.frag = FRAGMENT_FIRST; /* no wonder that it ends early */
	assert_false(message_give(h, &m, 3, DAY_NS));
	assert_int_equal(counts.n[COUNTER_MALFORMED_DHCP], 2);
	n.packet.src_port = 40000; /* not the announcement of a responder */
	assert_false(message_give(h, &n, 11, DAY_NS));
	assert_int_equal(counts.n[COUNTER_MALFORMED_MDNS], 1);
}

static void test_bound_and_life(void **state)
{
	struct counts counts = {0};
	struct heard *h CLEANUP(heard_free_ptr) = heard_new(SUBJECT_MAC, 2, &counts);
	struct subject one = mac_subject(1), two = mac_subject(2), three = mac_subject(3);

	(void)state;
	assert_true(dhcp_give(h, 1, 1, "a", DAY_NS));
	assert_true(dhcp_give(h, 2, 2, "b", DAY_NS));
	assert_false(dhcp_give(h, 3, 3, "c", DAY_NS));
	assert_int_equal(counts.n[COUNTER_HOST_NAMES_FULL], 1);
	assert_false(dhcp_give(h, 2, 2, "b", 5 * DAY_NS)); /* heard again */
	heard_expire(h, 9 * DAY_NS);
	assert_string_equal(names_of(h, &one), "none");
	assert_string_equal(names_of(h, &two), "b|");
	assert_true(dhcp_give(h, 3, 3, "c", 9 * DAY_NS));
	assert_string_equal(names_of(h, &three), "c|");
}

static void test_restored(void **state)
{
	struct counts counts = {0};
	struct heard *h CLEANUP(heard_free_ptr) = heard_new(SUBJECT_MAC, 1, &counts);
	struct heard_row row = {mac_subject(1), "cam", "cam.local", DAY_NS};
	char big[100];

	(void)state;
	assert_int_equal(heard_restore(h, &row), 0);
	assert_string_equal(names_of(h, &row.subject), "cam|cam.local");
	assert_false(dhcp_give(h, 1, 1, "cam", 2 * DAY_NS));
	memset(big, 'x', sizeof(big));
	big[99] = '\0';
	row.host = big;
	assert_int_equal(heard_restore(h, &row), -EINVAL);
	row = (struct heard_row){mac_subject(2), "", "", DAY_NS};
	assert_int_equal(heard_restore(h, &row), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_mac),
		cmocka_unit_test(test_by_address),
		cmocka_unit_test(test_damage_is_counted),
		cmocka_unit_test(test_bound_and_life),
		cmocka_unit_test(test_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
