/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend map: which address stands for which signature domains, since when and until when, and
 * whether other names share it. User space owns it; the kernel's maps mirror it through ops.
 */
#ifndef HAYRAKE_BACKEND_H
#define HAYRAKE_BACKEND_H

#include "record.h"

#define BACKEND_TTL_FLOOR_S 300
#define BACKEND_TTL_MAX_S (7 * 86400) /* resolvers cap there or lower (RFC 8767 4) */
#define BACKEND_SHARED_S 86400        /* shared until this long after the last foreign answer */
#define BACKEND_USED_S 7440 /* NAT keeps a quiet TCP connection this long (RFC 5382 REQ-5) */

/* A signature's domain, as far as the map needs it. Borrowed until backend_set_domains(). */
struct backend_domain {
	const char *name;   /* as in the signature, "*.x" for any name below x */
	const char *vendor; /* same pointer for the same vendor */
	uint8_t port_count;
	uint8_t protos[BACKEND_PORTS];
	uint16_t port_lo[BACKEND_PORTS];
	uint16_t port_hi[BACKEND_PORTS];
	bool client_dns; /* its addresses serve many: only a client's own answer counts */
};

struct backend_limits {
	uint32_t addresses; /* backend addresses in all */
	uint32_t addresses_per_domain;
	uint32_t clients;  /* (client, address) pairs */
	uint32_t mirrored; /* of them, those of shared addresses: the kernel's map */
	uint32_t others;  /* addresses of names that no signature has */
	uint32_t endpoints;
};
extern const struct backend_limits backend_limits_gateway;
extern const struct backend_limits backend_limits_edge;

/* Mirror; NULL members are skipped. */
struct backend_ops {
	void *ctx;
	void (*put)(void *ctx, const struct addr *remote, const struct backend_value *v);
	void (*del)(void *ctx, const struct addr *remote);
	void (*client_put)(void *ctx, const struct client_key *key, const struct backend_value *v);
	void (*client_del)(void *ctx, const struct client_key *key);
	/* remote became shared: evidence by address alone is void, but for has_client() subjects */
	void (*shared)(void *ctx, const struct addr *remote);
};

struct backend_map;

struct backend_map *backend_new(const struct backend_limits *limits, const struct backend_ops *ops,
				struct counts *counts);
void backend_free(struct backend_map *b);

/*
 * Sets the signature domains. On a reload map[old id] is the new id or DOMAIN_NONE; NULL at first.
 * -ENOMEM leaves the old ones.
 */
int backend_set_domains(struct backend_map *b, const struct backend_domain *domains, size_t count,
			const domain_id *map);

/*
 * Learns one answer. matched are the signature domains that qname matches (none: the answer only
 * speaks for sharing). Addresses that are not global are refused; counted when matched. An answer
 * from elsewhere (source) makes no (client, address) pair and pushes no remembered name out.
 */
void backend_learn(struct backend_map *b, const struct dns_answer *answer,
		   const domain_id *matched, size_t matched_count);

/*
 * The in-memory twin of the kernel's match: does (subject, remote, port, ip_proto) hit? NULL or the
 * endpoint's value; *reason says why not (COUNTER_PORT_OTHER, COUNTER_SHARED_UNKNOWN, or
 * COUNTER_COUNT when the address is no backend).
 */
const struct backend_value *backend_match(const struct backend_map *b,
					  const struct subject *subject, const struct addr *remote,
					  uint16_t port, uint8_t ip_proto, enum counter *reason);
/* Cheap first test: false when remote is surely no backend. */
bool backend_maybe(const struct backend_map *b, const struct addr *remote);

/* Fills remote, via, domain_count, domains of flow. False when the id is no longer known. */
bool backend_endpoint(const struct backend_map *b, uint32_t endpoint, struct flow *flow);

/* A flow of subject used the address: keeps it, and the pair of both. */
void backend_used(struct backend_map *b, const struct subject *subject, const struct addr *remote,
		  int64_t last_ns);
/* True when foreign names share remote now: its address alone is no evidence. */
bool backend_is_shared(const struct backend_map *b, const struct addr *remote);
/* True when subject itself got remote from DNS. */
bool backend_has_client(const struct backend_map *b, const struct subject *subject,
			const struct addr *remote);

/* Drops what has expired; retires old endpoint ids. After a drain, or now and then in replay. */
void backend_expire(struct backend_map *b, int64_t now_ns);

/*
 * The clock was set forward by step_ns when it said before_ns: what was learned by the old one
 * keeps its age. Times behind before_ns, of a saved state, are right already.
 */
void backend_clock_stepped(struct backend_map *b, int64_t before_ns, int64_t step_ns);

/* How many of a row's domains, which rise, are below end. */
uint32_t backend_domains_below(const domain_id *domains, uint32_t count, domain_id end);

size_t backend_count(const struct backend_map *b);
void backend_each(const struct backend_map *b, void (*each)(void *ctx, const struct backend_row *),
		  void *ctx);
void backend_each_client(const struct backend_map *b,
			 void (*each)(void *ctx, const struct backend_client_row *), void *ctx);
/* Puts a saved row back. -EINVAL for a row that makes no sense, -ENOSPC when full. */
int backend_restore(struct backend_map *b, const struct backend_row *row);
int backend_restore_client(struct backend_map *b, const struct backend_client_row *row);

#endif
