/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/* Longest time we know, and then some. */
#define HEAD_MAX 64
/* 2001 to 2286 in seconds have this many digits. */
#define EPOCH_DIGITS 10

static const struct format {
	const char *text; /* strptime(3), in the C locale */
	bool has_year;
	const char *after; /* what follows a fraction */
} formats[] = {
	{ "%Y-%m-%dT%H:%M:%S", true, NULL },
	{ "%Y-%m-%d %H:%M:%S", true, NULL },
	{ "%Y/%m/%d %H:%M:%S", true, NULL },
	{ "%m-%d %H:%M:%S", false, NULL },
	{ "%b %d %H:%M:%S", false, NULL },
	{ "%a %b %d %H:%M:%S", true, " %Y" },
};

/* ".123456" at *p, in microseconds; moves *p past all its digits. */
static usec_t take_fraction(const char **p)
{
	usec_t value = 0, unit = USEC_PER_SEC / 10;

	if (**p != '.' && **p != ',')
		return 0;
	if (!isdigit((unsigned char)(*p)[1]))
		return 0;
	for ((*p)++; isdigit((unsigned char)**p); (*p)++) {
		value += unit * (usec_t)(**p - '0');
		unit /= 10;
	}
	return value;
}

/* "Z", "+0100" or "+01:00" at p: seconds east of UTC in *ret. */
static bool take_zone(const char *p, long *ret)
{
	long sign = *p == '-' ? -1 : 1, hours, minutes;

	if (*p == 'Z') {
		*ret = 0;
		return true;
	}
	if ((*p != '+' && *p != '-') || !isdigit((unsigned char)p[1]) || !isdigit((unsigned char)p[2]))
		return false;
	hours = (p[1] - '0') * 10 + (p[2] - '0');
	p += p[3] == ':' ? 4 : 3;
	if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]))
		return false;
	minutes = (p[0] - '0') * 10 + (p[1] - '0');
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* 0 if tm is no real date, as February 30th. */
static usec_t moment(const struct tm *tm, const long *zone)
{
	struct tm copy = *tm;
	time_t t;

	copy.tm_isdst = -1;
	t = zone ? timegm(&copy) - *zone : mktime(&copy);
	if (t <= 0 || copy.tm_mday != tm->tm_mday || copy.tm_mon != tm->tm_mon)
		return 0;
	return (usec_t)t * USEC_PER_SEC;
}

static usec_t apart(usec_t a, usec_t b)
{
	return a > b ? a - b : b - a;
}

/* The year that brings tm nearest to now: a log from December read in January. */
static usec_t moment_without_year(struct tm *tm, usec_t now)
{
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	usec_t best = 0;
	struct tm today;
	int year;

	localtime_r(&seconds, &today);
	for (year = today.tm_year - 1; year <= today.tm_year + 1; year++) {
		usec_t t;

		tm->tm_year = year;
		t = moment(tm, NULL);
		if (t && (!best || apart(t, now) < apart(best, now)))
			best = t;
	}
	return best;
}

static usec_t parse_format(const struct format *f, const char *text, usec_t now)
{
	struct tm tm = { .tm_mday = 1 };
	const char *rest = strptime(text, f->text, &tm);
	usec_t fraction, when;
	long zone;

	if (!rest)
		return 0;
	fraction = take_fraction(&rest);
	if (f->after && !strptime(rest, f->after, &tm))
		return 0;
	if (!f->has_year)
		when = moment_without_year(&tm, now);
	else if (!f->after && take_zone(rest, &zone))
		when = moment(&tm, &zone);
	else
		when = moment(&tm, NULL);
	return when ? when + fraction : 0;
}

static usec_t parse_epoch(const char *text)
{
	usec_t seconds = 0;
	unsigned i;

	for (i = 0; i < EPOCH_DIGITS; i++) {
		if (!isdigit((unsigned char)text[i]))
			return 0;
		seconds = seconds * 10 + (usec_t)(text[i] - '0');
	}
	if (text[0] == '0' || isdigit((unsigned char)text[EPOCH_DIGITS]))
		return 0;
	text += EPOCH_DIGITS;
	return seconds * USEC_PER_SEC + take_fraction(&text);
}

usec_t timestamp_parse(const char *line, size_t len, usec_t now)
{
	char head[HEAD_MAX];
	const char *text = head;
	size_t i;

	if (len >= sizeof(head))
		len = sizeof(head) - 1;
	memcpy(head, line, len);
	head[len] = '\0';
	if (*text == '[')
		text++;
	for (i = 0; i < ELEMENTSOF(formats); i++) {
		usec_t t = parse_format(&formats[i], text, now);

		if (t)
			return t;
	}
	return parse_epoch(text);
}
