// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/observer.c user/dns/observer_message.c user/dns/observer_query.c user/dns/observer_stream.c user/dns/observer_fragment.c user/dns/slots.c user/dns/name.c user/base/name.c user/base/table.c user/base/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observer_fixture.h"

static const struct observer_config replay = {
	.subject = SUBJECT_MAC, .max_queries = 64, .max_streams = 4, .max_datagrams = 4};
static const struct observer_config live = {.need_query = true,
					    .subject = SUBJECT_IP,
					    .max_queries = 64,
					    .max_streams = 4,
					    .max_datagrams = 4};

#define MAC "mac:02:00:00:00:00:0a "
#define IP "ip:192.168.1.10 "
#define SECOND 1000000000LL

static struct build m;

static void answer_with_one_address(unsigned int id, const char *name, const char *address)
{
	build_head(&m, id, DNS_ANSWER, 1);
	build_question(&m, name, 1);
	build_address(&m, "@12", address, 60);
}

static void query_for(struct fixture *f, const struct ends *e, unsigned int id, const char *name)
{
	struct build q;

	build_head(&q, id, DNS_QUERY, 0);
	build_question(&q, name, 1);
	fixture_udp(f, e, &q);
}

static void with_several(void)
{
	build_head(&m, 7, DNS_ANSWER, 4);
	build_question(&m, "Example.COM", 1);
	build_address(&m, "@12", "192.0.2.1", 60);
	build_address(&m, "eXample.com", "192.0.2.2", 0);
	build_address(&m, "@12", "2001:db8::1", 2147483648U);
	build_address(&m, "other.example.com", "192.0.2.9", 60);
}

static void with_part_of_the_name(void)
{
	build_head(&m, 7, DNS_ANSWER, 2);
	build_question(&m, "a.example", 1);
	build_address(&m, "a.ex", "192.0.2.1", 60);
	build_address(&m, "a.example.x", "192.0.2.2", 60);
}

static void with_chain(void)
{
	build_head(&m, 7, DNS_ANSWER, 3);
	build_question(&m, "a.example", 28);
	build_cname(&m, "@12", "b.example.net");
	build_cname(&m, "b.example.net", "c.example.org");
	build_address(&m, "c.example.org", "2001:db8::7", 30);
}

static void with_chain_backwards(void)
{
	build_head(&m, 7, DNS_ANSWER, 3);
	build_question(&m, "a.example", 1);
	build_address(&m, "c.example.org", "192.0.2.7", 30);
	build_cname(&m, "b.example.net", "c.example.org");
	build_cname(&m, "@12", "b.example.net");
}

static void with_loop(void)
{
	build_head(&m, 7, DNS_ANSWER, 4);
	build_question(&m, "a.example", 1);
	build_cname(&m, "@12", "b.example");
	build_cname(&m, "b.example", "c.example");
	build_cname(&m, "c.example", "b.example");
	build_address(&m, "c.example", "192.0.2.7", 30);
}

static void with_own_alias(void)
{
	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", 1);
	build_cname(&m, "@12", "@12");
}

static void chain_of(int links)
{
	char from[16], to[16];

	build_head(&m, 7, DNS_ANSWER, (unsigned int)links + 1);
	build_question(&m, "n0", 1);
	for (int i = 0; i < links; i++) {
		snprintf(from, sizeof(from), "n%d", i);
		snprintf(to, sizeof(to), "n%d", i + 1);
		build_cname(&m, from, to);
	}
	snprintf(to, sizeof(to), "n%d", links);
	build_address(&m, to, "192.0.2.1", 60);
}

static void with_chain_of_16(void)
{
	chain_of(16);
}

static void with_chain_of_17(void)
{
	chain_of(17);
}

static void with_other_types(void)
{
	size_t at;

	build_head(&m, 7, DNS_ANSWER, 3);
	build_question(&m, "a.example", 255);
	at = build_record(&m, "@12", 16, 60);
	build_bytes(&m, "\4text", 5);
	build_data_end(&m, at);
	build_address(&m, "@12", "192.0.2.1", 60);
	build_put16(&m, m.len - 12, 3); /* class CHAOS */
	build_address(&m, "@12", "192.0.2.2", 60);
	build_put16(&m, 10, 1); /* one additional record: EDNS */
	build_bytes(&m, "\0\0\x29\x10\0\0\0\0\0\0\0", 11);
}

static size_t svcb_start(unsigned int type, unsigned int priority, const char *target)
{
	size_t at;

	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", type);
	at = build_record(&m, "@12", type, 60);
	build_u16(&m, priority);
	build_name(&m, target);
	return at;
}

static void with_hints(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\1\0\3\2h2", 7);
	build_bytes(&m, "\0\4\0\x08\xc0\0\2\1\xc0\0\2\2", 12);
	build_bytes(&m, "\0\6\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5", 20);
	build_data_end(&m, at);
}

static void with_svcb(void)
{
	size_t at = svcb_start(64, 2, "svc.example");

	build_bytes(&m, "\0\4\0\4\xc0\0\2\1", 8);
	build_data_end(&m, at);
}

static void with_alias_mode(void)
{
	size_t at = svcb_start(65, 0, "svc.example");

	build_bytes(&m, "\0\4\0\4\xc0\0\2\1", 8); /* means nothing there (RFC 9460 2.4.2) */
	build_data_end(&m, at);
}

static void with_params_out_of_order(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\4\0\4\xc0\0\2\1\0\1\0\3\2h2", 15);
	build_data_end(&m, at);
}

static void with_params_twice(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\4\0\4\xc0\0\2\1\0\4\0\4\xc0\0\2\2", 16);
	build_data_end(&m, at);
}

static void with_hint_of_5_octets(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\4\0\5\xc0\0\2\1\1", 9);
	build_data_end(&m, at);
}

static void with_empty_hint(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\4\0\0", 4);
	build_data_end(&m, at);
}

static void with_param_too_long(void)
{
	size_t at = svcb_start(65, 1, "");

	build_bytes(&m, "\0\4\0\xff\xc0\0\2\1", 8);
	build_data_end(&m, at);
}

static void with_svcb_name_cut(void)
{
	size_t at;

	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", 65);
	at = build_record(&m, "@12", 65, 60);
	build_bytes(&m, "\0\1\5ab", 5);
	build_data_end(&m, at);
}

static void with_short_address(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, m.len - 6, 3);
	m.len--;
}

static void with_long_address(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, m.len - 6, 5);
	build_u8(&m, 0);
}

static void with_lying_length(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, m.len - 6, 0xffff);
}

static void with_lying_count(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 6, 0xffff);
}

static void with_pointer_loop(void)
{
	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", 1);
	build_address(&m, "@27", "192.0.2.1", 60);
}

static void with_pointer_loop_in_cname(void)
{
	size_t at;

	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", 1);
	at = build_record(&m, "@12", 5, 60);
	build_bytes(&m, "\1x\xc0\x27", 4);
	build_data_end(&m, at);
}

static void with_cname_and_rest(void)
{
	size_t at;

	build_head(&m, 7, DNS_ANSWER, 1);
	build_question(&m, "a.example", 1);
	at = build_record(&m, "@12", 5, 60);
	build_name(&m, "b.example");
	build_u8(&m, 1);
	build_data_end(&m, at);
}

static void with_bad_label(void)
{
	build_head(&m, 7, DNS_ANSWER, 0);
	build_bytes(&m, "\x41x\0\0\1\0\1", 7);
}

static void with_two_questions(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 4, 2);
}

static void with_eleven_octets(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	m.len = 11;
}

static void with_nothing(void)
{
	m.len = 0;
}

static void with_update(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 2, 0xa800);
}

static void with_failure(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 2, DNS_ANSWER | 3);
}

static void with_bare_failure(void)
{
	m.len = 0;
	build_u32(&m, 7U << 16 | DNS_ANSWER | 1);
	build_u32(&m, 0);
	build_u32(&m, 0);
}

static void with_truncation(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 2, DNS_ANSWER | 0x200);
}

static void with_chaos_question(void)
{
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 12 + 11 + 2, 3);
}

static void with_65_addresses(void)
{
	char text[32];

	build_head(&m, 7, DNS_ANSWER, 65);
	build_question(&m, "a.example", 1);
	for (int i = 0; i < 65; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		build_address(&m, "@12", text, 60);
	}
}

static void with_many_names(void)
{
	char text[32];

	build_head(&m, 7, DNS_ANSWER, 61);
	build_question(&m, "a.example", 1);
	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		build_address(&m, text, "192.0.2.1", 60);
	}
	build_address(&m, "@12", "192.0.2.2", 60);
}

static const struct {
	void (*build)(void);
	const char *said;     /* NULL: not looked at */
	enum counter counter; /* that must be 1; COUNTER_COUNT: none of the bad ones */
} messages[] = {
	{with_several, MAC "example.com = 192.0.2.1/60 192.0.2.2/0 2001:db8::1/2147483648\n",
	 COUNTER_COUNT},
	{with_part_of_the_name, "", COUNTER_COUNT},
	{with_chain, MAC "a.example > b.example.net > c.example.org = 2001:db8::7/30\n",
	 COUNTER_COUNT},
	{with_chain_backwards, MAC "a.example > b.example.net > c.example.org = 192.0.2.7/30\n",
	 COUNTER_COUNT},
	{with_loop, MAC "a.example > b.example > c.example = 192.0.2.7/30\n",
	 COUNTER_MALFORMED_DNS_CHAIN},
	{with_own_alias, "", COUNTER_MALFORMED_DNS_CHAIN},
	{with_chain_of_16,
	 MAC "n0 > n1 > n2 > n3 > n4 > n5 > n6 > n7 > n8 > n9 > n10 > n11 > n12 > n13 > n14 > n15"
	     " > n16 = 192.0.2.1/60\n",
	 COUNTER_COUNT},
	{with_chain_of_17, "", COUNTER_DNS_ANSWER_TOO_LONG},
	{with_other_types, MAC "a.example = 192.0.2.2/60\n", COUNTER_COUNT},
	{with_hints, MAC "a.example = 192.0.2.1/60 192.0.2.2/60 2001:db8::5/60\n", COUNTER_COUNT},
	{with_svcb, MAC "a.example = 192.0.2.1/60\n", COUNTER_COUNT},
	{with_alias_mode, "", COUNTER_COUNT},
	{with_params_out_of_order, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_params_twice, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_hint_of_5_octets, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_empty_hint, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_param_too_long, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_svcb_name_cut, "", COUNTER_MALFORMED_DNS_SVCB},
	{with_short_address, "", COUNTER_MALFORMED_DNS_RECORD},
	{with_long_address, "", COUNTER_MALFORMED_DNS_RECORD},
	{with_lying_length, "", COUNTER_MALFORMED_DNS_RECORD},
	{with_lying_count, "", COUNTER_MALFORMED_DNS_RECORD},
	{with_pointer_loop, "", COUNTER_MALFORMED_DNS_POINTER},
	{with_pointer_loop_in_cname, "", COUNTER_MALFORMED_DNS_POINTER},
	{with_cname_and_rest, "", COUNTER_MALFORMED_DNS_RECORD},
	{with_bad_label, "", COUNTER_MALFORMED_DNS_NAME},
	{with_two_questions, "", COUNTER_MALFORMED_DNS_HEADER},
	{with_eleven_octets, "", COUNTER_MALFORMED_DNS_HEADER},
	{with_nothing, "", COUNTER_MALFORMED_DNS_HEADER},
	{with_update, "", COUNTER_COUNT},
	{with_failure, "", COUNTER_DNS_FAILED},
	{with_bare_failure, "", COUNTER_DNS_FAILED},
	{with_truncation, MAC "a.example = 192.0.2.1/60\n", COUNTER_DNS_TRUNCATED},
	{with_chaos_question, "", COUNTER_COUNT},
	{with_65_addresses, NULL, COUNTER_DNS_ANSWER_TOO_LONG},
	{with_many_names, NULL, COUNTER_DNS_ANSWER_TOO_LONG},
};

static const enum counter bad_counters[] = {
	COUNTER_DNS_FAILED,
	COUNTER_DNS_TRUNCATED,
	COUNTER_DNS_ANSWER_TOO_LONG,
	COUNTER_DNS_MESSAGE_CUT,
	COUNTER_MALFORMED_DNS_HEADER,
	COUNTER_MALFORMED_DNS_NAME,
	COUNTER_MALFORMED_DNS_POINTER,
	COUNTER_MALFORMED_DNS_RECORD,
	COUNTER_MALFORMED_DNS_SVCB,
	COUNTER_MALFORMED_DNS_CHAIN,
};

static void messages_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

		messages[i].build();
		fixture_udp(f, &to_client, &m);
		if (messages[i].said)
			assert_string_equal(f->said, messages[i].said);
		for (size_t c = 0; c < sizeof(bad_counters) / sizeof(*bad_counters); c++)
			if (f->counts.n[bad_counters[c]] !=
			    (bad_counters[c] == messages[i].counter))
				fail_msg("message %zu: counter %d", i, bad_counters[c]);
	}
}

/* Every message, cut at every length: by the sender, and by the capture. Addresses never change. */
static void messages_cut_anywhere(void **state)
{
	static struct build frame;

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

		messages[i].build();
		frame_udp(&frame, &to_client, m.data, m.len);
		for (size_t n = 0; n < frame.len; n++) {
			fixture_clear(f);
			fixture_frame_cut(f, &frame, n);
		}
		for (size_t n = m.len; n-- > 0;) {
			fixture_clear(f);
			m.len = n;
			fixture_udp(f, &to_client, &m);
		}
	}
}

/* A capture that ends within a message: whole records count, and it is said. */
static void capture_cut_keeps_whole_records(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	static struct build frame;

	(void)state;
	build_head(&m, 7, DNS_ANSWER, 2);
	build_question(&m, "a.example", 1);
	build_address(&m, "@12", "192.0.2.1", 60);
	build_address(&m, "@12", "192.0.2.2", 60);
	frame_udp(&frame, &to_client, m.data, m.len);
	fixture_frame_cut(f, &frame, frame.len - 1);
	assert_string_equal(f->said, MAC "a.example = 192.0.2.1/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_MESSAGE_CUT], 1);
	fixture_clear(f);
	fixture_frame_cut(f, &frame, 14 + 20 + 8 + 14);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_DNS_MESSAGE_CUT], 2);
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_NAME], 0);
}

static void live_answers_need_their_query(void **state)
{
	static const struct ends others[] = {
		{"192.168.1.1", "192.168.1.11", 53, 40000}, /* another client */
		{"192.168.1.2", "192.168.1.10", 53, 40000}, /* another server */
		{"192.168.1.1", "192.168.1.10", 53, 40001}, /* another port */
	};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&live);

	(void)state;
	query_for(f, &to_server, 7, "A.example");
	answer_with_one_address(7, "a.example", "192.0.2.1");
	for (size_t i = 0; i < 3; i++)
		fixture_udp(f, &others[i], &m);
	answer_with_one_address(8, "a.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	answer_with_one_address(7, "b.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	answer_with_one_address(7, "a.example", "192.0.2.1");
	build_put16(&m, 23, 28);
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_DNS_UNSOLICITED], 6);
	answer_with_one_address(7, "a.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_UNSOLICITED], 6);
	assert_int_equal(f->counts.n[COUNTER_DNS_QUERIES], 1);
	assert_int_equal(f->counts.n[COUNTER_DNS_ANSWERS], 7);
}

static void one_query_takes_one_answer(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&live);

	(void)state;
	query_for(f, &to_server, 7, "a.example");
	answer_with_one_address(7, "a.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	fixture_clear(f);
	fixture_udp(f, &to_client, &m); /* the same once more is fine */
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
	fixture_clear(f);
	answer_with_one_address(7, "a.example", "192.0.2.66");
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_DNS_UNSOLICITED], 1);
	query_for(f, &to_server, 7, "a.example"); /* asked again: answered again */
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, IP "a.example = 192.0.2.66/60\n");
}

/* A malformed answer, which the client drops, must not use up the query. */
static void malformed_answer_leaves_query_open(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&live);

	(void)state;
	query_for(f, &to_server, 7, "a.example");
	with_short_address();
	fixture_udp(f, &to_client, &m);
	answer_with_one_address(7, "a.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
}

static void queries_go_stale(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&live);

	(void)state;
	query_for(f, &to_server, 7, "a.example");
	answer_with_one_address(7, "a.example", "192.0.2.1");
	f->now_ns += 11 * SECOND;
	fixture_udp(f, &to_client, &m);
	f->now_ns -= 13 * SECOND;
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_DNS_UNSOLICITED], 2);
	f->now_ns += 11 * SECOND;
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
}

static void open_queries_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&live);

	(void)state;
	for (unsigned int id = 0; id < 1000; id++)
		query_for(f, &to_server, id, "a.example");
	assert_true(f->counts.n[COUNTER_DNS_QUERIES_FULL] >= 1000 - 64);
	for (unsigned int id = 0; id < 1000; id++) {
		answer_with_one_address(id, "a.example", "192.0.2.1");
		fixture_udp(f, &to_client, &m);
	}
	assert_true(f->counts.n[COUNTER_DNS_UNSOLICITED] >= 1000 - 64);
	assert_true(f->counts.n[COUNTER_DNS_UNSOLICITED] < 1000);
}

static void replay_takes_one_sided_answers(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	answer_with_one_address(7, "a.example", "192.0.2.1");
	fixture_udp(f, &to_client, &m);
	assert_string_equal(f->said, MAC "a.example = 192.0.2.1/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_ONE_SIDED], 1);
	query_for(f, &to_server, 7, "a.example");
	fixture_udp(f, &to_client, &m);
	assert_int_equal(f->counts.n[COUNTER_DNS_ONE_SIDED], 1);
}

/* Answers come from port 53 and queries go there; anything else lies. */
static void directions_are_held(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	answer_with_one_address(7, "a.example", "192.0.2.1");
	fixture_udp(f, &to_server, &m);
	query_for(f, &to_client, 7, "a.example");
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_HEADER], 2);
}

static void subject_without_mac_is_the_address(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	static struct build frame;
	struct frame raw;
	struct packet p;

	(void)state;
	answer_with_one_address(7, "a.example", "192.0.2.1");
	frame_udp(&frame, &to_client, m.data, m.len);
	raw = (struct frame){.data = frame.data + 14,
			     .cap_len = (uint32_t)frame.len - 14,
			     .wire_len = (uint32_t)frame.len - 14,
			     .time_ns = f->now_ns,
			     .link = LINK_RAW};
	assert_int_equal(
		packet_parse(&p, raw.data, raw.data + raw.cap_len, raw.wire_len, LINK_RAW), 0);
	observer_packet(f->observer, &raw, &p);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
	fixture_clear(f);
	raw.has_mac = true;
	memcpy(raw.dst_mac, "\2\0\0\0\0\x22", 6);
	observer_packet(f->observer, &raw, &p);
	assert_string_equal(f->said, "mac:02:00:00:00:00:22 a.example = 192.0.2.1/60\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_decode),
		cmocka_unit_test(messages_cut_anywhere),
		cmocka_unit_test(capture_cut_keeps_whole_records),
		cmocka_unit_test(live_answers_need_their_query),
		cmocka_unit_test(one_query_takes_one_answer),
		cmocka_unit_test(malformed_answer_leaves_query_open),
		cmocka_unit_test(queries_go_stale),
		cmocka_unit_test(open_queries_are_bounded),
		cmocka_unit_test(replay_takes_one_sided_answers),
		cmocka_unit_test(directions_are_held),
		cmocka_unit_test(subject_without_mac_is_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
