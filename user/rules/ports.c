// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define PORT_MAX 65535

/* A decimal number from 1 to PORT_MAX, without sign or leading zero; *text moves behind it. */
static int port_parse(const char **text, uint16_t *out)
{
	const char *p = *text;
	uint32_t value = 0;

	if (*p == '0')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9' && value <= PORT_MAX; p++)
		value = value * 10 + (uint32_t)(*p - '0');
	if (value == 0 || value > PORT_MAX)
		return -EINVAL;
	*out = (uint16_t)value;
	*text = p;
	return 0;
}

int port_range_parse(const char *text, struct port_range *out)
{
	struct port_range p = {.protos = PORT_TCP | PORT_UDP};

	if (!strncmp(text, "tcp/", 4))
		p.protos = PORT_TCP;
	else if (!strncmp(text, "udp/", 4))
		p.protos = PORT_UDP;
	if (p.protos != (PORT_TCP | PORT_UDP))
		text += 4;
	if (port_parse(&text, &p.lo) < 0)
		return -EINVAL;
	p.hi = p.lo;
	if (*text == '-') {
		text++;
		if (port_parse(&text, &p.hi) < 0 || p.hi < p.lo)
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	*out = p;
	return 0;
}

const char *port_range_text(const struct port_range *p, char buf[static PORT_TEXT_MAX])
{
	const char *proto = p->protos == PORT_TCP ? "tcp/" : p->protos == PORT_UDP ? "udp/" : "";

	if (p->lo == p->hi)
		snprintf(buf, PORT_TEXT_MAX, "%s%u", proto, p->lo);
	else
		snprintf(buf, PORT_TEXT_MAX, "%s%u-%u", proto, p->lo, p->hi);
	return buf;
}

/* Where a range begins or has ended. */
struct edge {
	uint32_t port;
	int tcp; /* +1 begins, -1 has ended */
	int udp;
};

static int edge_compare(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->port < y->port ? -1 : x->port > y->port;
}

static size_t edges_make(const struct port_range *in, size_t count, struct edge *edges)
{
	for (size_t i = 0; i < count; i++) {
		int tcp = !!(in[i].protos & PORT_TCP), udp = !!(in[i].protos & PORT_UDP);

		edges[2 * i] = (struct edge){in[i].lo, tcp, udp};
		edges[2 * i + 1] = (struct edge){in[i].hi + 1U, -tcp, -udp};
	}
	qsort(edges, 2 * count, sizeof(*edges), edge_compare);
	return 2 * count;
}

/* Adds the ports from lo to hi behind those of out. */
static int ranges_append(struct port_range out[static BACKEND_PORTS], uint8_t *count,
			 struct port_range p)
{
	struct port_range *last = *count ? &out[*count - 1] : NULL;

	if (!p.protos)
		return 0;
	if (last && last->protos == p.protos && last->hi + 1U == p.lo) {
		last->hi = p.hi;
		return 0;
	}
	if (*count == BACKEND_PORTS)
		return -ENOSPC;
	out[(*count)++] = p;
	return 0;
}

int port_ranges_merge(const struct port_range *in, size_t count,
		      struct port_range out[static BACKEND_PORTS], uint8_t *out_count)
{
	CLEANUP_FREE struct edge *edges = calloc(2 * count + 1, sizeof(*edges));
	struct port_range merged[BACKEND_PORTS];
	uint8_t merged_count = 0;
	int tcp = 0, udp = 0;

	if (!edges)
		return -ENOMEM;
	count = edges_make(in, count, edges);
	for (size_t i = 0; i + 1 < count; i++) {
		struct port_range p = {.lo = (uint16_t)edges[i].port,
				       .hi = (uint16_t)(edges[i + 1].port - 1)};

		tcp += edges[i].tcp;
		udp += edges[i].udp;
		p.protos = (uint8_t)((tcp ? PORT_TCP : 0) | (udp ? PORT_UDP : 0));
		if (edges[i].port != edges[i + 1].port &&
		    ranges_append(merged, &merged_count, p) < 0)
			return -ENOSPC;
	}
	memcpy(out, merged, merged_count * sizeof(*out));
	*out_count = merged_count;
	return 0;
}
