/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the capture reader's parts: pcap.c and pcapng.c (formats), pcap_link.c, pcap_wlan.c. */
#ifndef HAYRAKE_PCAP_READER_H
#define HAYRAKE_PCAP_READER_H

#include <string.h>

#include "input/pcap_stream.h"

/* Longest frame of a link that is understood; tcpdump's and Wireshark's own limit. */
#define FRAME_BYTES_MAX 262144U

/*
 * Takes the headers of one link type off a frame and gives what is left to the sink, or counts why
 * not. The frame is the callee's to change; its link is LINK_RAW before.
 */
typedef void pcap_link(const struct input_sink *sink, struct frame *frame);

/* By the LINKTYPE_ number of a file; link_unknown() when it is not understood. */
pcap_link *link_find(uint32_t linktype);
pcap_link link_unknown;

/* For links whose payload an ethertype names: IP goes to the sink, other things are counted. */
void link_ethertype(const struct input_sink *sink, struct frame *frame, uint16_t eth_type);
/* The same for a payload that starts with an LLC header. */
pcap_link link_llc;
/* 802.11 without and with each of the headers that capture programs put in front (pcap_wlan.c). */
pcap_link link_wlan, link_wlan_radiotap, link_wlan_prism, link_wlan_avs, link_ppi;

/* Counts a frame that does not reach the sink; counter says why. */
void link_count(const struct input_sink *sink, const struct frame *frame, enum counter counter);

/* Drops the first len bytes. False when the frame has fewer. */
static inline bool frame_strip(struct frame *frame, uint32_t len)
{
	if (frame->cap_len < len)
		return false;
	frame->data += len;
	frame->cap_len -= len;
	frame->wire_len -= len < frame->wire_len ? len : frame->wire_len;
	return true;
}

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p + 2) << 16 | le16(p);
}

/* One capture being read. Numbers are in the byte order of the machine that wrote it. */
struct pcap_reader {
	struct pcap_stream stream;
	const struct input_sink *sink;
	bool big_endian;
	uint64_t frames;
	int64_t last_ns;    /* for frames without a time */
	const char *damage; /* what is wrong, once an -EIO was given */
};

static inline uint16_t reader_u16(const struct pcap_reader *r, const uint8_t *p)
{
	return r->big_endian ? be16(p) : le16(p);
}

static inline uint32_t reader_u32(const struct pcap_reader *r, const uint8_t *p)
{
	return r->big_endian ? be32(p) : le32(p);
}

/* Notes what is wrong with the file. Returns -EIO. */
int reader_damaged(struct pcap_reader *r, const char *what);

/* After a take that failed: 0 at the proper end of the file, -EIO when cut short, or -errno. */
int reader_end(struct pcap_reader *r);

/* Reads a pcapng file, whose first block type is still to be taken. 0 or -EIO. */
int pcapng_read(struct pcap_reader *r);

#endif
