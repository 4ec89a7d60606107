// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "output/output.h"
#include "pipeline.h"

#define ANSWER_TIMEOUT_S 30

/* Where the rows of an answer go. */
struct answer {
	struct output *output;
	uint64_t rows;
	bool ended;
	bool failed; /* the answer was an error, and that was told */
};

static const char *row_member(struct json_object *row, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(row, key));

	return text ? text : "";
}

static void answer_row(void *ctx, struct json_object *row)
{
	struct answer *a = ctx;
	const char *event = row_member(row, "event");

	if (!strcmp(event, "end")) {
		a->ended = true;
	} else if (!strcmp(event, "warning")) {
		log_warn("%s", row_member(row, "message"));
	} else if (!strcmp(event, "error")) {
		log_error("%s", row_member(row, "message"));
		a->failed = true;
	} else {
		a->rows++;
		output_row(a->output, row);
	}
}

/* --- the running instance --------------------------------------------------------------------- */

static int socket_connect(const char *path)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = ANSWER_TIMEOUT_S};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	return TAKE_FD(fd);
}

static FILE *request_send(const char *path, const char *request)
{
	CLEANUP_FD int fd = socket_connect(path);
	FILE *file;

	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		log_error("no instance answers at %s; is `hayrake run` running?", path);
		return NULL;
	}
	if (fd < 0) {
		log_error("cannot ask the instance at %s: %s", path, strerror(-fd));
		return NULL;
	}
	if (dprintf(fd, "%s\n", request) < 0) {
		log_error("cannot ask the instance at %s: %s", path, strerror(errno));
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file)
		TAKE_FD(fd);
	return file;
}

static int socket_ask(const struct options *o, const char *request, struct answer *a)
{
	CLEANUP_FILE FILE *file = request_send(o->socket, request);
	CLEANUP_FREE char *line = NULL;
	size_t line_max = 0;

	if (!file)
		return EXIT_FAILED;
	while (getline(&line, &line_max, file) > 0) {
		struct json_object *row = json_tokener_parse(line);

		if (row)
			answer_row(a, row);
		json_object_put(row);
	}
	if (!a->ended && !a->failed) {
		log_error("the instance at %s did not answer to the end", o->socket);
		return EXIT_FAILED;
	}
	return a->failed ? EXIT_FAILED : EXIT_DONE;
}

/* --- a state file ----------------------------------------------------------------------------- */

DEFINE_CLEANUP(pipeline_close, struct pipeline *)

/* A state file being asked. */
struct asked {
	const char *path;
	struct pipeline *pipeline;
	struct state_report report;
};

static int64_t saved_now(void *ctx)
{
	return ((const struct asked *)ctx)->report.header.saved_ns;
}

static int saved_keep(void *ctx, char error[static 256])
{
	const struct asked *a = ctx;
	struct saved saved = pipeline_saved(a->pipeline, a->path);
	CLEANUP_FD int lock = state_lock(a->path);
	int err = lock < 0 ? lock : saved_relabel(&saved, &a->report.header);

	if (err == -EWOULDBLOCK)
		snprintf(error, 256, "an instance keeps its state in %s: ask it, without --state",
			 a->path);
	else if (err)
		snprintf(error, 256, "cannot save the state to %s: %s", a->path, strerror(-err));
	return err;
}

static int state_load(struct asked *a)
{
	struct saved saved = pipeline_saved(a->pipeline, a->path);
	int err = saved_read(&saved, &a->report);

	if (err == -EBADMSG)
		log_error("%s is no complete state file", a->path);
	else if (err)
		log_error("cannot read the state from %s: %s", a->path, strerror(-err));
	else
		pipeline_restored(a->pipeline, a->report.header.saved_ns);
	return err;
}

static int state_ask(const struct options *o, const char *request, struct answer *a)
{
	struct pipeline_config config = {
		.signatures = o->signatures,
		.threshold = o->threshold,
		.window_s = o->window_s,
		.sample = 1,
		.established = o->established,
		.names = true,
		.regroup = o->regroup,
		.profile = PROFILE_EDGE,
		.subject = o->xdp.subject,
	};
	struct pipeline *p CLEANUP(pipeline_close_ptr) = NULL;
	struct asked asked = {.path = o->state};
	struct query_source query;

	if (pipeline_open(&p, &config))
		return EXIT_FAILED;
	asked.pipeline = p;
	if (state_load(&asked))
		return EXIT_FAILED;
	query = pipeline_query(p);
	query.origin = "state";
	query.sampling = 0;
	query.ctx = &asked;
	query.now = saved_now;
	query.keep = saved_keep;
	query_run(&query, request, answer_row, a);
	return a->failed ? EXIT_FAILED : EXIT_DONE;
}

int ask(const struct options *o, const char *request)
{
	struct answer a = {.output =
				   output_new(o->json ? OUTPUT_JSON : OUTPUT_TEXT, stdout, NULL)};
	int status, err;

	if (!a.output) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	status = o->state ? state_ask(o, request, &a) : socket_ask(o, request, &a);
	err = output_end(a.output);
	if (err) {
		log_error("cannot write the answer: %s", strerror(-err));
		return EXIT_FAILED;
	}
	if (status == EXIT_DONE && !a.rows && !o->json)
		log_info("nothing yet");
	return status;
}
