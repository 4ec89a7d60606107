// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "state/state.h"

struct state_writer {
	FILE *file;
	char *path;
	char *temporary;
	const struct state_names *names;
	uint64_t lines;
	int err; /* the first */
};

void state_discard(struct state_writer *w)
{
	if (!w)
		return;
	if (w->file) {
		fclose(w->file);
		unlink(w->temporary);
	}
	free(w->path);
	free(w->temporary);
	free(w);
}

DEFINE_CLEANUP(state_discard, struct state_writer *)

static void put_number(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void put_addr(struct json_object *o, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	put_text(o, key, addr_text(a, text));
}

static void put_subject(struct json_object *o, const struct subject *s)
{
	char text[SUBJECT_TEXT_MAX];

	put_text(o, "subject", subject_text(s, text));
}

static void put_domains(struct json_object *o, const struct state_writer *w,
			const domain_id *domains, uint32_t count)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; list && i < count; i++) {
		const char *name = w->names->domain(w->names->ctx, domains[i]);

		json_object_array_add(list, json_object_new_string(name));
	}
	json_object_object_add(o, "domains", list);
}

static struct json_object *line_new(struct state_writer *w, const char *event)
{
	struct json_object *o = json_object_new_object();

	if (o)
		put_text(o, "event", event);
	else if (!w->err)
		w->err = -ENOMEM;
	return o;
}

static void line_write(struct state_writer *w, struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

	if (!w->err && (!text || fprintf(w->file, "%s\n", text) < 0))
		w->err = errno ? -errno : -EIO;
	w->lines++;
	json_object_put(o);
}

static void header_write(struct state_writer *w, const struct state_header *header)
{
	struct json_object *o = line_new(w, "state");
	char text[TIME_TEXT_MAX];

	if (!o)
		return;
	put_number(o, "version", STATE_VERSION);
	put_text(o, "saved", time_text(header->saved_ns, text));
	put_number(o, "saved_ns", (uint64_t)header->saved_ns);
	json_object_object_add(o, "running", json_object_new_boolean(header->running));
	put_text(o, "boot", header->boot);
	line_write(w, o);
}

/* A file of that name can only be what a killed instance left. */
static FILE *temporary_open(const char *path)
{
	CLEANUP_FD int fd = -1;
	FILE *file;

	if (unlink(path) && errno != ENOENT)
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (file)
		TAKE_FD(fd);
	return file;
}

int state_create(const char *path, const struct state_header *header,
		 const struct state_names *names, struct state_writer **out)
{
	struct state_writer *w CLEANUP(state_discard_ptr) = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->names = names;
	w->path = strdup(path);
	if (!w->path || asprintf(&w->temporary, "%s.new", path) < 0) {
		w->temporary = NULL;
		return -ENOMEM;
	}
	w->file = temporary_open(w->temporary);
	if (!w->file)
		return -errno;
	header_write(w, header);
	*out = TAKE_PTR(w);
	return 0;
}

void state_put_backend(struct state_writer *w, const struct backend_row *row)
{
	struct json_object *o = line_new(w, "backend");

	if (!o)
		return;
	put_addr(o, "address", &row->remote);
	json_object_object_add(o, "shared",
			       json_object_new_boolean(row->shared_until_ns != 0));
	put_text(o, "shared_with", row->shared_with ? row->shared_with : "");
	put_number(o, "shared_until_ns", (uint64_t)row->shared_until_ns);
	put_number(o, "since_ns", (uint64_t)row->since_ns);
	put_number(o, "sources", row->sources & ~(1U << SOURCE_SAVED));
	put_text(o, "cloud", row->cloud ? row->cloud : "");
	put_number(o, "first_ns", (uint64_t)row->first_ns);
	put_number(o, "last_answer_ns", (uint64_t)row->last_answer_ns);
	put_number(o, "last_used_ns", (uint64_t)row->last_used_ns);
	put_number(o, "expires_ns", (uint64_t)row->expires_ns);
	put_domains(o, w, row->domains, row->domain_count);
	line_write(w, o);
}

void state_put_client(struct state_writer *w, const struct backend_client_row *row)
{
	struct json_object *o = line_new(w, "client");

	if (!o)
		return;
	put_subject(o, &row->key.subject);
	put_addr(o, "address", &row->key.remote);
	put_number(o, "last_ns", (uint64_t)row->last_ns);
	put_domains(o, w, row->domains, row->domain_count);
	line_write(w, o);
}

static void put_contact(struct json_object *o, const struct state_writer *w,
			const struct evidence *e)
{
	put_text(o, "domain", w->names->domain(w->names->ctx, e->domain));
	put_addr(o, "address", &e->remote);
	put_number(o, "port", e->port);
	put_text(o, "proto", e->ip_proto == IPPROTO_TCP ? "tcp" : "udp");
	put_number(o, "tcp_flags", e->tcp_flags);
	put_number(o, "directions", e->directions);
	put_number(o, "via", e->via);
	put_number(o, "sampling", e->sampling);
	put_number(o, "packets", e->packets);
	put_number(o, "bytes", e->bytes);
	put_number(o, "first_ns", (uint64_t)e->first_ns);
	put_number(o, "last_ns", (uint64_t)e->last_ns);
}

void state_put_evidence(struct state_writer *w, const struct evidence *e)
{
	struct json_object *o = line_new(w, "evidence");

	if (!o)
		return;
	put_subject(o, &e->subject);
	put_contact(o, w, e);
	line_write(w, o);
}

void state_put_dns(struct state_writer *w, const struct subject *subject, bool encrypted,
		   int64_t last_ns)
{
	struct json_object *o = line_new(w, "dns");

	if (!o)
		return;
	put_subject(o, subject);
	json_object_object_add(o, "encrypted", json_object_new_boolean(encrypted));
	put_number(o, "last_ns", (uint64_t)last_ns);
	line_write(w, o);
}

void state_put_address(struct state_writer *w, const struct subject *subject, const struct addr *a,
		       int64_t last_ns)
{
	struct json_object *o = line_new(w, "address");

	if (!o)
		return;
	put_subject(o, subject);
	put_addr(o, "address", a);
	put_number(o, "last_ns", (uint64_t)last_ns);
	line_write(w, o);
}

void state_put_detection(struct state_writer *w, const struct detection *d)
{
	struct json_object *o = line_new(w, "detection");
	struct json_object *list = json_object_new_array();

	if (!o || !list) {
		json_object_put(o);
		json_object_put(list);
		return;
	}
	put_subject(o, &d->subject);
	put_text(o, "rule", w->names->rule(w->names->ctx, d->rule));
	put_number(o, "time_ns", (uint64_t)d->time_ns);
	put_number(o, "seen", d->seen);
	put_number(o, "needed", d->needed);
	put_number(o, "of", d->of);
	put_number(o, "sampling", d->sampling);
	put_number(o, "first_ns", (uint64_t)d->first_ns);
	put_number(o, "last_ns", (uint64_t)d->last_ns);
	put_number(o, "began_ns", (uint64_t)d->began_ns);
	put_number(o, "told_ns", (uint64_t)d->told_ns);
	put_number(o, "left_out", d->evidence_left_out);
	put_number(o, "confidence", d->confidence);
	for (uint32_t i = 0; i < d->evidence_count; i++) {
		struct json_object *contact = json_object_new_object();

		if (contact)
			put_contact(contact, w, &d->evidence[i]);
		json_object_array_add(list, contact);
	}
	json_object_object_add(o, "evidence", list);
	line_write(w, o);
}

void state_put_usage(struct state_writer *w, const struct usage_row *row)
{
	struct json_object *o = line_new(w, "usage");

	if (!o)
		return;
	put_subject(o, &row->subject);
	put_text(o, "rule", w->names->rule(w->names->ctx, row->rule));
	put_number(o, "state", row->state);
	put_number(o, "since_ns", (uint64_t)row->since_ns);
	put_number(o, "hour_ns", (uint64_t)row->hour_ns);
	put_number(o, "packets", row->packets);
	put_number(o, "wire_packets", row->wire_packets);
	put_number(o, "sampling", row->sampling);
	put_number(o, "active_hours", row->active_hours);
	put_number(o, "idle_hours", row->idle_hours);
	line_write(w, o);
}

void state_put_label(struct state_writer *w, const struct label_row *row)
{
	struct json_object *o = line_new(w, "label");

	if (!o)
		return;
	put_subject(o, &row->subject);
	put_text(o, "text", row->text ? row->text : "");
	put_text(o, "not", row->nots);
	line_write(w, o);
}

void state_put_heard(struct state_writer *w, const struct heard_row *row)
{
	struct json_object *o = line_new(w, "heard");

	if (!o)
		return;
	put_subject(o, &row->subject);
	put_text(o, "host", row->host);
	put_text(o, "mdns", row->mdns);
	put_number(o, "last_ns", (uint64_t)row->last_ns);
	line_write(w, o);
}

int state_put_others(struct state_writer *w, const char *path)
{
	static const char label[] = "{\"event\":\"label\",", end[] = "{\"event\":\"end\",";
	CLEANUP_FILE FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;
	bool first = true;

	if (!file)
		return -errno;
	for (; getline(&line, &size, file) > 0; first = false) {
		if (first || !strncmp(line, label, sizeof(label) - 1) ||
		    !strncmp(line, end, sizeof(end) - 1))
			continue;
		if (!w->err && fputs(line, w->file) < 0)
			w->err = errno ? -errno : -EIO;
		w->lines++;
	}
	return ferror(file) ? -EIO : w->err;
}

/* The rename itself must last: the directory is synced too. */
static int directory_sync(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	CLEANUP_FD int fd = -1;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return -errno;
	return 0;
}

static int file_finish(struct state_writer *w)
{
	struct json_object *o = line_new(w, "end");
	FILE *file;

	if (!o)
		return -ENOMEM;
	put_number(o, "lines", w->lines + 1);
	line_write(w, o);
	if (w->err)
		return w->err;
	if (fflush(w->file) || fsync(fileno(w->file)))
		return -errno;
	file = w->file;
	w->file = NULL;
	if (fclose(file) || rename(w->temporary, w->path)) {
		int err = -errno;

		unlink(w->temporary);
		return err;
	}
	return directory_sync(w->path);
}

int state_commit(struct state_writer *w)
{
	int err = file_finish(w);

	state_discard(w);
	return err;
}
