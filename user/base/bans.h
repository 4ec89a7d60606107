/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Odds and probabilities as whole numbers. Logarithms are hundredths of a ban: 100 is a factor of
 * ten, -30 about a half. Probabilities are millionths.
 */
#ifndef HAYRAKE_BANS_H
#define HAYRAKE_BANS_H

#include <stdint.h>

#define BANS_ONE 1000000 /* millionths in 1 */

/* 100 log10(n / of); n and of are not 0. */
int32_t bans_ratio(uint32_t n, uint32_t of);
/* 10 to the power of bans / 100, in millionths, from 0 to 10^18 of them. */
uint64_t bans_power(int32_t bans);
/* 1 - e^-x, x and the result in millionths. */
uint32_t bans_decay(uint64_t x);

#endif
