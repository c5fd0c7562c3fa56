/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_RATES_H
#define SIPWARDEN_REPORT_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/*
 * What calls cost, by the admin's table: CSV of prefix (E.164, with or without '+'),
 * price of a minute, and optionally the price of setting up. A heading, empty lines
 * and lines that begin with '#' are passed over. Prices are kept in millionths.
 */
struct rates;

#define RATES_UNIT 1000000
#define RATES_MAX 1000000

struct rate {
	int64_t minute, setup;
};

/* What is wrong goes to diag, by file and line. 0 or negative errno; -EINVAL for a mistake in it. */
int rates_load(const char *path, struct diag *diag, struct rates **ret);
struct rates *rates_free(struct rates *r);
/* The longest prefix of digits (E.164 without '+'); returns its length, 0: there is none. */
size_t rates_find(const struct rates *r, const char *digits, struct rate *ret);
/* What seconds of talk cost. */
int64_t rate_cost(const struct rate *rate, int64_t seconds);

#endif
