/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drafts -> rules: what only shows when the files are held against each other. */
#ifndef HAYRAKE_RULES_LINK_H
#define HAYRAKE_RULES_LINK_H

#include "rules/draft.h"

struct rules_private {
	struct names *names;
	const char **group_names; /* of all rules, one after the other */
	uint32_t *group_idle;     /* in the same order */
};

/*
 * Checks ids, parents, groups and ports over all files. 0 when neither the draft nor the checks
 * have a mistake: then *out has taken the draft's strings. Else -EINVAL or -ENOMEM.
 */
int rules_link(struct draft *d, struct rules **out);

#endif
