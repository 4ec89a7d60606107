// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/input/pcap.c user/input/pcap_*.c user/input/pcapng.c */
/* Any file: no crash, a sentence when it is damaged, frames that lie within it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/pcap.h"

struct tally {
	struct counts counts;
	uint64_t frames;
	uint64_t bytes;
	unsigned int sum;
};

static void frame_tally(void *ctx, const struct frame *frame)
{
	struct tally *t = ctx;

	assert(frame->link < LINK_KIND_COUNT);
	assert(frame->time_ns >= 0);
	t->frames++;
	t->bytes += frame->cap_len;
	for (uint32_t i = 0; i < frame->cap_len; i++)
		t->sum += frame->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	struct tally t = {0};
	struct input_sink sink = {.ctx = &t, .frame = frame_tally, .counts = &t.counts};
	char path[32], error[256] = "";
	int err;

	if (fd < 0)
		fd = memfd_create("capture", 0);
	if (ftruncate(fd, 0) || pwrite(fd, data, len, 0) != (ssize_t)len)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = pcap_read(path, &sink, NULL, error);
	assert(!err == !*error);
	assert(t.bytes <= len);
	assert(t.frames + t.counts.n[COUNTER_PACKETS] <= len / 12);
	return 0;
}
