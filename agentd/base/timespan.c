/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/timespan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/* Largest first. */
static const struct {
	const char *name;
	usec_t usec;
} units[] = {
	{ "w", 7 * 86400 * USEC_PER_SEC }, { "d", 86400 * USEC_PER_SEC }, { "h", 3600 * USEC_PER_SEC },
	{ "m", 60 * USEC_PER_SEC },	   { "s", USEC_PER_SEC },	  { "ms", USEC_PER_MSEC },
};

static usec_t clock_usec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

usec_t time_now(void)
{
	return clock_usec(CLOCK_REALTIME);
}

usec_t time_monotonic(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

/* The unit at *text, of which it is moved past; 0: none of ours. */
static usec_t take_unit(const char **text)
{
	size_t len = strspn(*text, "abcdefghijklmnopqrstuvwxyz"), i;

	for (i = 0; i < ELEMENTSOF(units); i++) {
		if (len == strlen(units[i].name) && strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			return units[i].usec;
		}
	}
	return 0;
}

int timespan_parse(const char *text, usec_t *ret)
{
	usec_t total = 0, last = USEC_INFINITY;

	do {
		usec_t value = 0, unit;
		size_t digits = strspn(text, "0123456789");

		if (digits == 0)
			return -EINVAL;
		if (digits > 12)
			return -ERANGE;
		for (; digits > 0; digits--)
			value = value * 10 + (usec_t)(*text++ - '0');
		/* A bare number is only a length of time if nothing else is there. */
		unit = *text == '\0' && last == USEC_INFINITY ? USEC_PER_SEC : take_unit(&text);
		if (unit == 0 || unit >= last)
			return -EINVAL;
		if (value > TIMESPAN_MAX / unit || value * unit > TIMESPAN_MAX - total)
			return -ERANGE;
		total += value * unit;
		last = unit;
		text += strspn(text, " ");
	} while (*text);
	*ret = total;
	return 0;
}

char *timespan_format(usec_t span, char buf[static TIMESPAN_TEXT_MAX])
{
	size_t i, used = 0;

	for (i = 0; i < ELEMENTSOF(units); i++) {
		usec_t n = span / units[i].usec;

		if (n == 0 && used == 0)
			continue;
		if (n > 0)
			snprintf(buf + used, TIMESPAN_TEXT_MAX - used, "%llu%s", (unsigned long long)n,
				 units[i].name);
		if (used > 0)
			return buf;
		span %= units[i].usec;
		used = strlen(buf);
	}
	if (used == 0)
		strcpy(buf, "0s");
	return buf;
}

char *time_format_utc(usec_t when, char buf[static TIME_TEXT_MAX])
{
	time_t seconds = (time_t)(when / USEC_PER_SEC);
	char text[TIME_TEXT_MAX - 8];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		strcpy(text, "?");
	snprintf(buf, TIME_TEXT_MAX, "%s.%03uZ", text, (unsigned)(when % USEC_PER_SEC / USEC_PER_MSEC));
	return buf;
}

char *time_format_local(usec_t when, char buf[static TIME_TEXT_MAX])
{
	time_t seconds = (time_t)(when / USEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(buf, TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strcpy(buf, "?");
	return buf;
}
