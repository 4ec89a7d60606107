/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as JSON lines (docs/signatures-list.schema.json). */
#ifndef HAYRAKE_RULES_PRINT_H
#define HAYRAKE_RULES_PRINT_H

#include <stdio.h>

#include "rules/reach.h"

void rules_print_rule(const struct rules *r, uint32_t rule, const struct reach *reach, FILE *out);
void rules_print_mistake(const char *file, uint32_t line, const char *what, FILE *out);

/* The counts of a check; r is NULL when there were mistakes. */
void rules_print_summary(const struct rules *r, uint32_t mistakes, FILE *out);

#endif
