// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/control.c user/query.c user/query_stats.c user/query_explain.c user/query_label.c user/query_groups.c user/names/[a-z]*.c user/output/rows.c user/output/escape.c user/infer/infer.c user/infer/usage.c user/infer/hits.c user/infer/groups.c user/infer/region.c user/infer/standing.c user/infer/aging.c user/infer/explain.c user/infer/confidence.c user/evidence/evidence.c user/evidence/report.c user/evidence/pool.c user/rules/[a-z]*.c user/dns/backend*.c user/dns/cloud.c user/dns/slots.c user/dns/name.c user/base/[a-z]*.c */
/* The control socket: who gets one, who gets an answer, and who is sent away. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "control.h"
#include "query_fixture.h"

struct server {
	struct home *home;
	struct event_base *base;
	struct control *control;
	char dir[64];
	char path[96];
	char error[256];
};

static int server_make(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->home = home_new();
	s->base = event_base_new();
	strcpy(s->dir, "/tmp/hayrake-control-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	*state = s;
	return 0;
}

static int server_clean(void **state)
{
	struct server *s = *state;

	control_close(s->control);
	event_base_free(s->base);
	home_free(s->home);
	unlink(s->path);
	assert_int_equal(rmdir(s->dir), 0);
	free(s);
	return 0;
}

static int server_open(struct server *s)
{
	return control_open(&s->control, s->base, s->path, NULL, &s->home->query, s->error);
}

static int client_open(const struct server *s)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sun.sun_path, s->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void client_send(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* Runs the server until it closes the connection; what it said by then, to be freed. */
static char *client_read(struct server *s, int fd)
{
	char *text = calloc(1, 1 << 16);
	size_t len = 0;

	assert_non_null(text);
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		event_base_loop(s->base, EVLOOP_NONBLOCK);
		if (poll(&p, 1, 10) == 0)
			continue;
		n = recv(fd, text + len, (1 << 16) - 1 - len, 0);
		if (n <= 0)
			return text;
		len += (size_t)n;
	}
}

static void expect(struct server *s, const void *request, size_t len, const char *part)
{
	CLEANUP_FD int fd = client_open(s);
	CLEANUP_FREE char *text = NULL;

	client_send(fd, request, len);
	text = client_read(s, fd);
	if (!strstr(text, part))
		fail_msg("no %s in '%s'", part, text);
}

#define EXPECT(s, request, part) expect(s, request, sizeof(request) - 1, part)

static void test_answers_in_lines(void **state)
{
	struct server *s = *state;
	struct stat st;

	assert_int_equal(server_open(s), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	EXPECT(s, "show detections\n",
	       "\n{\"event\":\"end\",\"request\":\"show detections\","
	       "\"rows\":1}\n");
	EXPECT(s, "explain 192.168.1.10\n", "{\"event\":\"explanation\"");
	EXPECT(s, "show stats\nshow subjects\n", "\"request\":\"show stats\"");
}

static void test_bad_requests(void **state)
{
	char big[QUERY_MAX * 4];
	struct server *s = *state;

	assert_int_equal(server_open(s), 0);
	memset(big, 'x', sizeof(big));
	EXPECT(s, "nonsense\n", "{\"event\":\"error\",\"message\":\"not a request");
	EXPECT(s, "\n", "{\"event\":\"error\"");
	EXPECT(s, "show\0 stats\n", "the request is no text");
	EXPECT(s, "\xff\xfe \"\\\n", "{\"event\":\"error\"");
	expect(s, big, QUERY_MAX, "the request is too long");
	expect(s, big, sizeof(big), "the request is too long");
	big[QUERY_MAX] = '\n';
	expect(s, big, QUERY_MAX + 1, "the request is too long");
	EXPECT(s, "show stats\n", "\"event\":\"end\""); /* and goes on serving */
}

static void test_request_in_pieces(void **state)
{
	static const char request[] = "show subjects\n";
	struct server *s = *state;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = -1;

	assert_int_equal(server_open(s), 0);
	fd = client_open(s);
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		client_send(fd, request + i, 1);
		event_base_loop(s->base, EVLOOP_NONBLOCK);
	}
	text = client_read(s, fd);
	assert_non_null(strstr(text, "\"rows\":2}"));
}

/* Clients that leave early, before or after asking, take nothing with them. */
static void test_clients_that_leave(void **state)
{
	struct server *s = *state;

	assert_int_equal(server_open(s), 0);
	for (int i = 0; i < CONTROL_CLIENTS_MAX * 3; i++) {
		int fd = client_open(s);

		if (i % 3)
			client_send(fd, "show stats\n", i % 3 == 1 ? 5 : 11);
		if (i % 2)
			event_base_loop(s->base, EVLOOP_NONBLOCK);
		close(fd);
		for (int k = 0; k < 5; k++)
			event_base_loop(s->base, EVLOOP_NONBLOCK);
	}
	EXPECT(s, "show stats\n", "\"event\":\"end\"");
}

static void test_clients_are_bounded(void **state)
{
	struct server *s = *state;
	int fds[CONTROL_CLIENTS_MAX];

	assert_int_equal(server_open(s), 0);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = client_open(s);
		event_base_loop(s->base, EVLOOP_NONBLOCK);
	}
	EXPECT(s, "", "{\"event\":\"error\",\"message\":\"too many clients\"}");
	close(fds[0]);
	for (int k = 0; k < 5; k++)
		event_base_loop(s->base, EVLOOP_NONBLOCK);
	EXPECT(s, "show stats\n", "\"event\":\"end\"");
	for (int i = 1; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

/* One that says nothing, and one that does not read its long answer: both are closed in the end. */
static void test_slow_clients_are_closed(void **state)
{
	struct server *s = *state;
	CLEANUP_FD int silent = -1;
	CLEANUP_FD int lazy = -1;
	CLEANUP_FREE char *text = NULL;
	char some[64];
	int small = 1;

	for (uint32_t i = 0; i < 5000; i++) {
		const uint8_t mac[6] = {2, 9, 9, 9, (uint8_t)(i >> 8), (uint8_t)i};
		struct subject subject = subject_from_mac(mac);
		struct addr a = home_addr("192.168.9.9");

		evidence_address(s->home->evidence, &subject, &a, HOME_NOW);
	}
	assert_int_equal(server_open(s), 0);
	lazy = client_open(s);
	assert_int_equal(setsockopt(lazy, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	client_send(lazy, "show subjects\n", 14);
	silent = client_open(s);
	text = client_read(s, silent);
	assert_string_equal(text, "");
	event_base_loop(s->base, EVLOOP_NONBLOCK);
	/* What had been sent can be read, the rest is gone, and so is the connection. */
	for (ssize_t n = 1; n > 0;)
		n = recv(lazy, some, sizeof(some), MSG_DONTWAIT);
	assert_int_equal(recv(lazy, some, sizeof(some), MSG_DONTWAIT), 0);
	EXPECT(s, "show stats\n", "\"event\":\"end\"");
}

/* --- who gets the socket ---------------------------------------------------------------------- */

static void test_stale_socket_is_replaced(void **state)
{
	struct server *s = *state;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sun.sun_path, s->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(server_open(s), 0); /* bound, but nobody listens */
	EXPECT(s, "show stats\n", "\"event\":\"end\"");
}

static void test_living_instance_stays(void **state)
{
	struct server *s = *state;
	struct control *second = NULL;

	assert_int_equal(server_open(s), 0);
	assert_int_equal(control_open(&second, s->base, s->path, NULL, &s->home->query, s->error),
			 -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(s->error, "another instance answers at"));
	assert_non_null(strstr(s->error, s->path));
	EXPECT(s, "show stats\n", "\"event\":\"end\"");
}

static void test_file_in_the_way_stays(void **state)
{
	struct server *s = *state;
	CLEANUP_FD int fd = open(s->path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(server_open(s), -EEXIST);
	assert_non_null(strstr(s->error, "it is no socket"));
	assert_int_equal(access(s->path, F_OK), 0);
}

static void test_close_removes_the_socket(void **state)
{
	struct server *s = *state;

	assert_int_equal(server_open(s), 0);
	control_close(s->control);
	s->control = NULL;
	assert_int_equal(access(s->path, F_OK), -1);
	assert_int_equal(server_open(s), 0);
}

static void test_bad_paths_and_groups(void **state)
{
	struct server *s = *state;
	char path[300];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_open(&s->control, s->base, path, NULL, &s->home->query, s->error),
			 -ENAMETOOLONG);
	assert_int_equal(control_open(&s->control, s->base, "", NULL, &s->home->query, s->error),
			 -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/none/socket", s->dir);
	assert_int_equal(control_open(&s->control, s->base, path, NULL, &s->home->query, s->error),
			 -ENOENT);
	assert_non_null(strstr(s->error, "cannot open the socket"));
	assert_int_equal(control_open(&s->control, s->base, s->path, "no-such-group",
				      &s->home->query, s->error),
			 -ENOENT);
	assert_non_null(strstr(s->error, "no group 'no-such-group'"));
	assert_int_equal(access(s->path, F_OK), -1);
	assert_null(s->control);
}

#define SERVED(f) cmocka_unit_test_setup_teardown(f, server_make, server_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(test_answers_in_lines),         SERVED(test_bad_requests),
		SERVED(test_request_in_pieces),        SERVED(test_clients_that_leave),
		SERVED(test_clients_are_bounded),      SERVED(test_slow_clients_are_closed),
		SERVED(test_stale_socket_is_replaced), SERVED(test_living_instance_stays),
		SERVED(test_file_in_the_way_stays),    SERVED(test_close_removes_the_socket),
		SERVED(test_bad_paths_and_groups),
	};

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
