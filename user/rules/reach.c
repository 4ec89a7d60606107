// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/reach.h"

#include "base/bans.h"

#define PARENTS_MAX 16
#define BILLION 1000000000ULL
#define SECONDS_MAX (1ULL << 32)

/* 1 - (1 - 1/sampling)^packets, in billionths: a contact of so many packets is noticed. */
static uint64_t contact_noticed(uint32_t sampling)
{
	uint64_t missed = BILLION;

	for (int i = 0; i < CONTACT_PACKETS; i++)
		missed -= missed / sampling;
	return BILLION - missed;
}

uint32_t reach_group(const struct reach *reach, uint32_t idle)
{
	uint64_t seconds = reach->seconds < SECONDS_MAX ? reach->seconds : SECONDS_MAX;
	uint64_t packets = (idle == IDLE_UNKNOWN ? IDLE_TYPICAL : idle) * seconds;
	uint64_t contacts = packets / (3600 * CONTACT_PACKETS / 100); /* hundredths */

	if (contacts > BILLION)
		contacts = BILLION;
	return bans_decay(contacts * contact_noticed(reach->sampling ? reach->sampling : 1) /
			  (BILLION / BANS_ONE * 100));
}

/* p[k]: k of the groups so far were noticed, the last one stands for all above. */
static void groups_add(uint32_t p[], uint32_t needed, uint32_t noticed)
{
	p[needed] += (uint32_t)((uint64_t)p[needed - 1] * noticed / BANS_ONE);
	for (uint32_t k = needed - 1; k > 0; k--)
		p[k] = (uint32_t)(((uint64_t)p[k] * (BANS_ONE - noticed) +
				   (uint64_t)p[k - 1] * noticed) /
				  BANS_ONE);
	p[0] = (uint32_t)((uint64_t)p[0] * (BANS_ONE - noticed) / BANS_ONE);
}

/* Without its parents. */
static uint32_t groups_reach(const struct rules_rule *rule, const struct reach *reach)
{
	uint32_t p[RULE_DOMAINS_MAX + 1] = {BANS_ONE};
	uint32_t needed = rule_needed(rule, reach->threshold), unknown = 0;

	for (uint32_t g = 0; g < rule->group_count; g++) {
		uint32_t idle = rule->group_idle ? rule->group_idle[g] : IDLE_UNKNOWN;

		if (idle == IDLE_UNKNOWN)
			unknown++;
		else
			groups_add(p, needed, reach_group(reach, idle));
	}
	if (unknown && p[needed] / 1000 < REACH_EXPECTED)
		return REACH_UNKNOWN;
	return p[needed] / 1000;
}

uint32_t reach_rule(const struct rules *rules, uint32_t rule, const struct reach *reach)
{
	uint32_t least = 1000;
	bool unknown = false;

	for (int depth = 0; rule != RULE_NONE && depth < PARENTS_MAX; depth++) {
		uint32_t p = groups_reach(&rules->rules[rule], reach);

		unknown |= p == REACH_UNKNOWN;
		if (p < least)
			least = p;
		rule = rules->rules[rule].parent;
	}
	return unknown && least >= REACH_EXPECTED ? REACH_UNKNOWN : least;
}
