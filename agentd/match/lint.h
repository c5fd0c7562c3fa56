/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_LINT_H
#define SIPWARDEN_MATCH_LINT_H

#include "base/diag.h"
#include "match/match.h"

/*
 * Can a sender aim a filter at somebody else? From every example, each field
 * that holds the sender's text, and each two of them, are replaced by hostile
 * text (match/hostile.h), as far as the claims of the filter let the gateway
 * write it. Whatever comes out must not be another address alone, and must not
 * be lost at the match limit.
 */
struct lint_result {
	unsigned patterns;
	unsigned examples; /* that were attacked */
	unsigned rewrites; /* lines made of them */
	unsigned several;  /* of these, with several addresses: evidence against nobody */
	unsigned lost;     /* of these, not matched any more: evidence lost */
};

/* Demand a source of every pattern, as of those that are shipped. */
#define LINT_SOURCES 1u

/*
 * Attacks the filter of m; runs its examples first. What is wrong goes to diag
 * with file and line. Returns 0 or -ENOMEM; errors in diag do not change that.
 */
int lint_run(struct matcher *m, unsigned flags, struct diag *diag, struct lint_result *ret);

#endif
