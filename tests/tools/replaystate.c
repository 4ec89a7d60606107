// SPDX-License-Identifier: GPL-2.0-or-later
// sources: user/pipeline*.c user/matcher.c user/saved.c user/query*.c user/*/*.c
/*
 * replaystate SIGNATURES CAPTURE STATE [SAMPLE SEED [PASSIVE CERTIFICATES]]: replays a capture and
 * saves the state that a live instance would have saved after the same packets, so that tests can
 * hold one against the other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "input/pcap.h"
#include "pipeline.h"

int main(int argc, char **argv)
{
	struct pipeline_config config = {.window_s = 86400, .sample = 1, .subject = SUBJECT_MAC,
					 .names = true};
	struct facts_files facts = {0};
	struct pipeline *p = NULL;
	struct input_sink sink;
	struct query_source query;
	struct saved saved;
	char error[256];
	int err;

	if (argc != 4 && argc != 6 && argc != 8) {
		fputs("usage: replaystate SIGNATURES CAPTURE STATE [SAMPLE SEED "
		      "[PASSIVE CERTIFICATES]]\n",
		      stderr);
		return 2;
	}
	if (argc >= 6) {
		config.sample = (uint32_t)strtoul(argv[4], NULL, 10);
		config.seed = strtoull(argv[5], NULL, 10);
	}
	config.signatures = argv[1];
	config.facts = &facts;
	if (argc == 8) {
		facts.passive[facts.passive_count++] = argv[6];
		facts.certificates[facts.certificate_count++] = argv[7];
	}
	if (pipeline_open(&p, &config))
		return 1;
	sink = pipeline_sink(p);
	err = pcap_read(argv[2], &sink, NULL, error);
	if (err)
		fprintf(stderr, "replaystate: %s\n", error);
	saved = pipeline_saved(p, argv[3]);
	query = pipeline_query(p);
	if (!err)
		err = saved_store(&saved, false, query.now(query.ctx));
	pipeline_close(p);
	return err ? 1 : 0;
}
