/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_VALUE_H
#define SIPWARDEN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/class.h"
#include "base/diag.h"
#include "base/timespan.h"

/*
 * Readers of single values. A mistake goes to diag with the place, and false is
 * returned; *ret is then unchanged. Text is escaped for the message.
 */
struct place {
	struct diag *diag;
	const char *file;
	unsigned line;
	const char *key;
};

/* "yes", "no", and what systemd takes besides. */
bool value_bool(const struct place *at, const char *text, bool *ret);
bool value_number(const struct place *at, const char *text, uint32_t min, uint32_t max, uint32_t *ret);
bool value_span(const struct place *at, const char *text, usec_t min, usec_t max, usec_t *ret);
bool value_class(const struct place *at, const char *text, enum event_class *ret);
/* Any text: a copy in place of *ret. */
bool value_text(const struct place *at, const char *text, char **ret);
/* An absolute path without "..". *ret is a new string in place of the old. */
bool value_path(const struct place *at, const char *text, char **ret);
/* Letters, digits, '_', '-' and '.', not starting with '.' or '-': safe as a file name. */
bool value_name(const struct place *at, const char *text, char **ret);
/* A time zone, as zone_new() has it: a copy in place of *ret. */
bool value_zone(const struct place *at, const char *text, char **ret);
/* One of n words; its index in *ret. */
bool value_choice(const struct place *at, const char *text, const char *const *words, size_t n, unsigned *ret);
/* Words between blanks and line ends, at least one, as a new NULL-terminated list. */
bool value_words(const struct place *at, const char *text, char ***ret);
/* Such words: FIELD=VALUE, with a field of systemd.journal-fields(7); with alternatives, also '+'. */
bool value_matches(const struct place *at, const char *text, bool alternatives, char ***ret);

/* "value: what" for this place. */
void value_error(const struct place *at, const char *text, const char *hint, const char *what);

/* NULL-terminated lists of strings. */
size_t strings_count(char *const *list);
void strings_free(char **list);
/* Takes over text (NULL: out of memory, as the allocation before said). Returns 0 or -ENOMEM. */
int strings_add(char ***list, char *text);

#endif
