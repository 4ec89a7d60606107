// SPDX-License-Identifier: GPL-2.0-or-later
#include "resolve.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"

#define SLACK_S 600 /* until the answers of the next round are there */
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28

/* Ten names a second: the packaged signatures take about a minute, and nobody's resolver minds. */
static const struct timeval pace = {.tv_usec = 100000};
static const struct timeval again = {.tv_sec = RESOLVE_AGAIN_S};

struct resolve {
	struct resolve_config config;
	struct evdns_base *dns;
	struct event *timer;
	uint32_t next; /* number of the name that comes next */
};

/* A question under way: the rules may be others when its answer comes. */
struct question {
	struct resolve *resolve;
	char name[NAME_TEXT_MAX];
};

static void answer_addresses(struct dns_answer *answer, const uint8_t *bytes, size_t len, int count)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	for (int i = 0; i < count && i < ANSWER_ADDRESSES_MAX; i++) {
		struct answer_address *a = &answer->address[answer->address_count++];

		if (len == 4)
			memcpy(a->addr.b, mapped, sizeof(mapped));
		memcpy(a->addr.b + 16 - len, bytes + (size_t)i * len, len);
		a->ttl_s = RESOLVE_AGAIN_S + SLACK_S;
	}
}

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct question *q CLEANUP_FREE = arg;
	const struct resolve_config *c = &q->resolve->config;
	struct dns_answer answer = {.source = SOURCE_RESOLVED, .qname = q->name};

	(void)ttl;
	if (result == DNS_ERR_SHUTDOWN || result == DNS_ERR_CANCEL)
		return;
	if (result != DNS_ERR_NONE || count < 1) {
		c->failed(c->ctx);
		return;
	}
	answer.time_ns = c->now(c->ctx);
	answer.qtype = type == DNS_IPv6_AAAA ? DNS_TYPE_AAAA : DNS_TYPE_A;
	answer_addresses(&answer, addresses, type == DNS_IPv6_AAAA ? 16 : 4, count);
	c->answer(c->ctx, &answer);
}

static void ask(struct resolve *r, const char *name, bool six)
{
	struct question *q = malloc(sizeof(*q));
	struct evdns_request *request = NULL;

	if (!q) {
		r->config.failed(r->config.ctx);
		return;
	}
	q->resolve = r;
	snprintf(q->name, sizeof(q->name), "%s", name);
	if (six)
		request = evdns_base_resolve_ipv6(r->dns, name, DNS_QUERY_NO_SEARCH, on_answer, q);
	else
		request = evdns_base_resolve_ipv4(r->dns, name, DNS_QUERY_NO_SEARCH, on_answer, q);
	if (request)
		return;
	free(q);
	r->config.failed(r->config.ctx);
}

/* "*.x" stands for names that nobody has listed. */
static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct resolve *r = ctx;
	const char *name;

	(void)fd;
	(void)what;
	do
		name = r->config.name(r->config.ctx, r->next++);
	while (name && name[0] == '*');
	if (!name) {
		r->next = 0;
		event_add(r->timer, &again);
		return;
	}
	ask(r, name, false);
	ask(r, name, true);
	event_add(r->timer, &pace);
}

static int server_set(struct resolve *r, char error[static 256])
{
	const char *server = r->config.server;

	if (!strcmp(server, "system")) {
		if (!evdns_base_resolv_conf_parse(r->dns, DNS_OPTION_NAMESERVERS,
						  "/etc/resolv.conf"))
			return 0;
		snprintf(error, 256, "--resolve system: /etc/resolv.conf names no resolver");
		return -ENOENT;
	}
	if (!evdns_base_nameserver_ip_add(r->dns, server))
		return 0;
	snprintf(error, 256, "--resolve %.100s: not an address, ADDRESS:PORT or system", server);
	return -EINVAL;
}

DEFINE_CLEANUP(resolve_close, struct resolve *)

int resolve_open(struct resolve **out, struct event_base *base, const struct resolve_config *config,
		 char error[static 256])
{
	struct resolve *r CLEANUP(resolve_close_ptr) = calloc(1, sizeof(*r));
	int err;

	snprintf(error, 256, "out of memory");
	if (!r)
		return -ENOMEM;
	r->config = *config;
	r->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	r->timer = evtimer_new(base, on_timer, r);
	if (!r->dns || !r->timer)
		return -ENOMEM;
	err = server_set(r, error);
	if (err)
		return err;
	if (event_add(r->timer, &pace))
		return -ENOMEM;
	*out = TAKE_PTR(r);
	return 0;
}

void resolve_close(struct resolve *r)
{
	if (!r)
		return;
	if (r->timer)
		event_free(r->timer);
	if (r->dns)
		evdns_base_free(r->dns, 1);
	free(r);
}
