/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_PERIOD_H
#define SIPWARDEN_REPORT_PERIOD_H

#include "report.h"

/*
 * From the command line: since and until are moments (moment.h), or a length such as
 * "90d", which is so long before now and begins at a midnight; NULL: 90 days, and now.
 * quarter: the last whole one of the calendar instead. Days and
 * clocks are those of zone, whose name is zone_name. Returns 0, or -EINVAL: not a
 * moment (*wrong says which), -ERANGE: it does not end after its beginning.
 */
int period_read(const char *since, const char *until, bool quarter, struct zone *zone, const char *zone_name,
		usec_t now, struct period *ret, const char **wrong);
/* The same moments in real time. */
struct moments period_moments(const struct period *p, struct zone *zone);
/* "2026-Q3", or "2026-07-01--2026-09-15": for the name of a file. */
#define PERIOD_NAME_MAX 64
void period_name(const struct period *p, char buf[static PERIOD_NAME_MAX]);

#endif
