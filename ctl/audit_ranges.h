/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_RANGES_H
#define SIPWARDEN_AUDIT_RANGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sets of addresses as sorted, disjoint ranges. An address is a number, IPv4 within
 * 32 bits of it; one set is of one family. A set for which there was no memory is
 * "failed", and so is all that is made of it: an answer from it would be wrong.
 */
typedef unsigned __int128 number_t;

struct range {
	number_t first, last;
};

struct ranges {
	struct range *r; /* NULL if n is 0 */
	size_t n, size;
	bool failed;
};

/* Room for some ranges as text. */
#define RANGES_TEXT_MAX 400

/* All numbers of so many bits. */
struct ranges ranges_all(unsigned bits);
struct ranges ranges_copy(const struct ranges *a);
/* New sets. */
struct ranges ranges_and(const struct ranges *a, const struct ranges *b);
struct ranges ranges_or(const struct ranges *a, const struct ranges *b);
struct ranges ranges_minus(const struct ranges *a, const struct ranges *b);
/* a becomes the set, whose memory it takes over. */
void ranges_become(struct ranges *a, struct ranges set);
void ranges_done(struct ranges *a);

/* Puts a range at the end; after the last one the set is to be tidied. */
void ranges_append(struct ranges *a, number_t first, number_t last);
void ranges_tidy(struct ranges *a);

/* How many numbers it has, nearly. */
double ranges_count(const struct ranges *a);
bool ranges_equal(const struct ranges *a, const struct ranges *b);
/* "192.0.2.0/24, 198.51.100.1-198.51.100.9 and 7 more". Returns buf. */
char *ranges_text(const struct ranges *a, int family, char buf[static RANGES_TEXT_MAX]);

#endif
