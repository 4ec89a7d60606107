// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/facts/facts.c user/facts/lines.c user/facts/alias.c user/base/addr.c user/base/table.c user/base/log.c */
/* Any file of passive DNS and of certificates: no crash, and only answers that make sense. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/name.h"
#include "base/timefmt.h"
#include "facts/facts.h"

#define NOW 1700000000LL

static bool wanted(void *ctx, const char *name)
{
	(void)ctx;
	return strstr(name, "sig") != NULL;
}

static void name_check(const char *name)
{
	size_t len = strlen(name);

	assert(len > 0 && len < NAME_TEXT_MAX && name[0] != '.' && name[len - 1] != '.');
	for (size_t i = 0; i < len; i++)
		assert(name[i] > ' ' && name[i] < 0x7f && !(name[i] >= 'A' && name[i] <= 'Z'));
}

static void times_check(int64_t time_ns, uint32_t ttl_s)
{
	assert(time_ns >= (NOW - NOW % 86400) * NS_PER_S && time_ns <= NOW * NS_PER_S);
	assert(ttl_s > 0 && ttl_s <= 7 * 86400);
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
	(void)ctx;
	name_check(a->qname);
	assert(a->source == SOURCE_PASSIVE_DNS && a->chain_count <= CHAIN_MAX);
	assert(a->address_count > 0 && a->address_count <= ANSWER_ADDRESSES_MAX);
	for (int i = 0; i < a->chain_count; i++)
		name_check(a->chain[i]);
	for (int i = 0; i < a->address_count; i++)
		times_check(a->time_ns, a->address[i].ttl_s);
}

static void on_certificate(void *ctx, const struct certificate *c)
{
	(void)ctx;
	times_check(c->time_ns, c->ttl_s);
	assert(c->port > 0 && c->name_count <= CERTIFICATE_NAMES_MAX);
	for (uint32_t i = 0; i < c->name_count; i++)
		name_check(c->names[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct facts_ops ops = {NULL, wanted, on_answer, on_certificate};
	struct counts counts = {0};
	struct facts_files files = {.passive_count = 1, .certificate_count = 1};
	int fd = memfd_create("facts", MFD_CLOEXEC);
	struct facts *f;
	char path[32];

	log_set_level(LOG_LEVEL_ERROR);
	assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	files.passive[0] = files.certificates[0] = path;
	f = facts_new(&files, &ops, &counts);
	assert(f && facts_import(f, NOW * NS_PER_S) > NOW * NS_PER_S);
	facts_free(f);
	close(fd);
	return 0;
}
