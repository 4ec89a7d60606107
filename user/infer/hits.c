// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/hits.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"

#define HITS_START 32
#define PARENTS_MAX 16 /* a chain of parents is a few levels deep */

/* RFC 9293 3.1: FIN and SYN are the lowest bits; RFC 3168 6.1.1: a SYN may carry ECE and CWR. */
#define TCP_SYN 0x02
#define TCP_ECE 0x40
#define TCP_CWR 0x80

void hits_clean(struct hits *h)
{
	free(h->rows);
	free(h->hits);
	free(h->rules);
	*h = (struct hits){0};
}

size_t hits_bytes(const struct hits *h)
{
	return h->row_max * sizeof(*h->rows) + h->hit_max * sizeof(*h->hits) +
	       h->rule_max * sizeof(*h->rules);
}

/* items, perhaps moved, with room for one more; NULL without memory, then they stay as they are. */
static void *grown(void *items, uint32_t count, uint32_t *max, size_t size)
{
	uint32_t wanted = *max ? *max * 2 : HITS_START;
	void *p;

	if (count < *max)
		return items;
	p = realloc(items, wanted * size);
	if (p)
		*max = wanted;
	return p;
}

static void row_take(void *ctx, const struct evidence *e)
{
	struct hits *h = ctx;
	struct evidence *more;

	if (e->last_ns < h->cutoff_ns[SPAN_WINDOW])
		return;
	more = grown(h->rows, h->row_count, &h->row_max, sizeof(*h->rows));
	if (!more) {
		h->failed = true;
		return;
	}
	h->rows = more;
	h->rows[h->row_count++] = *e;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Oldest first; the rest makes the order the same whatever order they came in. */
static int row_compare(const void *va, const void *vb)
{
	const struct evidence *a = va, *b = vb;
	int c = COMPARE(a->first_ns, b->first_ns);

	if (!c)
		c = COMPARE(a->domain, b->domain);
	if (!c)
		c = memcmp(&a->remote, &b->remote, sizeof(a->remote));
	if (!c)
		c = COMPARE(a->port, b->port);
	if (!c)
		c = COMPARE(a->ip_proto, b->ip_proto);
	if (!c)
		c = COMPARE(a->via, b->via);
	return c ? c : COMPARE(a->sampling, b->sampling);
}

static int hit_compare(const void *va, const void *vb)
{
	const struct hit *a = va, *b = vb;
	int c = COMPARE(a->rule, b->rule);

	if (!c)
		c = COMPARE(a->group, b->group);
	return c ? c : COMPARE(a->row, b->row);
}

bool contact_counts(const struct infer_config *config, const struct evidence *e)
{
	if (!config->established)
		return true;
	if (e->ip_proto == IPPROTO_TCP)
		return e->tcp_flags & ~(TCP_SYN | TCP_ECE | TCP_CWR);
	return e->directions == (EVIDENCE_UP | EVIDENCE_DOWN);
}

static void row_hits(struct hits *h, const struct rules *rules, uint32_t row)
{
	const struct evidence *e = &h->rows[row];
	const struct rules_domain *d = &rules->domains[e->domain];

	for (uint32_t u = d->use_first; u < d->use_first + d->use_count; u++) {
		const struct rules_use *use = &rules->uses[u];
		struct hit *more;

		if (use->domain_class != CLASS_PRIMARY ||
		    !rules_use_has_port(use, e->port, e->ip_proto))
			continue;
		more = grown(h->hits, h->hit_count, &h->hit_max, sizeof(*h->hits));
		if (!more) {
			h->failed = true;
			return;
		}
		h->hits = more;
		h->hits[h->hit_count++] = (struct hit){
			use->rule, groups_unit(h->groups, use->rule, use->group), row, use->group};
	}
}

/* Bit 1 << span for each span that has the row's last contact. */
static unsigned int row_spans(const struct hits *h, uint32_t row)
{
	unsigned int spans = 0;

	for (int s = 0; s < SPAN_COUNT; s++)
		spans |= (unsigned int)(h->rows[row].last_ns >= h->cutoff_ns[s]) << s;
	return spans;
}

/* Counts a group once in each span; *counted has the spans in which it was. */
static void group_count(struct hits_rule *r, unsigned int spans, unsigned int *counted)
{
	for (int s = 0; s < SPAN_COUNT; s++)
		r->seen[s] += (spans & ~*counted) >> s & 1;
	*counted |= spans;
}

/* Sorted hits -> one hits_rule per rule; a row that is in twice is in once. */
static void rules_group(struct hits *h)
{
	unsigned int counted = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->hit_count; i++) {
		struct hit hit = h->hits[i];
		const struct hit *prev = kept ? &h->hits[kept - 1] : NULL;
		bool same_rule = prev && prev->rule == hit.rule;
		struct hits_rule *r, *more;

		if (same_rule && prev->group == hit.group && prev->row == hit.row)
			continue;
		more = grown(h->rules, h->rule_count, &h->rule_max, sizeof(*h->rules));
		if (!more) {
			h->failed = true;
			return;
		}
		h->rules = more;
		if (!same_rule)
			h->rules[h->rule_count++] = (struct hits_rule){hit.rule, {0}, kept, 0};
		if (!same_rule || prev->group != hit.group)
			counted = 0;
		r = &h->rules[h->rule_count - 1];
		group_count(r, row_spans(h, hit.row), &counted);
		r->count++;
		h->hits[kept++] = hit;
	}
	h->hit_count = kept;
}

static void cutoffs_set(struct hits *h, const struct infer_config *config, int64_t now_ns)
{
	static const int64_t lengths[SPAN_COUNT] = {
		[SPAN_WINDOW] = INT64_MAX,
		[SPAN_DAY] = 86400 * NS_PER_S,
		[SPAN_HOUR] = 3600 * NS_PER_S,
	};

	for (int s = 0; s < SPAN_COUNT; s++) {
		int64_t length_ns = lengths[s] < config->window_ns ? lengths[s]
								   : config->window_ns;

		h->cutoff_ns[s] = now_ns - length_ns;
	}
}

bool hits_fill(struct hits *h, const struct infer_config *config,
	       const struct infer_source *source, const struct subject *subject, int64_t now_ns)
{
	cutoffs_set(h, config, now_ns);
	h->failed = false;
	h->row_count = h->hit_count = h->rule_count = 0;
	source->rows(source->ctx, subject, row_take, h);
	if (h->row_count)
		qsort(h->rows, h->row_count, sizeof(*h->rows), row_compare);
	for (uint32_t i = 0; i < h->row_count; i++) {
		if (h->rows[i].domain < config->rules->domain_count &&
		    contact_counts(config, &h->rows[i]))
			row_hits(h, config->rules, i);
	}
	if (h->hit_count)
		qsort(h->hits, h->hit_count, sizeof(*h->hits), hit_compare);
	rules_group(h);
	return !h->failed;
}

const struct hits_rule *hits_find(const struct hits *h, uint32_t rule)
{
	uint32_t lo = 0, hi = h->rule_count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (h->rules[mid].rule == rule)
			return &h->rules[mid];
		if (h->rules[mid].rule < rule)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool hits_fire(const struct hits *h, const struct infer_config *config, uint32_t rule,
	       enum span span)
{
	for (int depth = 0; depth < PARENTS_MAX; depth++) {
		uint32_t parent = config->rules->rules[rule].parent;
		const struct hits_rule *found = hits_find(h, rule);

		if (!found || found->seen[span] < groups_needed(h->groups, config->rules, rule,
								config->threshold))
			return false;
		if (parent == RULE_NONE)
			return true;
		rule = parent;
	}
	return false;
}

const struct rules_use *use_find(const struct rules *rules, const struct evidence *e,
				 uint32_t rule)
{
	const struct rules_domain *d;

	if (e->domain >= rules->domain_count)
		return NULL;
	d = &rules->domains[e->domain];
	for (uint32_t u = d->use_first; u < d->use_first + d->use_count; u++) {
		const struct rules_use *use = &rules->uses[u];

		if (use->rule == rule && rules_use_has_port(use, e->port, e->ip_proto))
			return use;
	}
	return NULL;
}
