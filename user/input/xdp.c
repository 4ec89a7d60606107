// SPDX-License-Identifier: GPL-2.0-or-later
#include "input/xdp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "xdp_private.h"

static void xdp_free(struct xdp_input *x)
{
	struct event *events[] = {x->monitor_event, x->sync_event, x->ring_event, x->drain_event,
				  x->fill_event};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	links_close(x);
	drain_last(x);
	drain_close(x);
	kernel_close(&x->kernel);
	close_fd(&x->netlink_fd);
	close_fd(&x->monitor_fd);
	table_free(x->own_addresses);
	table_free(x->own_macs);
	free(x);
}

DEFINE_CLEANUP(xdp_free, struct xdp_input *)

/* A lan point counts, and then wan points only watch DNS; without one the wan points count. */
static enum point_role count_role(const struct xdp_config *config)
{
	for (size_t i = 0; i < config->point_count; i++)
		if (config->points[i].role == ROLE_LAN)
			return ROLE_LAN;
	return ROLE_WAN;
}

static struct xdp_input *xdp_new(const struct xdp_config *config, struct event_base *base,
				 const struct input_sink *sink)
{
	struct xdp_input *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->config = *config;
	x->base = base;
	x->sink = *sink;
	x->count_role = count_role(config);
	x->netlink_fd = x->monitor_fd = -1;
	kernel_init(&x->kernel);
	return x;
}

static int rights_check(char error[static ERROR_MAX])
{
	char missing[RIGHTS_TEXT_MAX];

	if (!rights_missing(missing))
		return 0;
	snprintf(error, ERROR_MAX, "watching an interface needs %s, which this process lacks: "
		 "run it as root", missing);
	return -EPERM;
}

/* Enough of an input to ask about interfaces. */
static int links_only(const struct xdp_config *config, struct xdp_input **out,
		      char error[static ERROR_MAX])
{
	CLEANUP(xdp_free_ptr) struct xdp_input *x = xdp_new(config, NULL, &(struct input_sink){0});
	int rc;

	if (!x) {
		snprintf(error, ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	rc = links_open(x, error);
	if (!rc)
		*out = TAKE_PTR(x);
	return rc;
}

int xdp_check(const struct xdp_config *config, char error[static 256])
{
	CLEANUP(xdp_free_ptr) struct xdp_input *x = NULL;

	return links_only(config, &x, error);
}

int xdp_detach_left(const struct xdp_config *config, char error[static 256])
{
	CLEANUP(xdp_free_ptr) struct xdp_input *x = NULL;
	int rc = links_only(config, &x, error);

	return rc ? rc : links_detach_left(x, error);
}

static int kernel_open(struct xdp_input *x, char error[static ERROR_MAX])
{
	int rc = kernel_load(&x->kernel, &x->config, x->count_role, links_programs(x));

	if (!rc)
		rc = drain_open(x);
	if (rc == -EPERM)
		snprintf(error, ERROR_MAX, "the kernel does not permit loading the programs "
			 "(it wants the capabilities outside of any user namespace)");
	else if (rc)
		snprintf(error, ERROR_MAX,
			 "the kernel programs cannot be loaded: %s (-v says more)", strerror(-rc));
	return rc;
}

static int events_open(struct xdp_input *x, char error[static ERROR_MAX])
{
	int rc = links_events(x);

	if (!rc)
		rc = drain_events(x);
	if (rc)
		snprintf(error, ERROR_MAX, "no events: %s", strerror(-rc));
	return rc;
}

int xdp_open(struct xdp_input **out, const struct xdp_config *config, struct event_base *base,
	     const struct input_sink *sink, char error[static 256])
{
	CLEANUP(xdp_free_ptr) struct xdp_input *x = xdp_new(config, base, sink);
	int rc;

	if (!x) {
		snprintf(error, ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	if ((rc = links_open(x, error)) || (rc = rights_check(error)) ||
	    (rc = kernel_open(x, error)) || (rc = events_open(x, error)) ||
	    (rc = links_attach(x, error)))
		return rc;
	*out = TAKE_PTR(x);
	return 0;
}

void xdp_close(struct xdp_input *x)
{
	if (x)
		xdp_free(x);
}

void xdp_set_endpoint_lookup(struct xdp_input *x, endpoint_lookup *lookup, void *ctx)
{
	x->lookup = lookup;
	x->lookup_ctx = ctx;
}

void xdp_set_clock_stepped(struct xdp_input *x, clock_stepped *stepped, void *ctx)
{
	x->stepped = stepped;
	x->stepped_ctx = ctx;
}

void xdp_set_drained(struct xdp_input *x, void (*drained)(void *ctx, int64_t now_ns), void *ctx)
{
	x->drained = drained;
	x->drained_ctx = ctx;
}
