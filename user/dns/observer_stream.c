// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages out of TCP segments (RFC 1035 4.2.2), each direction of a connection by itself. data[]
 * is a window on the stream: `have` octets from `seq` on are there without a hole, and a few ranges
 * behind the first hole. What does not fit is a gap: the stream starts anew where a message seems
 * to.
 */
#include <stdlib.h>

#include "base/table.h"
#include "dns/observer_parts.h"

#define STREAM_WINDOW                                                                             \
	8192            /* a longer message is skipped: 64 addresses and their names need less */
#define STREAM_RANGES 4 /* segments that came early */
#define STREAM_BUSY_NS 30000000000LL /* one quiet for longer is no loss */

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4

struct stream_key {
	struct addr src;
	struct addr dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t pad;
};

struct range {
	uint32_t from; /* from data[0] on */
	uint32_t to;
};

struct stream {
	struct stream_key key;
	int64_t last_ns;
	uint32_t seq; /* of data[0] */
	uint32_t have;
	uint32_t skip; /* octets of a message too long that are still to come */
	uint32_t range_count;
	bool synced; /* data[0] is where a message starts, but for skip */
	struct range ranges[STREAM_RANGES];
	uint8_t data[STREAM_WINDOW];
};

struct stream_set {
	struct slots slots;
	struct stream *streams;
};

/* One segment's payload. */
struct segment {
	const uint8_t *data;
	uint32_t len;
	uint32_t seq;
	bool answers; /* flows from the server */
};

struct stream_set *stream_set_new(uint32_t max)
{
	struct stream_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (!max)
		max = 1;
	s->streams = calloc(max, sizeof(*s->streams));
	if (!s->streams || slots_init(&s->slots, sizeof(struct stream_key), max)) {
		free(s->streams);
		free(s);
		return NULL;
	}
	return s;
}

void stream_set_free(struct stream_set *s)
{
	if (!s)
		return;
	slots_clean(&s->slots);
	free(s->streams);
	free(s);
}

static void stream_start(struct stream *t, uint32_t seq)
{
	t->seq = seq;
	t->have = t->skip = t->range_count = 0;
	t->synced = true;
}

static struct stream *stream_of(struct observer *o, const struct packet *p, int64_t now_ns)
{
	struct stream_set *s = o->streams;
	struct stream_key key = {p->src, p->dst, p->src_port, p->dst_port, 0};
	uint32_t i = slots_find(&s->slots, &key);
	struct stream *t;

	if (i == SLOT_NONE) {
		if (slots_count(&s->slots) == s->slots.max) {
			t = &s->streams[s->slots.oldest];
			if (elapsed_ns(now_ns, t->last_ns) <= STREAM_BUSY_NS)
				o->counts->n[COUNTER_DNS_STREAMS_FULL]++;
			slots_del(&s->slots, &t->key);
		}
		i = slots_add(&s->slots, &key);
		if (i == SLOT_NONE)
			return NULL;
		s->streams[i].key = key;
		s->streams[i].synced = false;
	}
	slots_touch(&s->slots, i);
	t = &s->streams[i];
	t->last_ns = now_ns;
	return t;
}

/* Moves the window on by n octets that were there. */
static void stream_consume(struct stream *t, uint32_t n)
{
	uint32_t end = t->have;

	for (uint32_t i = 0; i < t->range_count; i++) {
		if (t->ranges[i].to > end)
			end = t->ranges[i].to;
		t->ranges[i].from -= n;
		t->ranges[i].to -= n;
	}
	memmove(t->data, t->data + n, end - n);
	t->seq += n;
	t->have -= n;
}

/* Hands over the messages that are whole. False: the stream makes no sense any more. */
static bool stream_deliver(struct observer *o, struct stream *t, struct dns_message *m)
{
	while (t->skip ? t->have > 0 : t->have >= 2) {
		uint32_t len = (uint32_t)t->data[0] << 8 | t->data[1];
		uint32_t n = t->skip < t->have ? t->skip : t->have;

		if (t->skip) {
			t->skip -= n;
			stream_consume(t, n);
			continue;
		}
		if (len < DNS_HEADER_LEN) {
			o->counts->n[COUNTER_MALFORMED_DNS_TCP]++;
			return false;
		}
		if (len + 2 > STREAM_WINDOW) {
			o->counts->n[COUNTER_DNS_ANSWER_TOO_LONG]++;
			t->skip = len + 2;
			continue;
		}
		if (t->have < len + 2)
			return true;
		m->data = t->data + 2;
		m->len = len;
		observer_message(o, m);
		stream_consume(t, len + 2);
	}
	return true;
}

/* Ranges that the octets at hand now reach become part of them. */
static void ranges_join(struct stream *t)
{
	for (uint32_t i = 0; i < t->range_count;) {
		if (t->ranges[i].from > t->have) {
			i++;
			continue;
		}
		if (t->ranges[i].to > t->have)
			t->have = t->ranges[i].to;
		t->ranges[i] = t->ranges[--t->range_count];
		i = 0;
	}
}

/* A segment behind a hole. False when there is no room for it. */
static bool stream_keep(struct stream *t, const struct segment *g, uint32_t from)
{
	struct range *r = t->ranges;

	if (from > STREAM_WINDOW || g->len > STREAM_WINDOW - from)
		return false;
	while (r < t->ranges + t->range_count && (r->from != from || r->to != from + g->len))
		r++;
	if (r == t->ranges + STREAM_RANGES)
		return false;
	if (r == t->ranges + t->range_count)
		t->range_count++;
	*r = (struct range){from, from + g->len};
	memcpy(t->data + from, g->data, g->len);
	return true;
}

/* Octets that follow those at hand, with more in them than one window if need be. */
static bool stream_append(struct observer *o, struct stream *t, struct segment g,
			  struct dns_message *m)
{
	while (g.len) {
		uint32_t room = STREAM_WINDOW - t->have;
		uint32_t n = g.len < room ? g.len : room;

		memcpy(t->data + t->have, g.data, n);
		t->have += n;
		g.data += n;
		g.len -= n;
		ranges_join(t);
		if (!stream_deliver(o, t, m))
			return false;
	}
	return true;
}

/* Does a message seem to start with this segment? */
static bool segment_starts_message(const struct segment *g)
{
	const uint8_t *d = g->data;

	if (g->len < 2 || (d[0] << 8 | d[1]) < DNS_HEADER_LEN)
		return false;
	if (g->len < 2 + DNS_HEADER_LEN)
		return g->len == 2;
	return !!(d[4] & 0x80) == g->answers && !(d[4] & 0x78) && !d[6] && d[7] == 1;
}

/* False: a gap. */
static bool stream_take(struct observer *o, struct stream *t, struct segment g,
			struct dns_message *m)
{
	int32_t ahead = (int32_t)(g.seq - t->seq);
	uint32_t known;

	if (ahead > (int32_t)t->have)
		return stream_keep(t, &g, (uint32_t)ahead);
	known = t->have - (uint32_t)ahead;
	if (known >= g.len)
		return true;
	g.data += known;
	g.len -= known;
	if (!stream_append(o, t, g, m))
		t->synced = false;
	return true;
}

static void stream_segment(struct observer *o, struct stream *t, const struct segment *g,
			   struct dns_message *m)
{
	bool starts;

	if (t->synced && stream_take(o, t, *g, m))
		return;
	starts = segment_starts_message(g);
	if (t->synced || !starts)
		o->counts->n[COUNTER_DNS_STREAM_GAP]++;
	t->synced = false;
	if (!starts)
		return;
	stream_start(t, g->seq);
	stream_take(o, t, *g, m);
}

void observer_segment(struct observer *o, const struct frame *frame, const struct packet *p)
{
	struct segment g = {
		.len = packet_payload_captured(p, frame->cap_len),
		.answers = p->src_port == DNS_PORT,
	};
	bool start = p->tcp_flags & TCP_SYN;
	struct dns_message m;
	struct stream *t;

	if (!g.len && !(p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return;
	if (frame->cap_len < p->l4_off + 8)
		return;
	t = stream_of(o, p, frame->time_ns);
	if (!t)
		return;
	g.seq = wire_be32(frame->data + p->l4_off + 4) + start;
	if (start)
		stream_start(t, g.seq);
	if (g.len) {
		g.data = frame->data + p->payload_off;
		m = observer_message_of(o, frame, p);
		stream_segment(o, t, &g, &m);
	}
	if (g.len < p->payload_len) {
		o->counts->n[COUNTER_DNS_MESSAGE_CUT]++;
		t->synced = false;
	}
	if (p->tcp_flags & (TCP_FIN | TCP_RST) && !t->range_count)
		slots_del(&o->streams->slots, &t->key);
}
