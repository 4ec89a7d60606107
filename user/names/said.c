// SPDX-License-Identifier: GPL-2.0-or-later
#include "names/said.h"

#include <string.h>

#include "base/name.h"
#include "base/utf8.h"

void said_clean(char out[static SAID_NAME_MAX], const uint8_t *octets, size_t len)
{
	uint8_t text[4 * SAID_NAME_MAX] = {0}; /* what follows could not fit */
	const uint8_t *s = text;
	size_t used = 0;

	memcpy(text, octets, len < sizeof(text) ? len : sizeof(text) - 1);
	s += strspn((const char *)s, " ");
	while (*s) {
		uint32_t point;
		size_t n = utf8_decode(s, &point);
		bool good = n && utf8_is_plain(point);

		if (used + (good ? n : 1) >= SAID_NAME_MAX)
			break;
		if (good)
			memcpy(out + used, s, n);
		else
			out[used] = '?';
		used += good ? n : 1;
		s += n ? n : 1;
	}
	while (used && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

/* "a\032b" -> "a b": what name_decode() cannot give as it is. */
static uint8_t octet_of(const char *digits)
{
	return (uint8_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
}

void said_clean_name(char out[static SAID_NAME_MAX], const char *name)
{
	uint8_t octets[NAME_TEXT_MAX];
	size_t len = 0;

	while (*name) {
		bool escaped = *name == '\\';

		octets[len++] = escaped ? octet_of(name + 1) : (uint8_t)*name;
		name += escaped ? 4 : 1;
	}
	said_clean(out, octets, len);
}
