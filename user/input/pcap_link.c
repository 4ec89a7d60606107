// SPDX-License-Identifier: GPL-2.0-or-later
/* Link types: from a frame to its IP packet, which goes on as LINK_RAW; Ethernet stays as it is. */
#include "../../headers/wire.h"
#include "input/pcap_reader.h"

#define ETH_IPV4 0x0800
#define ETH_IPV6 0x86dd
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8
#define ETH_QINQ_OLD 0x9100
#define ETH_PPPOE 0x8864

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

#define SLL_HEADER_LEN 16
#define SLL2_HEADER_LEN 20
#define SLL_LLC 0x0004 /* in place of an ethertype: an LLC header follows */

void link_count(const struct input_sink *sink, const struct frame *frame, enum counter counter)
{
	sink->counts->n[COUNTER_PACKETS]++;
	sink->counts->n[COUNTER_BYTES] += frame->wire_len;
	sink->counts->n[counter]++;
}

void link_unknown(const struct input_sink *sink, struct frame *frame)
{
	link_count(sink, frame, COUNTER_LINK_UNKNOWN);
}

static void link_ethernet(const struct input_sink *sink, struct frame *frame)
{
	frame->link = LINK_ETHERNET;
	sink->frame(sink->ctx, frame);
}

static void link_raw(const struct input_sink *sink, struct frame *frame)
{
	sink->frame(sink->ctx, frame);
}

/*
 * BSD loopback: four octets of address family, whose numbers and byte order depend on the machine
 * that wrote them, so that the IP version is asked instead.
 */
static void link_null(const struct input_sink *sink, struct frame *frame)
{
	if (!frame_strip(frame, 4))
		link_count(sink, frame, COUNTER_RECORD_BAD);
	else if (frame->cap_len && (frame->data[0] >> 4 == 4 || frame->data[0] >> 4 == 6))
		sink->frame(sink->ctx, frame);
	else
		link_count(sink, frame, COUNTER_NOT_IP);
}

/* A PPP packet from its protocol number on, which may be cut to one octet (RFC 1661 6.5). */
static void link_ppp_packet(const struct input_sink *sink, struct frame *frame)
{
	uint16_t ppp_proto;

	if (frame->cap_len < 2) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
		return;
	}
	ppp_proto = frame->data[0] & 1 ? frame->data[0] : be16(frame->data);
	frame_strip(frame, frame->data[0] & 1 ? 1 : 2);
	if (ppp_proto == PPP_IPV4 || ppp_proto == PPP_IPV6)
		sink->frame(sink->ctx, frame);
	else
		link_count(sink, frame, COUNTER_NOT_IP);
}

static void link_pppoe(const struct input_sink *sink, struct frame *frame)
{
	if (frame_strip(frame, 6))
		link_ppp_packet(sink, frame);
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

/* Cisco HDLC: address, control, ethertype. */
static void link_hdlc_cisco(const struct input_sink *sink, struct frame *frame)
{
	if (frame_strip(frame, 4))
		link_ethertype(sink, frame, be16(frame->data - 2));
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

/* PPP, with or without the HDLC address and control octets, or Cisco HDLC in its place. */
static void link_ppp(const struct input_sink *sink, struct frame *frame)
{
	if (frame->cap_len >= 2 && (frame->data[0] == 0x0f || frame->data[0] == 0x8f)) {
		link_hdlc_cisco(sink, frame);
		return;
	}
	if (frame->cap_len >= 2 && frame->data[0] == 0xff && frame->data[1] == 0x03)
		frame_strip(frame, 2);
	link_ppp_packet(sink, frame);
}

/* One octet of direction in front of PPP, or in the place of the HDLC address (pppd). */
static void link_ppp_directed(const struct input_sink *sink, struct frame *frame)
{
	if (!frame_strip(frame, 1)) {
		link_count(sink, frame, COUNTER_RECORD_BAD);
		return;
	}
	if (frame->cap_len >= 1 && frame->data[0] == 0x03)
		frame_strip(frame, 1);
	link_ppp(sink, frame);
}

/* Takes off one tag; the outermost is kept in the frame. */
static bool vlan_strip(struct frame *frame, uint16_t *eth_type)
{
	if (!frame_strip(frame, 4))
		return false;
	if (!frame->vlan)
		frame->vlan = VLAN_PRESENT | be16(frame->data - 4);
	*eth_type = be16(frame->data - 2);
	return true;
}

void link_ethertype(const struct input_sink *sink, struct frame *frame, uint16_t eth_type)
{
	while (eth_type == ETH_VLAN || eth_type == ETH_QINQ || eth_type == ETH_QINQ_OLD) {
		if (!vlan_strip(frame, &eth_type)) {
			link_count(sink, frame, COUNTER_MALFORMED_VLAN);
			return;
		}
	}
	if (eth_type == ETH_IPV4 || eth_type == ETH_IPV6)
		sink->frame(sink->ctx, frame);
	else if (eth_type == ETH_PPPOE)
		link_pppoe(sink, frame);
	else
		link_count(sink, frame, COUNTER_NOT_IP);
}

/* LLC with SNAP (RFC 1042), also in the form of bridges (802.1H). */
void link_llc(const struct input_sink *sink, struct frame *frame)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00};
	static const uint8_t snap_bridge[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0xf8};
	const uint8_t *llc = frame->data;

	if (frame_strip(frame, 8) &&
	    (!memcmp(llc, snap, sizeof(snap)) || !memcmp(llc, snap_bridge, sizeof(snap_bridge))))
		link_ethertype(sink, frame, be16(llc + 6));
	else
		link_count(sink, frame, COUNTER_NOT_IP);
}

static void link_cooked(const struct input_sink *sink, struct frame *frame, uint16_t eth_type)
{
	if (eth_type == SLL_LLC)
		link_llc(sink, frame);
	else
		link_ethertype(sink, frame, eth_type);
}

/* Linux cooked, version 1: the sender's address at best, so it counts as without MAC addresses. */
static void link_sll(const struct input_sink *sink, struct frame *frame)
{
	if (frame_strip(frame, SLL_HEADER_LEN))
		link_cooked(sink, frame, be16(frame->data - 2));
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

static void link_sll2(const struct input_sink *sink, struct frame *frame)
{
	if (frame_strip(frame, SLL2_HEADER_LEN))
		link_cooked(sink, frame, be16(frame->data - SLL2_HEADER_LEN));
	else
		link_count(sink, frame, COUNTER_RECORD_BAD);
}

/* Numbers of tcpdump.org/linktypes.html; 11, 12 and 14 were written by BSD systems. */
static const struct {
	uint32_t linktype;
	pcap_link *link;
} links[] = {
	{1, link_ethernet},     {0, link_null},
	{9, link_ppp},          {11, link_llc},
	{12, link_raw},         {14, link_raw},
	{50, link_ppp},         {51, link_pppoe},
	{100, link_llc},        {101, link_raw},
	{104, link_ppp},        {105, link_wlan},
	{108, link_null},       {113, link_sll},
	{119, link_wlan_prism}, {127, link_wlan_radiotap},
	{163, link_wlan_avs},   {166, link_ppp_directed},
	{192, link_ppi},        {204, link_ppp_directed},
	{228, link_raw},        {229, link_raw},
	{276, link_sll2},
};

pcap_link *link_find(uint32_t linktype)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].linktype == linktype)
			return links[i].link;
	return link_unknown;
}
