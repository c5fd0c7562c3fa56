/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPLAY_SOURCE_H
#define SIPWARDEN_REPLAY_SOURCE_H

#include "match/match.h"
#include "replay/pastfile.h"
#include "replay/pastjournal.h"

/*
 * One log of the past and what a matcher finds in it: events in the order of its
 * lines, each with a time. Holds one buffer of lines and their events, whatever
 * the size of the log, and nothing before it is opened.
 */
struct source;

struct source_stats {
	uint64_t lines, bytes;
	uint64_t cut;     /* lines longer than INPUT_LINE_MAX */
	uint64_t future;  /* events dated later than now; the time before them counts */
	uint64_t untimed; /* events of a log in which no line has a time: as old as the file */
	usec_t start, end; /* times in it; 0: none */
};

struct source_event {
	struct event event; /* event.time is set */
	usec_t order; /* the latest time in the log up to it */
};

struct source_options {
	const struct config_input *input; /* must outlive it, as must the matcher */
	struct matcher *matcher;
	const char *path; /* "-": standard input; NULL: what the journal has for the input */
	usec_t since, until;
	/* Events of who is banned are of no use, but harmless. */
	bool (*is_banned)(void *userdata, const struct addr *addr, usec_t when);
	void *userdata;
};

/*
 * A file is looked at for its first time, and read from its start later. What is
 * wrong is in diag. Returns 0 or a negative errno.
 */
int source_new(const struct source_options *o, struct diag *diag, struct source **ret);
struct source *source_free(struct source *s);

/* The next event's place in time is not before that; USEC_INFINITY: there is none any more. */
usec_t source_order(const struct source *s);
/*
 * The next event, valid until the next call, in *ret. Returns 1; 0 if it had to
 * read on first, so that another log may come before it now; or a negative errno:
 * it ends there.
 */
int source_next(struct source *s, struct diag *diag, const struct source_event **ret);

const struct source_stats *source_stats(const struct source *s);
/* Is it the same file as that? */
bool source_is_same(const struct source *s, const struct source *other);

#endif
