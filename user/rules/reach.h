/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device at rest can be expected to show of itself, at a sampling rate and within a time. */
#ifndef HAYRAKE_RULES_REACH_H
#define HAYRAKE_RULES_REACH_H

#include "rules/rules.h"

/* Medians over the captures of idle devices (tests/accuracy/measure.py; docs/accuracy.md). */
#define CONTACT_PACKETS 9 /* packets that come together */
#define IDLE_TYPICAL 44   /* packets an hour of a group: 4.9 times CONTACT_PACKETS */

#define REACH_UNKNOWN UINT32_MAX
#define REACH_EXPECTED 50 /* thousandths; with less a rule cannot be expected to fire */

struct reach {
	uint32_t sampling;  /* 1 in this many packets is looked at */
	uint32_t threshold; /* as in rule_needed() */
	uint64_t seconds;
};

/*
 * The probability, in millionths, that at least one packet of a group is looked at, when a device
 * at rest exchanges idle packets an hour with it. IDLE_UNKNOWN: as many as usual.
 */
uint32_t reach_group(const struct reach *reach, uint32_t idle);

/*
 * The probability, in thousandths, that rule and its parents fire for a device at rest; of a group
 * of unknown traffic nothing is expected. REACH_UNKNOWN when such groups could make the difference.
 */
uint32_t reach_rule(const struct rules *rules, uint32_t rule, const struct reach *reach);

#endif
