// SPDX-License-Identifier: GPL-2.0-or-later
#include "xdp_netlink_msg.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"

/* Kernels give dump messages of up to 32 KiB when the reader has room; 16 KiB is always enough. */
#define NETLINK_BUF 16384
#define DUMP_TRIES 4

static int netlink_socket(int flags, uint32_t groups)
{
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = groups};
	struct timeval wait = {.tv_sec = 5};
	CLEANUP_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		return -errno;
	return TAKE_FD(fd);
}

int netlink_open(void)
{
	return netlink_socket(0, 0);
}

int netlink_monitor(void)
{
	return netlink_socket(SOCK_NONBLOCK, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

static unsigned int change_of(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return CHANGE_LINKS;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return CHANGE_ADDRESSES;
	default:
		return CHANGE_NONE;
	}
}

unsigned int netlink_changes(int monitor_fd)
{
	_Alignas(struct nlmsghdr) uint8_t buf[NETLINK_BUF];
	unsigned int changes = CHANGE_NONE;

	for (;;) {
		ssize_t n = recv(monitor_fd, buf, sizeof(buf), MSG_TRUNC);
		const struct nlmsghdr *h = (const void *)buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return changes;
		if (n < 0 && errno != ENOBUFS)
			return changes;
		if (n < 0 || (size_t)n > sizeof(buf)) {
			changes = CHANGE_LINKS | CHANGE_ADDRESSES;
			continue;
		}
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
			changes |= change_of(h);
	}
}

void message_start(struct message *m, uint16_t type, uint16_t flags, const void *body,
		   size_t body_len)
{
	memset(m, 0, sizeof(*m));
	m->h.nlmsg_type = type;
	m->h.nlmsg_flags = NLM_F_REQUEST | flags;
	m->h.nlmsg_len = NLMSG_LENGTH(body_len);
	memcpy(NLMSG_DATA(&m->h), body, body_len);
}

void message_put(struct message *m, uint16_t attr, const void *data, size_t len)
{
	struct rtattr *a = (void *)(m->bytes + NLMSG_ALIGN(m->h.nlmsg_len));
	size_t end = NLMSG_ALIGN(m->h.nlmsg_len) + RTA_LENGTH(len);

	if (end > sizeof(m->bytes)) {
		m->overrun = true;
		return;
	}
	a->rta_type = attr;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	m->h.nlmsg_len = end;
}

/* Where the parts of an answer go. */
struct answer {
	uint32_t seq;
	bool changed; /* the kernel's table did, while it was read */
	message_each *each;
	void *ctx;
};

/* 1: the answer is complete, 0: more to come, -errno. */
static int answer_part(const uint8_t *buf, ssize_t n, struct answer *answer)
{
	const struct nlmsghdr *h = (const void *)buf;

	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_seq != answer->seq)
			continue;
		answer->changed |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		if (h->nlmsg_type == NLMSG_DONE)
			return answer->changed ? -EINTR : 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
				return -EBADMSG;
			return e->error ? e->error : 1;
		}
		if (answer->each)
			answer->each(answer->ctx, h);
	}
	return 0;
}

int message_talk(int fd, struct message *m, message_each *each, void *ctx)
{
	_Alignas(struct nlmsghdr) uint8_t buf[NETLINK_BUF];
	static uint32_t seq;
	struct answer answer = {.seq = ++seq, .each = each, .ctx = ctx};
	int rc = 0;

	if (m->overrun)
		return -EMSGSIZE;
	m->h.nlmsg_seq = answer.seq;
	if (send(fd, m->bytes, m->h.nlmsg_len, 0) < 0)
		return -errno;
	while (!rc) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if ((size_t)n > sizeof(buf))
			return -EMSGSIZE;
		rc = answer_part(buf, n, &answer);
	}
	return rc < 0 ? rc : 0;
}

void attributes_parse(const struct rtattr *a, int len, const struct rtattr **out, size_t count)
{
	memset(out, 0, count * sizeof(*out));
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		uint16_t type = a->rta_type & NLA_TYPE_MASK;

		if (type < count)
			out[type] = a;
	}
}

static uint32_t attribute_u32(const struct rtattr *a)
{
	uint32_t v = 0;

	if (a && RTA_PAYLOAD(a) >= sizeof(v))
		memcpy(&v, RTA_DATA(a), sizeof(v));
	return v;
}

bool attribute_is(const struct rtattr *a, const char *text)
{
	size_t len = strlen(text);

	return a && RTA_PAYLOAD(a) >= len && !memcmp(RTA_DATA(a), text, len) &&
	       (RTA_PAYLOAD(a) == len || !((const char *)RTA_DATA(a))[len]);
}

/* A dump that changed while it was read is read again. */
static int dump_talk(int fd, struct message *m, message_each *each, void *ctx)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_TRIES && rc == -EINTR; i++)
		rc = message_talk(fd, m, each, ctx);
	return rc;
}

static void link_kind(const struct rtattr *info, struct link_info *link)
{
	const struct rtattr *a[IFLA_INFO_MAX + 1];

	if (!info)
		return;
	attributes_parse(RTA_DATA(info), RTA_PAYLOAD(info), a, IFLA_INFO_MAX + 1);
	link->is_bridge = attribute_is(a[IFLA_INFO_KIND], "bridge");
	link->bridge_port = attribute_is(a[IFLA_INFO_SLAVE_KIND], "bridge");
}

static bool link_has_xdp(const struct rtattr *xdp)
{
	const struct rtattr *a[IFLA_XDP_MAX + 1];

	if (!xdp)
		return false;
	attributes_parse(RTA_DATA(xdp), RTA_PAYLOAD(xdp), a, IFLA_XDP_MAX + 1);
	return a[IFLA_XDP_ATTACHED] && RTA_PAYLOAD(a[IFLA_XDP_ATTACHED]) >= 1 &&
	       *(const uint8_t *)RTA_DATA(a[IFLA_XDP_ATTACHED]) != XDP_ATTACHED_NONE;
}

static bool link_read(const struct nlmsghdr *h, struct link_info *link)
{
	const struct rtattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *i = NLMSG_DATA(h);
	int len = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*i));

	if (h->nlmsg_type != RTM_NEWLINK || len < 0)
		return false;
	attributes_parse(IFLA_RTA(i), len, a, IFLA_MAX + 1);
	if (!a[IFLA_IFNAME] || RTA_PAYLOAD(a[IFLA_IFNAME]) > sizeof(link->ifname))
		return false;
	memset(link, 0, sizeof(*link));
	memcpy(link->ifname, RTA_DATA(a[IFLA_IFNAME]), RTA_PAYLOAD(a[IFLA_IFNAME]));
	link->ifname[sizeof(link->ifname) - 1] = '\0';
	link->ifindex = i->ifi_index;
	link->hw_type = i->ifi_type;
	link->master = attribute_u32(a[IFLA_MASTER]);
	link->mtu = attribute_u32(a[IFLA_MTU]);
	if (!a[IFLA_LINK_NETNSID]) /* else the number belongs to another namespace */
		link->lower = attribute_u32(a[IFLA_LINK]);
	link->has_xdp = link_has_xdp(a[IFLA_XDP]);
	link_kind(a[IFLA_LINKINFO], link);
	if (i->ifi_type == ARPHRD_ETHER && a[IFLA_ADDRESS] && RTA_PAYLOAD(a[IFLA_ADDRESS]) == 6) {
		link->has_mac = true;
		memcpy(link->mac, RTA_DATA(a[IFLA_ADDRESS]), 6);
	}
	return true;
}

struct link_walk {
	link_each *each;
	void *ctx;
};

static void link_message(void *ctx, const struct nlmsghdr *h)
{
	const struct link_walk *w = ctx;
	struct link_info link;

	if (link_read(h, &link))
		w->each(w->ctx, &link);
}

int netlink_links(int fd, link_each *each, void *ctx)
{
	struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	struct link_walk walk = {.each = each, .ctx = ctx};
	struct message m;

	message_start(&m, RTM_GETLINK, NLM_F_DUMP, &body, sizeof(body));
	return dump_talk(fd, &m, link_message, &walk);
}

static void link_copy(void *ctx, const struct link_info *link)
{
	*(struct link_info *)ctx = *link;
}

int netlink_link(int fd, const char *ifname, struct link_info *out)
{
	struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	struct link_info link = {0};
	struct link_walk walk = {.each = link_copy, .ctx = &link};
	struct message m;
	int rc;

	if (strlen(ifname) >= sizeof(out->ifname))
		return -ENODEV;
	message_start(&m, RTM_GETLINK, NLM_F_ACK, &body, sizeof(body));
	message_put(&m, IFLA_IFNAME, ifname, strlen(ifname) + 1);
	rc = message_talk(fd, &m, link_message, &walk);
	if (rc)
		return rc;
	if (!link.ifindex)
		return -ENODEV;
	*out = link;
	return 0;
}

static bool addr_read(const struct rtattr *a, uint8_t family, struct addr *out)
{
	if (a && family == AF_INET && RTA_PAYLOAD(a) == 4)
		*out = addr_from_v4(RTA_DATA(a));
	else if (a && family == AF_INET6 && RTA_PAYLOAD(a) == 16)
		memcpy(out, RTA_DATA(a), 16);
	else
		return false;
	return true;
}

struct address_walk {
	address_each *each;
	void *ctx;
};

static void address_message(void *ctx, const struct nlmsghdr *h)
{
	const struct address_walk *w = ctx;
	const struct rtattr *a[IFA_MAX + 1];
	const struct ifaddrmsg *i = NLMSG_DATA(h);
	int len = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*i));
	struct addr addr;

	if (h->nlmsg_type != RTM_NEWADDR || len < 0)
		return;
	attributes_parse(IFA_RTA(i), len, a, IFA_MAX + 1);
	/* with a peer, IFA_ADDRESS is the peer's */
	if (addr_read(a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS], i->ifa_family, &addr))
		w->each(w->ctx, &addr);
}

int netlink_addresses(int fd, address_each *each, void *ctx)
{
	struct ifaddrmsg body = {.ifa_family = AF_UNSPEC};
	struct address_walk walk = {.each = each, .ctx = ctx};
	struct message m;

	message_start(&m, RTM_GETADDR, NLM_F_DUMP, &body, sizeof(body));
	return dump_talk(fd, &m, address_message, &walk);
}

struct neighbour_walk {
	neighbour_each *each;
	void *ctx;
};

static void neighbour_message(void *ctx, const struct nlmsghdr *h)
{
	const struct neighbour_walk *w = ctx;
	const struct rtattr *a[NDA_MAX + 1];
	const struct ndmsg *i = NLMSG_DATA(h);
	int len = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*i));
	struct neighbour_info n = {0};

	if (h->nlmsg_type != RTM_NEWNEIGH || len < 0)
		return;
	if (i->ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP))
		return;
	attributes_parse((const void *)((const uint8_t *)i + NLMSG_ALIGN(sizeof(*i))), len, a,
			 NDA_MAX + 1);
	if (!a[NDA_LLADDR] || RTA_PAYLOAD(a[NDA_LLADDR]) != sizeof(n.mac))
		return;
	if (!addr_read(a[NDA_DST], i->ndm_family, &n.addr))
		return;
	n.ifindex = i->ndm_ifindex;
	memcpy(n.mac, RTA_DATA(a[NDA_LLADDR]), sizeof(n.mac));
	w->each(w->ctx, &n);
}

int netlink_neighbours(int fd, neighbour_each *each, void *ctx)
{
	struct ndmsg body = {.ndm_family = AF_UNSPEC};
	struct neighbour_walk walk = {.each = each, .ctx = ctx};
	struct message m;

	message_start(&m, RTM_GETNEIGH, NLM_F_DUMP, &body, sizeof(body));
	return dump_talk(fd, &m, neighbour_message, &walk);
}
