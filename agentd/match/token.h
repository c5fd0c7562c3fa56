/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_TOKEN_H
#define SIPWARDEN_MATCH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * A PCRE2 regex, item by item, as far as one must know it to tell what text it
 * asks for and where it leaves the choice to the log. It is no check: regexes
 * that PCRE2 refuses may be walked through as well.
 */
enum token_kind {
	TOKEN_END,        /* of the regex */
	TOKEN_CHAR,       /* the character c and nothing else */
	TOKEN_ANY,        /* . */
	TOKEN_SET,        /* [...] */
	TOKEN_TYPE,       /* \d, \S, \b, ... */
	TOKEN_ANCHOR,     /* ^ and $ */
	TOKEN_QUANTIFIER, /* of what stands before: least and most times */
	TOKEN_OPEN,       /* of a group, with all that tells its kind */
	TOKEN_CLOSE,
	TOKEN_CALL,       /* (?&name) and its other forms; name is empty for a number */
	TOKEN_BAR,
	TOKEN_OTHER,      /* an escape that is not understood; only its two characters */
	TOKEN_BAD,        /* after it nothing can be told: \Q, (*VERB), comments, an end within an item */
};

enum token_group {
	GROUP_PLAIN,   /* (?: (?| (?> and ( */
	GROUP_CAPTURE, /* with a name */
	GROUP_LOOK,    /* lookahead, lookbehind */
	GROUP_OTHER,   /* options, conditions: only "(?" was taken */
};

#define TOKEN_UNBOUNDED ((unsigned long)-1)

struct token {
	enum token_kind kind;
	struct span text; /* in the regex */
	char c;
	unsigned long least, most;
	enum token_group group;
	struct span name; /* of a group or call */
};

/* Takes the item at **p and moves *p behind it, or not at all at the end and after TOKEN_BAD. */
enum token_kind token_next(const char **p, struct token *t);

#endif
