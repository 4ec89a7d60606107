/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet table through the XDP and TC programs, and what they make of packets to backends. */

#include "kernel.h"

#define SERVER4 "c6336407"
#define HOST4 "c0a8010a"
#define SERVER6 "20010db8000200000000000000000007"
#define TO_SERVER ETH4 IP4("0028", "06") TCP
#define TO_SERVER6 ETH6 IP6("0014", "06") TCP
#define FROM_SERVER                                                                               \
	"020000000002 020000000001 0800 4500 0028 0001 0000 4006 0000" SERVER4 HOST4              \
	TCP_PORTS("01bb a410", "12")

static const char *const progs[] = {"xdp_count", "tc_in_count", "xdp_count_l3", "tc_out_count_l3",
				    NULL};
static const char *const hooks[] = {"xdp_count", "tc_in_count"};
static const struct backend_value https = {
	.endpoint = 77, .count = 1, .port_lo = {443}, .port_hi = {443}, .protos = {PORT_TCP}};

static struct evidence_key key_of(const struct subject *s, uint32_t endpoint, uint16_t port)
{
	struct evidence_key key = {
		.subject = *s, .endpoint = endpoint, .port = port, .ip_proto = WIRE_TCP};

	return key;
}

static struct subject host_mac(void)
{
	return subject_mac((const uint8_t *)"\2\0\0\0\0\2");
}

static struct subject host_ip(void)
{
	struct addr a = {{[10] = 0xff, 0xff, 192, 168, 1, 10}};

	return subject_ip(&a);
}

/* Exactly one outcome a packet; the rest of the counters stay 0. */
static void outcome_check(const struct kernel *k, const struct packet_case *c, const char *prog)
{
	enum counter outcome = c->why == COUNTER_PACKETS ? COUNTER_NO_BACKEND : c->why;

	for (int i = 0; i < COUNTER_KERNEL_COUNT; i++) {
		uint64_t want = i == COUNTER_PACKETS || i == (int)outcome;

		if (i == COUNTER_BYTES)
			want = packet_wanted(c).ip_len;
		if (i == COUNTER_DNS_COPIED)
			want = (uint64_t)c->dns;
		if (counter(k, i) != want)
			fail_msg("%s, %s: %s is %llu", prog, c->name, counter_text(i),
				 (unsigned long long)counter(k, i));
	}
}

/* Newer kernels make no skb of half an IP header: false. */
static int case_run(const struct kernel *k, const struct packet_case *c, const char *prog)
{
	uint8_t frame[PACKET_MAX];
	uint32_t len = hex_decode(c->hex, frame);
	int rc;

	counters_clear(k);
	rc = frame_try(k, prog, frame, len, 1, 0, 0);
	if (rc == -EINVAL && c->why && strncmp(prog, "tc", 2) == 0)
		return 0;
	if (rc)
		fail_msg("%s, %s: %s", prog, c->name, strerror(-rc));
	return 1;
}

static void table(void **state)
{
	uint8_t frame[PACKET_MAX];
	uint32_t refused = 0;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = progs});
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *c = &packet_cases[i];

		if (c->wire_len ||
		    hex_decode(c->hex, frame) < 14) /* a capture's; too short to run */
			continue;
		for (int tc = 0; tc < 2; tc++) {
			const char *prog = progs[(c->link == LINK_RAW) * 2 + tc];

			if (case_run(&k, c, prog))
				outcome_check(&k, c, prog);
			else
				refused++;
		}
	}
	assert_in_range(refused, 0, 4);
	kernel_close(&k);
}

static void counted_both_ways(void **state)
{
	struct subject host = host_mac();
	struct evidence_key key = key_of(&host, 77, 443);
	struct evidence_value v;
	struct kernel k;

	(void)state;
	for (int i = 0; i < 2; i++) {
		kernel_open(&k, &(struct kernel_settings){.progs = hooks + i,
							  .subject_by = SUBJECT_MAC});
		backend4_put(&k, SERVER4, &https);
		hex_run(&k, hooks[i], TO_SERVER);
		assert_int_equal(evidence_get(&k, &key, &v), 0);
		assert_int_equal(v.packets, 1);
		assert_int_equal(v.bytes, 40);
		assert_int_equal(v.tcp_flags, 0x18);
		assert_int_equal(v.directions, EVIDENCE_UP);
		assert_memory_equal(v.local.b, host_ip().b, 16);
		assert_true(v.first_ns && v.first_ns == v.last_ns);
		hex_run(&k, hooks[i], FROM_SERVER);
		assert_int_equal(evidence_get(&k, &key, &v), 0);
		assert_int_equal(v.packets, 2);
		assert_int_equal(v.bytes, 80);
		assert_int_equal(v.tcp_flags, 0x1a);
		assert_int_equal(v.directions, EVIDENCE_UP | EVIDENCE_DOWN);
		assert_memory_equal(v.local.b, host_ip().b, 16);
		assert_int_equal(evidence_count(&k), 1);
		counter_is(&k, PACKETS, 2);
		counter_is(&k, BYTES, 80);
		counter_is(&k, COUNTED, 2);
		counter_is(&k, NO_BACKEND, 0);
		kernel_close(&k);
	}
}

static void counted_in_every_wrapping(void **state)
{
	static const char *const frames[] = {
		ETH "8100 0064 0800" IP4("0028", "06") TCP,
		ETH "88a8 0064 8100 0007 0800" IP4("0028", "06") TCP,
		ETH "8864 1100 1234 002a 0021" IP4("0028", "06") TCP,
		ETH4 "4600 002c 0001 0000 4006 0000" ADDR4 "01010100" TCP,
		ETH4 IP4_FRAG("0034", "06", "2000") TCP BYTES8 "41424344",
	};
	struct subject host = host_ip();
	struct evidence_key key = key_of(&host, 77, 443);
	struct evidence_value v;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = progs});
	backend4_put(&k, SERVER4, &https);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		hex_run(&k, "xdp_count", frames[i]);
		hex_run(&k, "tc_in_count", frames[i]);
	}
	hex_run(&k, "xdp_count_l3", IP4("0028", "06") TCP);
	hex_run(&k, "tc_out_count_l3", IP4("0028", "06") TCP);
	assert_int_equal(evidence_get(&k, &key, &v), 0);
	assert_int_equal(v.packets, 12);
	assert_int_equal(v.bytes, 2 * (40 + 40 + 40 + 44 + 52 + 40));
	counter_is(&k, COUNTED, 12);
	kernel_close(&k);
}

static void ipv6_counted(void **state)
{
	struct addr a = {{0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x0a}};
	struct subject host = subject_ip(&a);
	struct evidence_key key = key_of(&host, 77, 443);
	struct evidence_value v;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = progs});
	backend6_put(&k, SERVER6, &https);
	hex_run(&k, "xdp_count", TO_SERVER6);
	hex_run(&k, "tc_in_count", TO_SERVER6);
	hex_run(&k, "xdp_count", ETH6 IP6("001c", "00") "0600 010400000000" TCP);
	assert_int_equal(evidence_get(&k, &key, &v), 0);
	assert_int_equal(v.packets, 3);
	assert_int_equal(v.bytes, 60 + 60 + 68);
	assert_memory_equal(v.local.b, a.b, 16);
	kernel_close(&k);
}

static void subjects(void **state)
{
	static const char frame[] =
		ETH "88a8 0064 8100 0007 8864 1100 0011 002a 0021" IP4("0028", "06") TCP;
	const struct subject want[SUBJECT_KIND_COUNT] = {
		[SUBJECT_IP] = host_ip(),
		[SUBJECT_MAC] = host_mac(),
		[SUBJECT_VLAN] = subject_vlan(VLAN_PRESENT | 100, VLAN_PRESENT | 7),
		[SUBJECT_PPPOE] = subject_pppoe(PPPOE_PRESENT | 0x11,
						(const uint8_t *)"\2\0\0\0\0\2"),
	};

	(void)state;
	for (uint32_t by = 0; by < SUBJECT_KIND_COUNT; by++) {
		struct subject untagged = by == SUBJECT_MAC ? want[SUBJECT_MAC] : host_ip();
		struct evidence_key key = key_of(&want[by], 77, 443);
		struct evidence_key plain = key_of(&untagged, 77, 443);
		struct evidence_value v;
		struct kernel k;

		kernel_open(&k, &(struct kernel_settings){.progs = progs, .subject_by = by});
		backend4_put(&k, SERVER4, &https);
		hex_run(&k, "xdp_count", frame);
		assert_int_equal(evidence_get(&k, &key, &v), 0);
		hex_run(&k, "tc_in_count", TO_SERVER);
		assert_int_equal(evidence_get(&k, &plain, &v), 0);
		hex_run(&k, "tc_out_count_l3", IP4("0028", "06") TCP); /* no MAC: its address */
		key = key_of(&want[SUBJECT_IP], 77, 443);
		assert_int_equal(evidence_get(&k, &key, &v), 0);
		kernel_close(&k);
	}
}

static void port_and_protocol(void **state)
{
	const struct backend_value v = {
		.endpoint = 5, .count = 2, .port_lo = {1, 9000}, .port_hi = {1, 9010},
		.protos = {PORT_TCP, PORT_UDP}};
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	backend4_put(&k, SERVER4, &v);
	for (int i = 0; i < 2; i++) {
		counters_clear(&k);
		hex_run(&k, hooks[i], TO_SERVER); /* port 443 */
		hex_run(&k, hooks[i], ETH4 IP4("001c", "11") "2328 0001 0008 0000"); /* udp 1 */
		hex_run(&k, hooks[i], ETH4 IP4("0028", "06") TCP_PORTS("a410 2328", "10"));
		counter_is(&k, PORT_OTHER, 3);
		hex_run(&k, hooks[i], ETH4 IP4("001c", "11") "a410 2332 0008 0000"); /* udp 9010 */
		hex_run(&k, hooks[i], ETH4 IP4("0028", "06") TCP_PORTS("a410 0001", "10"));
		counter_is(&k, COUNTED, 2);
		hex_run(&k, hooks[i], ETH4 IP4_FRAG("0024", "11", "0010") BYTES8 BYTES8);
		hex_run(&k, hooks[i], ETH4 IP4("001c", "01") BYTES8);
		counter_is(&k, FRAGMENT_LATER, 1);
		counter_is(&k, OTHER_PROTO, 1);
		counter_is(&k, PACKETS, 7);
	}
	kernel_close(&k);
}

static void shared_needs_the_client(void **state)
{
	const struct backend_value shared = {.endpoint = 1, .count = 1, .flags = BACKEND_SHARED,
					     .port_lo = {1}, .port_hi = {65535}, .protos = {3}};
	struct client_key pair = {.subject = host_mac(),
				  .remote = {{[10] = 0xff, 0xff, 198, 51, 100, 7}}};
	struct evidence_key key = key_of(&pair.subject, 77, 443);
	struct evidence_value v;
	struct kernel k;
	int clients;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .subject_by = SUBJECT_MAC});
	clients = bpf_map__fd(k.skel->maps.clients);
	backend4_put(&k, SERVER4, &shared);
	for (int i = 0; i < 2; i++) {
		counters_clear(&k);
		bpf_map_delete_elem(clients, &pair);
		hex_run(&k, hooks[i], TO_SERVER);
		counter_is(&k, SHARED_UNKNOWN, 1);
		assert_int_equal(bpf_map_update_elem(clients, &pair, &https, BPF_ANY), 0);
		hex_run(&k, hooks[i], TO_SERVER);
		hex_run(&k, hooks[i], FROM_SERVER);
		hex_run(&k, hooks[i], ETH4 IP4("0028", "06") TCP_PORTS("a410 0050", "10"));
		counter_is(&k, COUNTED, 2);
		counter_is(&k, PORT_OTHER, 1); /* the pair's ports, not the address's */
	}
	assert_int_equal(evidence_get(&k, &key, &v), 0);
	assert_int_equal(v.packets, 4);
	assert_int_equal(evidence_count(&k), 1);
	kernel_close(&k);
}

static void local_put(const struct kernel *k, const char *hex, uint32_t prefix_len)
{
	struct local_key key = {.prefix_len = prefix_len};
	uint32_t one = 1;

	assert_int_equal(hex_decode(hex, key.addr.b), 16);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(k->skel->maps.local), &key, &one, BPF_ANY), 0);
}

static void both_ends_match(void **state)
{
	struct subject host = host_ip();
	struct evidence_key key = key_of(&host, 77, 443);
	const struct backend_value any = {.endpoint = 9, .count = 1, .port_lo = {0},
					  .port_hi = {65535}, .protos = {3}};
	struct evidence_value v;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	backend4_put(&k, SERVER4, &https);
	backend4_put(&k, HOST4, &any);
	hex_run(&k, "xdp_count", TO_SERVER);
	hex_run(&k, "tc_in_count", FROM_SERVER);
	counter_is(&k, UNDECIDED, 2);
	assert_int_equal(evidence_count(&k), 0);
	kernel_close(&k);

	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .have_local = 1});
	backend4_put(&k, SERVER4, &https);
	backend4_put(&k, HOST4, &any);
	local_put(&k, "00000000000000000000ffff c0a80000", 96 + 16);
	hex_run(&k, "xdp_count", TO_SERVER);
	hex_run(&k, "tc_in_count", FROM_SERVER);
	counter_is(&k, COUNTED, 2);
	assert_int_equal(evidence_get(&k, &key, &v), 0);
	assert_int_equal(v.packets, 2);
	assert_int_equal(v.directions, EVIDENCE_UP | EVIDENCE_DOWN);
	local_put(&k, "00000000000000000000ffff c6336400", 96 + 24); /* now both are inside */
	hex_run(&k, "xdp_count", TO_SERVER);
	counter_is(&k, UNDECIDED, 1);
	kernel_close(&k);
}

static void subject_outside_local(void **state)
{
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .have_local = 1});
	backend4_put(&k, SERVER4, &https);
	local_put(&k, "00000000000000000000ffff 0a000000", 96 + 8);
	hex_run(&k, "xdp_count", TO_SERVER);
	hex_run(&k, "tc_in_count", FROM_SERVER);
	counter_is(&k, OUTSIDE_LOCAL, 2);
	local_put(&k, "00000000000000000000ffff c0a8010a", 128);
	hex_run(&k, "xdp_count", TO_SERVER);
	hex_run(&k, "tc_in_count", FROM_SERVER);
	counter_is(&k, COUNTED, 2);
	assert_int_equal(evidence_count(&k), 1);
	kernel_close(&k);
}

/* A bit of the prefilter without a backend behind it, and a backend without its bit. */
static void prefilter(void **state)
{
	uint8_t server[4];
	struct kernel k;
	uint32_t word;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	hex_decode(SERVER4, server);
	memcpy(&word, server, 4);
	prefilter_set(&k, prefilter_hash4(word));
	for (int i = 0; i < 2; i++)
		hex_run(&k, hooks[i], TO_SERVER);
	counter_is(&k, PREFILTER_FALSE, 2);
	counter_is(&k, NO_BACKEND, 2);
	backend4_put(&k, SERVER4, &https);
	memset(k.skel->bss->prefilter, 0, sizeof(k.skel->bss->prefilter));
	for (int i = 0; i < 2; i++)
		hex_run(&k, hooks[i], TO_SERVER);
	counter_is(&k, PREFILTER_FALSE, 2);
	counter_is(&k, NO_BACKEND, 4);
	counter_is(&k, COUNTED, 0);
	kernel_close(&k);
}

/* 1 in 8 of 80,000: within six standard deviations (94) of 10,000; and the sum is exact. */
static void sampling(void **state)
{
	uint8_t frame[PACKET_MAX];
	struct kernel k;
	uint32_t len;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .sample_rate = 8});
	backend4_put(&k, SERVER4, &https);
	len = hex_decode(TO_SERVER, frame);
	for (int i = 0; i < 2; i++) {
		counters_clear(&k);
		frame_run(&k, hooks[i], frame, len, 80000, 0, 0);
		counter_is(&k, PACKETS, 80000);
		assert_in_range(counter(&k, COUNTER_COUNTED), 9436, 10564);
		assert_int_equal(counter(&k, COUNTER_COUNTED) + counter(&k, COUNTER_SAMPLED_OUT),
				 80000);
	}
	kernel_close(&k);
}

static void evidence_map_full(void **state)
{
	uint8_t frame[PACKET_MAX];
	struct kernel k;
	uint32_t len, slot = EVIDENCE_SLOT;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks, .evidence_max = 4});
	backend4_put(&k, SERVER4, &https);
	len = hex_decode(TO_SERVER, frame);
	for (int i = 0; i < 20; i++) {
		frame[29] = (uint8_t)i; /* the sender's last byte */
		frame_run(&k, hooks[i % 2], frame, len, 1, 0, 0);
	}
	counter_is(&k, COUNTED, evidence_count(&k));
	assert_in_range(evidence_count(&k), 4, 4 + (uint32_t)k.cpus); /* per-CPU spare elements */
	counter_is(&k, EVIDENCE_FULL, 20 - evidence_count(&k));
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(k.skel->maps.evidence), &slot), 0);
	hex_run(&k, "xdp_count", TO_SERVER);
	hex_run(&k, "tc_in_count", TO_SERVER);
	counter_is(&k, EVIDENCE_FAILED, 2);
	counter_is(&k, PACKETS, 22);
	kernel_close(&k);
}

/* A merged segment of 2,800 payload bytes in two parts: as two packets on the wire. */
static void merged_segments(void **state)
{
	static uint8_t frame[54 + 2800];
	struct subject host = host_ip();
	struct evidence_key key = key_of(&host, 77, 443);
	struct evidence_value v;
	struct kernel k;

	(void)state;
	kernel_open(&k, &(struct kernel_settings){.progs = hooks});
	backend4_put(&k, SERVER4, &https);
	hex_decode(ETH4 IP4("0b18", "06") TCP, frame);
	frame_run(&k, "tc_in_count", frame, sizeof(frame), 1, 1400, 2);
	assert_int_equal(evidence_get(&k, &key, &v), 0);
	assert_int_equal(v.packets, 2);
	assert_int_equal(v.bytes, 2 * (40 + 1400));
	counter_is(&k, PACKETS, 2);
	counter_is(&k, BYTES, 2 * 1440);
	counter_is(&k, COUNTED, 2);
	frame_run(&k, "tc_in_count", frame, sizeof(frame), 1, 1400, 0); /* the parts not told */
	counter_is(&k, PACKETS, 4);
	kernel_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(counted_both_ways),
		cmocka_unit_test(counted_in_every_wrapping),
		cmocka_unit_test(ipv6_counted),
		cmocka_unit_test(subjects),
		cmocka_unit_test(port_and_protocol),
		cmocka_unit_test(shared_needs_the_client),
		cmocka_unit_test(both_ends_match),
		cmocka_unit_test(subject_outside_local),
		cmocka_unit_test(prefilter),
		cmocka_unit_test(sampling),
		cmocka_unit_test(evidence_map_full),
		cmocka_unit_test(merged_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
