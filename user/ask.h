/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a request to the running instance, or to a state file, and prints the answer. */
#ifndef HAYRAKE_ASK_H
#define HAYRAKE_ASK_H

#include "options.h"

/* Gives an exit status, after one sentence when something is wrong. */
int ask(const struct options *o, const char *request);

#endif
