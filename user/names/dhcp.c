// SPDX-License-Identifier: GPL-2.0-or-later
/* Names in the requests of DHCP (RFC 2131, 2132, 4702) and DHCPv6 (RFC 8415, 4704) clients. */
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/name.h"
#include "names/said.h"

#define BOOTREQUEST 1
#define HTYPE_ETHERNET 1
#define COOKIE 0x63825363U
#define CHADDR_LEN 16
#define SNAME_FILE_LEN (64 + 128)

#define OPTION_PAD 0
#define OPTION_HOST_NAME 12
#define OPTION_REQUESTED 50
#define OPTION_FQDN 81
#define OPTION_END 255
#define FQDN_ENCODED 4 /* flag E: the name is in DNS labels */

#define DHCP6_OPTION_FQDN 39
#define DHCP6_TYPE_MAX 11 /* INFORMATION-REQUEST; relays' messages have larger ones */

/* A partial name has no root label at its end (RFC 4702 2.3.1, RFC 4704 4.2): it gets one. */
static int name_take(const struct cursor *c, struct said *said)
{
	uint8_t octets[NAME_OCTETS_MAX + 1] = {0};
	size_t octets_len = cursor_left(c), len;
	struct cursor name = cursor_make(octets, octets_len + 1);
	char text[NAME_TEXT_MAX];

	if (octets_len > NAME_OCTETS_MAX)
		return -EBADMSG;
	memcpy(octets, c->at, octets_len);
	if (name_decode(&name, text, &len))
		return -EBADMSG;
	said_clean_name(said->name, text);
	return 0;
}

/* Flags, two result codes of old, and the name in one of two forms. */
static int fqdn_take(struct cursor *c, struct said *said)
{
	uint8_t flags = cursor_u8(c);

	cursor_bytes(c, 2);
	if (!cursor_ok(c))
		return -EBADMSG;
	*c = cursor_make(c->at, cursor_left(c));
	if (!(flags & FQDN_ENCODED))
		said_clean(said->name, c->at, cursor_left(c));
	else if (cursor_left(c))
		return name_take(c, said);
	return 0;
}

/* The host name has precedence over the domain name, in whatever order they come. */
static int option_take(uint8_t code, struct cursor *c, struct said *said, bool *host)
{
	if (code == OPTION_HOST_NAME) {
		said_clean(said->name, c->at, cursor_left(c));
		*host = *said->name;
	} else if (code == OPTION_FQDN && !*host) {
		return fqdn_take(c, said);
	} else if (code == OPTION_REQUESTED && cursor_left(c) == 4) {
		said->addr = addr_from_v4(c->at);
	}
	return 0;
}

static int options_take(struct cursor *c, struct said *said)
{
	bool host = false;
	int err = 0;

	while (!err && cursor_left(c)) {
		uint8_t code = cursor_u8(c);
		struct cursor option;

		if (code == OPTION_PAD)
			continue;
		if (code == OPTION_END)
			break;
		option = cursor_sub(c, cursor_u8(c));
		err = cursor_ok(c) ? option_take(code, &option, said, &host) : -EBADMSG;
	}
	return err;
}

static void mac_take(struct said *said, const uint8_t *chaddr, bool is_ethernet)
{
	said->has_mac = is_ethernet;
	if (is_ethernet)
		memcpy(said->mac, chaddr, sizeof(said->mac));
}

int dhcp4_said(const uint8_t *data, size_t len, struct said *said)
{
	struct cursor c = cursor_make(data, len);
	uint8_t op = cursor_u8(&c);
	bool is_ethernet = cursor_u8(&c) == HTYPE_ETHERNET;
	const uint8_t *ciaddr, *chaddr;
	struct addr own;
	int err;

	is_ethernet &= cursor_u8(&c) == 6;
	cursor_bytes(&c, 9); /* hops, transaction, seconds, flags */
	ciaddr = cursor_bytes(&c, 4);
	cursor_bytes(&c, 12); /* addresses of servers and relays */
	chaddr = cursor_bytes(&c, CHADDR_LEN);
	cursor_bytes(&c, SNAME_FILE_LEN);
	if (cursor_u32(&c) != COOKIE || !cursor_ok(&c))
		return cursor_ok(&c) ? -ENOENT : -EBADMSG;
	if (op != BOOTREQUEST)
		return -ENOENT;
	*said = (struct said){0};
	mac_take(said, chaddr, is_ethernet);
	err = options_take(&c, said);
	own = addr_from_v4(ciaddr);
	if (addr_v4_be(&own))
		said->addr = own;
	return err ? err : *said->name ? 0 : -ENOENT;
}

int dhcp6_said(const uint8_t *data, size_t len, struct said *said)
{
	struct cursor c = cursor_make(data, len);
	uint8_t type = cursor_u8(&c);

	cursor_bytes(&c, 3); /* transaction */
	if (!cursor_ok(&c))
		return -EBADMSG;
	if (type > DHCP6_TYPE_MAX)
		return -ENOENT;
	*said = (struct said){0};
	while (cursor_left(&c)) {
		uint16_t code = cursor_u16(&c);
		struct cursor option = cursor_sub(&c, cursor_u16(&c));

		if (!cursor_ok(&c))
			return -EBADMSG;
		if (code != DHCP6_OPTION_FQDN)
			continue;
		cursor_u8(&option); /* flags */
		option = cursor_make(option.at, cursor_left(&option));
		if (cursor_left(&option) && name_take(&option, said))
			return -EBADMSG;
	}
	return *said->name ? 0 : -ENOENT;
}
