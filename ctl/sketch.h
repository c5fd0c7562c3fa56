/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_SKETCH_H
#define SIPWARDEN_CTL_SKETCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A first regex for a line of log: what looks like the sender's text becomes a
 * capture, numbers become any numbers, and the rest stays as it is. Whoever
 * knows the gateway has to look at it.
 */
struct sketch {
	char *program;   /* that wrote it, if syslog put that before the message; else NULL */
	bool stamp;      /* "[date] " stands before the message */
	bool date;       /* "date " does */
	char *regex;
	char *literal;   /* to be given beside the regex, or NULL: it is found by itself */
	char *address;   /* as the line has it */
	char *user;      /* what (?<user>...) takes of the line, or NULL */
};

#define SKETCH_ADDRESSES_MAX 8

/*
 * Makes *ret of the line, which has one of wanted (NULL-terminated, may be
 * NULL) as the sender's address, or only one address at all. Returns 0;
 * -ENOENT: it has no address; -ENOTUNIQ: it has the addresses in found, and
 * wanted is none of them or more than one; -EILSEQ: bytes that no line of log
 * in a filter can have; -ENOMEM.
 */
int sketch_line(const char *line, char *const *wanted, struct sketch *ret, char *found[static SKETCH_ADDRESSES_MAX],
		size_t *n_found);
void sketch_done(struct sketch *s);

/* Regexes for dates before a message, in the filter's own (?<stamp>...) and (?<date>...). */
#define SKETCH_STAMP "[A-Za-z0-9:.,/ +-]{8,40}"
#define SKETCH_DATE                                                                              \
	"\\d{4}[-/]\\d\\d[-/]\\d\\d[T ][\\d:]{8}(?:[.,]\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?|" \
	"[A-Z][a-z]{2} {1,2}\\d{1,2} [\\d:]{8}"

/* text with what means something to PCRE2 escaped, appended to to. Returns its end. */
char *sketch_escape(const char *text, size_t len, char *to);

#endif
