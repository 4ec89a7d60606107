// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts of all files -> the domains of rules: ports joined, classes told, groups named. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules/array.h"
#include "rules/import_private.h"
#include "rules/ports.h"

#define EPHEMERAL_FIRST 32768 /* from here on systems pick ports at random */
#define EPHEMERAL_GAP 1024    /* ports this near to each other are of one range */
#define PORT_NTP 123
#define PORTS_JOINED "ports from 32768 on, picked at random, are joined into ranges"

/* Names that all kinds of systems contact. A dot in front: and every name below. */
static const char generic_names[][32] = {
	".ntp.org",
	".connman.net",
	".amazon-adsystem.com",
	".doubleclick.net",
	".google-analytics.com",
	".googlesyndication.com",
	".googletagmanager.com",
	".googleadservices.com",
	".scorecardresearch.com",
	"www.google.com",
	"clients3.google.com",
	"connectivitycheck.gstatic.com",
	"captive.apple.com",
	"detectportal.firefox.com",
	"www.msftncsi.com",
	"www.msftconnecttest.com",
};

static int fact_compare(const void *a, const void *b)
{
	const struct import_fact *x = a, *y = b;
	int order;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	order = strcmp(x->domain->text, y->domain->text);
	if (order)
		return order;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int port_compare(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Joins neighbours among ports that systems pick at random. Gives the number of ranges left. */
static size_t ephemeral_join(struct port_range *ports, size_t count)
{
	size_t kept = 0;

	qsort(ports, count, sizeof(*ports), port_compare);
	for (size_t i = 0; i < count; i++) {
		struct port_range *last = kept ? &ports[kept - 1] : NULL;

		if (!last || last->lo < EPHEMERAL_FIRST ||
		    last->hi + EPHEMERAL_GAP < ports[i].lo) {
			ports[kept++] = ports[i];
			continue;
		}
		last->protos |= ports[i].protos;
		if (last->hi < ports[i].hi)
			last->hi = ports[i].hi;
	}
	return kept;
}

static void use_told(struct import *im, const struct import_use *use)
{
	im->report.file = im->drops.file = im->sources[use->source].path->text;
}

static void use_drop(struct import *im, struct import_use *use, const char *why)
{
	use_told(im, use);
	import_drop(im, use->line, use->domain->text, why);
	use->dropped = true;
}

/* Says that a domain is kept, but otherwise than its file has it. */
static void use_changed(struct import *im, struct import_use *use, const char *how)
{
	use_told(im, use);
	import_drop(im, use->line, use->domain->text, how);
	im->dropped--;
	use->note = how;
}

/* The ports of facts[0 .. count) as those of the use. */
static void use_ports(struct import *im, struct import_use *use, const struct import_fact *facts,
		      size_t count)
{
	CLEANUP_FREE struct port_range *ports = calloc(count, sizeof(*ports));
	int rc;

	if (!ports) {
		im->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++)
		ports[i] = facts[i].port;
	rc = port_ranges_merge(ports, count, use->ports, &use->port_count);
	if (rc == -ENOSPC) {
		count = ephemeral_join(ports, count);
		rc = port_ranges_merge(ports, count, use->ports, &use->port_count);
		if (!rc)
			use_changed(im, use, PORTS_JOINED);
	}
	if (rc == -ENOSPC)
		use_drop(im, use, "has more port ranges than an address can have");
	else if (rc < 0)
		im->error = rc;
}

static bool is_generic_name(const char *domain)
{
	size_t len = strlen(domain);

	for (size_t i = 0; i < sizeof(generic_names) / sizeof(*generic_names); i++) {
		const char *name = generic_names[i];
		size_t name_len = strlen(name);

		if (*name == '.' && !strcmp(domain, name + 1))
			return true;
		if (len >= name_len && !strcmp(domain + len - name_len, name) &&
		    (*name == '.' || len == name_len))
			return true;
	}
	return false;
}

static void use_class(struct import *im, struct import_use *use)
{
	bool time_only = use->port_count == 1 && use->ports[0].lo == PORT_NTP &&
			 use->ports[0].hi == PORT_NTP;

	use->domain_class = CLASS_GENERIC;
	if (is_generic_name(use->domain->text))
		use_changed(im, use, "generic: all kinds of systems contact it");
	else if (time_only)
		use_changed(im, use, "generic: a time server is weak evidence");
	else
		use->domain_class = CLASS_PRIMARY;
}

/* Makes the use of a run of facts with the same rule and domain. */
static void use_make(struct import *im, const struct import_fact *facts, size_t count)
{
	struct import_use *use = array_grow((void **)&im->uses, &im->use_count, sizeof(*use));

	if (!use) {
		im->error = -ENOMEM;
		return;
	}
	*use = (struct import_use){.domain = facts->domain,
				   .group = facts->group,
				   .rule = facts->rule,
				   .source = facts->source,
				   .line = facts->line};
	use_ports(im, use, facts, count);
	if (!use->dropped && !im->error)
		use_class(im, use);
}

static void uses_make(struct import *im)
{
	uint32_t end;

	if (im->fact_count)
		qsort(im->facts, im->fact_count, sizeof(*im->facts), fact_compare);
	for (uint32_t first = 0; first < im->fact_count && !im->error; first = end) {
		const struct import_fact *fact = &im->facts[first];

		end = first + 1;
		while (end < im->fact_count && im->facts[end].rule == fact->rule &&
		       im->facts[end].domain == fact->domain)
			end++;
		use_make(im, fact, end - first);
	}
}

/* A name before one with "*.", then by alphabet. */
static bool use_before(const struct import_use *a, const struct import_use *b)
{
	bool a_below = a->domain->text[0] == '*', b_below = b->domain->text[0] == '*';

	if (a_below != b_below)
		return b_below;
	return strcmp(a->domain->text, b->domain->text) < 0;
}

/* A group says who shares addresses: a domain is in one only. */
static void groups_check(struct import *im)
{
	for (uint32_t i = 0; i < im->fact_count; i++) {
		const struct import_fact *fact = &im->facts[i], *first;

		if (fact->domain->domain == DOMAIN_NONE)
			fact->domain->domain = i;
		first = &im->facts[fact->domain->domain];
		if (first->group == fact->group)
			continue;
		im->report.file = im->sources[fact->source].path->text;
		report_mistake(&im->report, fact->line,
			       "domain \"%s\" is in another group than in %s:%u",
			       fact->domain->text, im->sources[first->source].path->text,
			       first->line);
	}
}

/* Names each group after its first domain, which the group's name knows as "wildcard" meanwhile. */
static void groups_name(struct import *im)
{
	for (uint32_t i = 0; i < im->use_count; i++) {
		const struct import_use *use = &im->uses[i];

		if (use->group->wildcard == DOMAIN_NONE ||
		    use_before(use, &im->uses[use->group->wildcard]))
			use->group->wildcard = i;
	}
	for (uint32_t i = 0; i < im->use_count; i++)
		im->uses[i].group = im->uses[im->uses[i].group->wildcard].domain;
}

/* True when a primary domain of the rule is in the group. */
static bool group_is_primary(const struct import *im, const struct import_rule *rule,
			     const struct name *group)
{
	for (uint32_t i = 0; i < rule->use_count; i++) {
		const struct import_use *use = &im->uses[rule->use_first + i];

		if (use->group == group && use->domain_class == CLASS_PRIMARY && !use->dropped)
			return true;
	}
	return false;
}

/* Within a group all domains are of one class; a rule without a primary one says nothing. */
static void rule_settle(struct import *im, struct import_rule *rule)
{
	bool primary = false;

	im->report.file = im->drops.file = im->sources[rule->source].path->text;
	if (rule->use_count > RULE_DOMAINS_MAX) {
		report_mistake(&im->report, rule->line, "rule \"%s\" has more than %d domains",
			       rule->id->text, RULE_DOMAINS_MAX);
		return;
	}
	for (uint32_t i = 0; i < rule->use_count; i++) {
		struct import_use *use = &im->uses[rule->use_first + i];

		if (use->domain_class == CLASS_GENERIC && group_is_primary(im, rule, use->group))
			use_drop(im, use, "generic, but on the addresses of others that are not");
		primary |= use->domain_class == CLASS_PRIMARY && !use->dropped;
		im->generic += use->domain_class == CLASS_GENERIC && !use->dropped;
	}
	if (primary)
		return;
	im->drops.file = im->sources[rule->source].path->text;
	import_drop(im, rule->line, rule->id->text, "no domain is left that would be evidence");
	rule->dropped = true;
}

void import_settle(struct import *im)
{
	groups_check(im);
	if (im->report.count)
		return;
	uses_make(im);
	if (im->error)
		return;
	groups_name(im);
	for (uint32_t i = im->use_count; i-- > 0;) {
		struct import_rule *rule = &im->rules[im->uses[i].rule];

		rule->use_first = i;
		rule->use_count++;
	}
	for (uint32_t i = 0; i < im->rule_count; i++)
		rule_settle(im, &im->rules[i]);
}
