/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Active resolution: asks a resolver for the signatures' names, so that an address is known before
 * a device asks for it. Off unless the user names a resolver: a gateway sends nothing of its own.
 */
#ifndef HAYRAKE_RESOLVE_H
#define HAYRAKE_RESOLVE_H

#include "record.h"

struct event_base;
struct resolve;

struct resolve_config {
	const char *server; /* "ADDRESS", "ADDRESS:PORT", or "system": /etc/resolv.conf */
	void *ctx;
	/* The name with this number, borrowed for the call; NULL: there are no more. */
	const char *(*name)(void *ctx, uint32_t number);
	/* An answer: addresses of one family with the name asked for, borrowed for the call. */
	void (*answer)(void *ctx, const struct dns_answer *answer);
	void (*failed)(void *ctx); /* the name has no answer, or none came */
	int64_t (*now)(void *ctx);
};

/*
 * Starts to ask for every name, a few a second, and again after RESOLVE_AGAIN_S. 0; -EINVAL when
 * server is no address, or -ENOENT without a system resolver, with a sentence in error; -ENOMEM.
 */
int resolve_open(struct resolve **out, struct event_base *base, const struct resolve_config *config,
		 char error[static 256]);
void resolve_close(struct resolve *r);

/* Addresses move within a day; what was answered is kept until the next time. */
#define RESOLVE_AGAIN_S (6 * 3600)

#endif
