// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which interfaces are watched. Every change that the kernel reports leads to the same step: read
 * all interfaces, work out which are wanted, detach from the others, attach to the missing. So
 * joins, leaves, renames, flaps and lost messages need no code of their own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "xdp_private.h"

/* Own addresses and MACs kept; an edge box may have a PPP interface for each subscriber. */
#define OWN_MAX 65536

/* Changes come in bursts: they are gathered for so long. */
static const struct timeval sync_delay = {.tv_usec = 20000};

struct wanted {
	struct xdp_input *x;
	size_t count;
	size_t left_out;
	struct live_link links[XDP_LINKS_MAX];
};

static int point_find(const struct xdp_input *x, const char *ifname)
{
	for (size_t i = 0; i < x->config.point_count; i++)
		if (!strcmp(x->config.points[i].ifname, ifname))
			return (int)i;
	return -1;
}

static void point_note(void *ctx, const struct link_info *info)
{
	struct xdp_input *x = ctx;
	int i = point_find(x, info->ifname);
	bool added;

	if (i >= 0) {
		x->point_ifindex[i] = info->ifindex;
		x->point_is_bridge[i] = info->is_bridge;
	}
	if (info->has_mac)
		table_put(x->own_macs, info->mac, &added);
}

static int points_refresh(struct xdp_input *x)
{
	memset(x->point_ifindex, 0, sizeof(x->point_ifindex));
	table_clear(x->own_macs);
	return netlink_links(x->netlink_fd, point_note, x);
}

/* The named bridge that has this port, or -1. */
static int point_of_port(const struct xdp_input *x, const struct link_info *info)
{
	if (!info->bridge_port)
		return -1;
	for (size_t i = 0; i < x->config.point_count; i++)
		if (x->point_is_bridge[i] && x->point_ifindex[i] == info->master)
			return (int)i;
	return -1;
}

/* A dump that changed while it was read tells an interface again. */
static bool wanted_has(const struct wanted *w, const struct link_info *info)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->links[i].info.ifindex == info->ifindex)
			return true;
	return false;
}

static void wanted_note(void *ctx, const struct link_info *info)
{
	struct wanted *w = ctx;
	int named = point_find(w->x, info->ifname);
	int point = named >= 0 ? named : point_of_port(w->x, info);

	if (point < 0 || info->is_bridge || wanted_has(w, info))
		return;
	if (w->count == XDP_LINKS_MAX) {
		w->left_out++;
		return;
	}
	w->links[w->count++] = (struct live_link){
		.info = *info,
		.role = w->x->config.points[point].role,
		.bridge_port = named < 0,
		.lock_fd = -1,
		.ingress.link_fd = -1,
		.egress.link_fd = -1,
		.reason = "",
	};
}

static int wanted_read(struct xdp_input *x, struct wanted *w)
{
	int rc = points_refresh(x);

	*w = (struct wanted){.x = x};
	if (!rc)
		rc = netlink_links(x->netlink_fd, wanted_note, w);
	if (w->left_out && !x->links_full_said) {
		log_warn("more than %d interfaces: %zu are not watched", XDP_LINKS_MAX,
			 w->left_out);
		x->links_full_said = true;
	}
	return rc;
}

static bool link_same(const struct live_link *a, const struct live_link *b)
{
	return a->info.ifindex == b->info.ifindex && a->role == b->role &&
	       a->info.hw_type == b->info.hw_type && !strcmp(a->info.ifname, b->info.ifname);
}

static struct live_link *link_find(struct live_link *links, size_t count,
				   const struct live_link *like)
{
	for (size_t i = 0; i < count; i++)
		if (link_same(&links[i], like))
			return &links[i];
	return NULL;
}

static void links_drop(struct xdp_input *x, struct wanted *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->link_count; i++) {
		struct live_link *l = &x->links[i];
		const struct live_link *now = link_find(w->links, w->count, l);

		if (now) { /* perhaps in another bridge */
			l->info = now->info;
			l->bridge_port = now->bridge_port;
			x->links[kept++] = *l;
			continue;
		}
		log_info("%s: no longer watched", l->info.ifname);
		link_detach(x, l);
	}
	x->link_count = kept;
}

static const char *const role_names[ROLE_COUNT] = {[ROLE_LAN] = "lan", [ROLE_WAN] = "wan"};

static const char *const mode_names[MODE_COUNT] = {
	[MODE_NONE] = "none",
	[MODE_NATIVE] = "xdp-native",
	[MODE_TC] = "tc",
	[MODE_GENERIC] = "xdp-generic",
};

static void link_say(const struct live_link *l)
{
	const char *reset = l->mode == MODE_NATIVE ? "; the driver may have reset the link" : "";

	log_info("%s: watching as %s by %s%s%s%s%s", l->info.ifname, role_names[l->role],
		 mode_names[l->mode], *l->reason ? " (" : "", l->reason, *l->reason ? ")" : "",
		 reset);
}

/* Attaches to what is wanted and not there yet. The first new failure, with its sentence. */
static int links_add(struct xdp_input *x, const struct wanted *w, char error[static ERROR_MAX])
{
	int first = 0;

	for (size_t i = 0; i < w->count; i++) {
		struct live_link *l = link_find(x->links, x->link_count, &w->links[i]);
		const char *before = l ? l->reason : "";
		int rc;

		if (l && l->mode != MODE_NONE)
			continue;
		if (!l && x->link_count == XDP_LINKS_MAX)
			break;
		if (!l)
			l = &x->links[x->link_count++];
		*l = w->links[i];
		rc = link_attach(x, l);
		if (!rc) {
			link_say(l);
			continue;
		}
		if (first || !strcmp(before, l->reason))
			continue;
		first = rc;
		snprintf(error, ERROR_MAX, "%s: cannot be watched: %s", l->info.ifname, l->reason);
	}
	return first;
}

static void own_address_note(void *ctx, const struct addr *a)
{
	struct xdp_input *x = ctx;
	bool added;

	table_put(x->own_addresses, a, &added);
}

static void own_refresh(struct xdp_input *x)
{
	int rc;

	table_clear(x->own_addresses);
	rc = netlink_addresses(x->netlink_fd, own_address_note, x);
	if (rc)
		log_warn("own addresses cannot be read: %s", strerror(-rc));
}

int links_attach(struct xdp_input *x, char error[static ERROR_MAX])
{
	struct wanted w;
	int rc = wanted_read(x, &w);

	if (rc) {
		snprintf(error, ERROR_MAX, "interfaces cannot be read: %s", strerror(-rc));
		return rc;
	}
	return links_add(x, &w, error);
}

uint32_t links_programs(struct xdp_input *x)
{
	struct wanted w;
	uint32_t programs = 0;

	if (wanted_read(x, &w))
		return 0;
	for (size_t i = 0; i < w.count; i++)
		programs |= link_programs(x, &w.links[i]);
	return programs;
}

static void links_sync(struct xdp_input *x)
{
	char error[ERROR_MAX];
	struct wanted w;
	int rc = wanted_read(x, &w);

	if (rc) {
		log_warn("interfaces cannot be read: %s", strerror(-rc));
		return;
	}
	links_drop(x, &w);
	if (links_add(x, &w, error))
		log_warn("%s", error);
}

static void on_sync(evutil_socket_t fd, short what, void *ctx)
{
	struct xdp_input *x = ctx;
	unsigned int changes = x->changes;

	(void)fd;
	(void)what;
	x->changes = CHANGE_NONE;
	if (changes & CHANGE_LINKS)
		links_sync(x);
	if (changes & CHANGE_ADDRESSES)
		own_refresh(x);
}

static void on_monitor(evutil_socket_t fd, short what, void *ctx)
{
	struct xdp_input *x = ctx;
	unsigned int changes = netlink_changes(fd);

	(void)what;
	x->changes |= changes;
	if (x->changes && !event_pending(x->sync_event, EV_TIMEOUT, NULL))
		event_add(x->sync_event, &sync_delay);
}

static int points_check(const struct xdp_input *x, char error[static ERROR_MAX])
{
	for (size_t i = 0; i < x->config.point_count; i++) {
		const char *ifname = x->config.points[i].ifname;

		if (point_find(x, ifname) != (int)i) {
			snprintf(error, ERROR_MAX, "%s: the interface is named twice", ifname);
			return -EINVAL;
		}
		if (!x->point_ifindex[i]) {
			snprintf(error, ERROR_MAX, "%s: no such interface", ifname);
			return -ENODEV;
		}
	}
	return 0;
}

int links_open(struct xdp_input *x, char error[static ERROR_MAX])
{
	int rc = 0;

	x->own_addresses = table_new(sizeof(struct addr), 1, OWN_MAX);
	x->own_macs = table_new(6, 1, OWN_MAX);
	x->netlink_fd = netlink_open();
	x->monitor_fd = netlink_monitor();
	if (!x->own_addresses || !x->own_macs)
		rc = -ENOMEM;
	else if (x->netlink_fd < 0)
		rc = x->netlink_fd;
	else if (x->monitor_fd < 0)
		rc = x->monitor_fd;
	else
		rc = points_refresh(x);
	if (rc) {
		snprintf(error, ERROR_MAX, "interfaces cannot be read: %s", strerror(-rc));
		return rc;
	}
	own_refresh(x);
	return points_check(x, error);
}

int links_events(struct xdp_input *x)
{
	x->monitor_event = event_new(x->base, x->monitor_fd, EV_READ | EV_PERSIST, on_monitor, x);
	x->sync_event = evtimer_new(x->base, on_sync, x);
	if (!x->monitor_event || !x->sync_event || event_add(x->monitor_event, NULL))
		return -ENOMEM;
	return 0;
}

void links_close(struct xdp_input *x)
{
	for (size_t i = 0; i < x->link_count; i++)
		link_detach(x, &x->links[i]);
	x->link_count = 0;
}

bool xdp_is_own(const struct xdp_input *x, const struct addr *a)
{
	return table_get(x->own_addresses, a);
}

bool xdp_is_own_mac(const struct xdp_input *x, const uint8_t mac[6])
{
	return table_get(x->own_macs, mac);
}

static size_t status_links(const struct xdp_input *x, struct xdp_status *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < x->link_count && n < max; i++) {
		const struct live_link *l = &x->links[i];

		out[n] = (struct xdp_status){.role = l->role,
					     .mode = mode_names[l->mode],
					     .reason = l->reason,
					     .present = true,
					     .bridge_port = l->bridge_port};
		memcpy(out[n++].ifname, l->info.ifname, sizeof(out->ifname));
	}
	return n;
}

static bool bridge_has_ports(const struct xdp_input *x, size_t point)
{
	for (size_t i = 0; i < x->link_count; i++)
		if (x->links[i].info.bridge_port &&
		    x->links[i].info.master == x->point_ifindex[point])
			return true;
	return false;
}

size_t xdp_status(const struct xdp_input *x, struct xdp_status *out, size_t max)
{
	size_t n = status_links(x, out, max);

	for (size_t i = 0; i < x->config.point_count && n < max; i++) {
		const struct xdp_point *p = &x->config.points[i];
		bool present = x->point_ifindex[i];

		if (present && (!x->point_is_bridge[i] || bridge_has_ports(x, i)))
			continue;
		out[n] = (struct xdp_status){.role = p->role,
					     .mode = mode_names[MODE_NONE],
					     .present = present,
					     .reason = present ? "the bridge has no ports"
							       : "the interface is gone"};
		memcpy(out[n++].ifname, p->ifname, sizeof(out->ifname));
	}
	return n;
}

struct neighbour_filter {
	struct xdp_input *x;
	void (*each)(void *ctx, const uint8_t mac[6], const struct addr *a);
	void *ctx;
	size_t count;
	uint32_t ifindex[2 * XDP_LINKS_MAX + XDP_POINTS_MAX];
};

/* Neighbours hang on a watched interface, its bridge, or what is stacked on either (VLANs). */
static bool neighbour_place(const struct neighbour_filter *f, uint32_t ifindex)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->ifindex[i] == ifindex)
			return true;
	return false;
}

static void upper_note(void *ctx, const struct link_info *info)
{
	struct neighbour_filter *f = ctx;

	if (info->lower && neighbour_place(f, info->lower) && f->count < sizeof(f->ifindex) / 4)
		f->ifindex[f->count++] = info->ifindex;
}

static void neighbour_note(void *ctx, const struct neighbour_info *n)
{
	const struct neighbour_filter *f = ctx;

	if (neighbour_place(f, n->ifindex))
		f->each(f->ctx, n->mac, &n->addr);
}

int xdp_neighbours(struct xdp_input *x,
		   void (*each)(void *ctx, const uint8_t mac[6], const struct addr *a), void *ctx)
{
	struct neighbour_filter f = {.x = x, .each = each, .ctx = ctx};
	int rc;

	/* behind a wan point there are no subjects */
	for (size_t i = 0; i < x->link_count; i++) {
		const struct link_info *info = &x->links[i].info;

		if (x->links[i].role != ROLE_LAN)
			continue;
		f.ifindex[f.count++] = info->ifindex;
		if (info->master && !neighbour_place(&f, info->master))
			f.ifindex[f.count++] = info->master;
	}
	rc = netlink_links(x->netlink_fd, upper_note, &f);
	return rc ? rc : netlink_neighbours(x->netlink_fd, neighbour_note, &f);
}

struct left_walk {
	struct xdp_input *x;
	int clean_fd; /* the walk itself keeps x->netlink_fd busy */
	int removed;
	int rc;
	char *error;
};

static void left_note(void *ctx, const struct link_info *info)
{
	struct left_walk *w = ctx;
	bool all = !w->x->config.point_count;
	CLEANUP_FD int lock_fd = -1;
	int rc;

	if (w->rc || (!all && point_find(w->x, info->ifname) < 0 && point_of_port(w->x, info) < 0))
		return;
	lock_fd = link_lock(info->ifindex);
	if (lock_fd == -EADDRINUSE && all)
		return;
	rc = lock_fd < 0 ? lock_fd : link_clean(w->clean_fd, info->ifindex, false);
	if (rc >= 0) {
		w->removed += rc;
		return;
	}
	w->rc = rc;
	if (rc == -EADDRINUSE)
		snprintf(w->error, ERROR_MAX, "%s: another hayrake is watching it", info->ifname);
	else
		snprintf(w->error, ERROR_MAX, "%s: filters cannot be removed: %s", info->ifname,
			 strerror(-rc));
}

int links_detach_left(struct xdp_input *x, char error[static ERROR_MAX])
{
	CLEANUP_FD int clean_fd = netlink_open();
	struct left_walk walk = {.x = x, .clean_fd = clean_fd, .error = error};
	int rc = clean_fd < 0 ? clean_fd : netlink_links(x->netlink_fd, left_note, &walk);

	if (rc) {
		snprintf(error, ERROR_MAX, "interfaces cannot be read: %s", strerror(-rc));
		return rc;
	}
	return walk.rc ? walk.rc : walk.removed;
}
