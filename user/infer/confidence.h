/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How probable it is that a rule is true of a subject, given what was seen and what could have been
 * seen. docs/accuracy.md derives it.
 */
#ifndef HAYRAKE_CONFIDENCE_H
#define HAYRAKE_CONFIDENCE_H

#include "infer/hits.h"

/* What one group adds, in hundredths of a ban: against a stranger and against a look-alike. */
struct confidence_group {
	int32_t stranger;
	int32_t look_alike;
};

/* groups may be NULL, or has room for the rule's groups. now_ns is that of hits_fill(). */
void confidence_find(const struct infer_config *config, const struct hits *h, uint32_t rule,
		     struct confidence *out, struct confidence_group *groups);

#endif
