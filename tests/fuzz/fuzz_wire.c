/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: */
/* packet_parse() over any bytes: what it says holds, and a glance says nothing else. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../headers/glance.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void good_check(const struct packet *p, enum counter why, size_t size, uint32_t wire_len)
{
	CHECK(p->ip_version == 4 || p->ip_version == 6);
	CHECK(p->l3_off + (p->ip_version == 4 ? 20U : 40U) <= p->l4_off);
	CHECK(p->l4_off <= p->payload_off);
	CHECK(p->l4_off <= size);
	CHECK(p->ip_len >= p->l4_off - p->l3_off);
	CHECK((uint64_t)p->l3_off + p->ip_len <= wire_len);
	CHECK((uint64_t)p->payload_off + p->payload_len <= (uint64_t)p->l3_off + p->ip_len);
	CHECK((uint64_t)p->payload_off + packet_payload_captured(p, (uint32_t)size) <= size ||
	      packet_payload_captured(p, (uint32_t)size) == 0);
	CHECK(p->frag_off <= 65528 && p->frag_off % 8 == 0);
	CHECK((p->frag == FRAGMENT_LATER) == (p->frag_off != 0));
	CHECK((why == COUNTER_FRAGMENT_LATER) == (p->frag == FRAGMENT_LATER));
	if (why != COUNTER_PACKETS)
		CHECK(!p->src_port && !p->dst_port && !p->tcp_flags);
	if (why == COUNTER_PACKETS)
		CHECK(p->ip_proto == WIRE_TCP || p->ip_proto == WIRE_UDP);
	if (why == COUNTER_PACKETS && p->ip_proto == WIRE_TCP)
		CHECK(p->payload_off - p->l4_off >= 20 && p->l4_off + 20 <= size);
	CHECK(!p->vlan_inner || p->vlan_outer);
}

static void glance_check(const struct glance *g, const uint8_t *data, const uint8_t *end,
			 const struct packet *p, enum counter why)
{
	struct packet filled = *p;

	if (!g->version || !glance_is_whole(g, end))
		return;
	CHECK(why == COUNTER_PACKETS && p->frag == FRAGMENT_NONE);
	CHECK(!packet_is_dns(p) && !packet_is_encrypted_dns(p) && !packet_tells_name(p));
	CHECK(g->version == p->ip_version && g->ip_len == p->ip_len);
	CHECK(g->l3 == data + p->l3_off);
	CHECK(p->l4_off == p->l3_off + (g->version == 4 ? 20U : 40U));
	glance_fill(&filled, g, data, g->version, p->has_mac ? LINK_ETHERNET : LINK_RAW);
	CHECK(memcmp(&filled, p, sizeof(*p)) == 0);
}

/* The first byte chooses the link and how many bytes the capture left out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum link_kind link;
	struct packet p, again;
	struct glance glance;
	uint32_t wire_len;
	enum counter why;

	if (size < 1 || size > 65536)
		return 0;
	link = data[0] & 1 ? LINK_RAW : LINK_ETHERNET;
	size--;
	wire_len = (uint32_t)size + (data[0] >> 1) * 8U;
	data++;
	why = packet_parse(&p, data, data + size, wire_len, link);
	CHECK(why <= COUNTER_MALFORMED_UDP);
	CHECK(why != COUNTER_CUT || wire_len > size);
	if (why == COUNTER_PACKETS || why == COUNTER_FRAGMENT_LATER || why == COUNTER_OTHER_PROTO)
		good_check(&p, why, size, wire_len);
	CHECK(packet_parse(&again, data, data + size, wire_len, link) == why);
	CHECK(memcmp(&p, &again, sizeof(p)) == 0);
	glance = frame_glance(data, data + size, wire_len, link);
	glance_check(&glance, data, data + size, &p, why);
	why = packet_parse(&p, data, data + size, (uint32_t)size, link);
	glance = frame_glance(data, data + size, (uint32_t)size, link);
	CHECK(!glance.version || glance_is_whole(&glance, data + size));
	glance_check(&glance, data, data + size, &p, why);
	return 0;
}
