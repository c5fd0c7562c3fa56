/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_NUMBER_TABLE_H
#define SIPWARDEN_NUMBER_TABLE_H

#include <stdint.h>

#include "number/plan.h"

/*
 * The tables behind plan.h, private to number/ and its tests. Each is sorted by
 * its first member, the leading digits of E.164 numbers; the longest that a
 * number begins with counts.
 */
#define TABLE_PREFIX_SIZE 9

struct country_row {
	char prefix[TABLE_PREFIX_SIZE];
	uint8_t code_len; /* of prefix, the calling code */
	char country[NUMBER_COUNTRY_SIZE]; /* "": of no country */
	uint8_t min, max; /* digits behind the calling code */
	const char *national;	   /* trunk prefix, or "" */
	const char *international; /* prefixes, between blanks */
	const char *name;
};

struct range_row {
	char prefix[TABLE_PREFIX_SIZE];
	uint8_t min; /* digits of the whole number: shorter ones are ordinary; 0: any */
	enum number_kind kind;
	const char *name;
};

extern const struct country_row country_rows[];
extern const size_t n_country_rows;
extern const struct range_row range_rows[];
extern const size_t n_range_rows;

/* digits: E.164 without '+'. NULL: not assigned to anybody. */
const struct country_row *country_find(const char *digits);
/*
 * The row of an ISO 3166 name in capitals that has the shortest prefix: that of its calling
 * code alone, where there is one. Looks at all rows, which takes a microsecond: for names
 * that somebody reads, and not for each call.
 */
const struct country_row *country_by_name(const char *country);
/* NULL: nothing but ordinary numbers. */
const struct range_row *range_find(const char *digits);

/* Short numbers of a country. What is none of these is NUMBER_SHORT. */
enum number_kind shortcode_kind(const char *country, const char *digits, const char **name);

/* Toll fraud goes there: risk.c. */
bool risk_known(const char *country, const char *digits);

/* Digits of what was dialled, before they mean anything. */
#define SPELLING_DIGITS_MAX 40
struct spelling {
	char digits[SPELLING_DIGITS_MAX + 1];
	size_t n;
	bool plus; /* they stand behind a '+' */
	bool code; /* a feature code, with '*' and '#' as dialled */
};

/* Returns 0, or -EINVAL: no digits, or a name. */
int spelling_read(struct span dialled, struct spelling *ret);

#endif
