/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/date.h"
#include "base/zone.h"

/* What may stand before a time, the longest time, and then some. */
#define HEAD_MAX 128
#define DAY 86400
/* A host name, within HEAD_MAX. */
#define ORIGIN_MAX 63
#define NO_YEAR 10000
#define YEAR_FIRST 1970
#define YEAR_LAST 9999
/* A line without year is taken for this year's if it is no further ahead: clocks differ, and zones by a day. */
#define AHEAD_MAX (2 * DAY)
/* February 29th comes back after eight years at most, as in 1896 and 1904. */
#define YEARS_BACK 8
/* Seconds by which the clocks of the gateway and ours may differ, and lines of one log be out of order. */
#define SLACK 120
/* A zone's offset, in a log; RFC 3339 would allow more than there are. */
#define OFFSET_MAX (15 * 3600)

struct time_reader {
	struct zone *zone;
	int64_t last; /* read before, in seconds; 0: none */
	usec_t written; /* the log's end; 0: not yet */
};

/* A date and time as written. */
struct wall {
	unsigned year; /* or NO_YEAR */
	unsigned month, day, hour, minute, second;
	uint32_t usec;
	bool has_offset;
	int32_t offset;
};

/*
 * All text is read from a copy that ends with NULs, which are nothing of what is
 * looked for: so no reader runs past them. What take_month() and the like leave
 * in *p when they return false is not used.
 */

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static bool is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static size_t count_digits(const char *p)
{
	size_t n = 0;

	while (is_digit(p[n]))
		n++;
	return n;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* Exactly n digits. */
static bool take_digits(const char **p, unsigned n, unsigned *ret)
{
	unsigned value = 0, i;

	for (i = 0; i < n; i++) {
		if (!is_digit((*p)[i]))
			return false;
		value = value * 10 + (unsigned)((*p)[i] - '0');
	}
	*p += n;
	*ret = value;
	return true;
}

#define THREE(a, b, c) ((uint32_t)(unsigned char)(a) << 16 | (uint32_t)(unsigned char)(b) << 8 | (unsigned char)(c))

/* "Nov": 1 to 12, or 0. */
static unsigned month_of(const char *p)
{
	static const uint32_t names[] = {
		THREE('J', 'a', 'n'), THREE('F', 'e', 'b'), THREE('M', 'a', 'r'), THREE('A', 'p', 'r'),
		THREE('M', 'a', 'y'), THREE('J', 'u', 'n'), THREE('J', 'u', 'l'), THREE('A', 'u', 'g'),
		THREE('S', 'e', 'p'), THREE('O', 'c', 't'), THREE('N', 'o', 'v'), THREE('D', 'e', 'c'),
	};
	const uint32_t name = THREE(p[0], p[1], p[2]);
	unsigned i;

	for (i = 0; i < ELEMENTSOF(names); i++)
		if (names[i] == name)
			return i + 1;
	return 0;
}

static bool take_month(const char **p, unsigned *ret)
{
	*ret = month_of(*p);
	if (*ret == 0)
		return false;
	*p += 3;
	return true;
}

/* ".123456", as many digits as there are. */
static void take_fraction(const char **p, uint32_t *ret)
{
	uint32_t unit = 100000;

	*ret = 0;
	if ((**p != '.' && **p != ',') || !is_digit((*p)[1]))
		return;
	for ((*p)++; is_digit(**p); (*p)++) {
		*ret += unit * (uint32_t)(**p - '0');
		unit /= 10;
	}
}

/* "10:00:00" with a fraction, or not. Digits must end there. */
static bool take_clock(const char **p, struct wall *w)
{
	const char *q = *p;

	if (!take_digits(&q, 2, &w->hour) || !take_char(&q, ':') || !take_digits(&q, 2, &w->minute) ||
	    !take_char(&q, ':') || !take_digits(&q, 2, &w->second) || is_digit(*q))
		return false;
	take_fraction(&q, &w->usec);
	*p = q;
	return true;
}

/* Zones */

/* "+01:00", "+0100", "+01", and no digit after it. False: another thing, or no zone that there is. */
static bool take_offset(const char **p, struct wall *w)
{
	const char *q = *p + 1;
	unsigned hours, minutes = 0;

	if ((**p != '+' && **p != '-') || !take_digits(&q, 2, &hours))
		return false;
	if (*q == ':' && is_digit(q[1]))
		q++;
	if (is_digit(*q) && !take_digits(&q, 2, &minutes))
		return false;
	if (is_digit(*q) || minutes > 59 || hours * 3600 + minutes * 60 > OFFSET_MAX)
		return false;
	w->offset = (**p == '-' ? -1 : 1) * (int32_t)(hours * 3600 + minutes * 60);
	w->has_offset = true;
	*p = q;
	return true;
}

/* Passes over an abbreviation; of them, UTC, GMT and Z are sure. */
static void take_abbreviation(const char **p, struct wall *w)
{
	size_t n = 0;

	while (is_letter((*p)[n]))
		n++;
	if ((n == 3 && (memcmp(*p, "UTC", 3) == 0 || memcmp(*p, "GMT", 3) == 0)) ||
	    (n == 1 && (**p == 'Z' || **p == 'z'))) {
		w->has_offset = true;
		w->offset = 0;
	}
	*p += n;
}

/* The zone behind the clock, if it is one. */
static void take_zone(const char **p, struct wall *w)
{
	/* What follows syslog's date and a blank is a host, and one may be called GMT. */
	const char *ends = w->year != NO_YEAR ? ": ]\"" : ":]\"", *q = *p;
	bool attached = !take_char(&q, ' ');
	struct wall zoned = *w;

	if (!take_offset(&q, &zoned))
		take_abbreviation(&q, &zoned);
	if (!zoned.has_offset || is_digit(*q) || is_letter(*q) || (!attached && !strchr(ends, *q)))
		return;
	*w = zoned;
	*p = q;
}

/* Forms, each from the first character of the date */

/* 2026-11-24T10:00:00, 2026/11/24 10:00:00 */
static bool take_year_first(const char **p, struct wall *w)
{
	const char mark = (*p)[4];

	if ((mark != '-' && mark != '/') || !take_digits(p, 4, &w->year) || !take_char(p, mark) ||
	    !take_digits(p, 2, &w->month) || !take_char(p, mark) || !take_digits(p, 2, &w->day))
		return false;
	return (take_char(p, ' ') || take_char(p, 'T') || take_char(p, '_') || take_char(p, 't')) && take_clock(p, w);
}

/* 20261124100000, 20261124T100000 */
static bool take_compact(const char **p, struct wall *w)
{
	take_digits(p, 4, &w->year);
	take_digits(p, 2, &w->month);
	take_digits(p, 2, &w->day);
	take_char(p, 'T');
	if (!take_digits(p, 2, &w->hour) || !take_digits(p, 2, &w->minute) || !take_digits(p, 2, &w->second) ||
	    is_digit(**p))
		return false;
	take_fraction(p, &w->usec);
	return true;
}

/* 24/Nov/2026:10:00:00, 24-Nov-2026 10:00:00 */
static bool take_day_name(const char **p, struct wall *w)
{
	const char mark = (*p)[2];

	return take_digits(p, 2, &w->day) && take_char(p, mark) && take_month(p, &w->month) && take_char(p, mark) &&
	       take_digits(p, 4, &w->year) && (take_char(p, ':') || take_char(p, ' ')) && take_clock(p, w);
}

/* 24.11.2026 10:00:00 */
static bool take_dotted(const char **p, struct wall *w)
{
	return take_digits(p, 2, &w->day) && take_char(p, '.') && take_digits(p, 2, &w->month) && take_char(p, '.') &&
	       take_digits(p, 4, &w->year) && take_char(p, ' ') && take_clock(p, w);
}

/* 11-24 10:00:00 */
static bool take_month_day(const char **p, struct wall *w)
{
	return take_digits(p, 2, &w->month) && take_char(p, '-') && take_digits(p, 2, &w->day) && take_char(p, ' ') &&
	       take_clock(p, w);
}

static bool take_numbers(const char **p, struct wall *w)
{
	const char *q = *p;

	switch (count_digits(q)) {
	case 4:
		return take_year_first(p, w);
	case 8:
		return q[8] == 'T' && take_compact(p, w);
	case 14:
		return take_compact(p, w);
	case 2:
		if (q[2] == '.')
			return take_dotted(p, w);
		if (q[2] == '-' && is_digit(q[3]))
			return take_month_day(p, w);
		return (q[2] == '/' || q[2] == '-' || q[2] == ' ') && take_day_name(p, w);
	default:
		return false;
	}
}

/* Nov  4 10:00:00, Nov 04 10:00:00, Nov 4 2026 10:00:00 */
static bool take_month_first(const char **p, struct wall *w)
{
	if (!take_month(p, &w->month) || !take_char(p, ' '))
		return false;
	take_char(p, ' ');
	if (!take_digits(p, is_digit(**p) && is_digit((*p)[1]) ? 2 : 1, &w->day) || !take_char(p, ' '))
		return false;
	if (count_digits(*p) == 4 && (!take_digits(p, 4, &w->year) || !take_char(p, ' ')))
		return false;
	return take_clock(p, w);
}

/* Tue Nov 24 10:00:00 2026, with a zone before or after the year */
static bool take_weekday(const char **p, struct wall *w)
{
	const char *q;

	*p += 4;
	if (!take_month_first(p, w))
		return false;
	q = *p;
	if (w->year != NO_YEAR || !take_char(&q, ' '))
		return true;
	if (!is_digit(*q) && !take_offset(&q, w))
		take_abbreviation(&q, w);
	if (q > *p + 1 && !take_char(&q, ' '))
		return true;
	if (count_digits(q) == 4 && take_digits(&q, 4, &w->year))
		*p = q;
	return true;
}

static bool take_names(const char **p, struct wall *w)
{
	const char *q = *p;

	if (month_of(q))
		return take_month_first(p, w);
	return is_letter(q[0]) && is_letter(q[1]) && is_letter(q[2]) && q[3] == ' ' && take_weekday(p, w);
}

static bool take_wall(const char **p, struct wall *w)
{
	*w = (struct wall){ .year = NO_YEAR };
	if (!(is_digit(**p) ? take_numbers(p, w) : take_names(p, w)))
		return false;
	if (!w->has_offset)
		take_zone(p, w);
	return true;
}

/* What may stand before the date */

static const char *skip_blanks(const char *p)
{
	unsigned i;

	for (i = 0; i < 8 && *p == ' '; i++)
		p++;
	return p;
}

/* "<13>", and "1 " of RFC 5424 */
static const char *skip_priority(const char *p)
{
	size_t n = *p == '<' ? count_digits(p + 1) : 0;

	if (n < 1 || n > 3 || p[n + 1] != '>')
		return p;
	p += n + 2;
	return is_digit(p[0]) && p[1] == ' ' ? p + 2 : p;
}

static const char *skip_uuid(const char *p)
{
	size_t i;

	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = p[i];

		if (dash ? c != '-' : !is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
			return p;
	}
	return p[36] == ' ' ? p + 37 : p;
}

/* "001234: "; ten digits would be an epoch. */
static const char *skip_sequence(const char *p)
{
	size_t n = is_digit(*p) ? count_digits(p) : 0;

	return n > 0 && n < 10 && p[n] == ':' && p[n + 1] == ' ' ? skip_blanks(p + n + 1) : p;
}

/*
 * "gw-1: " before a sequence number (logging origin-id of Cisco IOS), and what may
 * stand before that: a count of messages, or ":" alone.
 */
static const char *skip_origin(const char *p)
{
	const char *name = p[0] == ':' && p[1] == ' ' ? p + 2 : skip_sequence(p);
	size_t n = 0;

	while (is_digit(name[n]) || is_letter(name[n]) || name[n] == '-' || name[n] == '_' || name[n] == '.')
		n++;
	if (n == 0 || n > ORIGIN_MAX || name[n] != ':' || name[n + 1] != ' ')
		return p;
	return skip_sequence(name + n + 2) != name + n + 2 ? name + n + 2 : p;
}

static const char *skip_before(const char *p)
{
	const char *start = p = skip_blanks(p);

	p = skip_blanks(skip_priority(p));
	if (p != start)
		p = skip_origin(p);
	p = skip_sequence(skip_sequence(skip_uuid(p)));
	p += *p == '[' || *p == '"';
	return p + (*p == '*' || *p == '.');
}

/* From what is written to the moment */

static bool is_real(const struct wall *w)
{
	if (w->year < YEAR_FIRST || w->year > YEAR_LAST || !date_exists(w->year, (int)w->month, (int)w->day))
		return false;
	return w->hour < 24 && w->minute < 60 && w->second <= 60;
}

/* Seconds since the epoch, if it were UTC. */
static int64_t civil_seconds(const struct wall *w)
{
	const int64_t days = date_days(w->year, (int)w->month, (int)w->day);

	return days * DAY + w->hour * 3600 + w->minute * 60 + w->second;
}

/* Gives w the last year in which its date was there and not yet to come. */
static bool guess_year(struct wall *w, int64_t now)
{
	unsigned this_year = YEAR_FIRST + (unsigned)(now / 31556952), i; /* 365.2425 days */

	for (i = 0; i <= YEARS_BACK + 1; i++) {
		w->year = this_year + 1 - i;
		if (is_real(w) && civil_seconds(w) <= now + AHEAD_MAX)
			return true;
	}
	return false;
}

/* Which of the two hours that look alike? */
static int64_t choose(const struct time_reader *r, struct zone_moments m, int64_t now)
{
	if (m.earlier == m.later || m.later > now + SLACK)
		return m.earlier;
	if (m.later + SLACK >= now)
		return m.later;
	/* Going on from a time in the first hour, or in the second already. */
	return r->last > m.earlier + SLACK && r->last <= m.later + SLACK ? m.later : m.earlier;
}

static usec_t moment_of(struct time_reader *r, struct wall *w, int64_t now)
{
	int64_t civil, seconds;

	if (w->year == NO_YEAR ? !guess_year(w, now) : !is_real(w))
		return 0;
	civil = civil_seconds(w);
	seconds = w->has_offset ? civil - w->offset : choose(r, zone_resolve(r->zone, civil), now);
	if (seconds <= 0)
		return 0;
	r->last = seconds;
	return (usec_t)seconds * USEC_PER_SEC + w->usec;
}

/* Seconds, milliseconds or microseconds since the epoch. A number from the future is another number. */
static usec_t read_epoch(struct time_reader *r, const char *p, int64_t now)
{
	size_t n = is_digit(*p) && *p != '0' ? count_digits(p) : 0, i;
	uint32_t fraction = 0;
	usec_t value = 0;

	if (n != 10 && n != 13 && n != 16)
		return 0;
	for (i = 0; i < n; i++)
		value = value * 10 + (usec_t)(p[i] - '0');
	for (i = n; i < 16; i++)
		value *= 10;
	p += n;
	if (n == 10)
		take_fraction(&p, &fraction);
	if ((int64_t)(value / USEC_PER_SEC) > now + AHEAD_MAX)
		return 0;
	r->last = (int64_t)(value / USEC_PER_SEC);
	return value + fraction;
}

usec_t time_reader_read(struct time_reader *r, const char *text, size_t len, usec_t now)
{
	const usec_t latest = r->written && r->written < now ? r->written : now;
	const int64_t seconds = (int64_t)(latest / USEC_PER_SEC);
	char head[HEAD_MAX + 4];
	const char *start, *p;
	struct wall w;

	if (len > HEAD_MAX)
		len = HEAD_MAX;
	memcpy(head, text, len);
	memset(head + len, 0, sizeof(head) - HEAD_MAX); /* month_of() looks at three */
	start = p = skip_before(head);
	if (!take_wall(&p, &w))
		return read_epoch(r, start, seconds);
	zone_refresh(r->zone, now);
	return moment_of(r, &w, seconds);
}

void time_reader_until(struct time_reader *r, usec_t written)
{
	r->written = written;
}

int32_t time_reader_offset(struct time_reader *r, usec_t when)
{
	return zone_offset(r->zone, (int64_t)(when / USEC_PER_SEC));
}

int time_reader_new(const char *zone, struct time_reader **ret)
{
	struct time_reader *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	e = zone_new(zone, &r->zone);
	if (e < 0) {
		free(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct time_reader *time_reader_free(struct time_reader *r)
{
	if (!r)
		return NULL;
	zone_free(r->zone);
	free(r);
	return NULL;
}
