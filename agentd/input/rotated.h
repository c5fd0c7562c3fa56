/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_ROTATED_H
#define SIPWARDEN_INPUT_ROTATED_H

#include <stdbool.h>
#include <stddef.h>

#include "input/position.h"

/* A file that was rotated away while nobody read, and from where to read it. */
struct rotated {
	char *path;
	int fd;
	uint64_t offset;
	uint64_t mtime; /* nanoseconds */
	int match;	/* number of the position; -1: of none */
	bool same_inode; /* as the position: it is the file, not a copy */
};

#define ROTATED_MAX 64

/*
 * Looks beside path for the files that the n positions belong to (renamed, or
 * copied before path was truncated). newer: also for those that were rotated
 * after them. All in the order in which they were written last. current is what
 * path leads to now. Returns how many are in ret (fds and paths are the
 * caller's). *last: the file of the last position is among them.
 */
int rotated_find(const char *path, const struct position *positions, size_t n, const struct stat *current, bool newer,
		 struct rotated ret[static ROTATED_MAX], bool *last);

#endif
