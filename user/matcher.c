// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the kernel's order:
 *  1. sampling dice
 *  2. is one end a backend, on one of its ports?
 *  3. who is the subject, and is it inside --local?
 */
#include "matcher.h"

#include "../headers/match.h"

/* splitmix64 (Steele, Lea, Flood, 2014): the same seed gives the same packets. */
static bool dice_keep(struct matcher *m)
{
	uint64_t z;

	if (m->sample <= 1)
		return true;
	z = m->dice += 0x9e3779b97f4a7c15ULL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (uint32_t)(((z >> 32) * m->sample) >> 32) == 0;
}

/* One end of the packet as the backend, the other as the subject. */
struct end {
	const struct addr *remote;
	const struct addr *local;
	int is_sender; /* the subject sent the packet */
	uint16_t port;
	uint8_t direction;
	struct subject subject;
	const struct backend_value *value; /* NULL: no hit */
};

static void end_look(const struct matcher *m, const struct packet *p, struct end *end)
{
	enum counter reason = COUNTER_COUNT;

	end->value = NULL;
	if (!backend_maybe(m->backends, end->remote))
		return;
	end->subject = packet_subject(p, m->subject, end->is_sender);
	end->value = backend_match(m->backends, &end->subject, end->remote, end->port, p->ip_proto,
				   &reason);
	if (!end->value)
		m->counts->n[reason == COUNTER_COUNT ? COUNTER_PREFILTER_FALSE : reason]++;
}

static bool is_local(const struct matcher *m, const struct addr *a)
{
	for (size_t i = 0; i < m->local_count; i++)
		if (prefix_has(&m->local[i], a))
			return true;
	return !m->local_count;
}

/* The end that is the backend, or NULL (counted). */
static const struct end *end_decide(const struct matcher *m, const struct end *dst,
				    const struct end *src)
{
	const struct end *end = dst->value ? dst : src;

	if (!end->value)
		return NULL;
	if (dst->value && src->value) {
		bool dst_local = is_local(m, dst->remote);

		if (dst_local == is_local(m, src->remote)) {
			m->counts->n[COUNTER_UNDECIDED]++;
			return NULL;
		}
		end = dst_local ? src : dst;
	}
	if (!is_local(m, end->local)) {
		m->counts->n[COUNTER_OUTSIDE_LOCAL]++;
		return NULL;
	}
	return end;
}

bool matcher_packet(struct matcher *m, const struct packet *p, int64_t time_ns, struct flow *flow)
{
	struct end dst = {&p->dst, &p->src, 1, p->dst_port, EVIDENCE_UP, {{0}}, NULL};
	struct end src = {&p->src, &p->dst, 0, p->src_port, EVIDENCE_DOWN, {{0}}, NULL};
	const struct end *end;

	if (!dice_keep(m)) {
		m->counts->n[COUNTER_SAMPLED_OUT]++;
		return false;
	}
	if (!backend_maybe(m->backends, &p->dst) && !backend_maybe(m->backends, &p->src))
		return false;
	end_look(m, p, &dst);
	end_look(m, p, &src);
	end = end_decide(m, &dst, &src);
	if (!end || !backend_endpoint(m->backends, end->value->endpoint, flow))
		return false;
	m->counts->n[COUNTER_COUNTED]++;
	flow->subject = end->subject;
	flow->local = *end->local;
	flow->remote = *end->remote;
	flow->port = end->port;
	flow->ip_proto = p->ip_proto;
	flow->tcp_flags = p->tcp_flags;
	flow->directions = end->direction;
	flow->packets = 1;
	flow->bytes = p->ip_len;
	flow->first_ns = time_ns;
	flow->last_ns = time_ns;
	flow->sampling = m->sample;
	return true;
}
