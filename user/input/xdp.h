/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live traffic: attaches the kernel programs, mirrors the backend map, drains evidence. */
#ifndef HAYRAKE_XDP_H
#define HAYRAKE_XDP_H

#include <event2/event.h>

#include "base/addr.h"
#include "input/input.h"

enum attach_mode { ATTACH_AUTO, ATTACH_NATIVE, ATTACH_TC, ATTACH_GENERIC, ATTACH_MODE_COUNT };
enum profile { PROFILE_GATEWAY, PROFILE_EDGE, PROFILE_COUNT };

#define XDP_POINTS_MAX 32
#define XDP_LOCAL_MAX 64
#define XDP_STATUS_MAX 96 /* rows of xdp_status(): 64 interfaces, and points that are not there */

struct xdp_point {
	char ifname[16];
	enum point_role role;
};

struct xdp_config {
	struct xdp_point points[XDP_POINTS_MAX];
	size_t point_count;
	enum attach_mode attach;
	enum profile profile;
	enum subject_kind subject;
	uint32_t sample; /* 1 in this many; 1: all */
	uint32_t interval_s; /* between drains */
	struct prefix local[XDP_LOCAL_MAX];
	size_t local_count;
	bool names;  /* copy what hosts call themselves */
	bool clsact; /* TC by clsact even where the kernel has tcx */
};

/* What is attached where, for `show stats` and messages. Text is static. */
struct xdp_status {
	char ifname[16];
	enum point_role role;
	const char *mode;   /* "xdp-native", "tc", "xdp-generic", "none" */
	const char *reason; /* why not a better one, or why none; "" when it is the best */
	bool present;       /* the interface exists */
	bool bridge_port;   /* joined because its bridge was named */
};

/* Fill of a kernel map. */
struct xdp_map_status {
	const char *name;
	uint64_t used;
	uint64_t max;
	uint64_t bytes; /* kernel memory, 0 when the kernel does not say */
};

/*
 * What the endpoint of a drained entry stands for; asks user space's own map. False when unknown.
 * Sets remote, via, domain_count and domains of flow.
 */
typedef bool endpoint_lookup(void *ctx, uint32_t endpoint, struct flow *flow);

struct xdp_input;

/*
 * Loads and attaches. On failure -errno and one sentence in error, nothing left attached. Events go
 * into base; sink and config are copied.
 */
int xdp_open(struct xdp_input **out, const struct xdp_config *config, struct event_base *base,
	     const struct input_sink *sink, char error[static 256]);
/* Drains a last time, detaches, frees. */
void xdp_close(struct xdp_input *x);

/* Are the named interfaces there? 0, or -errno with a sentence in error; changes nothing. */
int xdp_check(const struct xdp_config *config, char error[static 256]);

void xdp_set_endpoint_lookup(struct xdp_input *x, endpoint_lookup *lookup, void *ctx);

/* Called after each drain has given its flows to the sink, with the time of the drain. */
void xdp_set_drained(struct xdp_input *x, void (*drained)(void *ctx, int64_t now_ns), void *ctx);

/*
 * Called before a drain's flows when somebody has set the clock forward by more than a minute, as
 * gateways without a clock of their own do after their start: by step_ns, when it said before_ns.
 */
typedef void clock_stepped(void *ctx, int64_t before_ns, int64_t step_ns);
void xdp_set_clock_stepped(struct xdp_input *x, clock_stepped *stepped, void *ctx);

/* Mirror of the backend map. -errno is also counted as COUNTER_BACKEND_MAP_FAILED. */
int xdp_backend_put(struct xdp_input *x, const struct addr *remote, const struct backend_value *v);
int xdp_backend_del(struct xdp_input *x, const struct addr *remote);
int xdp_client_put(struct xdp_input *x, const struct client_key *key,
		   const struct backend_value *v);
int xdp_client_del(struct xdp_input *x, const struct client_key *key);

/* Switches and drains now. */
int xdp_drain(struct xdp_input *x);

/* Adds the kernel's counters to counts->n[0 .. COUNTER_KERNEL_COUNT - 1] (set, not added twice). */
int xdp_counters(struct xdp_input *x, struct counts *counts);

size_t xdp_status(const struct xdp_input *x, struct xdp_status *out, size_t max);
size_t xdp_maps(struct xdp_input *x, struct xdp_map_status *out, size_t max);

/* True when addr or mac belongs to this machine. Refreshed from netlink. */
bool xdp_is_own(const struct xdp_input *x, const struct addr *a);
bool xdp_is_own_mac(const struct xdp_input *x, const uint8_t mac[6]);

/* Every (MAC, address) pair of the kernel's neighbour tables on the watched interfaces. */
int xdp_neighbours(struct xdp_input *x,
		   void (*each)(void *ctx, const uint8_t mac[6], const struct addr *a), void *ctx);

/*
 * Removes what an instance that was killed left on the named interfaces (all when point_count is
 * 0). The number of programs removed, or -errno with a sentence in error.
 */
int xdp_detach_left(const struct xdp_config *config, char error[static 256]);

#endif
