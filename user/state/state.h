/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: JSON lines, a header first, an end line with the number of lines last. Written to
 * a temporary file in the same directory (mode 0600), synced, then renamed: there is an old file or
 * a new one, never half of one. Domains and rules are stored by name, so that other signatures can
 * read it.
 */
#ifndef HAYRAKE_STATE_H
#define HAYRAKE_STATE_H

#include "record.h"

#define STATE_VERSION 1
#define STATE_LINE_MAX (256U << 10)
#define STATE_BOOT_MAX 40

struct state_header {
	int64_t saved_ns;
	bool running;              /* false: saved at a clean end */
	char boot[STATE_BOOT_MAX]; /* the kernel's boot id, "": unknown */
};

/* Ids to names when writing, names to ids when reading. An unknown name gives the NONE value. */
struct state_names {
	void *ctx;
	const char *(*domain)(void *ctx, domain_id domain);
	const char *(*rule)(void *ctx, uint32_t rule);
	domain_id (*domain_find)(void *ctx, const char *name);
	uint32_t (*rule_find)(void *ctx, const char *id);
};

struct state_writer;

/* 0 or -errno; *out is untouched on failure. names is borrowed until commit or discard. */
int state_create(const char *path, const struct state_header *header,
		 const struct state_names *names, struct state_writer **out);
void state_put_backend(struct state_writer *w, const struct backend_row *row);
void state_put_client(struct state_writer *w, const struct backend_client_row *row);
void state_put_evidence(struct state_writer *w, const struct evidence *e);
void state_put_dns(struct state_writer *w, const struct subject *subject, bool encrypted,
		   int64_t last_ns);
void state_put_address(struct state_writer *w, const struct subject *subject, const struct addr *a,
		       int64_t last_ns);
void state_put_detection(struct state_writer *w, const struct detection *d);
void state_put_usage(struct state_writer *w, const struct usage_row *row);
void state_put_label(struct state_writer *w, const struct label_row *row);
void state_put_heard(struct state_writer *w, const struct heard_row *row);
/* The lines of the state file at path but its labels, as they are. 0 or -errno. */
int state_put_others(struct state_writer *w, const char *path);
/* Puts the file in place and frees w. On -errno, of what failed first, the old one stays. */
int state_commit(struct state_writer *w);
void state_discard(struct state_writer *w);

/* Where the lines go; a put gives 0 or -errno, which counts the line as bad. */
struct state_sink {
	void *ctx;
	int (*backend)(void *ctx, const struct backend_row *row);
	int (*client)(void *ctx, const struct backend_client_row *row);
	int (*evidence)(void *ctx, const struct evidence *e);
	int (*dns)(void *ctx, const struct subject *subject, bool encrypted, int64_t last_ns);
	int (*address)(void *ctx, const struct subject *subject, const struct addr *a,
		       int64_t last_ns);
	int (*detection)(void *ctx, const struct detection *d);
	int (*usage)(void *ctx, const struct usage_row *row);
	int (*label)(void *ctx, const struct label_row *row);
	int (*heard)(void *ctx, const struct heard_row *row);
	/* one damaged line, for "PATH:LINE: what"; may be NULL */
	void (*mistake)(void *ctx, const char *path, uint64_t line, const char *what);
};

struct state_report {
	struct state_header header;
	uint64_t lines;
	uint64_t bad;     /* damaged ones, and those that the sink refused */
	uint64_t unknown; /* names that the signatures no longer have */
};

/*
 * Reads path into sink. -ENOENT: no such file; -EBADMSG: no state file or without its end, nothing
 * was given to sink; -errno. Damaged lines are told, counted and skipped.
 */
int state_read(const char *path, const struct state_names *names, const struct state_sink *sink,
	       struct state_report *report);

/*
 * Takes the state file for this process, by a lock on PATH.lock that ends with it: a descriptor, or
 * -EWOULDBLOCK when another process has it, or -errno.
 */
int state_lock(const char *path);

#endif
