/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DETECT_ATTEMPT_H
#define SIPWARDEN_DETECT_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/timespan.h"
#include "detect/keep.h"
#include "match/event.h"

/*
 * Joins the lines that a gateway logs for one SIP attempt. Lines belong
 * together when they name the same source and the same id (Call-ID, session
 * id), or, where the gateway logs no id, the same source and user.
 *
 * The id is the attacker's choice: he could use one for all his guesses, to be
 * counted once. But each kind of line (pattern) is logged once an attempt, so
 * an attempt is new when its pattern was seen more often under this id than any
 * other pattern was: the count of attempts is the highest count of one pattern.
 * That also holds when the lines of several attempts arrive interleaved.
 */
struct attempt_table;

/* Patterns told apart under one id; Asterisk 22 logs four lines at most. */
#define ATTEMPT_PATTERNS 6
/* Lines further apart are not one attempt: Timer F of RFC 3261 17.1.2.2, 64*T1. */
#define ATTEMPT_WINDOW (32 * USEC_PER_SEC)

/* Remembers up to max ids (rounded up to a power of two); the oldest of a
 * bucket gives way, so forgetting can at worst count an attempt twice. */
int attempt_table_new(uint32_t max, struct attempt_table **ret);
struct attempt_table *attempt_table_free(struct attempt_table *t);

struct attempt;
/* The key of the attempt that the line e from source is of. */
uint64_t attempt_key(const struct event *e, const struct addr *source);
/* Has the processor bring what attempt_note() looks at first, while other things are done. */
void attempt_fetch(const struct attempt_table *t, uint64_t key);
/* Notes the line e of the attempt key at when, and returns the attempt, valid until the next call. */
const struct attempt *attempt_note(struct attempt_table *t, uint64_t key, const struct event *e, usec_t when);
/* Is the line that was noted last a new attempt for a rule that counts these classes? */
bool attempt_is_new(const struct attempt *a, class_set classes);

/* Of a struct attempt_table. The records tell patterns by their index: they are of use while those are the same. */
extern const struct keep_ops attempt_keep;

#endif
