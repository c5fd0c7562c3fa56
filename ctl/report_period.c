/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_period.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "moment.h"

#define DAY 86400
#define DEFAULT_DAYS 90

static int64_t to_civil(struct zone *zone, usec_t when)
{
	const int64_t seconds = (int64_t)(when / USEC_PER_SEC);

	return seconds + zone_offset(zone, seconds);
}

/* Civil midnight of the first of a month, counted since year 0. */
static int64_t month_start(int month)
{
	return date_days(month / 12, month % 12 + 1, 1) * DAY;
}

static void last_quarter(int64_t now, struct period *ret)
{
	const int month = civil_month(now), first = month - month % 3;

	ret->from = month_start(first - 3);
	ret->to = month_start(first);
	ret->before = month_start(first - 6);
}

static int read_since(const char *text, struct zone *zone, const char *zone_name, usec_t now, int64_t *ret)
{
	usec_t span, when;

	if (timespan_parse(text, &span) == 0 && span < now) {
		*ret = to_civil(zone, now - span);
		if (span >= DAY * USEC_PER_SEC)
			*ret -= *ret % DAY;
		return 0;
	}
	if (moment_parse_in(zone_name, text, now, &when) < 0)
		return -EINVAL;
	*ret = to_civil(zone, when);
	return 0;
}

int period_read(const char *since, const char *until, bool quarter, struct zone *zone, const char *zone_name,
		usec_t now, struct period *ret, const char **wrong)
{
	usec_t when = now;

	if (quarter) {
		last_quarter(to_civil(zone, now), ret);
		return 0;
	}
	*wrong = until;
	if (until && moment_parse_in(zone_name, until, now, &when) < 0)
		return -EINVAL;
	/* The second that goes on is within. */
	ret->to = to_civil(zone, when + USEC_PER_SEC - 1);
	*wrong = since;
	if (!since)
		ret->from = ret->to - ret->to % DAY - (int64_t)DEFAULT_DAYS * DAY;
	else if (read_since(since, zone, zone_name, now, &ret->from) < 0)
		return -EINVAL;
	if (ret->from >= ret->to || ret->from < 0)
		return -ERANGE;
	ret->before = ret->from - (ret->to - ret->from);
	/* Whole days, so that mornings are compared with mornings. */
	ret->before -= ret->before % DAY;
	if (ret->before < 0)
		ret->before = 0;
	return 0;
}

static usec_t to_real(struct zone *zone, int64_t civil)
{
	const int64_t moment = zone_resolve(zone, civil).earlier;

	return moment > 0 ? (usec_t)moment * USEC_PER_SEC : 0;
}

struct moments period_moments(const struct period *p, struct zone *zone)
{
	return (struct moments){.before = to_real(zone, p->before),
				.from = to_real(zone, p->from),
				.to = to_real(zone, p->to)};
}

void period_name(const struct period *p, char buf[static PERIOD_NAME_MAX])
{
	const int month = civil_month(p->from);
	const struct tm from = civil_parts(p->from), to = civil_parts(p->to - 1);

	if (month % 3 == 0 && p->from == month_start(month) && p->to == month_start(month + 3))
		snprintf(buf, PERIOD_NAME_MAX, "%04d-Q%d", month / 12, month % 12 / 3 + 1);
	else
		snprintf(buf, PERIOD_NAME_MAX, "%04d-%02d-%02d--%04d-%02d-%02d", from.tm_year + 1900,
			 from.tm_mon + 1, from.tm_mday, to.tm_year + 1900, to.tm_mon + 1, to.tm_mday);
}
