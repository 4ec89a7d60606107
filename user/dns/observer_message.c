// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message:
 *  1. header and question; a query is remembered, an answer must have one
 *  2. answer section: aliases and addresses, names told apart by where the message has them
 *  3. the chain from the question on; addresses that hang on it go to the sink
 */
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/table.h"
#include "dns/name.h"
#include "dns/observer_parts.h"

enum {
	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_AAAA = 28,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
};
#define CLASS_IN 1

#define FLAG_ANSWER 0x8000
#define FLAG_TRUNCATED 0x0200
#define FLAGS_OPCODE 0x7800
#define FLAGS_RCODE 0x000f

#define PARAM_IPV4HINT 4 /* RFC 9460 14.3.2 */
#define PARAM_IPV6HINT 6

struct message_head {
	uint16_t id;
	uint16_t flags;
	uint16_t answers;
	uint16_t qtype;
	uint16_t qclass;
};

struct record {
	struct cursor owner; /* at the owner's name */
	struct cursor data;
	size_t data_off; /* of data in the message */
	uint16_t type;
	uint32_t ttl_s;
};

static void count(struct observer *o, enum counter c)
{
	o->counts->n[c]++;
}

/* A name that is only a pointer to one already known, or NAME_NONE. */
static uint16_t name_by_pointer(const struct message_scratch *s, const struct cursor *c)
{
	uint16_t off;

	if (c->end - c->at < 2 || (c->at[0] & 0xc0) != 0xc0)
		return NAME_NONE;
	off = (uint16_t)((c->at[0] & 0x3f) << 8 | c->at[1]);
	for (uint16_t i = 0; i < s->name_count; i++)
		if (s->names[i].off == off)
			return i;
	return NAME_NONE;
}

static uint16_t name_by_text(const struct message_scratch *s, const char *text, size_t len)
{
	for (uint16_t i = 0; i < s->name_count; i++)
		if (s->names[i].len == len && !memcmp(s->names[i].text, text, len))
			return i;
	return NAME_NONE;
}

/*
 * The index of the name at c, which is stepped over. NAME_NONE when there is no more room (then
 * too_long is set). 0 or name_decode()'s error.
 */
static int name_index(struct message_scratch *s, struct cursor *c, uint16_t *index)
{
	size_t off = cursor_offset(c);
	char *text = s->text + s->text_used;
	size_t len;
	int r;

	*index = name_by_pointer(s, c);
	if (*index != NAME_NONE) {
		c->at += 2;
		return 0;
	}
	if (s->name_count == MESSAGE_NAMES || s->text_used + NAME_TEXT_MAX > sizeof(s->text)) {
		s->too_long = true;
		return name_skip(c);
	}
	r = name_decode(c, text, &len);
	if (r)
		return r;
	*index = name_by_text(s, text, len);
	if (*index != NAME_NONE)
		return 0;
	*index = s->name_count++;
	s->names[*index] = (struct message_name){
		.text = text,
		.len = (uint16_t)len,
		.off = (uint16_t)off,
		.alias_of = NAME_NONE,
	};
	s->text_used += len + 1;
	return 0;
}

static enum counter name_reason(int r)
{
	return r == -ELOOP ? COUNTER_MALFORMED_DNS_POINTER : COUNTER_MALFORMED_DNS_NAME;
}

/* COUNTER_COUNT: fine; otherwise the reason for refusing the message. */
static enum counter address_add(struct message_scratch *s, const struct record *rec,
				uint16_t owner, const uint8_t *bytes, size_t bytes_len)
{
	struct dns_answer *a = &s->answer;
	struct answer_address *out = &a->address[a->address_count];

	if (a->address_count == ANSWER_ADDRESSES_MAX) {
		s->too_long = true;
		return COUNTER_COUNT;
	}
	if (bytes_len == 4)
		out->addr = addr_from_v4(bytes);
	else
		memcpy(out->addr.b, bytes, 16);
	out->ttl_s = rec->ttl_s;
	s->owner[a->address_count++] = owner;
	return COUNTER_COUNT;
}

static enum counter record_address(struct message_scratch *s, struct record *rec)
{
	size_t want = rec->type == TYPE_A ? 4 : 16;
	size_t len = cursor_left(&rec->data);
	uint16_t owner;
	int r;

	if (len != want)
		return COUNTER_MALFORMED_DNS_RECORD;
	r = name_index(s, &rec->owner, &owner);
	if (r)
		return name_reason(r);
	if (owner == NAME_NONE)
		return COUNTER_COUNT;
	return address_add(s, rec, owner, rec->data.at, len);
}

/* Of several aliases of one name the first counts. */
static enum counter record_cname(struct message_scratch *s, struct record *rec)
{
	struct cursor target = rec->data;
	uint16_t owner, alias;
	int r;

	r = name_index(s, &rec->owner, &owner);
	if (r)
		return name_reason(r);
	r = name_index(s, &target, &alias);
	if (r)
		return name_reason(r);
	if (target.at != target.end)
		return COUNTER_MALFORMED_DNS_RECORD;
	if (owner != NAME_NONE && s->names[owner].alias_of == NAME_NONE)
		s->names[owner].alias_of = alias;
	return COUNTER_COUNT;
}

static enum counter hints_add(struct message_scratch *s, const struct record *rec, uint16_t owner,
			      struct cursor value)
{
	size_t each = cursor_u16(&value) == PARAM_IPV4HINT ? 4 : 16;
	size_t len = cursor_u16(&value);
	const uint8_t *at = cursor_bytes(&value, len);

	if (!at || !len || len % each)
		return COUNTER_MALFORMED_DNS_SVCB;
	for (size_t i = 0; i < len; i += each)
		address_add(s, rec, owner, at + i, each);
	return COUNTER_COUNT;
}

/* Key, length, value; keys in strictly rising order (RFC 9460 2.2). */
static enum counter params_walk(struct message_scratch *s, const struct record *rec,
				uint16_t owner, struct cursor *c)
{
	int32_t last_key = -1;

	while (cursor_left(c)) {
		struct cursor param = *c;
		uint16_t key = cursor_u16(c);

		cursor_bytes(c, cursor_u16(c));
		if (!cursor_ok(c) || key <= last_key)
			return COUNTER_MALFORMED_DNS_SVCB;
		last_key = key;
		if (key != PARAM_IPV4HINT && key != PARAM_IPV6HINT)
			continue;
		if (hints_add(s, rec, owner, param) != COUNTER_COUNT)
			return COUNTER_MALFORMED_DNS_SVCB;
	}
	return COUNTER_COUNT;
}

/* Priority, target, parameters; alias mode (priority 0) has none that count (RFC 9460 2.4.2). */
static enum counter record_svcb(struct message_scratch *s, struct record *rec)
{
	struct cursor c = rec->data;
	uint16_t priority = cursor_u16(&c);
	uint16_t owner;
	int r;

	if (name_skip(&c))
		return COUNTER_MALFORMED_DNS_SVCB;
	r = name_index(s, &rec->owner, &owner);
	if (r)
		return name_reason(r);
	if (!priority || owner == NAME_NONE)
		return COUNTER_COUNT;
	return params_walk(s, rec, owner, &c);
}

static enum counter record_take(struct message_scratch *s, struct record *rec)
{
	switch (rec->type) {
	case TYPE_A:
	case TYPE_AAAA:
		return record_address(s, rec);
	case TYPE_CNAME:
		return record_cname(s, rec);
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return record_svcb(s, rec);
	default:
		return COUNTER_COUNT;
	}
}

/*
 * The next record at c. Its data keeps the message's start, for pointers, and ends where it ends.
 * Records of other classes come out with type 0.
 */
static enum counter record_read(struct cursor *c, struct record *rec)
{
	uint16_t rr_class, data_len;

	rec->owner = *c;
	if (name_skip(c))
		return c->at == c->end ? COUNTER_MALFORMED_DNS_RECORD : COUNTER_MALFORMED_DNS_NAME;
	rec->type = cursor_u16(c);
	rr_class = cursor_u16(c);
	rec->ttl_s = cursor_u32(c);
	data_len = cursor_u16(c);
	rec->data = *c;
	if (!cursor_bytes(c, data_len))
		return COUNTER_MALFORMED_DNS_RECORD;
	rec->data.end = c->at;
	if (rr_class != CLASS_IN)
		rec->type = 0;
	return COUNTER_COUNT;
}

/* COUNTER_DNS_MESSAGE_CUT is no refusal: what came whole is used. */
static enum counter records_walk(struct message_scratch *s, const struct dns_message *m,
				 struct cursor *c, uint16_t records)
{
	for (; records; records--) {
		struct record rec;
		enum counter reason = record_read(c, &rec);

		if (reason != COUNTER_COUNT && m->cut)
			return COUNTER_DNS_MESSAGE_CUT;
		if (reason == COUNTER_COUNT)
			reason = record_take(s, &rec);
		if (reason != COUNTER_COUNT)
			return reason;
	}
	return COUNTER_COUNT;
}

/* Follows the aliases from the question's name. COUNTER_COUNT, or what is odd about them. */
static enum counter chain_walk(struct message_scratch *s)
{
	struct dns_answer *a = &s->answer;
	uint16_t at = 0;

	a->chain_count = 0;
	for (;;) {
		s->names[at].on_chain = 1;
		at = s->names[at].alias_of;
		if (at == NAME_NONE)
			return COUNTER_COUNT;
		if (s->names[at].on_chain)
			return COUNTER_MALFORMED_DNS_CHAIN;
		if (a->chain_count == CHAIN_MAX)
			return COUNTER_DNS_ANSWER_TOO_LONG;
		a->chain[a->chain_count++] = s->names[at].text;
	}
}

/* Leaves the addresses whose owner is on the chain. */
static void addresses_keep(struct message_scratch *s)
{
	struct dns_answer *a = &s->answer;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < a->address_count; i++)
		if (s->names[s->owner[i]].on_chain)
			a->address[kept++] = a->address[i];
	a->address_count = kept;
}

static enum counter head_read(struct cursor *c, struct message_scratch *s, struct message_head *h)
{
	uint16_t questions, question;
	int r;

	h->id = cursor_u16(c);
	h->flags = cursor_u16(c);
	questions = cursor_u16(c);
	h->answers = cursor_u16(c);
	cursor_u32(c);
	if (!cursor_ok(c) || questions != 1)
		return COUNTER_MALFORMED_DNS_HEADER;
	s->name_count = 0;
	s->text_used = 0;
	s->too_long = false;
	r = name_index(s, c, &question);
	if (r)
		return name_reason(r);
	h->qtype = cursor_u16(c);
	h->qclass = cursor_u16(c);
	return cursor_ok(c) ? COUNTER_COUNT : COUNTER_MALFORMED_DNS_HEADER;
}

static struct query_key key_of(const struct observer *o, const struct dns_message *m,
			       const struct message_head *h)
{
	const struct message_name *qname = &o->scratch.names[0];
	bool answer = h->flags & FLAG_ANSWER;

	return (struct query_key){
		.client = answer ? m->dst : m->src,
		.server = answer ? m->src : m->dst,
		.name_hash = hash_bytes(qname->text, qname->len),
		.client_port = answer ? m->dst_port : m->src_port,
		.id = h->id,
		.qtype = h->qtype,
		.tcp = m->tcp,
	};
}

/* True when the answer may be used: somebody asked, or nobody needs to have. */
static bool answer_asked_for(struct observer *o, const struct dns_message *m,
			     const struct message_head *h)
{
	struct query_key key = key_of(o, m, h);

	if (query_answer(o->queries, &key, hash_bytes(m->data, m->len), m->time_ns))
		return true;
	count(o, o->config.need_query ? COUNTER_DNS_UNSOLICITED : COUNTER_DNS_ONE_SIDED);
	return !o->config.need_query;
}

static void answer_emit(struct observer *o, const struct dns_message *m,
			const struct message_head *h)
{
	struct message_scratch *s = &o->scratch;
	struct dns_answer *a = &s->answer;
	enum counter reason = chain_walk(s);

	if (reason != COUNTER_COUNT)
		count(o, reason);
	if (s->too_long && reason != COUNTER_DNS_ANSWER_TOO_LONG)
		count(o, COUNTER_DNS_ANSWER_TOO_LONG);
	addresses_keep(s);
	if (!a->address_count)
		return;
	a->time_ns = m->time_ns;
	a->client = m->dst;
	a->server = m->src;
	a->subject = m->client;
	a->qname = s->names[0].text;
	a->qtype = h->qtype;
	o->sink(o->sink_ctx, a);
}

static void answer_take(struct observer *o, const struct dns_message *m,
			const struct message_head *h, struct cursor *c)
{
	enum counter reason;

	o->scratch.answer.address_count = 0;
	reason = records_walk(&o->scratch, m, c, h->answers);
	if (reason != COUNTER_COUNT)
		count(o, reason);
	if (reason != COUNTER_COUNT && reason != COUNTER_DNS_MESSAGE_CUT)
		return;
	if (!answer_asked_for(o, m, h))
		return;
	if (h->flags & FLAG_TRUNCATED)
		count(o, COUNTER_DNS_TRUNCATED);
	if (h->flags & FLAGS_RCODE)
		count(o, COUNTER_DNS_FAILED);
	else if (h->qclass == CLASS_IN)
		answer_emit(o, m, h);
}

/* True for an error message without its question, as some servers send them: nothing to decode. */
static bool bare_failure(const struct dns_message *m)
{
	return m->len >= DNS_HEADER_LEN && m->data[2] & 0x80 && m->data[3] & FLAGS_RCODE &&
	       !m->data[4] && !m->data[5];
}

static void query_take(struct observer *o, const struct dns_message *m,
		       const struct message_head *h)
{
	struct query_key key = key_of(o, m, h);

	if (query_add(o->queries, &key, m->time_ns))
		count(o, COUNTER_DNS_QUERIES_FULL);
}

void observer_message(struct observer *o, const struct dns_message *m)
{
	struct cursor c = cursor_make(m->data, m->len);
	struct message_head h;
	enum counter reason;
	bool answer;

	if (m->len >= DNS_HEADER_LEN && m->data[2] << 8 & FLAGS_OPCODE)
		return;
	if (bare_failure(m)) {
		count(o, COUNTER_DNS_ANSWERS);
		count(o, COUNTER_DNS_FAILED);
		return;
	}
	reason = head_read(&c, &o->scratch, &h);
	if (reason != COUNTER_COUNT) {
		count(o, m->cut && !cursor_ok(&c) ? COUNTER_DNS_MESSAGE_CUT : reason);
		return;
	}
	answer = h.flags & FLAG_ANSWER;
	if ((answer ? m->src_port : m->dst_port) != DNS_PORT) {
		count(o, COUNTER_MALFORMED_DNS_HEADER);
		return;
	}
	count(o, answer ? COUNTER_DNS_ANSWERS : COUNTER_DNS_QUERIES);
	if (answer)
		answer_take(o, m, &h, &c);
	else
		query_take(o, m, &h);
}
