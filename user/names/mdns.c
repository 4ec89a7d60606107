// SPDX-License-Identifier: GPL-2.0-or-later
/* Names in mDNS announcements (RFC 6762): a name is the sender's when it has its address. */
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/name.h"
#include "names/said.h"

#define FLAGS_RESPONSE 0x8000
#define FLAGS_OPCODE 0x7800
#define CLASS_IN 1
#define CLASS_MASK 0x7fff /* the first bit tells caches to flush */
#define TYPE_A 1
#define TYPE_AAAA 28

static bool is_local(const char *name)
{
	static const char local[] = ".local";
	size_t len = strlen(name), local_len = sizeof(local) - 1;

	return len > local_len && !strcmp(name + len - local_len, local);
}

static bool is_address(uint16_t type, const struct cursor *data, const struct addr *wanted)
{
	struct addr a;

	if (type == TYPE_A && cursor_left(data) == 4)
		a = addr_from_v4(data->at);
	else if (type == TYPE_AAAA && cursor_left(data) == 16)
		memcpy(a.b, data->at, 16);
	else
		return false;
	return addr_equal(&a, wanted);
}

/* Steps over one record; true when it gives sender's address a name. */
static bool record_take(struct cursor *c, const struct addr *sender, struct said *said)
{
	struct cursor owner = *c, data;
	char text[NAME_TEXT_MAX];
	uint16_t type, dns_class;
	uint32_t ttl;
	size_t len;

	name_skip(c);
	type = cursor_u16(c);
	dns_class = cursor_u16(c) & CLASS_MASK;
	ttl = cursor_u32(c);
	data = cursor_sub(c, cursor_u16(c));
	if (!cursor_ok(c) || !ttl || dns_class != CLASS_IN || !is_address(type, &data, sender))
		return false;
	if (name_decode(&owner, text, &len)) {
		c->failed = true;
		return false;
	}
	if (!is_local(text))
		return false;
	said_clean_name(said->name, text);
	return *said->name;
}

static void questions_skip(struct cursor *c, uint32_t count)
{
	for (; count && cursor_ok(c); count--) {
		name_skip(c);
		cursor_bytes(c, 4); /* type, class */
	}
}

int mdns_said(const uint8_t *data, size_t len, const struct addr *sender, struct said *said)
{
	struct cursor c = cursor_make(data, len);
	uint16_t flags, questions;
	uint32_t records;

	cursor_bytes(&c, 2); /* id */
	flags = cursor_u16(&c);
	questions = cursor_u16(&c);
	records = cursor_u16(&c);
	records += cursor_u16(&c);
	records += cursor_u16(&c);
	if (!cursor_ok(&c))
		return -EBADMSG;
	if (!(flags & FLAGS_RESPONSE) || flags & FLAGS_OPCODE)
		return -ENOENT;
	*said = (struct said){0};
	questions_skip(&c, questions);
	for (; records && cursor_ok(&c); records--)
		if (record_take(&c, sender, said))
			return 0;
	return cursor_ok(&c) ? -ENOENT : -EBADMSG;
}
