/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_BRAKE_H
#define SIPWARDEN_MATCH_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timespan.h"

/*
 * What becomes of a pattern that hits the match limit again and again, one line
 * after the other taking thousands of steps in vain.
 *
 * It is slowed down at first: each line gets a few steps only, which is enough for
 * those that gateways write (tests/unit/test_filters.c shows it of all examples).
 * So a sender who found lines that take long can buy little of our time, and
 * switches nothing off: the same pattern goes on to find everybody else.
 *
 * It is switched off if it is catastrophic by its nature: if a short line takes it
 * BRAKE_STEPS. The lint (lint.h) lets no pattern pass that needs more than
 * MATCH_LIMIT_PER_BYTE a byte; this is five hundred times as much, and no choice of
 * text makes it so but for a regex like (a+)+, which any line may meet by accident.
 */
enum brake_state { BRAKE_NONE, BRAKE_SLOW, BRAKE_OFF };

struct brake {
	enum brake_state state;
	usec_t minute; /* when the running minute began */
	unsigned hits; /* of the limit in it */
};

/* Limits hit within a minute until something is done: at most half a second of it was spent in vain. */
#define BRAKE_HITS 100
/* A short line, in bytes, and the steps that it cannot honestly take. */
#define BRAKE_LINE_MAX 256
#define BRAKE_STEPS 1000000
/* Steps for a line of a pattern that is slowed down, and for each of its bytes. */
#define BRAKE_LIMIT 2000
#define BRAKE_LIMIT_PER_BYTE 4

/* How many steps may this pattern take for a line of len bytes now? */
uint32_t brake_limit(struct brake *b, size_t len, usec_t now);
/*
 * The limit was hit. True: it was once too often, and brake_judge() is to be called.
 */
bool brake_note(struct brake *b, usec_t now);
/* catastrophic: a line of at most BRAKE_LINE_MAX takes BRAKE_STEPS. True: its state has changed. */
bool brake_judge(struct brake *b, bool catastrophic);

#endif
