// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What time does to detections. A detection is due when its last contact, or the last time it was
 * told, has left the window. It is then looked at as of that moment, whenever that is done:
 *  1. newer contacts complete the rule: told again as a renewal, if a window has passed since
 *  2. some newer contacts: it stands, and waits for news
 *  3. none: told as a loss, at the moment the last one left
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "infer/standing.h"

#define DUE_MAX 16384 /* looked at in one round, which bounds the memory for them */

struct due {
	int64_t oldest_ns;
	struct standing_key key;
};

static void loss_tell(struct infer *i, const struct standing_key *key, bool withdrawn,
		      int64_t time_ns)
{
	struct standing **slot = table_get(i->table, key);
	struct detection *d = &i->scratch;

	standing_expand(*slot, key, d);
	free(*slot);
	table_del(i->table, key);
	d->event = DETECTION_LOSS;
	d->withdrawn = withdrawn;
	d->time_ns = time_ns;
	d->in_hour = d->in_day = false;
	i->counts->n[withdrawn ? COUNTER_DETECTIONS_WITHDRAWN : COUNTER_DETECTIONS_LOST]++;
	detection_tell(i, d);
}

/* Puts d, built of i->hits, in place of what stands there; what was told stays. */
static bool standing_replace(struct standing **slot, const struct standing_key *key,
			     struct detection *d)
{
	struct standing *fresh;

	d->subject = key->subject;
	d->event = DETECTION_NEW;
	d->since_ns = (*slot)->time_ns;
	d->began_ns = (*slot)->began_ns;
	d->told_ns = (*slot)->told_ns;
	fresh = standing_new(d);
	if (!fresh)
		return false;
	fresh->waits = (*slot)->waits;
	free(*slot);
	*slot = fresh;
	return true;
}

/*
 * Brings a detection up to date with i->hits, which has contacts of its rule: all of it when the
 * rule fires, else only the time of the last contact. True when it fires; i->scratch then has it.
 */
static bool standing_refresh(struct infer *i, const struct standing_key *key,
			     struct standing **slot)
{
	struct detection *d = &i->scratch;

	detection_build(&i->config, &i->hits, key->rule, d);
	if (hits_fire(&i->hits, &i->config, key->rule, SPAN_WINDOW) &&
	    standing_replace(slot, key, d))
		return true;
	(*slot)->last_ns = d->last_ns;
	(*slot)->in_hour = (*slot)->in_day = false;
	return false;
}

static void renewal_tell(struct infer *i, struct standing *s, int64_t time_ns)
{
	struct detection *d = &i->scratch;

	s->told_ns = d->told_ns = time_ns;
	s->waits = false;
	d->event = DETECTION_RENEWAL;
	d->withdrawn = false;
	d->time_ns = time_ns;
	i->counts->n[COUNTER_DETECTIONS_RENEWED]++;
	detection_tell(i, d);
}

void infer_renew(struct infer *i, const struct subject *subject, uint32_t rule, int64_t now_ns)
{
	struct standing_key key = {.subject = *subject, .rule = rule};
	struct standing **slot = table_get(i->table, &key);

	if (now_ns - i->config.window_ns <= (*slot)->told_ns)
		return;
	if (standing_refresh(i, &key, slot))
		renewal_tell(i, *slot, now_ns);
	if (standing_oldest(*slot) < i->oldest_ns)
		i->oldest_ns = standing_oldest(*slot);
}

/* One step for a detection of which something left the window at oldest_ns + the window. */
static void standing_age(struct infer *i, const struct standing_key *key, int64_t oldest_ns)
{
	int64_t left_ns = oldest_ns + i->config.window_ns;
	struct standing **slot = table_get(i->table, key);
	bool is_told_old = (*slot)->told_ns <= oldest_ns;

	hits_fill(&i->hits, &i->config, &i->source, &key->subject, left_ns + 1);
	if (!hits_find(&i->hits, key->rule)) {
		if ((*slot)->last_ns <= oldest_ns)
			loss_tell(i, key, false, left_ns);
		else
			(*slot)->waits = true;
	} else if (!standing_refresh(i, key, slot)) {
		(*slot)->waits |= is_told_old;
	} else if (is_told_old) {
		renewal_tell(i, *slot, left_ns > (*slot)->last_ns ? left_ns : (*slot)->last_ns);
	}
}

static int due_compare(const void *va, const void *vb)
{
	const struct due *a = va, *b = vb;

	if (a->oldest_ns != b->oldest_ns)
		return a->oldest_ns < b->oldest_ns ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* Those that are due, the oldest first; how many. Sets i->oldest_ns to what the others allow. */
static size_t due_list(struct infer *i, int64_t cutoff_ns, struct due *out, size_t max)
{
	const void *key;
	void *value;
	size_t count = 0;

	i->oldest_ns = INT64_MAX;
	for (size_t at = 0; table_next(i->table, &at, &key, &value);) {
		int64_t oldest_ns = standing_oldest(*(struct standing **)value);

		if (oldest_ns < cutoff_ns && count < max)
			out[count++] = (struct due){oldest_ns, *(const struct standing_key *)key};
		else if (oldest_ns < i->oldest_ns)
			i->oldest_ns = oldest_ns;
	}
	qsort(out, count, sizeof(*out), due_compare);
	return count;
}

/* One step for those that are due; each gets younger, waits, or goes. */
static void due_age(struct infer *i, const struct due *due, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		struct standing **slot;

		standing_age(i, &due[n].key, due[n].oldest_ns);
		slot = table_get(i->table, &due[n].key);
		if (slot && standing_oldest(*slot) < i->oldest_ns)
			i->oldest_ns = standing_oldest(*slot);
	}
}

void infer_expire(struct infer *i, int64_t now_ns)
{
	int64_t cutoff_ns = now_ns - i->config.window_ns;
	CLEANUP_FREE struct due *due = NULL;
	size_t max = table_count(i->table);

	if (max > DUE_MAX)
		max = DUE_MAX;
	if (i->oldest_ns < cutoff_ns)
		due = calloc(max + 1, sizeof(*due));
	while (due && i->oldest_ns < cutoff_ns)
		due_age(i, due, due_list(i, cutoff_ns, due, max));
}

void infer_update(struct infer *i, int64_t now_ns)
{
	const void *key;
	void *value;

	infer_expire(i, now_ns);
	for (size_t at = 0; table_next(i->table, &at, &key, &value);) {
		const struct standing_key *k = key;

		hits_fill(&i->hits, &i->config, &i->source, &k->subject, now_ns);
		if (hits_find(&i->hits, k->rule))
			standing_refresh(i, k, value);
	}
}

void infer_recheck(struct infer *i, const struct subject *subject, const struct addr *remote,
		   int64_t now_ns)
{
	hits_fill(&i->hits, &i->config, &i->source, subject, now_ns);
	for (uint32_t rule = 0; rule < i->config.rules->rule_count; rule++) {
		struct standing_key key = {.subject = *subject, .rule = rule};
		struct standing **slot = table_get(i->table, &key);

		if (!slot || !standing_used(*slot, remote))
			continue;
		if (hits_fire(&i->hits, &i->config, rule, SPAN_WINDOW))
			standing_refresh(i, &key, slot);
		else
			loss_tell(i, &key, true, now_ns);
	}
}
