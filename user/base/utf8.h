/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 of unknown origin, character by character (RFC 3629). */
#ifndef HAYRAKE_UTF8_H
#define HAYRAKE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at s, and its code point; 0 when there is none. Stops at a NUL. */
static inline size_t utf8_decode(const unsigned char *s, uint32_t *point)
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

/* False for what could deceive a reader: controls, no width, another direction of writing. */
static inline bool utf8_is_plain(uint32_t point)
{
	static const uint32_t ranges[][2] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, /* controls */
		{0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, /* no width, direction */
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return false;
	return true;
}

#endif
