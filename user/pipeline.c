// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *  1. a frame is parsed; DNS goes to the observer, whose answers teach the backend map
 *  2. replay: a packet that the backend map matches becomes a flow; live: the kernel counted it
 *  3. a flow becomes one evidence row per domain that its address stood for
 *  4. new evidence makes the rules look again at the subject; detections go to the output
 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "dns/observer.h"
#include "matcher.h"

#define MATCHED_MAX ENDPOINT_DOMAINS
#define EXPIRE_EVERY_NS (10 * NS_PER_S) /* of the packets' time, in replay */

/* Open queries, TCP streams and fragmented datagrams the observer follows, by profile. */
static const struct observer_config observer_sizes[PROFILE_COUNT] = {
	[PROFILE_GATEWAY] = {.max_queries = 4096, .max_streams = 64, .max_datagrams = 64},
	[PROFILE_EDGE] = {.max_queries = 262144, .max_streams = 4096, .max_datagrams = 1024},
};

struct pipeline {
	struct pipeline_config config;
	struct counts counts;
	struct rules *rules;
	struct backend_domain *domains; /* of rules, as the backend map wants them */
	struct backend_map *backends;
	struct observer *observer;
	struct evidence_store *evidence;
	struct infer *infer;
	struct xdp_input *live;
	struct matcher matcher;
	int64_t expired_ns; /* when pipeline_expire() last ran */
	int64_t now_ns;     /* of the latest frame or flow */
	uint64_t changes;   /* what was learned or seen, for the saved state */
};

/* --- backend map -> kernel ---------------------------------------------------------------------- */

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
}

static void address_shared(void *ctx, const struct addr *remote)
{
	struct pipeline *p = ctx;
	struct evidence_withdrawal w = {p, withdraw_keep, withdraw_changed};

	evidence_withdraw(p->evidence, remote, &w);
}

/* --- evidence -> inference ---------------------------------------------------------------------- */

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

static void detection_found(void *ctx, const struct detection *d)
{
	struct pipeline *p = ctx;

	if (p->config.detection)
		p->config.detection(p->config.ctx, d);
}

/* --- DNS -> backend map ------------------------------------------------------------------------- */

static void answer_learn(void *ctx, const struct dns_answer *answer)
{
	struct pipeline *p = ctx;
	domain_id matched[MATCHED_MAX];
	size_t count = rules_match(p->rules, answer->qname, matched, MATCHED_MAX);

	backend_learn(p->backends, answer, matched, count);
	p->changes += count > 0;
}

/* --- flow -> evidence --------------------------------------------------------------------------- */

static bool domain_has_port(const struct rules_domain *d, uint16_t port, uint8_t ip_proto)
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

static bool flow_is_own(const struct pipeline *p, const struct flow *f)
{
	if (!p->live)
		return false;
	return xdp_is_own(p->live, &f->local) ||
	       (subject_kind(&f->subject) == SUBJECT_MAC &&
		xdp_is_own_mac(p->live, f->subject.b + 2));
}

static void flow_take(void *ctx, const struct flow *flow)
{
	struct pipeline *p = ctx;
	bool news = false;
	enum via via;

	if (flow->last_ns > p->now_ns)
		p->now_ns = flow->last_ns;
	if (flow_is_own(p, flow)) {
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

		if (!domain_has_port(&p->rules->domains[flow->domains[i]], flow->port,
				     flow->ip_proto))
			continue;
		e = flow_evidence(flow, flow->domains[i], via);
		news |= evidence_add(p->evidence, &e);
	}
	evidence_address(p->evidence, &flow->subject, &flow->local, flow->last_ns);
	if (news)
		infer_subject(p->infer, &flow->subject, flow->last_ns);
}

/* --- frame -> DNS, flow ------------------------------------------------------------------------- */

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

	if (frame->vlan && !packet->vlan_outer)
		packet->vlan_outer = VLAN_PRESENT | (frame->vlan & 0xfff);
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

static void frame_replay(void *ctx, const struct frame *frame)
{
	struct pipeline *p = ctx;
	struct packet packet;
	struct flow flow;
	enum counter why = frame_parse(frame, &packet);

	p->counts.n[COUNTER_PACKETS]++;
	p->counts.n[COUNTER_BYTES] += frame->wire_len;
	if (frame->time_ns > p->now_ns) {
		p->now_ns = frame->time_ns;
		if (p->now_ns - p->expired_ns >= EXPIRE_EVERY_NS)
			pipeline_expire(p, p->now_ns);
	}
	frame_observe(p, frame, &packet, why);
	if (why != COUNTER_PACKETS)
		p->counts.n[why]++;
	else if (matcher_packet(&p->matcher, &packet, frame->time_ns, &flow))
		flow_take(p, &flow);
}

/* --- setting up --------------------------------------------------------------------------------- */

static void mistake_tell(void *ctx, const char *file, uint32_t line, const char *what)
{
	(void)ctx;
	if (line)
		log_error("%s:%u: %s", file, line, what);
	else
		log_error("%s: %s", file, what);
}

static int rules_read(const char *dir, struct rules **out)
{
	int err = rules_load(dir, mistake_tell, NULL, out);

	if (err && err != -EINVAL && err != -ENOENT)
		log_error("cannot read the signatures in %s: %s", dir, strerror(-err));
	return err;
}

static struct backend_domain *domains_make(const struct rules *rules)
{
	struct backend_domain *out = calloc(rules->domain_count + 1, sizeof(*out));

	for (uint32_t i = 0; out && i < rules->domain_count; i++) {
		const struct rules_domain *d = &rules->domains[i];

		out[i].name = d->name;
		out[i].vendor = d->vendor;
		out[i].port_count = d->port_count;
		for (uint8_t k = 0; k < d->port_count; k++) {
			out[i].port_lo[k] = d->ports[k].lo;
			out[i].port_hi[k] = d->ports[k].hi;
			out[i].protos[k] = d->ports[k].protos;
		}
	}
	return out;
}

static int stages_open(struct pipeline *p)
{
	bool edge = p->config.profile == PROFILE_EDGE;
	struct observer_config observer = observer_sizes[p->config.profile];
	struct backend_ops ops = {p,	     mirror_put,	mirror_del, mirror_client_put,
				  mirror_client_del, address_shared};
	struct infer_config infer = {
		.rules = p->rules,
		.threshold = p->config.threshold,
		.window_ns = p->config.window_s * NS_PER_S,
		.established = p->config.established,
		.max_detections = edge ? 1000000 : 4096,
	};
	struct infer_source source = {p, source_rows, source_addresses};

	observer.need_query = p->config.live;
	observer.subject = p->config.subject;
	p->backends = backend_new(edge ? &backend_limits_edge : &backend_limits_gateway, &ops,
				  &p->counts);
	p->observer = observer_new(&observer, answer_learn, p, &p->counts);
	p->evidence = evidence_new(edge ? &evidence_limits_edge : &evidence_limits_gateway,
				   infer.window_ns, &p->counts);
	p->infer = infer_new(&infer, &source, detection_found, p, &p->counts);
	p->domains = domains_make(p->rules);
	if (!p->backends || !p->observer || !p->evidence || !p->infer || !p->domains)
		return -ENOMEM;
	return backend_set_domains(p->backends, p->domains, p->rules->domain_count, NULL);
}

DEFINE_CLEANUP(pipeline_close, struct pipeline *)
DEFINE_CLEANUP(rules_free, struct rules *)

int pipeline_open(struct pipeline **out, const struct pipeline_config *config)
{
	struct pipeline *p CLEANUP(pipeline_close_ptr) = calloc(1, sizeof(*p));
	int err;

	if (!p) {
		log_error("out of memory");
		return -ENOMEM;
	}
	p->config = *config;
	err = rules_read(config->signatures, &p->rules);
	if (err)
		return err;
	err = stages_open(p);
	if (err) {
		log_error("out of memory");
		return err;
	}
	p->matcher = (struct matcher){
		.backends = p->backends,
		.counts = &p->counts,
		.subject = config->subject,
		.sample = config->sample,
		.dice = config->seed,
		.local = config->local,
		.local_count = config->local_count,
	};
	*out = TAKE_PTR(p);
	return 0;
}

void pipeline_close(struct pipeline *p)
{
	if (!p)
		return;
	observer_free(p->observer);
	infer_free(p->infer);
	evidence_free(p->evidence);
	backend_free(p->backends);
	free(p->domains);
	rules_free(p->rules);
	free(p);
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

void pipeline_set_live(struct pipeline *p, struct xdp_input *x)
{
	p->live = x;
	if (x)
		xdp_set_endpoint_lookup(x, live_endpoint, p);
}

void pipeline_expire(struct pipeline *p, int64_t now_ns)
{
	p->expired_ns = now_ns;
	if (now_ns > p->now_ns)
		p->now_ns = now_ns;
	backend_expire(p->backends, now_ns);
	evidence_expire(p->evidence, now_ns);
	infer_expire(p->infer, now_ns);
	if (p->live && p->config.subject == SUBJECT_MAC)
		xdp_neighbours(p->live, neighbour_join, p);
}

/* --- reload ------------------------------------------------------------------------------------- */

static domain_id *domain_map(const struct rules *from, const struct rules *to)
{
	domain_id *map = calloc(from->domain_count + 1, sizeof(*map));

	for (uint32_t i = 0; map && i < from->domain_count; i++)
		map[i] = rules_find_domain(to, from->domains[i].name);
	return map;
}

static uint32_t *rule_map(const struct rules *from, const struct rules *to)
{
	uint32_t *map = calloc(from->rule_count + 1, sizeof(*map));

	for (uint32_t i = 0; map && i < from->rule_count; i++)
		map[i] = rules_find(to, from->rules[i].id);
	return map;
}

static int rules_replace(struct pipeline *p, struct rules *rules)
{
	domain_id *domains_to CLEANUP_FREE = domain_map(p->rules, rules);
	uint32_t *rules_to CLEANUP_FREE = rule_map(p->rules, rules);
	struct backend_domain *domains CLEANUP_FREE = domains_make(rules);
	int err = -ENOMEM;

	if (domains_to && rules_to && domains)
		err = infer_set_rules(p->infer, rules, rules_to, domains_to);
	if (!err)
		err = backend_set_domains(p->backends, domains, rules->domain_count, domains_to);
	if (err)
		return err;
	evidence_remap(p->evidence, domains_to, p->rules->domain_count);
	free(p->domains);
	p->domains = TAKE_PTR(domains);
	rules_free(p->rules);
	p->rules = rules;
	return 0;
}

int pipeline_reload(struct pipeline *p)
{
	struct rules *rules CLEANUP(rules_free_ptr) = NULL;
	int err = rules_read(p->config.signatures, &rules);

	if (!err)
		err = rules_replace(p, rules);
	if (err) {
		log_warn("the signatures were not reloaded; the running ones stay");
		return err;
	}
	log_info("%u rules loaded from %s", rules->rule_count, p->config.signatures);
	rules = NULL;
	return 0;
}

/* --- views -------------------------------------------------------------------------------------- */

static void names_rule(void *ctx, uint32_t rule, struct output_rule *out)
{
	const struct rules *rules = ((struct pipeline *)ctx)->rules;
	const struct rules_rule *r = &rules->rules[rule];

	*out = (struct output_rule){
		.id = r->id,
		.name = r->name,
		.vendor = r->vendor,
		.level = rule_level_names[r->level],
		.parent = r->parent == RULE_NONE ? NULL : rules->rules[r->parent].id,
	};
}

static const char *names_domain(void *ctx, domain_id domain)
{
	return ((struct pipeline *)ctx)->rules->domains[domain].name;
}

static const char *names_group(void *ctx, uint32_t rule, domain_id domain)
{
	const struct rules *rules = ((struct pipeline *)ctx)->rules;
	const struct rules_domain *d = &rules->domains[domain];

	for (uint32_t i = d->use_first; i < d->use_first + d->use_count; i++) {
		const struct rules_use *u = &rules->uses[i];

		if (u->rule == rule && u->domain_class == CLASS_PRIMARY)
			return rules->rules[rule].group_names[u->group];
	}
	return NULL;
}

struct output_names pipeline_names(struct pipeline *p)
{
	return (struct output_names){p, names_rule, names_domain, names_group};
}

static int64_t query_now(void *ctx)
{
	return ((struct pipeline *)ctx)->now_ns;
}

struct query_source pipeline_query(struct pipeline *p)
{
	return (struct query_source){
		.names = pipeline_names(p),
		.rules = p->rules,
		.backends = p->backends,
		.evidence = p->evidence,
		.infer = p->infer,
		.counts = &p->counts,
		.origin = p->config.live ? "live" : "state",
		.threshold = p->config.threshold,
		.sampling = p->config.sample,
		.ctx = p,
		.now = query_now,
	};
}

struct saved pipeline_saved(struct pipeline *p, const char *path)
{
	return (struct saved){
		.path = path,
		.rules = p->rules,
		.backends = p->backends,
		.evidence = p->evidence,
		.infer = p->infer,
		.counts = &p->counts,
	};
}

const struct counts *pipeline_counts(const struct pipeline *p)
{
	return &p->counts;
}

uint64_t pipeline_changes(const struct pipeline *p)
{
	return p->changes;
}

uint64_t pipeline_evidence(const struct pipeline *p)
{
	return p->counts.n[COUNTER_EVIDENCE_ROWS];
}
