/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_EXPAND_H
#define SIPWARDEN_MATCH_EXPAND_H

#include <stddef.h>

#include "base/text.h"

/*
 * The named groups that regexes call as (?&name), and regexes with those calls
 * written out: PCRE2's JIT saves all captures at each call, so a regex without
 * calls runs several times as fast. Captures in a group that is called are
 * then captures like others.
 */
struct grammar;

int grammar_new(struct grammar **ret);
struct grammar *grammar_free(struct grammar *g);

/*
 * Adds the groups of "(?<name>…)(?<name>…)". Returns 0, -EINVAL if it is
 * anything else than that, -EEXIST if there is a group of this name (in *name
 * then), -ENOMEM.
 */
int grammar_add(struct grammar *g, const char *text, struct span *name);

/*
 * regex with all calls to groups of g replaced by (?:…), as a new string in
 * *ret. Returns 0, -ENOMEM, or -EOPNOTSUPP for one that must be left as it is:
 * groups that call themselves, options that change how text is read, too long.
 */
int grammar_expand(const struct grammar *g, const char *regex, char **ret);

#endif
