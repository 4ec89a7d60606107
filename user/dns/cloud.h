/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host names that a public cloud gives to addresses which one tenant holds at a time. */
#ifndef HAYRAKE_CLOUD_H
#define HAYRAKE_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

/* The number of the cloud naming that name is below, or 0. name as in struct dns_answer. */
uint8_t cloud_find(const char *name);

/* The naming's suffix as text, with "*" for any one label; NULL for 0 and unknown numbers. */
const char *cloud_suffix(uint8_t cloud);
/* Its host names are made of the address: whoever holds that has the name. */
bool cloud_of_address(uint8_t cloud);
/* Back to the number, or 0. */
uint8_t cloud_number(const char *suffix);

#endif
