// SPDX-License-Identifier: GPL-2.0-or-later
#include "options_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

static char *text_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

bool string_keep(struct options *o, const char *value, const char **kept)
{
	if (o->string_count == sizeof(o->strings) / sizeof(*o->strings))
		return false;
	*kept = o->strings[o->string_count] = strdup(value);
	return *kept && ++o->string_count;
}

/* What is wrong with a line of the configuration file, or NULL. */
static const char *config_line(struct options *o, char *line, uint64_t given)
{
	char *value = strchr(line, '=');
	const struct option_row *r;
	const char *kept;

	if (value)
		*value++ = '\0';
	line = text_trim(line);
	value = value ? text_trim(value) : NULL;
	r = option_find(line, strlen(line));
	if (!r || !strcmp(r->name, "config") || !strcmp(r->name, "detach"))
		return "no option has this name";
	if (!r->value && value && strcmp(value, "yes") != 0)
		return strcmp(value, "no") != 0 ? "the value must be yes or no" : NULL;
	if (r->value && !value)
		return "a value is missing";
	if (given & option_bit(r))
		return NULL;
	if (!string_keep(o, value ? value : "", &kept))
		return "there are too many lines";
	return r->set(o, kept) ? NULL : r->expect;
}

int config_read(struct options *o, uint64_t given)
{
	FILE *file CLEANUP_FILE = fopen(o->config, "re");
	char *line CLEANUP_FREE = NULL;
	size_t size = 0;
	int mistakes = 0;

	if (!file) {
		log_error("configuration file %s: %s", o->config, strerror(errno));
		return EXIT_FAILED;
	}
	for (int number = 1; getline(&line, &size, file) >= 0; number++) {
		char *text;
		const char *wrong;

		line[strcspn(line, "#\n")] = '\0';
		text = text_trim(line);
		wrong = *text ? config_line(o, text, given) : NULL;
		if (!wrong)
			continue;
		log_error("%s:%d: '%s': %s", o->config, number, text, wrong);
		mistakes++;
	}
	return mistakes ? EXIT_FAILED : -1;
}
