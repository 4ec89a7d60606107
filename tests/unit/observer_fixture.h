/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An observer whose answers come out as text: "subject qname > alias = address/ttl ...\n". */
#ifndef HAYRAKE_TESTS_OBSERVER_FIXTURE_H
#define HAYRAKE_TESTS_OBSERVER_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dns/observer.h"
#include "dns_build.h"

struct fixture {
	struct observer *observer;
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

static inline void fixture_answer(void *ctx, const struct dns_answer *a)
{
	char text[SUBJECT_TEXT_MAX];
	struct fixture *f = ctx;

	fixture_say(f, "%s %s", subject_text(&a->subject, text), a->qname);
	for (int i = 0; i < a->chain_count; i++)
		fixture_say(f, " > %s", a->chain[i]);
	fixture_say(f, " =");
	for (int i = 0; i < a->address_count; i++)
		fixture_say(f, " %s/%u", addr_text(&a->address[i].addr, text),
			    a->address[i].ttl_s);
	fixture_say(f, "\n");
}

static inline struct fixture *fixture_new(const struct observer_config *config)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->now_ns = 1000000000000LL;
	f->observer = observer_new(config, fixture_answer, f, &f->counts);
	assert(f->observer);
	return f;
}

static inline void fixture_free(struct fixture *f)
{
	observer_free(f->observer);
	free(f);
}

DEFINE_CLEANUP(fixture_free, struct fixture *)
#define CLEANUP_FIXTURE CLEANUP(fixture_free_ptr)

/* Hands the first cap_len bytes of a frame to the observer, in memory of just that size. */
static inline void fixture_frame_cut(struct fixture *f, const struct build *b, size_t cap_len)
{
	uint8_t *copy = malloc(cap_len ? cap_len : 1);
	struct frame frame = {.data = copy,
			      .cap_len = (uint32_t)cap_len,
			      .wire_len = (uint32_t)b->len,
			      .time_ns = f->now_ns};
	struct packet p;
	enum counter why;

	memcpy(copy, b->data, cap_len);
	why = packet_parse(&p, copy, copy + cap_len, frame.wire_len, LINK_ETHERNET);
	if (!why || why == COUNTER_FRAGMENT_LATER)
		observer_packet(f->observer, &frame, &p);
	free(copy);
}

static inline void fixture_frame(struct fixture *f, const struct build *b)
{
	fixture_frame_cut(f, b, b->len);
}

static inline void fixture_udp(struct fixture *f, const struct ends *e, const struct build *m)
{
	static struct build frame;

	frame_udp(&frame, e, m->data, m->len);
	fixture_frame(f, &frame);
}

/* What was said since the last time. */
static inline const char *fixture_said(struct fixture *f)
{
	f->said_len = 0;
	return f->said;
}

static inline void fixture_clear(struct fixture *f)
{
	f->said_len = 0;
	f->said[0] = '\0';
}

static const struct ends to_server = {"192.168.1.10", "192.168.1.1", 40000, 53};
static const struct ends to_client = {"192.168.1.1", "192.168.1.10", 53, 40000};

#endif
