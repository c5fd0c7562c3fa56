/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_ZONE_H
#define SIPWARDEN_BASE_ZONE_H

#include <stdint.h>

#include "base/timespan.h"

/*
 * A time zone: from what clocks on the wall show there to the moment. libc knows
 * the rules (tzset(3), the tz database); it is asked once for each day of the
 * log, and what it said is kept. Asking changes TZ for that moment, so this is
 * for one thread.
 */
struct zone;

/* In seconds: zones reach from -12:00 to +14:00. */
#define ZONE_OFFSET_MAX (14 * 3600)

/*
 * name: NULL or "local" for the host's zone, "UTC", an offset such as "+02:00",
 * or a zone of the tz database such as "Europe/Berlin". Returns 0, -EINVAL (there
 * is no such zone) or -ENOMEM.
 */
int zone_new(const char *name, struct zone **ret);
struct zone *zone_free(struct zone *z);

/*
 * Looks whether the rules changed: another zone for the host, another tz
 * database. Cheap; does its work at most every ZONE_CHECK.
 */
void zone_refresh(struct zone *z, usec_t now);
#define ZONE_CHECK (10 * USEC_PER_SEC)

/* Seconds since the epoch. They differ only where an hour comes twice. */
struct zone_moments {
	int64_t earlier, later;
};

/*
 * The moment at which the wall shows civil, counted in seconds since the epoch
 * as if it were UTC. Where clocks were put back, there are two. Where they were
 * put forward, an hour never was: a clock that shows it was not put forward yet.
 */
struct zone_moments zone_resolve(struct zone *z, int64_t civil);

/* Seconds east of UTC at a moment (seconds since the epoch). */
int32_t zone_offset(struct zone *z, int64_t moment);

/* How offsets are written: "+02:00". Returns buf. */
#define ZONE_OFFSET_TEXT_MAX 16
char *zone_offset_format(int32_t offset, char buf[static ZONE_OFFSET_TEXT_MAX]);

#endif
