// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The classic format: a header of 24 bytes, then for each frame a header of 16 and its bytes.
 * Own code instead of libpcap, which takes ten times the processor time for each frame, refuses
 * files with several link types, and brings in 1.3 MB of libraries at run time.
 */
#include "input/pcap.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "input/pcap_reader.h"

#define PCAP_MAGIC_US 0xa1b2c3d4U
#define PCAP_MAGIC_NS 0xa1b23c4dU
#define PCAP_MAGIC_KUZNETZOV 0xa1b2cd34U /* tcpdump with the 1990s' Linux patch: longer records */
#define PCAPNG_MAGIC 0x0a0d0d0aU

#define FILE_HEADER_LEN 24
#define RECORD_HEADER_LEN 16
#define RECORD_HEADER_LEN_KUZNETZOV 24
#define LINKTYPE_MASK 0x03ffffffU   /* above: the length of a frame check sequence */
#define SKIP_BYTES_MAX (128U << 20) /* frames of USB captures may be this long */

struct classic {
	pcap_link *link;
	uint32_t record_header_len;
	uint32_t fraction_ns; /* what the second half of a time counts */
	uint32_t frame_max;
	bool lengths_swapped; /* files older than version 2.4 may have them so */
};

int reader_damaged(struct pcap_reader *r, const char *what)
{
	r->damage = what;
	return -EIO;
}

int reader_end(struct pcap_reader *r)
{
	if (r->stream.error)
		return r->stream.error;
	return stream_left(&r->stream) ? reader_damaged(r, "cut short") : 0;
}

static int classic_open(struct pcap_reader *r, struct classic *c)
{
	uint8_t *h = stream_take(&r->stream, FILE_HEADER_LEN);
	uint32_t magic, linktype;
	uint16_t minor;

	if (!h)
		return reader_damaged(r, "not a capture file");
	r->big_endian = h[0] == 0xa1;
	magic = reader_u32(r, h);
	minor = reader_u16(r, h + 6);
	linktype = reader_u32(r, h + 20) & LINKTYPE_MASK;
	if (magic != PCAP_MAGIC_US && magic != PCAP_MAGIC_NS && magic != PCAP_MAGIC_KUZNETZOV)
		return reader_damaged(r, "not a capture file");
	if (reader_u16(r, h + 4) != 2 || minor > 4)
		return reader_damaged(r, "a version of the pcap format other than 2.0 to 2.4");
	c->link = link_find(linktype);
	c->record_header_len = magic == PCAP_MAGIC_KUZNETZOV ? RECORD_HEADER_LEN_KUZNETZOV
							     : RECORD_HEADER_LEN;
	c->fraction_ns = magic == PCAP_MAGIC_NS ? 1 : 1000;
	c->frame_max = c->link == link_unknown ? SKIP_BYTES_MAX : FRAME_BYTES_MAX;
	c->lengths_swapped = minor < 4;
	return 0;
}

/* 1 with the lengths and time of the next frame, 0 at the end, or -errno. */
static int classic_header(struct pcap_reader *r, const struct classic *c, struct frame *frame)
{
	const uint8_t *h = stream_take(&r->stream, c->record_header_len);

	if (!h)
		return reader_end(r);
	frame->cap_len = reader_u32(r, h + 8);
	frame->wire_len = reader_u32(r, h + 12);
	if (c->lengths_swapped && frame->cap_len > frame->wire_len) {
		frame->cap_len = reader_u32(r, h + 12);
		frame->wire_len = reader_u32(r, h + 8);
	}
	if (frame->cap_len > c->frame_max)
		return reader_damaged(r, "a frame is longer than can be");
	frame->time_ns = (int64_t)reader_u32(r, h) * NS_PER_S +
			 (int64_t)reader_u32(r, h + 4) * c->fraction_ns;
	return 1;
}

static int classic_read(struct pcap_reader *r)
{
	struct classic c = {0};
	int err = classic_open(r, &c);

	if (err)
		return err;
	for (;;) {
		struct frame frame = {.link = LINK_RAW};

		err = classic_header(r, &c, &frame);
		if (err <= 0)
			return err;
		if (frame.cap_len <= FRAME_BYTES_MAX)
			frame.data = stream_take(&r->stream, frame.cap_len);
		if (!frame.data && !stream_skip(&r->stream, frame.cap_len))
			return reader_damaged(r, "cut short");
		r->frames++;
		c.link(r->sink, &frame);
	}
}

int pcap_read(const char *path, const struct input_sink *sink,
	      const struct pcap_progress *progress, char error[static 256])
{
	struct pcap_reader r = {.sink = sink};
	const char *name = strcmp(path, "-") ? path : "standard input";
	int err = stream_open(&r.stream, path, progress);

	if (err) {
		snprintf(error, 256, "cannot open %.160s: %s", name, strerror(-err));
		return err;
	}
	if (!stream_fill(&r.stream, 4) && !r.stream.error)
		err = reader_damaged(&r, "not a capture file");
	else if (!r.stream.error)
		err = be32(r.stream.at) == PCAPNG_MAGIC ? pcapng_read(&r) : classic_read(&r);
	if (r.stream.error)
		snprintf(error, 256, "cannot read %.160s: %s", name, strerror(-r.stream.error));
	else if (err && !r.frames)
		snprintf(error, 256, "%.200s: %s", name, r.damage);
	else if (err)
		snprintf(error, 256, "%.160s: %s after frame %llu", name, r.damage,
			 (unsigned long long)r.frames);
	err = err || r.stream.error ? -EIO : 0;
	stream_close(&r.stream);
	return err;
}
