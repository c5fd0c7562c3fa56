/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_CHALLENGE_H
#define SIPWARDEN_MATCH_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * The last lines in which a gateway says that it sent a challenge. Who answers
 * one has received it: his address is not forged. A gateway logs a challenge for
 * each request of each phone, and only few are ever asked for, so the lines are
 * kept as they came, and read when one is.
 */
struct challenge_log;

/* As much text, about 250 challenges: an answer comes within a round trip. */
#define CHALLENGE_LOG_SIZE ((size_t)128 << 10)
/* So many lines that hold the text are looked at. */
#define CHALLENGE_LINES_MAX 8

int challenge_log_new(struct challenge_log **ret);
struct challenge_log *challenge_log_free(struct challenge_log *l);

void challenge_log_note(struct challenge_log *l, const char *line, size_t len);

/* Does fn say yes to any of the lines that hold text? */
bool challenge_log_any(const struct challenge_log *l, struct span text, bool (*fn)(void *userdata, const char *line, size_t len),
		       void *userdata);

#endif
