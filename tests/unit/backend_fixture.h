/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A backend map over a few signature domains, whose mirror calls come out as text. */
#ifndef HAYRAKE_TESTS_BACKEND_FIXTURE_H
#define HAYRAKE_TESTS_BACKEND_FIXTURE_H

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "dns/backend.h"

/* The signature domains by their ids. */
enum {
	RING_A,
	RING_B,
	RING_WILD,
	TUYA,
	RING_OTHER, /* Ring's own, under another registered domain */
	UDP_CAM,
	RING_CAST, /* on addresses that serve many */
	DOMAINS,
};

static const char ring[] = "Ring";
static const char tuya[] = "Tuya";
static const char cam[] = "Cam";

static const struct backend_domain domains[DOMAINS] = {
	{"a.ring.example.com", ring, 1, {PORT_TCP}, {443}, {443}, false},
	{"b.ring.example.com", ring, 1, {PORT_TCP}, {80}, {80}, false},
	{"*.ring.example.com", ring, 1, {PORT_TCP | PORT_UDP}, {443}, {443}, false},
	{"a.tuya.example.org", tuya, 2, {PORT_TCP, PORT_UDP}, {1883, 6667}, {1883, 6668}, false},
	{"api.ringcdn.net", ring, 1, {PORT_TCP}, {443}, {443}, false},
	{"cam.example.info", cam, 1, {PORT_UDP}, {1000}, {2000}, false},
	{"cast.ring.example.com", ring, 1, {PORT_TCP}, {8009}, {8009}, true},
};

struct fixture {
	struct backend_map *map;
	struct counts counts;
	int64_t now_ns;
	size_t said_len;
	char said[1 << 16];
};

__attribute__((format(printf, 2, 3))) static inline void fixture_say(struct fixture *f,
								     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	f->said_len +=
		(size_t)vsnprintf(f->said + f->said_len, sizeof(f->said) - f->said_len, fmt, args);
	va_end(args);
	assert(f->said_len < sizeof(f->said));
}

/* "put 192.0.2.1 shared 443-443/1;" */
static inline void say_value(struct fixture *f, const char *what, const struct addr *remote,
			     const struct backend_value *v)
{
	char text[ADDR_TEXT_MAX];

	fixture_say(f, "%s %s%s", what, addr_text(remote, text),
		    v && v->flags & BACKEND_SHARED ? " shared" : "");
	for (int i = 0; v && i < v->count; i++)
		fixture_say(f, " %u-%u/%u", v->port_lo[i], v->port_hi[i], v->protos[i]);
	fixture_say(f, ";");
}

static inline void on_put(void *ctx, const struct addr *remote, const struct backend_value *v)
{
	say_value(ctx, "put", remote, v);
}

static inline void on_del(void *ctx, const struct addr *remote)
{
	say_value(ctx, "del", remote, NULL);
}

static inline void on_client_put(void *ctx, const struct client_key *key,
				 const struct backend_value *v)
{
	say_value(ctx, "client", &key->remote, v);
}

static inline void on_client_del(void *ctx, const struct client_key *key)
{
	say_value(ctx, "unclient", &key->remote, NULL);
}

static inline void on_shared(void *ctx, const struct addr *remote)
{
	say_value(ctx, "shared", remote, NULL);
}

static inline struct fixture *fixture_new(const struct backend_limits *limits)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct backend_ops ops = {f, on_put, on_del, on_client_put, on_client_del, on_shared};
	int r;

	f->now_ns = 1000000 * NS_PER_S;
	f->map = backend_new(limits ? limits : &backend_limits_gateway, &ops, &f->counts);
	assert(f->map);
	r = backend_set_domains(f->map, domains, DOMAINS, NULL);
	assert(!r);
	(void)r;
	return f;
}

static inline void fixture_free(struct fixture *f)
{
	backend_free(f->map);
	free(f);
}

DEFINE_CLEANUP(fixture_free, struct fixture *)
#define CLEANUP_FIXTURE CLEANUP(fixture_free_ptr)

static inline void fixture_clear(struct fixture *f)
{
	f->said_len = 0;
	f->said[0] = '\0';
}

static inline struct addr addr_of(const char *text)
{
	struct addr a = {{0}};
	int r = addr_parse(text, &a);

	assert(!r);
	(void)r;
	return a;
}

/* A client by its last octet. */
static inline struct subject client_of(unsigned int n)
{
	const uint8_t mac[6] = {2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n};

	return subject_from_mac(mac);
}

/* What a client asks and gets; id DOMAIN_NONE: no signature has the name. */
struct lesson_of {
	unsigned int client;
	const char *qname;
	const char *alias; /* or NULL */
	const char *address;
	domain_id id;
	uint32_t ttl_s;
};

static inline void learn(struct fixture *f, const struct lesson_of *l)
{
	struct dns_answer a = {
		.time_ns = f->now_ns,
		.subject = client_of(l->client),
		.qname = l->qname,
		.qtype = 1,
		.chain_count = l->alias != NULL,
		.chain = {l->alias},
		.address_count = 1,
	};

	a.address[0] = (struct answer_address){addr_of(l->address), l->ttl_s};
	backend_learn(f->map, &a, &l->id, l->id != DOMAIN_NONE);
}

#define LEARN(f, ...) learn(f, &(struct lesson_of){__VA_ARGS__})

/* The endpoint that (client, address, port, protocol) hits, 0 and the reason when none. */
static inline uint32_t match(struct fixture *f, unsigned int client, const char *address,
			     uint16_t port, uint8_t ip_proto, enum counter *reason)
{
	struct subject s = client_of(client);
	struct addr a = addr_of(address);
	const struct backend_value *v = backend_match(f->map, &s, &a, port, ip_proto, reason);

	return v ? v->endpoint : 0;
}

static inline void expire_after(struct fixture *f, int64_t seconds)
{
	f->now_ns += seconds * NS_PER_S;
	backend_expire(f->map, f->now_ns);
}

#endif
