/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: */
/* The packet table through packet_parse() in user space, each packet also cut at every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../headers/glance.h"
#include "../prog/packets.h"

#define FIELD_EQUAL(field) \
	do { \
		if (got->field != want->field) \
			fail_msg("%s: " #field " is %u, not %u", name, (unsigned int)got->field, \
				 (unsigned int)want->field); \
	} while (0)

static void packet_compare(const char *name, const struct packet *got, const struct packet *want)
{
	FIELD_EQUAL(ip_version);
	FIELD_EQUAL(ip_proto);
	FIELD_EQUAL(ip_len);
	FIELD_EQUAL(l3_off);
	FIELD_EQUAL(l4_off);
	FIELD_EQUAL(payload_off);
	FIELD_EQUAL(payload_len);
	FIELD_EQUAL(src_port);
	FIELD_EQUAL(dst_port);
	FIELD_EQUAL(tcp_flags);
	FIELD_EQUAL(frag);
	FIELD_EQUAL(more_fragments);
	FIELD_EQUAL(frag_id);
	FIELD_EQUAL(frag_off);
	FIELD_EQUAL(vlan_outer);
	FIELD_EQUAL(vlan_inner);
	FIELD_EQUAL(pppoe);
	FIELD_EQUAL(has_mac);
	assert_memory_equal(got, want, sizeof(*got));
}

/* A copy that ends where its memory ends, at an odd address: ASan and UBSan watch both. */
static uint8_t *frame_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy + 1, data, len);
	return copy;
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *c = &packet_cases[i];
		uint8_t hex[PACKET_MAX], *copy;
		uint32_t len = hex_decode(c->hex, hex), wire_len = c->wire_len ? c->wire_len : len;
		struct packet got, want = packet_wanted(c);
		enum counter why;

		copy = frame_copy(hex, len);
		why = packet_parse(&got, copy + 1, copy + 1 + len, wire_len, c->link);
		free(copy);
		if (why != c->why)
			fail_msg("%s: counter %d, not %d", c->name, why, c->why);
		packet_compare(c->name, &got, &want);
		if (why == COUNTER_PACKETS || why == COUNTER_FRAGMENT_LATER)
			assert_int_equal(packet_is_dns(&got), c->dns);
	}
}

static int is_malformed(enum counter why)
{
	return why >= COUNTER_MALFORMED_ETHERNET && why <= COUNTER_MALFORMED_UDP;
}

/*
 * A capture that ends early (wire_len as before) says the same or CUT; a frame that does,
 * something.
 */
static void cut_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *c = &packet_cases[i];
		uint8_t hex[PACKET_MAX];
		uint32_t full = hex_decode(c->hex, hex),
			 wire_len = c->wire_len ? c->wire_len : full;

		for (uint32_t len = 0; len < full; len++) {
			uint8_t *copy = frame_copy(hex, len);
			struct packet p;
			enum counter why;

			why = packet_parse(&p, copy + 1, copy + 1 + len, wire_len, c->link);
			if (why != COUNTER_CUT && why != c->why)
				fail_msg("%s captured to %u: counter %d", c->name, len, why);
			why = packet_parse(&p, copy + 1, copy + 1 + len, len, c->link);
			if (why == COUNTER_CUT)
				fail_msg("%s of %u bytes: cut", c->name, len);
			if (is_malformed(c->why) && why == COUNTER_PACKETS && len >= p.ip_len + 14)
				fail_msg("%s of %u bytes: good", c->name, len);
			free(copy);
		}
	}
}

static void nic_tag_is_outermost(void **state)
{
	struct packet p = {.vlan_outer = VLAN_PRESENT | 7};

	(void)state;
	packet_add_tag(&p, 0);
	assert_int_equal(p.vlan_outer, VLAN_PRESENT | 7);
	packet_add_tag(&p, VLAN_PRESENT | 0xe064);
	assert_int_equal(p.vlan_outer, VLAN_PRESENT | 100);
	assert_int_equal(p.vlan_inner, VLAN_PRESENT | 7);
}

static void payload_of_a_cut_capture(void **state)
{
	struct packet p = {.payload_off = 54, .payload_len = 10};

	(void)state;
	assert_int_equal(packet_payload_captured(&p, 40), 0);
	assert_int_equal(packet_payload_captured(&p, 54), 0);
	assert_int_equal(packet_payload_captured(&p, 60), 6);
	assert_int_equal(packet_payload_captured(&p, 64), 10);
	assert_int_equal(packet_payload_captured(&p, 70), 10); /* padding */
}

static void subjects(void **state)
{
	struct packet p = {.src = {{1}}, .dst = {{2}}, .src_mac = {2, 0, 0, 0, 0, 2},
			   .dst_mac = {2, 0, 0, 0, 0, 1}};
	struct subject s;

	(void)state;
	s = packet_subject(&p, SUBJECT_MAC, 1); /* no MAC: the address */
	assert_memory_equal(s.b, p.src.b, 16);
	p.has_mac = 1;
	s = packet_subject(&p, SUBJECT_MAC, 1);
	assert_memory_equal(s.b, "\0\1\2\0\0\0\0\2\0\0\0\0\0\0\0\0", 16);
	s = packet_subject(&p, SUBJECT_MAC, 0);
	assert_memory_equal(s.b, "\0\1\2\0\0\0\0\1\0\0\0\0\0\0\0\0", 16);
	s = packet_subject(&p, SUBJECT_IP, 0);
	assert_memory_equal(s.b, p.dst.b, 16);
	s = packet_subject(&p, SUBJECT_VLAN, 1); /* no tag: the address */
	assert_memory_equal(s.b, p.src.b, 16);
	p.vlan_outer = VLAN_PRESENT | 0x123;
	p.vlan_inner = VLAN_PRESENT | 7;
	s = packet_subject(&p, SUBJECT_VLAN, 1);
	assert_memory_equal(s.b, "\0\2\x01\x23\0\7\0\0\0\0\0\0\0\0\0\0", 16);
	p.pppoe = PPPOE_PRESENT | 0xabcd;
	s = packet_subject(&p, SUBJECT_PPPOE, 1);
	assert_memory_equal(s.b, "\0\3\xab\xcd\2\0\0\0\0\2\0\0\0\0\0\0", 16);
}

static void ports(void **state)
{
	struct backend_value v = {
		.count = 2,
		.port_lo = {443, 9000, 80},
		.port_hi = {443, 9010, 80},
		.protos = {PORT_TCP, PORT_TCP | PORT_UDP, PORT_TCP},
	};

	(void)state;
	assert_true(backend_has_port(&v, 443, WIRE_TCP));
	assert_false(backend_has_port(&v, 443, WIRE_UDP));
	assert_false(backend_has_port(&v, 442, WIRE_TCP));
	assert_true(backend_has_port(&v, 9000, WIRE_UDP));
	assert_true(backend_has_port(&v, 9010, WIRE_TCP));
	assert_false(backend_has_port(&v, 9011, WIRE_TCP));
	assert_false(backend_has_port(&v, 80, WIRE_TCP)); /* beyond count */
	assert_false(backend_has_port(&v, 443, 1));
	v.count = 255; /* nonsense is bounded */
	assert_true(backend_has_port(&v, 80, WIRE_TCP));
}

/* 16 addresses that differ in one byte, whichever, spread over the prefilter. */
static void prefilter_mixes_all_bytes(void **state)
{
	(void)state;
	for (int byte = 0; byte < 16; byte++) {
		uint32_t seen[16], distinct = 0;

		for (uint32_t i = 0; i < 16; i++) {
			struct addr a = {{0x20, 1, 0x0d, 0xb8}};
			uint64_t word[2];
			uint32_t j = 0;

			a.b[byte] = (uint8_t)(a.b[byte] + i * 16);
			memcpy(word, a.b, 16);
			seen[i] = prefilter_hash6(word[0], word[1]) & (PREFILTER_BITS_GATEWAY - 1);
			while (j < i && seen[j] != seen[i])
				j++;
			distinct += j == i;
		}
		assert_int_equal(distinct, 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(cut_everywhere),
		cmocka_unit_test(nic_tag_is_outermost),
		cmocka_unit_test(payload_of_a_cut_capture),
		cmocka_unit_test(subjects),
		cmocka_unit_test(ports),
		cmocka_unit_test(prefilter_mixes_all_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
