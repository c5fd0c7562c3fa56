/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/date.h"

#define DAY_MINUTES (24 * 60)
#define DAY_SECONDS 86400
#define ALL_DAYS 0x7f
/* A range of holidays is no longer than a year. */
#define YEAR_DAYS 366

/* The day of the week, 0 is Monday, at *p, which goes behind it; -1: there is none. */
static int take_day(const char **p)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	const size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	int i;

	if (n != 2 && n != 3)
		return -1;
	for (i = 0; i < 7; i++) {
		if (strncasecmp(*p, names[i], n) == 0) {
			*p += n;
			return i;
		}
	}
	return -1;
}

static void skip_blanks(const char **p)
{
	*p += strspn(*p, " \t\n");
}

/* "Mo-Fr" or "Mo". Returns a set of days, 0 if it is none. */
static uint8_t take_days(const char **p)
{
	int first = take_day(p), last, i;
	uint8_t days = 0;

	if (first < 0)
		return 0;
	last = first;
	if (**p == '-') {
		(*p)++;
		last = take_day(p);
		if (last < 0)
			return 0;
	}
	/* "Sa-Mo" is three days. */
	for (i = first; i != last; i = (i + 1) % 7)
		days |= (uint8_t)(1 << i);
	return days | (uint8_t)(1 << last);
}

static bool take_number(const char **p, size_t min, size_t max, int *ret)
{
	const size_t n = strspn(*p, "0123456789");
	size_t i;

	if (n < min || n > max)
		return false;
	for (i = 0, *ret = 0; i < n; i++)
		*ret = *ret * 10 + ((*p)[i] - '0');
	*p += n;
	return true;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "07:00" in minutes. */
static bool take_time(const char **p, uint16_t *ret)
{
	int hour, minute;

	if (!take_number(p, 1, 2, &hour) || !take_char(p, ':') || !take_number(p, 2, 2, &minute) ||
	    hour > 24 || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return false;
	*ret = (uint16_t)(hour * 60 + minute);
	return true;
}

static bool take_span(const char **p, struct hours_span *ret)
{
	uint8_t days = 0, more;

	if (strncasecmp(*p, "daily", 5) == 0) {
		*p += 5;
		days = ALL_DAYS;
		skip_blanks(p);
	}
	while (**p && !(**p >= '0' && **p <= '9')) {
		more = take_days(p);
		if (!more)
			return false;
		days |= more;
		skip_blanks(p);
	}
	ret->days = days;
	return days && take_time(p, &ret->from) && take_char(p, '-') && take_time(p, &ret->to) &&
	       ret->from < DAY_MINUTES && ret->from != ret->to;
}

int hours_parse(const char *text, struct hours *ret)
{
	struct hours h = {.count = 0};
	const char *p = text;

	skip_blanks(&p);
	if (strcasecmp(p, "always") == 0) {
		*ret = h;
		return 0;
	}
	do {
		skip_blanks(&p);
		if (h.count == HOURS_MAX)
			return -E2BIG;
		if (!take_span(&p, &h.spans[h.count]))
			return -EINVAL;
		h.count++;
		skip_blanks(&p);
	} while (take_char(&p, ','));
	if (*p)
		return -EINVAL;
	*ret = h;
	return 0;
}

static int64_t year_of_day(int64_t day)
{
	int64_t year = 1970 + day / 365;

	while (date_days(year, 1, 1) > day)
		year--;
	while (date_days(year + 1, 1, 1) <= day)
		year++;
	return year;
}

/* Easter Sunday by the Gregorian rule (as in Meeus, Astronomical Algorithms, 8). */
static int64_t easter_of(int64_t year)
{
	const int64_t a = year % 19, b = year / 100, c = year % 100;
	const int64_t h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
	const int64_t l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
	const int64_t m = (a + 11 * h + 22 * l) / 451;
	const int64_t n = h + l - 7 * m + 114;

	return date_days(year, (int)(n / 31), (int)(n % 31) + 1);
}

/* "12-24" or "2026-12-24". */
static bool take_date(const char **p, struct holiday *ret)
{
	const size_t n = strspn(*p, "0123456789");
	int year = 0, month, day;

	if (n == 4 && (!take_number(p, 4, 4, &year) || year < 1970 || !take_char(p, '-')))
		return false;
	if (!take_number(p, 2, 2, &month) || !take_char(p, '-') || !take_number(p, 2, 2, &day))
		return false;
	*ret = (struct holiday){.type = n == 4 ? HOLIDAY_ONCE : HOLIDAY_YEARLY,
				.year = year,
				.month = (uint8_t)month,
				.day = (uint8_t)day};
	return date_exists(n == 4 ? year : 2000, month, day);
}

static int add_holiday(struct holidays *to, const struct holiday *day)
{
	if (to->count == HOLIDAYS_MAX)
		return -E2BIG;
	to->days[to->count++] = *day;
	return 0;
}

/* Each day from first to last, of each year or of one. */
static int add_range(struct holidays *to, const struct holiday *first, const struct holiday *last)
{
	struct holiday day = *first;
	size_t n;
	int r;

	if (first->type != last->type)
		return -EINVAL;
	for (n = 0; n < YEAR_DAYS; n++) {
		r = add_holiday(to, &day);
		if (r < 0 || (day.year == last->year && day.month == last->month && day.day == last->day))
			return r;
		if (date_exists(day.type == HOLIDAY_ONCE ? day.year : 2000, day.month, day.day + 1)) {
			day.day++;
			continue;
		}
		day.day = 1;
		day.month = day.month % 12 + 1;
		if (day.month == 1 && day.type == HOLIDAY_ONCE)
			day.year++;
	}
	return -EINVAL;
}

static int add_easter(struct holidays *to, const char *p)
{
	struct holiday day = {.type = HOLIDAY_EASTER};
	const char sign = *p;
	int days = 0;

	if (sign && ((sign != '+' && sign != '-') || (p++, !take_number(&p, 1, 3, &days)) || *p))
		return -EINVAL;
	day.days = (int16_t)(sign == '-' ? -days : days);
	return add_holiday(to, &day);
}

int holidays_parse(const char *word, struct holidays *ret)
{
	struct holiday first, last;
	const char *p = word;

	if (strncasecmp(p, "easter", 6) == 0)
		return add_easter(ret, p + 6);
	if (!take_date(&p, &first))
		return -EINVAL;
	if (!*p)
		return add_holiday(ret, &first);
	if (strncmp(p, "..", 2) != 0)
		return -EINVAL;
	p += 2;
	if (!take_date(&p, &last) || *p)
		return -EINVAL;
	return add_range(ret, &first, &last);
}

static bool is_holiday(const struct holidays *holidays, int64_t day)
{
	const int64_t year = year_of_day(day);
	size_t i;

	for (i = 0; i < holidays->count; i++) {
		const struct holiday *h = &holidays->days[i];
		int64_t its;

		if (h->type == HOLIDAY_EASTER)
			its = easter_of(year) + h->days;
		else
			its = date_days(h->type == HOLIDAY_ONCE ? h->year : year, h->month, h->day);
		/* In other years, 02-29 is no day. */
		if (its == day && (h->type != HOLIDAY_YEARLY || date_exists(year, h->month, h->day)))
			return true;
	}
	return false;
}

static bool in_span(const struct hours_span *s, int day, int minute)
{
	const int before = (day + 6) % 7;

	if (s->from < s->to)
		return (s->days & (1 << day)) && minute >= s->from && minute < s->to;
	return ((s->days & (1 << day)) && minute >= s->from) || ((s->days & (1 << before)) && minute < s->to);
}

bool hours_within(const struct hours *hours, const struct holidays *holidays, struct zone *zone,
		  usec_t moment)
{
	const int64_t utc = (int64_t)(moment / USEC_PER_SEC);
	const int64_t wall = utc + zone_offset(zone, utc);
	/* Before 1970 nobody phoned. */
	const int64_t day = wall < 0 ? 0 : wall / DAY_SECONDS;
	const int minute = wall < 0 ? 0 : (int)(wall % DAY_SECONDS / 60);
	/* 1970-01-01 was a Thursday. */
	const int weekday = (int)((day + 3) % 7);
	size_t i;

	if (holidays->count > 0 && is_holiday(holidays, day))
		return false;
	for (i = 0; i < hours->count; i++)
		if (in_span(&hours->spans[i], weekday, minute))
			return true;
	return hours->count == 0;
}
