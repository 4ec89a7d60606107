// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of signature files (docs/signature-format.md). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules/array.h"
#include "rules/field.h"
#include "rules/import_private.h"
#include "rules/ports.h"

DEFINE_CLEANUP(json_object_put, struct json_object *)

/* ["key": ]"text", with what goes before. */
static void text_print(FILE *out, const char *before, const char *key, const char *text)
{
	CLEANUP(json_object_put_ptr) struct json_object *string = json_object_new_string(text);

	if (string)
		fprintf(out, "%s\"%s\": %s", before, key,
			json_object_to_json_string_ext(string, JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void use_print(FILE *out, const struct import *im, const struct import_use *use)
{
	char port[PORT_TEXT_MAX];

	text_print(out, "        {", "domain", use->domain->text);
	fputs(", \"ports\": [", out);
	for (uint8_t i = 0; i < use->port_count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", port_range_text(&use->ports[i], port));
	fputs("]", out);
	if (use->domain_class != CLASS_PRIMARY)
		text_print(out, ", ", "class", domain_class_names[use->domain_class]);
	if (use->group != use->domain)
		text_print(out, ", ", "group", use->group->text);
	if (use->source != im->rules[use->rule].source)
		text_print(out, ", ", "source", im->sources[use->source].key->text);
	if (use->note)
		text_print(out, ", ", "note", use->note);
	fputs("}", out);
}

static void rule_print(FILE *out, const struct import *im, const struct import_rule *rule)
{
	const char *between = "";

	text_print(out, "    {\n      ", "rule", rule->id->text);
	text_print(out, ",\n      ", "name", rule->name->text);
	text_print(out, ",\n      ", "level", rule_level_names[rule->level]);
	text_print(out, ",\n      ", "source", im->sources[rule->source].key->text);
	fputs(",\n      \"domains\": [\n", out);
	for (uint32_t i = 0; i < rule->use_count; i++) {
		const struct import_use *use = &im->uses[rule->use_first + i];

		if (use->dropped)
			continue;
		fputs(between, out);
		use_print(out, im, use);
		between = ",\n";
	}
	fputs("\n      ]\n    }", out);
}

/* True when some rule of the vendor needs the source. */
static bool source_used(const struct import *im, uint32_t source, const struct name *vendor)
{
	for (uint32_t i = 0; i < im->rule_count; i++) {
		const struct import_rule *rule = &im->rules[i];

		if (rule->vendor != vendor || rule->dropped)
			continue;
		if (rule->source == source)
			return true;
		for (uint32_t k = 0; k < rule->use_count; k++) {
			const struct import_use *use = &im->uses[rule->use_first + k];

			if (use->source == source && !use->dropped)
				return true;
		}
	}
	return false;
}

static void sources_print(FILE *out, const struct import *im, const struct name *vendor)
{
	const char *between = "\n    ";

	for (uint32_t i = 0; i < im->source_count; i++) {
		const struct import_source *source = &im->sources[i];

		if (!source_used(im, i, vendor))
			continue;
		fprintf(out, "%s\"%s\": {", between, source->key->text);
		text_print(out, "", "citation", source->citation->text);
		text_print(out, ", ", "date", source->date->text);
		if (source->url)
			text_print(out, ", ", "url", source->url->text);
		fputs("}", out);
		between = ",\n    ";
	}
}

static void vendor_print(FILE *out, const struct import *im, const struct name *vendor)
{
	const char *between = "";

	fputs("{\n  \"format\": 1", out);
	text_print(out, ",\n  ", "vendor", vendor->text);
	fputs(",\n  \"sources\": {", out);
	sources_print(out, im, vendor);
	fputs("\n  },\n  \"rules\": [\n", out);
	for (uint32_t i = 0; i < im->rule_count; i++) {
		if (im->rules[i].vendor != vendor || im->rules[i].dropped)
			continue;
		fputs(between, out);
		rule_print(out, im, &im->rules[i]);
		between = ",\n";
	}
	fputs("\n  ]\n}\n", out);
}

/* DIR/VENDOR.json; one that another vendor has already is a mistake. */
static char *path_make(struct import *im, const char *dir, const struct import_rule *rule,
		       const struct import_result *out)
{
	char slug[ID_MAX + 1], *path;
	const char *slash = dir && *dir && dir[strlen(dir) - 1] != '/' ? "/" : "";

	text_slug(rule->vendor->text, slug, sizeof(slug));
	if (asprintf(&path, "%s%s%s.json", dir ? dir : "", slash, *slug ? slug : "vendor") < 0)
		return NULL;
	im->report.file = im->sources[rule->source].path->text;
	for (uint32_t i = 0; i < out->text_count; i++)
		if (!strcmp(out->texts[i].path, path))
			report_mistake(&im->report, rule->line,
				       "vendor \"%s\" and another one both make the file %s",
				       rule->vendor->text, path_base(path));
	return path;
}

static int vendor_write(struct import *im, const char *dir, const struct import_rule *rule,
			struct import_result *out)
{
	CLEANUP_FREE char *path = path_make(im, dir, rule, out);
	CLEANUP_FREE char *text = NULL;
	struct rules_text *slot;
	size_t len = 0;
	FILE *file = path ? open_memstream(&text, &len) : NULL;
	bool failed;

	if (!file)
		return -ENOMEM;
	vendor_print(file, im, rule->vendor);
	failed = ferror(file);
	if (fclose(file) || failed)
		return -ENOMEM;
	slot = array_grow((void **)&out->texts, &out->text_count, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = (struct rules_text){TAKE_PTR(path), TAKE_PTR(text), len};
	return 0;
}

static bool vendor_is_new(const struct import *im, uint32_t rule)
{
	for (uint32_t i = 0; i < rule; i++)
		if (!im->rules[i].dropped && im->rules[i].vendor == im->rules[rule].vendor)
			return false;
	return true;
}

int import_write(struct import *im, const char *dir, struct import_result *out)
{
	for (uint32_t i = 0; i < im->rule_count; i++) {
		const struct import_rule *rule = &im->rules[i];
		int rc;

		if (rule->dropped)
			continue;
		out->rules++;
		for (uint32_t k = 0; k < rule->use_count; k++)
			out->domains += !im->uses[rule->use_first + k].dropped;
		rc = vendor_is_new(im, i) ? vendor_write(im, dir, rule, out) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}
