// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel object. libbpf's view of it lives only while something is loaded: what is kept are
 * duplicates of the descriptors, so that the memory for ELF, BTF and relocations goes back. A
 * program that is needed later is loaded from the embedded object onto the same maps.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "hayrake.packed.h"
#include "xdp_private.h"

static const char *const map_names[MAP_COUNT] = {
	[MAP_BACKENDS4] = "backends4",
	[MAP_BACKENDS6] = "backends6",
	[MAP_CLIENTS] = "clients",
	[MAP_LOCAL] = "local",
	[MAP_EVIDENCE] = "evidence",
	[MAP_DNS_RING] = "dns_ring",
	[MAP_COUNTERS] = "counters",
	[MAP_CPUS] = "cpus",
	[MAP_RODATA] = ".rodata",
	[MAP_BSS] = ".bss",
};

static const char *const program_names[PROGRAM_COUNT] = {
	[PROGRAM(HOOK_XDP, 0)] = "xdp_count",
	[PROGRAM(HOOK_XDP, PROGRAM_L3)] = "xdp_count_l3",
	[PROGRAM(HOOK_XDP, PROGRAM_DNS)] = "xdp_dns",
	[PROGRAM(HOOK_XDP, PROGRAM_DNS | PROGRAM_L3)] = "xdp_dns_l3",
	[PROGRAM(HOOK_TC_IN, 0)] = "tc_in_count",
	[PROGRAM(HOOK_TC_IN, PROGRAM_L3)] = "tc_in_count_l3",
	[PROGRAM(HOOK_TC_IN, PROGRAM_DNS)] = "tc_in_dns",
	[PROGRAM(HOOK_TC_IN, PROGRAM_DNS | PROGRAM_L3)] = "tc_in_dns_l3",
	[PROGRAM(HOOK_TC_OUT, 0)] = "tc_out_count",
	[PROGRAM(HOOK_TC_OUT, PROGRAM_L3)] = "tc_out_count_l3",
	[PROGRAM(HOOK_TC_OUT, PROGRAM_DNS)] = "tc_out_dns",
	[PROGRAM(HOOK_TC_OUT, PROGRAM_DNS | PROGRAM_L3)] = "tc_out_dns_l3",
};

static const struct profile_limits profile_limits[PROFILE_COUNT] = {
	[PROFILE_GATEWAY] = {BACKENDS_GATEWAY, CLIENTS_GATEWAY, EVIDENCE_GATEWAY,
			     PREFILTER_BITS_GATEWAY, DNS_RING_GATEWAY, DNS_RATE_GATEWAY},
	[PROFILE_EDGE] = {BACKENDS_EDGE, CLIENTS_EDGE, EVIDENCE_EDGE, PREFILTER_BITS_EDGE,
			  DNS_RING_EDGE, DNS_RATE_EDGE},
};

/* The object's bytes, unpacked (RFC 1952), or NULL. object_close() frees them. */
static inline const void *hayrake_bpf__elf_bytes(size_t *len)
{
	const size_t packed_len = sizeof(hayrake_bpf__packed);
	const unsigned char *tail = hayrake_bpf__packed + packed_len - 4;
	z_stream z = {.next_in = (unsigned char *)hayrake_bpf__packed, .avail_in = packed_len};
	unsigned char *bytes CLEANUP_FREE = NULL;
	int rc = Z_STREAM_ERROR;

	z.avail_out = tail[0] | tail[1] << 8 | tail[2] << 16 | (uInt)tail[3] << 24;
	*len = z.avail_out;
	z.next_out = bytes = malloc(*len);
	if (bytes && inflateInit2(&z, 16 + MAX_WBITS) == Z_OK) {
		rc = inflate(&z, Z_FINISH);
		inflateEnd(&z);
	}
	return rc == Z_STREAM_END ? TAKE_PTR(bytes) : NULL;
}

static void object_close(struct hayrake_bpf *skel)
{
	void *bytes = skel ? (void *)(uintptr_t)skel->skeleton->data : NULL;

	hayrake_bpf__destroy(skel);
	free(bytes);
}
DEFINE_CLEANUP(object_close, struct hayrake_bpf *)

/* One level lower than libbpf means it; the verifier's log has many lines. */
static int libbpf_message(enum libbpf_print_level level, const char *fmt, va_list args)
{
	CLEANUP_FREE char *text = NULL;
	char *rest, *line;

	if (level == LIBBPF_DEBUG || vasprintf(&text, fmt, args) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_debug("%s", line);
	return 0;
}

/* CAP_PERFMON: the verifier wants it for lengths worked out from packet pointers. */
static const struct {
	const char *name;
	int cap;
	int instead; /* of a wider right that has it in it */
} rights[] = {
	{"CAP_BPF", CAP_BPF, CAP_SYS_ADMIN},
	{"CAP_PERFMON", CAP_PERFMON, CAP_SYS_ADMIN},
	{"CAP_NET_ADMIN", CAP_NET_ADMIN, CAP_NET_ADMIN},
};

bool rights_missing(char text[static RIGHTS_TEXT_MAX])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	uint64_t has;
	size_t len = 0;

	if (syscall(SYS_capget, &header, data))
		return false;
	has = (uint64_t)data[1].effective << 32 | data[0].effective;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		if (!(has & (1ULL << rights[i].cap | 1ULL << rights[i].instead)))
			len += (size_t)snprintf(text + len, RIGHTS_TEXT_MAX - len, "%s%s",
						len ? ", " : "", rights[i].name);
	return len;
}

void kernel_init(struct kernel *k)
{
	memset(k, 0, sizeof(*k));
	memset(k->map_fd, -1, sizeof(k->map_fd));
	memset(k->evidence_fd, -1, sizeof(k->evidence_fd));
	memset(k->program_fd, -1, sizeof(k->program_fd));
}

static struct hayrake_bpf *object_open(uint32_t programs)
{
	struct hayrake_bpf *skel;
	struct bpf_program *p;

	libbpf_set_print(libbpf_message);
	skel = hayrake_bpf__open();
	if (!skel)
		return NULL;
	bpf_object__for_each_program(p, skel->obj)
		bpf_program__set_autoload(p, false);
	for (unsigned int i = 0; i < PROGRAM_COUNT; i++) {
		p = bpf_object__find_program_by_name(skel->obj, program_names[i]);
		if (p && programs & 1U << i)
			bpf_program__set_autoload(p, true);
	}
	return skel;
}

static void object_configure(struct hayrake_bpf *skel, const struct xdp_config *config,
			     enum point_role count_role)
{
	const struct profile_limits *limits = &profile_limits[config->profile];

	skel->rodata->subject_by = config->subject;
	skel->rodata->sample_rate = config->sample;
	skel->rodata->have_local = config->local_count > 0;
	skel->rodata->prefilter_mask = limits->prefilter_bits - 1;
	skel->rodata->dns_rate = limits->dns_rate;
	skel->rodata->count_role = count_role;
	skel->rodata->copy_names = config->names && count_role == ROLE_LAN;
	bpf_map__set_max_entries(skel->maps.backends4, limits->backends);
	bpf_map__set_max_entries(skel->maps.backends6, limits->backends);
	bpf_map__set_max_entries(skel->maps.clients, limits->clients);
	bpf_map__set_max_entries(skel->maps.dns_ring, limits->dns_ring);
}

static int object_keep_programs(struct kernel *k, struct hayrake_bpf *skel)
{
	for (unsigned int i = 0; i < PROGRAM_COUNT; i++) {
		struct bpf_program *p =
			bpf_object__find_program_by_name(skel->obj, program_names[i]);
		int fd = p ? bpf_program__fd(p) : -1;

		if (fd < 0 || k->program_fd[i] >= 0)
			continue;
		k->program_fd[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (k->program_fd[i] < 0)
			return -errno;
	}
	return 0;
}

static int object_keep_maps(struct kernel *k, struct hayrake_bpf *skel)
{
	for (unsigned int i = 0; i < MAP_COUNT; i++) {
		int fd = bpf_object__find_map_fd_by_name(skel->obj, map_names[i]);

		if (fd < 0)
			return fd;
		k->map_fd[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (k->map_fd[i] < 0)
			return -errno;
	}
	return 0;
}

static int prefilter_map(struct kernel *k)
{
	struct hayrake_bpf__bss *bss = mmap(NULL, sizeof(*bss), PROT_READ | PROT_WRITE, MAP_SHARED,
					    k->map_fd[MAP_BSS], 0);

	if (bss == MAP_FAILED)
		return -errno;
	k->bss = bss;
	k->prefilter = bss->prefilter;
	return 0;
}

/* The pair of evidence maps; the first one goes into the slot. */
static int evidence_make(struct kernel *k, uint32_t flags)
{
	static const char *const names[2] = {"evidence_a", "evidence_b"};
	const uint32_t max = k->limits->evidence;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	uint32_t slot = EVIDENCE_SLOT;

	for (int i = 0; i < 2; i++) {
		k->evidence_fd[i] = bpf_map_create(BPF_MAP_TYPE_HASH, names[i],
						   sizeof(struct evidence_key),
						   sizeof(struct evidence_value), max, &opts);
		if (k->evidence_fd[i] < 0)
			return k->evidence_fd[i];
	}
	return bpf_map_update_elem(k->map_fd[MAP_EVIDENCE], &slot, &k->evidence_fd[0], BPF_ANY);
}

static int local_fill(const struct kernel *k, const struct xdp_config *config)
{
	uint32_t one = 1;

	for (size_t i = 0; i < config->local_count; i++) {
		struct local_key key = {.prefix_len = config->local[i].len,
					.addr = config->local[i].addr};
		int rc = bpf_map_update_elem(k->map_fd[MAP_LOCAL], &key, &one, BPF_ANY);

		if (rc)
			return rc;
	}
	return 0;
}

int kernel_load(struct kernel *k, const struct xdp_config *config, enum point_role count_role,
		uint32_t programs)
{
	CLEANUP(object_close_ptr) struct hayrake_bpf *skel = object_open(programs);
	int cpus = libbpf_num_possible_cpus();
	uint32_t flags;
	int rc;

	if (!skel)
		return -errno;
	if (cpus < 0)
		return cpus;
	k->cpus = (uint32_t)cpus;
	k->limits = &profile_limits[config->profile];
	object_configure(skel, config, count_role);
	/* libbpf drops the pattern when it loads */
	flags = bpf_map__map_flags(bpf_map__inner_map(skel->maps.evidence));
	rc = hayrake_bpf__load(skel);
	if (rc)
		return rc;
	if ((rc = object_keep_maps(k, skel)) || (rc = object_keep_programs(k, skel)) ||
	    (rc = prefilter_map(k)) || (rc = evidence_make(k, flags)) ||
	    (rc = local_fill(k, config)))
		return rc;
	object_close(TAKE_PTR(skel));
	malloc_trim(0);
	return 0;
}

int kernel_program(struct kernel *k, unsigned int program)
{
	CLEANUP(object_close_ptr) struct hayrake_bpf *skel = NULL;
	int rc;

	if (k->program_fd[program] >= 0)
		return k->program_fd[program];
	skel = object_open(1U << program);
	if (!skel)
		return -errno;
	for (unsigned int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, map_names[i]);

		rc = bpf_map__reuse_fd(map, k->map_fd[i]);
		if (rc)
			return rc;
	}
	rc = hayrake_bpf__load(skel);
	if (!rc)
		rc = object_keep_programs(k, skel);
	object_close(TAKE_PTR(skel));
	malloc_trim(0);
	return rc ? rc : k->program_fd[program];
}

static void fds_close(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void kernel_close(struct kernel *k)
{
	if (k->bss)
		munmap(k->bss, sizeof(struct hayrake_bpf__bss));
	k->bss = k->prefilter = NULL;
	fds_close(k->program_fd, PROGRAM_COUNT);
	fds_close(k->evidence_fd, 2);
	fds_close(k->map_fd, MAP_COUNT);
}
