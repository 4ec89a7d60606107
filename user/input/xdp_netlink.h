/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Route netlink as far as attaching needs it: links, addresses, neighbours, clsact filters. */
#ifndef HAYRAKE_XDP_NETLINK_H
#define HAYRAKE_XDP_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../headers/shared.h"

/* An interface as the kernel describes it. */
struct link_info {
	uint32_t ifindex;
	uint32_t master;  /* ifindex of the bridge, bond or VRF it belongs to, 0: none */
	uint32_t lower;   /* ifindex of the interface it is stacked on, 0: none */
	uint32_t mtu;
	uint16_t hw_type; /* ARPHRD_* */
	bool is_bridge;
	bool bridge_port;
	bool has_xdp; /* an XDP program is attached */
	bool has_mac;
	uint8_t mac[6];
	char ifname[16];
};

struct neighbour_info {
	uint32_t ifindex;
	uint8_t mac[6];
	struct addr addr;
};

typedef void link_each(void *ctx, const struct link_info *link);
typedef void address_each(void *ctx, const struct addr *a);
typedef void neighbour_each(void *ctx, const struct neighbour_info *n);

/* A socket for requests, or -errno. */
int netlink_open(void);
/* A non-blocking socket that reports changes of links and addresses, or -errno. */
int netlink_monitor(void);

enum netlink_change { CHANGE_NONE = 0, CHANGE_LINKS = 1, CHANGE_ADDRESSES = 2 };
/* Reads what the monitor socket has; the OR of enum netlink_change. Messages lost: all bits. */
unsigned int netlink_changes(int monitor_fd);

/* Walks through a table of the kernel. 0 or -errno. */
int netlink_links(int fd, link_each *each, void *ctx);
int netlink_addresses(int fd, address_each *each, void *ctx);
int netlink_neighbours(int fd, neighbour_each *each, void *ctx);

/* One interface by name. 0, -ENODEV or -errno. */
int netlink_link(int fd, const char *ifname, struct link_info *out);

/* The clsact qdisc. Adding one that is there already gives -EEXIST. */
int clsact_add(int fd, uint32_t ifindex);
int clsact_del(int fd, uint32_t ifindex);

/*
 * Our filter in it, at a fixed priority and handle. made_clsact is kept in the filter's name: who
 * removes the filter then removes the qdisc too, when nothing else uses it.
 */
int filter_add(int fd, uint32_t ifindex, bool egress, int prog_fd, bool made_clsact);
int filter_del(int fd, uint32_t ifindex, bool egress);

struct filter_left {
	uint32_t ours;   /* our filters in this direction: 0 or 1 */
	uint32_t others; /* filters of others */
	bool made_clsact;
};
int filter_find(int fd, uint32_t ifindex, bool egress, struct filter_left *out);

#endif
