/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded decoding of domain names (RFC 1035 4.1.4). */
#ifndef HAYRAKE_BASE_NAME_H
#define HAYRAKE_BASE_NAME_H

#include "base/cursor.h"

#define NAME_OCTETS_MAX 255 /* labels with their lengths, and the root's (RFC 1035 2.3.4) */
#define NAME_TEXT_MAX 1024 /* a name of 255 octets, each as \DDD, and its end (RFC 1035 5.1) */

/*
 * Decodes the name at c (message start = c->start), lower case, without the last dot, special
 * octets as \DDD; the root is "". Pointers must go backwards. Returns 0 (length of text in *len),
 * or -EBADMSG for a bad name, -ELOOP for a bad pointer; then text is empty and c has failed.
 */
int name_decode(struct cursor *c, char text[static NAME_TEXT_MAX], size_t *len);

/* Steps over the name at c without following pointers. 0 or -EBADMSG. */
int name_skip(struct cursor *c);

#endif
