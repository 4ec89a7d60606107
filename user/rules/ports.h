/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port ranges: text and sets. */
#ifndef HAYRAKE_RULES_PORTS_H
#define HAYRAKE_RULES_PORTS_H

#include "rules/rules.h"

#define PORT_TEXT_MAX 16

/* "443" (TCP and UDP), "tcp/443", "udp/123", "51000-52100". 0 or -EINVAL. */
int port_range_parse(const char *text, struct port_range *out);
/* The same text back. Returns buf. */
const char *port_range_text(const struct port_range *p, char buf[static PORT_TEXT_MAX]);

/*
 * The same ports as sorted, disjoint ranges, neighbours joined. -ENOSPC when that takes more than
 * BACKEND_PORTS of them, -ENOMEM; then out and *out_count are untouched.
 */
int port_ranges_merge(const struct port_range *in, size_t count,
		      struct port_range out[static BACKEND_PORTS], uint8_t *out_count);

#endif
