// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "options.h"

#define OPTIONS_STAGES (OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_TRAFFIC)

const struct command commands[] = {
	{"run", "-i IFACE[=lan|wan] ...", "watch live traffic",
	 OPTIONS_STAGES | OPTIONS_LIVE | OPTIONS_INSTANCE, cmd_run},
	{"replay", "FILE ...", "read pcap and pcapng captures", OPTIONS_STAGES | OPTIONS_REPLAY,
	 cmd_replay},
	{"show", "detections|subjects|backends|stats", "ask the running instance, or --state FILE",
	 OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_INSTANCE, cmd_show},
	{"explain", "SUBJECT [RULE]", "why a subject is named, or is not",
	 OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_INSTANCE, cmd_explain},
	{"label", "[SUBJECT [TEXT ...]]", "name a subject, or say what it is not",
	 OPTIONS_ALWAYS | OPTIONS_INSTANCE | OPTIONS_LABEL, cmd_label},
	{"signatures", "list|check|import [PATH ...]",
	 "list the rules, find mistakes in files, import other formats",
	 OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_IMPORT | OPTIONS_RATE, cmd_signatures},
	{0},
};

static void usage_print(FILE *out)
{
	fprintf(out,
		"usage: hayrake COMMAND [OPTION ...] [ARGUMENT ...]\n\n"
		"Finds the IoT devices behind a gateway from packet headers and DNS answers.\n\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  hayrake %-10s %-36s %s\n", c->name, c->usage, c->summary);
	fprintf(out, "\n`hayrake COMMAND --help` lists its options; `hayrake --version` the "
		     "version.\n");
}

static const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options o;
	int status;

	if (argc < 2) {
		usage_print(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("hayrake %s\n", HAYRAKE_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage_print(stdout);
		return EXIT_DONE;
	}
	command = command_find(argv[1]);
	if (!command) {
		log_error("unknown command '%s'; `hayrake --help` lists them", argv[1]);
		return EXIT_USAGE;
	}
	status = options_parse(&o, command, argc, argv);
	if (status < 0)
		status = command->run(&o);
	options_clean(&o);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("cannot write to standard output");
		return status ? status : EXIT_FAILED;
	}
	return status;
}
