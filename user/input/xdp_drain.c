// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading from the kernel.
 *  1. evidence: the quiet map goes into the slot; the update returns when no program uses the old
 *     one any more; then that one is read in batches and emptied
 *  2. DNS records: from the ring to the frame sink
 *  3. counters: summed over the CPUs; COUNTER_EVIDENCE_NEW tells the fill of the active map
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "xdp_private.h"

/* Memory for the values of one batch: the gateway's whole map takes four reads. */
#define BATCH_BYTES_GATEWAY (64U << 10)
#define BATCH_BYTES_EDGE (1U << 20)

/* The clock was set when it moves on by so much more than the machine has run. */
#define CLOCK_STEP_NS (60 * NS_PER_S)

/* The fill is looked at so often; a map that is half full is drained at once. */
static const struct timeval fill_interval = {.tv_usec = 250000};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t boot_offset_ns(void)
{
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
}

int counters_read(struct xdp_input *x, struct counters *out)
{
	uint32_t key = 0;
	int rc = bpf_map_lookup_elem(x->kernel.map_fd[MAP_COUNTERS], &key, x->drain.counters);

	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	for (uint32_t cpu = 0; cpu < x->kernel.cpus; cpu++)
		for (size_t i = 0; i < COUNTER_KERNEL_COUNT; i++)
			out->n[i] += x->drain.counters[cpu].n[i];
	return 0;
}

int xdp_counters(struct xdp_input *x, struct counts *counts)
{
	struct counters sum;
	int rc = counters_read(x, &sum);

	if (!rc)
		memcpy(counts->n, sum.n, sizeof(sum.n));
	return rc;
}

uint64_t evidence_used(struct xdp_input *x)
{
	struct counters sum;

	if (counters_read(x, &sum))
		return 0;
	return sum.n[COUNTER_EVIDENCE_NEW] - x->drain.new_at_switch;
}

static void entry_emit(struct xdp_input *x, const struct evidence_key *key,
		       const struct evidence_value *value, int64_t offset_ns)
{
	struct flow flow = {
		.subject = key->subject,
		.local = value->local,
		.port = key->port,
		.ip_proto = key->ip_proto,
		.tcp_flags = value->tcp_flags,
		.directions = value->directions,
		.packets = value->packets,
		.bytes = value->bytes,
		.first_ns = (int64_t)value->first_ns + offset_ns,
		.last_ns = (int64_t)value->last_ns + offset_ns,
		.sampling = x->config.sample,
	};
	if (x->lookup && x->lookup(x->lookup_ctx, key->endpoint, &flow))
		x->sink.flow(x->sink.ctx, &flow);
	else
		x->sink.counts->n[COUNTER_DRAIN_ENDPOINT_UNKNOWN]++;
}

static int drain_resize(struct drain *d, uint32_t chunk)
{
	void *keys = realloc(d->keys, chunk * sizeof(*d->keys));
	void *values;

	if (!keys)
		return -ENOMEM;
	d->keys = keys;
	values = realloc(d->values, chunk * sizeof(*d->values));
	if (!values)
		return -ENOMEM;
	d->values = values;
	d->chunk = chunk;
	return 0;
}

/* For kernels without batches: the next key is asked for before the current one goes. */
static int map_read_single(struct xdp_input *x, int fd, int64_t offset_ns)
{
	struct evidence_key key, next;
	int rc = bpf_map_get_next_key(fd, NULL, &key);

	while (!rc) {
		int more = bpf_map_get_next_key(fd, &key, &next);

		if (!bpf_map_lookup_elem(fd, &key, x->drain.values)) {
			entry_emit(x, &key, x->drain.values, offset_ns);
			rc = bpf_map_delete_elem(fd, &key);
			if (rc)
				return rc;
		}
		rc = more;
		key = next;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* A bucket that has more entries than the buffer is read again with twice the buffer. */
static int map_read(struct xdp_input *x, int fd, int64_t offset_ns)
{
	struct drain *d = &x->drain;
	uint32_t at = 0;
	bool first = true;
	int rc;

	do {
		uint32_t count = d->chunk;

		rc = bpf_map_lookup_and_delete_batch(fd, first ? NULL : &at, &at, d->keys,
						     d->values, &count, NULL);
		if (rc == -ENOSPC && d->chunk < x->kernel.limits->evidence) {
			rc = drain_resize(&x->drain, d->chunk * 2);
			continue;
		}
		if (rc && rc != -ENOENT)
			return rc;
		first = false;
		for (uint32_t i = 0; i < count; i++)
			entry_emit(x, &d->keys[i], &d->values[i], offset_ns);
	} while (!rc);
	return rc == -ENOENT ? 0 : rc;
}

/* True when the error says that the kernel has no batches for this map. */
static bool batch_missing(int rc)
{
	return rc == -EINVAL || rc == -EOPNOTSUPP || rc == -524 /* the kernel's ENOTSUPP */;
}

int evidence_switch(struct xdp_input *x)
{
	unsigned int next = !x->drain.active;
	uint32_t slot = EVIDENCE_SLOT;
	struct counters before = {0};
	int rc = counters_read(x, &before);

	if (!rc)
		rc = bpf_map_update_elem(x->kernel.map_fd[MAP_EVIDENCE], &slot,
					 &x->kernel.evidence_fd[next], BPF_ANY);
	if (rc)
		return rc;
	x->drain.active = next;
	x->drain.new_at_switch = before.n[COUNTER_EVIDENCE_NEW];
	return 0;
}

int evidence_read(struct xdp_input *x)
{
	int64_t offset_ns = boot_offset_ns();
	int quiet = x->kernel.evidence_fd[!x->drain.active];
	int rc = 0;

	if (!x->drain.no_batch)
		rc = map_read(x, quiet, offset_ns);
	if (batch_missing(rc))
		x->drain.no_batch = true;
	return x->drain.no_batch ? map_read_single(x, quiet, offset_ns) : rc;
}

static void clock_look(struct xdp_input *x)
{
	int64_t offset_ns = boot_offset_ns(), step_ns = offset_ns - x->clock_offset_ns;

	x->clock_offset_ns = offset_ns;
	if (step_ns > CLOCK_STEP_NS && x->stepped)
		x->stepped(x->stepped_ctx, clock_ns(CLOCK_REALTIME) - step_ns, step_ns);
}

int xdp_drain(struct xdp_input *x)
{
	struct counts *counts = x->sink.counts;
	int rc = evidence_switch(x);

	clock_look(x);
	if (!rc)
		rc = evidence_read(x);
	if (rc)
		counts->n[COUNTER_DRAIN_FAILED]++;
	counts->n[COUNTER_DRAINS]++;
	xdp_counters(x, counts);
	if (x->drained)
		x->drained(x->drained_ctx, clock_ns(CLOCK_REALTIME));
	mirror_tidy(x);
	return rc;
}

static int ring_record(void *ctx, void *data, size_t size)
{
	struct xdp_input *x = ctx;
	const struct dns_record *r = data;
	struct frame frame;

	if (size < sizeof(*r) || r->cap_len > size - sizeof(*r) || r->link >= LINK_KIND_COUNT ||
	    r->role >= ROLE_COUNT) {
		x->sink.counts->n[COUNTER_RECORD_BAD]++;
		return 0;
	}
	frame = (struct frame){
		.data = r->data,
		.cap_len = r->cap_len,
		.wire_len = r->wire_len,
		.vlan = r->vlan,
		.ifindex = r->ifindex,
		.time_ns = (int64_t)r->time_ns + x->ring_offset_ns,
		.link = r->link,
		.role = r->role,
		.watch_only = r->role != x->count_role,
	};
	x->sink.frame(x->sink.ctx, &frame);
	return 0;
}

static void ring_read(struct xdp_input *x)
{
	x->ring_offset_ns = boot_offset_ns();
	ring_buffer__consume(x->ring);
}

static void on_ring(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ring_read(ctx);
}

static void on_interval(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	xdp_drain(ctx);
}

static void on_fill(evutil_socket_t fd, short what, void *ctx)
{
	struct xdp_input *x = ctx;

	(void)fd;
	(void)what;
	if (evidence_used(x) < x->kernel.limits->evidence / 2)
		return;
	x->sink.counts->n[COUNTER_DRAINS_EARLY]++;
	xdp_drain(x);
}

int drain_open(struct xdp_input *x)
{
	uint32_t bytes = x->config.profile == PROFILE_EDGE ? BATCH_BYTES_EDGE : BATCH_BYTES_GATEWAY;
	uint32_t chunk = bytes / (uint32_t)sizeof(struct evidence_value);

	x->clock_offset_ns = boot_offset_ns();
	x->drain.counters = calloc(x->kernel.cpus, sizeof(*x->drain.counters));
	if (!x->drain.counters || drain_resize(&x->drain, chunk))
		return -ENOMEM;
	x->ring = ring_buffer__new(x->kernel.map_fd[MAP_DNS_RING], ring_record, x, NULL);
	return x->ring ? 0 : -errno;
}

int drain_events(struct xdp_input *x)
{
	struct timeval interval = {.tv_sec = x->config.interval_s};

	x->ring_event = event_new(x->base, ring_buffer__epoll_fd(x->ring), EV_READ | EV_PERSIST,
				  on_ring, x);
	x->drain_event = event_new(x->base, -1, EV_PERSIST, on_interval, x);
	x->fill_event = event_new(x->base, -1, EV_PERSIST, on_fill, x);
	if (!x->ring_event || !x->drain_event || !x->fill_event)
		return -ENOMEM;
	if (event_add(x->ring_event, NULL) || event_add(x->drain_event, &interval) ||
	    event_add(x->fill_event, &fill_interval))
		return -ENOMEM;
	return 0;
}

/* What the programs left in the ring and in the active map. */
void drain_last(struct xdp_input *x)
{
	if (!x->ring)
		return;
	ring_read(x);
	xdp_drain(x);
}

void drain_close(struct xdp_input *x)
{
	if (x->ring)
		ring_buffer__free(x->ring);
	x->ring = NULL;
	free(x->drain.keys);
	free(x->drain.values);
	free(x->drain.counters);
}
