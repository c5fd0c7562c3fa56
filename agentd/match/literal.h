/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_LITERAL_H
#define SIPWARDEN_MATCH_LITERAL_H

#include <stddef.h>

/* A shorter literal would be found in too many lines to save anything. */
#define LITERAL_MIN 4
#define LITERAL_MAX 200

/*
 * The longest text that every match of the PCRE2 regex must hold, found without
 * taking risks: whatever is not understood ends the run, and what could change
 * the meaning of all (alternation outside of groups, options) gives none.
 * Writes it to buf and returns its length; 0: none of at least LITERAL_MIN.
 */
size_t literal_extract(const char *regex, char buf[static LITERAL_MAX]);

/*
 * The text that stands before the capture addr in every reading, with nothing in
 * between but what has one length and reading, as "/", "[46]" or "\\w{1,10}/": a
 * line that holds it once can be read as one address only, and need not be read
 * in all ways. Here, too, whatever is not understood gives none. regex without
 * calls (match/expand.h).
 */
size_t literal_before_address(const char *regex, char buf[static LITERAL_MAX]);

#endif
