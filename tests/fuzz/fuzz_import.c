// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/rules/draft.c user/rules/field.c user/rules/import.c user/rules/import_csv.c user/rules/import_list.c user/rules/import_mud.c user/rules/import_naming.c user/rules/import_settle.c user/rules/import_write.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c */
/*
 * Any text as a table, a MUD file or a list: no crash; mistakes, or files that check alone and
 * together. The first octet is the format. Seeds: tests/golden/import/.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/import.h"

struct told {
	uint32_t lines;
	uint32_t count;
};

static void told_check(void *ctx, const char *file, uint32_t line, const char *what)
{
	struct told *told = ctx;

	/* a line of what would be written may be further down */
	assert(strcmp(file, "seed") != 0 || line <= told->lines);
	assert(*what && !strpbrk(what, "\n\033"));
	told->count++;
}

static void dropped_check(void *ctx, const char *file, uint32_t line, const char *what)
{
	const struct told *told = ctx;

	assert(!strcmp(file, "seed") && line > 0 && line <= told->lines);
	assert(strstr(what, ": "));
}

static void result_check(const struct import_result *r)
{
	uint32_t rules = 0;

	for (uint32_t i = 0; i < r->text_count; i++) {
		const struct rules_text *t = &r->texts[i];
		struct rules *set = NULL;

		assert(!rules_load_text(t->path, t->text, t->len, NULL, NULL, &set));
		rules += set->rule_count;
		rules_free(set);
	}
	assert(rules == r->rules && rules > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct import_naming vendor = {IMPORT_VENDOR, "seed=Acme"};
	size_t len = size ? size - 1 : 0;
	struct import_options options = {.namings = &vendor, .naming_count = 1};
	struct told told = {.lines = 2};
	struct import_result result;
	char *text = calloc(len + 1, 1);
	struct import *im;
	int rc;

	assert(text && !import_ports_parse("443,udp/5000-5010", &options));
	if (len > 0)
		memcpy(text, data + 1, len);
	for (size_t i = 0; i < len; i++)
		told.lines += text[i] == '\n';
	options.format = size ? data[0] % (IMPORT_FORMAT_COUNT + 1) : IMPORT_LIST;
	im = import_new(&options, told_check, dropped_check, &told);
	assert(im);
	import_input(im, &(struct import_input){"seed", "2026-01-02", text, len});
	rc = import_finish(im, NULL, &result);
	if (!rc)
		result_check(&result);
	assert(rc ? rc == -ENODATA || (rc == -EINVAL && told.count) : !told.count);
	import_result_clean(&result);
	import_free(im);
	free(text);
	return 0;
}
