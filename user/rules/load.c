// SPDX-License-Identifier: GPL-2.0-or-later
/* Files and directories of signatures. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "rules/import_private.h"
#include "rules/link.h"

struct file_list {
	char *path[RULES_FILES_MAX];
	size_t count;
};

static void file_list_free(struct file_list *l)
{
	while (l->count > 0)
		free(l->path[--l->count]);
	free(l);
}

static void closedir_if(DIR *dir)
{
	closedir(dir);
}

DEFINE_CLEANUP(file_list_free, struct file_list *)
DEFINE_CLEANUP(closedir_if, DIR *)

/* Something about path as a whole. */
static void path_mistake(struct draft *d, const char *path, const char *what, int error)
{
	d->incomplete = true;
	d->report.file = path;
	if (error)
		report_mistake(&d->report, 0, "%s: %s", what, strerror(error));
	else
		report_mistake(&d->report, 0, "%s", what);
}

static int file_list_add(struct file_list *l, const char *dir, const char *file)
{
	bool slash = *dir && dir[strlen(dir) - 1] != '/';

	if (l->count == RULES_FILES_MAX)
		return -E2BIG;
	if (asprintf(&l->path[l->count], "%s%s%s", dir, slash ? "/" : "", file) < 0)
		return -ENOMEM;
	l->count++;
	return 0;
}

static int path_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_signature_file(const char *file)
{
	size_t len = strlen(file);

	return file[0] != '.' && len > 5 && !strcmp(file + len - 5, ".json");
}

/* Every *.json of the directory, by name. */
static int dir_list(const char *path, struct file_list *l)
{
	CLEANUP(closedir_if_ptr) DIR *dir = opendir(path);
	size_t first = l->count;
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -errno;
	while (!rc && (entry = readdir(dir)))
		if (is_signature_file(entry->d_name))
			rc = file_list_add(l, path, entry->d_name);
	qsort(l->path + first, l->count - first, sizeof(*l->path), path_compare);
	return rc || l->count > first ? rc : -ENOENT;
}

static int path_list(const char *path, struct file_list *l)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? dir_list(path, l) : file_list_add(l, "", path);
}

/* The file's bytes, one more than allowed when there are more; or -errno. */
static ssize_t file_read(const char *path, char buf[static RULES_FILE_BYTES_MAX + 1])
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = 0, got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + len, RULES_FILE_BYTES_MAX + 1 - (size_t)len);
		if (got < 0)
			return -errno;
		len += got;
	} while (got > 0);
	return len;
}

static void text_load(struct draft *d, const char *path, const char *text, size_t len)
{
	if (len > RULES_FILE_BYTES_MAX)
		path_mistake(d, path, "is larger than 256 KiB", 0);
	else
		draft_read(d, path, text, len);
}

static void file_load(struct draft *d, const char *path, char buf[static RULES_FILE_BYTES_MAX + 1])
{
	ssize_t len = file_read(path, buf);

	if (len < 0)
		path_mistake(d, path, "cannot be read", (int)-len);
	else
		text_load(d, path, buf, (size_t)len);
}

static int draft_finish(struct draft *d, struct rules **out)
{
	int rc = d->error ? d->error : rules_link(d, out);

	draft_clean(d);
	return rc;
}

/* Lists the files of all paths; what cannot be listed is a mistake and the first error is kept. */
static int paths_list(struct draft *d, char *const *paths, size_t count, struct file_list *l)
{
	int first = 0;

	for (size_t i = 0; i < count; i++) {
		int rc = path_list(paths[i], l);

		if (rc == -ENOENT && access(paths[i], F_OK) == 0)
			path_mistake(d, paths[i], "no signature file (*.json) is in it", 0);
		else if (rc < 0)
			path_mistake(d, paths[i], "cannot be read", -rc);
		first = first ? first : rc;
	}
	return first;
}

int rules_load_paths(char *const *paths, size_t count, rules_mistake *mistake, void *ctx,
		     struct rules **out)
{
	CLEANUP(file_list_free_ptr) struct file_list *list = calloc(1, sizeof(*list));
	CLEANUP_FREE char *buf = malloc(RULES_FILE_BYTES_MAX + 1);
	struct draft d;
	int rc, listed;

	if (!list || !buf || draft_init(&d, mistake, ctx) < 0)
		return -ENOMEM;
	listed = paths_list(&d, paths, count, list);
	for (size_t i = 0; i < list->count && !d.error; i++)
		file_load(&d, list->path[i], buf);
	rc = draft_finish(&d, out);
	return listed < 0 ? listed : rc;
}

int rules_load(const char *dir, rules_mistake *mistake, void *ctx, struct rules **out)
{
	char *path = (char *)(uintptr_t)dir; /* not written to */

	return rules_load_paths(&path, 1, mistake, ctx, out);
}

/* Lists dir's files but those that texts stand for. A directory that is not there has none. */
static int dir_list_beside(const char *dir, const struct rules_text *texts, size_t count,
			   struct file_list *l)
{
	size_t kept = 0;
	int rc = dir_list(dir, l);

	for (size_t i = 0; i < l->count; i++) {
		bool stood_for = false;

		for (size_t k = 0; k < count; k++)
			stood_for |= !strcmp(l->path[i], texts[k].path);
		if (stood_for)
			free(l->path[i]);
		else
			l->path[kept++] = l->path[i];
	}
	l->count = kept;
	return rc == -ENOENT ? 0 : rc;
}

int rules_load_beside(const char *dir, const struct rules_text *texts, size_t count,
		      struct report *report, struct rules **out)
{
	CLEANUP(file_list_free_ptr) struct file_list *list = calloc(1, sizeof(*list));
	CLEANUP_FREE char *buf = malloc(RULES_FILE_BYTES_MAX + 1);
	struct draft d;
	int rc;

	if (!list || !buf || draft_init(&d, report->sink, report->ctx) < 0)
		return -ENOMEM;
	rc = dir ? dir_list_beside(dir, texts, count, list) : 0;
	if (rc < 0)
		path_mistake(&d, dir, "cannot be read", -rc);
	for (size_t i = 0; i < list->count && !d.error; i++)
		file_load(&d, list->path[i], buf);
	for (size_t i = 0; i < count && !d.error; i++)
		text_load(&d, texts[i].path, texts[i].text, texts[i].len);
	return draft_finish(&d, out);
}

int rules_load_text(const char *file, const char *text, size_t text_len, rules_mistake *mistake,
		    void *ctx, struct rules **out)
{
	struct draft d;

	if (draft_init(&d, mistake, ctx) < 0)
		return -ENOMEM;
	text_load(&d, file, text, text_len);
	return draft_finish(&d, out);
}
