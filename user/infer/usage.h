/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Active or idle, per detected device and clock hour (UTC): more packets on the wire to a rule's
 * primary domains than its "usage" threshold are active, at once; fewer in a whole hour are idle
 * when that hour has ended. A state that cannot be told is unknown:
 *  - below the threshold in an hour not seen whole: the one in which watching began, in which the
 *    device was detected, in which evidence was withdrawn, or around an hour without any packet
 *  - by a sampling rate coarser than the threshold, when not one packet may have been looked at
 * A flow counts in the hour of its last packet. Flows of the hour after the one that usage_tick()
 * has reached wait for it; those of hours before are late: not counted, their hour not idle.
 */
#ifndef HAYRAKE_USAGE_H
#define HAYRAKE_USAGE_H

#include "record.h"
#include "rules/rules.h"

struct usage_config {
	const struct rules *rules; /* borrowed */
	struct counts *counts;     /* USAGE_FULL, USAGE_LATE */
	uint32_t max;              /* devices, each per rule */
};

struct usage_ops {
	void *ctx;
	/* true: the subject is the rule's device, as far as is known */
	bool (*detected)(void *ctx, const struct subject *subject, uint32_t rule);
	/* each change; unknown only after one of the others */
	usage_sink *changed;
};

struct usage;

struct usage *usage_new(const struct usage_config *config, const struct usage_ops *ops);
void usage_free(struct usage *u);

/* Counts a flow for the rules, detected and with a threshold, that its domains speak for. */
void usage_add(struct usage *u, const struct flow *f);

/*
 * It is now_ns and all flows before were given. To be called often, also when there are none. True
 * when an hour has ended.
 */
bool usage_tick(struct usage *u, int64_t now_ns);

/* Evidence of the subject was withdrawn: its present hour counts for nothing. */
void usage_doubt(struct usage *u, const struct subject *subject);

/* False: no state is kept. */
bool usage_get(const struct usage *u, const struct subject *subject, uint32_t rule,
	       struct usage_row *out);
/* All of them, in no order. */
void usage_each(const struct usage *u, usage_sink *sink, void *ctx);
/* Puts back a saved row; before the first tick. 0, -EINVAL, or -ENOSPC. */
int usage_restore(struct usage *u, const struct usage_row *row);

/* New rules after a reload, as for infer_set_rules(). Without memory all is forgotten. */
void usage_set_rules(struct usage *u, const struct rules *rules, const uint32_t *rule_map);

size_t usage_count(const struct usage *u);
size_t usage_bytes(const struct usage *u); /* memory held */

#endif
