/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions in names: "euw1-api.example.com" and "use1-api.example.com" are one name's twins. */
#ifndef HAYRAKE_REGION_H
#define HAYRAKE_REGION_H

#include <stdbool.h>

#include "base/name.h"

/*
 * name with '#' in place of each region, which is a whole word between dots and dashes: an area
 * ("eu", "na", "us"), perhaps with a compass direction and a number ("eu01", "euw1", "us-east-1").
 * The last label never is one. False without any.
 */
bool region_fold(const char *name, char out[static NAME_TEXT_MAX]);

#endif
