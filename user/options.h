/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line and the configuration file: one table of options, one of subcommands. */
#ifndef HAYRAKE_OPTIONS_H
#define HAYRAKE_OPTIONS_H

#include "facts/facts.h"
#include "input/xdp.h"
#include "names/oui.h"
#include "rules/import.h"

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

#define NAMINGS_MAX 256 /* four for each of the devices that a table has */

#define SOCKET_DEFAULT "/run/hayrake.sock"

/* Groups of options; a subcommand names those it takes. */
enum option_group {
	OPTIONS_ALWAYS = 1,   /* --signatures, --json, -v, --config, --help */
	OPTIONS_LIVE = 2,     /* run: interfaces, attaching, draining */
	OPTIONS_VERDICT = 4,  /* --threshold, --window, ... */
	OPTIONS_TRAFFIC = 8,  /* --subject, --local, --sample, --passive-dns, --certificates */
	OPTIONS_REPLAY = 16,  /* --seed */
	OPTIONS_INSTANCE = 32, /* --socket, --state */
	OPTIONS_LABEL = 64,    /* --not, --clear */
	OPTIONS_IMPORT = 128,  /* --format, --vendor, --rule, ... */
	OPTIONS_RATE = 256,    /* --sample alone */
};

/* Of signatures import; texts, which the command reads. */
struct options_import {
	const char *format; /* NULL: by content */
	const char *ports;
	const char *citation; /* NULL: not given */
	const char *date;     /* NULL: not given */
	const char *output;   /* NULL: standard output */
	bool force;
	size_t naming_count;
	struct import_naming namings[NAMINGS_MAX];
};

struct options {
	struct xdp_config
		xdp; /* -i, --attach, --profile, --subject, --sample, --interval, --local,
				  --no-names */
	bool json;
	bool verbose;
	bool check_only; /* -n */
	bool detach;     /* run --detach */
	bool established;
	bool regroup;
	bool clear;            /* label --clear */
	const char *not_rule;  /* label --not; NULL: not given */
	const char *signatures;   /* directory; never NULL after options_parse() */
	const char *socket;       /* never NULL */
	const char *socket_group; /* NULL: the process's */
	const char *resolve;      /* whom to ask for the signatures' names; NULL: nobody */
	const char *state;        /* NULL: none */
	const char *config;       /* NULL: none */
	const char *oui[OUI_FILES_MAX]; /* files of MAC vendors */
	size_t oui_count;
	struct facts_files facts; /* --passive-dns, --certificates */
	uint32_t threshold;       /* thousandths; 0: not given */
	uint32_t window_s;
	uint64_t seed;
	struct options_import import;
	int arg_count; /* what is left: files, subjects, sub-subcommands */
	char **args;
	char *strings[128]; /* owned texts from the configuration file */
	size_t string_count;
};

struct command {
	const char *name;
	const char *usage;   /* arguments, as in "FILE ..." */
	const char *summary; /* one line for --help */
	uint32_t options;    /* OR of enum option_group */
	int (*run)(const struct options *o); /* gives an exit status */
};

/* The subcommands, ended by a row without a name. */
extern const struct command commands[];

/*
 * Reads argv[2..] (after the subcommand), and the configuration file that --config names: its
 * values hold where the command line says nothing. Returns -1 to go on, or the exit status with
 * which to end (usage mistakes have been told on stderr, --help on stdout).
 */
int options_parse(struct options *o, const struct command *command, int argc, char **argv);
void options_clean(struct options *o);

void options_help(const struct command *command);

int cmd_run(const struct options *o);
int cmd_replay(const struct options *o);
int cmd_show(const struct options *o);
int cmd_explain(const struct options *o);
int cmd_label(const struct options *o);
int cmd_signatures(const struct options *o);
int cmd_import(const struct options *o); /* signatures import */

#endif
