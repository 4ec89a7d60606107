/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small home as the stages know it: two rules, three subjects, two backends, one detection. */
#ifndef HAYRAKE_TESTS_QUERY_FIXTURE_H
#define HAYRAKE_TESTS_QUERY_FIXTURE_H

#include <netinet/in.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/timefmt.h"
#include "names/heard.h"
#include "query.h"

#define HOME_NOW (1764000000LL * NS_PER_S) /* 2025-11-24T16:00:00Z */

static const char home_signatures[] =
	"{'format': 1, 'vendor': 'Acme', 'sources': {'s': {'citation': 'c', 'date': '2020'}},"
	"'rules': ["
	"{'rule': 'acme', 'name': 'Acme device', 'level': 'manufacturer', 'source': 's',"
	" 'threshold': 0.5, 'usage': {'packets_per_hour': 10}, 'domains': ["
	"  {'domain': 'api.acme.com', 'ports': ['443']},"
	"  {'domain': 'fw.acme.com', 'ports': ['443']},"
	"  {'domain': 'ntp.acme.com', 'ports': ['udp/123'], 'class': 'generic'}]},"
	"{'rule': 'acme-hub', 'name': 'Acme hub', 'level': 'product', 'source': 's',"
	" 'parent': 'acme', 'threshold': 1, 'domains': ["
	"  {'domain': 'hub.acme.com', 'ports': ['443']},"
	"  {'domain': 'cloud.acme.com', 'ports': ['443']}]}]}";

struct home {
	struct counts counts;
	struct rules *rules;
	struct backend_domain domains[8];
	struct backend_map *backends;
	struct evidence_store *evidence;
	struct infer *infer;
	struct usage *usage;
	struct labels *labels;
	struct heard *heard;
	struct query_source query;
	size_t points; /* how many it says it has */
	bool points_see;
};

static void home_rows(void *ctx, const struct subject *subject, evidence_sink *sink,
		      void *sink_ctx)
{
	evidence_each(((struct home *)ctx)->evidence, subject, sink, sink_ctx);
}

static uint32_t home_addresses(void *ctx, const struct subject *subject,
			       struct addr out[static SUBJECT_ADDRESSES_MAX])
{
	struct subject_row row;

	if (evidence_subject(((struct home *)ctx)->evidence, subject, &row))
		return 0;
	memcpy(out, row.address, row.address_count * sizeof(*out));
	return row.address_count;
}

static void home_detection(void *ctx, const struct detection *d)
{
	(void)ctx;
	(void)d;
}

static void home_name_rule(void *ctx, uint32_t rule, struct output_rule *out)
{
	const struct rules *rules = ((struct home *)ctx)->rules;
	const struct rules_rule *r = &rules->rules[rule];

	*out = (struct output_rule){r->id, r->name, r->vendor, rule_level_names[r->level],
				    r->parent == RULE_NONE ? NULL : rules->rules[r->parent].id};
}

static const char *home_name_domain(void *ctx, domain_id domain)
{
	return ((struct home *)ctx)->rules->domains[domain].name;
}

static const char *home_name_group(void *ctx, uint32_t rule, domain_id domain)
{
	(void)rule;
	return home_name_domain(ctx, domain);
}

static void home_name_subject(void *ctx, const struct subject *s, struct subject_names *out)
{
	const struct home *h = ctx;
	struct heard_row heard = {0};

	heard_row(h->heard, s, &heard);
	*out = (struct subject_names){.user = labels_text(h->labels, s), .host = heard.host};
	out->has_mac = true;
	out->mac_random = mac_is_local(s->b + 2);
}

static int64_t home_now(void *ctx)
{
	(void)ctx;
	return HOME_NOW;
}

static struct addr home_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct subject home_subject(uint8_t n)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, n};

	return subject_from_mac(mac);
}

static bool home_detected(void *ctx, const struct subject *subject, uint32_t rule)
{
	return infer_detected(((struct home *)ctx)->infer, subject, rule, NULL);
}

static void home_changed(void *ctx, const struct usage_row *row)
{
	(void)ctx;
	(void)row;
}

/* The subject's contact with name, learned from DNS and seen seconds before now. */
static void home_contact(struct home *h, uint8_t n, const char *name, int64_t before_s)
{
	struct evidence e = {
		.subject = home_subject(n),
		.domain = rules_find_domain(h->rules, name),
		.remote = home_addr("198.51.100.7"),
		.port = strncmp(name, "ntp", 3) ? 443 : 123,
		.ip_proto = strncmp(name, "ntp", 3) ? IPPROTO_TCP : IPPROTO_UDP,
		.tcp_flags = 0x12,
		.directions = 3,
		.sampling = 1,
		.packets = 4,
		.bytes = 400,
		.first_ns = HOME_NOW - (before_s + 1) * NS_PER_S,
		.last_ns = HOME_NOW - before_s * NS_PER_S,
	};
	struct addr local = home_addr("192.168.1.10");

	assert_int_not_equal(e.domain, DOMAIN_NONE);
	local.b[15] = n;
	evidence_address(h->evidence, &e.subject, &local, e.last_ns);
	if (evidence_add(h->evidence, &e))
		infer_subject(h->infer, &e.subject, e.last_ns);
}

/* Packets of the Acme device, before_s seconds before now. */
static inline void home_use(struct home *h, int64_t before_s, uint64_t packets)
{
	struct flow f = {
		.subject = home_subject(10),
		.port = 443,
		.ip_proto = IPPROTO_TCP,
		.packets = packets,
		.sampling = 1,
		.last_ns = HOME_NOW - before_s * NS_PER_S,
		.domain_count = 1,
		.domains = {rules_find_domain(h->rules, "api.acme.com")},
	};

	usage_add(h->usage, &f);
}

static void home_learn(struct home *h, const char *name, const char *address)
{
	struct dns_answer answer = {
		.time_ns = HOME_NOW - 60 * NS_PER_S,
		.client = home_addr("192.168.1.10"),
		.server = home_addr("192.168.1.1"),
		.subject = home_subject(1),
		.qname = name,
		.qtype = 1,
		.address_count = 1,
	};
	domain_id domain = rules_find_domain(h->rules, name);

	answer.address[0] = (struct answer_address){home_addr(address), 300};
	backend_learn(h->backends, &answer, &domain, domain != DOMAIN_NONE);
}

static void home_rules(struct home *h)
{
	char text[sizeof(home_signatures)];

	strcpy(text, home_signatures);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_int_equal(rules_load_text("acme.json", text, strlen(text), NULL, NULL, &h->rules),
			 0);
	for (uint32_t i = 0; i < h->rules->domain_count; i++) {
		const struct rules_domain *d = &h->rules->domains[i];

		h->domains[i] = (struct backend_domain){.name = d->name, .vendor = d->vendor};
		h->domains[i].port_count = d->port_count;
		for (uint8_t k = 0; k < d->port_count; k++) {
			h->domains[i].port_lo[k] = d->ports[k].lo;
			h->domains[i].port_hi[k] = d->ports[k].hi;
			h->domains[i].protos[k] = d->ports[k].protos;
		}
	}
}

static struct home *home_new(void)
{
	static const struct backend_ops no_ops;
	struct home *h = calloc(1, sizeof(*h));
	struct infer_config config = {.window_ns = 86400 * NS_PER_S, .max_detections = 100};
	struct infer_source source = {h, home_rows, home_addresses};
	struct usage_config usage = {.counts = &h->counts, .max = 100};
	struct usage_ops ops = {h, home_detected, home_changed};

	assert_non_null(h);
	home_rules(h);
	usage.rules = config.rules = h->rules;
	h->backends = backend_new(&backend_limits_gateway, &no_ops, &h->counts);
	assert_int_equal(
		backend_set_domains(h->backends, h->domains, h->rules->domain_count, NULL), 0);
	h->evidence = evidence_new(&evidence_limits_gateway, config.window_ns, &h->counts);
	h->labels = labels_new(3);
	h->usage = usage_new(&usage, &ops);
	h->heard = heard_new(SUBJECT_MAC, 4, &h->counts);
	h->infer = infer_new(&config, &source, home_detection, NULL, &h->counts);
	home_learn(h, "api.acme.com", "198.51.100.7");
	home_learn(h, "hub.acme.com", "198.51.100.6");
	home_contact(h, 10, "api.acme.com", 20); /* an Acme device */
	home_contact(h, 10, "hub.acme.com", 10);
	home_contact(h, 11, "ntp.acme.com", 5); /* a generic contact: unknown */
	h->query = (struct query_source){
		.names = {h, home_name_rule, home_name_domain, home_name_group,
			  home_name_subject},
		.rules = h->rules,
		.backends = h->backends,
		.evidence = h->evidence,
		.infer = h->infer,
		.usage = h->usage,
		.labels = h->labels,
		.counts = &h->counts,
		.origin = "state",
		.ctx = h,
		.now = home_now,
	};
	return h;
}

static void home_free(struct home *h)
{
	infer_free(h->infer);
	usage_free(h->usage);
	labels_free(h->labels);
	heard_free(h->heard);
	evidence_free(h->evidence);
	backend_free(h->backends);
	rules_free(h->rules);
	free(h);
}

#endif
