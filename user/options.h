/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: one table of options, one of subcommands. */
#ifndef HAYRAKE_OPTIONS_H
#define HAYRAKE_OPTIONS_H

#include "input/xdp.h"

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

#define SOCKET_DEFAULT "/run/hayrake.sock"

struct options {
	struct xdp_config xdp; /* -i, --attach, --profile, --subject, --sample, --interval, --local */
	bool json;
	bool verbose;
	bool check_only; /* -n */
	bool detach;     /* run --detach */
	bool established;
	const char *signatures; /* directory; never NULL after options_parse() */
	const char *socket;
	const char *socket_group; /* NULL: the process's */
	const char *state;        /* NULL: none */
	const char *config;       /* NULL: none */
	uint32_t threshold;       /* thousandths; 0: not given */
	uint32_t window_s;
	uint64_t seed;
	int arg_count; /* what is left: files, subjects, sub-subcommands */
	char **args;
};

struct command {
	const char *name;
	const char *usage;   /* arguments, as in "FILE ..." */
	const char *summary; /* one line for --help */
	uint32_t options;    /* OPTIONS_* groups it takes */
	int (*run)(const struct options *o); /* gives an exit status */
};

int cmd_run(const struct options *o);
int cmd_replay(const struct options *o);
int cmd_show(const struct options *o);
int cmd_explain(const struct options *o);
int cmd_signatures(const struct options *o);

#endif
