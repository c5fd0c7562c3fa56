/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_EVIDENCE_H
#define SIPWARDEN_DECIDE_EVIDENCE_H

#include <stddef.h>

#include "base/addr.h"
#include "detect/keep.h"
#include "match/event.h"

/*
 * The last log lines that counted against somebody, so that a ban can show its
 * own. One ring for all offenders: bounded, whoever fills it; lines of one
 * offender are chained backwards.
 */
struct evidence;

#define EVIDENCE_LINES 8192

int evidence_new(struct evidence **ret);
struct evidence *evidence_free(struct evidence *ev);

/* Keeps a line that counted against key; long ones are cut at BAN_EVIDENCE_LINE_MAX. */
void evidence_note(struct evidence *ev, const struct addr *key, const struct event *e);

/*
 * The latest lines of key, at most BAN_EVIDENCE_MAX, oldest first, each ended by
 * '\n', as a new string; and the user names in them, escaped, each once. Both
 * may be NULL: nothing known or out of memory.
 */
void evidence_collect(const struct evidence *ev, const struct addr *key, char **lines, size_t *lines_len,
		      char **accounts);

/*
 * Of a struct evidence. In a flood only the last lines are stored each time:
 * they are for people, nothing is decided by them.
 */
extern const struct keep_ops evidence_keep;
/* After the last evidence_keep.restore(). */
void evidence_restored(struct evidence *ev);

#endif
