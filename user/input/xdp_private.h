/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the live input share. xdp.c opens and closes, xdp_load.c has the object,
 * xdp_links.c follows the interfaces, xdp_attach.c attaches to one, xdp_drain.c reads, xdp_mirror.c
 * writes the backend maps.
 */
#ifndef HAYRAKE_XDP_PRIVATE_H
#define HAYRAKE_XDP_PRIVATE_H

#include "base/table.h"
#include "input/xdp.h"
#include "input/xdp_netlink.h"

#define ERROR_MAX 256

/* Interfaces watched at once: the named ones and the ports of named bridges. */
#define XDP_LINKS_MAX 64
_Static_assert(XDP_STATUS_MAX >= XDP_LINKS_MAX + XDP_POINTS_MAX, "a row for each");

enum kernel_map {
	MAP_BACKENDS4,
	MAP_BACKENDS6,
	MAP_CLIENTS,
	MAP_LOCAL,
	MAP_EVIDENCE,
	MAP_DNS_RING,
	MAP_COUNTERS,
	MAP_CPUS,
	MAP_RODATA,
	MAP_BSS,
	MAP_COUNT,
};

enum hook { HOOK_XDP, HOOK_TC_IN, HOOK_TC_OUT, HOOK_COUNT };

/* A program is a hook, what it does (count, or watch DNS only) and what it reads (Ethernet, L3). */
#define PROGRAM_L3 1U
#define PROGRAM_DNS 2U
#define PROGRAM_COUNT (HOOK_COUNT * 4)
#define PROGRAM(hook, kind) ((unsigned int)(hook) * 4 + (kind))

/* Sizes of the kernel's side by profile. */
struct profile_limits {
	uint32_t backends; /* of each address family */
	uint32_t clients;
	uint32_t evidence; /* of each of the two maps */
	uint32_t prefilter_bits;
	uint32_t dns_ring; /* bytes */
	uint32_t dns_rate; /* copies a second and CPU */
};

/* The kernel side: file descriptors of maps and programs, -1: not there. */
struct kernel {
	int map_fd[MAP_COUNT];
	int evidence_fd[2];
	int program_fd[PROGRAM_COUNT];
	void *bss;        /* the programs' global data, shared memory */
	__u64 *prefilter; /* in it */
	uint32_t cpus; /* possible ones: per-CPU values have so many parts */
	const struct profile_limits *limits;
};

enum link_mode { MODE_NONE, MODE_NATIVE, MODE_TC, MODE_GENERIC, MODE_COUNT };

/* Where one program hangs: a BPF link, or our filter in the clsact qdisc. */
struct attachment {
	int link_fd; /* -1: none */
	bool filter;
};

/* A watched interface. */
struct live_link {
	struct link_info info;
	enum point_role role;
	bool bridge_port;
	bool made_clsact;
	int lock_fd;
	enum link_mode mode;
	const char *reason;
	struct attachment ingress;
	struct attachment egress;
};

struct drain {
	unsigned int active; /* index of the evidence map in the slot */
	uint32_t chunk;      /* entries that keys and values hold */
	struct evidence_key *keys;
	struct evidence_value *values;
	struct counters *counters;     /* cpus parts */
	uint64_t new_at_switch;        /* COUNTER_EVIDENCE_NEW when the active map was empty */
	bool no_batch;                 /* the kernel cannot read this map type in batches */
};

struct mirror {
	uint32_t count4;
	uint32_t count6;
	uint32_t clients;
	uint32_t stale; /* addresses that left since the prefilter was rebuilt */
};

struct xdp_input {
	struct xdp_config config;
	struct input_sink sink;
	struct event_base *base;
	endpoint_lookup *lookup;
	void *lookup_ctx;
	void (*drained)(void *ctx, int64_t now_ns);
	void *drained_ctx;
	clock_stepped *stepped;
	void *stepped_ctx;
	int64_t clock_offset_ns; /* wall clock minus boot time, at the last drain */
	enum point_role count_role; /* of the points that count; the others watch DNS only */
	struct kernel kernel;
	struct drain drain;
	struct mirror mirror;
	int netlink_fd;
	int monitor_fd;
	size_t link_count;
	struct live_link links[XDP_LINKS_MAX];
	uint32_t point_ifindex[XDP_POINTS_MAX]; /* 0: not there */
	bool point_is_bridge[XDP_POINTS_MAX];
	bool links_full_said;
	struct table *own_addresses;
	struct table *own_macs;
	struct ring_buffer *ring;
	int64_t ring_offset_ns; /* wall clock minus boot time, for the records being read */
	struct event *monitor_event;
	struct event *sync_event;
	unsigned int changes; /* enum netlink_change, waiting for sync_event */
	struct event *ring_event;
	struct event *drain_event;
	struct event *fill_event;
};

/* xdp_load.c */
void kernel_init(struct kernel *k);
/* Loads the object's maps and those programs whose bit is set. */
int kernel_load(struct kernel *k, const struct xdp_config *config, enum point_role count_role,
		uint32_t programs);
/* The program's descriptor; loads it when it is needed for the first time. -errno. */
int kernel_program(struct kernel *k, unsigned int program);
void kernel_close(struct kernel *k);
/* True when this process lacks capabilities; text names them. */
#define RIGHTS_TEXT_MAX 64
bool rights_missing(char text[static RIGHTS_TEXT_MAX]);

/* xdp_attach.c */
/* The programs that attaching this interface will most likely need, one bit each. */
uint32_t link_programs(const struct xdp_input *x, const struct live_link *l);
/* 0, or -errno with l->reason set and nothing attached. */
int link_attach(struct xdp_input *x, struct live_link *l);
void link_detach(struct xdp_input *x, struct live_link *l);
/* Holds the interface against other instances; -EADDRINUSE: one has it. A descriptor or -errno. */
int link_lock(uint32_t ifindex);
/*
 * Removes our filters in clsact, and clsact itself when it is ours (the caller or a filter's name
 * says so) and nothing else is in it. The number of filters, or -errno.
 */
int link_clean(int netlink_fd, uint32_t ifindex, bool made_clsact);

/* xdp_links.c */
int links_open(struct xdp_input *x, char error[static ERROR_MAX]);
/* Programs for all interfaces that are there now. */
uint32_t links_programs(struct xdp_input *x);
int links_attach(struct xdp_input *x, char error[static ERROR_MAX]);
int links_events(struct xdp_input *x);
void links_close(struct xdp_input *x);
/* After links_open(): what xdp_detach_left() does. */
int links_detach_left(struct xdp_input *x, char error[static ERROR_MAX]);

/* xdp_drain.c */
int drain_open(struct xdp_input *x);
int drain_events(struct xdp_input *x);
/* Reads what the programs left when they are detached. */
void drain_last(struct xdp_input *x);
void drain_close(struct xdp_input *x);
/* The kernel's counters, summed. */
int counters_read(struct xdp_input *x, struct counters *out);
/*
 * The two halves of a drain. The switch puts the quiet map into the slot and returns when no
 * program uses the other one any more; the read empties that into the flow sink.
 */
int evidence_switch(struct xdp_input *x);
int evidence_read(struct xdp_input *x);
/* Entries in the active evidence map. */
uint64_t evidence_used(struct xdp_input *x);
int64_t boot_offset_ns(void);

/* xdp_mirror.c */
/* Rebuilds the prefilter when enough addresses have left. */
void mirror_tidy(struct xdp_input *x);

#endif
