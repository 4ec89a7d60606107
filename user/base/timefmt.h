/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as text. */
#ifndef HAYRAKE_TIMEFMT_H
#define HAYRAKE_TIMEFMT_H

#include <stdint.h>

#define NS_PER_S 1000000000LL
#define TIME_TEXT_MAX 40

/* RFC 3339 in UTC with microseconds: "2026-11-22T10:00:00.000000Z". Returns buf. */
const char *time_text(int64_t time_ns, char buf[static TIME_TEXT_MAX]);
/* Back to nanoseconds. 0 or -EINVAL. */
int time_parse(const char *text, int64_t *time_ns);

#endif
