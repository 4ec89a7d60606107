/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domain names and the registered domains they are in. */
#ifndef HAYRAKE_NAME_H
#define HAYRAKE_NAME_H

#include "base/name.h"

/*
 * The registered domain of name (public suffix plus one label), a pointer into name; name itself
 * when it has none. Takes about a microsecond.
 */
const char *name_registered(const char *name);

#endif
