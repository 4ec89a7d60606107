/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract between the kernel programs and user space: map keys and values, ring records,
 * counters, limits. Compiled by cc and by clang -target bpf. Host byte order unless a name ends in
 * _be; addresses are always 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
 */
#ifndef HAYRAKE_SHARED_H
#define HAYRAKE_SHARED_H

#include <linux/types.h>

#define HAYRAKE_LAYOUT 1 /* raised when a struct below changes */

/*
 * An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d. Aligned for the kernel's sake: word loads.
 */
struct addr {
	__u8 b[16];
} __attribute__((aligned(4)));

/*
 * Who is watched. An address subject is its address. The others use ::/8, which no packet carries:
 * b[0] = 0, b[1] = enum subject_kind, then the payload (see subject_mac() and friends in match.h).
 */
struct subject {
	__u8 b[16];
} __attribute__((aligned(4)));

enum subject_kind {
	SUBJECT_IP = 0,    /* the address itself */
	SUBJECT_MAC = 1,   /* b[2..7] the MAC address */
	SUBJECT_VLAN = 2,  /* b[2..3] S-VLAN, b[4..5] C-VLAN, big endian; 0: no such tag */
	SUBJECT_PPPOE = 3, /* b[2..3] session, big endian; b[4..9] the client's MAC address */
	SUBJECT_KIND_COUNT,
};

/* Port ranges one backend address can match: most have one or two, an ICSee camera five. */
#define BACKEND_PORTS 8

#define PORT_TCP 1 /* bits of backend_value.protos[] */
#define PORT_UDP 2

#define BACKEND_SHARED 1 /* flag: look in the client map, the address alone is no evidence */

/*
 * What an address stands for. Key of the backend maps: the IPv4 address (4 bytes, network order) or
 * the IPv6 address (16 bytes); of the client map: struct client_key. One endpoint id names one
 * immutable (address, set of domains, via) known to user space; a change brings a new id.
 */
struct backend_value {
	__u32 endpoint;
	__u8 count; /* port ranges in use */
	__u8 flags; /* BACKEND_SHARED */
	__u16 pad;
	__u16 port_lo[BACKEND_PORTS]; /* inclusive */
	__u16 port_hi[BACKEND_PORTS]; /* inclusive */
	__u8 protos[BACKEND_PORTS];   /* PORT_TCP | PORT_UDP */
};
_Static_assert(sizeof(struct backend_value) == 48, "layout of backend_value");

/* A subject and a remote address it was told of by its own DNS answer. */
struct client_key {
	struct subject subject;
	struct addr remote;
};
_Static_assert(sizeof(struct client_key) == 32, "layout of client_key");

/*
 * Each CPU has entries of its own, so that plain ++ counts right and the map's size does not grow
 * with the CPUs that a machine might have, as per-CPU values would.
 */
struct evidence_key {
	struct subject subject;
	__u32 endpoint;
	__u16 port; /* the backend's */
	__u8 ip_proto;
	__u8 pad;
	__u32 cpu;
};
_Static_assert(sizeof(struct evidence_key) == 28, "layout of evidence_key");

/*
 * Times are CLOCK_BOOTTIME. 32 bits of packets last 71 minutes at 1 M packets/s; drains come
 * sooner.
 */
struct evidence_value {
	__u64 bytes; /* IP total lengths on the wire */
	__u64 first_ns;
	__u64 last_ns;
	__u32 packets;   /* on the wire: a merged segment counts as its parts */
	__u8 tcp_flags;  /* OR of all */
	__u8 directions; /* EVIDENCE_UP | EVIDENCE_DOWN */
	__u16 pad;
	struct addr local; /* the subject's address in the entry's first packet */
};
_Static_assert(sizeof(struct evidence_value) == 48, "layout of evidence_value");

#define EVIDENCE_UP 1   /* subject to backend */
#define EVIDENCE_DOWN 2 /* backend to subject */

/* Slots of the array of maps that holds the active evidence map. */
#define EVIDENCE_SLOT 0

/* Key of the map of --local prefixes (LPM trie); addresses as in struct addr. */
struct local_key {
	__u32 prefix_len; /* bits of addr, so 96 more for IPv4 */
	struct addr addr;
};
_Static_assert(sizeof(struct local_key) == 20, "layout of local_key");

/*
 * DNS copies. A record has one of two sizes, so that a burst of small messages does not eat the
 * ring; 1,600 bytes hold an Ethernet frame of 1,500 with two tags and PPPoE. A longer one is cut.
 */
#define DNS_SMALL 384
#define DNS_LARGE 1600

enum link_kind {
	LINK_ETHERNET = 0,
	LINK_RAW = 1, /* starts with the IP header */
	LINK_KIND_COUNT,
};

struct dns_record {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 ifindex;
	__u32 wire_len; /* bytes of the frame */
	__u32 cap_len;  /* bytes of it in data[] */
	__u16 link;     /* enum link_kind */
	__u8 egress;    /* 1: seen leaving the interface */
	__u8 role;      /* enum point_role */
	__u32 vlan;     /* tag that the NIC took off: 0x10000 | TCI, or 0 */
	__u32 pad;
	__u8 data[];
};
_Static_assert(sizeof(struct dns_record) == 32, "layout of dns_record");

enum point_role {
	ROLE_LAN = 0, /* the subjects are on this side */
	ROLE_WAN = 1, /* the backends are on this side */
	ROLE_COUNT,
};

/*
 * Prefilter: one bit per hashed backend address in the program's global data. A 0 bit is sure, a 1
 * bit asks the map. Bits per profile keep false positives under 5 % with every backend loaded
 * (4,096 of 131,072 = 3.1 %; 20,000 of 524,288 = 3.8 %).
 */
#define PREFILTER_BITS_MAX (1U << 19)
#define PREFILTER_BITS_GATEWAY (1U << 17)
#define PREFILTER_BITS_EDGE (1U << 19)

#define BACKENDS_GATEWAY 4096
#define BACKENDS_EDGE 32768
#define EVIDENCE_GATEWAY 4096
#define EVIDENCE_EDGE 262144
#define CLIENTS_GATEWAY 512
#define CLIENTS_EDGE 65536
#define LOCAL_PREFIXES_MAX 1024
#define DNS_RING_GATEWAY (64U << 10)
#define DNS_RING_EDGE (4U << 20)

/* DNS copies a CPU may make in a second before the rest is dropped and counted. */
#define DNS_RATE_GATEWAY 4000
#define DNS_RATE_EDGE 100000

/*
 * Every count that Hayrake keeps, kernel and user space alike: X(name, text). "malformed_" ones are
 * the reasons a packet or message was refused. The kernel counts up to COUNTER_KERNEL_COUNT.
 */
#define COUNTERS_KERNEL(X)                                                                        \
	X(PACKETS, "packets")                                                                     \
	X(BYTES, "bytes")                                                                         \
	X(NOT_IP, "not_ip")                                                                       \
	X(OTHER_PROTO, "other_proto")                                                             \
	X(FRAGMENT_LATER, "fragment_later")                                                       \
	X(CUT, "cut")                                                                             \
	X(MALFORMED_ETHERNET, "malformed_ethernet")                                               \
	X(MALFORMED_VLAN, "malformed_vlan")                                                       \
	X(MALFORMED_PPPOE, "malformed_pppoe")                                                     \
	X(MALFORMED_IPV4, "malformed_ipv4")                                                       \
	X(MALFORMED_IPV4_LENGTH, "malformed_ipv4_length")                                         \
	X(MALFORMED_IPV6, "malformed_ipv6")                                                       \
	X(MALFORMED_IPV6_LENGTH, "malformed_ipv6_length")                                         \
	X(MALFORMED_IPV6_EXTENSION, "malformed_ipv6_extension")                                   \
	X(MALFORMED_FRAGMENT, "malformed_fragment")                                               \
	X(MALFORMED_TCP, "malformed_tcp")                                                         \
	X(MALFORMED_UDP, "malformed_udp")                                                         \
	X(DNS_COPIED, "dns_copied")                                                               \
	X(DNS_CUT, "dns_cut")                                                                     \
	X(DNS_RING_FULL, "dns_ring_full")                                                         \
	X(DNS_RATE_LIMITED, "dns_rate_limited")                                                   \
	X(SAMPLED_OUT, "sampled_out")                                                             \
	X(NO_BACKEND, "no_backend")                                                               \
	X(PREFILTER_FALSE, "prefilter_false")                                                     \
	X(PORT_OTHER, "port_other")                                                               \
	X(SHARED_UNKNOWN, "shared_unknown")                                                       \
	X(UNDECIDED, "undecided")                                                                 \
	X(OUTSIDE_LOCAL, "outside_local")                                                         \
	X(COUNTED, "counted")                                                                     \
	X(EVIDENCE_NEW, "evidence_new")                                                           \
	X(EVIDENCE_FULL, "evidence_full")                                                         \
	X(EVIDENCE_FAILED, "evidence_failed")

#define COUNTERS_USER(X)                                                                          \
	X(LINK_UNKNOWN, "link_unknown")                                                           \
	X(WLAN_ENCRYPTED, "wlan_encrypted")                                                       \
	X(RECORD_BAD, "record_bad")                                                               \
	X(DRAIN_ENDPOINT_UNKNOWN, "drain_endpoint_unknown")                                       \
	X(OWN_ADDRESS, "own_address")                                                             \
	X(DNS_QUERIES, "dns_queries")                                                             \
	X(DNS_ANSWERS, "dns_answers")                                                             \
	X(DNS_LEARNED, "dns_learned")                                                             \
	X(DNS_FAILED, "dns_failed")                                                               \
	X(DNS_TRUNCATED, "dns_truncated")                                                         \
	X(DNS_UNSOLICITED, "dns_unsolicited")                                                     \
	X(DNS_ENCRYPTED, "dns_encrypted")                                                         \
	X(DNS_RESOLVED, "dns_resolved")                                                           \
	X(DNS_UNRESOLVED, "dns_unresolved")                                                       \
	X(DNS_ONE_SIDED, "dns_one_sided")                                                         \
	X(DNS_QUERIES_FULL, "dns_queries_full")                                                   \
	X(DNS_ANSWER_TOO_LONG, "dns_answer_too_long")                                             \
	X(DNS_ADDRESS_REFUSED, "dns_address_refused")                                             \
	X(DNS_MESSAGE_CUT, "dns_message_cut")                                                     \
	X(DNS_STREAMS_FULL, "dns_streams_full")                                                   \
	X(DNS_STREAM_GAP, "dns_stream_gap")                                                       \
	X(DNS_FRAGMENTS_FULL, "dns_fragments_full")                                               \
	X(DNS_FRAGMENTS_EXPIRED, "dns_fragments_expired")                                         \
	X(MALFORMED_DNS_HEADER, "malformed_dns_header")                                           \
	X(MALFORMED_DNS_NAME, "malformed_dns_name")                                               \
	X(MALFORMED_DNS_POINTER, "malformed_dns_pointer")                                         \
	X(MALFORMED_DNS_RECORD, "malformed_dns_record")                                           \
	X(MALFORMED_DNS_SVCB, "malformed_dns_svcb")                                               \
	X(MALFORMED_DNS_CHAIN, "malformed_dns_chain")                                             \
	X(MALFORMED_DNS_TCP, "malformed_dns_tcp")                                                 \
	X(MALFORMED_DNS_FRAGMENT, "malformed_dns_fragment")                                       \
	X(BACKENDS_FULL, "backends_full")                                                         \
	X(BACKEND_NAMES_FULL, "backend_names_full")                                               \
	X(BACKEND_ADDRESSES_FULL, "backend_addresses_full")                                       \
	X(BACKEND_PORTS_FULL, "backend_ports_full")                                               \
	X(BACKEND_EXPIRED, "backend_expired")                                                     \
	X(BACKEND_SHARED_TURNS, "backend_shared_turns")                                           \
	X(BACKEND_TENANT_CHANGES, "backend_tenant_changes")                                       \
	X(BACKEND_MAP_FAILED, "backend_map_failed")                                               \
	X(ENDPOINTS_FULL, "endpoints_full")                                                       \
	X(CLIENTS_EVICTED, "clients_evicted")                                                     \
	X(NAMES_EVICTED, "names_evicted")                                                         \
	X(FACTS_USED, "facts_used")                                                               \
	X(FACTS_OTHER_DAY, "facts_other_day")                                                     \
	X(FACTS_LINES_BAD, "facts_lines_bad")                                                     \
	X(FACTS_LEARNED, "facts_learned")                                                         \
	X(FACTS_AMBIGUOUS, "facts_ambiguous")                                                     \
	X(FACTS_ALIASES_FULL, "facts_aliases_full")                                               \
	X(FACTS_NAMES_FULL, "facts_names_full")                                                   \
	X(EVIDENCE_ROWS, "evidence_rows")                                                         \
	X(EVIDENCE_ROWS_FULL, "evidence_rows_full")                                               \
	X(EVIDENCE_EXPIRED, "evidence_expired")                                                   \
	X(EVIDENCE_WITHDRAWN, "evidence_withdrawn")                                               \
	X(SUBJECTS_FULL, "subjects_full")                                                         \
	X(SUBJECT_ADDRESSES_FULL, "subject_addresses_full")                                       \
	X(DETECTIONS, "detections")                                                               \
	X(DETECTIONS_FULL, "detections_full")                                                     \
	X(DETECTIONS_WITHDRAWN, "detections_withdrawn")                                           \
	X(DETECTIONS_SUPPRESSED, "detections_suppressed")                                         \
	X(DETECTIONS_RENEWED, "detections_renewed")                                               \
	X(DETECTIONS_LOST, "detections_lost")                                                     \
	X(USAGE_FULL, "usage_full")                                                               \
	X(USAGE_LATE, "usage_late")                                                               \
	X(HOST_NAMES, "host_names")                                                               \
	X(HOST_NAMES_FULL, "host_names_full")                                                     \
	X(MALFORMED_DHCP, "malformed_dhcp")                                                       \
	X(MALFORMED_MDNS, "malformed_mdns")                                                       \
	X(MAC_VENDORS_FULL, "mac_vendors_full")                                                   \
	X(STATE_LINES_BAD, "state_lines_bad")                                                     \
	X(STATE_FAILED, "state_failed")                                                           \
	X(DRAINS, "drains")                                                                       \
	X(DRAINS_EARLY, "drains_early")                                                           \
	X(DRAIN_FAILED, "drain_failed")

#define COUNTER_ENUM(name, text) COUNTER_##name,
enum counter {
	COUNTERS_KERNEL(COUNTER_ENUM) COUNTER_KERNEL_COUNT,
	COUNTER_BEFORE_USER = COUNTER_KERNEL_COUNT - 1,
	COUNTERS_USER(COUNTER_ENUM) COUNTER_COUNT,
};

/* The value of the per-CPU counter map (one key, 0). */
struct counters {
	__u64 n[COUNTER_KERNEL_COUNT];
};

/*
 * Bit of an address in the prefilter, before masking. Multiply-shift by odd constants, one for each
 * 32 bits, so that every bit reaches the result (Dietzfelbinger et al., 1997). Words as they lie in
 * memory.
 */
static inline __attribute__((always_inline)) __u32 prefilter_hash4(__u32 addr_be)
{
	return (__u32)(((__u64)addr_be * 0x9e3779b97f4a7c15ULL) >> 40);
}

static inline __attribute__((always_inline)) __u32 prefilter_hash6(__u64 high, __u64 low)
{
	__u64 sum = (high >> 32) * 0x9e3779b97f4a7c15ULL + (__u32)high * 0xc2b2ae3d27d4eb4fULL +
		    (low >> 32) * 0xd6e8feb86659fd93ULL + (__u32)low * 0xa0761d6478bd642fULL;

	return (__u32)(sum >> 40);
}

#endif
