/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pipeline's stages to and from the state file. */
#ifndef HAYRAKE_SAVED_H
#define HAYRAKE_SAVED_H

#include "dns/backend.h"
#include "evidence/evidence.h"
#include "infer/infer.h"
#include "infer/usage.h"
#include "names/heard.h"
#include "names/labels.h"
#include "rules/rules.h"
#include "state/state.h"

struct saved {
	const char *path;
	const struct rules *rules;
	struct backend_map *backends;
	struct evidence_store *evidence;
	struct infer *infer;
	struct usage *usage;
	struct labels *labels;
	struct heard *heard; /* NULL: names are neither read nor kept */
	struct counts *counts; /* STATE_LINES_BAD, STATE_FAILED */
};

/*
 * Saves everything; running says that it is not the clean end. Says what failed (once until it
 * works again), counts STATE_FAILED and gives -errno.
 */
int saved_store(const struct saved *s, bool running, int64_t now_ns);

/*
 * Restores what the file has and says so: how many of what, damaged lines, and that the last
 * instance was killed. 0, -ENOENT without a file (silent), or -errno after one sentence; then
 * nothing was restored.
 */
int saved_load(const struct saved *s, struct state_report *report);
/* The same without a word but for damaged lines. */
int saved_read(const struct saved *s, struct state_report *report);

/*
 * Puts s's labels into its file in place of those there, and leaves the other lines as they are;
 * header is the file's. 0 or -errno.
 */
int saved_relabel(const struct saved *s, const struct state_header *header);

#endif
