/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom an address serves besides its domains' vendor: names remembered and judged
 * (backend_share.c), tenants of public clouds (backend_tenant.c). For backend*.c only.
 */
#ifndef HAYRAKE_BACKEND_SHARE_H
#define HAYRAKE_BACKEND_SHARE_H

#include "dns/backend_parts.h"

/* A name lately answered by an address. */
struct other_name {
	uint64_t name_hash; /* 0: none */
	uint64_t registered_hash;
	uint64_t chain_hash; /* registered domain of a vendor that its aliases pass, or 0 */
	int64_t time_ns;
};

struct other {
	struct addr remote;
	struct other_name names[OTHER_NAMES];
	char registered[OTHER_NAMES][SHARED_WITH_MAX];
};

/* A name lately met; 64 keyed bits stand for its text. */
struct name_info {
	uint64_t name_hash;
	uint64_t registered_hash;
	uint16_t registered_off; /* of the registered domain in the name */
	bool of_vendor;          /* some vendor has the registered domain */
	uint8_t cloud;           /* naming that the name follows, or 0 */
	int64_t said_ns;         /* when share_said() last heard something new */
	uint64_t said_hash;      /* over the addresses it heard */
};

/* An answered question, as judging sharing needs it. */
struct asked {
	const char *registered;
	int64_t time_ns;
	uint64_t name_hash;
	uint64_t registered_hash;
	uint32_t target_count;
	uint64_t target_hash[CHAIN_MAX]; /* names of its aliases */
	uint8_t target_cloud[CHAIN_MAX]; /* naming that each follows, or 0 */
	uint32_t vendor_count;
	uint64_t vendor_hash[CHAIN_MAX]; /* registered domains of aliases that some vendor has */
	enum fact_source source;
	uint8_t cloud; /* naming of one of its names, or 0 */
};

/* True when the same addresses were given for the same name a moment ago. */
bool share_said(const struct backend_map *b, const struct dns_answer *answer, int64_t now_ns);
/* What an answer says about sharing; its time is the caller's to set. */
void asked_make(const struct backend_map *b, const struct dns_answer *answer, struct asked *asked);
/* Is the question another vendor's than the domain, or than one of be's? */
bool share_label_is_foreign(const struct backend_map *b, domain_id domain,
			    const struct asked *asked);
bool share_is_foreign(const struct backend_map *b, const struct backend *be,
		      const struct asked *asked);
/* Forgets what the address answered before. */
void share_forget(struct backend_map *b, const struct addr *remote);
/* Is the question foreign to one of be's domains? Then be is shared from now on. */
void share_judge(const struct backend_map *b, struct backend *be, const struct asked *asked);
/* The same for all that was asked before. */
void share_judge_past(const struct backend_map *b, struct backend *be, int64_t now_ns);
/* Remembers that the address answered the question. */
void share_remember(struct backend_map *b, const struct addr *remote, const struct asked *asked);
void share_step(struct backend_map *b, int64_t before_ns, int64_t step_ns);
void chain_remember(struct backend *be, const struct asked *asked);
/* The set b->registered for domains; vendors are numbered in passing. NULL without memory. */
struct table *share_registered(struct domain_info *domains, size_t count);

/* The question is that of who held the address before be's domains did. */
bool tenant_is_past(const struct backend_map *b, const struct backend *be,
		    const struct asked *asked);
/* The question shows that a cloud's address has gone to somebody else. */
bool tenant_is_new(const struct backend_map *b, const struct backend *be,
		   const struct asked *asked);
/* Takes the old tenant's labels away; false when be has gone with them. */
bool tenant_leave(struct backend_map *b, struct backend *be, const struct asked *asked);

#endif
