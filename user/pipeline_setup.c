// SPDX-License-Identifier: GPL-2.0-or-later
/* The stages opened by a configuration, given new signatures, and closed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "../headers/match.h"
#include "base/timefmt.h"
#include "dns/resolvers.h"
#include "pipeline_private.h"
#include "rules/reach.h"

/* Open queries, TCP streams and fragmented datagrams the observer follows, by profile. */
static const struct observer_config observer_sizes[PROFILE_COUNT] = {
	[PROFILE_GATEWAY] = {.max_queries = 4096, .max_streams = 64, .max_datagrams = 64},
	[PROFILE_EDGE] = {.max_queries = 262144, .max_streams = 4096, .max_datagrams = 1024},
};

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

static struct backend_domain resolver_domain(const struct resolver *r)
{
	return (struct backend_domain){
		.name = r->name,
		.vendor = r->operator,
		.port_count = 2,
		.port_lo = {443, DNS_ENCRYPTED_PORT},
		.port_hi = {443, DNS_ENCRYPTED_PORT},
		.protos = {PORT_TCP | PORT_UDP, PORT_TCP | PORT_UDP},
	};
}

static struct backend_domain *domains_make(const struct rules *rules)
{
	size_t count = rules->domain_count + resolver_count;
	struct backend_domain *out = calloc(count, sizeof(*out));

	for (uint32_t i = 0; out && i < rules->domain_count; i++) {
		const struct rules_domain *d = &rules->domains[i];

		out[i].name = d->name;
		out[i].vendor = d->vendor;
		out[i].client_dns = d->context == CONTEXT_CLIENT_DNS;
		out[i].port_count = d->port_count;
		for (uint8_t k = 0; k < d->port_count; k++) {
			out[i].port_lo[k] = d->ports[k].lo;
			out[i].port_hi[k] = d->ports[k].hi;
			out[i].protos[k] = d->ports[k].protos;
		}
	}
	for (uint32_t i = 0; out && i < resolver_count; i++)
		out[rules->domain_count + i] = resolver_domain(&resolvers[i]);
	return out;
}

void pipeline_seed_resolvers(struct pipeline *p)
{
	struct backend_row row = {.expires_ns = INT64_MAX / 2, .domain_count = 1};

	for (uint32_t i = 0; i < resolver_count; i++) {
		row.domains[0] = p->rules->domain_count + i;
		for (int k = 0; k < RESOLVER_ADDRESSES && resolvers[i].addresses[k]; k++)
			if (!addr_parse(resolvers[i].addresses[k], &row.remote))
				backend_restore(p->backends, &row);
	}
}

static int stages_open(struct pipeline *p)
{
	bool edge = p->config.profile == PROFILE_EDGE;
	struct observer_config observer = observer_sizes[p->config.profile];
	struct backend_ops ops = pipeline_backend_ops(p);
	struct infer_config infer = {
		.rules = p->rules,
		.threshold = p->config.threshold,
		.window_ns = p->config.window_s * NS_PER_S,
		.established = p->config.established,
		.max_detections = edge ? DETECTIONS_EDGE : DETECTIONS_GATEWAY,
		.regroup = p->config.regroup,
	};
	struct infer_source source = pipeline_infer_source(p);
	struct usage_config usage = {p->rules, &p->counts, infer.max_detections};
	struct usage_ops usage_ops = pipeline_usage_ops(p);
	int err;

	observer.need_query = p->config.live;
	observer.subject = p->config.subject;
	p->backends = backend_new(edge ? &backend_limits_edge : &backend_limits_gateway, &ops,
				  &p->counts);
	p->observer = observer_new(&observer, pipeline_answer, p, &p->counts);
	p->evidence = evidence_new(edge ? &evidence_limits_edge : &evidence_limits_gateway,
				   infer.window_ns, &p->counts);
	p->infer = infer_new(&infer, &source, pipeline_detection, p, &p->counts);
	p->usage = usage_new(&usage, &usage_ops);
	p->labels = labels_new(LABELS_MAX);
	p->oui = oui_new(p->config.oui, p->config.oui_count, &p->counts);
	if (p->config.names)
		p->heard = heard_new(p->config.subject, edge ? HEARD_EDGE : HEARD_GATEWAY,
				     &p->counts);
	p->domains = domains_make(p->rules);
	if (!p->backends || !p->observer || !p->evidence || !p->infer || !p->usage || !p->domains ||
	    !p->labels || !p->oui || (p->config.names && !p->heard))
		return -ENOMEM;
	err = backend_set_domains(p->backends, p->domains, p->rules->domain_count + resolver_count,
				  NULL);
	if (!err && !p->config.live) /* else pipeline_set_live(): the kernel needs them too */
		pipeline_seed_resolvers(p);
	return err;
}

static int vendors_check(const struct pipeline_config *config)
{
	for (size_t i = 0; i < config->oui_count; i++) {
		if (!access(config->oui[i], R_OK))
			continue;
		log_error("cannot read the MAC vendors in %s: %s", config->oui[i],
			  strerror(errno));
		return -ENOENT;
	}
	return 0;
}

DEFINE_CLEANUP(pipeline_close, struct pipeline *)
DEFINE_CLEANUP(rules_free, struct rules *)

#define UNREACHED_TOLD 5

/* Rules that cannot be expected to fire for a device at rest, at this sampling rate. */
static void reach_tell(const struct pipeline *p)
{
	struct reach reach = {p->config.sample, p->config.threshold, p->config.window_s};
	char names[UNREACHED_TOLD * 40] = "";
	uint32_t count = 0;

	for (uint32_t r = 0; reach.sampling > 1 && r < p->rules->rule_count; r++) {
		size_t len = strlen(names);

		if (reach_rule(p->rules, r, &reach) >= REACH_EXPECTED || count++ >= UNREACHED_TOLD)
			continue;
		snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
			 p->rules->rules[r].id);
	}
	if (count)
		log_warn("1 in %u packets is too little to expect devices at rest of %u rule%s: "
			 "%s%s",
			 reach.sampling, count, count > 1 ? "s" : "", names,
			 count > UNREACHED_TOLD ? ", ..." : "");
}

int pipeline_open(struct pipeline **out, const struct pipeline_config *config)
{
	struct pipeline *p CLEANUP(pipeline_close_ptr) = calloc(1, sizeof(*p));
	int err;

	if (!p) {
		log_error("out of memory");
		return -ENOMEM;
	}
	p->config = *config;
	err = vendors_check(config);
	if (!err)
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
	err = pipeline_facts_open(p);
	if (err)
		return err;
	reach_tell(p);
	*out = TAKE_PTR(p);
	return 0;
}

void pipeline_close(struct pipeline *p)
{
	if (!p)
		return;
	facts_free(p->facts);
	observer_free(p->observer);
	infer_free(p->infer);
	usage_free(p->usage);
	evidence_free(p->evidence);
	backend_free(p->backends);
	labels_free(p->labels);
	heard_free(p->heard);
	oui_free(p->oui);
	free(p->domains);
	rules_free(p->rules);
	free(p);
}

static domain_id *domain_map(const struct rules *from, const struct rules *to)
{
	domain_id *map = calloc(from->domain_count + resolver_count, sizeof(*map));

	for (uint32_t i = 0; map && i < from->domain_count; i++)
		map[i] = rules_find_domain(to, from->domains[i].name);
	for (uint32_t i = 0; map && i < resolver_count; i++)
		map[from->domain_count + i] = to->domain_count + i;
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
		err = backend_set_domains(p->backends, domains,
					  rules->domain_count + resolver_count, domains_to);
	if (err)
		return err;
	usage_set_rules(p->usage, rules, rules_to);
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
	if (p->facts)
		p->facts_until_ns = 0;
	log_info("%u rules loaded from %s", rules->rule_count, p->config.signatures);
	rules = NULL;
	reach_tell(p);
	return 0;
}
