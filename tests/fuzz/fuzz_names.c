/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: user/names/heard.c user/names/dhcp.c user/names/mdns.c user/names/said.c user/base/name.c user/base/table.c user/base/addr.c */
/* Any payload to the ports that names are told to: what is kept is short, plain UTF-8. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "names/heard.h"
#include "names/said.h"

#define CHECK(x)                                                                                  \
	do {                                                                                      \
		if (!(x))                                                                         \
			abort();                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void name_check(const char *name)
{
	CHECK(strlen(name) < SAID_NAME_MAX);
	while (*name) {
		uint32_t point = 0;
		size_t len = utf8_decode((const unsigned char *)name, &point);

		CHECK(len && utf8_is_plain(point));
		name += len;
	}
}

static void row_check(void *ctx, const struct heard_row *row)
{
	(*(size_t *)ctx)++;
	name_check(row->host);
	name_check(row->mdns);
	CHECK(*row->host || *row->mdns);
}

/* The first byte chooses port and subjects; the payload lies in memory of its own length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = {DHCP_PORT, DHCP6_PORT, MDNS_PORT, MDNS_PORT};
	struct packet p = {.ip_proto = WIRE_UDP, .ip_version = 4, .has_mac = 1};
	struct counts counts = {0};
	struct frame frame = {.time_ns = 1};
	struct heard *h;
	size_t rows = 0;
	bool news;

	if (!size)
		return 0;
	h = heard_new(data[0] & 4 ? SUBJECT_IP : SUBJECT_MAC, 4, &counts);
	CHECK(h);
	p.src_port = p.dst_port = ports[data[0] & 3];
	memcpy(p.src.b, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\xa8\x01\x0a", 16);
	p.payload_len = frame.cap_len = (uint32_t)size - 1;
	frame.data = malloc(size);
	CHECK(frame.data);
	memcpy((uint8_t *)(uintptr_t)frame.data, data + 1, size - 1);
	news = heard_packet(h, &frame, &p);
	heard_each(h, row_check, &rows);
	CHECK(news == (rows == 1) && counts.n[COUNTER_HOST_NAMES] == rows);
	free((uint8_t *)(uintptr_t)frame.data);
	heard_free(h);
	return 0;
}
