// SPDX-License-Identifier: GPL-2.0-or-later
/* hayrake explain SUBJECT [RULE] */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/addr.h"
#include "base/log.h"
#include "query.h"

int cmd_explain(const struct options *o)
{
	struct subject subject;
	char request[QUERY_MAX];

	if (o->arg_count < 1 || o->arg_count > 2) {
		log_error("explain takes a subject and perhaps a rule; `hayrake explain --help` "
			  "says more");
		return EXIT_USAGE;
	}
	if (subject_parse(o->args[0], &subject)) {
		log_error("'%s' is no subject: give a MAC or an IP address", o->args[0]);
		return EXIT_USAGE;
	}
	if (o->arg_count == 2 &&
	    (strpbrk(o->args[1], " \n") || strlen(o->args[1]) >= QUERY_MAX / 2)) {
		log_error("'%.100s' is no rule", o->args[1]);
		return EXIT_USAGE;
	}
	snprintf(request, sizeof(request), "explain %s%s%s", o->args[0],
		 o->arg_count == 2 ? " " : "", o->arg_count == 2 ? o->args[1] : "");
	return ask(o, request);
}
