/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *  1. import_csv.c, import_mud.c, import_list.c: a file -> facts
 *  2. import_settle.c: facts -> one use for each domain of a rule, with its ports, class and group
 *  3. import_write.c: uses -> the text of signature files
 */
#ifndef HAYRAKE_RULES_IMPORT_PRIVATE_H
#define HAYRAKE_RULES_IMPORT_PRIVATE_H

#include "rules/field.h"
#include "rules/import.h"
#include "rules/names.h"
#include "rules/report.h"

struct import_source {
	const struct name *path;
	const struct name *key; /* in "sources" */
	const struct name *citation;
	const struct name *date;
	const struct name *url; /* NULL: none */
};

struct import_rule {
	const struct name *id;
	const struct name *name;
	const struct name *vendor;
	enum rule_level level;
	uint32_t source; /* its first */
	uint32_t line;   /* there */
	uint32_t use_first;
	uint32_t use_count;
	bool dropped;
};

/* One domain and port as a file has it. */
struct import_fact {
	struct name *domain;
	struct name *group; /* the same for domains on the same addresses */
	uint32_t rule;
	uint32_t source;
	uint32_t line;
	struct port_range port;
};

/* A domain of a rule, with all its ports. */
struct import_use {
	struct name *domain;
	struct name *group;
	uint32_t rule;
	uint32_t source;
	uint32_t line;
	bool dropped;
	enum domain_class domain_class;
	const char *note; /* NULL: none */
	uint8_t port_count;
	struct port_range ports[BACKEND_PORTS];
};

struct import {
	const struct import_options *options;
	struct report report;
	struct report drops;
	struct names *names;
	bool *naming_used; /* [options->naming_count] */
	struct import_source *sources;
	uint32_t source_count;
	struct import_rule *rules;
	uint32_t rule_count;
	struct import_fact *facts;
	uint32_t fact_count;
	struct import_use *uses;
	uint32_t use_count;
	uint32_t dropped;
	uint32_t generic;
	bool vendor_missing;
	int error; /* -ENOMEM */
};

/* What a file says about a rule; namings go over it. */
struct import_about {
	const char *label;
	const char *vendor; /* NULL: not said */
	const char *id;     /* any text that an id can be made of */
	const char *name;
	enum rule_level level;
	uint32_t line;
};

void csv_read(struct import *im, char *text, size_t len);
void mud_read(struct import *im, const char *text, size_t len);
void list_read(struct import *im, char *text, size_t len);

/* The next line of *at, zero-ended and without its CR, or NULL at the end. */
char *line_next(char **at, char *end);
/* Without blanks at both ends. */
char *blanks_trim(char *text);

struct name *import_name(struct import *im, const char *text);
/* One entry of the file being read that is left out, and why. */
void import_drop(struct import *im, uint32_t line, const char *entry, const char *why);
/* The file being read, which says these itself. NULL: it does not. */
void import_source_set(struct import *im, const char *citation, const char *date, const char *url);
/* The rule's number, a new one when its id is new; RULE_NONE after a mistake. */
uint32_t import_rule_get(struct import *im, const struct import_about *about);
/* The name in lower case without its last dot; NULL when it was dropped or is a mistake. */
struct name *import_domain(struct import *im, uint32_t line, char *text);
/* Adds a fact of the file being read. */
void import_fact_add(struct import *im, const struct import_fact *fact);
/* The part of a path behind its last slash. */
const char *path_base(const char *path);
/* A file's name without folders and ending, cut to fit. */
void path_label(const char *path, char *out, size_t out_size);
/* before and text, cut between two characters to what a signature's texts may have. */
void text_copy(char out[static TEXT_MAX + 1], const char *before, const char *text);
/* Lower-case letters and digits of text with "-" between; empty when it has none. */
void text_slug(const char *text, char *out, size_t out_size);

/* Facts -> uses. Does no more than to tell of groups when there were mistakes before. */
void import_settle(struct import *im);
/* Uses -> texts; paths are in dir (NULL: none). 0 or -ENOMEM. */
int import_write(struct import *im, const char *dir, struct import_result *out);

/* Loads texts, and dir's files of other names, as one set. As rules_load(). */
int rules_load_beside(const char *dir, const struct rules_text *texts, size_t count,
		      struct report *report, struct rules **out);

#endif
