// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 802.11 frames (IEEE 802.11-2020, 9.2 and 9.3.2), and the headers that capture programs put in
 * front of them. Plain data frames lose everything up to the IP header and keep the addresses of
 * the two end stations; of an aggregate every part is a frame of its own.
 */
#include "input/pcap_reader.h"

#define FC_TYPE_MASK 0x0c
#define FC_TYPE_DATA 0x08
#define FC_SUBTYPE_NULL 0x40 /* no data */
#define FC_SUBTYPE_QOS 0x80

#define FC_TO_DS 0x01
#define FC_FROM_DS 0x02
#define FC_PROTECTED 0x40
#define FC_ORDER 0x80

#define QOS_AGGREGATE 0x80
#define FRAGMENT_MASK 0x0f
#define WLAN_HEADER_LEN 24
#define SUBFRAME_HEADER_LEN 14

#define RADIOTAP_TSFT 0x1 /* bits of the presence word */
#define RADIOTAP_FLAGS 0x2
#define RADIOTAP_MORE 0x80000000U
#define RADIOTAP_FLAG_FCS 0x10
#define RADIOTAP_FLAG_PAD 0x20
#define RADIOTAP_FLAG_BAD_FCS 0x40
#define FCS_LEN 4

#define AVS_MAGIC 0x80211000U /* the last octet is the version */
#define PRISM_HEADER_LEN 144
#define PPI_HEADER_LEN 8

/* What stands between the MAC addresses and the payload. */
struct wlan {
	uint32_t header_len;
	bool aggregate;
};

/* The first header's length depends on the flags; 802.11 is little endian. */
static bool wlan_measure(const struct frame *frame, struct wlan *w)
{
	const uint8_t *h = frame->data;
	bool four = (h[1] & (FC_TO_DS | FC_FROM_DS)) == (FC_TO_DS | FC_FROM_DS);
	bool qos = h[0] & FC_SUBTYPE_QOS;

	w->header_len = WLAN_HEADER_LEN + (four ? 6 : 0);
	w->aggregate = false;
	if (!qos)
		return frame->cap_len >= w->header_len;
	if (frame->cap_len < w->header_len + 2)
		return false;
	w->aggregate = h[w->header_len] & QOS_AGGREGATE;
	w->header_len += 2 + (h[1] & FC_ORDER ? 4 : 0);
	return frame->cap_len >= w->header_len;
}

/* Source and destination stand in an address field that depends on the direction. */
static void wlan_stations(struct frame *frame)
{
	const uint8_t *h = frame->data;
	const uint8_t *dst = h + (h[1] & FC_TO_DS ? 16 : 4);
	const uint8_t *src = h + 10;

	if (h[1] & FC_FROM_DS)
		src = h + (h[1] & FC_TO_DS ? 24 : 16);
	frame->has_mac = true;
	memcpy(frame->src_mac, src, sizeof(frame->src_mac));
	memcpy(frame->dst_mac, dst, sizeof(frame->dst_mac));
}

/*
 * Each part: destination, source, length, data; padded to four octets but for the last. A rest too
 * short for a part is passed over: it may be a frame check sequence.
 */
static void wlan_aggregate(const struct input_sink *sink, const struct frame *all)
{
	const uint8_t *at = all->data;
	uint32_t left = all->cap_len;

	if (left <= SUBFRAME_HEADER_LEN)
		link_count(sink, all, COUNTER_RECORD_BAD);
	while (left > SUBFRAME_HEADER_LEN) {
		uint32_t part_len = be16(at + 12);
		uint32_t step = (SUBFRAME_HEADER_LEN + part_len + 3) & ~3U;
		struct frame part = *all;

		memcpy(part.dst_mac, at, sizeof(part.dst_mac));
		memcpy(part.src_mac, at + 6, sizeof(part.src_mac));
		frame_strip(&part, (uint32_t)(at - all->data) + SUBFRAME_HEADER_LEN);
		part.wire_len = part_len;
		if (part.cap_len > part_len)
			part.cap_len = part_len;
		link_llc(sink, &part);
		if (step >= left)
			return;
		at += step;
		left -= step;
	}
}

/* pad: the capture program aligned the payload to four octets. */
static void wlan_frame(const struct input_sink *sink, struct frame *frame, bool pad)
{
	const uint8_t *h = frame->data;
	struct wlan w;

	if (frame->cap_len < 2) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
	} else if ((h[0] & FC_TYPE_MASK) != FC_TYPE_DATA || h[0] & FC_SUBTYPE_NULL) {
		link_count(sink, frame, COUNTER_NOT_IP);
	} else if (h[1] & FC_PROTECTED) {
		link_count(sink, frame, COUNTER_WLAN_ENCRYPTED);
	} else if (!wlan_measure(frame, &w)) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
	} else if (h[22] & FRAGMENT_MASK) {
		link_count(sink, frame, COUNTER_NOT_IP);
	} else {
		wlan_stations(frame);
		if (!frame_strip(frame, pad ? (w.header_len + 3) & ~3U : w.header_len))
			link_count(sink, frame, COUNTER_RECORD_BAD);
		else if (w.aggregate)
			wlan_aggregate(sink, frame);
		else
			link_llc(sink, frame);
	}
}

void link_wlan(const struct input_sink *sink, struct frame *frame)
{
	wlan_frame(sink, frame, false);
}

/* The flags octet of a radiotap header, which follows all presence words and the optional TSFT. */
static uint8_t radiotap_flags(const uint8_t *h, uint32_t header_len)
{
	uint32_t present = le32(h + 4);
	uint32_t at = 8;

	if (!(present & RADIOTAP_FLAGS))
		return 0;
	for (uint32_t word = present; word & RADIOTAP_MORE; at += 4) {
		if (at + 4 > header_len)
			return 0;
		word = le32(h + at);
	}
	if (present & RADIOTAP_TSFT)
		at = ((at + 7) & ~7U) + 8;
	return at < header_len ? h[at] : 0;
}

void link_wlan_radiotap(const struct input_sink *sink, struct frame *frame)
{
	uint32_t header_len = frame->cap_len >= 8 ? le16(frame->data + 2) : 0;
	bool whole = frame->cap_len == frame->wire_len;
	uint8_t flags;

	if (header_len < 8 || frame->cap_len < header_len) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
		return;
	}
	flags = radiotap_flags(frame->data, header_len);
	frame_strip(frame, header_len);
	if (flags & RADIOTAP_FLAG_BAD_FCS) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
		return;
	}
	if (flags & RADIOTAP_FLAG_FCS && whole && frame->cap_len >= FCS_LEN) {
		frame->cap_len -= FCS_LEN;
		frame->wire_len -= FCS_LEN;
	}
	wlan_frame(sink, frame, flags & RADIOTAP_FLAG_PAD);
}

void link_wlan_avs(const struct input_sink *sink, struct frame *frame)
{
	uint32_t header_len = frame->cap_len >= 8 ? be32(frame->data + 4) : 0;

	if (header_len >= 8 && frame_strip(frame, header_len))
		wlan_frame(sink, frame, false);
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

/* Some drivers put an AVS header where the link type promises a Prism one. */
void link_wlan_prism(const struct input_sink *sink, struct frame *frame)
{
	if (frame->cap_len >= 4 && (be32(frame->data) & 0xffffff00U) == AVS_MAGIC)
		link_wlan_avs(sink, frame);
	else if (frame_strip(frame, PRISM_HEADER_LEN))
		wlan_frame(sink, frame, false);
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

/* Per-packet information: the header names the link type of what follows. */
void link_ppi(const struct input_sink *sink, struct frame *frame)
{
	const uint8_t *h = frame->data;
	pcap_link *inner = link_unknown;
	uint32_t header_len;

	if (frame->cap_len >= PPI_HEADER_LEN) {
		header_len = le16(h + 2);
		inner = link_find(le32(h + 4));
		if (inner == link_ppi)
			inner = link_unknown;
		if (header_len < PPI_HEADER_LEN || !frame_strip(frame, header_len)) {
			link_count(sink, frame, COUNTER_RECORD_BAD);
			return;
		}
	}
	inner(sink, frame);
}
