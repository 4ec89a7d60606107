/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the options share: options.c has the table, options_config.c reads a file. */
#ifndef HAYRAKE_OPTIONS_PRIVATE_H
#define HAYRAKE_OPTIONS_PRIVATE_H

#include "options.h"

/* Sets one option; false when value makes no sense. text lives as long as the options. */
typedef bool option_setter(struct options *o, const char *value);

struct option_row {
	const char *name;   /* long name without dashes, NULL: short only */
	char letter;        /* 0: none */
	uint32_t group;     /* enum option_group */
	const char *value;  /* what stands for the value in --help; NULL: a switch */
	const char *expect; /* what a wrong value should have been */
	const char *help;
	option_setter *set;
	bool repeats;
};

/* NULL: no option has this name. */
const struct option_row *option_find(const char *name, size_t len);
/* The row's bit in a set of options seen. */
uint64_t option_bit(const struct option_row *r);

/* True when value was kept for the life of the options. */
bool string_keep(struct options *o, const char *value, const char **kept);
/*
 * Reads the configuration file; every mistake is told. given: the options that the command line has
 * set. -1 to go on, or an exit status.
 */
int config_read(struct options *o, uint64_t given);

#endif
