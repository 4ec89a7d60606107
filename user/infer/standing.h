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
	uint32_t seen;
	uint32_t needed;
	uint32_t of;
	uint32_t sampling;
	uint32_t left_out;
	uint32_t count;
	struct standing_row rows[];
};

struct infer {
	struct infer_config config;
	struct infer_source source;
	detection_sink *sink;
	void *sink_ctx;
	struct counts *counts;
	struct table *table; /* struct standing_key -> struct standing *, owned */
	int64_t oldest_ns;   /* no detection's last contact is before */
	struct hits hits;
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

/* Everything but subject, time and addresses, from the rule's hits (there is at least one). */
void detection_build(const struct infer_config *config, const struct hits *h, uint32_t rule,
		     struct detection *d);

#endif
