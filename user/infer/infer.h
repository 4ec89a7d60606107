/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence x rules -> detections. A rule with N primary groups fires for a subject when at least
 * max(1, N * D rounded down) of them were contacted within the window on the rule's ports, and its
 * parent fires within the same window. It is told once, and again as a renewal after each window in
 * which it was complete; a loss ends it, when its evidence has left the window or was withdrawn.
 */
#ifndef HAYRAKE_INFER_H
#define HAYRAKE_INFER_H

#include "record.h"
#include "infer/groups.h"
#include "rules/rules.h"

/* Gives all evidence rows of a subject to sink; and its addresses. The pipeline wires them. */
struct infer_source {
	void *ctx;
	void (*rows)(void *ctx, const struct subject *subject, evidence_sink *sink,
		     void *sink_ctx);
	uint32_t (*addresses)(void *ctx, const struct subject *subject,
			      struct addr out[static SUBJECT_ADDRESSES_MAX]);
};

/* Detections that may stand at once: three for each subject that can have evidence, then one. */
#define DETECTIONS_GATEWAY 49152
#define DETECTIONS_EDGE (1U << 20)

/* How probable a rule is (confidence.h); thousandths. */
struct confidence {
	uint32_t thousandths; /* 1 to 999 */
	uint32_t prior;       /* before any contact of its own */
	uint32_t look_alike;  /* that the subject is only something like it */
	uint32_t visible;     /* that a usual contact would have been seen by now */
};

struct infer_config {
	const struct rules *rules; /* borrowed */
	uint32_t threshold;        /* of the command line, thousandths; 0: not given */
	int64_t window_ns;
	bool established; /* TCP needs a packet that is no bare SYN, UDP both directions */
	uint32_t max_detections;
	bool regroup; /* domain groups as the addresses seen make them */
};

struct infer;

struct infer *infer_new(const struct infer_config *config, const struct infer_source *source,
			detection_sink *sink, void *sink_ctx, struct counts *counts);
void infer_free(struct infer *i);

/* The groups that the addresses seen make; NULL without infer_config.regroup. */
struct groups *infer_groups(const struct infer *i);

/* Looks at the rules of a subject that got evidence at now_ns; calls the sink for what is new. */
void infer_subject(struct infer *i, const struct subject *subject, int64_t now_ns);

/*
 * The subject's evidence for remote was withdrawn: the detections that used it and do not hold
 * without it are lost. (Evidence that merely ages undoes a detection when all of it has left.)
 */
void infer_recheck(struct infer *i, const struct subject *subject, const struct addr *remote,
		   int64_t now_ns);

/*
 * Tells the renewals and losses that time alone has made, each with the moment at which it came to
 * be. To be called before the rows that left the window are dropped.
 */
void infer_expire(struct infer *i, int64_t now_ns);

/* Brings the evidence of all detections up to date, where they still hold. */
void infer_update(struct infer *i, int64_t now_ns);

/* True when rule is detected for subject; *time_ns (may be NULL) says since when. */
bool infer_detected(const struct infer *i, const struct subject *subject, uint32_t rule,
		    int64_t *time_ns);

/* Every detection that stands, the oldest first. */
void infer_each(const struct infer *i, detection_sink *sink, void *ctx);
size_t infer_count(const struct infer *i);
size_t infer_bytes(const struct infer *i); /* memory held */

/* Puts back a saved detection without reporting it. */
int infer_restore(struct infer *i, const struct detection *d);

/*
 * New rules after a reload; rule_map[old] is the new index or RULE_NONE, domain_map[old] the new id
 * or DOMAIN_NONE. The old rules must still be there. -ENOMEM leaves everything as it was.
 */
int infer_set_rules(struct infer *i, const struct rules *rules, const uint32_t *rule_map,
		    const domain_id *domain_map);

/* One rule held against one subject, fired or not, for `explain`. */
struct explain_group {
	const char *name;
	bool seen;
	int32_t weight; /* hundredths of a ban: what it says for the rule, against a stranger */
};
struct explain_contact {
	struct evidence evidence;
	const char *group; /* NULL: a support or generic domain, which never counts */
	enum domain_class domain_class;
	bool counted; /* false: not established, or group is NULL */
};
struct explanation {
	uint32_t rule;
	uint32_t seen;
	uint32_t needed;
	uint32_t of;
	bool fires;        /* seen >= needed and the parent fires */
	bool parent_fires; /* true without a parent */
	uint32_t group_count;
	const struct explain_group *groups; /* as regrouped; borrowed for the call */
	int64_t first_ns;                   /* of the evidence; 0: none */
	int64_t last_ns;
	uint32_t contact_count;
	const struct explain_contact *contacts; /* on the rule's ports, oldest first; borrowed */
	uint32_t sampling; /* the coarsest rate of the subject's contacts; 0: none */
	struct confidence confidence;
};
typedef void explanation_sink(void *ctx, const struct explanation *e);
/* rule RULE_NONE: every rule of which a primary domain was contacted on its ports. */
void infer_explain(struct infer *i, const struct subject *subject, uint32_t rule, int64_t now_ns,
		   explanation_sink *sink, void *ctx);

#endif
