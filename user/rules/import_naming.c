// SPDX-License-Identifier: GPL-2.0-or-later
/* What a rule is called: by the user, else by its file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/array.h"
#include "rules/field.h"
#include "rules/import_private.h"
#include "rules/ports.h"

const char *const import_field_names[] = {"vendor", "rule", "name", "level"};
_Static_assert(sizeof(import_field_names) / sizeof(char *) == IMPORT_FIELD_COUNT,
	       "a name for each field");

const char *import_naming_value(const char *text, size_t *label_len)
{
	const char *equals = strchr(text, '=');

	*label_len = equals ? (size_t)(equals - text) : 0;
	return equals ? equals + 1 : text;
}

static enum rule_level level_find(const char *text)
{
	enum rule_level level = 0;

	while (level < LEVEL_COUNT && strcmp(text, rule_level_names[level]) != 0)
		level++;
	return level;
}

const char *import_naming_fault(const struct import_naming *naming)
{
	size_t label_len;
	const char *value = import_naming_value(naming->text, &label_len);

	if (naming->field == IMPORT_RULE)
		return id_fault(value, strlen(value));
	if (naming->field == IMPORT_LEVEL && level_find(value) == LEVEL_COUNT)
		return "must be platform, manufacturer or product";
	return text_fault(value, strlen(value));
}

int import_ports_parse(const char *text, struct import_options *options)
{
	struct port_range ports[64];
	size_t count = 0, len;
	char word[PORT_TEXT_MAX + 1];

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (len >= sizeof(word) || count == sizeof(ports) / sizeof(*ports))
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = '\0';
		if (port_range_parse(word, &ports[count++]) < 0)
			return -EINVAL;
		if (!text[len])
			break;
	}
	return port_ranges_merge(ports, count, options->ports, &options->port_count) ? -EINVAL : 0;
}

const char *import_naming_unused(const struct import *im)
{
	for (size_t i = 0; i < im->options->naming_count; i++) {
		size_t label_len;

		import_naming_value(im->options->namings[i].text, &label_len);
		if (label_len > 0 && !im->naming_used[i])
			return im->options->namings[i].text;
	}
	return NULL;
}

/* What the user wants for a label: said for it alone, else for all; or otherwise. */
static const char *naming_get(struct import *im, enum import_field field, const char *label,
			      const char *otherwise)
{
	const char *found = otherwise;
	bool alone = false;

	for (size_t i = 0; i < im->options->naming_count; i++) {
		const struct import_naming *naming = &im->options->namings[i];
		size_t label_len;
		const char *value = import_naming_value(naming->text, &label_len);
		bool fits = label_len > 0 && label_len == strlen(label) &&
			    !memcmp(naming->text, label, label_len);

		if (naming->field != field || (label_len > 0 && !fits))
			continue;
		if (fits || !alone)
			found = value;
		alone |= fits;
		im->naming_used[i] |= fits;
	}
	return found;
}

/* A text for people, or NULL after a mistake. */
static const struct name *text_get(struct import *im, uint32_t line, const char *what,
				   const char *text)
{
	const char *fault = text_fault(text, strlen(text));

	if (!fault)
		return import_name(im, text);
	report_mistake(&im->report, line, "%s \"%s\" %s", what, text, fault);
	return NULL;
}

/* The rule of that id, when it is the same one. */
static uint32_t rule_again(struct import *im, uint32_t index, const struct import_rule *made)
{
	const struct import_rule *rule = &im->rules[index];
	const char *file = im->sources[rule->source].path->text;

	if (rule->vendor == made->vendor && rule->level == made->level)
		return index;
	report_mistake(&im->report, made->line,
		       "rule \"%s\" is %s's %s rule here, %s's %s rule in %s:%u", made->id->text,
		       made->vendor->text, rule_level_names[made->level], rule->vendor->text,
		       rule_level_names[rule->level], file, rule->line);
	return RULE_NONE;
}

static uint32_t rule_add(struct import *im, const struct import_rule *made, struct name *id)
{
	struct import_rule *rule;

	if (id->rule != RULE_NONE)
		return rule_again(im, id->rule, made);
	if (im->rule_count == RULES_MAX) {
		report_mistake(&im->report, made->line, "more than %d rules", RULES_MAX);
		return RULE_NONE;
	}
	rule = array_grow((void **)&im->rules, &im->rule_count, sizeof(*rule));
	if (!rule) {
		im->error = -ENOMEM;
		return RULE_NONE;
	}
	*rule = *made;
	id->rule = im->rule_count - 1;
	return id->rule;
}

uint32_t import_rule_get(struct import *im, const struct import_about *about)
{
	const char *vendor = naming_get(im, IMPORT_VENDOR, about->label, about->vendor);
	const char *level =
		naming_get(im, IMPORT_LEVEL, about->label, rule_level_names[about->level]);
	struct import_rule made = {.source = im->source_count - 1, .line = about->line};
	char slug[ID_MAX + 1];
	const char *id;
	struct name *id_name;

	if (!vendor) {
		im->vendor_missing = true;
		return RULE_NONE;
	}
	text_slug(about->id ? about->id : vendor, slug, sizeof(slug));
	id = naming_get(im, IMPORT_RULE, about->label, slug);
	if (!*id) {
		report_mistake(&im->report, about->line,
			       "\"%s\" makes no rule id: --rule gives one", about->id);
		return RULE_NONE;
	}
	made.level = level_find(level);
	made.vendor = text_get(im, about->line, "vendor", vendor);
	made.name = text_get(im, about->line, "name",
			     naming_get(im, IMPORT_NAME, about->label,
					about->name ? about->name : vendor));
	made.id = id_name = import_name(im, id);
	if (!made.vendor || !made.name || !id_name)
		return RULE_NONE;
	return rule_add(im, &made, id_name);
}
