/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signature files -> rules. A loaded set is never changed; a reload makes a new one. */
#ifndef HAYRAKE_RULES_H
#define HAYRAKE_RULES_H

#include "record.h"

#define RULE_NONE UINT32_MAX
#define IDLE_UNKNOWN UINT32_MAX /* nobody measured how much an idle device sends */
#define THRESHOLD_DEFAULT 400 /* thousandths: the paper's D = 0.4 */

/* Bounds far above the published 39 rules: a bad file costs megabytes and not the machine. */
#define RULES_MAX 4096
#define RULE_DOMAINS_MAX 512
#define RULES_USES_MAX 32768 /* domains over all rules */
#define RULES_FILES_MAX 1024
#define RULES_FILE_BYTES_MAX (256U << 10)

enum rule_level { LEVEL_PLATFORM, LEVEL_MANUFACTURER, LEVEL_PRODUCT, LEVEL_COUNT };
enum domain_class { CLASS_PRIMARY, CLASS_SUPPORT, CLASS_GENERIC, CLASS_COUNT };

/* What makes a contact with a domain's address evidence. */
enum rule_context {
	CONTEXT_ADDRESS,    /* the address, while nobody else shares it */
	CONTEXT_CLIENT_DNS, /* only the subject's own DNS answer: the address serves many */
	CONTEXT_COUNT,
};

struct port_range {
	uint16_t lo; /* inclusive */
	uint16_t hi;
	uint8_t protos; /* PORT_TCP | PORT_UDP */
};

/* A distinct domain over all rules, with the union of the ports on which any rule wants it. */
struct rules_domain {
	const char *name;   /* lower case, no last dot; "*.x": any name below x */
	const char *vendor; /* of the first rule that has it; same pointer for the same vendor */
	uint32_t use_first; /* uses[use_first .. +use_count) */
	uint32_t use_count;
	enum rule_context context; /* of the rules where it is primary */
	uint8_t port_count; /* at most BACKEND_PORTS; the loader merges and says when it cannot */
	struct port_range ports[BACKEND_PORTS];
};

/* One domain in one group of one rule. */
struct rules_use {
	domain_id domain;
	uint32_t rule;
	uint32_t group; /* within the rule; counts only when class is CLASS_PRIMARY */
	enum domain_class domain_class;
	uint8_t port_count;
	struct port_range ports[BACKEND_PORTS];
	const char *source; /* citation and date */
};

struct rules_rule {
	const char *id;
	const char *name;
	const char *vendor;
	const char *file;
	uint32_t line;
	enum rule_level level;
	enum rule_context context;
	uint32_t parent;                /* RULE_NONE: none */
	uint32_t threshold;             /* thousandths; 0: none of its own */
	uint32_t group_count;           /* N: its primary domain groups */
	const char *const *group_names; /* [group_count] */
	uint32_t usage_packets;         /* more in an hour: it is in use; 0: nobody knows */
	const char *usage_source;       /* citation and date of that */
	const uint32_t *group_idle;     /* NULL, or packets an hour or IDLE_UNKNOWN */
};

struct rules {
	struct rules_rule *rules;
	uint32_t rule_count;
	struct rules_domain *domains;
	uint32_t domain_count;
	struct rules_use *uses; /* sorted by domain */
	uint32_t use_count;
	uint32_t file_count;
	struct rules_private *private;
};

/* One mistake in a signature file: "FILE:LINE: what"; line 0: about the file as a whole. */
typedef void rules_mistake(void *ctx, const char *file, uint32_t line, const char *what);

/*
 * Loads every *.json of dir. All mistakes go to mistake (may be NULL). -EINVAL with mistakes,
 * -ENOENT without files, -errno; *out untouched on failure. The caller frees with rules_free().
 */
int rules_load(const char *dir, rules_mistake *mistake, void *ctx, struct rules **out);
/* The same for files and directories together. */
int rules_load_paths(char *const *paths, size_t count, rules_mistake *mistake, void *ctx,
		     struct rules **out);
/* The same for one file's text, for tests and fuzzing. */
int rules_load_text(const char *file, const char *text, size_t text_len, rules_mistake *mistake,
		    void *ctx, struct rules **out);
void rules_free(struct rules *r);

/*
 * The signature domains that name (text as in struct dns_answer) matches: the exact one and every
 * "*.x" above it, the widest first; when there are more than max, the widest are left out. Returns
 * how many were written to out. The cost grows with the labels of name, not with the rules.
 */
size_t rules_match(const struct rules *r, const char *name, domain_id *out, size_t max);

domain_id rules_find_domain(const struct rules *r, const char *name);
uint32_t rules_find(const struct rules *r, const char *id); /* RULE_NONE: no such rule */

/* D in thousandths: the command line's, else the rule's own, else the default. */
uint32_t rule_threshold(const struct rules_rule *rule, uint32_t command_line);

/* max(1, N * D / 1000 rounded down); command_line goes over the rule's D, 0: not given. */
uint32_t rule_needed(const struct rules_rule *rule, uint32_t command_line);

/* True when (port, ip_proto) is one of the use's. */
bool rules_use_has_port(const struct rules_use *use, uint16_t port, uint8_t ip_proto);

extern const char *const rule_level_names[LEVEL_COUNT];
extern const char *const domain_class_names[CLASS_COUNT];
extern const char *const rule_context_names[CONTEXT_COUNT];

#endif
