/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that hosts were heard to give themselves: one of DHCP and one of mDNS a subject. */
#ifndef HAYRAKE_HEARD_H
#define HAYRAKE_HEARD_H

#include "../../headers/match.h"
#include "record.h"

#define HEARD_GATEWAY 1024
#define HEARD_EDGE 65536

struct heard;

/* max subjects, told apart by subject_by. NULL without memory. */
struct heard *heard_new(enum subject_kind subject_by, size_t max, struct counts *counts);
void heard_free(struct heard *h);

/* Takes a packet of packet_tells_name(); frame is borrowed. True when a name is new. */
bool heard_packet(struct heard *h, const struct frame *frame, const struct packet *p);

/* False when nothing was heard of the subject; else *row, valid until the next change. */
bool heard_row(const struct heard *h, const struct subject *subject, struct heard_row *row);
/* All, in no order. */
void heard_each(const struct heard *h, void (*each)(void *ctx, const struct heard_row *row),
		void *ctx);
/* Puts back a saved row. 0, -EINVAL, -ENOSPC. */
int heard_restore(struct heard *h, const struct heard_row *row);

/* Forgets who was not heard for a week. */
void heard_expire(struct heard *h, int64_t now_ns);

#endif
