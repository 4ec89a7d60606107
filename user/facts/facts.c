// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "facts/alias.h"
#include "facts/lines.h"

#define DAY_S 86400
#define JSON_DEPTH 8
#define TTL_MAX_S (7 * DAY_S) /* read again every day; more would say nothing */
#define MISTAKES_TOLD 5       /* lines of one file; then only how many more */

struct facts {
	const struct facts_files *files;
	struct facts_ops ops;
	struct counts *counts;
	struct json_tokener *tokener;
	char *text;              /* [FACTS_LINE_MAX + 1] */
	struct aliases *aliases; /* during an import */
	int64_t now_s;
	int64_t day_s; /* when the day of now began */
	bool told;     /* wrong lines and unreadable files */
	struct dns_answer answer;
};

typedef const char *line_parser(struct json_tokener *tokener, const char *text, size_t len,
				struct line *out);

/* One walk over a file: what is done with each record. */
struct pass {
	struct facts *f;
	line_parser *parse;
	void (*take)(struct pass *p, const struct line *l);
	const char *hint; /* lines without it are of no use; NULL: all are */
	bool counts;      /* the one walk of an import that counts and tells */
	uint64_t news;    /* aliases that were not known */
};

struct facts *facts_new(const struct facts_files *files, const struct facts_ops *ops,
			struct counts *counts)
{
	struct facts *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->files = files;
	f->ops = *ops;
	f->counts = counts;
	return f;
}

void facts_free(struct facts *f)
{
	free(f);
}

static int file_check(const char *path)
{
	FILE *file CLEANUP(fclose_ptr) = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st)) {
		log_error("%s: %s", path, strerror(errno));
		return -errno;
	}
	if (S_ISREG(st.st_mode))
		return 0;
	log_error("%s is no regular file, and it has to be read more than once", path);
	return -EINVAL;
}

int facts_check(const struct facts_files *files)
{
	int err = 0;

	for (size_t i = 0; !err && i < files->passive_count; i++)
		err = file_check(files->passive[i]);
	for (size_t i = 0; !err && i < files->certificate_count; i++)
		err = file_check(files->certificates[i]);
	return err;
}

/* --- records -> answers ----------------------------------------------------------------------- */

static bool line_is_of_day(const struct facts *f, const struct line *l)
{
	return l->first_s < f->day_s + DAY_S && l->last_s >= f->day_s;
}

static int64_t seen_s(const struct facts *f, int64_t last_s)
{
	return last_s < f->now_s ? last_s : f->now_s;
}

/* From when it was last seen to the end of that day. */
static uint32_t ttl_of(const struct facts *f, int64_t last_s)
{
	int64_t ttl = last_s - last_s % DAY_S + DAY_S - seen_s(f, last_s);

	return (uint32_t)(ttl < TTL_MAX_S ? ttl : TTL_MAX_S);
}

static void answer_begin(struct facts *f, const char *qname, int64_t last_s)
{
	f->answer.time_ns = seen_s(f, last_s) * NS_PER_S;
	f->answer.source = SOURCE_PASSIVE_DNS;
	f->answer.qname = qname;
	f->answer.qtype = 1;
	f->answer.chain_count = 0;
	f->answer.address_count = 0;
}

static void answer_send(struct facts *f)
{
	if (f->answer.address_count)
		f->ops.answer(f->ops.ctx, &f->answer);
	f->answer.address_count = 0;
}

static void answer_address(struct facts *f, const struct addr *addr, int64_t last_s)
{
	if (f->answer.address_count == ANSWER_ADDRESSES_MAX)
		answer_send(f);
	f->answer.address[f->answer.address_count++] =
		(struct answer_address){*addr, ttl_of(f, last_s)};
}

static void answer_items(struct facts *f, const struct line *l, int64_t last_s)
{
	size_t count = line_item_count(l);
	struct addr addr;

	for (size_t i = 0; i < count; i++)
		if (!addr_parse(line_item(l, i), &addr))
			answer_address(f, &addr, last_s);
	answer_send(f);
}

/* --- passive DNS ------------------------------------------------------------------------------ */

/* 1. A link from a signature's name, or from an alias of one. */
static void alias_link(struct pass *p, const struct line *l, const char *target)
{
	struct aliases *a = p->f->aliases;
	uint32_t i;

	if (p->f->ops.wanted(p->f->ops.ctx, l->name))
		aliases_root(a, l->name);
	for (i = aliases_find(a, l->name); i != ALIAS_NONE; i = alias_at(a, i)->next)
		p->news += aliases_add(a, i, target, l->last_s);
}

static void take_alias(struct pass *p, const struct line *l)
{
	size_t count = line_item_count(l);
	char target[NAME_TEXT_MAX];

	for (size_t i = 0; l->kind == RECORD_ALIAS && i < count; i++)
		if (name_normal(line_item(l, i), target) && strcmp(target, l->name) != 0)
			alias_link(p, l, target);
}

/* 2. The chain from its beginning to the entry i, then the addresses. */
static void chain_teach(struct facts *f, uint32_t i, const struct line *l)
{
	const struct alias *entry = alias_at(f->aliases, i), *at = entry;
	int64_t last_s = entry->last_s < l->last_s ? entry->last_s : l->last_s;

	answer_begin(f, l->name, last_s);
	f->answer.chain_count = (uint16_t)entry->depth;
	for (; at->parent != ALIAS_NONE; at = alias_at(f->aliases, at->parent))
		f->answer.chain[at->depth - 1] = at->name;
	f->answer.qname = at->name;
	answer_items(f, l, last_s);
}

static void take_teaching(struct pass *p, const struct line *l)
{
	struct facts *f = p->f;
	uint32_t i = aliases_find(f->aliases, l->name);
	size_t count = line_item_count(l);
	struct addr addr;

	if (l->kind != RECORD_ADDRESS)
		return;
	if (f->ops.wanted(f->ops.ctx, l->name)) {
		answer_begin(f, l->name, l->last_s);
		answer_items(f, l, l->last_s);
	}
	for (; i != ALIAS_NONE; i = alias_at(f->aliases, i)->next) {
		if (alias_at(f->aliases, i)->parent == ALIAS_NONE)
			continue;
		chain_teach(f, i, l);
		for (size_t k = 0; k < count; k++)
			if (!addr_parse(line_item(l, k), &addr))
				aliases_address(f->aliases, i, &addr);
	}
}

/* 3. Another name that leads to an alias of a signature's name shares what is behind it. */
static void alias_shared(struct facts *f, const struct line *l, const char *target)
{
	uint32_t i = aliases_find(f->aliases, target);

	for (; i != ALIAS_NONE; i = alias_at(f->aliases, i)->next) {
		const struct alias *entry = alias_at(f->aliases, i);
		int64_t last_s = entry->last_s < l->last_s ? entry->last_s : l->last_s;

		answer_begin(f, l->name, last_s);
		f->answer.chain_count = 1;
		f->answer.chain[0] = target;
		for (uint32_t k = 0; k < entry->addr_count; k++)
			answer_address(f, &entry->addrs[k], last_s);
		answer_send(f);
	}
}

static void take_sharing(struct pass *p, const struct line *l)
{
	struct facts *f = p->f;
	size_t count = line_item_count(l);
	char target[NAME_TEXT_MAX];

	if (f->ops.wanted(f->ops.ctx, l->name) || aliases_find(f->aliases, l->name) != ALIAS_NONE)
		return;
	if (l->kind == RECORD_ADDRESS) {
		answer_begin(f, l->name, l->last_s);
		answer_items(f, l, l->last_s);
	}
	for (size_t i = 0; l->kind == RECORD_ALIAS && i < count; i++)
		if (name_normal(line_item(l, i), target))
			alias_shared(f, l, target);
}

/* --- certificates ----------------------------------------------------------------------------- */

/* The names of hosts among them; texts lie in f->text, which the parser is done with. */
static void certificate_names(struct facts *f, const struct line *l, struct certificate *c)
{
	size_t count = line_item_count(l), used = 0;
	char name[NAME_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		const char *text = line_item(l, i);
		struct addr addr;
		size_t len;

		if (!text || !name_normal(text, name) || !strchr(name, '.') ||
		    !addr_parse(name, &addr))
			continue;
		len = strlen(name) + 1;
		if (c->name_count == CERTIFICATE_NAMES_MAX || used + len > FACTS_LINE_MAX) {
			f->counts->n[COUNTER_FACTS_NAMES_FULL]++;
			return;
		}
		memcpy(f->text + used, name, len);
		c->names[c->name_count++] = f->text + used;
		used += len;
	}
}

static void take_certificate(struct pass *p, const struct line *l)
{
	struct facts *f = p->f;
	struct certificate c = {
		.time_ns = seen_s(f, l->last_s) * NS_PER_S,
		.ttl_s = ttl_of(f, l->last_s),
		.addr = l->addr,
		.port = l->port,
		.teaches = !p->counts,
	};

	if (l->kind != RECORD_CERTIFICATE)
		return;
	certificate_names(f, l, &c);
	f->ops.certificate(f->ops.ctx, &c);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Where a walk is, and how much of it was wrong. */
struct place {
	const char *path;
	uint64_t line;
	uint64_t wrong;
};

static void line_wrong(struct pass *p, struct place *at, const char *what)
{
	struct facts *f = p->f;

	if (!p->counts || f->told)
		return;
	f->counts->n[COUNTER_FACTS_LINES_BAD]++;
	if (++at->wrong <= MISTAKES_TOLD)
		log_warn("%s:%llu: the line %s; it is left out", at->path,
			 (unsigned long long)at->line, what);
}

static void line_take(struct pass *p, struct place *at, size_t len)
{
	struct facts *f = p->f;
	struct line l = {.kind = RECORD_NONE};
	const char *what;

	if (p->hint && !memmem(f->text, len, p->hint, strlen(p->hint)))
		return;
	if (strspn(f->text, " \t\r\n") >= len)
		return;
	what = p->parse(f->tokener, f->text, len, &l);
	if (what) {
		line_wrong(p, at, what);
	} else if (l.kind != RECORD_NONE && line_is_of_day(f, &l)) {
		f->counts->n[COUNTER_FACTS_USED] += p->counts;
		p->take(p, &l);
	} else if (l.kind != RECORD_NONE) {
		f->counts->n[COUNTER_FACTS_OTHER_DAY] += p->counts;
	}
	line_clean(&l);
}

/* Steps over the rest of a line that is longer than f->text. */
static void line_skip(FILE *file)
{
	int c;

	do
		c = getc_unlocked(file);
	while (c != EOF && c != '\n');
}

static void file_walk(struct pass *p, const char *path)
{
	FILE *file CLEANUP(fclose_ptr) = fopen(path, "re");
	struct place at = {.path = path};
	struct facts *f = p->f;

	if (!file) {
		if (p->counts)
			log_warn("%s: %s", path, strerror(errno));
		return;
	}
	while (fgets(f->text, FACTS_LINE_MAX + 1, file)) {
		size_t len = strlen(f->text);

		at.line++;
		if (len == FACTS_LINE_MAX && f->text[len - 1] != '\n') {
			line_skip(file);
			line_wrong(p, &at, "is longer than 65535 bytes");
		} else if ((!len || f->text[len - 1] != '\n') && !feof(file)) {
			line_wrong(p, &at, "has a zero byte");
		} else {
			line_take(p, &at, len);
		}
	}
	if (at.wrong > MISTAKES_TOLD)
		log_warn("%s: %llu more lines are wrong and left out", path,
			 (unsigned long long)at.wrong - MISTAKES_TOLD);
}

static void passive_walk(struct facts *f, struct pass *p)
{
	p->f = f;
	p->parse = line_parse_passive;
	for (size_t i = 0; i < f->files->passive_count; i++)
		file_walk(p, f->files->passive[i]);
}

static void certificates_walk(struct facts *f, bool again)
{
	struct pass p = {f, line_parse_certificate, take_certificate, NULL, again, 0};

	for (size_t i = 0; i < f->files->certificate_count; i++)
		file_walk(&p, f->files->certificates[i]);
}

static void aliases_walk(struct facts *f)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		struct pass p = {.take = take_alias, .hint = "CNAME"};

		passive_walk(f, &p);
		if (!p.news)
			return;
	}
}

static void files_walk(struct facts *f)
{
	struct pass teach = {.take = take_teaching}, share = {.take = take_sharing, .counts = true};

	aliases_walk(f);
	passive_walk(f, &teach);
	certificates_walk(f, false);
	passive_walk(f, &share);
	certificates_walk(f, true);
	f->told = true;
}

int64_t facts_import(struct facts *f, int64_t now_ns)
{
	f->now_s = now_ns / NS_PER_S;
	f->day_s = f->now_s - f->now_s % DAY_S;
	f->text = malloc(FACTS_LINE_MAX + 1);
	f->tokener = json_tokener_new_ex(JSON_DEPTH);
	f->aliases = aliases_new(f->counts);
	if (f->text && f->tokener && f->aliases)
		files_walk(f);
	else
		log_warn("without memory what files say of addresses is left out until tomorrow");
	aliases_free(f->aliases);
	if (f->tokener)
		json_tokener_free(f->tokener);
	free(f->text);
	f->aliases = NULL;
	f->tokener = NULL;
	f->text = NULL;
	return (f->day_s + DAY_S) * NS_PER_S;
}
