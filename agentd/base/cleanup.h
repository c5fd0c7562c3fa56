/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_CLEANUP_H
#define SIPWARDEN_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Ownership in the type: a variable declared with one of these is released at
 * the end of its scope. TAKE() hands the value on instead.
 */
#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

#define TAKE_PTR(p)                      \
	({                               \
		__typeof__(p) _p = (p);  \
		(p) = NULL;              \
		_p;                      \
	})
#define TAKE_FD(fd)            \
	({                     \
		int _fd = (fd); \
		(fd) = -1;     \
		_fd;           \
	})

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

#endif
