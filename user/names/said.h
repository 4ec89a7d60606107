/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hosts call themselves in single messages: DHCP, DHCPv6, mDNS. Bounded decoding. */
#ifndef HAYRAKE_SAID_H
#define HAYRAKE_SAID_H

#include "record.h"

#define SAID_NAME_MAX 64 /* bytes of a name, and its end: a label has 63 (RFC 1035 2.3.4) */

struct said {
	char name[SAID_NAME_MAX];
	bool has_mac; /* mac is the host's own, whoever relayed or bridged the message */
	uint8_t mac[6];
	struct addr addr; /* the host's IPv4 address, or the one it asks for; all 0: unknown */
};

/*
 * A message of len octets into *said. 0; -ENOENT when it is none of a host or names none; -EBADMSG
 * when it is malformed, or ends before the name.
 */
int dhcp4_said(const uint8_t *data, size_t len, struct said *said);
int dhcp6_said(const uint8_t *data, size_t len, struct said *said);
/* The name below .local that is announced for sender's own address (RFC 6762). */
int mdns_said(const uint8_t *data, size_t len, const struct addr *sender, struct said *said);

/*
 * len octets as a name for people: UTF-8 without anything that could deceive, which becomes '?'; up
 * to a NUL, without blanks at its ends, cut between characters.
 */
void said_clean(char out[static SAID_NAME_MAX], const uint8_t *octets, size_t len);
/* The same for what name_decode() gave. */
void said_clean_name(char out[static SAID_NAME_MAX], const char *name);

#endif
