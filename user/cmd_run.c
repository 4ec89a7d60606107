// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hayrake run -i IFACE ...: live traffic in, detections out, until SIGINT or SIGTERM.
 *  1. stages, saved state, kernel programs, control socket
 *  2. one event loop: DNS copies, drains, requests, signals
 *  3. a last drain, detach, save
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "control.h"
#include "options.h"
#include "pipeline.h"
#include "resolve.h"

struct instance {
	const struct options *options;
	struct event_base *base;
	struct event *signals[3];
	struct pipeline *pipeline;
	struct xdp_input *xdp;
	struct control *control;
	struct resolve *resolve;
	struct output *output;
	struct query_source query;
	int64_t started_ns;
	int lock;               /* of the state file; negative: none */
	uint64_t saved_changes; /* pipeline_changes() of the last saved state */
};

static int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void detection_print(void *ctx, const struct detection *d)
{
	struct instance *in = ctx;

	output_detection(in->output, d);
	fflush(stdout);
}

static void usage_print(void *ctx, const struct usage_row *row)
{
	struct instance *in = ctx;

	output_usage(in->output, row);
	fflush(stdout);
}

/* Brings the shared counts up to date with the kernel's. */
static void counts_refresh(void *ctx)
{
	struct instance *in = ctx;

	xdp_counters(in->xdp, pipeline_sink(in->pipeline).counts);
}

static int64_t resolution_now(void *ctx)
{
	(void)ctx;
	return clock_now();
}

static int64_t query_now(void *ctx)
{
	(void)ctx;
	return clock_now();
}

static size_t query_points(void *ctx, struct xdp_status *out, size_t max)
{
	return xdp_status(((struct instance *)ctx)->xdp, out, max);
}

static size_t query_maps(void *ctx, struct xdp_map_status *out, size_t max)
{
	return xdp_maps(((struct instance *)ctx)->xdp, out, max);
}

static void state_save(struct instance *in, bool running)
{
	struct saved saved = pipeline_saved(in->pipeline, in->options->state);

	if (!saved.path || (running && in->saved_changes == pipeline_changes(in->pipeline)))
		return;
	if (!saved_store(&saved, running, clock_now()))
		in->saved_changes = pipeline_changes(in->pipeline);
}

/* What a user said is kept at once; evidence can wait for the next drain. */
static int labels_keep(void *ctx, char error[static 256])
{
	struct instance *in = ctx;
	struct saved saved = pipeline_saved(in->pipeline, in->options->state);
	int err;

	if (!saved.path) {
		snprintf(error, 256, "this holds until the instance ends: it has no --state file");
		return -ENOENT;
	}
	err = saved_store(&saved, true, clock_now());
	if (err)
		snprintf(error, 256, "done, but %s cannot be saved: %s", saved.path,
			 strerror(-err));
	return err;
}

/* The stages as they are now: a reload replaces the rules. */
static void query_update(struct instance *in)
{
	in->query = pipeline_query(in->pipeline);
	in->query.started_ns = in->started_ns;
	in->query.ctx = in;
	in->query.now = query_now;
	in->query.refresh = counts_refresh;
	in->query.points = query_points;
	in->query.maps = query_maps;
	in->query.keep = labels_keep;
}

/* A file that another process keeps its state in would be overwritten by turns. */
static int state_take(struct instance *in)
{
	const char *path = in->options->state;

	in->lock = path ? state_lock(path) : -1;
	if (in->lock != -EWOULDBLOCK)
		return 0; /* what else failed, saving will tell */
	log_error("another instance keeps its state in %s; give this one its own --state", path);
	return in->lock;
}

static void state_load(struct instance *in)
{
	struct saved saved = pipeline_saved(in->pipeline, in->options->state);
	struct state_report report;

	if (saved.path && !saved_load(&saved, &report))
		pipeline_restored(in->pipeline, report.header.saved_ns);
}

static void drained(void *ctx, int64_t now_ns)
{
	struct instance *in = ctx;

	pipeline_expire(in->pipeline, now_ns);
	state_save(in, true);
}

static void signal_stop(evutil_socket_t sig, short what, void *ctx)
{
	struct instance *in = ctx;

	(void)what;
	log_debug("signal %d: stopping", (int)sig);
	event_base_loopbreak(in->base);
}

static void signal_reload(evutil_socket_t sig, short what, void *ctx)
{
	struct instance *in = ctx;

	(void)sig;
	(void)what;
	pipeline_reload(in->pipeline);
	query_update(in);
}

static int signals_watch(struct instance *in)
{
	static const struct {
		int sig;
		event_callback_fn call;
	} rows[] = {{SIGINT, signal_stop}, {SIGTERM, signal_stop}, {SIGHUP, signal_reload}};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		in->signals[i] = evsignal_new(in->base, rows[i].sig, rows[i].call, in);
		if (!in->signals[i] || event_add(in->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static void instance_close(struct instance *in)
{
	control_close(in->control);
	resolve_close(in->resolve);
	if (in->xdp) {
		counts_refresh(in);
		xdp_close(in->xdp);
		pipeline_set_live(in->pipeline, NULL);
		state_save(in, false);
	}
	if (in->output)
		output_end(in->output);
	pipeline_close(in->pipeline);
	for (size_t i = 0; i < sizeof(in->signals) / sizeof(*in->signals); i++)
		if (in->signals[i])
			event_free(in->signals[i]);
	if (in->base)
		event_base_free(in->base);
	if (in->lock >= 0)
		close(in->lock);
}

/* Everything but the kernel programs. */
static int stages_open(struct instance *in)
{
	const struct options *o = in->options;
	struct pipeline_config config = {
		.signatures = o->signatures,
		.threshold = o->threshold,
		.window_s = o->window_s,
		.sample = o->xdp.sample,
		.established = o->established,
		.regroup = o->regroup,
		.live = true,
		.names = o->xdp.names,
		.oui = o->oui,
		.oui_count = o->oui_count,
		.profile = o->xdp.profile,
		.subject = o->xdp.subject,
		.local = o->xdp.local,
		.local_count = o->xdp.local_count,
		.facts = &o->facts,
		.detection = detection_print,
		.usage = usage_print,
		.ctx = in,
	};
	struct output_names names;
	int err = pipeline_open(&in->pipeline, &config);

	if (err)
		return err;
	names = pipeline_names(in->pipeline);
	in->output = output_new(o->json ? OUTPUT_JSON : OUTPUT_TEXT, stdout, &names);
	in->base = event_base_new();
	if (!in->output || !in->base || signals_watch(in)) {
		log_error("out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int resolution_open(struct instance *in)
{
	struct resolve_config config = {
		.server = in->options->resolve,
		.ctx = in->pipeline,
		.name = pipeline_name,
		.answer = pipeline_resolved,
		.failed = pipeline_unresolved,
		.now = resolution_now,
	};
	char error[256];
	int err = resolve_open(&in->resolve, in->base, &config, error);

	if (err)
		log_error("%s", error);
	return err;
}

static int live_open(struct instance *in)
{
	const struct options *o = in->options;
	struct input_sink sink = pipeline_sink(in->pipeline);
	char error[256];
	int err = state_take(in);

	if (err)
		return err;
	err = xdp_open(&in->xdp, &o->xdp, in->base, &sink, error);
	if (err) {
		log_error("%s", error);
		return err;
	}
	pipeline_set_live(in->pipeline, in->xdp);
	xdp_set_drained(in->xdp, drained, in);
	state_load(in);
	pipeline_expire(in->pipeline, clock_now());
	query_update(in);
	if (o->resolve && (err = resolution_open(in)))
		return err;
	err = control_open(&in->control, in->base, o->socket, o->socket_group, &in->query, error);
	if (err)
		log_error("%s", error);
	return err;
}

static void points_tell(const struct instance *in)
{
	struct xdp_status rows[XDP_STATUS_MAX];
	size_t count = xdp_status(in->xdp, rows, XDP_STATUS_MAX);

	for (size_t i = 0; i < count; i++)
		log_info("watching %s (%s) by %s%s%s", rows[i].ifname,
			 rows[i].role == ROLE_LAN ? "lan" : "wan", rows[i].mode,
			 *rows[i].reason ? ": " : "", rows[i].reason);
}

static int left_remove(const struct options *o)
{
	char error[256];
	int removed = xdp_detach_left(&o->xdp, error);

	if (removed < 0) {
		log_error("%s", error);
		return EXIT_FAILED;
	}
	log_info("removed %d program%s that an earlier instance left", removed,
		 removed == 1 ? "" : "s");
	return EXIT_DONE;
}

static int instance_run(struct instance *in)
{
	if (stages_open(in))
		return EXIT_FAILED;
	if (in->options->check_only) {
		char error[256];

		if (!xdp_check(&in->options->xdp, error))
			return EXIT_DONE;
		log_error("%s", error);
		return EXIT_FAILED;
	}
	if (live_open(in))
		return EXIT_FAILED;
	points_tell(in);
	if (event_base_dispatch(in->base) < 0) {
		log_error("the event loop failed");
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int cmd_run(const struct options *o)
{
	struct instance in = {.options = o, .started_ns = clock_now(), .lock = -1};
	int status;

	if (o->arg_count) {
		log_error("unexpected argument '%s'; `hayrake run --help` says more", o->args[0]);
		return EXIT_USAGE;
	}
	if (o->detach)
		return left_remove(o);
	if (!o->xdp.point_count) {
		log_error("run needs an interface: -i IFACE; `hayrake run --help` says more");
		return EXIT_USAGE;
	}
	status = instance_run(&in);
	instance_close(&in);
	return status;
}
