/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's match and count, for packets from captures: a packet in, a flow of one packet out. */
#ifndef HAYRAKE_MATCH_H
#define HAYRAKE_MATCH_H

#include "../headers/wire.h"
#include "base/addr.h"
#include "dns/backend.h"

struct match {
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
bool match_packet(struct match *m, const struct packet *p, int64_t time_ns, struct flow *flow);

#endif
