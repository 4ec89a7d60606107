// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/rows.h"

#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "output/escape.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

const char *const via_names[VIA_COUNT] = {"address", "client-dns"};
_Static_assert(LENGTH(via_names) == VIA_COUNT, "names of enum via");

static const char *const detection_event_names[] = {"detection", "renewal", "loss"};
_Static_assert(LENGTH(detection_event_names) == DETECTION_EVENT_COUNT,
	       "names of enum detection_event");

const char *const usage_state_names[USAGE_STATE_COUNT] = {"unknown", "idle", "active"};
_Static_assert(LENGTH(usage_state_names) == USAGE_STATE_COUNT, "names of enum usage_state");

const char *const backend_state_names[BACKEND_STATE_COUNT] = {"dedicated", "shared", "cloud",
							      "unknown"};
_Static_assert(LENGTH(backend_state_names) == BACKEND_STATE_COUNT, "names of enum backend_state");

const char *const fact_source_names[SOURCE_COUNT] = {"dns", "passive-dns", "certificate",
						     "resolver", "saved-state"};
_Static_assert(LENGTH(fact_source_names) == SOURCE_COUNT, "names of enum fact_source");

#define COUNTER_NAME(name, text) [COUNTER_##name] = text,
const char *const counter_names[COUNTER_COUNT] = {COUNTERS_KERNEL(COUNTER_NAME)
							  COUNTERS_USER(COUNTER_NAME)};
_Static_assert(LENGTH(counter_names) == COUNTER_COUNT, "names of enum counter");

void row_text(struct json_object *o, const char *key, const char *text)
{
	CLEANUP_FREE char *clean = text ? escape_utf8(text) : NULL;

	json_object_object_add(o, key, clean ? json_object_new_string(clean) : NULL);
}

void row_number(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

void row_thousandths(struct json_object *o, const char *key, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%03u", n / 1000, n % 1000);
	json_object_object_add(o, key, json_object_new_double_s(n / 1000.0, text));
}

void row_time(struct json_object *o, const char *key, int64_t time_ns)
{
	char text[TIME_TEXT_MAX];

	row_text(o, key, time_text(time_ns, text));
}

void row_time_known(struct json_object *o, const char *key, int64_t time_ns, bool known)
{
	if (known)
		row_time(o, key, time_ns);
	else
		row_text(o, key, NULL);
}

void row_addr(struct json_object *o, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	row_text(o, key, addr_text(a, text));
}

void row_subject_text(struct json_object *o, const char *key, const struct subject *s)
{
	char text[SUBJECT_TEXT_MAX];

	row_text(o, key, subject_text(s, text));
}

struct json_object *row_addresses(struct json_object *o, const struct addr *a, uint32_t count)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];

		json_object_array_add(list, json_object_new_string(addr_text(&a[i], text)));
	}
	json_object_object_add(o, "addresses", list);
	return list;
}

void row_labels(struct json_object *o, const struct subject *s, const struct output_names *names)
{
	struct json_object *labels = json_object_new_object();
	struct subject_names n = {0};

	if (names->subject)
		names->subject(names->ctx, s, &n);
	if (n.user)
		row_text(labels, "user", n.user);
	if (n.host)
		row_text(labels, "host", n.host);
	if (n.mdns)
		row_text(labels, "mdns", n.mdns);
	if (n.mac_vendor)
		row_text(labels, "mac_vendor", n.mac_vendor);
	if (n.has_mac)
		json_object_object_add(labels, "mac_random",
				       json_object_new_boolean(n.mac_random));
	json_object_object_add(o, "labels", labels);
}

struct json_object *row_new(const char *event)
{
	struct json_object *o = json_object_new_object();

	if (o)
		row_text(o, "event", event);
	return o;
}

struct json_object *row_evidence(const struct evidence *e, const char *group, const char *domain)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	row_text(o, "group", group);
	row_text(o, "domain", domain);
	row_addr(o, "address", &e->remote);
	row_number(o, "port", e->port);
	row_text(o, "proto", e->ip_proto == IPPROTO_TCP ? "tcp" : "udp");
	row_number(o, "packets", e->packets);
	row_number(o, "bytes", e->bytes);
	row_time(o, "first", e->first_ns);
	row_time(o, "last", e->last_ns);
	row_text(o, "via", via_names[e->via]);
	return o;
}

void row_rule(struct json_object *o, uint32_t rule, const struct output_names *names)
{
	struct output_rule r;

	names->rule(names->ctx, rule, &r);
	row_text(o, "rule", r.id);
	row_text(o, "name", r.name);
	row_text(o, "vendor", r.vendor);
	row_text(o, "level", r.level);
	row_text(o, "parent", r.parent);
}

/* The rate of a row is told when it is not that of the detection. */
static struct json_object *detection_evidence(const struct detection *d,
					      const struct output_names *names)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; list && i < d->evidence_count; i++) {
		const struct evidence *e = &d->evidence[i];
		struct json_object *row =
			row_evidence(e, names->group(names->ctx, d->rule, e->domain),
				     names->domain(names->ctx, e->domain));

		if (row && e->sampling != d->sampling)
			row_number(row, "sampling", e->sampling);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *seconds_new(double seconds)
{
	struct json_object *o = json_object_new_double(seconds);

	json_object_set_serializer(o, json_object_double_to_json_string, (void *)"%.3f", NULL);
	return o;
}

/* How long it took to be found, and whether it holds within the sliding hour and day. */
static void detection_windows(struct json_object *o, const struct detection *d)
{
	struct json_object *windows = json_object_new_object();
	int64_t took_ns = d->since_ns - d->began_ns;

	json_object_object_add(o, "detect_seconds",
			       seconds_new((double)(took_ns > 0 ? took_ns : 0) / NS_PER_S));
	if (!windows)
		return;
	json_object_object_add(windows, "hour", json_object_new_boolean(d->in_hour));
	json_object_object_add(windows, "day", json_object_new_boolean(d->in_day));
	json_object_object_add(o, "windows", windows);
}

/* What only renewals and losses have. */
static void detection_change(struct json_object *o, const struct detection *d)
{
	if (d->event == DETECTION_NEW)
		return;
	row_time(o, "detected", d->since_ns);
	if (d->event == DETECTION_LOSS)
		row_text(o, "reason", d->withdrawn ? "shared" : "window");
}

struct json_object *row_detection(const struct detection *d, const struct output_names *names)
{
	struct json_object *o = row_new(detection_event_names[d->event]);

	if (!o)
		return NULL;
	row_time(o, "time", d->time_ns);
	row_subject_text(o, "subject", &d->subject);
	row_addresses(o, d->address, d->address_count);
	row_labels(o, &d->subject, names);
	row_rule(o, d->rule, names);
	row_number(o, "seen", d->seen);
	row_number(o, "needed", d->needed);
	row_number(o, "of", d->of);
	row_number(o, "sampling", d->sampling);
	if (d->confidence)
		row_thousandths(o, "confidence", d->confidence);
	else
		row_text(o, "confidence", NULL);
	row_time(o, "first_evidence", d->first_ns);
	row_time(o, "last_evidence", d->last_ns);
	detection_windows(o, d);
	detection_change(o, d);
	json_object_object_add(o, "evidence", detection_evidence(d, names));
	if (d->evidence_left_out)
		row_number(o, "evidence_left_out", d->evidence_left_out);
	return o;
}

/* NULL: not seen asking. One who asks both ways has names that nobody else sees. */
static const char *subject_dns(const struct subject_row *s)
{
	if (s->dns_encrypted_ns)
		return "encrypted";
	return s->dns_plain_ns ? "plain" : NULL;
}

void row_dns(struct json_object *o, const struct subject_row *s)
{
	row_text(o, "dns", subject_dns(s));
	row_time_known(o, "dns_plain", s->dns_plain_ns, s->dns_plain_ns);
	row_time_known(o, "dns_encrypted", s->dns_encrypted_ns, s->dns_encrypted_ns);
}

struct json_object *row_subject(const struct subject_row *s)
{
	bool is_mac = subject_kind(&s->subject) == SUBJECT_MAC;
	struct json_object *o = row_new("subject");

	if (!o)
		return NULL;
	row_subject_text(o, "subject", &s->subject);
	row_addresses(o, s->address, s->address_count);
	json_object_object_add(o, "mac_is_local",
			       is_mac ? json_object_new_boolean(mac_is_local(s->subject.b + 2)) :
					NULL);
	row_number(o, "domains", s->domains);
	row_number(o, "packets", s->packets);
	row_number(o, "bytes", s->bytes);
	if (s->sampling)
		row_number(o, "sampling", s->sampling);
	else
		row_text(o, "sampling", NULL);
	row_time_known(o, "first", s->first_ns, s->domains > 0);
	row_time_known(o, "last", s->last_ns, s->domains > 0);
	row_dns(o, s);
	return o;
}

static void usage_members(struct json_object *o, const struct usage_row *u)
{
	bool one_rate = u->packets * u->sampling == u->wire_packets;

	row_text(o, "state", usage_state_names[u->state]);
	row_time_known(o, "since", u->since_ns, u->since_ns != 0);
	row_time(o, "hour", u->hour_ns);
	row_number(o, "packets", u->packets);
	if (one_rate && u->sampling)
		row_number(o, "sampling", u->sampling);
	else
		row_text(o, "sampling", NULL);
	row_number(o, "wire_packets", u->wire_packets);
	row_number(o, "threshold", u->threshold);
}

struct json_object *row_usage(const struct usage_row *u, const struct output_names *names)
{
	struct json_object *o = row_new("usage");

	if (!o)
		return NULL;
	row_time(o, "time", u->time_ns);
	row_subject_text(o, "subject", &u->subject);
	row_labels(o, &u->subject, names);
	row_rule(o, u->rule, names);
	usage_members(o, u);
	return o;
}

struct json_object *row_usage_now(const struct usage_row *u, const struct output_names *names)
{
	struct json_object *o = json_object_new_object(), *hours = json_object_new_array();
	struct output_rule r;

	names->rule(names->ctx, u->rule, &r);
	row_text(o, "rule", r.id);
	usage_members(o, u);
	for (int i = 0; i < USAGE_HOURS; i++) {
		enum usage_state state = u->active_hours >> i & 1 ? USAGE_ACTIVE
					 : u->idle_hours >> i & 1 ? USAGE_IDLE
								  : USAGE_UNKNOWN;

		json_object_array_add(hours, json_object_new_string(usage_state_names[state]));
	}
	json_object_object_add(o, "hours", hours);
	return o;
}

static struct json_object *sources_list(uint8_t sources)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; list && i < SOURCE_COUNT; i++)
		if (sources & 1 << i)
			json_object_array_add(list, json_object_new_string(fact_source_names[i]));
	return list;
}

struct json_object *row_backend(const struct backend_row *b, const struct output_names *names)
{
	struct json_object *o = row_new("backend");
	struct json_object *domains = json_object_new_array();

	if (!o || !domains) {
		json_object_put(o);
		json_object_put(domains);
		return NULL;
	}
	row_addr(o, "address", &b->remote);
	row_text(o, "state", backend_state_names[b->state]);
	for (uint32_t i = 0; i < b->domain_count; i++) {
		const char *name = names->domain(names->ctx, b->domains[i]);

		json_object_array_add(domains, json_object_new_string(name));
	}
	json_object_object_add(o, "domains", domains);
	row_time(o, "since", b->since_ns);
	json_object_object_add(o, "sources", sources_list(b->sources));
	row_text(o, "cloud", b->cloud);
	row_text(o, "context", via_names[b->client_dns ? VIA_CLIENT_DNS : VIA_ADDRESS]);
	row_text(o, "shared_with", b->shared_with && *b->shared_with ? b->shared_with : NULL);
	row_time_known(o, "shared_until", b->shared_until_ns, b->shared_until_ns != 0);
	row_time(o, "first", b->first_ns);
	row_time(o, "last_answer", b->last_answer_ns);
	row_time_known(o, "last_used", b->last_used_ns, b->last_used_ns != 0);
	row_time(o, "expires", b->expires_ns);
	return o;
}

/* Counters other than zero; "malformed_" ones go into their own object, without that word. */
static void summary_counters(struct json_object *o, const struct counts *counts)
{
	struct json_object *malformed = json_object_new_object();
	struct json_object *others = json_object_new_object();
	static const char prefix[] = "malformed_";

	for (int i = 0; i < COUNTER_COUNT; i++) {
		const char *name = counter_names[i];

		if (!counts->n[i] || i == COUNTER_PACKETS || i == COUNTER_BYTES)
			continue;
		if (!strncmp(name, prefix, sizeof(prefix) - 1))
			row_number(malformed, name + sizeof(prefix) - 1, counts->n[i]);
		else
			row_number(others, name, counts->n[i]);
	}
	json_object_object_add(o, "malformed", malformed);
	json_object_object_add(o, "counters", others);
}

struct json_object *row_summary(const struct summary *s, const struct counts *counts)
{
	struct json_object *o = row_new("summary");

	if (!o)
		return NULL;
	row_text(o, "source", s->source);
	row_number(o, "files", s->files);
	row_number(o, "packets", counts->n[COUNTER_PACKETS]);
	row_number(o, "bytes", counts->n[COUNTER_BYTES]);
	row_number(o, "dns_answers", counts->n[COUNTER_DNS_ANSWERS]);
	summary_counters(o, counts);
	row_number(o, "evidence", s->evidence);
	row_number(o, "detections", s->detections);
	json_object_object_add(o, "seconds", seconds_new(s->seconds));
	row_number(o, "sampling", s->sampling);
	return o;
}
