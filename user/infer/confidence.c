// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/confidence.h"

#include "base/bans.h"
#include "infer/infer.h"
#include "rules/reach.h"

/*
 * Measured by tests/accuracy/measure.py, explained in docs/accuracy.md. Millionths where nothing
 * else is said.
 */
#define PRIOR_ALONE 3800     /* a rule is true of a client of a home */
#define PRIOR_CHILD 467000   /* a rule is true of a device of which its parent is */
#define COMPUTERS 500000     /* of the clients: what visits everything; assumed */
#define LOOK_ALIKES 391000   /* what makes two contacts like a device, to one device */
#define LOOK_ALIKE_USE 480   /* thousandths of the contacts that a device makes */
#define DEVICE_USE_MAX 950   /* thousandths: no device is seen to contact every group */
#define DEVICE_USE_MIN 30    /* thousandths: any contact speaks for the device */
#define STRANGER_NARROW 10800 /* groups of one rule that a computer contacts */
#define STRANGER_WIDE 10400  /* of the groups of a rule that has more than RULE_WIDE */
#define STRANGER_ASKED 958   /* thousandths of these contacts: it asked for the name itself */
#define DEVICE_WEAK 43000    /* a contact is weak, of a device */
#define OTHER_WEAK 111000    /* a contact is weak, of anybody else */

#define RULE_WIDE 15

#define CONTACT_MANY 10 /* packets on the wire: about a TLS handshake */

/* What is seen of a group, the weakest first. */
struct sight {
	bool seen;
	bool strong; /* an answered contact of CONTACT_MANY packets */
	bool asked;  /* the subject itself was given the address for the name */
};

static struct sight group_sight(const struct infer_config *config, const struct hits *h,
				const struct hit *hits, uint32_t count)
{
	struct infer_config strict = *config;
	struct sight s = {.seen = count > 0};
	uint64_t packets = 0;
	bool answered = false;

	strict.established = true;
	for (uint32_t i = 0; i < count; i++) {
		const struct evidence *e = &h->rows[hits[i].row];

		answered |= contact_counts(&strict, e);
		packets += e->packets * e->sampling;
		s.asked |= e->via == VIA_CLIENT_DNS;
	}
	s.strong = answered && packets >= CONTACT_MANY;
	return s;
}

/* The share of a rule's groups that a device contacts is what the rule asks for; thousandths. */
static uint32_t device_use(const struct rules_rule *rule)
{
	uint32_t use = rule_needed(rule, 0) * 1000 / rule->group_count;

	if (use < DEVICE_USE_MIN)
		return DEVICE_USE_MIN;
	return use < DEVICE_USE_MAX ? use : DEVICE_USE_MAX;
}

/* The contact's probability for a device, over that for a computer. */
static int32_t seen_weight(const struct rules_rule *rule, const struct sight *s)
{
	uint32_t use = device_use(rule) * 1000;
	int32_t weight = rule->group_count > RULE_WIDE
				 ? bans_ratio(use, STRANGER_WIDE)
				 : bans_ratio(use * rule->group_count, STRANGER_NARROW);

	if (s->asked)
		weight += bans_ratio(1000, STRANGER_ASKED);
	if (s->strong)
		return weight + bans_ratio(BANS_ONE - DEVICE_WEAK, BANS_ONE - OTHER_WEAK);
	return weight + bans_ratio(DEVICE_WEAK, OTHER_WEAK);
}

/* visible: millionths; that a contact with the group would have been seen. */
static struct confidence_group group_weigh(const struct rules_rule *rule, const struct sight *s,
					   uint32_t visible)
{
	uint32_t use = device_use(rule);
	uint32_t missed = BANS_ONE - (uint32_t)((uint64_t)visible * use / 1000);
	uint32_t missed_alike =
		BANS_ONE - (uint32_t)((uint64_t)visible * use * LOOK_ALIKE_USE / 1000000);

	if (s->seen)
		return (struct confidence_group){seen_weight(rule, s),
						 bans_ratio(1000, LOOK_ALIKE_USE)};
	return (struct confidence_group){bans_ratio(missed, BANS_ONE),
					 bans_ratio(missed, missed_alike)};
}

/* The subject was watched since its oldest contact, at the coarsest rate of its contacts. */
static struct reach watch_of(const struct infer_config *config, const struct hits *h)
{
	struct reach reach = {.sampling = 1};
	int64_t now_ns = h->cutoff_ns[SPAN_WINDOW] + config->window_ns;
	int64_t watched_ns = h->row_count ? now_ns - h->rows[0].first_ns : 0;

	for (uint32_t i = 0; i < h->row_count; i++) {
		if (h->rows[i].sampling > reach.sampling)
			reach.sampling = h->rows[i].sampling;
	}
	if (watched_ns > config->window_ns)
		watched_ns = config->window_ns;
	reach.seconds = watched_ns > 0 ? (uint64_t)watched_ns / 1000000000 : 0;
	return reach;
}

/* The sum over the rule's groups. */
static struct confidence_group groups_weigh(const struct infer_config *config,
					    const struct hits *h, uint32_t rule,
					    struct confidence_group *groups)
{
	struct rules_rule named = config->rules->rules[rule];
	const struct hits_rule *r = hits_find(h, rule);
	const struct hit *hit = r ? &h->hits[r->first] : NULL, *end = r ? hit + r->count : NULL;
	struct reach reach = watch_of(config, h);
	struct confidence_group sum = {0};

	named.group_count = groups_count(h->groups, config->rules, rule);
	for (uint32_t g = 0; g < named.group_count; g++) {
		const struct hit *first = hit;
		uint32_t written = groups_first(h->groups, rule, g);
		uint32_t idle = named.group_idle ? named.group_idle[written] : IDLE_UNKNOWN;
		struct confidence_group w;
		struct sight s;

		while (hit < end && hit->group == g)
			hit++;
		s = group_sight(config, h, first, (uint32_t)(hit - first));
		w = group_weigh(&named, &s, reach_group(&reach, idle));
		sum.stranger += w.stranger;
		sum.look_alike += w.look_alike;
		if (groups)
			groups[g] = w;
	}
	return sum;
}

/* Millionths. Where the parent fires: how probable that is, times the children's share. */
static uint32_t prior_of(const struct infer_config *config, const struct hits *h, uint32_t rule)
{
	uint32_t parent = config->rules->rules[rule].parent;
	struct confidence above;
	uint32_t prior;

	if (parent == RULE_NONE || !hits_fire(h, config, parent, SPAN_WINDOW))
		return PRIOR_ALONE;
	confidence_find(config, h, parent, &above, NULL);
	prior = above.thousandths * (PRIOR_CHILD / 1000);
	return prior > PRIOR_ALONE ? prior : PRIOR_ALONE;
}

void confidence_find(const struct infer_config *config, const struct hits *h, uint32_t rule,
		     struct confidence *out, struct confidence_group *groups)
{
	struct reach reach = watch_of(config, h);
	uint32_t prior = prior_of(config, h, rule);
	uint32_t others = (uint32_t)((uint64_t)(BANS_ONE - prior) * COMPUTERS / BANS_ONE);
	struct confidence_group w = groups_weigh(config, h, rule, groups);
	uint64_t stranger = bans_power(-(bans_ratio(prior, others) + w.stranger));
	uint64_t look_alike = bans_power(-(bans_ratio(BANS_ONE, LOOK_ALIKES) + w.look_alike));
	uint64_t all = BANS_ONE + stranger + look_alike;
	uint32_t thousandths = (uint32_t)(1000ULL * BANS_ONE / all);

	*out = (struct confidence){
		.thousandths = thousandths < 1 ? 1 : thousandths > 999 ? 999 : thousandths,
		.prior = (prior + 500) / 1000,
		.look_alike = (uint32_t)(look_alike / (all / 1000)),
		.visible = reach_group(&reach, IDLE_UNKNOWN) / 1000,
	};
}
