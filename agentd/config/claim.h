/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_CLAIM_H
#define SIPWARDEN_CONFIG_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"

/* The captures that hold what the sender wrote. */
enum sender_field { SENDER_USER, SENDER_ID, SENDER_NUMBER, SENDER_AGENT, SENDER_FROM, SENDER_TEXT, SENDER_COUNT };

/*
 * What a filter says of a sender's field: "never = FIELD CHARS", the gateway
 * lets none of these characters appear there; "escaped = FIELD CHARS", only with
 * a backslash before it. The lint attacks the field with all that is left.
 */
struct filter_claim {
	enum sender_field field;
	bool escaped;
	char *chars; /* each once, as bytes; NUL-terminated */
};

/* "user", …; static. */
const char *sender_field_name(enum sender_field field);

/* Reads text, and adds to the list. In CHARS, \xHH is the byte of that number. Mistakes go to at->diag. */
void claim_add(const struct place *at, const char *text, bool escaped, struct filter_claim **list, size_t *n);
void claims_done(struct filter_claim *list, size_t n);

#endif
