// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/input/pcap.c user/input/pcap_*.c user/input/pcapng.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../headers/wire.h"
#include "base/timefmt.h"
#include "input/pcap_reader.h"

#define START_S 1700000000U

/* The packet under test: IPv4, UDP, 28 bytes. */
static const uint8_t ip[28] = {0x45, 0,  0,  28,  0, 1, 0, 0, 64, 17, 0, 0, 192, 168,
			       1,    10, 198, 51, 100, 7, 0, 1, 0, 2,  0, 8, 0,   0};

/* --- a sink that remembers */

#define SEEN_MAX 64

struct seen {
	struct counts counts;
	uint64_t frame_count;
	struct frame frames[SEEN_MAX]; /* their data is gone */
	uint8_t first_octet[SEEN_MAX];
};

static void seen_frame(void *ctx, const struct frame *frame)
{
	struct seen *s = ctx;

	if (s->frame_count < SEEN_MAX) {
		s->frames[s->frame_count] = *frame;
		s->first_octet[s->frame_count] = frame->cap_len ? frame->data[0] : 0;
	}
	s->frame_count++;
}

static struct input_sink seen_sink(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	return (struct input_sink){.ctx = s, .frame = seen_frame, .counts = &s->counts};
}

/* --- building files */

struct bytes {
	uint8_t data[1 << 16];
	size_t len;
	bool big_endian;
};

static void put(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_int(struct bytes *b, uint64_t value, size_t size)
{
	uint8_t out[8];

	for (size_t i = 0; i < size; i++)
		out[b->big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
	put(b, out, size);
}

#define put16(b, value) put_int(b, value, 2)
#define put32(b, value) put_int(b, value, 4)

static void put_classic(struct bytes *b, uint32_t magic, uint16_t minor, uint32_t linktype)
{
	put32(b, magic);
	put16(b, 2);
	put16(b, minor);
	put32(b, 0);
	put32(b, 0);
	put32(b, 65535);
	put32(b, linktype);
}

static void put_record(struct bytes *b, uint32_t fraction, const void *data, uint32_t len)
{
	put32(b, START_S);
	put32(b, fraction);
	put32(b, len);
	put32(b, len + 100);
	put(b, data, len);
}

/* Opens a pcapng block; put_block_end() sets its two lengths. */
static size_t put_block(struct bytes *b, uint32_t type)
{
	size_t start = b->len;

	put32(b, type);
	put32(b, 0);
	return start;
}

static void put_block_end(struct bytes *b, size_t start)
{
	uint32_t len;
	struct bytes *head = calloc(1, sizeof(*head));

	while ((b->len - start) % 4)
		put(b, "", 1);
	len = (uint32_t)(b->len - start + 4);
	put32(b, len);
	head->big_endian = b->big_endian;
	put32(head, len);
	memcpy(b->data + start + 4, head->data, 4);
	free(head);
}

static void put_section(struct bytes *b)
{
	size_t block = put_block(b, 0x0a0d0d0a);

	put32(b, 0x1a2b3c4d);
	put16(b, 1);
	put16(b, 0);
	put_int(b, UINT64_MAX, 8);
	put_block_end(b, block);
}

static void put_interface(struct bytes *b, uint16_t linktype, int resolution, int64_t offset_s)
{
	size_t block = put_block(b, 1);
	uint8_t unit = (uint8_t)resolution;

	put16(b, linktype);
	put16(b, 0);
	put32(b, 20);
	if (resolution >= 0) {
		put16(b, 9);
		put16(b, 1);
		put(b, &unit, 1);
		put(b, "\0\0\0", 3);
	}
	if (offset_s) {
		put16(b, 14);
		put16(b, 8);
		put_int(b, (uint64_t)offset_s, 8);
	}
	put32(b, 0);
	put_block_end(b, block);
}

static void put_packet(struct bytes *b, uint32_t interface, uint64_t units)
{
	size_t block = put_block(b, 6);

	put32(b, interface);
	put32(b, units >> 32);
	put32(b, units);
	put32(b, sizeof(ip));
	put32(b, 1500);
	put(b, ip, sizeof(ip));
	put_block_end(b, block);
}

static int read_bytes(const void *data, size_t len, struct seen *s, char error[static 256])
{
	struct input_sink sink = seen_sink(s);
	int fd = memfd_create("capture", 0);
	char path[64];
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(error, 0, 256);
	err = pcap_read(path, &sink, NULL, error);
	close(fd);
	return err;
}

static struct bytes *bytes_new(bool big_endian)
{
	struct bytes *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->big_endian = big_endian;
	return b;
}

/* --- the classic format */

static void classic_variants_are_read(void **state)
{
	static const struct {
		uint32_t magic;
		uint32_t unit_ns;
	} variants[] = {{0xa1b2c3d4, 1000}, {0xa1b23c4d, 1}, {0xa1b2cd34, 1000}};
	struct seen s;
	char error[256];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct bytes *b = bytes_new(i % 2);

		put_classic(b, variants[i / 2].magic, 4, 101);
		put32(b, START_S);
		put32(b, 123456);
		put32(b, sizeof(ip));
		put32(b, 1500);
		if (variants[i / 2].magic == 0xa1b2cd34)
			put(b, "12345678", 8);
		put(b, ip, sizeof(ip));
		assert_int_equal(read_bytes(b->data, b->len, &s, error), 0);
		assert_int_equal(s.frame_count, 1);
		assert_int_equal(s.frames[0].time_ns,
				 START_S * NS_PER_S + 123456 * variants[i / 2].unit_ns);
		assert_int_equal(s.frames[0].cap_len, sizeof(ip));
		assert_int_equal(s.frames[0].wire_len, 1500);
		assert_int_equal(s.frames[0].link, LINK_RAW);
		assert_int_equal(s.first_octet[0], 0x45);
		free(b);
	}
}

static void old_files_may_have_lengths_swapped(void **state)
{
	struct bytes *b = bytes_new(false);
	struct seen s;
	char error[256];

	(void)state;
	put_classic(b, 0xa1b2c3d4, 3, 101);
	put32(b, START_S);
	put32(b, 0);
	put32(b, 1500);
	put32(b, sizeof(ip));
	put(b, ip, sizeof(ip));
	put_record(b, 0, ip, sizeof(ip));
	assert_int_equal(read_bytes(b->data, b->len, &s, error), 0);
	assert_int_equal(s.frame_count, 2);
	assert_int_equal(s.frames[0].cap_len, sizeof(ip));
	assert_int_equal(s.frames[0].wire_len, 1500);
	assert_int_equal(s.frames[1].cap_len, sizeof(ip));
	free(b);
}

/* The length of a file is right at exactly the ends of its header and its records. */
static void classic_file_cut_at_every_length(void **state)
{
	struct bytes *b = bytes_new(false);
	struct seen s;
	char error[256];

	(void)state;
	put_classic(b, 0xa1b2c3d4, 4, 101);
	for (int i = 0; i < 3; i++)
		put_record(b, 0, ip, sizeof(ip));
	for (size_t len = 0; len <= b->len; len++) {
		int err = read_bytes(b->data, len, &s, error);
		size_t whole = len < 24 ? 0 : (len - 24) / (16 + sizeof(ip));

		assert_int_equal(s.frame_count, whole);
		if (len >= 24 && (len - 24) % (16 + sizeof(ip)) == 0)
			assert_int_equal(err, 0);
		else
			assert_int_equal(err, -EIO);
		assert_true(!err || strstr(error, "/proc/self/fd/"));
	}
	free(b);
}

static void impossible_length_ends_the_file(void **state)
{
	struct bytes *b = bytes_new(false);
	struct seen s;
	char error[256];

	(void)state;
	put_classic(b, 0xa1b2c3d4, 4, 1);
	put_record(b, 0, ip, sizeof(ip));
	put32(b, START_S);
	put32(b, 0);
	put32(b, FRAME_BYTES_MAX + 1);
	put32(b, 64);
	put(b, ip, sizeof(ip));
	assert_int_equal(read_bytes(b->data, b->len, &s, error), -EIO);
	assert_int_equal(s.frame_count, 1);
	assert_non_null(strstr(error, "a frame is longer than can be after frame 1"));
	free(b);
}

/* Frames of links that are not understood may be longer than the window, and are passed over. */
static void unknown_link_is_counted(void **state)
{
	static uint8_t file[24 + 2 * (16 + (1 << 20))];
	struct bytes *b = bytes_new(false);
	struct seen s;
	char error[256];

	(void)state;
	put_classic(b, 0xa1b2c3d4, 4, 249);
	memcpy(file, b->data, 24);
	for (size_t at = 24; at < sizeof(file); at += 16 + (1 << 20))
		file[at + 10] = file[at + 14] = 16;
	assert_int_equal(read_bytes(file, sizeof(file), &s, error), 0);
	assert_int_equal(s.frame_count, 0);
	assert_int_equal(s.counts.n[COUNTER_LINK_UNKNOWN], 2);
	assert_int_equal(s.counts.n[COUNTER_PACKETS], 2);
	assert_int_equal(s.counts.n[COUNTER_BYTES], 2 << 20);
	assert_int_equal(read_bytes(file, sizeof(file) - 1, &s, error), -EIO);
	assert_int_equal(s.counts.n[COUNTER_LINK_UNKNOWN], 1);
	free(b);
}

static void foreign_files_are_refused(void **state)
{
	static const char *const texts[] = {"", "{}", "GNU AFFERO GENERAL PUBLIC LICENSE\n",
					    "\x1f\x8b\x08\x00 compressed, and long enough to be"};
	struct seen s;
	char error[256];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(read_bytes(texts[i], strlen(texts[i]), &s, error), -EIO);
		assert_non_null(strstr(error, "not a capture file"));
	}
}

static void missing_file_is_named(void **state)
{
	struct seen s;
	struct input_sink sink = seen_sink(&s);
	char error[256];

	(void)state;
	assert_int_equal(pcap_read("/nonexistent.pcap", &sink, NULL, error), -ENOENT);
	assert_string_equal(error, "cannot open /nonexistent.pcap: No such file or directory");
	assert_int_equal(pcap_read("/", &sink, NULL, error), -EIO);
	assert_string_equal(error, "cannot read /: Is a directory");
}

/* --- pcapng */

static void pcapng_times_follow_the_interface(void **state)
{
	static const struct {
		int resolution;
		int64_t offset_s;
		uint64_t units;
		int64_t time_ns;
	} rows[] = {
		{-1, 0, START_S * 1000000ULL + 5, START_S * NS_PER_S + 5000},
		{0, 0, START_S, START_S * NS_PER_S},
		{3, 0, START_S * 1000ULL + 5, START_S * NS_PER_S + 5000000},
		{9, 0, START_S * 1000000000ULL + 5, START_S * NS_PER_S + 5},
		{9, 3600, START_S * 1000000000ULL + 5, (START_S + 3600) * NS_PER_S + 5},
		{9, -3600, START_S * 1000000000ULL + 5, (START_S - 3600) * NS_PER_S + 5},
		{9, -3600, 5, 0},
		{10, 0, START_S * 10000000000ULL + 57, START_S * NS_PER_S + 5},
		{0x80 | 10, 0, ((uint64_t)START_S << 10) + 512, START_S * NS_PER_S + 500000000},
		{0x80 | 20, 0, ((uint64_t)START_S << 20) + 1, START_S * NS_PER_S + 953},
		{0x80 | 33, 0, ((uint64_t)START_S << 33) + (3ULL << 31),
		 START_S * NS_PER_S + 750000000},
		{0x80 | 60, 0, 3ULL << 59, NS_PER_S + 500000000},
		{3, 0, UINT64_MAX, INT64_MAX / 2},
		{0x80, 0, UINT64_MAX, INT64_MAX / 2},
	};
	struct seen s;
	char error[256];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes *b = bytes_new(i % 2);

		put_section(b);
		put_interface(b, 101, rows[i / 2].resolution, rows[i / 2].offset_s);
		put_packet(b, 0, rows[i / 2].units);
		assert_int_equal(read_bytes(b->data, b->len, &s, error), 0);
		assert_int_equal(s.frame_count, 1);
		assert_int_equal(s.frames[0].time_ns, rows[i / 2].time_ns);
		assert_int_equal(s.frames[0].cap_len, sizeof(ip));
		assert_int_equal(s.frames[0].wire_len, 1500);
		free(b);
	}
}

/* Two byte orders, two link types, all forms of packet block, an unknown block. */
static struct bytes *pcapng_mixed(void)
{
	struct bytes *b = bytes_new(false);
	size_t block;

	put_section(b);
	put_interface(b, 1, -1, 0);
	put_interface(b, 101, 9, 0);
	put_packet(b, 0, 1000000);
	put_packet(b, 1, 2000000000);
	block = put_block(b, 0x80000bad);
	put(b, "opaque", 6);
	put_block_end(b, block);
	block = put_block(b, 3); /* simple: keeps the 20 bytes that interface 0 keeps */
	put32(b, 1400);
	put(b, ip, 20);
	put_block_end(b, block);
	b->big_endian = true;
	put_section(b);
	put_interface(b, 12, -1, 0);
	block = put_block(b, 2); /* the old form: 16 bits of interface, 16 of drops */
	put16(b, 0);
	put16(b, 7);
	put32(b, 0);
	put32(b, 4000000);
	put32(b, 28);
	put32(b, 28);
	put(b, ip, 28);
	put_block_end(b, block);
	return b;
}

static void pcapng_blocks_are_read(void **state)
{
	struct bytes *b = pcapng_mixed();
	struct seen s;
	char error[256];

	(void)state;
	assert_int_equal(read_bytes(b->data, b->len, &s, error), 0);
	assert_int_equal(s.frame_count, 4);
	assert_int_equal(s.frames[0].link, LINK_ETHERNET);
	assert_int_equal(s.frames[0].time_ns, NS_PER_S);
	assert_int_equal(s.frames[1].link, LINK_RAW);
	assert_int_equal(s.frames[1].time_ns, 2 * NS_PER_S);
	assert_int_equal(s.frames[2].link, LINK_ETHERNET);
	assert_int_equal(s.frames[2].time_ns, 2 * NS_PER_S);
	assert_int_equal(s.frames[2].cap_len, 20);
	assert_int_equal(s.frames[2].wire_len, 1400);
	assert_int_equal(s.frames[3].link, LINK_RAW);
	assert_int_equal(s.frames[3].time_ns, 4 * NS_PER_S);
	free(b);
}

static void pcapng_file_cut_at_every_length(void **state)
{
	struct bytes *b = pcapng_mixed();
	struct seen s;
	char error[256];
	int whole = 0;

	(void)state;
	for (size_t len = 1; len <= b->len; len++)
		whole += !read_bytes(b->data, len, &s, error);
	assert_int_equal(whole, 10); /* a file may end behind each of its blocks */
	free(b);
}

/* Every octet of a good file set to 0 and to 255: no crash, no more frames than there are. */
static void pcapng_file_with_wrong_octets(void **state)
{
	struct bytes *b = pcapng_mixed();
	struct seen s;
	char error[256];

	(void)state;
	for (size_t i = 0; i < 2 * b->len; i++) {
		uint8_t was = b->data[i / 2];

		b->data[i / 2] = i % 2 ? 255 : 0;
		read_bytes(b->data, b->len, &s, error);
		assert_true(s.frame_count <= 4);
		b->data[i / 2] = was;
	}
	free(b);
}

static void pcapng_damage_is_named(void **state)
{
	static const struct {
		size_t at; /* from the start of the packet block */
		uint8_t value;
		const char *what;
	} rows[] = {
		{4, 9, "a block with an impossible length"},
		{4, 8, "a block with an impossible length"},
		{8, 1, "a frame of an interface that was not described"},
		{20, 29, "a frame longer than its block"},
		{23, 255, "a frame longer than its block"},
		{56, 61, "a block whose two lengths differ"},
	};
	struct seen s;
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes *b = bytes_new(false);
		size_t packet;

		put_section(b);
		put_interface(b, 101, 6, 0);
		packet = b->len;
		put_packet(b, 0, 0);
		b->data[packet + rows[i].at] = rows[i].value;
		assert_int_equal(read_bytes(b->data, b->len, &s, error), -EIO);
		assert_non_null(strstr(error, rows[i].what));
		free(b);
	}
}

/* --- link types */

#define WLAN_UP "\x08\x01\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x10\0"
#define WLAN_DOWN "\x08\x02\0\0" "\2dstB\1" "BSSIDx" "\2srcA\1" "\x10\0"
#define WLAN_ADHOC "\x08\0\0\0" "\2dstB\1" "\2srcA\1" "BSSIDx" "\x10\0"
#define WLAN_WDS "\x08\x03\0\0" "RECVxx" "TRANSx" "\2dstB\1" "\x10\0" "\2srcA\1"
#define WLAN_QOS "\x88\x01\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x10\0" "\0\0"
#define WLAN_QOS_HT "\x88\x81\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x10\0" "\0\0" "HTHT"
#define WLAN_LATER "\x08\x01\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x11\0"
#define WLAN_SECRET "\x08\x41\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x10\0"
#define WLAN_NULL "\x48\x01\0\0" "BSSIDx" "\2srcA\1" "\2dstB\1" "\x10\0"
#define WLAN_BEACON "\x80\0\0\0" "ALLxxx" "BSSIDx" "BSSIDx" "\x10\0"
#define WLAN_PARTS                                                                                 \
	"\x88\x02\0\0" "GROUPx" "BSSIDx" "BSSIDx" "\x10\0" "\x80\0"                                \
	"\2arpB\1" "\2arpA\1" "\0\x0b" SNAP "\x08\x06" "arp" "\0\0\0"                              \
	"\2dstB\1" "\2srcA\1" "\0\x24"
#define SNAP "\xaa\xaa\3\0\0\0"
#define SNAP_IP SNAP "\x08\0"

#define WITH_MAC 1 /* \2srcA\1 to \2dstB\1 */
#define VLAN_5 2

#define BYTES(text) text, sizeof(text) - 1

static const struct link_row {
	const char *name;
	uint32_t linktype;
	const char *head; /* in front of ip */
	size_t head_len;
	uint32_t flags;
	enum counter counter; /* COUNTER_COUNT: the packet goes to the sink */
} link_rows[] = {
	{"raw", 101, BYTES(""), 0, COUNTER_COUNT},
	{"raw, BSD", 12, BYTES(""), 0, COUNTER_COUNT},
	{"raw, OpenBSD", 14, BYTES(""), 0, COUNTER_COUNT},
	{"ipv4", 228, BYTES(""), 0, COUNTER_COUNT},
	{"null", 0, BYTES("\2\0\0\0"), 0, COUNTER_COUNT},
	{"loop", 108, BYTES("\0\0\0\2"), 0, COUNTER_COUNT},
	{"null, no ip", 0, BYTES("\2\0\0\0\1"), 0, COUNTER_NOT_IP},
	{"ppp", 9, BYTES("\0\x21"), 0, COUNTER_COUNT},
	{"ppp, short protocol", 9, BYTES("\x21"), 0, COUNTER_COUNT},
	{"ppp in hdlc", 9, BYTES("\xff\3\0\x21"), 0, COUNTER_COUNT},
	{"ppp serial", 50, BYTES("\xff\3\0\x21"), 0, COUNTER_COUNT},
	{"ppp control", 9, BYTES("\xff\3\xc0\x21"), 0, COUNTER_NOT_IP},
	{"ppp with direction", 204, BYTES("\1\xff\3\0\x21"), 0, COUNTER_COUNT},
	{"pppd", 166, BYTES("\0\3\0\x21"), 0, COUNTER_COUNT},
	{"pppoe", 51, BYTES("\x11\0\0\1\0\x1e\0\x21"), 0, COUNTER_COUNT},
	{"cisco hdlc", 104, BYTES("\x0f\0\x08\0"), 0, COUNTER_COUNT},
	{"cisco keepalive", 104, BYTES("\x8f\0\x80\x35"), 0, COUNTER_NOT_IP},
	{"llc over atm", 100, BYTES(SNAP_IP), 0, COUNTER_COUNT},
	{"sll", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\x08\0"), 0, COUNTER_COUNT},
	{"sll, arp", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\x08\6"), 0, COUNTER_NOT_IP},
	{"sll, vlan", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\x81\0\0\5\x08\0"),
	 VLAN_5, COUNTER_COUNT},
	{"sll, two vlans", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\x88\xa8\0\5\x81\0\0\6\x08\0"),
	 VLAN_5,
	 COUNTER_COUNT},
	{"sll, pppoe", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\x88\x64\x11\0\0\1\0\x1e\0\x21"), 0,
	 COUNTER_COUNT},
	{"sll, llc", 113, BYTES("\0\4\0\1\0\6\2srcA\1\0\0\0\4" SNAP_IP), 0, COUNTER_COUNT},
	{"sll2", 276, BYTES("\x08\0\0\0\0\0\0\2\0\1\0\6\2srcA\1\0\0"), 0, COUNTER_COUNT},
	{"wlan up", 105, BYTES(WLAN_UP SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan down", 105, BYTES(WLAN_DOWN SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan ad hoc", 105, BYTES(WLAN_ADHOC SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan four addresses", 105, BYTES(WLAN_WDS SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan qos", 105, BYTES(WLAN_QOS SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan qos, ht", 105, BYTES(WLAN_QOS_HT SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"wlan bridge snap", 105, BYTES(WLAN_UP "\xaa\xaa\3\0\0\xf8\x08\0"),
	 WITH_MAC, COUNTER_COUNT},
	{"wlan vlan", 105, BYTES(WLAN_UP SNAP "\x81\0\0\5\x08\0"),
	 WITH_MAC | VLAN_5, COUNTER_COUNT},
	{"wlan arp", 105, BYTES(WLAN_UP SNAP "\x08\6"), 0, COUNTER_NOT_IP},
	{"wlan later fragment", 105, BYTES(WLAN_LATER SNAP_IP), 0, COUNTER_NOT_IP},
	{"wlan encrypted", 105, BYTES(WLAN_SECRET SNAP_IP), 0, COUNTER_WLAN_ENCRYPTED},
	{"wlan null data", 105, BYTES(WLAN_NULL), 0, COUNTER_NOT_IP},
	{"wlan beacon", 105, BYTES(WLAN_BEACON), 0, COUNTER_NOT_IP},
	{"radiotap", 127, BYTES("\0\0\x08\0\0\0\0\0" WLAN_UP SNAP_IP), WITH_MAC, COUNTER_COUNT},
	{"radiotap, padded", 127, BYTES("\0\0\x09\0\2\0\0\0\x20" WLAN_QOS "\0\0" SNAP_IP), WITH_MAC,
	 COUNTER_COUNT},
	{"radiotap, time and flags", 127,
	 BYTES("\0\0\x19\0\3\0\0\x80\0\0\0\0\0\0\0\0" "TIMETIME" "\x20" WLAN_QOS "\0\0" SNAP_IP),
	 WITH_MAC, COUNTER_COUNT},
	{"radiotap, flags left out", 127, BYTES("\0\0\x08\0\2\0\0\0" WLAN_UP SNAP_IP), WITH_MAC,
	 COUNTER_COUNT},
	{"radiotap, bad fcs", 127, BYTES("\0\0\x09\0\2\0\0\0\x40" WLAN_UP SNAP_IP), 0,
	 COUNTER_RECORD_BAD},
	{"radiotap too long", 127, BYTES("\0\0\xff\xff\0\0\0\0" WLAN_UP SNAP_IP),
	 0, COUNTER_RECORD_BAD},
	{"avs", 163, BYTES("\x80\x21\x10\1\0\0\0\x0c" "xxxx" WLAN_UP SNAP_IP),
	 WITH_MAC, COUNTER_COUNT},
	{"avs for prism", 119, BYTES("\x80\x21\x10\1\0\0\0\x0c" "xxxx" WLAN_UP SNAP_IP), WITH_MAC,
	 COUNTER_COUNT},
	{"ppi, wlan", 192, BYTES("\0\0\x0a\0\x69\0\0\0" "xx" WLAN_UP SNAP_IP),
	 WITH_MAC, COUNTER_COUNT},
	{"ppi, raw", 192, BYTES("\0\0\x08\0\x65\0\0\0"), 0, COUNTER_COUNT},
	{"ppi in ppi", 192, BYTES("\0\0\x08\0\xc0\0\0\0"), 0, COUNTER_LINK_UNKNOWN},
	{"usb", 249, BYTES("\0\0\0\0"), 0, COUNTER_LINK_UNKNOWN},
};

/* Runs one frame of exactly len bytes, in memory of its own so that ASan sees any read beyond. */
static void link_run(uint32_t linktype, const uint8_t *data, size_t len, struct seen *s)
{
	struct input_sink sink = seen_sink(s);
	uint8_t *own = malloc(len ? len : 1);
	struct frame frame = {
		.link = LINK_RAW, .data = own, .cap_len = (uint32_t)len, .wire_len = (uint32_t)len};

	assert_non_null(own);
	memcpy(own, data, len);
	link_find(linktype)(&sink, &frame);
	free(own);
}

static void link_check(const struct link_row *row, const struct seen *s)
{
	const struct frame *f = &s->frames[0];

	if (row->counter != COUNTER_COUNT) {
		assert_int_equal(s->frame_count, 0);
		assert_int_equal(s->counts.n[row->counter], 1);
		return;
	}
	assert_int_equal(s->frame_count, 1);
	assert_int_equal(s->first_octet[0], 0x45);
	assert_int_equal(f->cap_len, sizeof(ip));
	assert_int_equal(f->wire_len, sizeof(ip));
	assert_int_equal(f->link, LINK_RAW);
	assert_int_equal(f->has_mac, !!(row->flags & WITH_MAC));
	assert_int_equal(f->vlan, row->flags & VLAN_5 ? (VLAN_PRESENT | 5) : 0);
	if (row->flags & WITH_MAC) {
		assert_memory_equal(f->src_mac, "\2srcA\1", 6);
		assert_memory_equal(f->dst_mac, "\2dstB\1", 6);
	}
}

/* Each row whole, then cut at every length: always exactly one frame given on or counted. */
static void links_lose_their_headers(void **state)
{
	uint8_t data[256];
	struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++) {
		const struct link_row *row = &link_rows[i];
		size_t len = row->head_len + sizeof(ip);

		memcpy(data, row->head, row->head_len);
		memcpy(data + row->head_len, ip, sizeof(ip));
		link_run(row->linktype, data, len, &s);
		print_message("# %s\n", row->name);
		link_check(row, &s);
		for (size_t cut = 0; cut < len; cut++) {
			link_run(row->linktype, data, cut, &s);
			assert_int_equal(s.frame_count + s.counts.n[COUNTER_PACKETS], 1);
		}
	}
}

static void aggregates_are_taken_apart(void **state)
{
	uint8_t data[256];
	size_t head_len = sizeof(WLAN_PARTS SNAP_IP) - 1, len = head_len + sizeof(ip);
	struct seen s;

	(void)state;
	memcpy(data, WLAN_PARTS SNAP_IP, head_len);
	memcpy(data + head_len, ip, sizeof(ip));
	link_run(105, data, len, &s);
	assert_int_equal(s.frame_count, 1);
	assert_int_equal(s.counts.n[COUNTER_NOT_IP], 1);
	assert_int_equal(s.frames[0].cap_len, sizeof(ip));
	assert_int_equal(s.frames[0].wire_len, sizeof(ip));
	assert_memory_equal(s.frames[0].src_mac, "\2srcA\1", 6);
	assert_memory_equal(s.frames[0].dst_mac, "\2dstB\1", 6);
	for (size_t cut = 0; cut < len; cut++)
		link_run(105, data, cut, &s);
}

static void radiotap_check_sequence_is_trimmed(void **state)
{
	static const char head[] = "\0\0\x09\0\2\0\0\0\x10" WLAN_UP SNAP_IP;
	uint8_t data[128] = {0};
	size_t len = sizeof(head) - 1 + sizeof(ip) + 4;
	struct seen s;

	(void)state;
	memcpy(data, head, sizeof(head) - 1);
	memcpy(data + sizeof(head) - 1, ip, sizeof(ip));
	link_run(127, data, len, &s);
	assert_int_equal(s.frame_count, 1);
	assert_int_equal(s.frames[0].cap_len, sizeof(ip));
	assert_int_equal(s.frames[0].wire_len, sizeof(ip));
}

/* --- big files, progress */

struct progress_seen {
	uint64_t calls;
	uint64_t last;
	uint64_t total;
};

static void progress_note(void *ctx, uint64_t done, uint64_t total)
{
	struct progress_seen *p = ctx;

	assert_true(done > p->last);
	p->calls++;
	p->last = done;
	p->total = total;
}

/* Frames of every length, many windows long. */
static void frames_cross_window_ends(void **state)
{
	size_t room = 24 + 8000 * (16 + 1500), len = 24;
	uint8_t *file = calloc(1, room);
	struct bytes *b = bytes_new(false);
	struct seen s;
	char error[256];

	(void)state;
	put_classic(b, 0xa1b2c3d4, 4, 101);
	memcpy(file, b->data, 24);
	for (uint32_t i = 0; i < 8000; i++) {
		uint32_t cap_len = i % 1501;

		file[len + 8] = file[len + 12] = (uint8_t)cap_len;
		file[len + 9] = file[len + 13] = (uint8_t)(cap_len >> 8);
		len += 16 + cap_len;
	}
	assert_int_equal(read_bytes(file, len, &s, error), 0);
	assert_int_equal(s.frame_count, 8000);
	assert_int_equal(s.counts.n[COUNTER_NOT_IP], 0);
	free(file);
	free(b);
}

/* 64 MB of empty frames: more windows than hundredths; the last call says that all is done. */
static void progress_is_told_by_hundredths(void **state)
{
	const uint64_t len = 24 + ((uint64_t)64 << 20);
	struct bytes *b = bytes_new(false);
	struct progress_seen seen = {0};
	struct pcap_progress progress = {&seen, progress_note};
	struct seen s;
	struct input_sink sink = seen_sink(&s);
	char path[64], error[256];
	int fd = memfd_create("capture", 0);

	(void)state;
	put_classic(b, 0xa1b2c3d4, 4, 101);
	assert_int_equal(write(fd, b->data, b->len), b->len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(pcap_read(path, &sink, &progress, error), 0);
	close(fd);
	assert_int_equal(s.frame_count, 4 << 20);
	assert_true(seen.calls > 50 && seen.calls <= 101);
	assert_int_equal(seen.last, len);
	assert_int_equal(seen.total, len);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic_variants_are_read),
		cmocka_unit_test(old_files_may_have_lengths_swapped),
		cmocka_unit_test(classic_file_cut_at_every_length),
		cmocka_unit_test(impossible_length_ends_the_file),
		cmocka_unit_test(unknown_link_is_counted),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(missing_file_is_named),
		cmocka_unit_test(pcapng_times_follow_the_interface),
		cmocka_unit_test(pcapng_blocks_are_read),
		cmocka_unit_test(pcapng_file_cut_at_every_length),
		cmocka_unit_test(pcapng_file_with_wrong_octets),
		cmocka_unit_test(pcapng_damage_is_named),
		cmocka_unit_test(links_lose_their_headers),
		cmocka_unit_test(aggregates_are_taken_apart),
		cmocka_unit_test(radiotap_check_sequence_is_trimmed),
		cmocka_unit_test(frames_cross_window_ends),
		cmocka_unit_test(progress_is_told_by_hundredths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
