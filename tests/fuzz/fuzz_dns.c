// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/dns/backend.c user/dns/backend_client.c user/dns/backend_endpoint.c user/dns/backend_row.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/name.c user/dns/observer.c user/dns/observer_fragment.c user/dns/observer_message.c user/dns/observer_query.c user/dns/observer_stream.c user/dns/slots.c user/base/name.c user/base/table.c user/base/addr.c */
/*
 * The input is a DNS message: its names are decoded, and it goes to the observer over UDP, in TCP
 * segments and in IP fragments, cut where its octets say. One that starts with 0xc0 or more is a
 * row of Ethernet frames instead, each behind a length octet. Answers are learned. Nothing may
 * crash, every bound must hold, and after expiry the mirror must be as empty as the map.
 */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

#include "../unit/dns_build.h"
#include "base/timefmt.h"
#include "dns/backend.h"
#include "dns/name.h"
#include "dns/observer.h"

#define DOMAINS 12
#define FRAMES 0xc0

static const struct backend_limits limits = {
	.addresses = 6, .addresses_per_domain = 4, .clients = 3, .mirrored = 2,
	.others = 3, .endpoints = 9};
static const char vendors[3][2] = {"a", "b", "c"};
static const char names[DOMAINS][16] = {"a.com", "*.a.com", "b.com",   "*.com",
					"a.net", "*.net",   "c.net",   "ring.com",
					"*.org", "x.y.org", "*.co.uk", "z"};

struct world {
	struct backend_map *map;
	struct observer *observer;
	struct counts counts;
	int64_t now_ns;
	int mirrored;         /* puts of new addresses minus dels */
	int clients_mirrored; /* puts of new pairs minus dels */
	struct addr shown[16];
	struct client_key pairs[16];
};

/* The mirror keeps the keys it was given, to tell new ones from known ones. */
static void on_put(void *ctx, const struct addr *remote, const struct backend_value *v)
{
	struct world *w = ctx;
	struct flow flow;

	assert(v->count <= BACKEND_PORTS && v->endpoint);
	assert(backend_endpoint(w->map, v->endpoint, &flow) && addr_equal(&flow.remote, remote));
	assert(flow.domain_count && flow.domain_count <= ENDPOINT_DOMAINS);
	for (int i = 0; i < w->mirrored; i++)
		if (addr_equal(&w->shown[i], remote))
			return;
	assert(w->mirrored < (int)limits.addresses);
	w->shown[w->mirrored++] = *remote;
}

static void on_del(void *ctx, const struct addr *remote)
{
	struct world *w = ctx;
	int i = 0;

	while (i < w->mirrored && !addr_equal(&w->shown[i], remote))
		i++;
	assert(i < w->mirrored);
	w->shown[i] = w->shown[--w->mirrored];
}

static void on_client_put(void *ctx, const struct client_key *key, const struct backend_value *v)
{
	struct world *w = ctx;
	struct flow flow;

	assert(backend_endpoint(w->map, v->endpoint, &flow) && flow.via == VIA_CLIENT_DNS);
	for (int i = 0; i < w->clients_mirrored; i++)
		if (!memcmp(&w->pairs[i], key, sizeof(*key)))
			return;
	assert(w->clients_mirrored < (int)limits.clients);
	w->pairs[w->clients_mirrored++] = *key;
}

static void on_client_del(void *ctx, const struct client_key *key)
{
	struct world *w = ctx;
	int i = 0;

	while (i < w->clients_mirrored && memcmp(&w->pairs[i], key, sizeof(*key)) != 0)
		i++;
	assert(i < w->clients_mirrored);
	w->pairs[i] = w->pairs[--w->clients_mirrored];
}

static void text_check(const char *text)
{
	assert(strlen(text) < NAME_TEXT_MAX);
	for (; *text; text++)
		assert(*text > ' ' && *text <= '~' && !(*text >= 'A' && *text <= 'Z'));
}

/* Any two domains match, by the name's first letters: the map must not care which. */
static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct world *w = ctx;
	domain_id matched[2] = {(uint8_t)a->qname[0] % (DOMAINS + 6U)};
	enum counter reason;

	text_check(a->qname);
	assert(a->chain_count <= CHAIN_MAX);
	assert(a->address_count > 0 && a->address_count <= ANSWER_ADDRESSES_MAX);
	for (int i = 0; i < a->chain_count; i++)
		text_check(a->chain[i]);
	matched[1] = (matched[0] + a->address_count) % DOMAINS;
	backend_learn(w->map, a, matched, matched[0] < DOMAINS ? a->address_count % 2 + 1U : 0);
	assert(backend_count(w->map) <= limits.addresses);
	assert(backend_count(w->map) == (size_t)w->mirrored);
	for (int i = 0; i < a->address_count; i++) {
		const struct addr *remote = &a->address[i].addr;

		backend_match(w->map, &a->subject, remote, a->qtype, WIRE_TCP, &reason);
		backend_used(w->map, &a->subject, remote, w->now_ns);
	}
	w->now_ns += (int64_t)a->address[0].ttl_s * NS_PER_S / 4;
	if (a->qtype % 4 == 0)
		backend_expire(w->map, w->now_ns);
}

static void domains_set(struct world *w)
{
	static struct backend_domain domains[DOMAINS];
	int r;

	for (unsigned int i = 0; i < DOMAINS; i++)
		domains[i] = (struct backend_domain){.name = names[i],
						     .vendor = vendors[i % 3],
						     .port_count = 2,
						     .protos = {PORT_TCP, PORT_UDP},
						     .port_lo = {(uint16_t)i, 28},
						     .port_hi = {(uint16_t)(i * i), 65}};
	r = backend_set_domains(w->map, domains, DOMAINS, NULL);
	assert(!r);
}

static void world_open(struct world *w, bool need_query)
{
	const struct backend_ops ops = {w, on_put, on_del, on_client_put, on_client_del, NULL};
	const struct observer_config config = {.need_query = need_query,
					       .subject = SUBJECT_MAC,
					       .max_queries = 8,
					       .max_streams = 2,
					       .max_datagrams = 2};

	memset(w, 0, sizeof(*w));
	w->now_ns = 1000000 * NS_PER_S;
	w->map = backend_new(&limits, &ops, &w->counts);
	w->observer = observer_new(&config, on_answer, w, &w->counts);
	assert(w->map && w->observer);
	domains_set(w);
}

/* Old ids go after two more calls, so that nothing is left of what was learned. */
static void world_close(struct world *w)
{
	for (int i = 0; i < 3; i++)
		backend_expire(w->map, w->now_ns + 20LL * 86400 * NS_PER_S);
	assert(!backend_count(w->map) && !w->mirrored && !w->clients_mirrored);
	observer_free(w->observer);
	backend_free(w->map);
}

static void frame_take(struct world *w, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct frame frame = {.data = copy, .cap_len = (uint32_t)len, .wire_len = (uint32_t)len};
	struct packet p;
	enum counter why;

	memcpy(copy, data, len);
	frame.time_ns = w->now_ns += 1000000;
	why = packet_parse(&p, copy, copy + len, frame.wire_len, LINK_ETHERNET);
	if ((!why || why == COUNTER_FRAGMENT_LATER) && observer_wants(&p))
		observer_packet(w->observer, &frame, &p);
	free(copy);
}

static void take_frames(struct world *w, const uint8_t *data, size_t len)
{
	while (len) {
		size_t n = *data++;

		len--;
		if (n > len)
			n = len;
		frame_take(w, data, n);
		data += n;
		len -= n;
	}
}

static const struct ends up = {"192.168.1.10", "192.168.1.1", 40000, 53};
static const struct ends down = {"192.168.1.1", "192.168.1.10", 53, 40000};

static void take_datagram(struct world *w, const uint8_t *data, size_t len)
{
	static struct build f;

	frame_udp(&f, len > 2 && data[2] & 0x80 ? &down : &up, data, len);
	frame_take(w, f.data, f.len);
}

/* Twice in one stream, in segments whose sizes the message's own octets give, some out of order. */
static void take_stream(struct world *w, const uint8_t *data, size_t len)
{
	static struct build stream, f;

	stream.len = 0;
	for (int i = 0; i < 2; i++) {
		build_u16(&stream, (unsigned int)len);
		build_bytes(&stream, data, len);
	}
	frame_tcp(&f, &down, 99, 2, NULL, 0);
	frame_take(w, f.data, f.len);
	for (size_t at = 0, i = 0; at < stream.len; i++) {
		size_t n = 1 + (len ? data[i % len] * 4U : 0);
		size_t skip = n % 7 == 0 ? n / 2 : 0;

		if (at + skip + n > stream.len)
			n = stream.len - at, skip = 0;
		frame_tcp(&f, &down, (uint32_t)(100 + at + skip), 16, stream.data + at + skip, n);
		frame_take(w, f.data, f.len);
		at += skip ? 0 : n;
		if (skip) {
			frame_tcp(&f, &down, (uint32_t)(100 + at), 16, stream.data + at, n);
			frame_take(w, f.data, f.len);
			at += n;
		}
	}
}

/* From the last fragment to the first. */
static void take_fragments(struct world *w, const uint8_t *data, size_t len)
{
	static struct build datagram, f;
	size_t each = len > 8 ? 8U + data[len / 2] / 8 * 8U : 8;

	datagram.len = 0;
	udp_header(&datagram, &down, len);
	build_bytes(&datagram, data, len);
	for (size_t at = (datagram.len - 1) / each * each;; at -= each) {
		size_t to = at + each < datagram.len ? at + each : datagram.len;

		frame_fragment(&f, &down, 7, datagram.data, at, to, to < datagram.len);
		frame_take(w, f.data, f.len);
		if (!at)
			break;
	}
}

static void take_names(const uint8_t *data, size_t len)
{
	char text[NAME_TEXT_MAX];
	size_t text_len;

	for (size_t at = 0; at < len && at < 256; at++) {
		struct cursor c = cursor_make(data, len), s;

		c.at += at;
		s = c;
		if (!name_decode(&c, text, &text_len)) {
			assert(text_len == strlen(text));
			assert(!name_skip(&s) && s.at == c.at);
			assert(strstr(text, name_registered(text)));
		}
		text_check(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w;

	if (len > 9000)
		return 0;
	world_open(&w, len && data[0] & 1);
	if (len && data[0] >= FRAMES) {
		take_frames(&w, data + 1, len - 1);
	} else {
		take_names(data, len);
		take_datagram(&w, data, len);
		take_stream(&w, data, len);
		take_fragments(&w, data, len);
	}
	world_close(&w);
	return 0;
}
