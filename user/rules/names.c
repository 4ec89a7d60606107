// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/names.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 256

struct names {
	struct name **bucket;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
};

uint32_t name_hash(const char *text, size_t len)
{
	uint32_t hash = NAME_HASH_START;

	while (len > 0)
		hash = name_hash_add(hash, text[--len]);
	return hash;
}

struct names *names_new(void)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->bucket = calloc(BUCKETS_FIRST, sizeof(struct name *));
	n->bucket_count = BUCKETS_FIRST;
	if (!n->bucket) {
		free(n);
		return NULL;
	}
	return n;
}

void names_free(struct names *n)
{
	struct name *next;

	if (!n)
		return;
	for (uint32_t i = 0; i < n->bucket_count; i++) {
		for (struct name *name = n->bucket[i]; name; name = next) {
			next = name->next;
			free(name);
		}
	}
	free(n->bucket);
	free(n);
}

struct name *names_get(const struct names *n, const char *text, size_t len, uint32_t hash)
{
	struct name *name = n->bucket[hash & (n->bucket_count - 1)];

	while (name && (name->hash != hash || name->len != len || memcmp(name->text, text, len)))
		name = name->next;
	return name;
}

static void bucket_push(struct name **bucket, uint32_t bucket_count, struct name *name)
{
	struct name **head = &bucket[name->hash & (bucket_count - 1)];

	name->next = *head;
	*head = name;
}

/* Doubles the buckets; without memory the chains just get longer. */
static void names_grow(struct names *n)
{
	uint32_t bucket_count = n->bucket_count * 2;
	struct name **bucket = calloc(bucket_count, sizeof(struct name *));
	struct name *next;

	if (!bucket)
		return;
	for (uint32_t i = 0; i < n->bucket_count; i++) {
		for (struct name *name = n->bucket[i]; name; name = next) {
			next = name->next;
			bucket_push(bucket, bucket_count, name);
		}
	}
	free(n->bucket);
	n->bucket = bucket;
	n->bucket_count = bucket_count;
}

struct name *names_put(struct names *n, const char *text, size_t len)
{
	uint32_t hash = name_hash(text, len);
	struct name *name = names_get(n, text, len, hash);

	if (name)
		return name;
	name = malloc(sizeof(*name) + len + 1);
	if (!name)
		return NULL;
	*name = (struct name){
		.hash = hash,
		.domain = DOMAIN_NONE,
		.wildcard = DOMAIN_NONE,
		.rule = RULE_NONE,
		.len = (uint32_t)len,
	};
	memcpy(name->text, text, len);
	name->text[len] = '\0';
	if (++n->count > n->bucket_count)
		names_grow(n);
	bucket_push(n->bucket, n->bucket_count, name);
	return name;
}

domain_id names_domain(const struct names *n, const char *text)
{
	bool wildcard = !strncmp(text, "*.", 2);
	const char *base = wildcard ? text + 2 : text;
	size_t len = strlen(base);
	const struct name *name = names_get(n, base, len, name_hash(base, len));

	if (!name)
		return DOMAIN_NONE;
	return wildcard ? name->wildcard : name->domain;
}
