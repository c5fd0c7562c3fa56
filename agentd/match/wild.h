/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_WILD_H
#define SIPWARDEN_MATCH_WILD_H

#include <stdbool.h>

#include "base/text.h"
#include "config/claim.h"
#include "config/filter.h"

/*
 * Room for the sender's text that no capture tells of, so that the lint cannot
 * attack it: an item of a regex that takes an address and what may stand around
 * one (a blank, a quote, ...), more than so many times, outside of the captures
 * of claim.h and of lookarounds.
 */
#define WILD_MOST 40
/* The same for "[^X]{m,n}X". */
#define WILD_MOST_ENCLOSED 64

struct wild {
	struct span item;   /* with its quantifier */
	struct span define; /* the name of the (?<name>...) that it stands in; empty: the regex itself */
	bool captures[SENDER_COUNT]; /* which of the sender's fields text captures, itself or by what it calls */
};

/* True if text, a regex of f, has such an item; *ret says which. */
bool wild_find(const struct filter *f, const char *text, struct wild *ret);

#endif
