// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <grp.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"

#define CONTROL_MODE 0660
#define ACCEPT_PAUSE_S 1

struct client {
	struct control *control;
	struct bufferevent *bev; /* NULL: the place is free */
	struct event *deadline;
};

struct control {
	struct event_base *base;
	const struct query_source *query;
	struct evconnlistener *listener;
	struct event *resume; /* ends the pause after accept failed */
	char *path;
	struct client clients[CONTROL_CLIENTS_MAX];
};

static void client_close(struct client *c)
{
	if (c->bev)
		bufferevent_free(c->bev);
	if (c->deadline)
		event_free(c->deadline);
	*c = (struct client){.control = c->control};
}

/* --- answering -------------------------------------------------------------------------------- */

static void row_send(void *ctx, struct json_object *row)
{
	evbuffer_add_printf(ctx, "%s\n",
			    json_object_to_json_string_ext(
				    row, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void error_send(struct evbuffer *out, const char *message)
{
	evbuffer_add_printf(out, "{\"event\":\"error\",\"message\":\"%s\"}\n", message);
}

static void client_drained(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	client_close(ctx);
}

static void client_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	(void)what;
	client_close(ctx);
}

static void client_deadline(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	log_debug("control socket: a client took too long");
	client_close(ctx);
}

/* One request, then only the answer is left to send. */
static void client_readable(struct bufferevent *bev, void *ctx)
{
	struct client *c = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer *out = bufferevent_get_output(bev);
	size_t line_len;
	CLEANUP_FREE char *line = evbuffer_readln(in, &line_len, EVBUFFER_EOL_LF);

	if (!line && evbuffer_get_length(in) < QUERY_MAX)
		return;
	bufferevent_disable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, client_drained, client_event, c);
	if (!line || line_len >= QUERY_MAX)
		error_send(out, "the request is too long");
	else if (strlen(line) != line_len)
		error_send(out, "the request is no text");
	else
		query_run(c->control->query, line, row_send, out);
}

/* --- clients ---------------------------------------------------------------------------------- */

static struct client *client_free_place(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (!control->clients[i].bev)
			return &control->clients[i];
	return NULL;
}

static void client_refuse(evutil_socket_t fd)
{
	static const char busy[] = "{\"event\":\"error\",\"message\":\"too many clients\"}\n";

	if (send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control socket: a client was refused without a word");
	close(fd);
}

static void client_accept(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *addr, int addr_len, void *ctx)
{
	struct control *control = ctx;
	struct client *c = client_free_place(control);
	struct timeval limit = {.tv_sec = CONTROL_TIMEOUT_S};

	(void)listener;
	(void)addr;
	(void)addr_len;
	if (!c) {
		client_refuse(fd);
		return;
	}
	c->control = control;
	c->bev = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev) {
		close(fd);
		return;
	}
	c->deadline = evtimer_new(control->base, client_deadline, c);
	if (!c->deadline || event_add(c->deadline, &limit)) {
		client_close(c);
		return;
	}
	bufferevent_setcb(c->bev, client_readable, NULL, client_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* Out of descriptors, mostly: accept again later, not in a busy loop. */
static void accept_failed(struct evconnlistener *listener, void *ctx)
{
	struct control *control = ctx;
	struct timeval pause = {.tv_sec = ACCEPT_PAUSE_S};

	log_debug("control socket: accept failed: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(control->resume, &pause);
}

static void accept_resume(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(((struct control *)ctx)->listener);
}

/* --- the socket ------------------------------------------------------------------------------- */

static int path_set(const char *path, struct sockaddr_un *sun, char error[static 256])
{
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof(sun->sun_path)) {
		snprintf(error, 256, "%.100s: a socket's path has 1 to %zu characters", path,
			 sizeof(sun->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(sun->sun_path, path);
	return 0;
}

/* Makes way: removes a socket that nobody answers, and nothing else. */
static int path_clear(const struct sockaddr_un *sun, char error[static 256])
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(sun->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(error, 256, "%s is in the way: it is no socket", sun->sun_path);
		return -EEXIST;
	}
	if (fd < 0 || !connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ||
	    errno == EAGAIN) {
		snprintf(error, 256,
			 "another instance answers at %s; give this one its own "
			 "--socket",
			 sun->sun_path);
		return -EADDRINUSE;
	}
	if (errno != ECONNREFUSED || unlink(sun->sun_path)) {
		snprintf(error, 256, "cannot replace %s: %s", sun->sun_path, strerror(errno));
		return -EEXIST;
	}
	return 0;
}

static int path_chgrp(const char *path, const char *name, char error[static 256])
{
	const struct group *group = getgrnam(name);

	if (!group) {
		snprintf(error, 256, "no group '%.100s' for the socket %s", name, path);
		return -ENOENT;
	}
	if (chown(path, (uid_t)-1, group->gr_gid)) {
		snprintf(error, 256, "cannot give %s to group %.100s: %s", path, name,
			 strerror(errno));
		return -EPERM;
	}
	return 0;
}

/* A listening descriptor, or -errno. */
static int socket_open(const struct sockaddr_un *sun, const char *group, char error[static 256])
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask((mode_t)~CONTROL_MODE & 0777);
	int err = fd < 0 || bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) ? -errno : 0;

	umask(mask);
	if (err) {
		snprintf(error, 256, "cannot open the socket %s: %s", sun->sun_path,
			 strerror(-err));
		return err;
	}
	if (group)
		err = path_chgrp(sun->sun_path, group, error);
	if (!err && listen(fd, CONTROL_CLIENTS_MAX)) {
		err = -errno;
		snprintf(error, 256, "cannot listen at %s: %s", sun->sun_path, strerror(-err));
	}
	if (err) {
		unlink(sun->sun_path);
		return err;
	}
	return TAKE_FD(fd);
}

DEFINE_CLEANUP(control_close, struct control *)

static int control_start(struct control *c, int fd)
{
	c->listener = evconnlistener_new(c->base, client_accept, c,
					 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!c->listener) {
		close(fd);
		return -ENOMEM;
	}
	c->resume = evtimer_new(c->base, accept_resume, c);
	if (!c->resume)
		return -ENOMEM;
	evconnlistener_set_error_cb(c->listener, accept_failed);
	return 0;
}

int control_open(struct control **out, struct event_base *base, const char *path,
		 const char *group, const struct query_source *query, char error[static 256])
{
	struct control *c CLEANUP(control_close_ptr) = calloc(1, sizeof(*c));
	struct sockaddr_un sun;
	int err, fd;

	snprintf(error, 256, "out of memory");
	if (!c)
		return -ENOMEM;
	c->base = base;
	c->query = query;
	err = path_set(path, &sun, error);
	if (!err)
		err = path_clear(&sun, error);
	if (err)
		return err;
	fd = socket_open(&sun, group, error);
	if (fd < 0)
		return fd;
	c->path = strdup(path);
	err = control_start(c, fd);
	if (err || !c->path) {
		unlink(path);
		snprintf(error, 256, "out of memory");
		return -ENOMEM;
	}
	*out = TAKE_PTR(c);
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		client_close(&c->clients[i]);
	if (c->listener)
		evconnlistener_free(c->listener);
	if (c->resume)
		event_free(c->resume);
	if (c->path)
		unlink(c->path);
	free(c->path);
	free(c);
}
