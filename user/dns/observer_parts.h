/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer's parts, for observer*.c and their tests only. */
#ifndef HAYRAKE_OBSERVER_PARTS_H
#define HAYRAKE_OBSERVER_PARTS_H

#include "../../headers/match.h"
#include "base/cursor.h"
#include "dns/observer.h"
#include "dns/slots.h"

#define DNS_HEADER_LEN 12
#define UDP_HEADER_LEN 8

/* now - then for any two times a capture may claim. */
static inline int64_t elapsed_ns(int64_t now_ns, int64_t then_ns)
{
	return (int64_t)((uint64_t)now_ns - (uint64_t)then_ns);
}

/* One DNS message, taken out of its transport. */
struct dns_message {
	const uint8_t *data;
	size_t len;
	int64_t time_ns;
	struct addr src;
	struct addr dst;
	uint16_t src_port;
	uint16_t dst_port;
	bool tcp;
	bool cut;              /* the capture ends before the message does */
	struct subject client; /* who the packet's destination is, when it is an answer */
};

/* Open queries: observer_query.c */

/* Longer than resolvers wait for an answer (RFC 1035 4.2.1 says 2 to 5 s). */
#define QUERY_LIFE_NS 10000000000LL
/* A capture may have a query and its answer in the wrong order by this much. */
#define QUERY_EARLY_NS 1000000000LL

/* What joins an answer with its query. No padding: it is hashed. */
struct query_key {
	struct addr client;
	struct addr server;
	uint64_t name_hash;
	uint16_t client_port;
	uint16_t id;
	uint16_t qtype;
	uint16_t tcp;
};
_Static_assert(sizeof(struct query_key) == 48, "no padding in query_key");

struct query_table;

struct query_table *query_table_new(uint32_t max);
void query_table_free(struct query_table *t);
/* Remembers an open query. True when another one, still open, had to go. */
bool query_add(struct query_table *t, const struct query_key *key, int64_t now_ns);
/*
 * True when a query waits for this answer, or the same answer (by the hash of its octets) was given
 * before. One query takes one answer.
 */
bool query_answer(struct query_table *t, const struct query_key *key, uint64_t answer_hash,
		  int64_t now_ns);

/* Messages: observer_message.c */

#define MESSAGE_NAMES 40         /* distinct names of one answer that are told apart */
#define MESSAGE_NAME_BYTES 16384 /* their text */

struct message_name {
	const char *text;
	uint16_t len;
	uint16_t off;      /* where the message has it */
	uint16_t alias_of; /* index of its CNAME target, or NAME_NONE */
	uint16_t on_chain;
};
#define NAME_NONE UINT16_MAX

/* Scratch room of the decoder; what an answer points to lives here until the next message. */
struct message_scratch {
	struct dns_answer answer;
	uint16_t owner[ANSWER_ADDRESSES_MAX]; /* names index of each address's owner */
	uint16_t name_count;
	bool too_long;
	size_t text_used;
	struct message_name names[MESSAGE_NAMES];
	char text[MESSAGE_NAME_BYTES];
};

/* Takes one message: remembers a query, hands an answer with addresses to the sink. */
void observer_message(struct observer *o, const struct dns_message *m);

/* TCP: observer_stream.c */

struct stream_set;

struct stream_set *stream_set_new(uint32_t max);
void stream_set_free(struct stream_set *s);
void observer_segment(struct observer *o, const struct frame *frame, const struct packet *p);

/* IP fragments: observer_fragment.c */

struct datagram_set;

struct datagram_set *datagram_set_new(uint32_t max);
void datagram_set_free(struct datagram_set *s);
void observer_fragment(struct observer *o, const struct frame *frame, const struct packet *p);

struct observer {
	struct observer_config config;
	answer_sink *sink;
	void *sink_ctx;
	struct counts *counts;
	struct query_table *queries;
	struct stream_set *streams;
	struct datagram_set *datagrams;
	struct message_scratch scratch;
};

/* The message frame for a packet: addresses, ports, time and client; no data yet. */
struct dns_message observer_message_of(const struct observer *o, const struct frame *frame,
				       const struct packet *p);

#endif
