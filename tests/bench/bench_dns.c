// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many DNS answers a second one core parses, joins with their queries, decodes, matches with
 * the signatures and learns; each answer's query is parsed and remembered, too. 20,000 names asked
 * for as often as their rank says (Zipf), one in twenty a signature's, most with aliases. The
 * baseline only decodes the same answers, with the C library's parser. The best round counts.
 * sources: user/dns/backend.c user/dns/backend_client.c user/dns/backend_endpoint.c user/dns/backend_row.c user/dns/backend_share.c user/dns/backend_tenant.c user/dns/cloud.c user/dns/name.c user/dns/observer.c user/dns/observer_fragment.c user/dns/observer_message.c user/dns/observer_query.c user/dns/observer_stream.c user/dns/slots.c user/base/name.c user/base/table.c user/base/addr.c user/rules/draft.c user/rules/field.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c
 */
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/dns_build.h"
#include "base/name.h"
#include "base/timefmt.h"
#include "dns/backend.h"
#include "dns/observer.h"
#include "rules/rules.h"

#define NAMES 20000
#define EXCHANGES 65536 /* in the prepared sequence */
#define CLIENTS 2000
#define SEQUENCES 8 /* a round */
#define ROUNDS 5
#define GOAL 1e6

/* A question and its answer as frames; the id and client are put in for each exchange. */
struct exchange {
	uint8_t *query;
	uint8_t *answer;
	uint16_t query_len;
	uint16_t answer_len;
};

static struct exchange names[NAMES];
static uint16_t sequence[EXCHANGES];

struct world {
	struct rules *rules;
	struct backend_domain *domains;
	struct backend_map *map;
	struct observer *observer;
	struct counts counts;
	uint64_t learned;
};

static uint8_t *copy_of(const struct build *b)
{
	uint8_t *p = malloc(b->len);

	if (!p)
		abort();
	memcpy(p, b->data, b->len);
	return p;
}

static void name_text(const struct world *w, unsigned int i, char text[NAME_TEXT_MAX])
{
	static const char *const hosts[] = {"www", "api",           "cdn",
					    "img", "static.assets", "eu-west"};
	const char *domain = w->rules->domains[i / 20 % w->rules->domain_count].name;

	if (i % 20)
		snprintf(text, NAME_TEXT_MAX, "%s.site%u.%s", hosts[i % 6], i / 3,
			 i % 4 ? "com" : "co.uk");
	else
		snprintf(text, NAME_TEXT_MAX, "%s%s", *domain == '*' ? "x" : "",
			 domain + (*domain == '*'));
}

/* Up to three aliases, one to four addresses, some of them on a few hundred shared hosts. */
static void answer_build(struct build *m, const char *name, unsigned int i)
{
	unsigned int links = i % 5 < 3 ? i % 5 + 1 : 0, addresses = 1 + i % 4;
	unsigned int host = i % 3 ? i : i % 400;
	char owner[64] = "@12", target[64], address[64];
	bool v6 = i % 4 == 1;

	build_head(m, 0, DNS_ANSWER, links + addresses);
	build_question(m, name, v6 ? 28 : 1);
	for (unsigned int l = 0; l < links; l++) {
		size_t at = m->len + (l ? 2 : 2) + 10;

		snprintf(target, sizeof(target), "e%u.a.cloud%u.net", host + l, l);
		build_cname(m, owner, target);
		snprintf(owner, sizeof(owner), "@%zu", at);
	}
	for (unsigned int a = 0; a < addresses; a++) {
		if (v6)
			snprintf(address, sizeof(address), "2001:db8:%x::%x", host, a);
		else
			snprintf(address, sizeof(address), "%u.%u.%u.%u", 11 + host / 16384,
				 host / 64 % 256, host % 64, a);
		build_address(m, owner, address, 60);
	}
}

static void names_build(const struct world *w)
{
	static const struct ends up = {"192.168.0.2", "192.168.0.1", 1, 53};
	static const struct ends down = {"192.168.0.1", "192.168.0.2", 53, 1};
	static struct build m, f;
	char name[NAME_TEXT_MAX];

	for (unsigned int i = 0; i < NAMES; i++) {
		name_text(w, i, name);
		answer_build(&m, name, i);
		frame_udp(&f, &down, m.data, m.len);
		names[i].answer = copy_of(&f);
		names[i].answer_len = (uint16_t)f.len;
		build_head(&m, 0, DNS_QUERY, 0);
		build_question(&m, name, i % 4 == 1 ? 28 : 1);
		frame_udp(&f, &up, m.data, m.len);
		names[i].query = copy_of(&f);
		names[i].query_len = (uint16_t)f.len;
	}
}

/* Rank r is asked for with weight 1/r; ranks are spread over the names. */
static void sequence_build(void)
{
	static double sum[NAMES];
	double total = 0;

	for (unsigned int i = 0; i < NAMES; i++)
		sum[i] = total += 1.0 / (i + 1);
	srandom(1);
	for (unsigned int i = 0; i < EXCHANGES; i++) {
		double x = total * (double)random() / RAND_MAX;
		unsigned int lo = 0, hi = NAMES - 1;

		while (lo < hi) {
			unsigned int mid = (lo + hi) / 2;

			if (sum[mid] < x)
				lo = mid + 1;
			else
				hi = mid;
		}
		sequence[i] = (uint16_t)(lo * 7919 % NAMES);
	}
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct world *w = ctx;
	domain_id matched[ENDPOINT_DOMAINS];
	size_t n = rules_match(w->rules, a->qname, matched, ENDPOINT_DOMAINS);

	backend_learn(w->map, a, matched, n);
	w->learned++;
}

#define IP_CLIENT(answer) (14 + ((answer) ? 16 : 12) + 2)
#define PORT_CLIENT(answer) (14 + 20 + ((answer) ? 2 : 0))
#define DNS_ID (14 + 20 + 8)

/* Gives the frame its client, port and id, and sends it on its way. */
static void frame_send(struct world *w, uint8_t *data, uint16_t len, uint32_t i, bool answer)
{
	struct frame frame = {.data = data, .cap_len = len, .wire_len = len};
	uint16_t client = (uint16_t)(i * 31 % CLIENTS + 256), id = (uint16_t)(i * 40503);
	struct packet p;

	memcpy(data + IP_CLIENT(answer), &client, 2);
	memcpy(data + PORT_CLIENT(answer), &id, 2);
	memcpy(data + DNS_ID, &id, 2);
	data[answer ? 4 : 10] = (uint8_t)(client >> 8);
	data[answer ? 5 : 11] = (uint8_t)client;
	frame.time_ns = 1000000 * NS_PER_S + (int64_t)i * 1000;
	if (!packet_parse(&p, data, data + len, len, LINK_ETHERNET) && observer_wants(&p))
		observer_packet(w->observer, &frame, &p);
}

static double seconds_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

static double round_ours(struct world *w, uint32_t *at)
{
	struct timespec start;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (uint32_t n = 0; n < SEQUENCES * EXCHANGES; n++, (*at)++) {
		struct exchange *x = &names[sequence[*at % EXCHANGES]];

		frame_send(w, x->query, x->query_len, *at, false);
		frame_send(w, x->answer, x->answer_len, *at, true);
	}
	return SEQUENCES * EXCHANGES / seconds_since(&start);
}

/* Every record of the answer, and the names in aliases, as text. */
static unsigned int library_decode(const uint8_t *data, int len)
{
	char text[NS_MAXDNAME];
	unsigned int n = 0;
	ns_msg msg;
	ns_rr rr;

	if (ns_initparse(data, len, &msg))
		return 0;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an) && !ns_parserr(&msg, ns_s_an, i, &rr);
	     i++) {
		n++;
		if (ns_rr_type(rr) == ns_t_cname)
			dn_expand(ns_msg_base(msg), ns_msg_end(msg), ns_rr_rdata(rr), text,
				  sizeof(text));
	}
	return n;
}

static double round_library(void)
{
	struct timespec start;
	unsigned int records = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (uint32_t i = 0; i < EXCHANGES; i++) {
		const struct exchange *x = &names[sequence[i]];

		records += library_decode(x->answer + DNS_ID, x->answer_len - DNS_ID);
	}
	return records < EXCHANGES ? -1 : EXCHANGES / seconds_since(&start);
}

static int measure(struct world *w)
{
	double ours = 0, library = 0;
	uint32_t at = 0;

	round_ours(w, &at);
	for (int i = 0; i < ROUNDS; i++) {
		double o = round_ours(w, &at), l = round_library();

		ours = o > ours ? o : ours;
		library = l > library ? l : library;
	}
	if (w->learned != (uint64_t)SEQUENCES * EXCHANGES * (ROUNDS + 1) ||
	    w->counts.n[COUNTER_DNS_UNSOLICITED] || !backend_count(w->map)) {
		fprintf(stderr, "bench_dns: not every answer was learned\n");
		return 1;
	}
	printf("DNS answers with their queries\t%.2f\tmillion/s\tC library decoding only %.2f\t"
	       "%.2f\t>= %.0f\t%s\n",
	       ours / 1e6, library / 1e6, ours / library, GOAL / 1e6,
	       ours >= GOAL ? "ok" : "SHORT");
	return 0;
}

static int domains_set(struct world *w)
{
	w->domains = calloc(w->rules->domain_count, sizeof(*w->domains));
	if (!w->domains)
		return -1;
	for (uint32_t i = 0; i < w->rules->domain_count; i++) {
		const struct rules_domain *from = &w->rules->domains[i];
		struct backend_domain *to = &w->domains[i];

		to->name = from->name;
		to->vendor = from->vendor;
		to->port_count = from->port_count;
		for (uint8_t p = 0; p < from->port_count; p++) {
			to->port_lo[p] = from->ports[p].lo;
			to->port_hi[p] = from->ports[p].hi;
			to->protos[p] = from->ports[p].protos;
		}
	}
	return backend_set_domains(w->map, w->domains, w->rules->domain_count, NULL);
}

int main(void)
{
	const struct observer_config config = {.need_query = true,
					       .subject = SUBJECT_MAC,
					       .max_queries = 262144,
					       .max_streams = 64,
					       .max_datagrams = 64};
	static struct world w;
	int rc = 1;

	if (rules_load("signatures", NULL, NULL, &w.rules)) {
		puts("DNS answers with their queries\t\t\t\t\t\tskipped: no signatures");
		return 0;
	}
	w.map = backend_new(&backend_limits_edge, NULL, &w.counts);
	w.observer = observer_new(&config, on_answer, &w, &w.counts);
	if (w.map && w.observer && !domains_set(&w)) {
		names_build(&w);
		sequence_build();
		rc = measure(&w);
	}
	for (unsigned int i = 0; i < NAMES; i++) {
		free(names[i].query);
		free(names[i].answer);
	}
	observer_free(w.observer);
	backend_free(w.map);
	free(w.domains);
	rules_free(w.rules);
	return rc;
}
