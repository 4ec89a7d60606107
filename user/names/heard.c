// SPDX-License-Identifier: GPL-2.0-or-later
#include "names/heard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "names/said.h"

#define LIFE_NS (7 * 86400 * NS_PER_S)   /* leases and announcements are renewed sooner */
#define SWEEP_EVERY_NS (3600 * NS_PER_S) /* expired rows may stay this much longer */

struct names {
	char host[SAID_NAME_MAX];
	char mdns[SAID_NAME_MAX];
	int64_t last_ns;
};

struct heard {
	enum subject_kind subject_by;
	struct counts *counts;
	struct table *table; /* struct subject -> struct names */
	int64_t swept_ns;
};

struct heard *heard_new(enum subject_kind subject_by, size_t max, struct counts *counts)
{
	struct heard *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->subject_by = subject_by;
	h->counts = counts;
	h->table = table_new(sizeof(struct subject), sizeof(struct names), max);
	if (!h->table) {
		free(h);
		return NULL;
	}
	return h;
}

void heard_free(struct heard *h)
{
	if (!h)
		return;
	table_free(h->table);
	free(h);
}

/* Unspecified or link-local: no subject goes by it. */
static bool is_passing(const struct subject *s)
{
	static const struct addr none;
	static const uint8_t zero4[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(s->b, none.b, 16) || (s->b[0] == 0xfe && (s->b[1] & 0xc0) == 0x80) ||
	       (!memcmp(s->b, zero4, 12) && !memcmp(s->b + 12, none.b, 4));
}

/* Whom the name is for; false when the packet does not tell. */
static bool said_subject(const struct heard *h, const struct packet *p, const struct said *said,
			 struct subject *out)
{
	if (h->subject_by == SUBJECT_MAC && said->has_mac) {
		*out = subject_from_mac(said->mac);
		return true;
	}
	*out = packet_subject(p, h->subject_by, 1);
	if (subject_kind(out) != SUBJECT_IP)
		return true;
	if (is_passing(out))
		*out = subject_from_addr(&said->addr);
	return !is_passing(out);
}

static bool name_keep(struct heard *h, char kept[static SAID_NAME_MAX], const char *name)
{
	if (!strcasecmp(kept, name)) /* case is no news: some messages fold it */
		return false;
	strcpy(kept, name);
	h->counts->n[COUNTER_HOST_NAMES]++;
	return true;
}

static bool said_keep(struct heard *h, const struct subject *subject, const struct frame *frame,
		      const char *name, bool is_mdns)
{
	bool added;
	struct names *names = table_put(h->table, subject, &added);

	if (!names) {
		h->counts->n[COUNTER_HOST_NAMES_FULL]++;
		return false;
	}
	if (added || frame->time_ns > names->last_ns)
		names->last_ns = frame->time_ns;
	return name_keep(h, is_mdns ? names->mdns : names->host, name);
}

bool heard_packet(struct heard *h, const struct frame *frame, const struct packet *p)
{
	uint32_t len = packet_payload_captured(p, frame->cap_len);
	const uint8_t *data = frame->data + (len ? p->payload_off : 0);
	bool is_mdns = p->dst_port == MDNS_PORT;
	struct subject subject;
	struct said said;
	int err;

	if (is_mdns)
		err = p->src_port == MDNS_PORT ? mdns_said(data, len, &p->src, &said) : -ENOENT;
	else if (p->dst_port == DHCP_PORT)
		err = dhcp4_said(data, len, &said);
	else
		err = dhcp6_said(data, len, &said);
	if (err == -EBADMSG && len == p->payload_len && !p->frag)
		h->counts->n[is_mdns ? COUNTER_MALFORMED_MDNS : COUNTER_MALFORMED_DHCP]++;
	if (err || !said_subject(h, p, &said, &subject))
		return false;
	return said_keep(h, &subject, frame, said.name, is_mdns);
}

static struct heard_row row_of(const struct subject *subject, const struct names *names)
{
	return (struct heard_row){*subject, names->host, names->mdns, names->last_ns};
}

bool heard_row(const struct heard *h, const struct subject *subject, struct heard_row *row)
{
	const struct names *names = table_get(h->table, subject);

	if (names)
		*row = row_of(subject, names);
	return names != NULL;
}

void heard_each(const struct heard *h, void (*each)(void *ctx, const struct heard_row *row),
		void *ctx)
{
	const void *key;
	void *value;

	for (size_t at = 0; table_next(h->table, &at, &key, &value);) {
		struct heard_row row = row_of(key, value);

		each(ctx, &row);
	}
}

int heard_restore(struct heard *h, const struct heard_row *row)
{
	struct names *names;
	bool added;

	if (strlen(row->host) >= SAID_NAME_MAX || strlen(row->mdns) >= SAID_NAME_MAX)
		return -EINVAL;
	names = table_put(h->table, &row->subject, &added);
	if (!names)
		return -ENOSPC;
	strcpy(names->host, row->host);
	strcpy(names->mdns, row->mdns);
	names->last_ns = row->last_ns;
	return 0;
}

void heard_expire(struct heard *h, int64_t now_ns)
{
	const void *key;
	void *value;

	if (now_ns - h->swept_ns < SWEEP_EVERY_NS)
		return;
	h->swept_ns = now_ns;
	for (size_t at = 0; table_next(h->table, &at, &key, &value);)
		if (((const struct names *)value)->last_ns < now_ns - LIFE_NS)
			table_del_at(h->table, &at);
}
