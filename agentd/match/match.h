/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_MATCH_H
#define SIPWARDEN_MATCH_MATCH_H

#include <stdint.h>

#include "base/diag.h"
#include "base/pack.h"
#include "config/filter.h"
#include "match/event.h"
#include "match/timestamp.h"

/*
 * Filters made ready to run: their patterns compiled by PCRE2, and one literal of each pattern for the scan of whole buffers
 * (Vectorscan), so that a line without any of them costs next to nothing.
 */
struct matcher;

struct match_stats {
	uint64_t hits;     /* lines that a literal pointed to */
	uint64_t unwanted; /* of these, left alone: matcher_want() */
	uint64_t events;   /* lines that matched */
	uint64_t crafted;  /* events with more than one address */
	uint64_t limited;  /* match limits hit */
	uint64_t undated;  /* events whose time could not be read */
	uint64_t off;      /* lines not tried with a pattern that is switched off: matcher_brake() */
	uint64_t paced;    /* lines left alone: matcher_pace() */
	uint64_t twins;    /* events left out, because better ones tell of the same: matcher_trust_twins() */
};

/*
 * The work one match may do (pcre2_set_match_limit), in steps: so many, and so
 * many for each byte of the line. The sender pays for the bytes: a long header
 * must not buy him more of our time than that, nor hide its line because an
 * honest pattern cannot get through it.
 */
#define MATCH_LIMIT 10000
#define MATCH_LIMIT_PER_BYTE 8
/* Longest line the inputs deliver. */
#define MATCH_LINE_MAX ((size_t)64 << 10)

/* Patterns of all its filters together. */
#define MATCHER_PATTERNS_MAX 4096

/*
 * Compiles n filters, which stay the caller's and must outlive the matcher; a
 * line is tried with the first filter's patterns first. Regex mistakes go to
 * diag with file, line and offset. Returns 0, -EINVAL, -ENOMEM.
 */
int matcher_join(const struct filter *const *filters, size_t n, struct diag *diag, struct matcher **ret);
/* The same for one filter. */
int matcher_new(const struct filter *f, struct diag *diag, struct matcher **ret);
struct matcher *matcher_free(struct matcher *m);

/*
 * Only events of these classes are of use. Lines that could only become others
 * (each phone causes an auth-challenge with every call) are not looked at any
 * further, and give no event. At first all classes are wanted.
 */
void matcher_want(struct matcher *m, class_set classes);

/*
 * From now on makes machine code of patterns that meet lines: twice as fast, and
 * nothing for a process that reads what strangers write as they write it, since
 * it needs memory that can be written and executed. The agent forbids itself
 * that (sandbox/sandbox.h), and PCRE2's interpreter matches. Returns 0 or -ENOMEM.
 */
int matcher_use_jit(struct matcher *m);

/*
 * Of lines that can only tell of successes, or of challenges sent, takes no more
 * than so many a second of ours, of each: a large gateway logs hundreds, and more
 * come only in a flood or where an old log is read. 0, as at first: all.
 */
void matcher_pace(struct matcher *m, unsigned per_second);

/*
 * Did the gateway lately send the challenge that e claims to answer to e's only
 * address? Then the address received it, and is not forged.
 */
bool matcher_was_challenged(struct matcher *m, const struct event *e);

/*
 * Heeds "unless" of the patterns: a log that has their better twins needs no
 * line of theirs, which a sender may have composed. Not for looking at lines one
 * by one, as tests do.
 */
void matcher_trust_twins(struct matcher *m);

/*
 * Slows down and switches off patterns that hit the match limit again and again
 * (brake.h), and says so. For what runs all the time; the lint counts the limits.
 */
void matcher_brake(struct matcher *m);
/* Those that are not free at the moment, in their order: FILTER/PATTERN (FILE:LINE), with what was done. */
void matcher_braked_each(const struct matcher *m,
			 void (*fn)(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off),
			 void *userdata);
/*
 * Tries each pattern on short lines that are the undoing of bad ones, such as
 * (a+)+; to be told at "check", before any sender finds out. Goes to diag as warnings.
 */
void matcher_probe(struct matcher *m, struct diag *diag);

/* The event lives only during the call. */
typedef void (*event_fn)(void *userdata, const struct event *e);

/*
 * Scans data[0..len): whole lines, each ended by '\n'. fn is called for every
 * matching line in order; a line gives at most one event: of the patterns in
 * filter order the first that matches. times, if not NULL, holds the moment of
 * each line and is used instead of the time in the text, which reader reads; with
 * neither, events have no time.
 */
void matcher_scan(struct matcher *m, const char *data, size_t len, const usec_t *times, struct time_reader *reader,
		  event_fn fn, void *userdata);

/* One line without its end. Returns true and fills *e, but for the time, if it matched. */
bool matcher_line(struct matcher *m, const char *line, size_t len, struct event *e);

/*
 * Can a line go on in the next one, for any of its filters? Then a line should
 * be scanned together with those that belong to it.
 */
bool matcher_continues(const struct matcher *m);
/* Does this line belong to the one before it? */
bool matcher_is_continued(struct matcher *m, const char *line, size_t len);
/* The names of its filters, with blanks between. */
const char *matcher_name(const struct matcher *m);
/* The first of its filters. */
const struct filter *matcher_filter(const struct matcher *m);
void matcher_stats(const struct matcher *m, struct match_stats *ret);

/* Names its patterns and their order (struct event, pattern_index), by hash_lasting(). */
uint64_t matcher_patterns(const struct matcher *m);
/*
 * What a later process needs to go on: when better twins matched last, and the
 * counters. False: it makes no sense.
 */
void matcher_keep(const struct matcher *m, struct pack *p);
bool matcher_restore(struct matcher *m, struct unpack *u);

/*
 * Runs the examples and counterexamples of the filter. Failures go to diag at
 * the line of the example. Returns the number of examples run.
 */
unsigned matcher_test(struct matcher *m, struct diag *diag);

#endif
