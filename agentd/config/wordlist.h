/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_WORDLIST_H
#define SIPWARDEN_CONFIG_WORDLIST_H

#include "config/filter.h"
#include "config/value.h"

/*
 * Words of a filter's list: one a line, blanks around them dropped, in lower
 * case; in files, lines that start with '#' are comments.
 */
#define WORDLIST_WORD_MAX 200

/* The words in text, one a line. Mistakes go to at->diag. */
void wordlist_add_text(const struct place *at, const char *text, struct filter_list *list);

/*
 * The words in the file of that name: in the first of dirs that has it, or else
 * beside at->file; and those in NAME.d/(any).list of every directory.
 */
void wordlist_add_file(const struct place *at, const char *name, char *const *dirs, struct filter_list *list);

#endif
