// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/timefmt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *time_text(int64_t time_ns, char buf[static TIME_TEXT_MAX])
{
	time_t s = time_ns / NS_PER_S;
	long ns = (long)(time_ns % NS_PER_S);
	struct tm tm;
	size_t n;

	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	if (!gmtime_r(&s, &tm))
		return strcpy(buf, "-");
	n = strftime(buf, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, TIME_TEXT_MAX - n, ".%06ldZ", ns / 1000);
	return buf;
}

/* ".123456" -> nanoseconds; *end behind the last digit. */
static long fraction_parse(const char *text, const char **end)
{
	long ns = 0;
	long unit = NS_PER_S / 10;

	for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
		ns += (*text - '0') * unit;
	*end = text;
	return ns;
}

int time_parse(const char *text, int64_t *time_ns)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long ns = 0;

	if (!rest)
		return -EINVAL;
	if (*rest == '.')
		ns = fraction_parse(rest, &rest);
	if (strcmp(rest, "Z") != 0)
		return -EINVAL;
	*time_ns = (int64_t)timegm(&tm) * NS_PER_S + ns;
	return 0;
}
