/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stages hand to each other; no functions. A stage calls the next one's sink; what it
 * hands over is borrowed for the call. Times are nanoseconds since 1970 (UTC) as the input gives
 * them.
 */
#ifndef HAYRAKE_RECORD_H
#define HAYRAKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../headers/shared.h"

#define CHAIN_MAX 16 /* CNAME links followed in one answer */
#define ANSWER_ADDRESSES_MAX 64
#define ENDPOINT_DOMAINS 8 /* domains one address can stand for at once */

/* Index of a signature's domain in the loaded rules (rules.h). */
typedef uint32_t domain_id;
#define DOMAIN_NONE UINT32_MAX

/* One frame from a capture or from the kernel's DNS ring. */
struct frame {
	const uint8_t *data;
	uint32_t cap_len;  /* bytes in data */
	uint32_t wire_len; /* bytes it had on the wire */
	uint32_t vlan;     /* VLAN_PRESENT | TCI of a tag that is not in data, or 0 */
	uint32_t ifindex;  /* 0: unknown */
	int64_t time_ns;
	enum link_kind link;
	enum point_role role;
	bool watch_only; /* from a point beside those that count: its ends are not subjects */
	bool has_mac; /* src_mac, dst_mac: of a link that is not Ethernet (802.11) */
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
};

enum via {
	VIA_ADDRESS,    /* the address alone says it: dedicated */
	VIA_CLIENT_DNS, /* the subject itself was given this address for the name */
	VIA_COUNT,
};

/*
 * Who talked to which backend. From the kernel one per evidence entry and drain, from a capture one
 * per packet. domains[] are those that the address stood for when it was counted; ports are not yet
 * held against each domain's.
 */
struct flow {
	struct subject subject;
	struct addr local; /* the subject's address */
	struct addr remote;
	uint16_t port; /* the remote's */
	uint8_t ip_proto;
	uint8_t tcp_flags;
	uint8_t directions; /* EVIDENCE_UP | EVIDENCE_DOWN */
	enum via via;
	uint64_t packets;
	uint64_t bytes; /* IP total lengths */
	int64_t first_ns;
	int64_t last_ns;
	uint32_t sampling; /* 1 in this many packets was looked at */
	uint32_t domain_count;
	domain_id domains[ENDPOINT_DOMAINS];
};

struct answer_address {
	struct addr addr;
	uint32_t ttl_s;
};

/* How it is known that an address answers for a name. */
enum fact_source {
	SOURCE_DNS, /* an answer seen here */
	SOURCE_PASSIVE_DNS,
	SOURCE_CERTIFICATE,
	SOURCE_RESOLVED, /* asked for by this program */
	SOURCE_SAVED,    /* only the saved state says so as yet */
	SOURCE_COUNT,
};

/*
 * A DNS answer, decoded. Names are text in lower case without the last dot, octets outside
 * printable ASCII and dots inside labels as \DDD (RFC 1035 5.1, RFC 4343 2.1).
 */
struct dns_answer {
	int64_t time_ns;
	enum fact_source source; /* other than SOURCE_DNS: nobody here was told, no client */
	struct addr client;
	struct addr server;
	struct subject subject; /* the client */
	const char *qname;
	uint16_t qtype;
	uint16_t chain_count;
	const char *chain[CHAIN_MAX]; /* CNAME targets, in order from qname on */
	uint16_t address_count;
	struct answer_address address[ANSWER_ADDRESSES_MAX];
};

/* What a subject was seen to contact: one domain at one address, port and protocol. */
struct evidence {
	struct subject subject;
	domain_id domain;
	struct addr remote;
	uint16_t port;
	uint8_t ip_proto;
	uint8_t tcp_flags;
	uint8_t directions;
	enum via via;
	uint32_t sampling;
	uint64_t packets;
	uint64_t bytes;
	int64_t first_ns;
	int64_t last_ns;
};

#define DETECTION_EVIDENCE_MAX 64
#define SUBJECT_ADDRESSES_MAX 16

/* What became of a detection. */
enum detection_event {
	DETECTION_NEW,
	DETECTION_RENEWAL, /* evidence younger than a window completes it again */
	DETECTION_LOSS,    /* the last of its evidence has gone */
	DETECTION_EVENT_COUNT,
};

/* What the rules make of the evidence, with the evidence that made it so. */
struct detection {
	int64_t time_ns; /* of the contact that completed it; of its renewal, its loss */
	struct subject subject;
	uint32_t rule; /* index in the rules */
	uint32_t seen;
	uint32_t needed;
	uint32_t of;
	uint32_t sampling;
	int64_t first_ns; /* of its evidence */
	int64_t last_ns;
	uint32_t address_count;
	struct addr address[SUBJECT_ADDRESSES_MAX];
	uint32_t evidence_count;
	uint32_t evidence_left_out; /* rows beyond DETECTION_EVIDENCE_MAX */
	struct evidence evidence[DETECTION_EVIDENCE_MAX];
	enum detection_event event;
	bool withdrawn; /* a loss: an address of its evidence turned out to be shared */
	bool in_hour;   /* contacts of the hour, the day, before time_ns alone complete it too */
	bool in_day;
	int64_t since_ns; /* of the contact that completed it first */
	int64_t began_ns; /* the first contact of the subject in the window then */
	int64_t told_ns;  /* of the detection or its latest renewal */
	uint32_t confidence; /* thousandths: how probable it is; 0: not known */
};

/* What is known of one subject; first, last and the sums are over its evidence. */
struct subject_row {
	struct subject subject;
	int64_t first_ns;
	int64_t last_ns;
	uint64_t packets;
	uint64_t bytes;
	uint32_t sampling; /* 0: rows of several rates, the sums mean little */
	uint32_t domains; /* distinct, within the window */
	uint32_t address_count;
	struct addr address[SUBJECT_ADDRESSES_MAX];
	int64_t dns_plain_ns; /* last answer seen to a query of its own; 0: none */
	int64_t dns_encrypted_ns; /* last packet seen from a resolver of encrypted DNS; 0: none */
};

enum usage_state { USAGE_UNKNOWN, USAGE_IDLE, USAGE_ACTIVE, USAGE_STATE_COUNT };

#define USAGE_HOURS 24 /* remembered, before the present one */

/*
 * Whether somebody uses a device, by the packets of a clock hour (UTC) to the primary domains of a
 * rule that says how many that takes.
 */
struct usage_row {
	struct subject subject;
	uint32_t rule;
	enum usage_state state;
	int64_t time_ns;       /* of a change: when it was sure */
	int64_t since_ns;      /* 0: unknown from the start */
	int64_t hour_ns;       /* begin of the hour that is told of */
	uint64_t packets;      /* looked at in that hour */
	uint64_t wire_packets; /* each times the rate it was looked at with */
	uint32_t sampling;     /* the coarsest rate */
	uint32_t threshold;    /* on the wire: more is active */
	uint32_t active_hours; /* bit n: n + 1 hours before hour_ns */
	uint32_t idle_hours;   /* in neither: unknown */
};

#define LABEL_TEXT_MAX 128 /* bytes of a name for people, and its end */

/* What people call a subject, NULL where nobody said. Shown beside it, never a reason. */
struct subject_names {
	const char *user;       /* of `hayrake label` */
	const char *host;       /* of its DHCP requests */
	const char *mdns;       /* announced for its own address */
	const char *mac_vendor; /* of the registry; NULL when the MAC address is made up */
	bool has_mac;
	bool mac_random; /* made up by its owner (IEEE 802: the second bit of the first octet) */
};

/* What a user said of a subject. */
struct label_row {
	struct subject subject;
	const char *text; /* NULL: none */
	const char *nots; /* rule ids, a blank between them */
};

/* What a subject was heard to call itself; "": nothing. */
struct heard_row {
	struct subject subject;
	const char *host;
	const char *mdns;
	int64_t last_ns;
};

/* What is known of whom an address serves (docs/hayrake-show.8 says when which holds). */
enum backend_state {
	BACKEND_DEDICATED,
	BACKEND_IS_SHARED,
	BACKEND_CLOUD,   /* one tenant's of a public cloud, as long as he holds it */
	BACKEND_UNKNOWN, /* alone as far as was seen, but too little was */
	BACKEND_STATE_COUNT,
};

/* One row of the backend map, for show and for the saved state. */
struct backend_row {
	struct addr remote;
	enum backend_state state;
	bool client_dns;   /* one of its domains counts by the client's own answers only */
	uint8_t sources;   /* bit i: enum fact_source i */
	const char *cloud; /* host names of that public cloud lead to it; NULL: none's */
	int64_t since_ns;  /* when it turned shared, or alone */
	int64_t first_ns;
	int64_t last_answer_ns;
	int64_t expires_ns;
	int64_t last_used_ns;
	int64_t shared_until_ns; /* 0: by no foreign name */
	const char *shared_with; /* a foreign registered domain, or "" */
	uint32_t domain_count;
	domain_id domains[ENDPOINT_DOMAINS];
};

/* A (client, address) pair for the saved state. */
struct backend_client_row {
	struct client_key key;
	int64_t last_ns;
	uint32_t domain_count;
	domain_id domains[ENDPOINT_DOMAINS];
};

/* Counts of user space and, after a drain, of the kernel: n[enum counter]. */
struct counts {
	uint64_t n[COUNTER_COUNT];
};

typedef void frame_sink(void *ctx, const struct frame *frame);
typedef void flow_sink(void *ctx, const struct flow *flow);
typedef void answer_sink(void *ctx, const struct dns_answer *answer);
typedef void evidence_sink(void *ctx, const struct evidence *evidence);
typedef void detection_sink(void *ctx, const struct detection *detection);
typedef void usage_sink(void *ctx, const struct usage_row *row);

#endif
