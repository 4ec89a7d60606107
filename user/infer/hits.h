/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One subject's rows within the window, held against the rules that its domains touch. */
#ifndef HAYRAKE_HITS_H
#define HAYRAKE_HITS_H

#include "infer/infer.h"

/* Sliding windows, all ending now: the one that is set, the hour and the day within it. */
enum span { SPAN_WINDOW, SPAN_DAY, SPAN_HOUR, SPAN_COUNT };

/* A row that speaks for a primary group of a rule, on the rule's ports. */
struct hit {
	uint32_t rule;
	uint32_t group; /* as regrouped: the unit that counts */
	uint32_t row;   /* index in hits.rows */
	uint32_t written; /* the group in the signature */
};

/* Hits of one rule: hits[first .. +count), its groups together. */
struct hits_rule {
	uint32_t rule;
	uint32_t seen[SPAN_COUNT]; /* distinct groups */
	uint32_t first;
	uint32_t count;
};

/* Scratch, reused from subject to subject. */
struct hits {
	const struct groups *groups; /* NULL: as written */
	int64_t cutoff_ns[SPAN_COUNT];
	bool failed;           /* without memory: some rows are missing */
	struct evidence *rows; /* oldest first */
	uint32_t row_count, row_max;
	struct hit *hits; /* by rule, group, row */
	uint32_t hit_count, hit_max;
	struct hits_rule *rules; /* by rule */
	uint32_t rule_count, rule_max;
};

void hits_clean(struct hits *h);
size_t hits_bytes(const struct hits *h); /* memory held */

/* False without memory. */
bool hits_fill(struct hits *h, const struct infer_config *config,
	       const struct infer_source *source, const struct subject *subject, int64_t now_ns);

/* NULL when none of the rule's groups was seen. */
const struct hits_rule *hits_find(const struct hits *h, uint32_t rule);
/* Enough groups were seen within the span, and enough of every rule above it. */
bool hits_fire(const struct hits *h, const struct infer_config *config, uint32_t rule,
	       enum span span);

/* A contact counts: with established TCP or both directions, where that is asked for. */
bool contact_counts(const struct infer_config *config, const struct evidence *e);

/* The use of e's domain in rule on e's port, or NULL. */
const struct rules_use *use_find(const struct rules *rules, const struct evidence *e,
				 uint32_t rule);

#endif
