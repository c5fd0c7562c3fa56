/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_TEXT_H
#define SIPWARDEN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of somebody else's text: not NUL-terminated, may hold any byte. */
struct span {
	const char *ptr; /* NULL: absent */
	size_t len;
};

/* A span of a string literal or NUL-terminated string. */
#define SPAN(s) ((struct span){ (s), strlen(s) })

bool span_equal(struct span a, struct span b);
/* Without blanks (space, tab, CR) at either end. */
struct span span_trim(struct span s);

/*
 * Copies text written by an attacker so that a terminal, a log or JSON takes it
 * only as data: valid UTF-8 printable characters stay, everything else (control
 * characters, C1, invalid bytes, bidi overrides, backslash) becomes \xNN.
 * Cuts at size - 1 bytes, never inside a character or an escape, and ends with
 * "…" when it cut. Always NUL-terminates. Returns buf.
 */
char *text_escape(struct span s, char *buf, size_t size);
/* The same, but keeps backslashes: for messages of ours, in which the foreign
 * parts are escaped already. */
char *text_printable(struct span s, char *buf, size_t size);

/*
 * Makes s valid UTF-8 for JSON and D-Bus: invalid bytes and NUL become U+FFFD,
 * all else is kept. Returns a new string to be freed, or NULL (out of memory).
 */
char *text_to_utf8(struct span s);

/* How many '\n' there are. */
size_t text_count_lines(const char *text, size_t len);

/* printf to a new string; NULL when out of memory. */
char *text_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
