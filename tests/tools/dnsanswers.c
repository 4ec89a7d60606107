// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dnsanswers FILE...: every address that an answer in a capture gives for its question, one line
 * each: file, client, name, address, tab-separated; then the counters that are not 0, on stderr.
 * sources: user/input/pcap.c user/input/pcap_*.c user/input/pcapng.c user/dns/name.c user/dns/observer.c user/dns/observer_fragment.c user/dns/observer_message.c user/dns/observer_query.c user/dns/observer_stream.c user/dns/slots.c user/base/name.c user/base/table.c user/base/addr.c
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../headers/match.h"
#include "base/addr.h"
#include "dns/observer.h"
#include "input/pcap.h"

#define COUNTER_TEXT(name, text) [COUNTER_##name] = text,
static const char *const counter_texts[COUNTER_COUNT] = {
	COUNTERS_KERNEL(COUNTER_TEXT) COUNTERS_USER(COUNTER_TEXT)};

struct tool {
	const char *path;
	struct observer *observer;
};

static void answer_print(void *ctx, const struct dns_answer *a)
{
	const struct tool *tool = ctx;
	char client[ADDR_TEXT_MAX], address[ADDR_TEXT_MAX];

	for (uint16_t i = 0; i < a->address_count; i++)
		printf("%s\t%s\t%s\t%s\n", tool->path, addr_text(&a->client, client), a->qname,
		       addr_text(&a->address[i].addr, address));
}

static void frame_take(void *ctx, const struct frame *frame)
{
	const struct tool *tool = ctx;
	struct packet p;
	enum counter why = packet_parse(&p, frame->data, frame->data + frame->cap_len,
					frame->wire_len, frame->link);

	if ((why == COUNTER_PACKETS || why == COUNTER_FRAGMENT_LATER) && observer_wants(&p))
		observer_packet(tool->observer, frame, &p);
}

static void file_take(const char *path, struct counts *counts)
{
	const struct observer_config config = {.subject = SUBJECT_IP,
					       .max_queries = 4096,
					       .max_streams = 64,
					       .max_datagrams = 64};
	struct tool tool = {.path = path};
	struct input_sink sink = {.ctx = &tool, .frame = frame_take, .counts = counts};
	char error[256];

	tool.observer = observer_new(&config, answer_print, &tool, counts);
	if (!tool.observer)
		exit(1);
	if (pcap_read(path, &sink, NULL, error))
		fprintf(stderr, "%s\n", error);
	observer_free(tool.observer);
}

int main(int argc, char **argv)
{
	static struct counts counts;

	for (int i = 1; i < argc; i++)
		file_take(argv[i], &counts);
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counts.n[i])
			fprintf(stderr, "%s\t%llu\n", counter_texts[i],
				(unsigned long long)counts.n[i]);
	return 0;
}
