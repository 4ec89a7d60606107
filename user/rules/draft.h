/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signature files read one by one, before they are held against each other. */
#ifndef HAYRAKE_RULES_DRAFT_H
#define HAYRAKE_RULES_DRAFT_H

#include "rules/names.h"
#include "rules/report.h"

/* A domain as one rule lists it. */
struct draft_use {
	const struct name *domain;
	const struct name *group;
	const struct name *source; /* its citation */
	uint32_t rule;
	uint32_t line;
	enum domain_class domain_class;
	uint8_t port_count;
	struct port_range ports[BACKEND_PORTS];
	uint32_t idle; /* packets an hour, or IDLE_UNKNOWN */
};

struct draft_rule {
	struct name *id;
	const struct name *name;
	const struct name *vendor;
	const struct name *file;
	const struct name *parent; /* NULL: none */
	uint32_t line;
	uint32_t parent_line;
	uint32_t threshold;    /* thousandths; 0: none of its own */
	uint32_t usage_packets; /* 0: none */
	const struct name *usage_source;
	enum rule_level level; /* LEVEL_COUNT: not known */
	enum rule_context context;
	uint32_t use_first;    /* uses[use_first .. +use_count) */
	uint32_t use_count;
};

struct draft_file {
	const struct name *path;
	const struct name *vendor;
};

struct draft {
	struct report report;
	struct names *names;
	struct draft_file *files;
	uint32_t file_count;
	struct draft_rule *rules;
	uint32_t rule_count;
	struct draft_use *uses;
	uint32_t use_count;
	bool incomplete; /* some rule's id is not known: a missing parent may be there */
	int error;       /* the first that is no mistake in a file: -ENOMEM */
};

/* 0 or -ENOMEM. */
int draft_init(struct draft *d, rules_mistake *mistake, void *ctx);
void draft_clean(struct draft *d);

/* The text's one copy in d->names; NULL without memory, which d->error then says. */
struct name *draft_name(struct draft *d, const char *text, size_t len);

/* Reads one file's text; what is wrong with it goes to d->report and d->error. */
void draft_read(struct draft *d, const char *path, const char *text, size_t text_len);

#endif
