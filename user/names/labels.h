/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What users say of subjects: a label, and rules that a subject is not. Rules are kept by id, so
 * that they outlive the signatures that have them.
 */
#ifndef HAYRAKE_LABELS_H
#define HAYRAKE_LABELS_H

#include "record.h"

#define LABELS_MAX 4096    /* labelled subjects: people write them by hand */
#define LABEL_NOTS_MAX 512 /* bytes of the rule ids of one subject, and their end */

struct labels;

struct labels *labels_new(size_t max);
void labels_free(struct labels *l);

/* NULL when text can be a label, else what it should have been. */
const char *label_fault(const char *text);

/* 0, -EINVAL for a bad text or rule id, -ENOSPC when full. */
int labels_set(struct labels *l, const struct subject *subject, const char *text);
int labels_refuse(struct labels *l, const struct subject *subject, const char *rule);
/* Takes back one refused rule, or (NULL) all that was said. False when there was nothing. */
bool labels_clear(struct labels *l, const struct subject *subject, const char *rule);

/* NULL: none. */
const char *labels_text(const struct labels *l, const struct subject *subject);
bool labels_refused(const struct labels *l, const struct subject *subject, const char *rule);

/* False when nothing was said of the subject; else *row, valid until the next change. */
bool labels_row(const struct labels *l, const struct subject *subject, struct label_row *row);
/* All, in the order of the subjects' bytes. */
void labels_each(const struct labels *l, void (*each)(void *ctx, const struct label_row *row),
		 void *ctx);

#endif
