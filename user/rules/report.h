/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in signature files on their way to whoever asked for them. */
#ifndef HAYRAKE_RULES_REPORT_H
#define HAYRAKE_RULES_REPORT_H

#include "rules/rules.h"

#define MISTAKES_MAX 1000 /* reported in one load; what comes after says nothing new */

struct report {
	rules_mistake *sink; /* may be NULL */
	void *ctx;
	const char *file; /* being read */
	uint32_t count;
};

/* One sentence about a line of r->file; line 0: about the file. Control characters become '?'. */
void report_mistake(struct report *r, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
