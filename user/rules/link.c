// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules/ports.h"

DEFINE_CLEANUP(rules_free, struct rules *)

/* A mistake at a line of any file, not of the one read last. */
#define link_mistake(d, in_file, line, ...)                                                       \
	do {                                                                                      \
		(d)->report.file = (in_file)->text;                                               \
		report_mistake(&(d)->report, line, __VA_ARGS__);                                  \
	} while (0)

static void ids_link(struct draft *d)
{
	for (uint32_t i = 0; i < d->rule_count; i++) {
		struct draft_rule *rule = &d->rules[i], *first;

		if (!rule->id)
			continue;
		if (rule->id->rule == RULE_NONE) {
			rule->id->rule = i;
			continue;
		}
		first = &d->rules[rule->id->rule];
		link_mistake(d, rule->file, rule->line, "rule \"%s\" is already in %s:%u",
			     rule->id->text, first->file->text, first->line);
	}
}

static uint32_t parent_of(const struct draft_rule *rule)
{
	return rule->parent ? rule->parent->rule : RULE_NONE;
}

/* True when the way up from rule leads back to it. */
static bool rule_in_cycle(const struct draft *d, uint32_t rule)
{
	uint32_t up = parent_of(&d->rules[rule]);

	for (uint32_t steps = 0; up != RULE_NONE && steps < d->rule_count; steps++) {
		if (up == rule)
			return true;
		up = parent_of(&d->rules[up]);
	}
	return false;
}

static void parent_check(struct draft *d, uint32_t index)
{
	const struct draft_rule *rule = &d->rules[index], *parent;

	if (!rule->parent || (rule->parent->rule == RULE_NONE && d->incomplete))
		return;
	if (rule->parent->rule == RULE_NONE) {
		link_mistake(d, rule->file, rule->parent_line, "parent \"%s\" is in no file",
			     rule->parent->text);
		return;
	}
	if (rule_in_cycle(d, index))
		link_mistake(d, rule->file, rule->parent_line,
			     "the rule is among its own parents");
	parent = &d->rules[rule->parent->rule];
	if (rule->level != LEVEL_COUNT && parent->level != LEVEL_COUNT &&
	    parent->level > rule->level)
		link_mistake(d, rule->file, rule->parent_line,
			     "a %s rule cannot have the %s rule \"%s\" as parent",
			     rule_level_names[rule->level], rule_level_names[parent->level],
			     rule->parent->text);
}

/* Within a rule: each domain once, and one class to a group. */
static void rule_groups_check(struct draft *d, const struct draft_rule *rule)
{
	const struct draft_use *uses = rule->use_count ? &d->uses[rule->use_first] : NULL;

	for (uint32_t i = 0; i < rule->use_count; i++) {
		bool other_class = false;

		for (uint32_t k = 0; k < i; k++) {
			if (uses[k].domain == uses[i].domain)
				link_mistake(d, rule->file, uses[i].line,
					     "domain \"%s\" is already in line %u of this rule",
					     uses[i].domain->text, uses[k].line);
			if (uses[k].group == uses[i].group)
				other_class |= uses[k].domain_class != uses[i].domain_class;
		}
		if (other_class)
			link_mistake(d, rule->file, uses[i].line,
				     "group \"%s\" of this rule has domains of another class",
				     uses[i].group->text);
	}
}

static const struct name *use_file(const struct draft *d, const struct draft_use *use)
{
	return d->rules[use->rule].file;
}

static int use_compare(const void *a, const void *b)
{
	const struct draft_use *x = a, *y = b;
	int order = strcmp(x->domain->text, y->domain->text);

	if (order)
		return order;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* A domain is in the same group wherever it is listed: a group says who shares addresses. */
static void domain_groups_check(struct draft *d, uint32_t first, uint32_t end)
{
	for (uint32_t i = first + 1; i < end; i++)
		if (d->uses[i].group != d->uses[first].group)
			link_mistake(d, use_file(d, &d->uses[i]), d->uses[i].line,
				     "domain \"%s\" is in group \"%s\" here, in \"%s\" in %s:%u",
				     d->uses[i].domain->text, d->uses[i].group->text,
				     d->uses[first].group->text,
				     use_file(d, &d->uses[first])->text, d->uses[first].line);
}

/*
 * The context of the rules that count the domain, one for all: it says who else uses the addresses.
 * Where it is no primary domain the rule's context says nothing about it.
 */
static enum rule_context domain_context_link(struct draft *d, uint32_t first, uint32_t end)
{
	const struct draft_use *decides = NULL;

	for (uint32_t i = first; i < end; i++) {
		const struct draft_use *use = &d->uses[i];
		enum rule_context context = d->rules[use->rule].context;

		if (use->domain_class != CLASS_PRIMARY)
			continue;
		if (!decides)
			decides = use;
		if (context != d->rules[decides->rule].context)
			link_mistake(d, use_file(d, use), use->line,
				     "domain \"%s\" has context %s here, another in %s:%u",
				     use->domain->text, rule_context_names[context],
				     use_file(d, decides)->text, decides->line);
	}
	return decides ? d->rules[decides->rule].context : CONTEXT_ADDRESS;
}

/* The union of the ports of uses[first .. end). */
static int domain_ports_link(struct draft *d, uint32_t first, uint32_t end,
			     struct rules_domain *domain)
{
	size_t most = (size_t)(end - first) * BACKEND_PORTS, count = 0;
	CLEANUP_FREE struct port_range *all = calloc(most, sizeof(*all));
	int rc;

	if (!all)
		return -ENOMEM;
	for (uint32_t i = first; i < end; i++)
		for (uint32_t k = 0; k < d->uses[i].port_count; k++)
			all[count++] = d->uses[i].ports[k];
	rc = port_ranges_merge(all, count, domain->ports, &domain->port_count);
	if (rc != -ENOSPC)
		return rc;
	link_mistake(d, use_file(d, &d->uses[end - 1]), d->uses[end - 1].line,
		     "the rules together want more than %d port ranges of \"%s\"", BACKEND_PORTS,
		     domain->name);
	return 0;
}

/* Lets the domain be found by its name. */
static int domain_index(struct draft *d, const char *text, domain_id id)
{
	bool wildcard = text[0] == '*';
	struct name *name = draft_name(d, wildcard ? text + 2 : text, strlen(text) - 2 * wildcard);

	if (!name)
		return -ENOMEM;
	*(wildcard ? &name->wildcard : &name->domain) = id;
	return 0;
}

/* Sorts the uses by domain and makes the domains. */
static int domains_link(struct draft *d, struct rules *r)
{
	uint32_t end;

	if (d->use_count)
		qsort(d->uses, d->use_count, sizeof(*d->uses), use_compare);
	for (uint32_t first = 0; first < d->use_count; first = end) {
		struct rules_domain *domain = &r->domains[r->domain_count];
		int rc;

		end = first + 1;
		while (end < d->use_count && d->uses[end].domain == d->uses[first].domain)
			end++;
		domain->name = d->uses[first].domain->text;
		domain->use_first = first;
		domain->use_count = end - first;
		rc = domain_index(d, domain->name, r->domain_count++);
		if (!rc)
			rc = domain_ports_link(d, first, end, domain);
		if (rc < 0)
			return rc;
		domain_groups_check(d, first, end);
		domain->context = domain_context_link(d, first, end);
	}
	return 0;
}

/* A group may bear the name of one of its domains, not of another group's. */
static void group_names_check(struct draft *d, const struct rules *r)
{
	for (uint32_t i = 0; i < r->domain_count; i++) {
		const struct draft_use *use = &d->uses[r->domains[i].use_first], *namesake;
		domain_id id = names_domain(d->names, use->group->text);

		if (id == DOMAIN_NONE)
			continue;
		namesake = &d->uses[r->domains[id].use_first];
		if (namesake->group != use->group)
			link_mistake(d, use_file(d, use), use->line,
				     "group \"%s\" bears the name of a domain of group \"%s\"",
				     use->group->text, namesake->group->text);
	}
}

static void rules_link_rules(struct draft *d, struct rules *r)
{
	for (uint32_t i = 0; i < d->rule_count; i++) {
		const struct draft_rule *rule = &d->rules[i];

		r->rules[i] = (struct rules_rule){
			.id = rule->id->text,
			.name = rule->name->text,
			.vendor = rule->vendor->text,
			.file = rule->file->text,
			.line = rule->line,
			.level = rule->level,
			.context = rule->context,
			.parent = parent_of(rule),
			.threshold = rule->threshold,
			.group_names = r->private->group_names + rule->use_first,
			.usage_packets = rule->usage_packets,
			.usage_source = rule->usage_packets ? rule->usage_source->text : NULL,
			.group_idle = r->private->group_idle + rule->use_first,
		};
	}
}

/* The group's number within its rule, a new one when it has none yet. */
static uint32_t rule_group(struct rules *r, const struct draft *d, const struct draft_use *use)
{
	struct rules_rule *rule = &r->rules[use->rule];
	const char **names = r->private->group_names + d->rules[use->rule].use_first;

	for (uint32_t i = 0; i < rule->group_count; i++)
		if (names[i] == use->group->text)
			return i;
	names[rule->group_count] = use->group->text;
	return rule->group_count++;
}

/* A group's packets are those of its domains, as far as they are known. */
static void group_idle_add(struct rules *r, const struct draft *d, const struct draft_use *use,
			   uint32_t group)
{
	uint32_t *idle = &r->private->group_idle[d->rules[use->rule].use_first + group];

	if (use->idle == IDLE_UNKNOWN)
		return;
	*idle = *idle == IDLE_UNKNOWN ? use->idle : *idle + use->idle;
}

static void uses_link(struct draft *d, struct rules *r)
{
	for (domain_id id = 0; id < r->domain_count; id++) {
		struct rules_domain *domain = &r->domains[id];
		uint32_t end = domain->use_first + domain->use_count, first_rule = RULE_NONE;

		for (uint32_t i = domain->use_first; i < end; i++) {
			const struct draft_use *use = &d->uses[i];
			struct rules_use *out = &r->uses[r->use_count++];

			*out = (struct rules_use){
				.domain = id,
				.rule = use->rule,
				.domain_class = use->domain_class,
				.port_count = use->port_count,
				.source = use->source->text,
			};
			if (use->domain_class == CLASS_PRIMARY) {
				out->group = rule_group(r, d, use);
				group_idle_add(r, d, use, out->group);
			}
			memcpy(out->ports, use->ports, sizeof(out->ports));
			if (use->rule < first_rule)
				first_rule = use->rule;
		}
		domain->vendor = r->rules[first_rule].vendor;
	}
}

static struct rules *rules_new(const struct draft *d)
{
	CLEANUP(rules_free_ptr) struct rules *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->private = calloc(1, sizeof(*r->private));
	r->rules = calloc(d->rule_count + 1, sizeof(*r->rules));
	r->domains = calloc(d->use_count + 1, sizeof(*r->domains));
	r->uses = calloc(d->use_count + 1, sizeof(*r->uses));
	if (!r->private || !r->rules || !r->domains || !r->uses)
		return NULL;
	r->private->group_names = calloc(d->use_count + 1, sizeof(char *));
	r->private->group_idle = calloc(d->use_count + 1, sizeof(uint32_t));
	if (!r->private->group_names || !r->private->group_idle)
		return NULL;
	for (uint32_t i = 0; i < d->use_count; i++)
		r->private->group_idle[i] = IDLE_UNKNOWN;
	return TAKE_PTR(r);
}

int rules_link(struct draft *d, struct rules **out)
{
	CLEANUP(rules_free_ptr) struct rules *r = rules_new(d);
	int rc;

	if (!r)
		return -ENOMEM;
	ids_link(d);
	for (uint32_t i = 0; i < d->rule_count; i++) {
		parent_check(d, i);
		rule_groups_check(d, &d->rules[i]);
	}
	rc = domains_link(d, r);
	if (rc < 0)
		return rc;
	group_names_check(d, r);
	if (d->error || d->report.count)
		return d->error ? d->error : -EINVAL;
	rules_link_rules(d, r);
	uses_link(d, r);
	r->rule_count = d->rule_count;
	r->file_count = d->file_count;
	r->private->names = TAKE_PTR(d->names);
	*out = TAKE_PTR(r);
	return 0;
}
