// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/report.h"

#include <stdarg.h>
#include <stdio.h>

#define MISTAKE_TEXT_MAX 512

/* A signature file must not speak to the reader's terminal. */
static void text_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			*p = '?';
}

void report_mistake(struct report *r, uint32_t line, const char *fmt, ...)
{
	char text[MISTAKE_TEXT_MAX];
	va_list args;

	r->count++;
	if (!r->sink || r->count > MISTAKES_MAX)
		return;
	if (r->count == MISTAKES_MAX) {
		r->sink(r->ctx, r->file, line, "too many mistakes, the rest is left out");
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_clean(text);
	r->sink(r->ctx, r->file, line, text);
}
