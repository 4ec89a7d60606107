// SPDX-License-Identifier: GPL-2.0-or-later
/* explain: every rule that speaks of a subject, or the one that was asked for. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/bans.h"
#include "output/rows.h"
#include "query_private.h"
#include "rules/reach.h"

struct explain_run {
	struct query *run;
	struct subject_row subject;
	uint64_t rules;
};

static const char *why_not(const struct explain_contact *c)
{
	if (c->counted)
		return NULL;
	if (c->domain_class != CLASS_PRIMARY)
		return c->domain_class == CLASS_SUPPORT ? "support domain" : "generic domain";
	return c->evidence.ip_proto == IPPROTO_TCP ? "no established connection"
						   : "only one direction seen";
}

static struct json_object *contacts_list(const struct query_source *q, const struct explanation *x)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; list && i < x->contact_count; i++) {
		const struct explain_contact *c = &x->contacts[i];
		const char *domain = q->rules->domains[c->evidence.domain].name;
		struct json_object *row = row_evidence(&c->evidence, c->group, domain);

		if (!row)
			continue;
		row_number(row, "sampling", c->evidence.sampling);
		row_text(row, "class", domain_class_names[c->domain_class]);
		json_object_object_add(row, "counted", json_object_new_boolean(c->counted));
		row_text(row, "why_not", why_not(c));
		json_object_array_add(list, row);
	}
	return list;
}

/* How many times more likely it makes the rule: three digits say enough. */
static void row_factor(struct json_object *row, int32_t weight)
{
	double factor = (double)bans_power(weight) / BANS_ONE;
	char text[32];

	snprintf(text, sizeof(text), "%.3g", factor);
	json_object_object_add(row, "factor", json_object_new_double_s(factor, text));
}

static struct json_object *groups_list(const struct query_source *q, const struct explanation *x)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; list && i < x->group_count; i++) {
		struct json_object *row = json_object_new_object();

		if (!row)
			continue;
		row_text(row, "name", x->groups[i].name);
		json_object_object_add(row, "seen", json_object_new_boolean(x->groups[i].seen));
		row_factor(row, x->groups[i].weight);
		query_unit(q, row, x->rule, i);
		json_object_array_add(list, row);
	}
	return list;
}

/* Whether a device at rest can be expected to be found at all, at the rate in use. */
static void row_reachable(struct json_object *row, const struct query_source *q,
			  const struct explanation *x)
{
	struct reach reach = {.sampling = q->sampling ? q->sampling : x->sampling,
			      .threshold = q->threshold,
			      .seconds = q->window_s};
	uint32_t p = reach.sampling ? reach_rule(q->rules, x->rule, &reach) : REACH_UNKNOWN;

	if (p == REACH_UNKNOWN)
		row_text(row, "reachable", NULL);
	else
		row_thousandths(row, "reachable", p);
}

static void row_confidence(struct json_object *row, const struct confidence *c)
{
	row_thousandths(row, "confidence", c->thousandths);
	row_thousandths(row, "prior", c->prior);
	row_thousandths(row, "look_alike", c->look_alike);
	row_thousandths(row, "visible", c->visible);
}

static void emit_explanation(void *ctx, const struct explanation *x)
{
	struct explain_run *e = ctx;
	const struct query_source *q = e->run->q;
	bool has_parent = q->rules->rules[x->rule].parent != RULE_NONE;
	struct json_object *row = row_new("explanation");
	int64_t detected_ns = 0;
	bool detected;

	if (!row)
		return;
	e->rules++;
	row_subject_text(row, "subject", &e->subject.subject);
	row_addresses(row, e->subject.address, e->subject.address_count);
	row_labels(row, &e->subject.subject, &q->names);
	row_rule(row, x->rule, &q->names);
	row_text(row, "context", rule_context_names[q->rules->rules[x->rule].context]);
	json_object_object_add(row, "parent_fires",
			       has_parent ? json_object_new_boolean(x->parent_fires) : NULL);
	json_object_object_add(row, "fires", json_object_new_boolean(x->fires));
	json_object_object_add(row, "suppressed",
			       json_object_new_boolean(query_suppressed(
				       q, &e->subject.subject, x->rule)));
	detected = infer_detected(q->infer, &e->subject.subject, x->rule, &detected_ns);
	row_time_known(row, "detected", detected_ns, detected);
	row_number(row, "seen", x->seen);
	row_number(row, "needed", x->needed);
	row_number(row, "of", x->of);
	row_confidence(row, &x->confidence);
	row_reachable(row, q, x);
	row_time_known(row, "first_evidence", x->first_ns, x->contact_count > 0);
	row_time_known(row, "last_evidence", x->last_ns, x->contact_count > 0);
	json_object_object_add(row, "groups", groups_list(q, x));
	json_object_object_add(row, "evidence", contacts_list(q, x));
	row_dns(row, &e->subject);
	query_emit(e->run, row);
}

static void emit_unknown(const struct explain_run *e)
{
	struct json_object *row = row_new("unknown");

	if (!row)
		return;
	row_subject_text(row, "subject", &e->subject.subject);
	row_addresses(row, e->subject.address, e->subject.address_count);
	row_labels(row, &e->subject.subject, &e->run->q->names);
	row_number(row, "domains", e->subject.domains);
	row_dns(row, &e->subject);
	query_emit(e->run, row);
}

int query_subject(const struct query_source *q, const char *text, struct subject_row *out)
{
	struct subject subject;
	struct addr a;
	int err = subject_parse(text, &subject);

	if (err)
		return err;
	if (!evidence_subject(q->evidence, &subject, out))
		return 0;
	if (subject_kind(&subject) != SUBJECT_IP)
		return -ENOENT;
	memcpy(a.b, subject.b, sizeof(a.b));
	if (evidence_find_address(q->evidence, &a, &subject))
		return -ENOENT;
	return evidence_subject(q->evidence, &subject, out);
}

int query_explain(struct query *run, const char *subject, const char *rule)
{
	const struct query_source *q = run->q;
	struct explain_run e = {.run = run};
	uint32_t index = rule ? rules_find(q->rules, rule) : RULE_NONE;
	int err = query_subject(q, subject, &e.subject);

	if (err == -EINVAL)
		return query_fail(run, err, "neither a MAC address nor an IP address:", subject);
	if (err)
		return query_fail(run, err, "nothing is known of", subject);
	if (rule && index == RULE_NONE)
		return query_fail(run, -ENOENT, "no such rule:", rule);
	infer_explain(q->infer, &e.subject.subject, index, run->now_ns, emit_explanation, &e);
	if (!e.rules)
		emit_unknown(&e);
	return 0;
}
