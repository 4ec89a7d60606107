// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bans.h"

#define FRACTION_BITS 12
#define POWER_MAX 1200 /* 10^12, as millionths within 64 bits */

/* log2(n) in 1/4096: each squaring of n, kept between 1 and 2, gives one more binary digit. */
static uint32_t log2_fixed(uint32_t n)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(n);
	uint64_t m = (uint64_t)n << (31 - whole);
	uint32_t out = whole;

	for (int i = 0; i < FRACTION_BITS; i++) {
		m = m * m >> 31;
		out = out << 1 | (m >> 32 & 1);
		m >>= m >> 32 & 1;
	}
	return out;
}

int32_t bans_ratio(uint32_t n, uint32_t of)
{
	int64_t log2 = (int64_t)log2_fixed(n) - log2_fixed(of);
	int64_t half = (int64_t)500 << FRACTION_BITS;
	int64_t scaled = log2 * 30103; /* 100,000 log10(2) */

	return (int32_t)((scaled + (scaled < 0 ? -half : half)) / (2 * half));
}

uint64_t bans_power(int32_t bans)
{
	/* 10^(i/10), 10^(i/100) in millionths */
	static const uint32_t tenths[10] = {1000000, 1258925, 1584893, 1995262, 2511886,
					    3162278, 3981072, 5011872, 6309573, 7943282};
	static const uint32_t hundredths[10] = {1000000, 1023293, 1047129, 1071519, 1096478,
						1122018, 1148154, 1174898, 1202264, 1230269};
	uint32_t up = bans < -POWER_MAX ? 0
		      : bans > POWER_MAX ? 2 * POWER_MAX
					 : (uint32_t)(bans + POWER_MAX);
	uint64_t value = (uint64_t)tenths[up / 10 % 10] * hundredths[up % 10] / BANS_ONE;
	int32_t decades = (int32_t)(up / 100) - POWER_MAX / 100;

	for (; decades > 0; decades--)
		value *= 10;
	for (; decades < 0; decades++)
		value /= 10;
	return value;
}

/* e^-x is (e^(-x/32))^32, whose series needs few terms; in billionths. */
uint32_t bans_decay(uint64_t x)
{
	const int64_t one = 1000000000;
	int64_t y, rest = one;

	if (x > 20 * (uint64_t)BANS_ONE)
		return BANS_ONE;
	y = (int64_t)x * 1000 / 32;
	for (int64_t term = 6; term > 0; term--)
		rest = one - y * rest / one / term;
	for (int i = 0; i < 5; i++)
		rest = rest * rest / one;
	return (uint32_t)((one - rest + 500) / 1000);
}
