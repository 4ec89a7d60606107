/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or pipe as one window of bytes that moves on. Taking bytes that are in the window costs a
 * comparison; nothing is copied but the rest of a window when the next one is read.
 */
#ifndef HAYRAKE_PCAP_STREAM_H
#define HAYRAKE_PCAP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/pcap.h"

/* The longest piece that can be taken at once; the window stays in a second-level cache. */
#define STREAM_WINDOW ((size_t)512 << 10)

struct pcap_stream {
	uint8_t *at;
	uint8_t *end;
	uint8_t *window;
	size_t window_len; /* STREAM_WINDOW, or all of a file that is shorter */
	int fd;
	int error;                            /* -errno of a failed read, or 0 */
	uint64_t bytes_done;                  /* read from fd */
	uint64_t bytes_total;                 /* 0: unknown */
	uint64_t bytes_report;                /* the next report of progress is due here */
	const struct pcap_progress *progress; /* may be NULL */
};

/* Opens path ("-": standard input). 0 or -errno. */
int stream_open(struct pcap_stream *s, const char *path, const struct pcap_progress *progress);
void stream_close(struct pcap_stream *s);

/* Reads on until len bytes are in the window. False at the end of the file or on error. */
bool stream_fill(struct pcap_stream *s, size_t len);

/* Passes len bytes over. False when there are fewer. */
bool stream_skip(struct pcap_stream *s, uint64_t len);

/* Bytes in the window: what is left over at the end of the file. */
static inline size_t stream_left(const struct pcap_stream *s)
{
	return (size_t)(s->end - s->at);
}

/* The next len (at most STREAM_WINDOW) bytes, valid until the next call; NULL: there are fewer. */
static inline uint8_t *stream_take(struct pcap_stream *s, size_t len)
{
	uint8_t *p;

	if (__builtin_expect(stream_left(s) < len, 0) && !stream_fill(s, len))
		return NULL;
	p = s->at;
	s->at += len;
	return p;
}

#endif
