// SPDX-License-Identifier: GPL-2.0-or-later
// sources: user/input/xdp_netlink.c user/base/addr.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "input/xdp_netlink_msg.h"

static uint32_t requests; /* they are numbered from 1 on */

/* One datagram of an answer: a header alone. */
static void part_send(int fd, uint16_t type, uint16_t flags)
{
	struct {
		struct nlmsghdr h;
		int error;
	} part = {.h = {.nlmsg_len = sizeof(part),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_MULTI | flags,
			.nlmsg_seq = requests + 1}};

	assert_int_equal(send(fd, &part, sizeof(part), 0), sizeof(part));
}

static void part_count(void *ctx, const struct nlmsghdr *h)
{
	(void)h;
	++*(int *)ctx;
}

/* A dump of two parts and its end; which of them says that the table changed. -1: none. */
static int dump_read(int changed, int *parts)
{
	static const uint16_t types[] = {RTM_NEWLINK, RTM_NEWLINK, NLMSG_DONE};
	struct ifinfomsg body = {0};
	struct message m;
	int fds[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	for (int i = 0; i < 3; i++)
		part_send(fds[1], types[i], i == changed ? NLM_F_DUMP_INTR : 0);
	message_start(&m, RTM_GETLINK, NLM_F_DUMP, &body, sizeof(body));
	*parts = 0;
	rc = message_talk(fds[0], &m, part_count, parts);
	requests++;
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static void changed_dumps_are_told(void **state)
{
	int parts;

	(void)state;
	assert_int_equal(dump_read(-1, &parts), 0);
	assert_int_equal(parts, 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(dump_read(i, &parts), -EINTR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_dumps_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
