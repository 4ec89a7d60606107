// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *  1. a frame is parsed; DNS goes to the observer, whose answers teach the backend map
 *  2. replay: a packet that the backend map matches becomes a flow; live: the kernel counted it
 *  3. a flow becomes one evidence row per domain that its address stood for
 *  4. new evidence makes the rules look again at the subject; detections go to the output
 *  5. packets of detected devices make their usage of the hour; its changes go to the output
 */
#include <string.h>

#include "../headers/glance.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "dns/resolvers.h"
#include "pipeline_private.h"

#define MATCHED_MAX ENDPOINT_DOMAINS
#define TCP_ACK 0x10
#define REGROUP_EVERY_S 60
#define EXPIRE_EVERY_S 10 /* of the packets' time, in replay; or a window, if that is shorter */

/* --- backend map -> kernel -------------------------------------------------------------------- */

static void mirror_put(void *ctx, const struct addr *remote, const struct backend_value *v)
{
	struct pipeline *p = ctx;

	if (p->live)
		xdp_backend_put(p->live, remote, v);
}

static void mirror_del(void *ctx, const struct addr *remote)
{
	struct pipeline *p = ctx;

	if (p->live)
		xdp_backend_del(p->live, remote);
}

static void mirror_client_put(void *ctx, const struct client_key *key,
			      const struct backend_value *v)
{
	struct pipeline *p = ctx;

	if (p->live)
		xdp_client_put(p->live, key, v);
}

static void mirror_client_del(void *ctx, const struct client_key *key)
{
	struct pipeline *p = ctx;

	if (p->live)
		xdp_client_del(p->live, key);
}

static bool withdraw_keep(void *ctx, const struct subject *subject, const struct addr *remote)
{
	struct pipeline *p = ctx;

	return backend_has_client(p->backends, subject, remote);
}

static void withdraw_changed(void *ctx, const struct subject *subject, const struct addr *remote)
{
	struct pipeline *p = ctx;

	infer_recheck(p->infer, subject, remote, p->now_ns);
	usage_doubt(p->usage, subject);
}

static void address_shared(void *ctx, const struct addr *remote)
{
	struct pipeline *p = ctx;
	struct evidence_withdrawal w = {p, withdraw_keep, withdraw_changed};

	evidence_withdraw(p->evidence, remote, &w);
}

struct backend_ops pipeline_backend_ops(struct pipeline *p)
{
	return (struct backend_ops){
		.ctx = p,
		.put = mirror_put,
		.del = mirror_del,
		.client_put = mirror_client_put,
		.client_del = mirror_client_del,
		.shared = address_shared,
	};
}

/* --- evidence -> inference -------------------------------------------------------------------- */

static void source_rows(void *ctx, const struct subject *subject, evidence_sink *sink,
			void *sink_ctx)
{
	struct pipeline *p = ctx;

	evidence_each(p->evidence, subject, sink, sink_ctx);
}

static uint32_t source_addresses(void *ctx, const struct subject *subject,
				 struct addr out[static SUBJECT_ADDRESSES_MAX])
{
	struct pipeline *p = ctx;
	struct subject_row row;

	if (evidence_subject(p->evidence, subject, &row))
		return 0;
	memcpy(out, row.address, row.address_count * sizeof(*out));
	return row.address_count;
}

void pipeline_detection(void *ctx, const struct detection *d)
{
	struct pipeline *p = ctx;

	if (labels_refused(p->labels, &d->subject, p->rules->rules[d->rule].id)) {
		p->counts.n[COUNTER_DETECTIONS_SUPPRESSED] += d->event == DETECTION_NEW;
		return;
	}
	if (p->config.detection)
		p->config.detection(p->config.ctx, d);
}

struct infer_source pipeline_infer_source(struct pipeline *p)
{
	return (struct infer_source){p, source_rows, source_addresses};
}

static bool usage_detected(void *ctx, const struct subject *subject, uint32_t rule)
{
	struct pipeline *p = ctx;

	return infer_detected(p->infer, subject, rule, NULL) &&
	       !labels_refused(p->labels, subject, p->rules->rules[rule].id);
}

static void usage_changed(void *ctx, const struct usage_row *row)
{
	struct pipeline *p = ctx;

	if (p->config.usage)
		p->config.usage(p->config.ctx, row);
}

struct usage_ops pipeline_usage_ops(struct pipeline *p)
{
	return (struct usage_ops){p, usage_detected, usage_changed};
}

/* --- DNS -> backend map ----------------------------------------------------------------------- */

void pipeline_answer(void *ctx, const struct dns_answer *answer)
{
	struct pipeline *p = ctx;
	domain_id matched[MATCHED_MAX];
	size_t count = rules_match(p->rules, answer->qname, matched, MATCHED_MAX);
	uint32_t resolver = resolver_find(answer->qname);

	p->changes += count > 0;
	if (resolver != RESOLVER_NONE && count < MATCHED_MAX)
		matched[count++] = p->rules->domain_count + resolver;
	backend_learn(p->backends, answer, matched, count);
	evidence_dns(p->evidence, &answer->subject, false, answer->time_ns);
}

static bool address_is_own(const struct pipeline *p, const struct addr *a,
			   const struct subject *subject)
{
	if (!p->live)
		return false;
	return xdp_is_own(p->live, a) || (subject_kind(subject) == SUBJECT_MAC &&
					  xdp_is_own_mac(p->live, subject->b + 2));
}

const char *pipeline_name(void *ctx, uint32_t number)
{
	const struct rules *rules = ((struct pipeline *)ctx)->rules;

	return number < rules->domain_count ? rules->domains[number].name : NULL;
}

void pipeline_resolved(void *ctx, const struct dns_answer *answer)
{
	struct pipeline *p = ctx;
	domain_id matched[MATCHED_MAX];
	size_t count = rules_match(p->rules, answer->qname, matched, MATCHED_MAX);

	p->counts.n[COUNTER_DNS_RESOLVED]++;
	if (count)
		backend_learn(p->backends, answer, matched, count);
	p->changes += count > 0;
}

void pipeline_unresolved(void *ctx)
{
	((struct pipeline *)ctx)->counts.n[COUNTER_DNS_UNRESOLVED]++;
}

/* --- encrypted DNS ---------------------------------------------------------------------------- */

static void encrypted_seen(struct pipeline *p, const struct subject *subject,
			   const struct addr *local, int64_t time_ns)
{
	p->counts.n[COUNTER_DNS_ENCRYPTED]++;
	evidence_dns(p->evidence, subject, true, time_ns);
	evidence_address(p->evidence, subject, local, time_ns);
}

/* DNS over HTTPS: a known resolver was contacted, and over TCP there was more than a bare SYN. */
static bool flow_to_resolver(struct pipeline *p, const struct flow *f, domain_id domain)
{
	if (domain < p->rules->domain_count)
		return false;
	if (f->ip_proto == WIRE_UDP || f->tcp_flags & TCP_ACK)
		encrypted_seen(p, &f->subject, &f->local, f->last_ns);
	return true;
}

/* DNS over TLS or QUIC, with any server. */
static void frame_encrypted(struct pipeline *p, const struct frame *frame,
			    const struct packet *packet)
{
	struct subject subject;

	if (frame->watch_only || !packet_is_encrypted_dns(packet))
		return;
	subject = packet_subject(packet, p->config.subject, 0);
	if (!address_is_own(p, &packet->dst, &subject))
		encrypted_seen(p, &subject, &packet->dst, frame->time_ns);
}

/* --- flow -> evidence ------------------------------------------------------------------------- */

bool pipeline_domain_has_port(const struct rules_domain *d, uint16_t port, uint8_t ip_proto)
{
	uint8_t bit = ip_proto == WIRE_TCP ? PORT_TCP : PORT_UDP;

	for (uint8_t i = 0; i < d->port_count; i++)
		if (port >= d->ports[i].lo && port <= d->ports[i].hi && d->ports[i].protos & bit)
			return true;
	return false;
}

/*
 * A flow that the kernel counted before its address turned shared, and that was drained after: it
 * stands as the rows that evidence_withdraw() left. False when the evidence is void.
 */
static bool flow_via(const struct pipeline *p, const struct flow *f, enum via *via)
{
	*via = f->via;
	if (f->via != VIA_ADDRESS || !backend_is_shared(p->backends, &f->remote))
		return true;
	*via = VIA_CLIENT_DNS;
	return backend_has_client(p->backends, &f->subject, &f->remote);
}

static struct evidence flow_evidence(const struct flow *f, domain_id domain, enum via via)
{
	return (struct evidence){
		.subject = f->subject,
		.domain = domain,
		.remote = f->remote,
		.port = f->port,
		.ip_proto = f->ip_proto,
		.tcp_flags = f->tcp_flags,
		.directions = f->directions,
		.via = via,
		.sampling = f->sampling,
		.packets = f->packets,
		.bytes = f->bytes,
		.first_ns = f->first_ns,
		.last_ns = f->last_ns,
	};
}

/* There is evidence that the rules have not seen. */
static void flow_infer(struct pipeline *p, const struct flow *flow)
{
	/* its answer came before it was known as a subject */
	if (backend_has_client(p->backends, &flow->subject, &flow->remote))
		evidence_dns(p->evidence, &flow->subject, false, flow->first_ns);
	infer_subject(p->infer, &flow->subject, flow->last_ns);
}

static void flow_take(void *ctx, const struct flow *flow)
{
	struct pipeline *p = ctx;
	bool news = false;
	enum via via;

	if (flow->last_ns > p->now_ns)
		p->now_ns = flow->last_ns;
	if (address_is_own(p, &flow->local, &flow->subject)) {
		p->counts.n[COUNTER_OWN_ADDRESS] += flow->packets;
		return;
	}
	if (!flow_via(p, flow, &via)) {
		p->counts.n[COUNTER_EVIDENCE_WITHDRAWN]++;
		return;
	}
	backend_used(p->backends, &flow->subject, &flow->remote, flow->last_ns);
	p->changes++;
	for (uint32_t i = 0; i < flow->domain_count; i++) {
		struct evidence e;

		if (flow_to_resolver(p, flow, flow->domains[i]))
			continue;
		if (!pipeline_domain_has_port(&p->rules->domains[flow->domains[i]], flow->port,
					      flow->ip_proto))
			continue;
		e = flow_evidence(flow, flow->domains[i], via);
		news |= evidence_add(p->evidence, &e);
	}
	if (flow->domains[0] < p->rules->domain_count)
		evidence_address(p->evidence, &flow->subject, &flow->local, flow->last_ns);
	if (news)
		flow_infer(p, flow);
	usage_add(p->usage, flow);
}

/* --- frame -> DNS, flow ----------------------------------------------------------------------- */

static void frame_macs(const struct frame *frame, struct packet *packet)
{
	if (!frame->has_mac)
		return;
	packet->has_mac = 1;
	memcpy(packet->src_mac, frame->src_mac, 6);
	memcpy(packet->dst_mac, frame->dst_mac, 6);
}

/* COUNTER_PACKETS, or why the packet has no ports. */
static enum counter frame_parse(const struct frame *frame, struct packet *packet)
{
	enum counter why = packet_parse(packet, frame->data, frame->data + frame->cap_len,
					frame->wire_len, frame->link);

	packet_add_tag(packet, frame->vlan);
	frame_macs(frame, packet);
	return why;
}

static void frame_observe(struct pipeline *p, const struct frame *frame,
			  const struct packet *packet, enum counter why)
{
	if (why != COUNTER_PACKETS && why != COUNTER_FRAGMENT_LATER)
		return;
	if (observer_wants(packet))
		observer_packet(p->observer, frame, packet);
	else if (why == COUNTER_PACKETS && packet_tells_name(packet))
		pipeline_hear(p, frame, packet);
	else
		frame_encrypted(p, frame, packet);
}

/* A copy of a DNS packet: the kernel has counted it already. */
static void frame_live(void *ctx, const struct frame *frame)
{
	struct pipeline *p = ctx;
	struct packet packet;

	if (frame->time_ns > p->now_ns)
		p->now_ns = frame->time_ns;
	frame_observe(p, frame, &packet, frame_parse(frame, &packet));
}

static int64_t expire_every_ns(const struct pipeline *p)
{
	uint32_t window_s = p->config.window_s;

	return (window_s < EXPIRE_EVERY_S ? window_s : EXPIRE_EVERY_S) * NS_PER_S;
}

/* True for a packet that concerns nobody, as the kernel's glance tells it. */
static bool frame_is_foreign(const struct pipeline *p, const struct frame *frame)
{
	const uint8_t *end = frame->data + frame->cap_len;
	struct glance g = frame_glance(frame->data, end, frame->wire_len, frame->link);
	struct addr src, dst;

	if (g.version == 4) {
		addr_set4(&src, g.l3 + 12, 1);
		addr_set4(&dst, g.l3 + 16, 1);
	} else if (g.version == 6) {
		addr_set6(&src, g.l3 + 8, 1);
		addr_set6(&dst, g.l3 + 24, 1);
	} else {
		return false;
	}
	return glance_is_whole(&g, end) && !backend_maybe(p->backends, &dst) &&
	       !backend_maybe(p->backends, &src);
}

static void frame_replay(void *ctx, const struct frame *frame)
{
	struct pipeline *p = ctx;
	struct packet packet;
	struct flow flow;
	enum counter why;

	p->counts.n[COUNTER_PACKETS]++;
	p->counts.n[COUNTER_BYTES] += frame->wire_len;
	if (frame->time_ns > p->now_ns) {
		p->now_ns = frame->time_ns;
		if (p->now_ns - p->expired_ns >= expire_every_ns(p))
			pipeline_expire(p, p->now_ns);
	}
	if (p->config.sample <= 1 && frame_is_foreign(p, frame))
		return;
	why = frame_parse(frame, &packet);
	frame_observe(p, frame, &packet, why);
	if (why != COUNTER_PACKETS)
		p->counts.n[why]++;
	else if (matcher_packet(&p->matcher, &packet, frame->time_ns, &flow))
		flow_take(p, &flow);
}

struct input_sink pipeline_sink(struct pipeline *p)
{
	return (struct input_sink){
		.ctx = p,
		.frame = p->config.live ? frame_live : frame_replay,
		.flow = flow_take,
		.counts = &p->counts,
	};
}

static bool live_endpoint(void *ctx, uint32_t endpoint, struct flow *flow)
{
	struct pipeline *p = ctx;

	return backend_endpoint(p->backends, endpoint, flow);
}

static void neighbour_join(void *ctx, const uint8_t mac[6], const struct addr *a)
{
	struct pipeline *p = ctx;
	struct subject subject = subject_from_mac(mac);
	struct subject_row row;

	if (!evidence_subject(p->evidence, &subject, &row))
		evidence_address(p->evidence, &subject, a, p->now_ns);
}

static void live_stepped(void *ctx, int64_t before_ns, int64_t step_ns)
{
	struct pipeline *p = ctx;

	log_info("the clock was set forward; the addresses that are known move with it");
	backend_clock_stepped(p->backends, before_ns, step_ns);
}

void pipeline_set_live(struct pipeline *p, struct xdp_input *x)
{
	p->live = x;
	if (!x)
		return;
	xdp_set_endpoint_lookup(x, live_endpoint, p);
	xdp_set_clock_stepped(x, live_stepped, p);
	pipeline_seed_resolvers(p);
}

void pipeline_expire(struct pipeline *p, int64_t now_ns)
{
	p->expired_ns = now_ns;
	if (now_ns > p->now_ns)
		p->now_ns = now_ns;
	if (now_ns >= p->facts_until_ns)
		pipeline_facts(p, now_ns);
	backend_expire(p->backends, now_ns);
	if (now_ns - p->regrouped_ns >= REGROUP_EVERY_S * NS_PER_S)
		pipeline_regroup(p);
	infer_expire(p->infer, now_ns);
	evidence_expire(p->evidence, now_ns);
	p->changes += usage_tick(p->usage, now_ns);
	if (p->heard)
		heard_expire(p->heard, now_ns);
	if (p->live && p->config.subject == SUBJECT_MAC)
		xdp_neighbours(p->live, neighbour_join, p);
}

void pipeline_end(struct pipeline *p)
{
	pipeline_regroup(p);
	usage_tick(p->usage, p->now_ns);
}
