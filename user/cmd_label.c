// SPDX-License-Identifier: GPL-2.0-or-later
/* hayrake label [SUBJECT [TEXT ...]] [--not RULE] [--clear] */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/addr.h"
#include "base/log.h"
#include "query.h"

static int usage(const char *what)
{
	log_error("%s; `hayrake label --help` says more", what);
	return EXIT_USAGE;
}

/* Appends a word to the request; false when it is full. */
static bool request_add(char request[static QUERY_MAX], const char *word)
{
	size_t used = strlen(request);
	size_t len = strlen(word);

	if (used + 1 + len >= QUERY_MAX || strchr(word, '\n'))
		return false;
	request[used] = ' ';
	memcpy(request + used + 1, word, len + 1);
	return true;
}

/* The words of what is said of the subject, behind it. */
static bool request_finish(const struct options *o, char request[static QUERY_MAX])
{
	if (o->clear)
		return request_add(request, "clear") &&
		       (!o->not_rule || request_add(request, o->not_rule));
	if (o->not_rule)
		return request_add(request, "not") && request_add(request, o->not_rule);
	for (int i = 1; i < o->arg_count; i++)
		if ((i == 1 && !request_add(request, "text")) || !request_add(request, o->args[i]))
			return false;
	return true;
}

int cmd_label(const struct options *o)
{
	char request[QUERY_MAX] = "label";
	struct subject subject;

	if (o->arg_count > 1 && (o->clear || o->not_rule))
		return usage("label takes a text, or --not, or --clear");
	if (!o->arg_count && (o->clear || o->not_rule))
		return usage("label needs to know whom: give a MAC or an IP address");
	if (o->arg_count && subject_parse(o->args[0], &subject)) {
		log_error("'%s' is no subject: give a MAC or an IP address", o->args[0]);
		return EXIT_USAGE;
	}
	if (o->arg_count && (!request_add(request, o->args[0]) || !request_finish(o, request)))
		return usage("a label is 1 to 127 bytes long, on one line");
	return ask(o, request);
}
