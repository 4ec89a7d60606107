// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/name.h"

#include <errno.h>
#include <string.h>

/* Octets that stand for themselves, upper case folded; 0: written as \DDD. */
static const uint8_t fold[256] = {
	['!'] = '!',   ['"'] = '"', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&',
	['\''] = '\'', ['('] = '(', [')'] = ')', ['*'] = '*', ['+'] = '+', [','] = ',',
	['-'] = '-',   ['/'] = '/', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
	['4'] = '4',   ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
	[':'] = ':',   [';'] = ';', ['<'] = '<', ['='] = '=', ['>'] = '>', ['?'] = '?',
	['@'] = '@',   ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e',
	['F'] = 'f',   ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k',
	['L'] = 'l',   ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
	['R'] = 'r',   ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',
	['X'] = 'x',   ['Y'] = 'y', ['Z'] = 'z', ['['] = '[', [']'] = ']', ['^'] = '^',
	['_'] = '_',   ['`'] = '`', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
	['e'] = 'e',   ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
	['k'] = 'k',   ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p',
	['q'] = 'q',   ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
	['w'] = 'w',   ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['{'] = '{', ['|'] = '|',
	['}'] = '}',   ['~'] = '~',
};

static char *label_text(const uint8_t *label, uint8_t label_len, char *out)
{
	for (uint8_t i = 0; i < label_len; i++) {
		uint8_t b = label[i];

		if (fold[b]) {
			*out++ = (char)fold[b];
			continue;
		}
		*out++ = '\\';
		*out++ = (char)('0' + b / 100);
		*out++ = (char)('0' + b / 10 % 10);
		*out++ = (char)('0' + b % 10);
	}
	return out;
}

/* Where a name is being read. */
struct walk {
	const uint8_t *at;
	const uint8_t *run;   /* first octet of the labels since the last pointer */
	const uint8_t *after; /* behind the name at its own place; NULL before a pointer */
	size_t octets;
};

/* Follows the pointer at w->at: it must lead before the labels that led to it. */
static int walk_jump(const struct cursor *c, struct walk *w)
{
	ptrdiff_t off;

	if (c->end - w->at < 2)
		return -EBADMSG;
	off = (w->at[0] & 0x3f) << 8 | w->at[1];
	if (off >= w->run - c->start)
		return -ELOOP;
	if (!w->after)
		w->after = w->at + 2;
	w->at = w->run = c->start + off;
	return 0;
}

/* The next label's length: 0 at the root, or -EBADMSG, -ELOOP. */
static int walk_label(const struct cursor *c, struct walk *w)
{
	int r;

	while (w->at < c->end && (*w->at & 0xc0) == 0xc0) {
		r = walk_jump(c, w);
		if (r)
			return r;
	}
	if (w->at == c->end || *w->at & 0xc0 || c->end - w->at <= *w->at)
		return -EBADMSG;
	w->octets += 1U + *w->at;
	if (w->octets > NAME_OCTETS_MAX)
		return -EBADMSG;
	return *w->at++;
}

int name_decode(struct cursor *c, char text[static NAME_TEXT_MAX], size_t *len)
{
	struct walk w = {.at = c->at, .run = c->at};
	char *out = text;
	int n;

	text[0] = '\0';
	if (!cursor_ok(c))
		return -EBADMSG;
	while ((n = walk_label(c, &w)) > 0) {
		if (out != text)
			*out++ = '.';
		out = label_text(w.at, (uint8_t)n, out);
		w.at += n;
	}
	if (n < 0) {
		text[0] = '\0';
		c->failed = true;
		return n;
	}
	*out = '\0';
	*len = (size_t)(out - text);
	c->at = w.after ? w.after : w.at;
	return 0;
}

int name_skip(struct cursor *c)
{
	size_t octets = 0;

	for (;;) {
		uint8_t n = cursor_u8(c);

		octets += 1U + n;
		if ((n & 0xc0) == 0xc0)
			cursor_u8(c);
		else if (n & 0xc0 || octets > NAME_OCTETS_MAX)
			c->failed = true;
		else if (n)
			cursor_bytes(c, n);
		if (!cursor_ok(c))
			return -EBADMSG;
		if (!n || n & 0xc0)
			return 0;
	}
}
