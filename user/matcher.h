/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's match and count, for packets from captures: a packet in, a flow of one packet out.
 */
#ifndef HAYRAKE_MATCHER_H
#define HAYRAKE_MATCHER_H

#include "../headers/wire.h"
#include "base/addr.h"
#include "dns/backend.h"

struct matcher {
	const struct backend_map *backends;
	struct counts *counts;
	enum subject_kind subject;
	uint32_t sample; /* 1 in this many */
	uint64_t dice;   /* state of the sampling dice */
	const struct prefix *local;
	size_t local_count;
};

/*
 * True when the packet is evidence: flow is filled in. Otherwise the reason is counted, as in the
 * kernel. The packet must have been parsed without error.
 */
bool matcher_packet(struct matcher *m, const struct packet *p, int64_t time_ns, struct flow *flow);

#endif
