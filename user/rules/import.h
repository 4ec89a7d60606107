/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others write about devices -> signature files. All of it or nothing. */
#ifndef HAYRAKE_RULES_IMPORT_H
#define HAYRAKE_RULES_IMPORT_H

#include "rules/rules.h"

#define IMPORT_FILE_BYTES_MAX (1U << 20)
#define IMPORT_FACTS_MAX 65536U /* (domain, port) pairs of all files */

enum import_format {
	IMPORT_CSV,  /* a table: domain, detection_level, port, ... */
	IMPORT_MUD,  /* RFC 8520 */
	IMPORT_LIST, /* names, one a line; hosts and ad-block files */
	IMPORT_FORMAT_COUNT
};

/* What a naming can say about a rule. */
enum import_field { IMPORT_VENDOR, IMPORT_RULE, IMPORT_NAME, IMPORT_LEVEL, IMPORT_FIELD_COUNT };

/* "VALUE", or "LABEL=VALUE" for the rule made of one label: of a table, or a file's name. */
struct import_naming {
	enum import_field field;
	const char *text;
};

struct import_options {
	enum import_format format; /* IMPORT_FORMAT_COUNT: each file's by its content */
	const struct import_naming *namings;
	size_t naming_count;
	const char *citation; /* NULL: what the file says, else its name */
	const char *date;     /* NULL: what the file says, else its own */
	uint8_t port_count;   /* of a list's names */
	struct port_range ports[BACKEND_PORTS];
};

/* Something of a file that is not, or not as it stands, in the result. */
typedef rules_mistake import_dropped;

/* A signature file's text. */
struct rules_text {
	char *path;
	char *text;
	size_t len;
};

struct import_result {
	struct rules_text *texts; /* one a vendor, by its first rule */
	uint32_t text_count;
	uint32_t rules;
	uint32_t domains;
	uint32_t dropped;
	uint32_t generic;    /* domains kept without counting as evidence */
	bool vendor_missing; /* a list says none, and no naming does */
};

/* A file in memory. text is written to. */
struct import_input {
	const char *path;
	const char *day; /* of its last change, as 2026-03-02 */
	char *text;      /* text[len] is zero */
	size_t len;
};

struct import;

/* options live as long as the import. NULL without memory. */
struct import *import_new(const struct import_options *options, rules_mistake *mistake,
			  import_dropped *dropped, void *ctx);
void import_free(struct import *im);

/* Reads one file, or its text; what is wrong is told and makes import_finish() fail. */
void import_file(struct import *im, const char *path);
void import_input(struct import *im, const struct import_input *input);

/*
 * Makes the signature files and checks them, beside those that dir (may be NULL) has under other
 * names. -EINVAL with mistakes or without a vendor, -ENODATA when nothing is left, -ENOMEM. The
 * caller cleans *out in any case.
 */
int import_finish(struct import *im, const char *dir, struct import_result *out);
void import_result_clean(struct import_result *r);

/* A label no rule was made of though a naming has it, or NULL. */
const char *import_naming_unused(const struct import *im);

/* The value in a naming, and the length of its label (0: none). */
const char *import_naming_value(const char *text, size_t *label_len);

/* What is wrong with the value of a naming, or NULL. */
const char *import_naming_fault(const struct import_naming *naming);

/* "443,tcp/8883" -> options->ports. 0 or -EINVAL. */
int import_ports_parse(const char *text, struct import_options *options);

extern const char *const import_format_names[IMPORT_FORMAT_COUNT];
extern const char *const import_field_names[IMPORT_FIELD_COUNT];

#endif
