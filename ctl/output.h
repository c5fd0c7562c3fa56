/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_OUTPUT_H
#define SIPWARDEN_CTL_OUTPUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/timespan.h"

/* A table for people: columns as wide as they must be. */
struct table {
	const char *const *headers; /* NULL-terminated */
	size_t columns;
	char **cells; /* row by row */
	size_t count;
};

void output_table_begin(struct table *t, const char *const *headers);
/* Adds a cell; text is escaped for the terminal. */
void output_table_add(struct table *t, const char *text);
void output_table_print(struct table *t); /* and releases it */
void output_table_write(struct table *t, FILE *to); /* likewise */

/* Text behind a label, broken at blanks to fit a terminal. */
void output_wrapped(FILE *to, const char *label, const char *text);

/* Prints one JSON value and a newline, and releases it. */
void output_json(json_t *value);
void output_json_to(FILE *to, json_t *value);
/* As json_string() for text that came over the bus, which is UTF-8. */
json_t *output_string(const char *text);
/* RFC 3339, or null for 0 and USEC_INFINITY. */
json_t *output_time(usec_t when);
/* A length of time as seconds, with a fraction if it has one; null for USEC_INFINITY. */
json_t *output_span(usec_t span);

/* "escaped" into buf for a terminal. Returns buf. */
char *output_safe(const char *text, char *buf, size_t size);

#endif
