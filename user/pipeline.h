/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages and their order: the only place that knows both. */
#ifndef HAYRAKE_PIPELINE_H
#define HAYRAKE_PIPELINE_H

#include "base/addr.h"
#include "facts/facts.h"
#include "input/input.h"
#include "output/output.h"
#include "query.h"
#include "saved.h"

struct pipeline_config {
	const char *signatures; /* directory */
	uint32_t threshold;     /* thousandths; 0: not given */
	uint32_t window_s;
	uint32_t sample; /* 1 in this many */
	uint64_t seed;
	bool established;
	bool names; /* hosts are asked for nothing, but what they say in DHCP and mDNS is read */
	const char *const *oui; /* files of MAC vendors, borrowed */
	size_t oui_count;       /* 0: those that are installed */
	bool live; /* packets are counted in the kernel; frames are copies of DNS packets */
	enum profile profile;
	enum subject_kind subject;
	const struct prefix *local; /* borrowed */
	size_t local_count;
	const struct facts_files *facts; /* borrowed; NULL: none */
	bool regroup; /* domain groups by the addresses seen */
	detection_sink *detection; /* may be NULL */
	usage_sink *usage;         /* may be NULL */
	void *ctx;
};

struct pipeline;

/* 0 or -errno after telling what is wrong (each mistake of the signatures with file and line). */
int pipeline_open(struct pipeline **out, const struct pipeline_config *config);
void pipeline_close(struct pipeline *p);

/* Sinks for an input; ctx is the pipeline. */
struct input_sink pipeline_sink(struct pipeline *p);

/* Mirrors the backend map into x from now on, and joins what x knows of this machine. */
void pipeline_set_live(struct pipeline *p, struct xdp_input *x);

/* Windows and lifetimes as of now. Live: after each drain; replay does it by the packets' time. */
void pipeline_expire(struct pipeline *p, int64_t now_ns);

/* A saved state was restored: looks at what it holds once, with the groups that it makes. */
void pipeline_restored(struct pipeline *p, int64_t now_ns);
/* The input has ended: what waits for more of it is told as far as it is sure. */
void pipeline_end(struct pipeline *p);

/*
 * For active resolution: the signatures' names by number, NULL behind the last; an answer that no
 * client asked for; and a question without one. ctx is the pipeline.
 */
const char *pipeline_name(void *ctx, uint32_t number);
void pipeline_resolved(void *ctx, const struct dns_answer *answer);
void pipeline_unresolved(void *ctx);

/* Loads the signatures again; when they have mistakes the running ones stay. */
int pipeline_reload(struct pipeline *p);

/*
 * For control_open() and cmd_show; members that only a live instance has are the caller's to set.
 */
struct query_source pipeline_query(struct pipeline *p);
/* Borrowed from p. */
struct saved pipeline_saved(struct pipeline *p, const char *path);
struct output_names pipeline_names(struct pipeline *p);
const struct counts *pipeline_counts(const struct pipeline *p);
uint64_t pipeline_evidence(const struct pipeline *p);
/* Rises with everything that a saved state would have and the last one had not. */
uint64_t pipeline_changes(const struct pipeline *p);

#endif
