// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hayrake signatures import: tables, MUD files and lists of names -> signature files.
 *
 *  1. every file is read and every mistake told; with one nothing is written
 *  2. what would be written is checked as `signatures check` does, with what is there already
 *  3. new files are completed under names of their own, then all renamed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "options.h"
#include "output/escape.h"
#include "rules/field.h"
#include "rules/import.h"
#include "rules/print.h"

#define SAFE_MAX 2048 /* of a mistake's text, escaped */

DEFINE_CLEANUP(import_free, struct import *)

struct told {
	bool json;
	uint32_t mistakes;
};

/* What files say is escaped, in safe. */
static void line_tell(const char *file, uint32_t line, const char *what, char safe[SAFE_MAX])
{
	escape_terminal(what, safe, SAFE_MAX);
	if (line)
		fprintf(stderr, "%s:%u: %s\n", file, line, safe);
	else
		fprintf(stderr, "%s: %s\n", file, safe);
}

static void mistake_tell(void *ctx, const char *file, uint32_t line, const char *what)
{
	struct told *told = ctx;
	char safe[SAFE_MAX];

	told->mistakes++;
	line_tell(file, line, what, safe);
	if (told->json)
		rules_print_mistake(file, line, safe, stdout);
}

static void dropped_tell(void *ctx, const char *file, uint32_t line, const char *what)
{
	char safe[SAFE_MAX];

	(void)ctx;
	line_tell(file, line, what, safe);
}

static bool usage_fault(const char *option, const char *value, const char *fault)
{
	if (fault)
		log_error("option --%s: '%s' %s", option, value, fault);
	return fault;
}

static enum import_format format_find(const char *text)
{
	enum import_format format = 0;

	while (format < IMPORT_FORMAT_COUNT && strcmp(text, import_format_names[format]) != 0)
		format++;
	return format;
}

/* The options' texts as what they mean; false when one makes no sense, which is told. */
static bool options_read(const struct options *o, struct import_options *out)
{
	const struct options_import *i = &o->import;

	*out = (struct import_options){.format = IMPORT_FORMAT_COUNT,
				       .namings = i->namings,
				       .naming_count = i->naming_count,
				       .citation = i->citation,
				       .date = i->date};
	if (i->format) {
		out->format = format_find(i->format);
		if (usage_fault("format", i->format,
				out->format == IMPORT_FORMAT_COUNT ? "is not csv, mud or list"
								   : NULL))
			return false;
	}
	for (size_t k = 0; k < i->naming_count; k++)
		if (usage_fault(import_field_names[i->namings[k].field], i->namings[k].text,
				import_naming_fault(&i->namings[k])))
			return false;
	if (i->citation &&
	    usage_fault("source", i->citation, text_fault(i->citation, strlen(i->citation))))
		return false;
	if (i->date && usage_fault("date", i->date, date_fault(i->date, strlen(i->date))))
		return false;
	return !usage_fault("ports", i->ports,
			    import_ports_parse(i->ports, out)
				    ? "is not as 443,tcp/8883,51000-52100, at most 8 ranges"
				    : NULL);
}

static char *path_new(const struct rules_text *text)
{
	char *path;

	return asprintf(&path, "%s.new", text->path) < 0 ? NULL : path;
}

/* Writes the text beside its place. */
static int text_write(const struct rules_text *text)
{
	CLEANUP_FREE char *path = path_new(text);
	CLEANUP_FD int fd = -1;
	size_t done = 0;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	while (done < text->len) {
		ssize_t wrote = write(fd, text->text + done, text->len - done);

		if (wrote < 0)
			return -errno;
		done += (size_t)wrote;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Puts what was written into its place. */
static int text_place(const struct rules_text *text)
{
	CLEANUP_FREE char *path = path_new(text);

	if (!path)
		return -ENOMEM;
	return rename(path, text->path) < 0 ? -errno : 0;
}

static void text_unwrite(const struct rules_text *text)
{
	CLEANUP_FREE char *path = path_new(text);

	if (path)
		unlink(path);
}

/* True when a file is in the way, which is told. */
static bool texts_in_way(const struct import_result *r)
{
	bool in_way = false;
	struct stat st;

	for (uint32_t i = 0; i < r->text_count; i++) {
		if (lstat(r->texts[i].path, &st) < 0)
			continue;
		log_error("%s is there already; --force replaces it", r->texts[i].path);
		in_way = true;
	}
	return in_way;
}

static int texts_write(const struct import_result *r, const char *dir)
{
	int rc = 0;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		log_error("cannot make the directory %s: %s", dir, strerror(errno));
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < r->text_count && !rc; i++) {
		rc = text_write(&r->texts[i]);
		if (rc < 0)
			log_error("cannot write %s: %s", r->texts[i].path, strerror(-rc));
	}
	for (uint32_t i = 0; i < r->text_count && !rc; i++) {
		rc = text_place(&r->texts[i]);
		if (rc < 0)
			log_error("cannot put %s into its place: %s", r->texts[i].path,
				  strerror(-rc));
	}
	for (uint32_t i = 0; i < r->text_count && rc; i++)
		text_unwrite(&r->texts[i]);
	return rc ? EXIT_FAILED : EXIT_DONE;
}

static int result_put(const struct options *o, const struct import_result *r)
{
	const char *dir = o->import.output;
	int status = EXIT_DONE;

	if (!dir && r->text_count > 1) {
		log_error("%u vendors make %u files: --output DIR says where", r->text_count,
			  r->text_count);
		return EXIT_USAGE;
	}
	if (dir && !o->import.force && texts_in_way(r))
		return EXIT_FAILED;
	if (dir)
		status = texts_write(r, dir);
	else
		fwrite(r->texts->text, 1, r->texts->len, stdout);
	if (status == EXIT_DONE)
		fprintf(stderr,
			"%u rules with %u domains in %u files; %u entries dropped, "
			"%u domains are generic\n",
			r->rules, r->domains, r->text_count, r->dropped, r->generic);
	return status;
}

/* Why there is no result. */
static int failure_tell(int rc, const struct import_result *r, const struct told *told)
{
	if (told->mistakes)
		fprintf(stderr, "%u mistakes, nothing is written\n", told->mistakes);
	else if (r->vendor_missing)
		log_error("a list of names says no vendor: --vendor NAME does");
	else if (rc == -ENODATA)
		log_error("no rule is left, nothing is written; %u entries dropped", r->dropped);
	else
		log_error("cannot import: %s", strerror(-rc));
	return r->vendor_missing && !told->mistakes ? EXIT_USAGE : EXIT_FAILED;
}

static int import_end(const struct options *o, struct import *im, struct told *told)
{
	struct import_result r;
	const char *unused;
	int rc = import_finish(im, o->import.output, &r);
	int status;

	unused = import_naming_unused(im);
	if (rc < 0) {
		status = failure_tell(rc, &r, told);
	} else if (unused) {
		log_error("no file has the label of '%s'", unused);
		status = EXIT_USAGE;
	} else {
		status = result_put(o, &r);
	}
	if (o->json)
		rules_print_summary(NULL, told->mistakes, stdout);
	import_result_clean(&r);
	return status;
}

int cmd_import(const struct options *o)
{
	CLEANUP(import_free_ptr) struct import *im = NULL;
	struct told told = {.json = o->json};
	struct import_options options;

	if (o->arg_count < 2) {
		log_error("signatures import needs a file");
		return EXIT_USAGE;
	}
	if (o->json && !o->import.output) {
		log_error("signatures import --json needs --output DIR");
		return EXIT_USAGE;
	}
	if (!options_read(o, &options))
		return EXIT_USAGE;
	im = import_new(&options, mistake_tell, dropped_tell, &told);
	for (int i = 1; im && i < o->arg_count; i++)
		import_file(im, o->args[i]);
	if (im)
		return import_end(o, im, &told);
	log_error("out of memory");
	return EXIT_FAILED;
}
