/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: pcap and pcapng files, of every link type that carries IP in a plain way. */
#ifndef HAYRAKE_PCAP_H
#define HAYRAKE_PCAP_H

#include "input/input.h"

struct pcap_progress {
	void *ctx;
	void (*update)(void *ctx, uint64_t bytes_done, uint64_t bytes_total); /* may be NULL */
};

/*
 * Reads all of path ("-": standard input) into sink->frame. 0; -EIO when the file is damaged or no
 * capture, after what could be read was processed, with one sentence in error. An unknown link type
 * is no error: its frames are counted as COUNTER_LINK_UNKNOWN.
 */
int pcap_read(const char *path, const struct input_sink *sink,
	      const struct pcap_progress *progress, char error[static 256]);

#endif
