/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded decoding of domain names (RFC 1035 4.1.4) and of registered domains. */
#ifndef HAYRAKE_NAME_H
#define HAYRAKE_NAME_H

#include "base/cursor.h"
#include "record.h"

/*
 * Decodes the name at c (message start = c->start), lower case, without the last dot, special
 * octets as \DDD; the root is "". Pointers must go backwards. Returns 0 (length of text in *len),
 * or -EBADMSG for a bad name, -ELOOP for a bad pointer; then text is empty and c has failed.
 */
int name_decode(struct cursor *c, char text[static NAME_TEXT_MAX], size_t *len);

/* Steps over the name at c without following pointers. 0 or -EBADMSG. */
int name_skip(struct cursor *c);

/*
 * The registered domain of name (public suffix plus one label), a pointer into name; name itself
 * when it has none. Takes about a microsecond.
 */
const char *name_registered(const char *name);

#endif
