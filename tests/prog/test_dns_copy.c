/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS packets on their way through the ring: what is copied, how much of it, and what is counted.
 */
#include "kernel.h"

#define QUERY_LEN 50 /* Ethernet, IPv4, UDP, 8 bytes */
#define QUERY ETH4 IP4("0024", "11") DNS_UDP("0010") BYTES8
#define FRAME_MAX 4096

static const char *const progs[] = {"xdp_count", "tc_in_count", "tc_out_count", "xdp_dns",
				    "tc_in_dns", NULL};
static const char *const hooks[] = {"xdp_count", "tc_in_count"};

struct seen {
	uint32_t records;
	struct dns_record record; /* of the last */
	uint8_t data[DNS_LARGE];
};

static int record_keep(void *ctx, void *data, size_t size)
{
	struct seen *seen = ctx;
	const struct dns_record *r = data;

	assert_true(size == sizeof(*r) + DNS_SMALL || size == sizeof(*r) + DNS_LARGE);
	assert_in_range(r->cap_len, 1, size - sizeof(*r));
	seen->records++;
	seen->record = *r;
	memcpy(seen->data, r->data, r->cap_len);
	return 0;
}

/* What is in the ring now. */
static struct seen ring_read(const struct kernel *k)
{
	struct seen seen = {0};
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(k->skel->maps.dns_ring), record_keep, &seen, NULL);

	assert_non_null(ring);
	assert_true(ring_buffer__consume(ring) >= 0);
	ring_buffer__free(ring);
	return seen;
}

/* A DNS query of len bytes in all, its payload counting up. */
static void query_make(uint8_t *frame, uint32_t len)
{
	uint32_t total = len - 14, udp = len - 34;

	hex_decode(QUERY, frame);
	for (uint32_t i = 42; i < len; i++)
		frame[i] = (uint8_t)i;
	frame[16] = (uint8_t)(total >> 8);
	frame[17] = (uint8_t)total;
	frame[38] = (uint8_t)(udp >> 8);
	frame[39] = (uint8_t)udp;
}

static void copied_at_every_length(void **state)
{
	static const uint32_t lens[] = {42,   43,   57,   58,   59,   383,  384,  385,
					386,  399,  400,  401,  512,  1514, 1583, 1584,
					1585, 1599, 1600, 1601, 1617, 3000};
	static uint8_t frame[FRAME_MAX];
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(lens[0]); i++) {
		uint32_t len = lens[i / 2], want = len < DNS_LARGE ? len : DNS_LARGE;
		struct seen seen;

		query_make(frame, len);
		counters_clear(&k);
		frame_run(&k, hooks[i % 2], frame, len, 1, 0, 0);
		seen = ring_read(&k);
		assert_int_equal(seen.records, 1);
		assert_int_equal(seen.record.wire_len, len);
		assert_int_equal(seen.record.cap_len, want);
		assert_memory_equal(seen.data, frame, want);
		counter_is(&k, DNS_COPIED, 1);
		counter_is(&k, DNS_CUT, len > DNS_LARGE);
		counter_is(&k, NO_BACKEND, 1);
	}
	kernel_close(&k);
}

/* Port 853: what answers there is copied where it shows a handshake, and nothing else. */
static void encrypted_handshakes(void **state)
{
	static const struct {
		const char *hex;
		int copies;
	} tcp[] = {
		{ETH4 IP4("0028", "06") TCP_PORTS("0355 a410", "12"), 1}, /* SYN-ACK */
		{ETH4 IP4("0028", "06") TCP_PORTS("0355 a410", "10"), 0},
		{ETH4 IP4("0028", "06") TCP_PORTS("a410 0355", "02"), 0},
	};
	static uint8_t frame[FRAME_MAX];
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	for (size_t i = 0; i < 2 * sizeof(tcp) / sizeof(tcp[0]); i++) {
		hex_run(&k, hooks[i % 2], tcp[i / 2].hex);
		assert_int_equal(ring_read(&k).records, tcp[i / 2].copies);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t payload = i / 2 ? 1199 : 1200, len = 42 + payload;

		query_make(frame, len);
		frame[34] = 853 >> 8, frame[35] = 853 & 0xff; /* from it, to a client's port */
		frame[36] = 0xa4, frame[37] = 0x10;
		frame_run(&k, hooks[i % 2], frame, len, 1, 0, 0);
		assert_int_equal(ring_read(&k).records, payload >= 1200);
	}
	kernel_close(&k);
}

static void record_says_where(void **state)
{
	struct seen seen;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = progs});
	hex_run(&k, "xdp_count", QUERY);
	seen = ring_read(&k);
	assert_int_equal(seen.record.role, ROLE_LAN);
	assert_int_equal(seen.record.link, LINK_ETHERNET);
	assert_int_equal(seen.record.egress, 0);
	assert_int_equal(seen.record.vlan, 0);
	assert_true(seen.record.time_ns > 0);
	hex_run(&k, "tc_out_count", QUERY);
	seen = ring_read(&k);
	assert_int_equal(seen.record.egress, 1);
	kernel_close(&k);

	kernel_open(&k, &(struct kernel_settings){.progs = progs, .role = ROLE_WAN});
	hex_run(&k, "xdp_count", QUERY);
	assert_int_equal(ring_read(&k).record.role, ROLE_WAN);
	kernel_close(&k);
}

/* A point beside a lan point copies DNS and counts nothing that the lan point counts too. */
static void dns_only(void **state)
{
	static const char *const names[] = {"xdp_dns", "tc_in_dns", "tc_out_dns", NULL};
	struct seen seen;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = names});
	for (int i = 0; i < 3; i++) {
		hex_run(&k, names[i], QUERY);
		hex_run(&k, names[i], ETH4 IP4("0028", "06") TCP);
		hex_run(&k, names[i], ETH4 IP4("0029", "06") TCP);
		seen = ring_read(&k);
		assert_int_equal(seen.records, 1);
		assert_int_equal(seen.record.role, ROLE_WAN);
		assert_int_equal(seen.record.cap_len, QUERY_LEN);
	}
	counter_is(&k, DNS_COPIED, 3);
	for (int i = 0; i < COUNTER_KERNEL_COUNT; i++)
		assert_true(i == COUNTER_DNS_COPIED || counter(&k, i) == 0);
	kernel_close(&k);
}

/* DNS over TCP and later fragments of UDP; never sampled. */
static void what_is_dns(void **state)
{
	static const char *const wanted[] = {
		QUERY,
		ETH4 IP4("0028", "06") TCP_PORTS("a410 0035", "02"),
		ETH6 IP6("0014", "06") TCP_PORTS("0035 a410", "10"),
		ETH6 IP6("0010", "11") "0035 a410 0010 0000" BYTES8,
		ETH4 IP4_FRAG("0024", "11", "0010") BYTES8 BYTES8,
		ETH6 IP6("0010", "2c") "1100 0580 00abcdef" BYTES8,
		ETH "88a8 0064 8100 0007 0800" IP4("0024", "11") DNS_UDP("0010") BYTES8,
		ETH "8864 1100 1234 0026 0021" IP4("0024", "11") DNS_UDP("0010") BYTES8,
	};
	static const char *const unwanted[] = {
		ETH4 IP4("0028", "06") TCP,
		ETH4 IP4_FRAG("0024", "06", "0010") BYTES8 BYTES8,
		ETH4 IP4("001c", "01") "0035003500000000",
		ETH4 IP4("001c", "11") "a410 0035 0007 0000",
	};
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .sample_rate = 1U << 31});
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++)
			hex_run(&k, hooks[i], wanted[j]);
		assert_int_equal(ring_read(&k).records, sizeof(wanted) / sizeof(wanted[0]));
		for (size_t j = 0; j < sizeof(unwanted) / sizeof(unwanted[0]); j++)
			hex_run(&k, hooks[i], unwanted[j]);
		assert_int_equal(ring_read(&k).records, 0);
	}
	kernel_close(&k);
}

/* What hosts call themselves: on the devices' side, on the way in, and only when asked for. */
static void names_are_told(void **state)
{
	static const char *const told[] = {
		ETH4 IP4("0034", "11") "0044 0043 0020 0000" BYTES8 BYTES8 BYTES8,
		ETH4 IP4("0034", "11") "14e9 14e9 0020 0000" BYTES8 BYTES8 BYTES8,
		ETH6 IP6("0020", "11") "0222 0223 0020 0000" BYTES8 BYTES8 BYTES8,
	};
	static const char *const untold[] = {
		ETH4 IP4("0024", "11") "0043 0044 0010 0000" BYTES8, /* of a server */
		ETH4 IP4("0028", "06") TCP_PORTS("a410 0043", "10"),
	};
	static const char *const elsewhere[] = {"tc_out_count", "xdp_dns", "tc_in_dns"};
	struct kernel k;

	(void)state;
	for (int names = 0; names < 2; names++) {
		kernel_open(&k, &(struct kernel_settings){.progs = progs, .names = names});
		for (size_t i = 0; i < 3; i++)
			for (int hook = 0; hook < 2; hook++)
				hex_run(&k, hooks[hook], told[i]);
		assert_int_equal(ring_read(&k).records, names ? 6 : 0);
		counter_is(&k, DNS_COPIED, names ? 6 : 0);
		counter_is(&k, NO_BACKEND, 6);
		for (size_t i = 0; i < 2; i++)
			for (int hook = 0; hook < 2; hook++)
				hex_run(&k, hooks[hook], untold[i]);
		for (size_t i = 0; i < 3; i++)
			for (int hook = 0; hook < 3; hook++)
				hex_run(&k, elsewhere[hook], told[i]);
		assert_int_equal(ring_read(&k).records, 0);
		kernel_close(&k);
	}
}

/* 3,000 copies with room for 5 a window (a second): the rest is counted, nothing else. */
static void rate_limited(void **state)
{
	static uint8_t frame[FRAME_MAX];
	struct kernel k;
	uint64_t copied;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .dns_rate = 5});
	query_make(frame, QUERY_LEN);
	for (int i = 0; i < 2; i++) {
		counters_clear(&k);
		frame_run(&k, hooks[i], frame, QUERY_LEN, 3000, 0, 0);
		copied = counter(&k, COUNTER_DNS_COPIED);
		assert_in_range(copied, 0, 3000 - 1);
		assert_int_equal(copied % 5, 0); /* whole windows */
		counter_is(&k, DNS_RATE_LIMITED, 3000 - copied);
		counter_is(&k, PACKETS, 3000);
		assert_int_equal(ring_read(&k).records, copied);
	}
	kernel_close(&k);
}

/* Nobody reads: what the ring holds arrives, the rest is counted. */
static void ring_full(void **state)
{
	static uint8_t frame[FRAME_MAX];
	struct kernel k;
	struct seen seen;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .dns_rate = UINT32_MAX});
	query_make(frame, 1000);
	for (int i = 0; i < 2; i++) {
		counters_clear(&k);
		frame_run(&k, hooks[i], frame, 1000, 100, 0, 0);
		seen = ring_read(&k);
		assert_in_range(seen.records, 30, 60); /* 64 KiB of 1,640 each */
		counter_is(&k, DNS_COPIED, seen.records);
		counter_is(&k, DNS_RING_FULL, 100 - seen.records);
		assert_memory_equal(seen.data, frame, 1000);
	}
	kernel_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied_at_every_length),
		cmocka_unit_test(encrypted_handshakes),
		cmocka_unit_test(record_says_where),
		cmocka_unit_test(dns_only),
		cmocka_unit_test(what_is_dns),
		cmocka_unit_test(names_are_told),
		cmocka_unit_test(rate_limited),
		cmocka_unit_test(ring_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
