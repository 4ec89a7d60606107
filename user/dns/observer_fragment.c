// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP datagrams out of IP fragments, in any order. What overlaps, does not fit or contradicts
 * spoils its datagram, late fragments included (RFC 5722 4); a fragment seen twice does not.
 */
#include <stdlib.h>

#include "base/table.h"
#include "dns/observer_parts.h"

/* EDNS buffers are 4,096 at most in practice (RFC 6891 6.2.5); twice that, and the UDP header. */
#define DATAGRAM_MAX 8200
#define DATAGRAM_PIECES 16 /* fragments of 512 octets and more */
#define DATAGRAM_LIFE_NS 30000000000LL

struct datagram_key {
	struct addr src;
	struct addr dst;
	uint32_t id;
	uint32_t ip_version;
};

struct piece {
	uint16_t from;
	uint16_t to;
};

struct datagram {
	struct datagram_key key;
	int64_t first_ns;
	uint16_t piece_count;
	uint16_t got;   /* bytes of all pieces */
	uint16_t total; /* 0: the last fragment has not come */
	bool has_first; /* so its ports are known: DNS */
	bool ignored;   /* spoilt: its other fragments go nowhere */
	enum counter reason;
	uint16_t src_port;
	uint16_t dst_port;
	struct piece pieces[DATAGRAM_PIECES];
	uint8_t data[DATAGRAM_MAX];
};

struct datagram_set {
	struct slots slots;
	struct datagram *datagrams;
};

struct datagram_set *datagram_set_new(uint32_t max)
{
	struct datagram_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (!max)
		max = 1;
	s->datagrams = calloc(max, sizeof(*s->datagrams));
	if (!s->datagrams || slots_init(&s->slots, sizeof(struct datagram_key), max)) {
		free(s->datagrams);
		free(s);
		return NULL;
	}
	return s;
}

void datagram_set_free(struct datagram_set *s)
{
	if (!s)
		return;
	slots_clean(&s->slots);
	free(s->datagrams);
	free(s);
}

/* Incomplete ones go after a while; without its first fragment one may well not be DNS. */
static void datagrams_expire(struct observer *o, int64_t now_ns)
{
	struct datagram_set *s = o->datagrams;

	while (s->slots.oldest != SLOT_NONE) {
		struct datagram *d = &s->datagrams[s->slots.oldest];
		int64_t age = elapsed_ns(now_ns, d->first_ns);

		if (age >= -DATAGRAM_LIFE_NS && age <= DATAGRAM_LIFE_NS)
			return;
		o->counts->n[COUNTER_DNS_FRAGMENTS_EXPIRED] += d->has_first && !d->ignored;
		slots_del(&s->slots, &d->key);
	}
}

/* Whose place a new datagram takes: an ignored one, one not known to be DNS, the oldest. */
static uint32_t datagram_victim(const struct datagram_set *s)
{
	uint32_t victim = s->slots.oldest;

	for (uint32_t i = s->slots.oldest; i != SLOT_NONE; i = slots_next(&s->slots, i)) {
		if (s->datagrams[i].ignored)
			return i;
		if (s->datagrams[victim].has_first && !s->datagrams[i].has_first)
			victim = i;
	}
	return victim;
}

/* The datagram that the fragment belongs to, a new one if need be; NULL without memory. */
static struct datagram *datagram_of(struct observer *o, const struct frame *frame,
				    const struct packet *p)
{
	struct datagram_set *s = o->datagrams;
	struct datagram_key key = {p->src, p->dst, p->frag_id, p->ip_version};
	struct datagram *d;
	uint32_t i;

	datagrams_expire(o, frame->time_ns);
	i = slots_find(&s->slots, &key);
	if (i != SLOT_NONE)
		return &s->datagrams[i];
	if (slots_count(&s->slots) == s->slots.max) {
		d = &s->datagrams[datagram_victim(s)];
		o->counts->n[COUNTER_DNS_FRAGMENTS_FULL] += !d->ignored;
		slots_del(&s->slots, &d->key);
	}
	i = slots_add(&s->slots, &key);
	if (i == SLOT_NONE)
		return NULL;
	d = &s->datagrams[i];
	d->key = key;
	d->first_ns = frame->time_ns;
	d->piece_count = d->got = d->total = 0;
	d->has_first = d->ignored = false;
	return d;
}

/* 1: new octets; 0: an exact copy of a piece; -1: overlaps one, or is one too many. */
static int piece_add(struct datagram *d, struct piece new)
{
	for (uint16_t i = 0; i < d->piece_count; i++) {
		const struct piece *have = &d->pieces[i];

		if (have->from == new.from && have->to == new.to)
			return 0;
		if (new.from < have->to && have->from < new.to)
			return -1;
	}
	if (d->piece_count == DATAGRAM_PIECES)
		return -1;
	d->pieces[d->piece_count++] = new;
	d->got = (uint16_t)(d->got + (new.to - new.from));
	return 1;
}

/* True when the piece's end agrees with what is known of the datagram's length. */
static bool length_agrees(struct datagram *d, const struct piece *new, bool more)
{
	if (!more) {
		if (d->total && d->total != new->to)
			return false;
		for (uint16_t i = 0; i < d->piece_count; i++)
			if (d->pieces[i].to > new->to)
				return false;
		d->total = new->to;
	}
	return !d->total || new->to <= d->total;
}

/* Puts a fragment's octets in place. COUNTER_COUNT, or why it spoils the datagram. */
static enum counter datagram_put(struct datagram *d, const struct frame *frame,
				 const struct packet *p)
{
	uint32_t off = p->frag == FRAGMENT_FIRST ? p->l4_off : p->payload_off;
	uint32_t len = p->payload_len + (p->payload_off - off);
	uint32_t from = p->frag_off;
	struct piece new;
	int r;

	if (off > frame->cap_len || len > frame->cap_len - off)
		return COUNTER_DNS_MESSAGE_CUT;
	if (!len || from + len > DATAGRAM_MAX)
		return COUNTER_MALFORMED_DNS_FRAGMENT;
	new = (struct piece){(uint16_t)from, (uint16_t)(from + len)};
	if (!length_agrees(d, &new, p->more_fragments))
		return COUNTER_MALFORMED_DNS_FRAGMENT;
	r = piece_add(d, new);
	if (r > 0)
		memcpy(d->data + from, frame->data + off, len);
	return r < 0 ? COUNTER_MALFORMED_DNS_FRAGMENT : COUNTER_COUNT;
}

static void datagram_deliver(struct observer *o, const struct frame *frame, const struct packet *p,
			     const struct datagram *d)
{
	struct dns_message m = observer_message_of(o, frame, p);
	uint32_t udp_len = (uint32_t)d->data[4] << 8 | d->data[5];

	if (udp_len < UDP_HEADER_LEN || udp_len > d->total) {
		o->counts->n[COUNTER_MALFORMED_DNS_FRAGMENT]++;
		return;
	}
	m.src_port = d->src_port;
	m.dst_port = d->dst_port;
	m.data = d->data + UDP_HEADER_LEN;
	m.len = udp_len - UDP_HEADER_LEN;
	observer_message(o, &m);
}

/* The first fragment says that it is DNS, so that what went wrong before it now counts. */
static void datagram_first(struct observer *o, struct datagram *d, const struct packet *p)
{
	if (d->ignored && !d->has_first)
		o->counts->n[d->reason]++;
	d->has_first = true;
	d->src_port = p->src_port;
	d->dst_port = p->dst_port;
}

void observer_fragment(struct observer *o, const struct frame *frame, const struct packet *p)
{
	struct datagram *d = datagram_of(o, frame, p);

	if (!d)
		return;
	if (p->frag == FRAGMENT_FIRST)
		datagram_first(o, d, p);
	if (d->ignored)
		return;
	d->reason = datagram_put(d, frame, p);
	if (d->reason != COUNTER_COUNT) {
		o->counts->n[d->reason] += d->has_first;
		d->ignored = true;
		return;
	}
	if (!d->has_first || !d->total || d->got != d->total)
		return;
	datagram_deliver(o, frame, p, d);
	slots_del(&o->datagrams->slots, &d->key);
}
