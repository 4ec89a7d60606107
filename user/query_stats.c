// SPDX-License-Identifier: GPL-2.0-or-later
/* show stats: what is attached, how full, what was counted; null where that is not measurable. */
#include <string.h>

#include "base/timefmt.h"
#include "output/rows.h"
#include "query_private.h"

#define MAPS_MAX 32
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static void number_or_null(struct json_object *row, const char *key, uint64_t n, bool known)
{
	if (known)
		row_number(row, key, n);
	else
		row_text(row, key, NULL);
}

/* Resolvers of encrypted DNS are in the map too, but nobody's backends. */
struct backend_total {
	domain_id domain_end; /* of the rules */
	uint64_t count;
};

static void count_backend(void *ctx, const struct backend_row *row)
{
	struct backend_total *total = ctx;

	if (backend_domains_below(row->domains, row->domain_count, total->domain_end))
		total->count++;
}

struct dns_total {
	uint64_t plain;
	uint64_t encrypted;
};

static void count_dns(void *ctx, const struct subject_row *s)
{
	struct dns_total *total = ctx;

	total->plain += s->dns_plain_ns && !s->dns_encrypted_ns;
	total->encrypted += s->dns_encrypted_ns > 0;
}

static struct json_object *stats_row(const struct query *run)
{
	const struct query_source *q = run->q;
	struct json_object *row = row_new("stats");
	int64_t up_ns = run->now_ns - q->started_ns;
	struct backend_total backends = {.domain_end = q->rules->domain_count};
	struct dns_total dns = {0, 0};

	if (!row)
		return NULL;
	row_text(row, "source", q->origin);
	row_time(row, "time", run->now_ns);
	number_or_null(row, "uptime", (uint64_t)(up_ns / NS_PER_S), q->started_ns && up_ns >= 0);
	number_or_null(row, "sampling", q->sampling, q->sampling > 0);
	row_number(row, "rules", q->rules->rule_count);
	backend_each(q->backends, count_backend, &backends);
	row_number(row, "backends", backends.count);
	row_number(row, "subjects", evidence_subjects(q->evidence));
	row_number(row, "evidence", evidence_rows(q->evidence));
	row_number(row, "detections", infer_count(q->infer));
	evidence_each_subject(q->evidence, count_dns, &dns);
	row_number(row, "dns_plain", dns.plain);
	row_number(row, "dns_encrypted", dns.encrypted);
	return row;
}

/* What an attach point cannot see, or NULL; the input says it as "blind=WHAT". */
static const char *point_blind(const struct xdp_status *p)
{
	static const char prefix[] = "blind=";

	if (!p->present || !strcmp(p->mode, "none"))
		return "all";
	return strncmp(p->reason, prefix, sizeof(prefix) - 1) ? NULL
							      : p->reason + sizeof(prefix) - 1;
}

static struct json_object *point_row(const struct xdp_status *p)
{
	struct json_object *row = row_new("point");
	bool told = !strncmp(p->reason, "blind=", 6);

	if (!row)
		return NULL;
	row_text(row, "interface", p->ifname);
	row_text(row, "role", p->role == ROLE_LAN ? "lan" : "wan");
	row_text(row, "mode", p->mode);
	row_text(row, "reason", *p->reason && !told ? p->reason : NULL);
	row_text(row, "blind", point_blind(p));
	json_object_object_add(row, "present", json_object_new_boolean(p->present));
	json_object_object_add(row, "bridge_port", json_object_new_boolean(p->bridge_port));
	return row;
}

/* How many points see packets. */
static size_t emit_points(struct query *run)
{
	struct xdp_status points[XDP_STATUS_MAX];
	size_t count = run->q->points ? run->q->points(run->q->ctx, points, LENGTH(points)) : 0;
	size_t seeing = 0;

	for (size_t i = 0; i < count && i < LENGTH(points); i++) {
		query_emit(run, point_row(&points[i]));
		seeing += points[i].present && strcmp(points[i].mode, "none") != 0;
	}
	return seeing;
}

static void emit_maps(struct query *run)
{
	struct xdp_map_status maps[MAPS_MAX];
	size_t count = run->q->maps ? run->q->maps(run->q->ctx, maps, MAPS_MAX) : 0;

	for (size_t i = 0; i < count && i < MAPS_MAX; i++) {
		struct json_object *row = row_new("map");

		if (!row)
			return;
		row_text(row, "name", maps[i].name);
		row_number(row, "used", maps[i].used);
		row_number(row, "max", maps[i].max);
		number_or_null(row, "bytes", maps[i].bytes, maps[i].bytes > 0);
		query_emit(run, row);
	}
}

/* Shown even when they are zero: that is news too. */
static bool counter_is_key(enum counter c)
{
	static const enum counter keys[] = {
		COUNTER_PACKETS,       COUNTER_BYTES,         COUNTER_COUNTED,
		COUNTER_DNS_COPIED,    COUNTER_DNS_RING_FULL, COUNTER_EVIDENCE_FULL,
		COUNTER_DNS_ANSWERS,   COUNTER_DNS_LEARNED,   COUNTER_BACKENDS_FULL,
		COUNTER_EVIDENCE_ROWS, COUNTER_DETECTIONS,
	};

	for (size_t i = 0; i < LENGTH(keys); i++)
		if (keys[i] == c)
			return true;
	return false;
}

/* Without a point that sees packets, a zero of the kernel's counters says nothing. */
static void emit_counters(struct query *run, bool seeing)
{
	const struct counts *counts = run->q->counts;

	for (int i = 0; i < COUNTER_COUNT; i++) {
		bool known = counts->n[i] || seeing || i >= COUNTER_KERNEL_COUNT;
		struct json_object *row;

		if (!counts->n[i] && !counter_is_key(i))
			continue;
		row = row_new("counter");
		if (!row)
			return;
		row_text(row, "name", counter_names[i]);
		number_or_null(row, "value", counts->n[i], known);
		query_emit(run, row);
	}
}

void query_stats(struct query *run)
{
	size_t seeing;

	if (run->q->refresh)
		run->q->refresh(run->q->ctx);
	query_emit(run, stats_row(run));
	seeing = emit_points(run);
	emit_maps(run);
	if (run->q->points) /* a state file has no counters */
		emit_counters(run, seeing > 0);
}
