/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_REGEX_H
#define SIPWARDEN_MATCH_REGEX_H

#include <stdbool.h>

/*
 * Finding one's way in the text of a PCRE2 regex, without taking risks: what is
 * not understood is said to be so.
 */

/* Behind the group, class, escape or character at p. NULL: at the end, or not understood. */
const char *regex_skip_item(const char *p);

/*
 * The '(' at p opens "(*VERB)", a comment, a condition, or options like (?x),
 * which change how what follows is read.
 */
bool regex_group_is_strange(const char *p);

#endif
