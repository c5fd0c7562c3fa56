/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_SKEW_H
#define SIPWARDEN_MATCH_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timespan.h"

/*
 * By how much the times of a log are off because it is in another zone than was
 * thought: a whole number of quarters of an hour. Learned from lines that were
 * written just now. One line teaches nothing, nor do many at once (a gateway
 * that was stopped for an hour and then writes all it had): SKEW_LINES in a row,
 * over SKEW_SPAN at least, must all be off by the same, to SKEW_TOLERANCE.
 */
#define SKEW_QUARTER (900 * USEC_PER_SEC)
#define SKEW_QUARTERS_MAX 56 /* 14 hours */
#define SKEW_LINES 10
#define SKEW_SPAN (180 * USEC_PER_SEC)
#define SKEW_TOLERANCE (60 * USEC_PER_SEC)

struct skew {
	int quarters;  /* learned: as many are to be added to the log's time */
	int candidate; /* what the last lines say */
	unsigned lines; /* that say it */
	usec_t since;  /* when the first of them arrived */
	int64_t behind; /* of the last lines, whatever it is: arrival less logged */
	usec_t behind_since; /* when the first that was as much behind arrived */
};

/* A line of that time has just been written. True if quarters changed. */
bool skew_learn(struct skew *s, usec_t logged, usec_t arrival);
/*
 * Has a line of that time, which has just been written, been preceded for
 * SKEW_SPAN by none that was off by more or less? Then a clock is wrong; else old
 * lines may have been written once more.
 */
bool skew_is_steady(struct skew *s, usec_t logged, usec_t arrival);
/* The log's time, put right. */
usec_t skew_correct(const struct skew *s, usec_t logged);

#endif
