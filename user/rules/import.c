// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rules/array.h"
#include "rules/field.h"
#include "rules/import_private.h"

const char *const import_format_names[] = {"csv", "mud", "list"};
_Static_assert(sizeof(import_format_names) / sizeof(char *) == IMPORT_FORMAT_COUNT,
	       "a name for each format");

DEFINE_CLEANUP(import_free, struct import *)
DEFINE_CLEANUP(rules_free, struct rules *)

struct import *import_new(const struct import_options *options, rules_mistake *mistake,
			  import_dropped *dropped, void *ctx)
{
	CLEANUP(import_free_ptr) struct import *im = calloc(1, sizeof(*im));

	if (!im)
		return NULL;
	im->options = options;
	im->report = (struct report){.sink = mistake, .ctx = ctx};
	im->drops = (struct report){.sink = dropped, .ctx = ctx};
	im->names = names_new();
	im->naming_used = calloc(options->naming_count + 1, sizeof(bool));
	return im->names && im->naming_used ? TAKE_PTR(im) : NULL;
}

void import_free(struct import *im)
{
	if (!im)
		return;
	names_free(im->names);
	free(im->naming_used);
	free(im->sources);
	free(im->rules);
	free(im->facts);
	free(im->uses);
	free(im);
}

struct name *import_name(struct import *im, const char *text)
{
	struct name *name = names_put(im->names, text, strlen(text));

	if (!name)
		im->error = -ENOMEM;
	return name;
}

void import_drop(struct import *im, uint32_t line, const char *entry, const char *why)
{
	im->drops.count = 0; /* all of them are told */
	report_mistake(&im->drops, line, "%.200s: %s", entry, why); /* with room for why */
	im->dropped++;
}

char *line_next(char **at, char *end)
{
	char *line = *at, *stop;

	if (line >= end)
		return NULL;
	stop = memchr(line, '\n', (size_t)(end - line));
	*at = stop ? stop + 1 : end;
	stop = stop ? stop : end;
	if (stop > line && stop[-1] == '\r')
		stop--;
	*stop = '\0';
	return line;
}

char *blanks_trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return text;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void path_label(const char *path, char *out, size_t out_size)
{
	const char *base = path_base(path), *dot = strrchr(base, '.');

	snprintf(out, out_size, "%.*s", (int)(dot && dot > base ? dot - base : TEXT_MAX), base);
}

void text_copy(char out[static TEXT_MAX + 1], const char *before, const char *text)
{
	size_t before_len = strlen(before), room = TEXT_MAX - before_len, len = strlen(text);

	if (len > room)
		for (len = room; len > 0 && (text[len] & 0xc0) == 0x80; len--)
			;
	memcpy(out, before, before_len);
	memcpy(out + before_len, text, len);
	out[before_len + len] = '\0';
}

void text_slug(const char *text, char *out, size_t out_size)
{
	size_t len = 0;

	for (; *text && len + 1 < out_size; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text | 0x20) : *text;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = c;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
}

/* Turns one-label names and addresses away: lists have them, and they are nobody's mistake. */
static bool domain_drop(struct import *im, uint32_t line, const char *text)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
		import_drop(im, line, text, "is an address, not a name");
	else if (*text && !strchr(text, '.') &&
		 strspn(text, "abcdefghijklmnopqrstuvwxyz"
			      "0123456789-_") == strlen(text))
		import_drop(im, line, text, "has one label: a name of the local network");
	else
		return false;
	return true;
}

struct name *import_domain(struct import *im, uint32_t line, char *text)
{
	size_t len = strlen(text);
	const char *fault;

	if (len > 1 && text[len - 1] == '.')
		text[--len] = '\0';
	for (char *p = text; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	if (domain_drop(im, line, text))
		return NULL;
	fault = domain_fault(text, len);
	if (fault)
		report_mistake(&im->report, line, "domain \"%s\" %s", text, fault);
	return fault ? NULL : import_name(im, text);
}

void import_fact_add(struct import *im, const struct import_fact *fact)
{
	struct import_fact *slot;

	if (im->fact_count == IMPORT_FACTS_MAX) {
		report_mistake(&im->report, fact->line, "more than %u domains and ports",
			       IMPORT_FACTS_MAX);
		return;
	}
	slot = array_grow((void **)&im->facts, &im->fact_count, sizeof(*slot));
	if (!slot) {
		im->error = -ENOMEM;
		return;
	}
	*slot = *fact;
	slot->source = im->source_count - 1;
}

void import_source_set(struct import *im, const char *citation, const char *date, const char *url)
{
	struct import_source *source = &im->sources[im->source_count - 1];
	const struct import_options *o = im->options;

	if (citation && !o->citation)
		source->citation = import_name(im, citation);
	if (date && !o->date)
		source->date = import_name(im, date);
	if (url)
		source->url = import_name(im, url);
}

/* A key of its own for each file. */
static void source_key(struct import *im, const char *path, char *key, size_t key_size)
{
	char label[TEXT_MAX + 1];
	bool taken;

	path_label(path, label, sizeof(label));
	text_slug(label, key, ID_MAX / 2);
	taken = !*key;
	for (uint32_t i = 0; i < im->source_count; i++)
		taken |= !strcmp(im->sources[i].key->text, key);
	if (taken)
		snprintf(key + strlen(key), key_size - strlen(key), "%sfile-%u", *key ? "-" : "",
			 im->source_count + 1);
}

static void source_add(struct import *im, const struct import_input *input)
{
	const struct import_options *o = im->options;
	struct import_source *source, made;
	char key[ID_MAX + 1], citation[TEXT_MAX + 1];

	source_key(im, input->path, key, sizeof(key));
	text_copy(citation, "imported from ", path_base(input->path));
	made = (struct import_source){
		.path = import_name(im, input->path),
		.key = import_name(im, key),
		.citation = import_name(im, o->citation ? o->citation : citation),
		.date = import_name(im, o->date ? o->date : input->day),
	};
	if (im->error)
		return;
	source = array_grow((void **)&im->sources, &im->source_count, sizeof(*source));
	if (!source) {
		im->error = -ENOMEM;
		return;
	}
	*source = made;
	im->report.file = im->drops.file = made.path->text;
}

static enum import_format format_find(const char *text)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t line;

	if (!strncmp(text, bom, 3))
		text += 3;
	text += strspn(text, " \t\r\n");
	line = strcspn(text, "\r\n");
	if (*text == '{')
		return IMPORT_MUD;
	if (*text == '#' || *text == '!' || *text == '[')
		return IMPORT_LIST;
	return memchr(text, ',', line) ? IMPORT_CSV : IMPORT_LIST;
}

static uint32_t line_count(const char *text, size_t len)
{
	uint32_t line = 1;

	for (size_t i = 0; i < len; i++)
		line += text[i] == '\n';
	return line;
}

void import_input(struct import *im, const struct import_input *input)
{
	const char *nul = memchr(input->text, '\0', input->len);
	enum import_format format = im->options->format;
	bool bom = input->len >= 3 && !memcmp(input->text, "\xef\xbb\xbf", 3);
	char *text = input->text + 3 * bom;
	size_t len = input->len - 3 * bom;

	source_add(im, input);
	if (im->error)
		return;
	if (nul) {
		report_mistake(&im->report, line_count(input->text, (size_t)(nul - input->text)),
			       "a zero byte: this is no text");
		return;
	}
	if (format == IMPORT_FORMAT_COUNT)
		format = format_find(text);
	if (len == 0)
		report_mistake(&im->report, 0, "is empty");
	else if (format == IMPORT_MUD)
		mud_read(im, text, len);
	else if (format == IMPORT_CSV)
		csv_read(im, text, len);
	else
		list_read(im, text, len);
}

/* The file's bytes, one more than allowed when there are more; or -errno. */
static ssize_t fd_read(int fd, char *buf)
{
	ssize_t len = 0, got;

	do {
		got = read(fd, buf + len, IMPORT_FILE_BYTES_MAX + 1 - (size_t)len);
		if (got < 0)
			return -errno;
		len += got;
	} while (got > 0);
	return len;
}

void import_file(struct import *im, const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *buf = malloc(IMPORT_FILE_BYTES_MAX + 2);
	char day[11] = "1970-01-01";
	struct stat st;
	struct tm tm;
	ssize_t len;

	if (!buf) {
		im->error = -ENOMEM;
		return;
	}
	len = fd < 0 ? -errno : fd_read(fd, buf);
	im->report.file = path;
	if (len < 0) {
		report_mistake(&im->report, 0, "cannot be read: %s", strerror((int)-len));
		return;
	}
	if (len > (ssize_t)IMPORT_FILE_BYTES_MAX) {
		report_mistake(&im->report, 0, "is larger than 1 MiB");
		return;
	}
	buf[len] = '\0';
	if (!fstat(fd, &st) && gmtime_r(&st.st_mtime, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	import_input(im, &(struct import_input){path, day, buf, (size_t)len});
}

int import_finish(struct import *im, const char *dir, struct import_result *out)
{
	CLEANUP(rules_free_ptr) struct rules *set = NULL;
	int rc;

	*out = (struct import_result){.vendor_missing = im->vendor_missing};
	if (!im->error && !im->vendor_missing)
		import_settle(im);
	if (im->error || im->report.count || im->vendor_missing)
		return im->error ? im->error : -EINVAL;
	rc = import_write(im, dir, out);
	if (rc < 0)
		return rc;
	out->dropped = im->dropped;
	out->generic = im->generic;
	if (out->text_count == 0)
		return -ENODATA;
	return rules_load_beside(dir, out->texts, out->text_count, &im->report, &set);
}

void import_result_clean(struct import_result *r)
{
	for (uint32_t i = 0; i < r->text_count; i++) {
		free(r->texts[i].path);
		free(r->texts[i].text);
	}
	free(r->texts);
	*r = (struct import_result){0};
}
