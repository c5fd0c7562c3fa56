/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_FILTER_H
#define SIPWARDEN_CONFIG_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/class.h"
#include "base/diag.h"
#include "config/claim.h"

/*
 * A filter as its files say it, before PCRE2 has seen it: what
 * sipwarden-filter(5) describes.
 *
 *   [filter]
 *   description = Asterisk PBX
 *   prefix = REGEX            what may stand before every message
 *   file_risk = TEXT          why a file is no good source, for 'check'
 *   journal = FIELD=VALUE …   what an entry of the journal must have besides, to be the program's
 *   define = REGEX            (?<name>…) groups for (?&name), may be repeated
 *   continued = REGEX         how a line begins that belongs to the one before it
 *
 *   [list NAME]
 *   field = agent|user|number|from       the capture that is looked up
 *   match = exact|prefix|substring       default exact; case is ignored
 *   class = scanner                      a line whose capture is listed is this too
 *   words = one a line / continuation lines
 *   file = scanners.list                 in filter_dirs or beside the filter; may be repeated;
 *                                        extended by scanners.list.d/(any).list
 *
 *   [pattern NAME]
 *   class = auth-failure
 *   regex = …                 against the whole line after the prefix
 *                             continuation lines are joined without a blank
 *   literal = …               text every matching line holds; found by itself if left out;
 *                             several, on continuation lines: each line holds one of them
 *   proven = yes|no           matching proves the source address; default no
 *   refusal = yes|no          there is one such line of each request whose credentials are refused; default no
 *   forgeable = yes|no        a sender can have such a line written whole; only of class call-end; default no
 *   example = LINE            then, on the keys that follow it, what must come out:
 *   expect = address=192.0.2.5 user=100 class=auth-failure
 *   unless = PATTERN …        its lines count only while none of these matched for an hour
 *   counterexample = LINE     must not match this pattern
 *   source = TEXT             where the format is from: source file, manual, RFC
 *   never = FIELD CHARS       claims of config/claim.h, repeatable; in [filter]: for all patterns
 *   escaped = FIELD CHARS
 *
 * A file NAME.conf in an earlier directory replaces those of later ones;
 * NAME.conf.d/(any).conf of every directory extend it, in name order; there, a
 * section of the same name replaces the shipped one (except [list], whose
 * words and files are added), and "enabled = no" switches a pattern off.
 */
struct filter_text {
	char *text; /* NUL-terminated; NULL: not given */
	const char *file; /* owned by the filter */
	unsigned line;
};

struct filter_example {
	struct filter_text line;
	struct filter_text expect; /* "address=… user=…"; only of examples */
	bool counter;              /* must not match */
};

enum list_match { LIST_EXACT, LIST_PREFIX, LIST_SUBSTRING };
enum list_field { FIELD_AGENT, FIELD_USER, FIELD_NUMBER, FIELD_FROM };

struct filter_list {
	char *name;
	const char *file;
	unsigned line;
	enum event_class class;
	enum list_match match;
	enum list_field field;
	char **words; /* lower case */
	size_t n_words;
};

struct filter_pattern {
	char *name;
	const char *file;
	unsigned line; /* of its section */
	enum event_class class;
	bool proven;
	bool forgeable;
	bool refusal;
	struct filter_text regex;
	struct filter_text literal;
	struct filter_text source;
	char **unless; /* names of patterns that say the same of the same attempts, and better; NULL: none */
	struct filter_claim *claims;
	size_t n_claims;
	struct filter_example *examples;
	size_t n_examples;
};

struct filter {
	char *name;
	char *description;
	char *path; /* the main file */
	char **files; /* all file names that any of the texts refer to */
	size_t n_files;
	struct filter_text prefix;
	struct filter_text continued;
	struct filter_text file_risk;
	char **journal; /* NULL-terminated; NULL: not given */
	struct filter_text *defines;
	size_t n_defines;
	struct filter_claim *claims;
	size_t n_claims;
	struct filter_list *lists;
	size_t n_lists;
	struct filter_pattern *patterns;
	size_t n_patterns;
};

#define FILTER_PATTERNS_MAX 512
#define FILTER_WORDS_MAX 100000

/*
 * Loads the filter of that name from dirs (NULL-terminated, first wins).
 * Mistakes go to diag. On success *ret is owned by the caller.
 * Returns 0, -ENOENT (no such filter, said in diag), -EINVAL (errors in diag),
 * -ENOMEM.
 */
int filter_load(const char *name, char *const *dirs, struct diag *diag, struct filter **ret);
struct filter *filter_free(struct filter *f);

/* The names of all filters in dirs, sorted, each once; NULL-terminated, to be
 * released with filter_names_free(). */
int filter_names(char *const *dirs, char ***ret);
void filter_names_free(char **names);

#endif
