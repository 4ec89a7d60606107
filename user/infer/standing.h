/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detections that stand, as they are kept: without what their key says, no larger than needed. */
#ifndef HAYRAKE_STANDING_H
#define HAYRAKE_STANDING_H

#include "infer/hits.h"

struct table;

struct standing_key {
	struct subject subject;
	uint32_t rule;
};
_Static_assert(sizeof(struct standing_key) == 20, "hashed as bytes, so without padding");

/* struct evidence without its subject. */
struct standing_row {
	struct addr remote;
	domain_id domain;
	uint32_t sampling;
	uint16_t port;
	uint8_t ip_proto;
	uint8_t tcp_flags;
	uint8_t directions;
	uint8_t via;
	uint64_t packets;
	uint64_t bytes;
	int64_t first_ns;
	int64_t last_ns;
};

struct standing {
	int64_t time_ns;
	int64_t first_ns;
	int64_t last_ns;
	int64_t began_ns;
	int64_t told_ns;
	uint32_t seen;
	uint32_t needed;
	uint32_t of;
	uint32_t sampling;
	uint32_t left_out;
	uint32_t count;
	bool in_hour;
	bool in_day;
	bool waits; /* a window after told_ns it was not complete: only news can renew it */
	uint32_t confidence;
	struct standing_row rows[];
};

struct infer {
	struct infer_config config;
	struct infer_source source;
	detection_sink *sink;
	void *sink_ctx;
	struct counts *counts;
	struct table *table; /* struct standing_key -> struct standing *, owned */
	int64_t oldest_ns;   /* no detection's standing_oldest() is before */
	struct hits hits;
	struct groups *groups; /* NULL: as written */
	struct detection scratch;
};

/* NULL without memory. */
struct standing *standing_new(const struct detection *d);
/* Everything but the addresses. */
void standing_expand(const struct standing *s, const struct standing_key *key,
		     struct detection *d);
/* True when the address of remote alone is part of its evidence. */
bool standing_used(const struct standing *s, const struct addr *remote);
/* Domains get their new ids; rows of those that are gone are left out. */
void standing_remap(struct standing *s, const domain_id *map, uint32_t count);

/* The slot of a detection that stands, or NULL. */
struct standing **standing_get(const struct infer *i, const struct subject *subject,
			       uint32_t rule);
/* Remembers d in place of what was there. 0, -ENOSPC when full, -ENOMEM. */
int standing_put(struct infer *i, const struct detection *d);
/* What must not be older than the window: its last contact, and the last time it was told. */
int64_t standing_oldest(const struct standing *s);
/* Gives d to the sink, with the subject's addresses. */
void detection_tell(struct infer *i, struct detection *d);
/* The rule fires again for a subject whose rows i->hits has: tells a renewal if one is due. */
void infer_renew(struct infer *i, const struct subject *subject, uint32_t rule, int64_t now_ns);

/* Everything but subject, event, times and addresses, from the rule's hits (at least one). */
void detection_build(const struct infer_config *config, const struct hits *h, uint32_t rule,
		     struct detection *d);

#endif
