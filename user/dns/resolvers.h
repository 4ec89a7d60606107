/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public resolvers of encrypted DNS: DNS over HTTPS (RFC 8484), TLS (RFC 7858) and QUIC (RFC 9250).
 * Who uses one asks names that nobody else sees. Facts from the operators' own pages.
 */
#ifndef HAYRAKE_RESOLVERS_H
#define HAYRAKE_RESOLVERS_H

#include "record.h"

#define RESOLVER_ADDRESSES 4
#define RESOLVER_NONE UINT32_MAX

struct resolver {
	const char *name;     /* as a client looks it up; the table is sorted by it */
	const char *operator; /* same pointer for the same operator */
	const char *addresses[RESOLVER_ADDRESSES]; /* published ones, up to the first NULL */
};

extern const struct resolver resolvers[];
extern const uint32_t resolver_count;

/* The resolver that a DNS name (as in struct dns_answer) is of, or RESOLVER_NONE. */
uint32_t resolver_find(const char *name);

#endif
