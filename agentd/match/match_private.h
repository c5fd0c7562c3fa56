/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_PRIVATE_H
#define SIPWARDEN_MATCH_PRIVATE_H

#include "base/log.h"
#include "match/brake.h"
#include "match/challenge.h"
#include "match/match.h"
#include "match/pattern.h"
#include "match/wordset.h"

/* Between match.c (making it), scan.c (running it) and keep.c (to the store and back). */

/* A set of patterns, by their index. */
struct pattern_set {
	uint64_t bits[MATCHER_PATTERNS_MAX / 64];
};

static inline void pattern_set_add(uint64_t *set, size_t i)
{
	set[i / 64] |= (uint64_t)1 << (i % 64);
}

/* A pattern, with where it is from. */
struct member {
	const struct filter *filter;
	const struct filter_pattern *text;
	struct pattern *pattern;
	const struct wordset *words; /* of its filter, as this: */
	const struct continuation *continued; /* NULL: each line stands for itself */
	struct brake brake;
	usec_t last; /* when it matched last, by the log; of patterns that are somebody's twin */
	struct member **twins; /* NULL-terminated; NULL: it has none */
	bool is_twin;	       /* of another */
};

struct matcher {
	const struct filter *filter; /* the first */
	char *name;
	struct member *members;
	size_t n_members;
	struct wordset **words; /* of each filter */
	struct continuation **continued;
	size_t n_filters;
	struct pattern_context *context;
	struct prefilter *prefilter; /* NULL: every line is looked at */
	uint64_t *literals; /* a set for each literal of the prefilter: the patterns it points to */
	struct pattern_set always;   /* patterns without a literal */
	bool any_always;
	struct pattern_set wanted, successes, challenges;
	struct challenge_log *sent; /* NULL: no pattern tells of challenges sent */
	unsigned pace;
	struct tokens {
		unsigned left;
		usec_t filled;
	} success_tokens, challenge_tokens;
	size_t set_words; /* words of a set in use */
	bool twins_count;
	bool braking;
	usec_t now; /* of the scan in progress */
	struct match_stats stats;
	struct log_limit limited;
};

#endif
