/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and subjects: text and tests. */
#ifndef HAYRAKE_ADDR_H
#define HAYRAKE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../headers/shared.h"

#define ADDR_TEXT_MAX 46
#define SUBJECT_TEXT_MAX 64

struct prefix {
	struct addr addr;
	uint32_t len; /* bits of the 128, so 96 more for IPv4 */
};

struct addr addr_from_v4(const void *four_bytes_be);
bool addr_is_v4(const struct addr *a);
uint32_t addr_v4_be(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);

/* IPv4 in dotted form, IPv6 as in RFC 5952. Returns buf. */
const char *addr_text(const struct addr *a, char buf[static ADDR_TEXT_MAX]);
/* 0 or -EINVAL. */
int addr_parse(const char *text, struct addr *a);

/*
 * False for addresses that no backend on the internet has: unspecified, loopback, private, shared
 * (100.64/10), link-local, unique local, multicast and broadcast. Documentation ranges count as
 * global: labs use them (RFC 6890, RFC 4193, RFC 6598, RFC 5737).
 */
bool addr_is_global(const struct addr *a);

/* "192.0.2.0/24", "2001:db8::/32" or a lone address. 0 or -EINVAL; host bits must be zero. */
int prefix_parse(const char *text, struct prefix *p);
bool prefix_has(const struct prefix *p, const struct addr *a);

struct subject subject_from_addr(const struct addr *a);
struct subject subject_from_mac(const uint8_t mac[6]);
/* True for an address that its owner made up (IEEE 802: the second bit of the first octet). */
static inline bool mac_is_local(const uint8_t mac[6])
{
	return mac[0] & 2;
}
struct subject subject_from_vlan(uint16_t s_vlan, uint16_t c_vlan);
struct subject subject_from_pppoe(uint16_t session, const uint8_t mac[6]);
enum subject_kind subject_kind(const struct subject *s);

/*
 * "mac:02:00:00:00:00:0a", "ip:192.0.2.1", "vlan:100.7", "pppoe:17@02:00:00:00:00:0a". Returns buf.
 */
const char *subject_text(const struct subject *s, char buf[static SUBJECT_TEXT_MAX]);
/* The same forms back, and a bare MAC or IP address. 0 or -EINVAL. */
int subject_parse(const char *text, struct subject *s);

#endif
