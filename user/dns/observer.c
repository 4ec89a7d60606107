// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/observer.h"

#include <stdlib.h>

#include "dns/observer_parts.h"

struct observer *observer_new(const struct observer_config *config, answer_sink *sink,
			      void *sink_ctx, struct counts *counts)
{
	struct observer *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->config = *config;
	o->sink = sink;
	o->sink_ctx = sink_ctx;
	o->counts = counts;
	o->queries = query_table_new(config->max_queries);
	o->streams = stream_set_new(config->max_streams);
	o->datagrams = datagram_set_new(config->max_datagrams);
	if (!o->queries || !o->streams || !o->datagrams) {
		observer_free(o);
		return NULL;
	}
	return o;
}

void observer_free(struct observer *o)
{
	if (!o)
		return;
	query_table_free(o->queries);
	stream_set_free(o->streams);
	datagram_set_free(o->datagrams);
	free(o);
}

bool observer_wants(const struct packet *p)
{
	return packet_is_dns(p);
}

struct dns_message observer_message_of(const struct observer *o, const struct frame *frame,
				       const struct packet *p)
{
	struct dns_message m = {
		.time_ns = frame->time_ns,
		.src = p->src,
		.dst = p->dst,
		.src_port = p->src_port,
		.dst_port = p->dst_port,
		.tcp = p->ip_proto == WIRE_TCP,
		.client = packet_subject(p, o->config.subject, 0),
	};

	if (o->config.subject == SUBJECT_MAC && !p->has_mac && frame->has_mac)
		m.client = subject_mac(frame->dst_mac);
	return m;
}

static void observer_datagram(struct observer *o, const struct frame *frame,
			      const struct packet *p)
{
	struct dns_message m = observer_message_of(o, frame, p);

	m.len = packet_payload_captured(p, frame->cap_len);
	if (m.len)
		m.data = frame->data + p->payload_off;
	else
		m.data = frame->data;
	m.cut = m.len < p->payload_len;
	observer_message(o, &m);
}

void observer_packet(struct observer *o, const struct frame *frame, const struct packet *p)
{
	if (!observer_wants(p))
		return;
	if (p->ip_proto == WIRE_UDP && p->frag)
		observer_fragment(o, frame, p);
	else if (p->ip_proto == WIRE_UDP)
		observer_datagram(o, frame, p);
	else if (p->ip_proto == WIRE_TCP && !p->frag)
		observer_segment(o, frame, p);
}
