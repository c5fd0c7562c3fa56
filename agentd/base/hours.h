/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_HOURS_H
#define SIPWARDEN_BASE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"

/* When people work: days of the week with times, and days on which nobody does. */

#define HOURS_MAX 32
#define HOLIDAYS_MAX 200

/* Of each of these days; to <= from: it ends on the day after. */
struct hours_span {
	uint8_t days;	   /* bit 0: Monday */
	uint16_t from, to; /* minutes since midnight, to up to 24 * 60 */
};

struct hours {
	struct hours_span spans[HOURS_MAX];
	size_t count; /* 0: always */
};

/* A day of each year, of one year, or by Easter. */
struct holiday {
	enum { HOLIDAY_YEARLY, HOLIDAY_ONCE, HOLIDAY_EASTER } type;
	int32_t year;	     /* HOLIDAY_ONCE */
	uint8_t month, day;  /* 1 to 12, 1 to 31 */
	int16_t days;	     /* HOLIDAY_EASTER: after Easter Sunday of the western churches */
};

struct holidays {
	struct holiday days[HOLIDAYS_MAX];
	size_t count;
};

/*
 * "Mo-Fr 07:00-19:00, Sa 09:00-12:00": days Mo to Su (or Mon to Sun), one, a range or
 * several with blanks, "daily"; "always" alone. Returns 0, -EINVAL, or -E2BIG.
 */
int hours_parse(const char *text, struct hours *ret);
/*
 * Words: 12-25 (each year), 2026-12-24, 12-24..12-31 (a range, also over the
 * year's end), easter, easter-2, easter+39. Adds them to *ret. Returns 0, -EINVAL, -E2BIG.
 */
int holidays_parse(const char *word, struct holidays *ret);

/* Whether people work at a moment, seen from zone. A holiday begins at its midnight. */
bool hours_within(const struct hours *hours, const struct holidays *holidays, struct zone *zone, usec_t moment);

#endif
