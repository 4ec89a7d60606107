/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend map's parts, for backend*.c only. Slots are indexes into the arrays; lists and
 * references between parts use them.
 */
#ifndef HAYRAKE_BACKEND_PARTS_H
#define HAYRAKE_BACKEND_PARTS_H

#include "base/timefmt.h"
#include "dns/backend.h"
#include "dns/slots.h"

#define CHAIN_HASHES 8     /* alias targets remembered per address */
#define SHARED_WITH_MAX 64 /* text kept of a foreign registered domain */
#define OTHER_NAMES 3      /* names remembered per address to judge sharing */
#define VENDOR_ANY UINT32_MAX

#define BACKEND_SHARED_NS (BACKEND_SHARED_S * NS_PER_S)
#define BACKEND_USED_NS (BACKEND_USED_S * NS_PER_S)

/* A set of signature domains, in rising order. */
struct domain_set {
	uint32_t count;
	domain_id ids[ENDPOINT_DOMAINS];
};

/* What is known of a signature's domain. */
struct domain_info {
	const struct backend_domain *domain;
	uint32_t vendor; /* number of its vendor's */
	uint32_t addresses;
	uint64_t registered_hash;
};

/* Endpoints: backend_endpoint.c */

struct endpoint {
	struct addr remote;
	enum via via;
	struct domain_set domains;
	uint32_t refs;
	uint32_t retired_at; /* generation in which refs became 0 */
	uint32_t next_retired;
	bool in_retired;
	struct backend_value value; /* value.endpoint is its id */
};

struct endpoints {
	struct slots slots; /* by id */
	struct table *sets; /* struct endpoint_key -> slot */
	struct endpoint *endpoints;
	uint32_t last_id;
	uint32_t retired; /* head of the list, SLOT_NONE: empty */
};

/* One backend address: backend.c */

struct label {
	domain_id domain;
	uint8_t sources;   /* bit i: enum fact_source i */
	int64_t answer_ns; /* last answer that gave the address for the domain */
	int64_t expires_ns;
};

struct backend {
	struct addr remote;
	int64_t first_ns;
	int64_t used_ns;
	int64_t shared_until_ns; /* 0: dedicated */
	int64_t since_ns;        /* when that last changed */
	int64_t tenant_ns;       /* when its cloud last lent it to somebody else, or 0 */
	uint32_t endpoint;       /* slot */
	uint32_t clients;        /* head of the list of its pairs */
	uint32_t label_count;
	uint32_t chain_next;                   /* where the next alias goes */
	struct backend_value value;            /* as mirrored */
	struct label labels[ENDPOINT_DOMAINS]; /* in rising order of domain */
	uint64_t chain[CHAIN_HASHES]; /* aliases between its domains' names and the address */
	uint8_t cloud;                /* naming that led to it (cloud.h), or 0 */
	char shared_with[SHARED_WITH_MAX];
};

/* (client, address) pairs: backend_client.c */

struct client {
	struct client_key key;
	int64_t answer_ns;
	int64_t expires_ns;
	int64_t used_ns;
	uint32_t backend; /* slot */
	uint32_t next;    /* of the same backend */
	uint32_t previous;
	uint32_t endpoint; /* slot while mirrored, else SLOT_NONE */
	struct domain_set domains;
};

struct name_info;
struct other;

struct backend_map {
	struct backend_limits limits;
	struct backend_ops ops;
	struct counts *counts;
	struct domain_info *domains;
	size_t domain_count;
	struct table *registered; /* (registered domain, vendor) of all signatures, a set */
	struct name_info *names;  /* direct mapped cache */
	size_t names_mask;
	uint64_t *prefilter;
	uint32_t prefilter_mask;
	bool prefilter_stale; /* bits of addresses that left are still set */
	uint32_t generation;  /* calls of backend_expire() */
	int64_t now_ns;       /* of the latest answer or expiry */
	struct slots slots;   /* of backends, by address */
	struct backend *backends;
	struct slots client_slots;
	struct client *clients;
	uint32_t mirrored; /* clients with an endpoint */
	struct slots other_slots;
	struct other *others;
	struct endpoints endpoints;
};

/* Times beyond this (year 2116) are a capture's nonsense; sums with them stay in range. */
#define TIME_MAX (INT64_MAX / 2)

static inline int64_t time_clamp(int64_t time_ns)
{
	return time_ns < 1 ? 1 : time_ns > TIME_MAX ? TIME_MAX : time_ns;
}

static inline void backend_count_one(struct backend_map *b, enum counter c)
{
	b->counts->n[c]++;
}

bool domain_set_has(const struct domain_set *set, domain_id id);
/* True when the set did not have id and has it now. False also when it is full. */
bool domain_set_add(struct domain_set *set, domain_id id);
/* The ids that map[] gives for those of set, without DOMAIN_NONE. */
struct domain_set domain_set_map(const struct domain_set *set, const domain_id *map);
struct domain_set backend_domain_set(const struct backend *be);

int endpoints_init(struct endpoints *e, uint32_t max);
void endpoints_clean(struct endpoints *e);
/*
 * The endpoint of (remote, via, set), a new one if need be, with a reference. SLOT_NONE (counted)
 * when there is no room.
 */
uint32_t endpoint_hold(struct backend_map *b, const struct addr *remote, enum via via,
		       const struct domain_set *set);
void endpoint_release(struct backend_map *b, uint32_t slot);
/* Forgets endpoints that have been without reference for two generations. */
void endpoints_retire(struct backend_map *b);
/* After b->domains changed; map as in backend_set_domains(). */
void endpoints_remap(struct backend_map *b, const domain_id *map);

/* The subject was given be's address for the domains of set until expires_ns. */
void client_learn(struct backend_map *b, struct backend *be, const struct subject *subject,
		  const struct domain_set *set, const struct label *times);
uint32_t client_find(const struct backend_map *b, const struct subject *subject,
		     const struct addr *remote);
void client_remove(struct backend_map *b, uint32_t slot);
/* Mirrors all pairs of be, or takes the mirror away. */
void clients_mirror(struct backend_map *b, struct backend *be, bool mirror);
void clients_remove(struct backend_map *b, struct backend *be);
/* Pairs lose the domains that be lost. */
void clients_prune(struct backend_map *b, struct backend *be);
void clients_expire(struct backend_map *b, int64_t now_ns);
void clients_step(struct backend_map *b, int64_t before_ns, int64_t step_ns);
void clients_remap(struct backend_map *b, const domain_id *map);

uint32_t backend_find(const struct backend_map *b, const struct addr *remote);
/* A new address with nothing in it; SLOT_NONE (counted) when full. */
uint32_t backend_add(struct backend_map *b, const struct addr *remote);
/* Is be's address no evidence by itself? */
bool backend_shares(const struct backend_map *b, const struct backend *be);
void label_remove(struct backend_map *b, struct backend *be, uint32_t i);
/* Adds the label or renews it; false (counted) when a bound is met. */
bool label_put(struct backend_map *b, struct backend *be, const struct label *label);
/* Brings endpoint, flag, pairs and mirror up to date. False: no endpoint for a new address. */
bool backend_sync(struct backend_map *b, struct backend *be);
void backend_remove(struct backend_map *b, struct backend *be);

#endif
