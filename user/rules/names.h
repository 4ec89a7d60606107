/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The strings of a rule set, each kept once, and what they name in it. */
#ifndef HAYRAKE_RULES_NAMES_H
#define HAYRAKE_RULES_NAMES_H

#include "rules/rules.h"

struct name {
	struct name *next; /* in its bucket */
	uint32_t hash;
	domain_id domain;   /* the domain of this name, or DOMAIN_NONE */
	domain_id wildcard; /* the domain "*." and this name, or DOMAIN_NONE */
	uint32_t rule;      /* the rule of this id, or RULE_NONE */
	uint32_t len;
	char text[];
};

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* The string's one copy, made when it is new; NULL without memory. */
struct name *names_put(struct names *n, const char *text, size_t len);
/* NULL: not there. hash is name_hash() of the text. */
struct name *names_get(const struct names *n, const char *text, size_t len, uint32_t hash);

/* The domain written like this, "*." included, or DOMAIN_NONE. */
domain_id names_domain(const struct names *n, const char *text);

/*
 * FNV-1a from the last octet to the first, so that one walk over a domain name gives the hash of
 * each of its suffixes.
 */
#define NAME_HASH_START 0x811c9dc5U

static inline uint32_t name_hash_add(uint32_t hash, char c)
{
	return (hash ^ (uint8_t)c) * 0x01000193U;
}

uint32_t name_hash(const char *text, size_t len);

#endif
