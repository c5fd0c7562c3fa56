/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/skew.h"

/* False: it is off by something else than a zone. */
static bool quarters_off(usec_t logged, usec_t arrival, int *ret)
{
	usec_t apart = arrival > logged ? arrival - logged : logged - arrival;
	usec_t quarters = (apart + SKEW_QUARTER / 2) / SKEW_QUARTER, exact = quarters * SKEW_QUARTER;

	if (quarters > SKEW_QUARTERS_MAX || (apart > exact ? apart - exact : exact - apart) > SKEW_TOLERANCE)
		return false;
	*ret = arrival > logged ? (int)quarters : -(int)quarters;
	return true;
}

bool skew_learn(struct skew *s, usec_t logged, usec_t arrival)
{
	int quarters;

	if (!quarters_off(logged, arrival, &quarters)) {
		s->lines = 0;
		return false;
	}
	if (s->lines == 0 || quarters != s->candidate || arrival < s->since) {
		s->candidate = quarters;
		s->lines = 1;
		s->since = arrival;
		return false;
	}
	if (s->lines < SKEW_LINES)
		s->lines++;
	if (s->lines < SKEW_LINES || arrival - s->since < SKEW_SPAN || quarters == s->quarters)
		return false;
	s->quarters = quarters;
	return true;
}

bool skew_is_steady(struct skew *s, usec_t logged, usec_t arrival)
{
	int64_t behind = (int64_t)(arrival - logged), change = behind - s->behind;

	if (s->behind_since && arrival >= s->behind_since && change >= -(int64_t)SKEW_TOLERANCE && change <= (int64_t)SKEW_TOLERANCE)
		return arrival - s->behind_since >= SKEW_SPAN;
	s->behind = behind;
	s->behind_since = arrival;
	return false;
}

usec_t skew_correct(const struct skew *s, usec_t logged)
{
	int64_t right = (int64_t)logged + s->quarters * (int64_t)SKEW_QUARTER;

	return right > 0 ? (usec_t)right : logged;
}
