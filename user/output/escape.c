// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 sequence at s (RFC 3629 4) and its code point; 0 when there is none. */
static size_t utf8_decode(const unsigned char *s, uint32_t *point)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t min; /* smaller ones have a shorter form */
	} rows[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t len = 1; len <= 4; len++) {
		uint32_t p;

		if ((s[0] & rows[len - 1].mask) != rows[len - 1].lead)
			continue;
		p = s[0] & (uint8_t)~rows[len - 1].mask;
		for (size_t i = 1; i < len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			p = p << 6 | (s[i] & 0x3f);
		}
		if (p < rows[len - 1].min || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
			return 0;
		*point = p;
		return len;
	}
	return 0;
}

static bool is_unsafe(uint32_t point)
{
	static const uint32_t ranges[][2] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, /* controls */
		{0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, /* no width, direction */
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	return false;
}

char *escape_terminal(const char *text, char *out, size_t out_size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		uint32_t point = 0;
		size_t len = utf8_decode(s, &point);
		bool hex = !len || is_unsafe(point);
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
