/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From packets of port 53 to answers: joins queries with answers, TCP segments to messages, IP
 * fragments to datagrams, all within bounds.
 */
#ifndef HAYRAKE_OBSERVER_H
#define HAYRAKE_OBSERVER_H

#include "../../headers/wire.h"
#include "record.h"

struct observer_config {
	bool need_query; /* live: only answers to queries seen from that client */
	enum subject_kind subject;
	uint32_t max_queries;   /* open queries remembered */
	uint32_t max_streams;   /* TCP connections followed */
	uint32_t max_datagrams; /* fragmented datagrams put together */
};

struct observer;

struct observer *observer_new(const struct observer_config *config, answer_sink *sink,
			      void *sink_ctx, struct counts *counts);
void observer_free(struct observer *o);

/* True when the packet is for the observer: port 53, or a fragment of UDP. */
bool observer_wants(const struct packet *p);

/* Takes one packet; frame is borrowed. Calls the sink for each complete answer with addresses. */
void observer_packet(struct observer *o, const struct frame *frame, const struct packet *p);

#endif
