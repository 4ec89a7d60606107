// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

char *escape_terminal(const char *text, char *out, size_t out_size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		uint32_t point = 0;
		size_t len = utf8_decode(s, &point);
		bool hex = !len || !utf8_is_plain(point);
		size_t need = hex ? ESCAPE_MAX : len;

		if (used + need + 1 > out_size)
			break;
		if (hex) {
			snprintf(out + used, need + 1, "\\x%02x", *s);
			len = 1;
		} else {
			memcpy(out + used, s, len);
		}
		used += need;
		s += len;
	}
	out[used] = '\0';
	return out;
}

char *escape_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char *out = malloc(strlen(text) * 3 + 1);
	size_t used = 0;

	while (out && *s) {
		uint32_t point;
		size_t len = utf8_decode(s, &point);

		if (len)
			memcpy(out + used, s, len);
		else
			memcpy(out + used, "\xef\xbf\xbd", 3);
		used += len ? len : 3;
		s += len ? len : 1;
	}
	if (out)
		out[used] = '\0';
	return out;
}

size_t escape_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}
