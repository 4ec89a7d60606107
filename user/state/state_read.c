// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *  1. the whole file is looked through: a header first, the end line last with the right count
 *  2. each line in between is checked and given on, or counted as bad
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "state/state.h"

#define JSON_DEPTH 5
#define TIME_MAX ((uint64_t)1 << 62)

struct reader {
	const char *path;
	FILE *file;
	char *line; /* STATE_LINE_MAX */
	uint64_t number;
	struct json_tokener *tokener;
	const struct state_names *names;
	const struct state_sink *sink;
	struct state_report *report;
	struct detection *detection; /* scratch */
};

/* --- members ---------------------------------------------------------------------------------- */

static bool take_number(struct json_object *o, const char *key, uint64_t max, uint64_t *out)
{
	struct json_object *n = json_object_object_get(o, key);

	if (!json_object_is_type(n, json_type_int) || json_object_get_int64(n) < 0 ||
	    json_object_get_uint64(n) > max)
		return false;
	*out = json_object_get_uint64(n);
	return true;
}

static bool take_u32(struct json_object *o, const char *key, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (!take_number(o, key, max, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool take_time(struct json_object *o, const char *key, int64_t *out)
{
	uint64_t n;

	if (!take_number(o, key, TIME_MAX, &n))
		return false;
	*out = (int64_t)n;
	return true;
}

static const char *take_text(struct json_object *o, const char *key)
{
	struct json_object *text = json_object_object_get(o, key);

	return json_object_is_type(text, json_type_string) ? json_object_get_string(text) : NULL;
}

static bool take_addr(struct json_object *o, struct addr *out)
{
	const char *text = take_text(o, "address");

	return text && !addr_parse(text, out);
}

static bool take_subject(struct json_object *o, struct subject *out)
{
	const char *text = take_text(o, "subject");

	return text && !subject_parse(text, out);
}

static bool take_bool(struct json_object *o, const char *key, bool *out)
{
	struct json_object *b = json_object_object_get(o, key);

	*out = json_object_get_boolean(b);
	return json_object_is_type(b, json_type_boolean);
}

/* The domains that the signatures still have; the others are counted. */
static bool take_domains(struct reader *r, struct json_object *o,
			 domain_id out[static ENDPOINT_DOMAINS], uint32_t *count)
{
	struct json_object *list = json_object_object_get(o, "domains");
	size_t names = json_object_is_type(list, json_type_array) ? json_object_array_length(list)
								  : 0;

	*count = 0;
	if (!names || names > ENDPOINT_DOMAINS)
		return false;
	for (size_t i = 0; i < names; i++) {
		struct json_object *name = json_object_array_get_idx(list, i);
		domain_id id;

		if (!json_object_is_type(name, json_type_string))
			return false;
		id = r->names->domain_find(r->names->ctx, json_object_get_string(name));
		if (id == DOMAIN_NONE)
			r->report->unknown++;
		else
			out[(*count)++] = id;
	}
	return true;
}

static bool take_proto(struct json_object *o, uint8_t *out)
{
	const char *text = take_text(o, "proto");

	if (!text || (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0))
		return false;
	*out = text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	return true;
}

/* A contact without its subject; an unknown domain gives DOMAIN_NONE. */
static bool take_contact(struct reader *r, struct json_object *o, struct evidence *e)
{
	uint32_t port, flags, directions, via;
	const char *domain = take_text(o, "domain");

	if (!domain || !take_addr(o, &e->remote) || !take_u32(o, "port", UINT16_MAX, &port) ||
	    !take_proto(o, &e->ip_proto) || !take_u32(o, "tcp_flags", UINT8_MAX, &flags) ||
	    !take_u32(o, "directions", EVIDENCE_UP | EVIDENCE_DOWN, &directions) ||
	    !take_u32(o, "via", VIA_COUNT - 1, &via) ||
	    !take_u32(o, "sampling", UINT32_MAX, &e->sampling) ||
	    !take_number(o, "packets", INT64_MAX, &e->packets) ||
	    !take_number(o, "bytes", INT64_MAX, &e->bytes) ||
	    !take_time(o, "first_ns", &e->first_ns) || !take_time(o, "last_ns", &e->last_ns) ||
	    e->last_ns < e->first_ns || !e->sampling)
		return false;
	e->port = (uint16_t)port;
	e->tcp_flags = (uint8_t)flags;
	e->directions = (uint8_t)directions;
	e->via = via;
	e->domain = r->names->domain_find(r->names->ctx, domain);
	r->report->unknown += e->domain == DOMAIN_NONE;
	return true;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* What a file of an earlier version does not have stays 0. */
static bool take_backend_facts(struct json_object *o, struct backend_row *row)
{
	uint32_t sources = 0;

	if (json_object_object_get_ex(o, "since_ns", NULL) &&
	    !take_time(o, "since_ns", &row->since_ns))
		return false;
	if (json_object_object_get_ex(o, "sources", NULL) &&
	    !take_u32(o, "sources", (1U << SOURCE_COUNT) - 1, &sources))
		return false;
	row->sources = (uint8_t)sources;
	row->cloud = take_text(o, "cloud");
	return true;
}

static int read_backend(struct reader *r, struct json_object *o)
{
	struct backend_row row = {0};
	bool shared;

	row.shared_with = take_text(o, "shared_with");
	if (!take_addr(o, &row.remote) || !take_bool(o, "shared", &shared) || !row.shared_with ||
	    !take_time(o, "shared_until_ns", &row.shared_until_ns) ||
	    !take_time(o, "first_ns", &row.first_ns) ||
	    !take_time(o, "last_answer_ns", &row.last_answer_ns) ||
	    !take_time(o, "last_used_ns", &row.last_used_ns) ||
	    !take_time(o, "expires_ns", &row.expires_ns) || !take_backend_facts(o, &row) ||
	    !take_domains(r, o, row.domains, &row.domain_count))
		return -EINVAL;
	row.state = shared ? BACKEND_IS_SHARED : BACKEND_DEDICATED;
	return row.domain_count ? r->sink->backend(r->sink->ctx, &row) : 0;
}

static int read_client(struct reader *r, struct json_object *o)
{
	struct backend_client_row row = {0};

	if (!take_subject(o, &row.key.subject) || !take_addr(o, &row.key.remote) ||
	    !take_time(o, "last_ns", &row.last_ns) ||
	    !take_domains(r, o, row.domains, &row.domain_count))
		return -EINVAL;
	return row.domain_count ? r->sink->client(r->sink->ctx, &row) : 0;
}

static int read_evidence(struct reader *r, struct json_object *o)
{
	struct evidence e = {0};

	if (!take_subject(o, &e.subject) || !take_contact(r, o, &e))
		return -EINVAL;
	return e.domain == DOMAIN_NONE ? 0 : r->sink->evidence(r->sink->ctx, &e);
}

static int read_dns(struct reader *r, struct json_object *o)
{
	struct json_object *encrypted = json_object_object_get(o, "encrypted");
	struct subject subject;
	int64_t last_ns;

	if (!take_subject(o, &subject) || !take_time(o, "last_ns", &last_ns) ||
	    !json_object_is_type(encrypted, json_type_boolean))
		return -EINVAL;
	return r->sink->dns(r->sink->ctx, &subject, json_object_get_boolean(encrypted), last_ns);
}

static int read_address(struct reader *r, struct json_object *o)
{
	struct subject subject;
	struct addr a;
	int64_t last_ns;

	if (!take_subject(o, &subject) || !take_addr(o, &a) || !take_time(o, "last_ns", &last_ns))
		return -EINVAL;
	return r->sink->address(r->sink->ctx, &subject, &a, last_ns);
}

static bool take_contacts(struct reader *r, struct json_object *o, struct detection *d)
{
	struct json_object *list = json_object_object_get(o, "evidence");
	size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list)
								  : 0;

	d->evidence_count = 0;
	if (count > DETECTION_EVIDENCE_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct evidence *e = &d->evidence[d->evidence_count];

		e->subject = d->subject;
		if (!take_contact(r, json_object_array_get_idx(list, i), e))
			return false;
		if (e->domain == DOMAIN_NONE)
			d->evidence_left_out++;
		else
			d->evidence_count++;
	}
	return true;
}

/* What a state file of an older version has not: it began with its first evidence. */
static void take_past(struct json_object *o, struct detection *d)
{
	d->event = DETECTION_NEW;
	d->withdrawn = d->in_hour = d->in_day = false;
	d->since_ns = d->told_ns = d->time_ns;
	d->began_ns = d->first_ns;
	take_time(o, "told_ns", &d->told_ns);
	take_time(o, "began_ns", &d->began_ns);
}

static int read_detection(struct reader *r, struct json_object *o)
{
	struct detection *d = r->detection;
	const char *rule = take_text(o, "rule");

	d->address_count = 0;
	d->confidence = 0; /* states of older versions have none */
	take_u32(o, "confidence", 1000, &d->confidence);
	if (!rule || !take_subject(o, &d->subject) || !take_time(o, "time_ns", &d->time_ns) ||
	    !take_u32(o, "seen", UINT32_MAX, &d->seen) ||
	    !take_u32(o, "needed", UINT32_MAX, &d->needed) ||
	    !take_u32(o, "of", UINT32_MAX, &d->of) ||
	    !take_u32(o, "sampling", UINT32_MAX, &d->sampling) ||
	    !take_time(o, "first_ns", &d->first_ns) || !take_time(o, "last_ns", &d->last_ns) ||
	    !take_u32(o, "left_out", UINT32_MAX / 2, &d->evidence_left_out) ||
	    !take_contacts(r, o, d))
		return -EINVAL;
	take_past(o, d);
	d->rule = r->names->rule_find(r->names->ctx, rule);
	if (d->rule != UINT32_MAX)
		return r->sink->detection(r->sink->ctx, d);
	r->report->unknown++;
	return 0;
}

static int read_usage(struct reader *r, struct json_object *o)
{
	struct usage_row row = {0};
	const char *rule = take_text(o, "rule");
	uint32_t state;

	if (!rule || !take_subject(o, &row.subject) ||
	    !take_u32(o, "state", USAGE_STATE_COUNT - 1, &state) ||
	    !take_time(o, "since_ns", &row.since_ns) || !take_time(o, "hour_ns", &row.hour_ns) ||
	    !take_number(o, "packets", INT64_MAX, &row.packets) ||
	    !take_number(o, "wire_packets", INT64_MAX, &row.wire_packets) ||
	    !take_u32(o, "sampling", UINT32_MAX, &row.sampling) ||
	    !take_u32(o, "active_hours", UINT32_MAX, &row.active_hours) ||
	    !take_u32(o, "idle_hours", UINT32_MAX, &row.idle_hours) ||
	    row.active_hours & row.idle_hours)
		return -EINVAL;
	row.state = state;
	row.rule = r->names->rule_find(r->names->ctx, rule);
	if (row.rule != UINT32_MAX)
		return r->sink->usage(r->sink->ctx, &row);
	r->report->unknown++;
	return 0;
}

static int read_label(struct reader *r, struct json_object *o)
{
	struct label_row row = {.text = take_text(o, "text"), .nots = take_text(o, "not")};

	if (!row.text || !row.nots || !take_subject(o, &row.subject))
		return -EINVAL;
	return r->sink->label(r->sink->ctx, &row);
}

static int read_heard(struct reader *r, struct json_object *o)
{
	struct heard_row row = {.host = take_text(o, "host"), .mdns = take_text(o, "mdns")};

	if (!row.host || !row.mdns || !take_subject(o, &row.subject) ||
	    !take_time(o, "last_ns", &row.last_ns))
		return -EINVAL;
	return r->sink->heard(r->sink->ctx, &row);
}

/* --- the file --------------------------------------------------------------------------------- */

/* The next line without its end into r->line: its length, -1 at the end, -2 when it is too long. */
static long line_next(struct reader *r)
{
	size_t len = 0;
	int c = getc_unlocked(r->file);

	if (c == EOF)
		return -1;
	r->number++;
	for (; c != EOF && c != '\n'; c = getc_unlocked(r->file)) {
		if (len + 1 < STATE_LINE_MAX)
			r->line[len] = (char)c;
		len++;
	}
	r->line[len + 1 < STATE_LINE_MAX ? len : 0] = '\0';
	return len + 1 < STATE_LINE_MAX ? (long)len : -2;
}

/* The line as an object, or NULL. */
static struct json_object *line_parse(struct reader *r, long len)
{
	struct json_object *o;

	if (len <= 0 || strlen(r->line) != (size_t)len)
		return NULL;
	json_tokener_reset(r->tokener);
	o = json_tokener_parse_ex(r->tokener, r->line, (int)len + 1);
	if (json_tokener_get_error(r->tokener) == json_tokener_success &&
	    json_object_is_type(o, json_type_object) && take_text(o, "event"))
		return o;
	json_object_put(o);
	return NULL;
}

static bool line_is(struct json_object *o, const char *event)
{
	return o && !strcmp(take_text(o, "event"), event);
}

static bool header_take(struct json_object *o, struct state_header *header)
{
	const char *boot = line_is(o, "state") ? take_text(o, "boot") : NULL;
	uint64_t version;

	if (!boot || strlen(boot) >= STATE_BOOT_MAX ||
	    !take_number(o, "version", STATE_VERSION, &version) || version != STATE_VERSION ||
	    !take_time(o, "saved_ns", &header->saved_ns) ||
	    !take_bool(o, "running", &header->running))
		return false;
	strcpy(header->boot, boot);
	return true;
}

/* A header first, the end last, and as many lines as that says. */
static int file_check(struct reader *r)
{
	struct json_object *first = line_parse(r, line_next(r));
	struct json_object *last;
	uint64_t lines;
	long len = 0, next;
	bool good = header_take(first, &r->report->header);

	json_object_put(first);
	while (good && (next = line_next(r)) != -1)
		len = next;
	last = good ? line_parse(r, len) : NULL;
	good = line_is(last, "end") && take_number(last, "lines", UINT64_MAX, &lines) &&
	       lines == r->number;
	json_object_put(last);
	r->report->lines = r->number;
	if (ferror(r->file))
		return errno ? -errno : -EIO;
	return good ? 0 : -EBADMSG;
}

static void line_take(struct reader *r, struct json_object *o)
{
	static const struct {
		const char *event;
		int (*read)(struct reader *r, struct json_object *o);
		const char *mistake;
	} rows[] = {
		{"backend", read_backend, "a backend that makes no sense"},
		{"client", read_client, "a client that makes no sense"},
		{"evidence", read_evidence, "evidence that makes no sense"},
		{"dns", read_dns, "a way of asking for names that makes no sense"},
		{"address", read_address, "an address that makes no sense"},
		{"detection", read_detection, "a detection that makes no sense"},
		{"usage", read_usage, "a usage that makes no sense"},
		{"label", read_label, "a label that makes no sense"},
		{"heard", read_heard, "a name that makes no sense"},
	};
	const char *what = "not a line of a state file";

	for (size_t i = 0; o && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!line_is(o, rows[i].event))
			continue;
		if (!rows[i].read(r, o))
			return;
		what = rows[i].mistake;
	}
	r->report->bad++;
	if (r->sink->mistake)
		r->sink->mistake(r->sink->ctx, r->path, r->number, what);
}

static void file_take(struct reader *r)
{
	r->number = 0;
	rewind(r->file);
	line_next(r);
	while (r->number + 1 < r->report->lines) {
		struct json_object *o = line_parse(r, line_next(r));

		line_take(r, o);
		json_object_put(o);
	}
}

static void tokener_free(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

int state_read(const char *path, const struct state_names *names, const struct state_sink *sink,
	       struct state_report *report)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = malloc(STATE_LINE_MAX);
	CLEANUP_FREE struct detection *detection = malloc(sizeof(*detection));
	CLEANUP(tokener_free) struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct reader r = {
		.path = path,
		.file = file,
		.line = line,
		.tokener = tokener,
		.names = names,
		.sink = sink,
		.report = report,
		.detection = detection,
	};
	int err;

	if (!file)
		return -errno;
	if (!line || !detection || !tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*report = (struct state_report){0};
	err = file_check(&r);
	if (!err)
		file_take(&r);
	return err;
}
