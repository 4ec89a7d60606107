/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink messages: put together, sent, taken apart. For xdp_netlink.c and xdp_tc.c. */
#ifndef HAYRAKE_XDP_NETLINK_MSG_H
#define HAYRAKE_XDP_NETLINK_MSG_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "xdp_netlink.h"

/* Our longest request, a filter, has about 120 bytes. */
struct message {
	union {
		struct nlmsghdr h;
		uint8_t bytes[256];
	};
	bool overrun;
};

typedef void message_each(void *ctx, const struct nlmsghdr *h);

void message_start(struct message *m, uint16_t type, uint16_t flags, const void *body,
		   size_t body_len);
void message_put(struct message *m, uint16_t attr, const void *data, size_t len);

/*
 * Sends and reads up to the end of the answer; each() gets its parts. The request needs NLM_F_DUMP
 * or NLM_F_ACK, or there is no end. 0 or -errno (-EINTR: a dump that changed meanwhile).
 */
int message_talk(int fd, struct message *m, message_each *each, void *ctx);

void attributes_parse(const struct rtattr *a, int len, const struct rtattr **out, size_t count);
bool attribute_is(const struct rtattr *a, const char *text);

#endif
