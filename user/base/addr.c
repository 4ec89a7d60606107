// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

struct addr addr_from_v4(const void *four_bytes_be)
{
	struct addr a;

	memcpy(a.b, v4_mapped, 12);
	memcpy(a.b + 12, four_bytes_be, 4);
	return a;
}

bool addr_is_v4(const struct addr *a)
{
	return !memcmp(a->b, v4_mapped, 12);
}

uint32_t addr_v4_be(const struct addr *a)
{
	uint32_t v;

	memcpy(&v, a->b + 12, 4);
	return v;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

const char *addr_text(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, buf, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT_MAX);
	return buf;
}

int addr_parse(const char *text, struct addr *a)
{
	uint8_t v4[4];
	struct addr v6;

	if (inet_pton(AF_INET, text, v4) == 1)
		*a = addr_from_v4(v4);
	else if (inet_pton(AF_INET6, text, v6.b) == 1)
		*a = v6;
	else
		return -EINVAL;
	return 0;
}

struct range {
	uint8_t bytes[16];
	uint8_t len;
};

static bool range_has(const struct range *r, const uint8_t *b)
{
	uint8_t whole = r->len / 8;
	uint8_t rest = r->len % 8;

	if (memcmp(r->bytes, b, whole) != 0)
		return false;
	return !rest || !((r->bytes[whole] ^ b[whole]) >> (8 - rest));
}

bool addr_is_global(const struct addr *a)
{
	static const struct range no_v4[] = {
		{{0}, 8},	 {{10}, 8},	   {{100, 64}, 10},  {{127}, 8}, {{169, 254}, 16},
		{{172, 16}, 12}, {{192, 168}, 16}, {{198, 18}, 15},  {{224}, 4}, {{240}, 4},
	};
	static const struct range no_v6[] = {
		{{0}, 8}, {{0xfc}, 7}, {{0xfe, 0x80}, 10}, {{0xfe, 0xc0}, 10}, {{0xff}, 8},
	};
	bool v4 = addr_is_v4(a);
	const struct range *r = v4 ? no_v4 : no_v6;
	size_t n = v4 ? sizeof(no_v4) / sizeof(*r) : sizeof(no_v6) / sizeof(*r);

	for (size_t i = 0; i < n; i++)
		if (range_has(&r[i], v4 ? a->b + 12 : a->b))
			return false;
	return true;
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	struct range r = {.len = (uint8_t)p->len};

	memcpy(r.bytes, p->addr.b, 16);
	return range_has(&r, a->b);
}

static bool prefix_host_bits(const struct prefix *p)
{
	for (uint32_t bit = p->len; bit < 128; bit++)
		if (p->addr.b[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

int prefix_parse(const char *text, struct prefix *p)
{
	char buf[ADDR_TEXT_MAX + 4];
	struct prefix out = {.len = 128};
	char *slash;

	if (strlen(text) >= sizeof(buf))
		return -EINVAL;
	strcpy(buf, text);
	slash = strchr(buf, '/');
	if (slash)
		*slash++ = '\0';
	if (addr_parse(buf, &out.addr))
		return -EINVAL;
	if (slash) {
		uint32_t base = addr_is_v4(&out.addr) ? 96 : 0;
		char *end;
		unsigned long len = strtoul(slash, &end, 10);

		if (*slash < '0' || *slash > '9' || *end || len > 128 - base)
			return -EINVAL;
		out.len = base + (uint32_t)len;
	}
	if (prefix_host_bits(&out))
		return -EINVAL;
	*p = out;
	return 0;
}

struct subject subject_from_addr(const struct addr *a)
{
	struct subject s;

	memcpy(s.b, a->b, 16);
	return s;
}

struct subject subject_from_mac(const uint8_t mac[6])
{
	struct subject s = {.b = {0, SUBJECT_MAC}};

	memcpy(s.b + 2, mac, 6);
	return s;
}

struct subject subject_from_vlan(uint16_t s_vlan, uint16_t c_vlan)
{
	struct subject s = {.b = {0, SUBJECT_VLAN, (uint8_t)(s_vlan >> 8), (uint8_t)s_vlan,
				  (uint8_t)(c_vlan >> 8), (uint8_t)c_vlan}};

	return s;
}

struct subject subject_from_pppoe(uint16_t session, const uint8_t mac[6])
{
	struct subject s = {
		.b = {0, SUBJECT_PPPOE, (uint8_t)(session >> 8), (uint8_t)session}};

	memcpy(s.b + 4, mac, 6);
	return s;
}

enum subject_kind subject_kind(const struct subject *s)
{
	if (s->b[0] == 0 && s->b[1] > SUBJECT_IP && s->b[1] < SUBJECT_KIND_COUNT)
		return (enum subject_kind)s->b[1];
	return SUBJECT_IP;
}

static void mac_text(const uint8_t *m, char buf[static 18])
{
	snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

const char *subject_text(const struct subject *s, char buf[static SUBJECT_TEXT_MAX])
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	switch (subject_kind(s)) {
	case SUBJECT_MAC:
		mac_text(s->b + 2, text);
		snprintf(buf, SUBJECT_TEXT_MAX, "mac:%s", text);
		break;
	case SUBJECT_VLAN:
		snprintf(buf, SUBJECT_TEXT_MAX, "vlan:%u.%u", s->b[2] << 8 | s->b[3],
			 s->b[4] << 8 | s->b[5]);
		break;
	case SUBJECT_PPPOE:
		mac_text(s->b + 4, text);
		snprintf(buf, SUBJECT_TEXT_MAX, "pppoe:%u@%s", s->b[2] << 8 | s->b[3], text);
		break;
	default:
		memcpy(a.b, s->b, 16);
		snprintf(buf, SUBJECT_TEXT_MAX, "ip:%s", addr_text(&a, text));
	}
	return buf;
}

/* Six pairs of hexadecimal digits with colons and nothing else. */
static int mac_parse(const char *text, uint8_t mac[6])
{
	if (strlen(text) != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++) {
		char pair[3] = {text[i * 3], text[i * 3 + 1]};

		if (strchr(pair, ':') || (i < 5 && text[i * 3 + 2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return 0;
}

static int subject_parse_addr(const char *text, struct subject *s)
{
	struct addr a;

	if (addr_parse(text, &a))
		return -EINVAL;
	*s = subject_from_addr(&a);
	return 0;
}

static int subject_parse_mac(const char *text, struct subject *s)
{
	uint8_t mac[6];

	if (mac_parse(text, mac))
		return -EINVAL;
	*s = subject_from_mac(mac);
	return 0;
}

static int subject_parse_vlan(const char *text, struct subject *s)
{
	unsigned int s_vlan, c_vlan;
	int end = 0;

	if (sscanf(text, "%4u.%4u%n", &s_vlan, &c_vlan, &end) != 2 || text[end])
		return -EINVAL;
	if (s_vlan > 4095 || c_vlan > 4095)
		return -EINVAL;
	*s = subject_from_vlan((uint16_t)s_vlan, (uint16_t)c_vlan);
	return 0;
}

static int subject_parse_pppoe(const char *text, struct subject *s)
{
	unsigned int session;
	uint8_t mac[6];
	int end = 0;

	if (sscanf(text, "%5u@%n", &session, &end) != 1 || !end || session > 65535)
		return -EINVAL;
	if (mac_parse(text + end, mac))
		return -EINVAL;
	*s = subject_from_pppoe((uint16_t)session, mac);
	return 0;
}

int subject_parse(const char *text, struct subject *s)
{
	static const struct {
		const char *prefix;
		int (*parse)(const char *text, struct subject *s);
	} kinds[] = {
		{"mac:", subject_parse_mac},
		{"ip:", subject_parse_addr},
		{"vlan:", subject_parse_vlan},
		{"pppoe:", subject_parse_pppoe},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].parse(text + strlen(kinds[i].prefix), s);
	if (!subject_parse_mac(text, s))
		return 0;
	return subject_parse_addr(text, s);
}
