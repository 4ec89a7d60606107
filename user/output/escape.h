/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of unknown origin, made safe for terminals and for JSON. */
#ifndef HAYRAKE_ESCAPE_H
#define HAYRAKE_ESCAPE_H

#include <stddef.h>

/* The bytes one byte of text can become. */
#define ESCAPE_MAX 4

/*
 * Copies text for a terminal: control characters (C0, DEL, C1), characters without width or that
 * change the direction of writing, and bytes that are no UTF-8 become \xNN. Cuts at out_size at the
 * border of a character. Returns out.
 */
char *escape_terminal(const char *text, char *out, size_t out_size);

/* The same text with U+FFFD for each byte that is no UTF-8, to be freed; NULL without memory. */
char *escape_utf8(const char *text);

/* Characters of UTF-8 text. */
size_t escape_width(const char *text);

#endif
