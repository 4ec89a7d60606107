// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A line of each form, for blocks of 24, 28 and 36 bits:
 *   MA-M,70B3D5A,"Maker, Inc.",Address     IEEE, comma separated
 *   70-B3-D5   (hex)		Maker, Inc.      IEEE, text
 *   70:B3:D5:A0:00:00/28	Mak	Maker, Inc.  Wireshark
 *   70B3D5A Maker                           Nmap, arp-scan
 */
#include "names/oui.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "names/said.h"

#define KEY_BITS 36 /* of the longest blocks */
#define MAC_DIGITS 12

struct vendor {
	char *name;   /* NULL: unknown */
	uint8_t bits; /* of the block that said so */
	bool looked;
};

struct oui {
	const char *const *files;
	size_t file_count;
	struct counts *counts;
	struct table *table; /* uint64_t, the first 36 bits -> struct vendor */
	size_t wanted;
};

/* One line of a file. */
struct block {
	uint64_t first; /* of its 36-bit numbers */
	uint32_t bits;
	char name[SAID_NAME_MAX];
};

/* What is looked for in one pass: a number, and where its answer goes. */
struct search {
	uint64_t key;
	struct vendor *vendor;
};

/* The first of these with any file that can be read. */
static const char *const installed[][OUI_FILES_MAX] = {
	{"/usr/share/ieee-data/oui.csv", "/usr/share/ieee-data/mam.csv",
	 "/usr/share/ieee-data/oui36.csv", "/usr/share/ieee-data/iab.csv"},
	{"/var/lib/ieee-data/oui.csv", "/var/lib/ieee-data/mam.csv",
	 "/var/lib/ieee-data/oui36.csv", "/var/lib/ieee-data/iab.csv"},
	{"/usr/share/wireshark/manuf"},
	{"/usr/share/nmap/nmap-mac-prefixes"},
	{"/usr/share/ieee-data/oui.txt"},
	{"/var/lib/ieee-data/oui.txt"},
	{"/usr/share/arp-scan/ieee-oui.txt"},
};

struct oui *oui_new(const char *const *files, size_t count, struct counts *counts)
{
	struct oui *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->files = files;
	o->file_count = count;
	o->counts = counts;
	o->table = table_new(sizeof(uint64_t), sizeof(struct vendor), OUI_BLOCKS_MAX);
	if (!o->table) {
		free(o);
		return NULL;
	}
	return o;
}

void oui_free(struct oui *o)
{
	const void *key;
	void *value;

	if (!o)
		return;
	for (size_t at = 0; table_next(o->table, &at, &key, &value);)
		free(((struct vendor *)value)->name);
	table_free(o->table);
	free(o);
}

static uint64_t key_of(const uint8_t mac[6])
{
	uint64_t key = 0;

	for (int i = 0; i < 5; i++)
		key = key << 8 | mac[i];
	return key >> (40 - KEY_BITS);
}

bool oui_known(const struct oui *o, const uint8_t mac[6], const char **vendor)
{
	uint64_t key = key_of(mac);
	const struct vendor *v = table_get(o->table, &key);

	if (!v || !v->looked)
		return false;
	*vendor = v->name;
	return true;
}

int oui_want(struct oui *o, const uint8_t mac[6])
{
	uint64_t key = key_of(mac);
	bool added;

	if (!table_put(o->table, &key, &added)) {
		o->counts->n[COUNTER_MAC_VENDORS_FULL]++;
		return -ENOSPC;
	}
	o->wanted += added;
	return 0;
}

/* --- a line ----------------------------------------------------------------------------------- */

static uint32_t digit_of(char c)
{
	return isdigit((unsigned char)c) ? (uint32_t)(c - '0') : (uint32_t)(toupper(c) - 'A') + 10;
}

/* The digits at *at, with or without separators between octets, and the bits they stand for. */
static bool block_digits(const char **at, struct block *b)
{
	const char *p = *at;
	uint64_t value = 0;
	uint32_t digits = 0;

	for (; digits < MAC_DIGITS; p++) {
		if (isxdigit((unsigned char)*p)) {
			value = value << 4 | digit_of(*p);
			digits++;
		} else if ((*p != ':' && *p != '-') || !digits) {
			break;
		}
	}
	b->bits = digits * 4;
	if (*p == '/')
		b->bits = (uint32_t)strtoul(p + 1, (char **)(uintptr_t)&p, 10);
	if ((b->bits != 24 && b->bits != 28 && b->bits != KEY_BITS) || b->bits > digits * 4)
		return false;
	b->first = value << (4 * (MAC_DIGITS - digits)) >> (4 * MAC_DIGITS - KEY_BITS);
	b->first &= ~((1ULL << (KEY_BITS - b->bits)) - 1);
	*at = p;
	return true;
}

static void csv_name(const char *at, struct block *b)
{
	bool quoted = *at == '"';

	at += quoted;
	said_clean(b->name, (const uint8_t *)at, strcspn(at, quoted ? "\"\r\n" : ",\r\n"));
}

static void text_name(const char *at, struct block *b)
{
	const char *tab;

	at += strspn(at, " \t");
	if (*at == '(') /* "(hex)", "(base 16)" */
		at += strcspn(at, ")") + (strchr(at, ')') != NULL);
	at += strspn(at, " \t");
	tab = strchr(at, '\t');
	if (tab) /* a short name came before */
		at = tab + strspn(tab, "\t #");
	said_clean(b->name, (const uint8_t *)at, strcspn(at, "\r\n"));
}

static bool block_parse(const char *line, struct block *b)
{
	static const char *const registries[] = {"MA-L,", "MA-M,", "MA-S,", "IAB,"};
	const char *at = line;

	for (size_t i = 0; i < sizeof(registries) / sizeof(registries[0]) && at == line; i++)
		if (!strncmp(line, registries[i], strlen(registries[i])))
			at += strlen(registries[i]);
	if (!block_digits(&at, b))
		return false;
	if (*at == ',')
		csv_name(at + 1, b);
	else
		text_name(at, b);
	/* what the IEEE keeps to hand on in smaller blocks, or does not tell, is no maker */
	return *b->name && strcmp(b->name, "IEEE Registration Authority") != 0 &&
	       strcasecmp(b->name, "private") != 0;
}

/* --- a pass ----------------------------------------------------------------------------------- */

static int search_compare(const void *va, const void *vb)
{
	const struct search *a = va, *b = vb;

	return (a->key > b->key) - (a->key < b->key);
}

/* The first search that is not before key. */
static size_t search_find(const struct search *list, size_t count, uint64_t key)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (list[middle].key < key)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

static void block_match(const struct block *b, const struct search *list, size_t count)
{
	uint64_t end = b->first + (1ULL << (KEY_BITS - b->bits));

	for (size_t i = search_find(list, count, b->first); i < count && list[i].key < end; i++) {
		struct vendor *v = list[i].vendor;
		char *name;

		if (v->bits >= b->bits)
			continue;
		name = strdup(b->name);
		if (!name)
			continue;
		free(v->name);
		v->name = name;
		v->bits = (uint8_t)b->bits;
	}
}

/* False when there is no such file. */
static bool file_search(const char *path, const struct search *list, size_t count)
{
	CLEANUP_FILE FILE *file = path ? fopen(path, "re") : NULL;
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;
	struct block b;

	if (!file)
		return false;
	while (getline(&line, &size, file) > 0)
		if (block_parse(line, &b))
			block_match(&b, list, count);
	return true;
}

static void files_search(const struct oui *o, const struct search *list, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < o->file_count; i++)
		found |= file_search(o->files[i], list, count);
	if (o->file_count)
		return;
	for (size_t i = 0; i < sizeof(installed) / sizeof(installed[0]) && !found; i++)
		for (size_t k = 0; k < OUI_FILES_MAX; k++)
			found |= file_search(installed[i][k], list, count);
}

void oui_look(struct oui *o)
{
	CLEANUP_FREE struct search *list = calloc(o->wanted + 1, sizeof(*list));
	size_t count = 0;
	const void *key;
	void *value;

	if (!list)
		return;
	for (size_t at = 0; table_next(o->table, &at, &key, &value) && count < o->wanted;)
		if (!((struct vendor *)value)->looked)
			list[count++] = (struct search){*(const uint64_t *)key, value};
	qsort(list, count, sizeof(*list), search_compare);
	files_search(o, list, count);
	for (size_t i = 0; i < count; i++)
		list[i].vendor->looked = true;
	o->wanted = 0;
}
