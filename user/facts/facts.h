/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files say about addresses: passive DNS (Common Output Format, JSON lines) and certificates
 * seen on them. A record speaks for each UTC day that its time touches, and is used when now lies
 * in one of them. Files are streamed: memory does not grow with them.
 *  1. aliases that lead from signature names on, until none is new
 *  2. who teaches: addresses of signature names, certificates
 *  3. who shares: every other name, and whatever else leads to the same aliases
 */
#ifndef HAYRAKE_FACTS_H
#define HAYRAKE_FACTS_H

#include "record.h"

#define FACTS_FILES_MAX 16 /* of each kind */
#define FACTS_ALIASES_MAX 8192
#define FACTS_ADDRESSES_MAX 16384 /* of all aliases */
#define FACTS_LINE_MAX 65536
#define CERTIFICATE_NAMES_MAX 256

struct facts_files {
	const char *passive[FACTS_FILES_MAX];
	const char *certificates[FACTS_FILES_MAX];
	size_t passive_count;
	size_t certificate_count;
};

/* A certificate as seen on an address; names as in struct dns_answer, or "*." and such a name. */
struct certificate {
	int64_t time_ns;  /* not after now */
	uint32_t ttl_s;   /* how long it speaks after that */
	struct addr addr;
	uint16_t port;
	bool teaches; /* first of two times it is given: names of signatures; then: who shares */
	uint32_t name_count;
	const char *names[CERTIFICATE_NAMES_MAX];
};

struct facts_ops {
	void *ctx;
	bool (*wanted)(void *ctx, const char *name); /* is it a signature's? */
	answer_sink *answer;
	void (*certificate)(void *ctx, const struct certificate *c);
};

struct facts;

/* Everything is borrowed. NULL without memory. */
struct facts *facts_new(const struct facts_files *files, const struct facts_ops *ops,
			struct counts *counts);
void facts_free(struct facts *f);

/* 0, or -errno after a sentence about the first file that cannot be read again and again. */
int facts_check(const struct facts_files *files);

/*
 * Gives everything that speaks for the UTC day of now_ns, as far as it can be read; the first time
 * it also tells of wrong lines. Returns when the next day begins.
 */
int64_t facts_import(struct facts *f, int64_t now_ns);

#endif
