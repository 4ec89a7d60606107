// SPDX-License-Identifier: GPL-2.0-or-later
/* Passive DNS and certificates -> backend map: once for each day of the traffic's time. */
#include <netinet/in.h>
#include <string.h>

#include "pipeline_private.h"

#define MATCHED_MAX ENDPOINT_DOMAINS

static bool name_wanted(void *ctx, const char *name)
{
	struct pipeline *p = ctx;
	domain_id id;

	return rules_match(p->rules, name, &id, 1) > 0;
}

static void answer_take(void *ctx, const struct dns_answer *answer)
{
	struct pipeline *p = ctx;
	domain_id matched[MATCHED_MAX];
	size_t count = rules_match(p->rules, answer->qname, matched, MATCHED_MAX);

	p->changes += count > 0;
	backend_learn(p->backends, answer, matched, count);
}

/* "*.x" is a certificate's way to say any one label before x. */
static bool wildcard_has(const char *wildcard, const char *domain)
{
	const char *dot = strchr(domain, '.');

	return dot && *domain != '*' && !strcmp(dot, wildcard + 1);
}

/*
 * The signature domains that a name in a certificate stands for. A wildcard over several of them
 * does not say which are served there: none, counted.
 */
static size_t name_domains(struct pipeline *p, const char *name, domain_id out[MATCHED_MAX])
{
	size_t count = 0;

	if (strncmp(name, "*.", 2) != 0)
		return rules_match(p->rules, name, out, MATCHED_MAX);
	out[0] = rules_find_domain(p->rules, name);
	if (out[0] != DOMAIN_NONE)
		return 1;
	for (domain_id id = 0; id < p->rules->domain_count; id++) {
		if (!wildcard_has(name, p->rules->domains[id].name))
			continue;
		if (count++) {
			p->counts.n[COUNTER_FACTS_AMBIGUOUS]++;
			return 0;
		}
		out[0] = id;
	}
	return count;
}

static void certificate_name(struct pipeline *p, const struct certificate *c, const char *name)
{
	struct dns_answer a = {
		.time_ns = c->time_ns,
		.source = SOURCE_CERTIFICATE,
		.qname = name + (strncmp(name, "*.", 2) ? 0 : 2),
		.address_count = 1,
		.address = {{c->addr, c->ttl_s}},
	};
	domain_id ids[MATCHED_MAX];
	size_t count = c->teaches ? name_domains(p, name, ids) : 0, kept = 0;

	for (size_t i = 0; i < count; i++)
		if (pipeline_domain_has_port(&p->rules->domains[ids[i]], c->port, IPPROTO_TCP) ||
		    pipeline_domain_has_port(&p->rules->domains[ids[i]], c->port, IPPROTO_UDP))
			ids[kept++] = ids[i];
	if (kept || !c->teaches)
		backend_learn(p->backends, &a, ids, kept);
}

static void certificate_take(void *ctx, const struct certificate *c)
{
	for (uint32_t i = 0; i < c->name_count; i++)
		certificate_name(ctx, c, c->names[i]);
}

int pipeline_facts_open(struct pipeline *p)
{
	struct facts_ops ops = {p, name_wanted, answer_take, certificate_take};
	const struct facts_files *files = p->config.facts;
	int err;

	p->facts_until_ns = INT64_MAX;
	if (!files || !(files->passive_count + files->certificate_count))
		return 0;
	err = facts_check(files);
	if (err)
		return err;
	p->facts = facts_new(files, &ops, &p->counts);
	p->facts_until_ns = 0;
	return p->facts ? 0 : -ENOMEM;
}

void pipeline_facts(struct pipeline *p, int64_t now_ns)
{
	if (p->facts)
		p->facts_until_ns = facts_import(p->facts, now_ns);
}
