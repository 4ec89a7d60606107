// SPDX-License-Identifier: GPL-2.0-or-later
/* hayrake show detections|subjects|backends|stats|groups */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/log.h"

static const char *const show_whats[] = {"detections", "subjects", "backends", "stats", "groups"};

int cmd_show(const struct options *o)
{
	char request[64];

	for (size_t i = 0; o->arg_count == 1 && i < sizeof(show_whats) / sizeof(*show_whats);
	     i++) {
		if (strcmp(o->args[0], show_whats[i]) != 0)
			continue;
		snprintf(request, sizeof(request), "show %s", show_whats[i]);
		return ask(o, request);
	}
	log_error("show takes one of detections, subjects, backends, stats, groups; "
		  "`hayrake show --help` says more");
	return EXIT_USAGE;
}
