/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rate.h"

/* 1/(1+x) for e^-x: the same where it is read or added to often, and no mathematics library. */
double rate_read(const struct rate *r, usec_t now)
{
	double passed = now > r->last ? (double)(now - r->last) : 0;

	return r->value * (double)RATE_SPAN / ((double)RATE_SPAN + passed);
}

void rate_add(struct rate *r, uint64_t n, usec_t now)
{
	r->value = rate_read(r, now) + (double)n * (double)USEC_PER_SEC / (double)RATE_SPAN;
	r->last = now;
}
