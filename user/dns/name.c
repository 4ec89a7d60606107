// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/name.h"

#include <libpsl.h>
#include <string.h>

/* The public suffix list of the system when it is newer than the one built into the library. */
static const psl_ctx_t *suffix_list(void)
{
	static const psl_ctx_t *list;

	if (!list)
		list = psl_latest(NULL);
	if (!list)
		list = psl_builtin();
	return list;
}

/* Without any list: the last two labels. */
static const char *last_two_labels(const char *name)
{
	const char *p = strrchr(name, '.');

	while (p && p > name && p[-1] != '.')
		p--;
	return p ? p : name;
}

const char *name_registered(const char *name)
{
	const psl_ctx_t *list = suffix_list();
	const char *r = list ? psl_registrable_domain(list, name) : last_two_labels(name);

	return r ? r : name;
}
