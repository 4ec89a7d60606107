/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence per subject over a sliding window: which domains it contacted, at which address, port
 * and protocol. Bounded; what does not fit is counted.
 */
#ifndef HAYRAKE_EVIDENCE_H
#define HAYRAKE_EVIDENCE_H

#include "record.h"

struct evidence_limits {
	uint32_t subjects;
	uint32_t rows_per_subject;
	uint32_t rows; /* in all */
};
extern const struct evidence_limits evidence_limits_gateway;
extern const struct evidence_limits evidence_limits_edge;

struct evidence_store;

struct evidence_store *evidence_new(const struct evidence_limits *limits, int64_t window_ns,
				    struct counts *counts);
void evidence_free(struct evidence_store *s);

/*
 * Adds one contact: merges it with the row of the same subject, domain, remote, port, protocol, via
 * and sampling rate. Returns true when the subject's rules must be looked at again: the row is new
 * within the window, or has a direction or TCP flag it had not.
 */
bool evidence_add(struct evidence_store *s, const struct evidence *e);

/* Joins an address to a subject (also one without evidence); remembers when it was last seen. */
void evidence_address(struct evidence_store *s, const struct subject *subject,
		      const struct addr *a, int64_t now_ns);

/*
 * How the subject asks for names: a plain answer to it was seen, or a packet of encrypted DNS. The
 * latter is remembered of subjects without evidence too.
 */
void evidence_dns(struct evidence_store *s, const struct subject *subject, bool encrypted,
		  int64_t now_ns);

/* Rows of one subject, in the order in which they came. */
void evidence_each(const struct evidence_store *s, const struct subject *subject,
		   evidence_sink *sink, void *ctx);

/* All subjects, in the order of their bytes. */
void evidence_each_subject(const struct evidence_store *s,
			   void (*each)(void *ctx, const struct subject_row *), void *ctx);
/* All subjects that have rows, in no order. */
void evidence_each_holder(const struct evidence_store *s,
			  void (*each)(void *ctx, const struct subject *), void *ctx);
/* Every row of every subject, in no order. */
void evidence_each_row(const struct evidence_store *s, evidence_sink *sink, void *ctx);

/* Every address of every subject, with the time it was last seen there. */
void evidence_each_address(const struct evidence_store *s,
			   void (*each)(void *ctx, const struct subject *subject,
					const struct addr *a, int64_t last_ns),
			   void *ctx);
/* 0 or -ENOENT. */
int evidence_subject(const struct evidence_store *s, const struct subject *subject,
		     struct subject_row *out);
/* The subject that has this address now, for `explain 192.168.1.10`. 0 or -ENOENT. */
int evidence_find_address(const struct evidence_store *s, const struct addr *a,
			  struct subject *out);

/* What evidence_withdraw() asks of its caller. */
struct evidence_withdrawal {
	void *ctx;
	/* true: this subject was given remote by DNS itself */
	bool (*keep)(void *ctx, const struct subject *subject, const struct addr *remote);
	/* this subject lost rows for remote; called when all is done; may be NULL */
	void (*changed)(void *ctx, const struct subject *subject, const struct addr *remote);
};

/*
 * remote turned out to be shared: removes rows with VIA_ADDRESS for it, but those of subjects for
 * which keep() is true, which become VIA_CLIENT_DNS.
 */
void evidence_withdraw(struct evidence_store *s, const struct addr *remote,
		       const struct evidence_withdrawal *w);

/* Drops rows whose last contact has left the window, and subjects without any. */
void evidence_expire(struct evidence_store *s, int64_t now_ns);

/* Signatures were reloaded: map[old domain] is the new id or DOMAIN_NONE (dropped). */
void evidence_remap(struct evidence_store *s, const domain_id *map, size_t count);

size_t evidence_subjects(const struct evidence_store *s);
size_t evidence_rows(const struct evidence_store *s);
size_t evidence_bytes(const struct evidence_store *s); /* memory held */

#endif
