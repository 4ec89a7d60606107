/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain groups as the addresses seen make them, in place of those that the signatures have. Groups
 * of a rule become one unit of evidence when
 *  - the same addresses, none of them shared, stand for both, and they count on the same ports:
 *    headers cannot tell them apart
 *  - they are regional twins (region.h), some subject contacts one, and none has contacted two
 * needed is that of the units; but twins alone never bring a rule from two units down to one.
 */
#ifndef HAYRAKE_GROUPS_H
#define HAYRAKE_GROUPS_H

#include "rules/rules.h"

enum unit_why {
	UNIT_ALONE = 0,
	UNIT_ADDRESSES = 1, /* bits: the same addresses */
	UNIT_REGION = 2,    /* regional twins */
	UNIT_BOTH = 3,
	UNIT_WHY_COUNT,
};

enum twins_state {
	TWINS_NONE,   /* no other group of the rule differs in the region alone */
	TWINS_UNSEEN, /* no subject has contacted any of them */
	TWINS_JOINED,
	TWINS_APART, /* a subject has contacted several: they are evidence each */
	TWINS_STATE_COUNT,
};

struct groups;

/* threshold: of the command line, 0: not given. rules is borrowed. NULL without memory. */
struct groups *groups_new(const struct rules *rules, uint32_t threshold);
void groups_free(struct groups *g);

/*
 * One moment: begin, every row of the backend map, end, which is true when a unit has changed. A
 * group without addresses now keeps those it had.
 */
void groups_begin(struct groups *g);
void groups_backend(struct groups *g, const struct backend_row *row);
bool groups_end(struct groups *g);

/* All groups that one subject contacted: begin, then each. */
void groups_subject(struct groups *g);
void groups_contact(struct groups *g, uint32_t rule, uint32_t group);

/* With g NULL, of the groups as written. */
uint32_t groups_count(const struct groups *g, const struct rules *rules, uint32_t rule);
uint32_t groups_needed(const struct groups *g, const struct rules *rules, uint32_t rule,
		       uint32_t threshold);
uint32_t groups_unit(const struct groups *g, uint32_t rule, uint32_t group);
/* The unit's first group, and its name. */
uint32_t groups_first(const struct groups *g, uint32_t rule, uint32_t unit);
const char *groups_name(const struct groups *g, const struct rules *rules, uint32_t rule,
			uint32_t unit);

/* Why the groups of a unit are one. */
enum unit_why groups_why(const struct groups *g, uint32_t rule, uint32_t unit);
enum twins_state groups_twins(const struct groups *g, uint32_t rule, uint32_t group);
/* The first group that differs from group in the region alone; group itself without twins. */
uint32_t groups_first_twin(const struct groups *g, uint32_t rule, uint32_t group);

#endif
