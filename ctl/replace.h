/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_REPLACE_H
#define SIPWARDEN_CTL_REPLACE_H

#include <stdio.h>
#include <sys/types.h>

/* A file that is written anew beside the old one, and takes its place as a whole or not at all. */
struct replacement {
	FILE *to; /* to write into */
	char *fresh;
	const char *path;
};

/* Negative errno; then there is nothing to end. */
int replace_begin(struct replacement *r, const char *path);
/* Puts it in place, readable as mode says. Negative errno: the old one is still there. */
int replace_end(struct replacement *r, mode_t mode);

#endif
