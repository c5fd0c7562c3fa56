/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_FOLLOWER_H
#define SIPWARDEN_INPUT_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "input/private.h"
#include "input/tail.h"

/* Between file.c, which reads and waits, and follower.c, which knows what files there are. */

/* What an input of files follows now. */
struct follower {
	struct input *input;
	int inotify;
	sd_event_source *io, *timer, *more, *hold;
	struct tail *tails; /* in the order in which they are to be read */
	size_t n_tails;
	bool started; /* the first scan is over: what comes now is new */
	bool told_missing;
	usec_t caught_up;     /* input_caught_up() */
	usec_t missing_since; /* CLOCK_MONOTONIC: no path leads to a file; 0: one does */
};

/* Looks where the paths lead, opens what is new, and lets go of what is over. */
void follower_scan(struct follower *f);
/* A file that became shorter: what was not read of it is in a copy, and it begins anew. */
void follower_check_truncated(struct follower *f, struct tail *t, const struct stat *st);
void follower_drop_tails(struct follower *f);

#endif
