/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who makes network cards with which MAC addresses, by the IEEE's registry in the forms that
 * distributions install it. Read when somebody asks, and nothing kept but the answers.
 */
#ifndef HAYRAKE_OUI_H
#define HAYRAKE_OUI_H

#include "record.h"

#define OUI_FILES_MAX 4
#define OUI_BLOCKS_MAX 16384 /* blocks of 36 bits asked for, with or without an answer */

struct oui;

/* files, borrowed; count 0: those that distributions install. NULL without memory. */
struct oui *oui_new(const char *const *files, size_t count, struct counts *counts);
void oui_free(struct oui *o);

/* True when the address was looked up; *vendor NULL: the registry does not know it. */
bool oui_known(const struct oui *o, const uint8_t mac[6], const char **vendor);
/* Marks an address for the next oui_look(). -ENOSPC when full. */
int oui_want(struct oui *o, const uint8_t mac[6]);
/* Looks all marked ones up, in one pass over the files. */
void oui_look(struct oui *o);

#endif
