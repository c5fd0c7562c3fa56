/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_RATE_H
#define SIPWARDEN_BASE_RATE_H

#include "base/timespan.h"

/* How many a second, smoothed: what came RATE_SPAN ago counts a third of what comes now. Zeroed, it is at 0. */
struct rate {
	double value; /* a second, as of last */
	usec_t last;  /* CLOCK_MONOTONIC */
};

#define RATE_SPAN (30 * USEC_PER_SEC)

/* n more have come by now (CLOCK_MONOTONIC). */
void rate_add(struct rate *r, uint64_t n, usec_t now);
double rate_read(const struct rate *r, usec_t now);

#endif
