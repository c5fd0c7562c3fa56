/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_INPUT_H
#define SIPWARDEN_INPUT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/timespan.h"
#include "config/config.h"

/*
 * Follows one log and hands on whole lines. A line is never lost, given twice
 * in one run, or split: longer than INPUT_LINE_MAX is cut there and counted.
 */
#define INPUT_LINE_MAX ((size_t)64 << 10)
/*
 * The last byte of a line that was cut, here or by journald: no gateway writes
 * it, so a pattern does not match whose address is the last. Where a line is
 * cut is up to its sender, and he would cut it behind another's address.
 */
#define INPUT_CUT_MARK '\x1a'

struct input;

struct input_chunk {
	const char *data;   /* whole lines, each ended by one '\n'; "\r\n" became "\n"; NUL and line
			       ends inside a journal message became blanks */
	size_t len;
	size_t n_lines;
	const usec_t *times; /* journal: when each line was logged; NULL for files */
	bool live; /* written after everything before it had been read (the log's end had been reached
		      since this file or journal was opened): its moment is about now */
};

/*
 * Where reading will go on after the lines delivered so far. key names what
 * is read ("file:NAME:/var/log/asterisk/full" or "journal:NAME"), value is for
 * this module's eyes only. To be stored together with what the lines led to.
 */
struct input_callbacks {
	/* Lines to look at. */
	void (*chunk)(void *userdata, struct input *in, const struct input_chunk *chunk);
	/* Comes after chunk(): the position that takes its lines as read. */
	void (*position)(void *userdata, struct input *in, const char *key, const char *value);
	/*
	 * Does this line belong to the one before it? NULL: none does. Else a line
	 * is delivered together with those that belong to it: the last is held back
	 * until another one has begun, or none did for INPUT_HOLD.
	 */
	bool (*continues)(void *userdata, struct input *in, const char *line, size_t len);
	/* The stored position of key: a new string or NULL. Called when a log is first opened. */
	char *(*restore)(void *userdata, const char *key);
	void *userdata;
};

#define INPUT_HOLD (50 * USEC_PER_MSEC)

struct input_stats {
	uint64_t lines;
	uint64_t bytes;
	uint64_t cut;       /* lines longer than INPUT_LINE_MAX */
	uint64_t rotations; /* files replaced or truncated; journal: entries skipped by vacuum */
	uint64_t errors;
	unsigned open;      /* files being followed; 1 for an open journal */
	usec_t last_line;   /* CLOCK_REALTIME of the last arrival, 0: none */
	double rate;	    /* lines a second, smoothed (base/rate.h) */
	uint64_t lag_bytes; /* files: not yet read */
	usec_t lag;	    /* journal: how long ago what was read last was written, if there is more; else 0 */
	usec_t looked;	    /* CLOCK_MONOTONIC: when it was last looked for more; 0: not yet */
	usec_t stuck_since; /* CLOCK_MONOTONIC: since then there is more in a file than can be read, and
			       nothing comes; 0: all moves */
	char last_error[160]; /* "" when all is well */
};

/*
 * Starts following cfg (which must outlive it) on loop. Nothing needs to exist
 * yet: files and directories may come later, and a missing log is reported once
 * and waited for. Errors are for what will never work: returns 0, -EINVAL,
 * -ENOMEM, or what inotify or the journal said at first.
 */
int input_start(sd_event *loop, const struct config_input *cfg, const struct input_callbacks *callbacks,
		struct input **ret);
/* Stops; delivers nothing more. NULL is fine. */
struct input *input_stop(struct input *in);

/* Looks and reads once more at once, so that a successor finds its place in all
 * that is there by now. */
void input_settle(struct input *in);

const char *input_name(const struct input *in);
void input_stats(const struct input *in, struct input_stats *ret);
/* Counts go on from those of an earlier process, or of the input in whose place this is. */
void input_resume(struct input *in, const struct input_stats *earlier);
/* When all that was there had been read, the last time it was looked (CLOCK_REALTIME); 0: there is more to read. */
usec_t input_caught_up(const struct input *in);
/* Opaque word of the owner: which matcher its chunks go to. */
void input_set_context(struct input *in, void *context);
void *input_context(const struct input *in);

#endif
