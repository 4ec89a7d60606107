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
	.subject = SUBJECT_IP, .max_queries = 64, .max_streams = 4, .max_datagrams = 4};

#define IP "ip:192.168.1.10 "
#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16
#define SECOND 1000000000LL

static struct build m;
static struct build frame;

/* A stream of two answers, "a.example" at 192.0.2.1 and "b.example" at 192.0.2.2. */
static struct build stream;
#define ISN 0xfffffff0U /* so that sequence numbers wrap */
#define BOTH IP "a.example = 192.0.2.1/60\n" IP "b.example = 192.0.2.2/60\n"

static void stream_message(unsigned int id, const char *name, const char *address)
{
	build_head(&m, id, DNS_ANSWER, 1);
	build_question(&m, name, 1);
	build_address(&m, "@12", address, 60);
	build_u16(&stream, (unsigned int)m.len);
	build_bytes(&stream, m.data, m.len);
}

static void stream_build(void)
{
	stream.len = 0;
	stream_message(1, "a.example", "192.0.2.1");
	stream_message(2, "b.example", "192.0.2.2");
}

static void send_flags(struct fixture *f, uint32_t seq, unsigned int flags)
{
	frame_tcp(&frame, &to_client, seq, flags, NULL, 0);
	fixture_frame(f, &frame);
}

static void send_part(struct fixture *f, size_t from, size_t to)
{
	frame_tcp(&frame, &to_client, ISN + 1 + (uint32_t)from, ACK, stream.data + from,
		  to - from);
	fixture_frame(f, &frame);
}

static void stream_in_one_segment(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	stream_build();
	send_flags(f, ISN, SYN | ACK);
	send_part(f, 0, stream.len);
	assert_string_equal(f->said, BOTH);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 0);
}

static void stream_split_anywhere(void **state)
{
	(void)state;
	stream_build();
	for (size_t a = 1; a < stream.len; a++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

		send_flags(f, ISN, SYN | ACK);
		send_part(f, 0, a);
		send_part(f, a, stream.len);
		assert_string_equal(f->said, BOTH);
	}
}

static void stream_byte_by_byte(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	stream_build();
	send_flags(f, ISN, SYN | ACK);
	for (size_t i = 0; i < stream.len; i++)
		send_part(f, i, i + 1);
	assert_string_equal(f->said, BOTH);
}

/* Three parts in every order, each sent twice, and one part that spans two of them. */
static void stream_out_of_order(void **state)
{
	static const int orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	stream_build();
	for (size_t o = 0; o < 5; o++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
		size_t third = stream.len / 3;

		send_flags(f, ISN, SYN | ACK);
		for (int i = 0; i < 3; i++) {
			size_t from = (size_t)orders[o][i] * third;
			size_t to = orders[o][i] == 2 ? stream.len : from + third;

			send_part(f, from, to);
			send_part(f, from, to);
		}
		send_part(f, third / 2, stream.len - third / 2);
		assert_string_equal(f->said, BOTH);
		assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 0);
	}
}

/* A lost segment is a gap; the stream goes on with the next message that starts a segment. */
static void stream_with_a_hole(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	size_t first;

	(void)state;
	stream.len = 0;
	stream_message(1, "lost.example", "192.0.2.1");
	first = stream.len;
	stream_message(2, "b.example", "192.0.2.2");
	send_flags(f, ISN, SYN | ACK);
	for (int i = 0; i < 4; i++) /* as many early segments as are kept, and one more */
		send_part(f, first + 5 * (size_t)i + 1, first + 5 * (size_t)i + 2);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 0);
	send_part(f, first, stream.len);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 1);
	assert_string_equal(f->said, IP "b.example = 192.0.2.2/60\n");
}

/* A segment too far ahead is not kept. */
static void stream_beyond_the_window(void **state)
{
	static const uint8_t octets[16] = {0};
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	send_flags(f, ISN, SYN | ACK);
	frame_tcp(&frame, &to_client, ISN + 1 + 8192 - 16, ACK, octets, 16);
	fixture_frame(f, &frame);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 0);
	frame_tcp(&frame, &to_client, ISN + 1 + 8192 - 15, ACK, octets, 16);
	fixture_frame(f, &frame);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 1);
}

static void stream_joined_late(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	stream_build();
	send_part(f, 3, 20); /* no start of a message: ignored */
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAM_GAP], 1);
	send_part(f, 0, stream.len);
	assert_string_equal(f->said, BOTH);
}

/* A message longer than the window is stepped over; the one behind it comes out. */
static void stream_message_too_long(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	static uint8_t zeros[20000];

	(void)state;
	stream.len = 0;
	build_u16(&stream, sizeof(zeros));
	build_bytes(&stream, zeros, sizeof(zeros));
	stream_message(2, "b.example", "192.0.2.2");
	send_flags(f, ISN, SYN | ACK);
	for (size_t at = 0; at < stream.len; at += 1460)
		send_part(f, at, at + 1460 < stream.len ? at + 1460 : stream.len);
	assert_string_equal(f->said, IP "b.example = 192.0.2.2/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_ANSWER_TOO_LONG], 1);
}

static void stream_with_a_lying_length(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	stream_build();
	build_put16(&stream, 0, 11);
	send_flags(f, ISN, SYN | ACK);
	send_part(f, 0, stream.len);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_TCP], 1);
}

static void stream_cut_by_the_capture(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	stream_build();
	send_flags(f, ISN, SYN | ACK);
	frame_tcp(&frame, &to_client, ISN + 1, ACK, stream.data, stream.len);
	fixture_frame_cut(f, &frame, frame.len - 4);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_MESSAGE_CUT], 1);
}

/* More connections than there is room for: the one longest quiet goes, a busy one counted. */
static void streams_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	struct ends e = to_client;

	(void)state;
	for (e.dst_port = 1; e.dst_port <= 5; e.dst_port++) {
		frame_tcp(&frame, &e, ISN, SYN | ACK, NULL, 0);
		fixture_frame(f, &frame);
	}
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAMS_FULL], 1);
	f->now_ns += 60 * SECOND;
	frame_tcp(&frame, &e, ISN, SYN | ACK, NULL, 0);
	fixture_frame(f, &frame);
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAMS_FULL], 1);
}

static void closed_streams_make_room(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	struct ends e = to_client;

	(void)state;
	for (e.dst_port = 1; e.dst_port <= 20; e.dst_port++) {
		frame_tcp(&frame, &e, ISN, SYN | ACK, NULL, 0);
		fixture_frame(f, &frame);
		frame_tcp(&frame, &e, ISN + 1, e.dst_port % 2 ? FIN | ACK : RST, NULL, 0);
		fixture_frame(f, &frame);
	}
	assert_int_equal(f->counts.n[COUNTER_DNS_STREAMS_FULL], 0);
}

/* Live: the query and its answer over TCP, each split. */
static void stream_query_joins_answer(void **state)
{
	struct observer_config live = replay;
	struct fixture *f CLEANUP_FIXTURE = NULL;

	(void)state;
	live.need_query = true;
	f = fixture_new(&live);
	build_head(&m, 1, DNS_QUERY, 0);
	build_question(&m, "a.example", 1);
	stream.len = 0;
	build_u16(&stream, (unsigned int)m.len);
	build_bytes(&stream, m.data, m.len);
	frame_tcp(&frame, &to_server, 99, SYN, NULL, 0);
	fixture_frame(f, &frame);
	frame_tcp(&frame, &to_server, 100, ACK, stream.data, 2);
	fixture_frame(f, &frame);
	frame_tcp(&frame, &to_server, 102, ACK, stream.data + 2, stream.len - 2);
	fixture_frame(f, &frame);
	stream_build();
	send_flags(f, ISN, SYN | ACK);
	send_part(f, 0, 30);
	send_part(f, 30, stream.len);
	assert_string_equal(f->said, IP "a.example = 192.0.2.1/60\n");
	assert_int_equal(f->counts.n[COUNTER_DNS_UNSOLICITED], 1);
}

static const struct ends v6 = {"2001:db8::1", "2001:db8::10", 53, 40000};
static struct build datagram;

/* A UDP datagram with 40 addresses, about 700 octets. */
static void datagram_build(void)
{
	build_head(&m, 7, DNS_ANSWER, 40);
	build_question(&m, "a.example", 1);
	for (int i = 0; i < 40; i++)
		build_address(&m, "@12", "192.0.2.1", 60);
	datagram.len = 0;
	udp_header(&datagram, &to_client, m.len);
	build_bytes(&datagram, m.data, m.len);
}

static void send_fragment(struct fixture *f, const struct ends *e, size_t from, size_t to)
{
	if (to > datagram.len)
		to = datagram.len;
	frame_fragment(&frame, e, 77, datagram.data, from, to, to < datagram.len);
	fixture_frame(f, &frame);
}

static void fragments_in_any_order(void **state)
{
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	datagram_build();
	for (size_t o = 0; o < 12; o++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

		for (int i = 0; i < 3; i++) {
			size_t from = 240 * (size_t)orders[o % 6][i];
			size_t to = from == 480 ? datagram.len : from + 240;

			assert_string_equal(f->said, "");
			send_fragment(f, o < 6 ? &to_client : &v6, from, to);
			if (i < 2) /* a copy changes nothing */
				send_fragment(f, o < 6 ? &to_client : &v6, from, to);
		}
		assert_non_null(strstr(f->said, "a.example = 192.0.2.1/60 192.0.2.1/60"));
		assert_int_equal(f->counts.n[COUNTER_DNS_ANSWERS], 1);
		assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 0);
	}
}

/* What spoils a datagram: overlap, an end before what is there, two ends, a hole never filled. */
static void fragments_that_contradict(void **state)
{
	static const struct {
		size_t parts[4][2];
	} cases[] = {
		{{{0, 240}, {232, 480}, {480, 9999}, {240, 480}}},
		{{{0, 240}, {0, 232}, {240, 480}, {480, 9999}}},
		{{{480, 9999}, {0, 240}, {240, 488}, {240, 480}}},
	};

	(void)state;
	datagram_build();
	for (size_t c = 0; c < 3; c++) {
		struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

		for (int i = 0; i < 4; i++)
			send_fragment(f, &to_client, cases[c].parts[i][0], cases[c].parts[i][1]);
		assert_string_equal(f->said, "");
		assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
	}
}

static void fragments_with_two_ends(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	datagram_build();
	send_fragment(f, &to_client, 0, 240);
	frame_fragment(&frame, &to_client, 77, datagram.data, 480, 500, 0);
	fixture_frame(f, &frame);
	frame_fragment(&frame, &to_client, 77, datagram.data, 504, 520, 0);
	fixture_frame(f, &frame);
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
	send_fragment(f, &to_client, 240, 480);
	assert_string_equal(f->said, "");
}

static void fragments_that_end_too_early(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	datagram_build();
	send_fragment(f, &to_client, 0, 240);
	send_fragment(f, &to_client, 480, 504);
	frame_fragment(&frame, &to_client, 77, datagram.data, 240, 300, 0);
	fixture_frame(f, &frame);
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
}

static void fragments_too_many_or_too_far(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);
	static uint8_t zeros[16000];

	(void)state;
	datagram_build();
	send_fragment(f, &to_client, 0, 64);
	for (size_t at = 64; at < 640; at += 16)
		send_fragment(f, &to_client, at, at + 16);
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
	frame_fragment(&frame, &to_client, 78, zeros, 12000, 13000, 1);
	fixture_frame(f, &frame); /* nothing says that this is DNS */
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
	frame_fragment(&frame, &to_client, 78, datagram.data, 0, 240, 1);
	fixture_frame(f, &frame); /* this does */
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 2);
}

static void fragments_with_a_lying_udp_length(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	datagram_build();
	build_put16(&datagram, 4, (unsigned int)datagram.len + 1);
	send_fragment(f, &to_client, 0, 240);
	send_fragment(f, &to_client, 240, 9999);
	assert_string_equal(f->said, "");
	assert_int_equal(f->counts.n[COUNTER_MALFORMED_DNS_FRAGMENT], 1);
}

/* Later fragments of something else do not push out a datagram known to be DNS. */
static void datagrams_are_bounded(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	datagram_build();
	send_fragment(f, &to_client, 0, 240);
	for (unsigned int id = 100; id < 110; id++) {
		frame_fragment(&frame, &to_client, id, datagram.data, 240, 480, 1);
		fixture_frame(f, &frame);
	}
	assert_int_equal(f->counts.n[COUNTER_DNS_FRAGMENTS_FULL], 7);
	send_fragment(f, &to_client, 240, 9999);
	assert_int_equal(f->counts.n[COUNTER_DNS_ANSWERS], 1);
}

static void datagrams_expire(void **state)
{
	struct fixture *f CLEANUP_FIXTURE = fixture_new(&replay);

	(void)state;
	datagram_build();
	send_fragment(f, &to_client, 0, 240);
	f->now_ns += 31 * SECOND;
	send_fragment(f, &to_client, 240, 9999);
	assert_int_equal(f->counts.n[COUNTER_DNS_FRAGMENTS_EXPIRED], 1);
	assert_int_equal(f->counts.n[COUNTER_DNS_ANSWERS], 0);
	send_fragment(f, &to_client, 0, 240); /* within time of the other one */
	assert_int_equal(f->counts.n[COUNTER_DNS_ANSWERS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_in_one_segment),
		cmocka_unit_test(stream_split_anywhere),
		cmocka_unit_test(stream_byte_by_byte),
		cmocka_unit_test(stream_out_of_order),
		cmocka_unit_test(stream_with_a_hole),
		cmocka_unit_test(stream_beyond_the_window),
		cmocka_unit_test(stream_joined_late),
		cmocka_unit_test(stream_message_too_long),
		cmocka_unit_test(stream_with_a_lying_length),
		cmocka_unit_test(stream_cut_by_the_capture),
		cmocka_unit_test(streams_are_bounded),
		cmocka_unit_test(closed_streams_make_room),
		cmocka_unit_test(stream_query_joins_answer),
		cmocka_unit_test(fragments_in_any_order),
		cmocka_unit_test(fragments_that_contradict),
		cmocka_unit_test(fragments_with_two_ends),
		cmocka_unit_test(fragments_that_end_too_early),
		cmocka_unit_test(fragments_too_many_or_too_far),
		cmocka_unit_test(fragments_with_a_lying_udp_length),
		cmocka_unit_test(datagrams_are_bounded),
		cmocka_unit_test(datagrams_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
