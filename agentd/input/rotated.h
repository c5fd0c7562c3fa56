/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_ROTATED_H
#define SIPWARDEN_INPUT_ROTATED_H

#include <stddef.h>

#include "input/position.h"

/* A file that was rotated away while nobody read, and from where to read it. */
struct rotated {
	char *path;
	int fd;
	uint64_t offset;
	uint64_t mtime; /* nanoseconds */
};

#define ROTATED_MAX 64

/*
 * Looks beside path for the file that position p belongs to (renamed, or copied
 * before path was truncated), and for those rotated after it, in the order they
 * were written. current is what path leads to now. Returns how many are in ret
 * (fds and paths are the caller's), or -ENOENT: p's file is not there any more.
 */
int rotated_find(const char *path, const struct position *p, const struct stat *current,
		 struct rotated ret[static ROTATED_MAX]);

#endif
