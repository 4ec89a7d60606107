// SPDX-License-Identifier: GPL-2.0-or-later
#include "saved.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define MISTAKES_TOLD 5

/* One restore: where rows go, and how many of each came. */
struct restore {
	const struct saved *saved;
	uint64_t backends;
	uint64_t evidence;
	uint64_t detections;
	uint64_t mistakes;
};

static const char *name_domain(void *ctx, domain_id domain)
{
	return ((const struct saved *)ctx)->rules->domains[domain].name;
}

static const char *name_rule(void *ctx, uint32_t rule)
{
	return ((const struct saved *)ctx)->rules->rules[rule].id;
}

static domain_id find_domain(void *ctx, const char *name)
{
	return rules_find_domain(((const struct saved *)ctx)->rules, name);
}

static uint32_t find_rule(void *ctx, const char *id)
{
	return rules_find(((const struct saved *)ctx)->rules, id);
}

static struct state_names saved_names(const struct saved *s)
{
	return (struct state_names){(void *)s, name_domain, name_rule, find_domain, find_rule};
}

static void boot_read(char boot[static STATE_BOOT_MAX])
{
	CLEANUP_FD int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, boot, STATE_BOOT_MAX - 1);

	boot[len > 0 ? len : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

/* --- saving ----------------------------------------------------------------------------------- */

struct saving {
	struct state_writer *writer;
	domain_id domain_end; /* of the rules */
};

static void save_backend(void *ctx, const struct backend_row *row)
{
	struct saving *s = ctx;
	struct backend_row own = *row;

	own.domain_count = backend_domains_below(row->domains, row->domain_count, s->domain_end);
	if (own.domain_count)
		state_put_backend(s->writer, &own);
}

static void save_client(void *ctx, const struct backend_client_row *row)
{
	struct saving *s = ctx;
	struct backend_client_row own = *row;

	own.domain_count = backend_domains_below(row->domains, row->domain_count, s->domain_end);
	if (own.domain_count)
		state_put_client(s->writer, &own);
}

static void save_dns(void *ctx, const struct subject_row *s)
{
	if (s->dns_plain_ns)
		state_put_dns(ctx, &s->subject, false, s->dns_plain_ns);
	if (s->dns_encrypted_ns)
		state_put_dns(ctx, &s->subject, true, s->dns_encrypted_ns);
}

static void save_address(void *ctx, const struct subject *subject, const struct addr *a,
			 int64_t last_ns)
{
	state_put_address(ctx, subject, a, last_ns);
}

static void save_evidence(void *ctx, const struct evidence *e)
{
	state_put_evidence(ctx, e);
}

static void save_detection(void *ctx, const struct detection *d)
{
	state_put_detection(ctx, d);
}

static void save_usage(void *ctx, const struct usage_row *row)
{
	state_put_usage(ctx, row);
}

static void save_label(void *ctx, const struct label_row *row)
{
	state_put_label(ctx, row);
}

static void save_heard(void *ctx, const struct heard_row *row)
{
	state_put_heard(ctx, row);
}

static int state_save(const struct saved *s, const struct state_header *header)
{
	struct state_names names = saved_names(s);
	struct state_writer *w = NULL;
	struct saving saving;
	int err = state_create(s->path, header, &names, &w);

	if (err)
		return err;
	saving = (struct saving){w, s->rules->domain_count};
	backend_each(s->backends, save_backend, &saving);
	backend_each_client(s->backends, save_client, &saving);
	evidence_each_address(s->evidence, save_address, w);
	evidence_each_subject(s->evidence, save_dns, w);
	evidence_each_row(s->evidence, save_evidence, w);
	infer_each(s->infer, save_detection, w);
	usage_each(s->usage, save_usage, w);
	labels_each(s->labels, save_label, w);
	if (s->heard)
		heard_each(s->heard, save_heard, w);
	return state_commit(w);
}

int saved_relabel(const struct saved *s, const struct state_header *header)
{
	struct state_names names = saved_names(s);
	struct state_writer *w = NULL;
	int err = state_create(s->path, header, &names, &w);

	if (err)
		return err;
	err = state_put_others(w, s->path);
	if (err) {
		state_discard(w);
		return err;
	}
	labels_each(s->labels, save_label, w);
	return state_commit(w);
}

int saved_store(const struct saved *s, bool running, int64_t now_ns)
{
	static bool told;
	struct state_header header = {.saved_ns = now_ns, .running = running};
	int err;

	boot_read(header.boot);
	err = state_save(s, &header);
	if (err) {
		s->counts->n[COUNTER_STATE_FAILED]++;
		if (!told)
			log_warn("cannot save the state to %s: %s", s->path, strerror(-err));
	} else if (told) {
		log_info("the state is saved to %s again", s->path);
	}
	told = err != 0;
	return err;
}

/* --- restoring -------------------------------------------------------------------------------- */

static int restore_backend(void *ctx, const struct backend_row *row)
{
	struct restore *r = ctx;
	int err = backend_restore(r->saved->backends, row);

	r->backends += !err;
	return err;
}

static int restore_client(void *ctx, const struct backend_client_row *row)
{
	return backend_restore_client(((struct restore *)ctx)->saved->backends, row);
}

static int restore_evidence(void *ctx, const struct evidence *e)
{
	struct restore *r = ctx;

	evidence_add(r->saved->evidence, e);
	r->evidence++;
	return 0;
}

static int restore_dns(void *ctx, const struct subject *subject, bool encrypted, int64_t last_ns)
{
	evidence_dns(((struct restore *)ctx)->saved->evidence, subject, encrypted, last_ns);
	return 0;
}

static int restore_address(void *ctx, const struct subject *subject, const struct addr *a,
			   int64_t last_ns)
{
	evidence_address(((struct restore *)ctx)->saved->evidence, subject, a, last_ns);
	return 0;
}

static int restore_detection(void *ctx, const struct detection *d)
{
	struct restore *r = ctx;
	int err = infer_restore(r->saved->infer, d);

	r->detections += !err;
	return err;
}

static int restore_usage(void *ctx, const struct usage_row *row)
{
	return usage_restore(((struct restore *)ctx)->saved->usage, row);
}

static int restore_label(void *ctx, const struct label_row *row)
{
	struct labels *labels = ((struct restore *)ctx)->saved->labels;
	char rule[LABEL_NOTS_MAX];
	int err = 0;

	if (*row->text)
		err = labels_set(labels, &row->subject, row->text);
	for (const char *at = row->nots; !err && *at;) {
		size_t len = strcspn(at, " ");

		if (len >= sizeof(rule))
			return -EINVAL;
		memcpy(rule, at, len);
		rule[len] = '\0';
		err = labels_refuse(labels, &row->subject, rule);
		at += len + (at[len] == ' ');
	}
	return err;
}

static int restore_heard(void *ctx, const struct heard_row *row)
{
	struct heard *heard = ((struct restore *)ctx)->saved->heard;

	return heard ? heard_restore(heard, row) : 0;
}

static void restore_mistake(void *ctx, const char *path, uint64_t line, const char *what)
{
	struct restore *r = ctx;

	r->saved->counts->n[COUNTER_STATE_LINES_BAD]++;
	if (r->mistakes++ < MISTAKES_TOLD)
		log_warn("%s:%" PRIu64 ": %s", path, line, what);
}

static void killed_tell(const struct state_header *header)
{
	char boot[STATE_BOOT_MAX];

	if (!header->running)
		return;
	boot_read(boot);
	log_warn("%s: what it saw after its last save is lost",
		 strcmp(boot, header->boot) ? "the machine went down while the last instance ran"
					    : "the last instance was killed");
}

static void restored_tell(const struct restore *r, const struct state_report *report)
{
	const char *path = r->saved->path;

	if (report->bad > MISTAKES_TOLD)
		log_warn("%s: %" PRIu64 " damaged lines in all", path, report->bad);
	if (report->unknown)
		log_info("%s: %" PRIu64 " names that the signatures no longer have", path,
			 report->unknown);
	killed_tell(&report->header);
	log_info("restored %" PRIu64 " backends, %" PRIu64 " evidence rows and %" PRIu64
		 " detections from %s",
		 r->backends, r->evidence, r->detections, path);
}

static int restore_read(struct restore *r, struct state_report *report)
{
	const struct saved *s = r->saved;
	struct state_names names = saved_names(s);
	struct state_sink sink = {
		.ctx = r,
		.backend = restore_backend,
		.client = restore_client,
		.evidence = restore_evidence,
		.dns = restore_dns,
		.address = restore_address,
		.detection = restore_detection,
		.usage = restore_usage,
		.label = restore_label,
		.heard = restore_heard,
		.mistake = restore_mistake,
	};
	uint64_t rows_seen = s->counts->n[COUNTER_EVIDENCE_ROWS];
	int err = state_read(s->path, &names, &sink, report);

	s->counts->n[COUNTER_EVIDENCE_ROWS] = rows_seen; /* those of this run */
	return err;
}

int saved_read(const struct saved *s, struct state_report *report)
{
	struct restore r = {.saved = s};

	return restore_read(&r, report);
}

int saved_load(const struct saved *s, struct state_report *report)
{
	struct restore r = {.saved = s};
	int err = restore_read(&r, report);

	if (err == -EBADMSG)
		log_warn("%s is no complete state file: starting without it", s->path);
	else if (err && err != -ENOENT)
		log_warn("cannot read the state from %s: %s", s->path, strerror(-err));
	if (!err)
		restored_tell(&r, report);
	return err;
}
