// SPDX-License-Identifier: GPL-2.0-or-later
/* hayrake replay FILE ...: captures in, detections and a summary out. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "input/pcap.h"
#include "options.h"
#include "pipeline.h"

#define BAR_WIDTH 40

struct replay {
	struct output *output;
	const char *file; /* being read, for the progress bar */
	uint64_t detections;
};

static void detection_print(void *ctx, const struct detection *d)
{
	struct replay *r = ctx;

	r->detections += d->event == DETECTION_NEW;
	output_detection(r->output, d);
}

static void usage_print(void *ctx, const struct usage_row *row)
{
	output_usage(((struct replay *)ctx)->output, row);
}

static void row_print(void *ctx, struct json_object *row)
{
	output_row(((struct replay *)ctx)->output, row);
}

/* What regrouping made of the rules, where that was asked for. */
static void groups_print(struct replay *r, struct pipeline *p)
{
	struct query_source query = pipeline_query(p);

	if (infer_groups(query.infer))
		query_groups(&query, row_print, r);
}

static void progress_draw(void *ctx, uint64_t done, uint64_t total)
{
	const struct replay *r = ctx;
	int filled = total ? (int)(done * BAR_WIDTH / total) : 0;

	fprintf(stderr, "\r%.*s%*s %3d %%  %s", filled, "########################################",
		BAR_WIDTH - filled, "", total ? (int)(done * 100 / total) : 0, r->file);
	if (done >= total)
		fprintf(stderr, "\r\033[K");
}

/* Reads one file; false after a sentence when it is damaged. */
static bool file_replay(struct replay *r, const char *path, const struct input_sink *sink)
{
	struct pcap_progress progress = {r, progress_draw};
	char error[256];
	int err;

	r->file = path;
	err = pcap_read(path, sink, isatty(STDERR_FILENO) ? &progress : NULL, error);
	if (err)
		log_error("%s", error);
	return !err;
}

static int files_check(const struct options *o)
{
	for (int i = 0; i < o->arg_count; i++) {
		if (!strcmp(o->args[i], "-") || !access(o->args[i], R_OK))
			continue;
		log_error("%s: %s", o->args[i], strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

DEFINE_CLEANUP(pipeline_close, struct pipeline *)

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

int cmd_replay(const struct options *o)
{
	struct replay r = {0};
	struct pipeline_config config = {
		.signatures = o->signatures,
		.threshold = o->threshold,
		.window_s = o->window_s,
		.sample = o->xdp.sample,
		.seed = o->seed,
		.established = o->established,
		.names = o->xdp.names,
		.oui = o->oui,
		.oui_count = o->oui_count,
		.regroup = o->regroup,
		.profile = o->xdp.profile,
		.subject = o->xdp.subject,
		.local = o->xdp.local,
		.local_count = o->xdp.local_count,
		.facts = &o->facts,
		.detection = detection_print,
		.usage = usage_print,
		.ctx = &r,
	};
	struct pipeline *p CLEANUP(pipeline_close_ptr) = NULL;
	struct input_sink sink;
	struct output_names names;
	struct summary summary = {.source = "replay", .sampling = o->xdp.sample};
	struct timespec start;
	bool good = true;

	if (!o->arg_count) {
		log_error("replay needs at least one file; `hayrake replay --help` says more");
		return EXIT_USAGE;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (pipeline_open(&p, &config))
		return EXIT_FAILED;
	if (o->check_only)
		return files_check(o);
	names = pipeline_names(p);
	r.output = output_new(o->json ? OUTPUT_JSON : OUTPUT_TEXT, stdout, &names);
	if (!r.output) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	sink = pipeline_sink(p);
	for (int i = 0; i < o->arg_count; i++, summary.files++)
		good &= file_replay(&r, o->args[i], &sink);
	pipeline_end(p);
	groups_print(&r, p);
	summary.seconds = seconds_since(&start);
	summary.evidence = pipeline_evidence(p);
	summary.detections = r.detections;
	output_summary(r.output, &summary, pipeline_counts(p));
	if (output_end(r.output))
		good = false;
	return good ? EXIT_DONE : EXIT_FAILED;
}
