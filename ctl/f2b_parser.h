/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_PARSER_H
#define SIPWARDEN_F2B_PARSER_H

#include <stdbool.h>

#include "f2b_regex.h"

/* Between f2b_parse.c (what stands together) and f2b_escape.c (single characters). */
struct parser {
	const char *start, *p, *end;
	const char *error;
	unsigned depth;
	unsigned captures; /* numbered so far */
};

/* Notes the first error: static text. Always NULL. */
void *parser_fail(struct parser *x, const char *what);
/* Is this the text at hand? Likewise, and goes behind it. */
bool parser_at(const struct parser *x, const char *text);
bool parser_take(struct parser *x, const char *text);

/* Nodes of a tree; NULL, and the error noted, without memory or when the text is wrong. */
struct re *parser_leaf(struct parser *x, enum re_kind kind);
struct re *parser_char(struct parser *x, unsigned char byte);
/* The set that name stands for behind a backslash, or '.'; the name is at hand, and taken. */
struct re *parser_set(struct parser *x, char name);
/* Behind "[" and behind a backslash. */
struct re *parser_class(struct parser *x);
struct re *parser_escape(struct parser *x);

#endif
