/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_TAIL_H
#define SIPWARDEN_INPUT_TAIL_H

#include "input/lines.h"
#include "input/position.h"
#include "input/private.h"

/* One open log file: reads what was appended, notices when it was truncated. */
struct tail {
	struct tail *next;
	struct input *input;
	void (*moved)(struct tail *t); /* told when position has changed */
	char *path; /* by which it was found last */
	int fd;
	int watch;	 /* inotify; -1: none */
	uint64_t offset; /* read so far */
	struct position position; /* as stored last; its head tells if the file was replaced in place */
	struct lines lines;
	bool live;	 /* its end had been reached */
	bool seen;	 /* in the scan at hand */
	bool gone;	 /* its path leads to another file, or nowhere */
	bool refused;	 /* reading failed; said so */
	usec_t idle_since; /* CLOCK_MONOTONIC: nothing came since */
	bool waits;	   /* an earlier file of its name is read first */
	uint64_t checked;  /* offset, when it was last looked whether it moves */
	usec_t stuck_since; /* CLOCK_MONOTONIC: there is more, and it does not come; 0: it does */
};

/* Takes over fd. NULL: out of memory (fd is closed). */
struct tail *tail_new(struct input *in, const char *path, int fd, uint64_t offset, void (*moved)(struct tail *t));
struct tail *tail_free(struct tail *t);

/* It is found by another name now. */
void tail_rename(struct tail *t, const char *path);
/* Delivers lines that were held back, unless more came within INPUT_HOLD. True while some are held. */
bool tail_release(struct tail *t);
/* Reads a bounded amount and delivers the lines. True if there is more to read at once. */
bool tail_read(struct tail *t);
/* Is the file shorter than what was read, or does it begin in another way? */
bool tail_is_truncated(const struct tail *t, const struct stat *st);
/* The lines held back are delivered: position is behind them. */
void tail_settle(struct tail *t);
/* From its start again. */
void tail_begin_anew(struct tail *t);
/* The file will not grow any more: an unfinished last line counts as a line. */
void tail_finish(struct tail *t);

#endif
