// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's copy of the backend map. An address's prefilter bit is set before it goes into the
 * map, so that a program never misses it. Bits of addresses that left stay as false positives until
 * the prefilter is rebuilt aside and copied over word by word: no bit that is needed is ever 0.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "xdp_private.h"

/* Rebuilt when an eighth of the bits, and so many at least, may be stale. */
#define STALE_MIN 64
#define STALE_SHARE 8

static uint32_t prefilter_bit(const struct kernel *k, const struct addr *a)
{
	uint64_t high, low;

	if (addr_is_v4(a))
		return prefilter_hash4(addr_v4_be(a)) & (k->limits->prefilter_bits - 1);
	memcpy(&high, a->b, sizeof(high));
	memcpy(&low, a->b + 8, sizeof(low));
	return prefilter_hash6(high, low) & (k->limits->prefilter_bits - 1);
}

/* This process alone writes the words; a program may see half of a store, which does no harm. */
static void word_store(__u64 *word, __u64 value)
{
	*(volatile __u64 *)word = value;
}

static void bit_set(__u64 *words, uint32_t bit)
{
	word_store(&words[bit / 64], words[bit / 64] | 1ULL << bit % 64);
}

/* Writes one entry and keeps the count: new entries first, so that the kernel says what is new. */
static int entry_put(int fd, const void *key, const struct backend_value *v, uint32_t *count)
{
	int rc = bpf_map_update_elem(fd, key, v, BPF_NOEXIST);

	if (!rc)
		++*count;
	else if (rc == -EEXIST)
		rc = bpf_map_update_elem(fd, key, v, BPF_EXIST);
	return rc;
}

static int entry_del(int fd, const void *key, uint32_t *count)
{
	int rc = bpf_map_delete_elem(fd, key);

	if (!rc)
		--*count;
	return rc;
}

static int result_count(struct xdp_input *x, int rc)
{
	if (rc)
		x->sink.counts->n[COUNTER_BACKEND_MAP_FAILED]++;
	return rc;
}

int xdp_backend_put(struct xdp_input *x, const struct addr *remote, const struct backend_value *v)
{
	struct kernel *k = &x->kernel;
	uint32_t v4 = addr_v4_be(remote);

	bit_set(k->prefilter, prefilter_bit(k, remote));
	if (addr_is_v4(remote))
		return result_count(x, entry_put(k->map_fd[MAP_BACKENDS4], &v4, v,
						 &x->mirror.count4));
	return result_count(x, entry_put(k->map_fd[MAP_BACKENDS6], remote, v, &x->mirror.count6));
}

int xdp_backend_del(struct xdp_input *x, const struct addr *remote)
{
	struct kernel *k = &x->kernel;
	uint32_t v4 = addr_v4_be(remote);
	int rc;

	if (addr_is_v4(remote))
		rc = entry_del(k->map_fd[MAP_BACKENDS4], &v4, &x->mirror.count4);
	else
		rc = entry_del(k->map_fd[MAP_BACKENDS6], remote, &x->mirror.count6);
	if (!rc)
		x->mirror.stale++;
	return result_count(x, rc);
}

int xdp_client_put(struct xdp_input *x, const struct client_key *key, const struct backend_value *v)
{
	return result_count(x, entry_put(x->kernel.map_fd[MAP_CLIENTS], key, v,
					 &x->mirror.clients));
}

int xdp_client_del(struct xdp_input *x, const struct client_key *key)
{
	return result_count(x, entry_del(x->kernel.map_fd[MAP_CLIENTS], key, &x->mirror.clients));
}

static int bits_collect(const struct kernel *k, int fd, bool v4, __u64 *words)
{
	struct addr key, next;
	int rc = bpf_map_get_next_key(fd, NULL, &next);

	while (!rc) {
		struct addr a = v4 ? addr_from_v4(&next) : next;
		uint32_t bit = prefilter_bit(k, &a);

		words[bit / 64] |= 1ULL << bit % 64;
		key = next;
		rc = bpf_map_get_next_key(fd, &key, &next);
	}
	return rc == -ENOENT ? 0 : rc;
}

static int prefilter_rebuild(struct xdp_input *x)
{
	const struct kernel *k = &x->kernel;
	size_t count = k->limits->prefilter_bits / 64;
	CLEANUP_FREE __u64 *words = calloc(count, sizeof(*words));
	int rc;

	if (!words)
		return -ENOMEM;
	rc = bits_collect(k, k->map_fd[MAP_BACKENDS4], true, words);
	if (!rc)
		rc = bits_collect(k, k->map_fd[MAP_BACKENDS6], false, words);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (k->prefilter[i] != words[i])
			word_store(&k->prefilter[i], words[i]);
	return 0;
}

void mirror_tidy(struct xdp_input *x)
{
	const struct mirror *m = &x->mirror;

	if (m->stale < STALE_MIN || m->stale < (m->count4 + m->count6) / STALE_SHARE)
		return;
	if (!prefilter_rebuild(x))
		x->mirror.stale = 0;
}

/* Kernel memory of a map, as /proc says; 0: it does not. */
static uint64_t map_bytes(int fd)
{
	char path[64], line[128];
	CLEANUP_FILE FILE *f = NULL;
	unsigned long long bytes;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			return bytes;
	return 0;
}

/* Bytes waiting: the ring's first page has the consumer's position, the second the producer's. */
static uint64_t ring_used(int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint8_t *p = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t used;

	if (p == MAP_FAILED)
		return 0;
	used = *(const volatile unsigned long *)(p + page) - *(const volatile unsigned long *)p;
	munmap((void *)p, 2 * page);
	return used;
}

size_t xdp_maps(struct xdp_input *x, struct xdp_map_status *out, size_t max)
{
	const struct kernel *k = &x->kernel;
	const struct profile_limits *limits = k->limits;
	unsigned int active = x->drain.active;
	const struct {
		const char *name;
		uint64_t used, max;
		int fd;
	} rows[] = {
		{"backends4", x->mirror.count4, limits->backends, k->map_fd[MAP_BACKENDS4]},
		{"backends6", x->mirror.count6, limits->backends, k->map_fd[MAP_BACKENDS6]},
		{"clients", x->mirror.clients, limits->clients, k->map_fd[MAP_CLIENTS]},
		{"local", x->config.local_count, LOCAL_PREFIXES_MAX, k->map_fd[MAP_LOCAL]},
		{"evidence", evidence_used(x), limits->evidence, k->evidence_fd[active]},
		{"evidence_quiet", 0, limits->evidence, k->evidence_fd[!active]},
		{"dns_ring", ring_used(k->map_fd[MAP_DNS_RING]), limits->dns_ring,
		 k->map_fd[MAP_DNS_RING]},
		{"evidence_slot", 1, 1, k->map_fd[MAP_EVIDENCE]},
		{"counters", 1, 1, k->map_fd[MAP_COUNTERS]},
		{"cpus", 1, 1, k->map_fd[MAP_CPUS]},
		{"settings", 1, 1, k->map_fd[MAP_RODATA]},
		{"prefilter", 1, 1, k->map_fd[MAP_BSS]},
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		out[i] = (struct xdp_map_status){.name = rows[i].name,
						 .used = rows[i].used,
						 .max = rows[i].max,
						 .bytes = map_bytes(rows[i].fd)};
	return n;
}
