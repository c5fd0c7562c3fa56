/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_PATTERN_H
#define SIPWARDEN_MATCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "config/filter.h"
#include "match/event.h"
#include "match/expand.h"

/*
 * One pattern compiled by PCRE2. A line is read in every way the regex allows:
 * a callout at its end (pcre2callout(3)) notes the address of each reading and
 * sends PCRE2 back to look for the next one.
 */
struct pattern;

/* What all patterns of a matcher share at run time: limits, and what JIT needs. */
struct pattern_context;
int pattern_context_new(struct pattern_context **ret);
/* matcher_use_jit(). Returns 0 or -ENOMEM. */
int pattern_context_use_jit(struct pattern_context *c);
struct pattern_context *pattern_context_free(struct pattern_context *c);

/* Bytes, not characters: logs hold any. "$" is the end of the line and nothing else. */
#define PATTERN_OPTIONS                                                                                \
	(PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | \
	 PCRE2_NEVER_BACKSLASH_C)

/* What a pattern asks of a line: grammar, prefix, and its own regex, with calls as they are. */
struct pattern_regex {
	char *text; /* owned by whoever asked */
	size_t len;
	size_t own, end; /* where the regex of the pattern begins and ends in it */
};
/* Returns 0 or -ENOMEM. */
int pattern_regex(const struct filter *f, const struct filter_pattern *p, struct pattern_regex *ret);

/* The groups that regexes of f may call. Mistakes go to diag. Returns 0, -EINVAL, -ENOMEM. */
int pattern_grammar(const struct filter *f, struct diag *diag, struct grammar **ret);

/* Mistakes in the regex go to diag. Returns 0, -EINVAL, -ENOMEM. */
int pattern_new(const struct filter *f, const struct grammar *g, const struct filter_pattern *text, struct diag *diag,
		struct pattern **ret);
struct pattern *pattern_free(struct pattern *p);

/* What PCRE2 made of it: with the callout on each reading. Lives as long as p. */
const struct pcre2_real_code_8 *pattern_code(const struct pattern *p);

/*
 * How lines begin that belong to the one before them. A gateway that logs text
 * of several lines as it came lets the sender choose where the first one ends.
 */
struct continuation;
/* *ret is NULL for a filter that does not say so. Returns 0, -EINVAL (in diag), -ENOMEM. */
int continuation_new(const struct filter *f, const struct grammar *g, struct diag *diag, struct continuation **ret);
struct continuation *continuation_free(struct continuation *c);
/* Does the line belong to the one before it? */
bool continuation_matches(const struct continuation *c, struct pattern_context *context, const char *line, size_t len);
/*
 * text[0..len) is a line, and text[0..limit) all that is there. Returns its
 * length with all lines that belong to it; 0: longer than a line may be.
 */
size_t continuation_extend(const struct continuation *c, struct pattern_context *context, const char *text, size_t len,
			   size_t limit);

/* The text that every match must hold (match/literal.h); empty: there is none. */
struct span pattern_literal(const struct pattern *p);
bool pattern_has_challenge(const struct pattern *p);
/* Which of the captures that lists can be asked for it has: bits (1 << list_field). */
unsigned pattern_captures(const struct pattern *p);

enum pattern_result {
	PATTERN_NONE,    /* no reading */
	PATTERN_MATCHED, /* e has the addresses of all readings, and the captures of the first */
	PATTERN_LIMITED, /* it gave up at a limit: e has captures but no address */
};

/* Fills addrs and captures of e, and proven. Takes at most limit steps. */
enum pattern_result pattern_match_within(struct pattern *p, struct pattern_context *c, uint32_t limit, const char *line,
					 size_t len, struct event *e);
/* The same with MATCH_LIMIT and MATCH_LIMIT_PER_BYTE. */
enum pattern_result pattern_match(struct pattern *p, struct pattern_context *c, const char *line, size_t len,
				  struct event *e);

#endif
