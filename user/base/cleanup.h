/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners free themselves when they leave scope; TAKE_PTR hands ownership on. */
#ifndef HAYRAKE_CLEANUP_H
#define HAYRAKE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* DEFINE_CLEANUP(x_free, struct x *) makes x_free_ptr() for CLEANUP(x_free_ptr). */
#define DEFINE_CLEANUP(fn, type)                                                                  \
	static inline void fn##_ptr(type *p)                                                      \
	{                                                                                         \
		if (*p)                                                                           \
			fn(*p);                                                                   \
	}

#define TAKE_PTR(p)                                                                               \
	({                                                                                        \
		__typeof__(p) taken_ = (p);                                                       \
		(p) = NULL;                                                                       \
		taken_;                                                                           \
	})

#define TAKE_FD(fd)                                                                               \
	({                                                                                        \
		int taken_ = (fd);                                                                \
		(fd) = -1;                                                                        \
		taken_;                                                                           \
	})

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

DEFINE_CLEANUP(fclose, FILE *)

#define CLEANUP_FREE CLEANUP(free_ptr)
#define CLEANUP_FD CLEANUP(close_fd)
#define CLEANUP_FILE CLEANUP(fclose_ptr)

#endif
