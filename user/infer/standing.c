// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/standing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "infer/confidence.h"

struct standing *standing_new(const struct detection *d)
{
	struct standing *s = malloc(sizeof(*s) + d->evidence_count * sizeof(s->rows[0]));

	if (!s)
		return NULL;
	s->time_ns = d->since_ns;
	s->first_ns = d->first_ns;
	s->last_ns = d->last_ns;
	s->began_ns = d->began_ns;
	s->told_ns = d->told_ns;
	s->waits = false;
	s->in_hour = d->in_hour;
	s->in_day = d->in_day;
	s->seen = d->seen;
	s->needed = d->needed;
	s->of = d->of;
	s->sampling = d->sampling;
	s->left_out = d->evidence_left_out;
	s->count = d->evidence_count;
	s->confidence = d->confidence;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct evidence *e = &d->evidence[i];

		s->rows[i] = (struct standing_row){
			.remote = e->remote,
			.domain = e->domain,
			.sampling = e->sampling,
			.port = e->port,
			.ip_proto = e->ip_proto,
			.tcp_flags = e->tcp_flags,
			.directions = e->directions,
			.via = (uint8_t)e->via,
			.packets = e->packets,
			.bytes = e->bytes,
			.first_ns = e->first_ns,
			.last_ns = e->last_ns,
		};
	}
	return s;
}

int64_t standing_oldest(const struct standing *s)
{
	return s->waits || s->last_ns < s->told_ns ? s->last_ns : s->told_ns;
}

struct standing **standing_get(const struct infer *i, const struct subject *subject, uint32_t rule)
{
	struct standing_key key = {.subject = *subject, .rule = rule};

	return table_get(i->table, &key);
}

int standing_put(struct infer *i, const struct detection *d)
{
	struct standing_key key = {.subject = d->subject, .rule = d->rule};
	CLEANUP_FREE struct standing *s = standing_new(d);
	struct standing **slot;
	bool added;

	if (!s)
		return -ENOMEM;
	slot = table_put(i->table, &key, &added);
	if (!slot)
		return -ENOSPC;
	if (standing_oldest(s) < i->oldest_ns)
		i->oldest_ns = standing_oldest(s);
	free(*slot);
	*slot = TAKE_PTR(s);
	return 0;
}

void detection_tell(struct infer *i, struct detection *d)
{
	d->address_count = i->source.addresses(i->source.ctx, &d->subject, d->address);
	i->sink(i->sink_ctx, d);
}

void standing_expand(const struct standing *s, const struct standing_key *key, struct detection *d)
{
	d->event = DETECTION_NEW;
	d->withdrawn = false;
	d->time_ns = d->since_ns = s->time_ns;
	d->began_ns = s->began_ns;
	d->told_ns = s->told_ns;
	d->in_hour = s->in_hour;
	d->in_day = s->in_day;
	d->subject = key->subject;
	d->rule = key->rule;
	d->seen = s->seen;
	d->needed = s->needed;
	d->of = s->of;
	d->sampling = s->sampling;
	d->first_ns = s->first_ns;
	d->last_ns = s->last_ns;
	d->address_count = 0;
	d->evidence_count = s->count;
	d->evidence_left_out = s->left_out;
	d->confidence = s->confidence;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct standing_row *r = &s->rows[i];

		d->evidence[i] = (struct evidence){
			.subject = key->subject,
			.domain = r->domain,
			.remote = r->remote,
			.port = r->port,
			.ip_proto = r->ip_proto,
			.tcp_flags = r->tcp_flags,
			.directions = r->directions,
			.via = r->via,
			.sampling = r->sampling,
			.packets = r->packets,
			.bytes = r->bytes,
			.first_ns = r->first_ns,
			.last_ns = r->last_ns,
		};
	}
}

bool standing_used(const struct standing *s, const struct addr *remote)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct standing_row *r = &s->rows[i];

		if (r->via == VIA_ADDRESS && !memcmp(&r->remote, remote, sizeof(*remote)))
			return true;
	}
	return s->left_out > 0;
}

void standing_remap(struct standing *s, const domain_id *map, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct standing_row r = s->rows[i];

		if (r.domain >= count || map[r.domain] == DOMAIN_NONE) {
			s->left_out++;
			continue;
		}
		r.domain = map[r.domain];
		s->rows[kept++] = r;
	}
	s->count = kept;
}

/* Which rows go into the detection: the first of each group, then what fits. Returns how many. */
static uint32_t rows_choose(const struct hit *hits, uint32_t count,
			    uint32_t rows[static DETECTION_EVIDENCE_MAX])
{
	uint32_t n = 0;

	for (int rest = 0; rest < 2; rest++) {
		for (uint32_t i = 0; i < count && n < DETECTION_EVIDENCE_MAX; i++) {
			bool is_rest = i > 0 && hits[i].group == hits[i - 1].group;

			if (is_rest == rest)
				rows[n++] = hits[i].row;
		}
	}
	return n;
}

static int index_compare(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

void detection_build(const struct infer_config *config, const struct hits *h, uint32_t rule,
		     struct detection *d)
{
	const struct hits_rule *r = hits_find(h, rule);
	const struct hit *hits = &h->hits[r->first];
	uint32_t rows[DETECTION_EVIDENCE_MAX];
	struct confidence confidence;

	d->rule = rule;
	d->seen = r->seen[SPAN_WINDOW];
	d->needed = groups_needed(h->groups, config->rules, rule, config->threshold);
	d->of = groups_count(h->groups, config->rules, rule);
	d->in_hour = hits_fire(h, config, rule, SPAN_HOUR);
	d->in_day = hits_fire(h, config, rule, SPAN_DAY);
	d->sampling = 0;
	d->first_ns = INT64_MAX;
	d->last_ns = INT64_MIN;
	d->address_count = 0;
	for (uint32_t i = 0; i < r->count; i++) {
		const struct evidence *e = &h->rows[hits[i].row];

		d->first_ns = e->first_ns < d->first_ns ? e->first_ns : d->first_ns;
		d->last_ns = e->last_ns > d->last_ns ? e->last_ns : d->last_ns;
		d->sampling = e->sampling > d->sampling ? e->sampling : d->sampling;
	}
	d->evidence_count = rows_choose(hits, r->count, rows);
	d->evidence_left_out = r->count - d->evidence_count;
	qsort(rows, d->evidence_count, sizeof(rows[0]), index_compare);
	for (uint32_t i = 0; i < d->evidence_count; i++)
		d->evidence[i] = h->rows[rows[i]];
	confidence_find(config, h, rule, &confidence, NULL);
	d->confidence = confidence.thousandths;
}
