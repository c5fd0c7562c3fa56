/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_HOSTILE_H
#define SIPWARDEN_MATCH_HOSTILE_H

#include <stddef.h>

#include "base/addr.h"
#include "base/text.h"

/*
 * What an attacker would write into a field of a log line to have another
 * address taken for his. Always the same texts in the same order.
 */
struct hostile {
	char **texts;
	size_t n;
};

#define HOSTILE_MAX 400
/* Of one text; the long ones of hostile_long() are longer. */
#define HOSTILE_TEXT_MAX 4096

/* The address that he wants to see banned: one that is not own. */
const char *hostile_address(const struct addr *own);

/* s as a new string, in which hostile_address() stands wherever own stood. NULL: out of memory. */
char *hostile_rename(struct span s, const struct addr *own);

/*
 * Adds what can be made of the line itself for its field at line[start..end):
 * addresses as gateways write them; what ends the field, and the line after it,
 * early; what begins it anew; both. marks are places in the line where other
 * fields begin or end.
 */
void hostile_add_for(struct hostile *h, struct span line, const struct addr *own, size_t start, size_t end,
		     const size_t *marks, size_t n_marks);
/* Adds text, once, and in a second form with its quotes escaped. Takes it over. */
void hostile_add_both(struct hostile *h, char *text);

/* unit again and again, so that about size bytes come out; a new string. */
char *hostile_long(struct span unit, size_t size);

void hostile_done(struct hostile *h);

#endif
