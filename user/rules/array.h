/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that double. */
#ifndef HAYRAKE_RULES_ARRAY_H
#define HAYRAKE_RULES_ARRAY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A zeroed place at the end of an array that holds *count items; NULL without memory. */
static inline void *array_grow(void **array, uint32_t *count, size_t size)
{
	void *item, *grown;

	if ((*count & (*count - 1)) == 0) {
		grown = reallocarray(*array, *count ? 2 * (size_t)*count : 1, size);
		if (!grown)
			return NULL;
		*array = grown;
	}
	item = (char *)*array + (size_t)(*count)++ * size;
	memset(item, 0, size);
	return item;
}

#endif
