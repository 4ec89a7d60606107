// SPDX-License-Identifier: GPL-2.0-or-later
#include "names/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "base/utf8.h"

struct label {
	char text[LABEL_TEXT_MAX];
	char nots[LABEL_NOTS_MAX]; /* rule ids, a blank between them */
};

struct labels {
	struct table *table; /* struct subject -> struct label */
};

struct labels *labels_new(size_t max)
{
	struct labels *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->table = table_new(sizeof(struct subject), sizeof(struct label), max);
	if (!l->table) {
		free(l);
		return NULL;
	}
	return l;
}

void labels_free(struct labels *l)
{
	if (!l)
		return;
	table_free(l->table);
	free(l);
}

const char *label_fault(const char *text)
{
	size_t len = strlen(text);
	uint32_t point;

	if (!len || len >= LABEL_TEXT_MAX)
		return "1 to 127 bytes long";
	if (text[0] == ' ' || text[len - 1] == ' ')
		return "without blanks at its ends";
	while (*text) {
		len = utf8_decode((const unsigned char *)text, &point);
		if (!len || !utf8_is_plain(point))
			return "UTF-8 without control characters";
		text += len;
	}
	return NULL;
}

static struct label *label_get(const struct labels *l, const struct subject *subject)
{
	return table_get(l->table, subject);
}

static struct label *label_put(struct labels *l, const struct subject *subject)
{
	bool added;

	return table_put(l->table, subject, &added);
}

int labels_set(struct labels *l, const struct subject *subject, const char *text)
{
	struct label *label;

	if (label_fault(text))
		return -EINVAL;
	label = label_put(l, subject);
	if (!label)
		return -ENOSPC;
	strcpy(label->text, text);
	return 0;
}

/* Where nots has the rule, or NULL. */
static char *nots_find(char *nots, const char *rule)
{
	size_t len = strlen(rule);

	for (char *at = nots; (at = strstr(at, rule)); at += len)
		if ((at == nots || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return at;
	return NULL;
}

int labels_refuse(struct labels *l, const struct subject *subject, const char *rule)
{
	size_t used = 0;
	struct label *label;

	if (!*rule || strpbrk(rule, " \n"))
		return -EINVAL;
	label = label_get(l, subject);
	if (label && nots_find(label->nots, rule))
		return 0;
	if (label)
		used = strlen(label->nots);
	if (used + strlen(rule) + 2 > LABEL_NOTS_MAX)
		return -ENOSPC;
	if (!label)
		label = label_put(l, subject);
	if (!label)
		return -ENOSPC;
	if (used)
		label->nots[used++] = ' ';
	strcpy(label->nots + used, rule);
	return 0;
}

/* The rule at at goes, with the blank that follows or else the one before. */
static void nots_remove(char *nots, char *at, size_t len)
{
	const char *rest = at + len;

	if (*rest)
		rest++;
	else if (at > nots)
		at--;
	memmove(at, rest, strlen(rest) + 1);
}

bool labels_clear(struct labels *l, const struct subject *subject, const char *rule)
{
	struct label *label = label_get(l, subject);
	char *at;

	if (!label || !rule)
		return table_del(l->table, subject);
	at = *rule ? nots_find(label->nots, rule) : NULL;
	if (!at)
		return false;
	nots_remove(label->nots, at, strlen(rule));
	if (!*label->nots && !*label->text)
		table_del(l->table, subject);
	return true;
}

const char *labels_text(const struct labels *l, const struct subject *subject)
{
	const struct label *label = label_get(l, subject);

	return label && *label->text ? label->text : NULL;
}

bool labels_refused(const struct labels *l, const struct subject *subject, const char *rule)
{
	struct label *label = label_get(l, subject);

	return label && nots_find(label->nots, rule);
}

static struct label_row row_of(const struct subject *subject, const struct label *label)
{
	return (struct label_row){
		.subject = *subject,
		.text = *label->text ? label->text : NULL,
		.nots = label->nots,
	};
}

bool labels_row(const struct labels *l, const struct subject *subject, struct label_row *row)
{
	const struct label *label = label_get(l, subject);

	if (label)
		*row = row_of(subject, label);
	return label != NULL;
}

static int row_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct subject)); /* its first member */
}

void labels_each(const struct labels *l, void (*each)(void *ctx, const struct label_row *row),
		 void *ctx)
{
	CLEANUP_FREE struct label_row *rows = calloc(table_count(l->table) + 1, sizeof(*rows));
	size_t count = 0;
	const void *key;
	void *value;

	if (!rows)
		return;
	for (size_t at = 0; table_next(l->table, &at, &key, &value);)
		rows[count++] = row_of(key, value);
	qsort(rows, count, sizeof(*rows), row_compare);
	for (size_t i = 0; i < count; i++)
		each(ctx, &rows[i]);
}
