/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "match/skew.h"
#include "match/timestamp.h"

/* "2026-11-24 10:00:00" in UTC. */
static usec_t utc(const char *text)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

static struct time_reader *reader(const char *zone)
{
	struct time_reader *r = NULL;

	assert_int_equal(time_reader_new(zone, &r), 0);
	return r;
}

static char *shown(usec_t when, char buf[static TIME_TEXT_MAX])
{
	return when ? time_format_utc(when, buf) : strcpy(buf, "none");
}

/* expected: UTC, and microseconds; NULL: no time. */
static void reads_as(struct time_reader *r, const char *text, const char *now, const char *expected, unsigned usec)
{
	usec_t want = expected ? utc(expected) + usec : 0, got = time_reader_read(r, text, strlen(text), utc(now));
	char a[TIME_TEXT_MAX], b[TIME_TEXT_MAX];

	if (got != want)
		fail_msg("%s: got %s (%llu), not %s (%llu)", text, shown(got, a), (unsigned long long)got,
			 shown(want, b), (unsigned long long)want);
}

struct row {
	const char *text, *expected;
	unsigned usec;
};

static void rows_read(const char *zone, const char *now, const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct time_reader *r = reader(zone);

		reads_as(r, rows[i].text, now, rows[i].expected, rows[i].usec);
		time_reader_free(r);
	}
}

static void every_gateways_form_is_read(void **state)
{
	static const struct row rows[] = {
		/* Asterisk: logger.conf dateformat */
		{ "[2026-11-23 23:19:40.120] NOTICE", "2026-11-23 23:19:40", 120000 },
		{ "[2012-02-13 17:21:54] NOTICE", "2012-02-13 17:21:54", 0 },
		{ "[Jan 18 17:39:50] NOTICE", "2026-01-18 17:39:50", 0 },
		{ "[2026-11-23T10:00:00.123+0100] NOTICE", "2026-11-23 09:00:00", 123000 },
		{ "[1373098165] SECURITY", "2013-07-06 08:09:25", 0 },
		{ "\"2026-11-24 10:00:00\",\"2026-11-24 10:00:05\"", "2026-11-24 10:00:00", 0 },
		/* FreeSWITCH */
		{ "2013-12-31 17:39:54.767815 [WARNING] x", "2013-12-31 17:39:54", 767815 },
		{ "2021-10-29 14:13:24.894719 82.43% [WARNING]", "2021-10-29 14:13:24", 894719 },
		{ "08-03 08:10:21.026299 [WARN]", "2026-08-03 08:10:21", 26299 },
		{ "4d9fbc9c-2e3f-4e2b-9a57-0e9d1a6f2b11 2013-12-31 17:39:54.767815 [DEBUG]", "2013-12-31 17:39:54", 767815 },
		/* Kamailio to standard error, Asterisk through journald: nothing there */
		{ " 0(21171) INFO: <core>", NULL, 0 },
		{ "NOTICE[566]: chan_sip.c:28926", NULL, 0 },
		/* RFC 3164, 5424 */
		{ "Nov  4 18:30:40 localhost asterisk[1]: x", "2026-11-04 18:30:40", 0 },
		{ "Nov 4 18:30:40 localhost", "2026-11-04 18:30:40", 0 },
		{ "Nov 04 18:30:40 localhost", "2026-11-04 18:30:40", 0 },
		{ "<34>Oct 11 22:14:15 mymachine su: x", "2026-10-11 22:14:15", 0 },
		{ "<165>1 2003-10-11T22:14:15.003Z host x", "2003-10-11 22:14:15", 3000 },
		{ "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1", "2003-08-24 12:14:15", 3 },
		{ "<34>1 - host x", NULL, 0 },
		{ "2016-09-25T18:57:58.150982 host x", "2016-09-25 18:57:58", 150982 },
		{ "2016-09-25T18:57:58+02:00 host", "2016-09-25 16:57:58", 0 },
		{ "2016-09-25T18:57:58.5-0330 host", "2016-09-25 22:27:58", 500000 },
		{ "2016-09-25t18:57:58z host", "2016-09-25 18:57:58", 0 },
		{ "20261124T100000Z x", "2026-11-24 10:00:00", 0 },
		/* Cisco IOS */
		{ "*Mar  1 00:01:02.123: %SYS-5-CONFIG_I: x", "2026-03-01 00:01:02", 123000 },
		{ ".Nov 24 2026 10:00:00.123 CET: %X", "2026-11-24 10:00:00", 123000 },
		{ "001234: .Nov 24 2026 10:00:00.123 UTC: %X", "2026-11-24 10:00:00", 123000 },
		{ "<189>29: 001234: *Nov 24 10:00:00.123: %X", "2026-11-24 10:00:00", 123000 },
		{ "<187>2975: Nov 24 10:00:00 GMT: %X", "2026-11-24 10:00:00", 0 },
		{ "<187>gw-1.example: 2975: Nov 24 10:00:00.5 CET: %X", "2026-11-24 10:00:00", 500000 },
		{ "<174>15162564: BGP-BETA: 29391555: Jun 26 16:44:58.802 CEST: %X", "2026-06-26 16:44:58", 802000 },
		{ "<187>: gw-1: 2975: 000017: Nov 24 10:00:00.5 CET: %X", "2026-11-24 10:00:00", 500000 },
		{ "<187>gw-1: text", NULL, 0 },
		{ "<187>prog: Nov 24 10:00:00 by the sender", NULL, 0 },
		/* The web */
		{ "2014/04/01 22:20:38 [error] 1#0: *3 x", "2014-04-01 22:20:38", 0 },
		{ "[Sat Jun 01 02:17:42.123456 2013] [error]", "2013-06-01 02:17:42", 123456 },
		{ "[Sat Jun 01 02:17:42 2013] [error]", "2013-06-01 02:17:42", 0 },
		{ "Sat Jun  1 02:17:42 UTC 2013", "2013-06-01 02:17:42", 0 },
		{ "[24/Nov/2026:10:00:00 +0100] \"GET", "2026-11-24 09:00:00", 0 },
		{ "24/Nov/2026:10:00:00.123] x", "2026-11-24 10:00:00", 123000 },
		{ "24-Nov-2026 10:00:00.123 x", "2026-11-24 10:00:00", 123000 },
		/* Others */
		{ "24.11.2026 10:00:00 x", "2026-11-24 10:00:00", 0 },
		{ "2026-11-24_10:00:00.123456 x", "2026-11-24 10:00:00", 123456 },
		{ "20261124100000.123456 x", "2026-11-24 10:00:00", 123456 },
		{ "2026-11-24 10:00:00,123 x", "2026-11-24 10:00:00", 123000 },
		{ "2026-11-24 10:00:00.123456789 x", "2026-11-24 10:00:00", 123456 },
		{ "2026-11-24 10:00:00 +01:00 x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 +05 x", "2026-11-24 05:00:00", 0 },
		{ "1373098165.250 x", "2013-07-06 08:09:25", 250000 },
		{ "1373098165250 x", "2013-07-06 08:09:25", 250000 },
		{ "1373098165250123 x", "2013-07-06 08:09:25", 250123 },
		{ "1373098165: x", "2013-07-06 08:09:25", 0 },
		{ "1373098165-824497", "2013-07-06 08:09:25", 0 },
	};

	(void)state;
	rows_read("UTC", "2026-11-24 12:00:00", rows, ELEMENTSOF(rows));
}

static void what_is_no_time_is_none(void **state)
{
	static const struct row rows[] = {
		{ "", NULL, 0 },
		{ "no time at all", NULL, 0 },
		{ "11/24/2026 10:00:00 x", NULL, 0 }, /* which is the day? */
		{ "12345", NULL, 0 },
		{ "2026-02-30 10:00:00 x", NULL, 0 },
		{ "2025-02-29 10:00:00 x", NULL, 0 },
		{ "2100-02-29 10:00:00 x", NULL, 0 },
		{ "2026-00-10 10:00:00 x", NULL, 0 },
		{ "2026-13-10 10:00:00 x", NULL, 0 },
		{ "2026-11-31 10:00:00 x", NULL, 0 },
		{ "2026-11-24 24:00:00 x", NULL, 0 },
		{ "2026-11-24 10:60:00 x", NULL, 0 },
		{ "2026-11-24 10:00:61 x", NULL, 0 },
		{ "2026-11-24 10:00:001 x", NULL, 0 },
		{ "2026-11-24 10:00 x", NULL, 0 },
		{ "2026-11-2410:00:00 x", NULL, 0 },
		{ "2026/11-24 10:00:00 x", NULL, 0 },
		{ "-2026-11-24 10:00:00 x", NULL, 0 },
		{ "0000-11-24 10:00:00 x", NULL, 0 },
		{ "1969-12-31 23:59:59 x", NULL, 0 },
		{ "1970-01-01 00:00:00 x", NULL, 0 },
		{ "1970-01-01T00:30:00+01:00 x", NULL, 0 },
		{ "20261324100000 x", NULL, 0 },
		{ "202611241000001 x", NULL, 0 },
		{ "Foo  4 18:30:40 x", NULL, 0 },
		{ "nov  4 18:30:40 x", NULL, 0 },
		{ "Nov 0 18:30:40 x", NULL, 0 },
		{ "Nov 32 18:30:40 x", NULL, 0 },
		{ "Nov 31 18:30:40 x", NULL, 0 },
		{ "Feb 30 18:30:40 x", NULL, 0 },
		{ "Nov   4 18:30:40 x", NULL, 0 },
		{ "13-03 08:10:21 x", NULL, 0 },
		{ "10.0.0.1 10:00:00 x", NULL, 0 },
		{ "192.0.2.1 x", NULL, 0 },
		{ "0373098165 x", NULL, 0 },
		{ "4969123456 x", NULL, 0 }, /* a telephone number is not the year 2127 */
		{ "99999999999999999999999999999999 x", NULL, 0 },
		{ "9999999999999999 x", NULL, 0 },
		{ "<1234>Nov  4 18:30:40 x", NULL, 0 },
		{ "<>Nov  4 18:30:40 x", NULL, 0 },
		{ "1: 2: 3: Nov  4 18:30:40 x", NULL, 0 },
		{ "\xff\xfe\x80 Nov  4 18:30:40 x", NULL, 0 },
	};

	(void)state;
	rows_read("UTC", "2026-11-24 12:00:00", rows, ELEMENTSOF(rows));
}

/* Each cut of a line is read as nothing, or as a moment of that day: never past its end. */
static void text_cut_short_is_safe(void **state)
{
	static const char *const lines[] = {
		"<165>1 2003-08-24T05:14:15.000003-07:00 x",
		"4d9fbc9c-2e3f-4e2b-9a57-0e9d1a6f2b11 2003-08-24 17:39:54.767815 [DEBUG]",
		"<189>29: 001234: *Aug 24 2003 10:00:00.123 UTC: x",
		"[Sun Aug 24 02:17:42.123456 2003] [error]",
		"[24/Aug/2003:10:00:00 +0100] x",
		"24.08.2003 10:00:00 x",
		"20030824100000.123456 x",
	};
	struct time_reader *r = reader("UTC");
	size_t i, n;

	(void)state;
	for (i = 0; i < ELEMENTSOF(lines); i++) {
		for (n = 0; n <= strlen(lines[i]); n++) {
			_cleanup_free_ char *exact = malloc(n + 1);
			usec_t got;

			memcpy(exact, lines[i], n);
			got = time_reader_read(r, exact, n, utc("2003-08-25 00:00:00"));
			if (got && (got < utc("2003-08-24 00:00:00") || got >= utc("2003-08-25 00:00:00")))
				fail_msg("%.*s", (int)n, lines[i]);
		}
	}
	time_reader_free(r);
}

static void zones_in_the_text_that_are_none_are_passed_over(void **state)
{
	static const struct row rows[] = {
		/* Several zones are called CST; a host may be called GMT. */
		{ "*Nov 24 2026 10:00:00.5 CST: x", "2026-11-24 09:00:00", 500000 },
		{ "Nov 24 10:00:00 GMT asterisk[1]: x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 UTCx", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 Zebra", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00+9999 x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 -12345 x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00-1 x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 +01:99 x", "2026-11-24 09:00:00", 0 },
		{ "2026-11-24 10:00:00 +01001 x", "2026-11-24 09:00:00", 0 },
		/* And those that are. */
		{ "2026-11-24 10:00:00 UTC x", "2026-11-24 10:00:00", 0 },
		{ "[2026-11-24 10:00:00 GMT] x", "2026-11-24 10:00:00", 0 },
		{ "2026-11-24 10:00:00Z", "2026-11-24 10:00:00", 0 },
		{ "[Tue Nov 24 10:00:00 CET 2026] x", "2026-11-24 09:00:00", 0 },
		{ "[Tue Nov 24 10:00:00 GMT 2026] x", "2026-11-24 10:00:00", 0 },
		{ "[Tue Nov 24 10:00:00 +0200 2026] x", "2026-11-24 08:00:00", 0 },
		{ "[Tue Nov 24 10:00:00 2026 +0200] x", "2026-11-24 08:00:00", 0 },
	};

	(void)state;
	rows_read("Europe/Berlin", "2026-11-24 12:00:00", rows, ELEMENTSOF(rows));
}

static void syslogs_date_counts_before_the_programs(void **state)
{
	static const struct row rows[] = {
		{ "Nov 24 10:00:00 host asterisk[1]: [2026-11-24 08:00:00] NOTICE", "2026-11-24 10:00:00", 0 },
		{ "2021-10-29T21:05:58Z host freeswitch[1]: 2021-10-29 14:13:24.894719 [WARNING]", "2021-10-29 21:05:58", 0 },
	};

	(void)state;
	rows_read("UTC", "2026-11-24 12:00:00", rows, ELEMENTSOF(rows));
}

static void zones_are_names_or_offsets(void **state)
{
	static const char *const bad[] = { "",	     "Europe/Nowhere", "../etc/passwd", "/etc/localtime", "Europe",
					   "Europe/", "Europe//Berlin", "+2",		 "+2:00",	   "+15:00",
					   "-14:01", "+02:60",	       "+02:00x",	"zone.tab",	  "tzdata.zi",
					   "local ", "Europe/Berlin\n", "utc " };
	struct time_reader *r = NULL;
	char longer[5000];
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(bad); i++)
		if (time_reader_new(bad[i], &r) != -EINVAL)
			fail_msg("%s", bad[i]);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(time_reader_new(longer, &r), -EINVAL);
	assert_null(r);
	rows_read("+02:00", "2026-11-24 12:00:00", &(struct row){ "2026-11-24 10:00:00", "2026-11-24 08:00:00", 0 }, 1);
	rows_read("-03:30", "2026-11-24 12:00:00", &(struct row){ "2026-11-24 10:00:00", "2026-11-24 13:30:00", 0 }, 1);
	rows_read("Asia/Kathmandu", "2026-11-24 12:00:00", &(struct row){ "2026-11-24 10:00:00", "2026-11-24 04:15:00", 0 }, 1);
	rows_read("Etc/GMT+5", "2026-11-24 12:00:00", &(struct row){ "2026-11-24 10:00:00", "2026-11-24 15:00:00", 0 }, 1);
	assert_null(time_reader_free(NULL));
}

/* Far from now, and without a line before: the first of the two hours. */
static void clocks_that_change_are_followed(void **state)
{
	static const struct {
		const char *zone, *text, *expected;
	} rows[] = {
		{ "Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 00:59:59" },
		{ "Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29 01:30:00" }, /* never was: not put forward yet */
		{ "Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29 01:00:00" },
		{ "Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24 23:59:59" },
		{ "Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25 00:00:00" },
		{ "Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25 00:59:59" },
		{ "Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25 02:00:00" },
		{ "America/New_York", "2026-03-08 01:59:59", "2026-03-08 06:59:59" },
		{ "America/New_York", "2026-03-08 03:00:00", "2026-03-08 07:00:00" },
		{ "America/New_York", "2026-11-01 01:30:00", "2026-11-01 05:30:00" },
		{ "America/New_York", "2026-11-01 02:00:00", "2026-11-01 07:00:00" },
		/* South: autumn in April. */
		{ "Australia/Sydney", "2026-04-05 01:59:59", "2026-04-04 14:59:59" },
		{ "Australia/Sydney", "2026-04-05 02:30:00", "2026-04-04 15:30:00" },
		{ "Australia/Sydney", "2026-04-05 03:00:00", "2026-04-04 17:00:00" },
		{ "Australia/Sydney", "2026-10-04 03:00:00", "2026-10-03 16:00:00" },
		/* Half an hour, twice a year. */
		{ "Australia/Lord_Howe", "2026-04-05 01:29:59", "2026-04-04 14:29:59" },
		{ "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04 14:45:00" },
		{ "Australia/Lord_Howe", "2026-04-05 02:00:00", "2026-04-04 15:30:00" },
		{ "Australia/Lord_Howe", "2026-10-04 02:30:00", "2026-10-03 15:30:00" },
		{ "Asia/Kolkata", "2026-10-25 02:30:00", "2026-10-24 21:00:00" },
		{ "America/St_Johns", "2026-11-01 01:30:00", "2026-11-01 04:00:00" },
		/* At a minute past midnight, until 2011. */
		{ "America/St_Johns", "2010-03-14 00:00:30", "2010-03-14 03:30:30" },
		{ "America/St_Johns", "2010-03-14 01:01:00", "2010-03-14 03:31:00" },
		/* A whole day was left out. */
		{ "Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59" },
		{ "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(rows); i++)
		rows_read(rows[i].zone, "2030-06-01 00:00:00", &(struct row){ rows[i].text, rows[i].expected, 0 }, 1);
}

/* Every ten seconds through a change, read as of a day later or live: each line is read as when it was written. */
static void walk(const char *zone, const char *start, bool live, int64_t delay)
{
	struct time_reader *r = reader(zone);
	const usec_t first = utc(start);
	usec_t t;

	for (t = first; t < first + 6 * 3600 * USEC_PER_SEC; t += 10 * USEC_PER_SEC) {
		time_t seconds = (time_t)(t / USEC_PER_SEC);
		usec_t now = live ? t + (usec_t)delay : first + 86400 * USEC_PER_SEC, got;
		char text[64];
		struct tm tm;

		setenv("TZ", zone, 1);
		tzset();
		localtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "[%b %e %H:%M:%S] x", &tm);
		setenv("TZ", "Asia/Tokyo", 1);
		tzset();
		got = time_reader_read(r, text, strlen(text), now);
		if (got != t)
			fail_msg("%s %s: %lld s off at %lld", zone, text, (long long)(got - t) / 1000000, (long long)seconds);
		assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	}
	time_reader_free(r);
	unsetenv("TZ");
	tzset();
}

static void a_log_goes_on_through_each_change(void **state)
{
	static const struct {
		const char *zone, *start;
	} changes[] = {
		{ "Europe/Berlin", "2026-10-24 22:00:00" },    { "Europe/Berlin", "2026-03-28 22:00:00" },
		{ "America/New_York", "2026-11-01 03:00:00" }, { "America/New_York", "2026-03-08 04:00:00" },
		{ "Australia/Sydney", "2026-04-04 13:00:00" }, { "Australia/Sydney", "2026-10-03 13:00:00" },
		{ "Australia/Lord_Howe", "2026-04-04 12:00:00" }, { "Australia/Lord_Howe", "2026-10-03 12:00:00" },
		{ "America/St_Johns", "2026-11-01 01:00:00" }, { "America/St_Johns", "2010-11-07 00:00:00" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(changes); i++) {
		walk(changes[i].zone, changes[i].start, false, 0);
		walk(changes[i].zone, changes[i].start, true, 1500000);
		/* Its clock runs ahead of ours. */
		walk(changes[i].zone, changes[i].start, true, -30 * 1000000);
	}
}

static void in_the_hour_that_comes_twice_now_and_the_line_before_decide(void **state)
{
	struct time_reader *r = reader("Europe/Berlin");

	(void)state;
	/* Live, and nothing before. */
	reads_as(r, "2026-10-25 02:30:00", "2026-10-25 00:30:01", "2026-10-25 00:30:00", 0);
	time_reader_free(r);
	r = reader("Europe/Berlin");
	reads_as(r, "2026-10-25 02:30:00", "2026-10-25 01:30:01", "2026-10-25 01:30:00", 0);
	time_reader_free(r);
	/* Hours later: on from the line before, which may be a little out of order. */
	r = reader("Europe/Berlin");
	reads_as(r, "2026-10-25 02:59:50", "2026-10-26 00:00:00", "2026-10-25 00:59:50", 0);
	reads_as(r, "2026-10-25 02:59:20", "2026-10-26 00:00:00", "2026-10-25 00:59:20", 0);
	reads_as(r, "2026-10-25 02:10:00", "2026-10-26 00:00:00", "2026-10-25 01:10:00", 0);
	reads_as(r, "2026-10-25 02:09:30", "2026-10-26 00:00:00", "2026-10-25 01:09:30", 0);
	reads_as(r, "2026-10-25 02:59:50", "2026-10-26 00:00:00", "2026-10-25 01:59:50", 0);
	/* Another file, from the day before: what was read last says nothing. */
	reads_as(r, "2026-10-25 12:00:00", "2026-10-26 00:00:00", "2026-10-25 11:00:00", 0);
	reads_as(r, "2026-10-25 02:10:00", "2026-10-26 00:00:00", "2026-10-25 00:10:00", 0);
	time_reader_free(r);
}

static void a_year_left_out_is_the_last_that_fits(void **state)
{
	static const struct {
		const char *text, *now, *expected;
	} rows[] = {
		{ "Dec 31 23:59:59 x", "2026-01-01 00:00:01", "2025-12-31 23:59:59" },
		{ "Jan  1 00:00:01 x", "2025-12-31 23:59:59", "2026-01-01 00:00:01" }, /* its clock is ahead */
		{ "Jan  1 12:00:00 x", "2025-12-31 23:59:59", "2026-01-01 12:00:00" },
		{ "Jan 14 18:30:40 x", "2026-01-15 12:00:00", "2026-01-14 18:30:40" },
		{ "Nov  4 18:30:40 x", "2026-01-15 12:00:00", "2025-11-04 18:30:40" },
		/* Nearer would be half a year ahead; but logs are of the past. */
		{ "Jul  1 18:30:40 x", "2026-01-15 12:00:00", "2025-07-01 18:30:40" },
		{ "[Jan 18 17:39:50] x", "2026-01-15 12:00:00", "2025-01-18 17:39:50" },
		{ "08-03 08:10:21 x", "2026-01-15 12:00:00", "2025-08-03 08:10:21" },
		{ "Dec 31 23:59:59 x", "2024-12-31 23:59:59", "2024-12-31 23:59:59" },
		{ "Dec 31 00:00:00 x", "2024-12-30 00:00:00", "2024-12-31 00:00:00" },
		/* Only leap years have that day. */
		{ "Feb 29 10:00:00 x", "2024-02-29 10:00:00", "2024-02-29 10:00:00" },
		{ "Feb 29 10:00:00 x", "2024-02-28 10:00:00", "2024-02-29 10:00:00" },
		{ "Feb 29 10:00:00 x", "2024-02-20 10:00:00", "2020-02-29 10:00:00" },
		{ "Feb 29 10:00:00 x", "2026-03-01 10:00:00", "2024-02-29 10:00:00" },
		{ "Feb 29 10:00:00 x", "2103-12-31 10:00:00", "2096-02-29 10:00:00" },
		{ "Mar  1 00:00:00 x", "2024-02-29 23:00:00", "2024-03-01 00:00:00" },
		{ "Jan  1 00:00:00 x", "1970-01-01 00:00:00", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(rows); i++)
		rows_read("UTC", rows[i].now, &(struct row){ rows[i].text, rows[i].expected, 0 }, 1);
	/* New Year comes at another moment there. */
	rows_read("Pacific/Auckland", "2025-12-31 12:00:00", &(struct row){ "Jan  1 01:00:00", "2025-12-31 12:00:00", 0 }, 1);
	rows_read("America/Los_Angeles", "2026-01-01 05:00:00", &(struct row){ "Dec 31 21:00:00", "2026-01-01 05:00:00", 0 }, 1);
}

static void every_day_of_130_years_is_counted_right(void **state)
{
	struct time_reader *r = reader("UTC");
	time_t day;

	(void)state;
	for (day = 86400; day < (time_t)130 * 366 * 86400; day += 86400) {
		char text[32];
		struct tm tm;

		gmtime_r(&day, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d 12:34:56", &tm);
		if (time_reader_read(r, text, strlen(text), utc("2026-01-01 00:00:00")) !=
		    (usec_t)(day + 45296) * USEC_PER_SEC)
			fail_msg("%s", text);
	}
	time_reader_free(r);
}

static void a_leap_second_is_the_moment_after(void **state)
{
	static const struct row rows[] = {
		{ "2016-12-31 23:59:60 x", "2017-01-01 00:00:00", 0 },
		{ "2016-12-31 23:59:60.500Z x", "2017-01-01 00:00:00", 500000 },
		{ "2017-01-01T05:29:60+05:30 x", "2017-01-01 00:00:00", 0 },
	};

	(void)state;
	rows_read("UTC", "2026-11-24 12:00:00", rows, ELEMENTSOF(rows));
}

/* The host's zone */

static void copy_file(const char *from, const char *to)
{
	_cleanup_fclose_ FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	char buf[8192];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		assert_int_equal(fwrite(buf, 1, n, out), n);
}

static void the_host_may_change_its_zone(void **state)
{
	static const char line[] = "2026-11-24 10:00:00 x";
	char dir[] = "/tmp/sipwarden-zone-XXXXXX";
	_cleanup_free_ char *path = NULL, *next = NULL, *tz = NULL;
	struct time_reader *r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = text_printf("%s/localtime", dir);
	next = text_printf("%s/next", dir);
	tz = text_printf(":%s", path);
	setenv("TZ", tz, 1);
	r = reader(NULL);
	/* There is none at first: UTC. */
	reads_as(r, line, "2026-11-24 12:00:00", "2026-11-24 10:00:00", 0);
	copy_file("/usr/share/zoneinfo/Europe/Berlin", path);
	reads_as(r, line, "2026-11-24 12:00:09", "2026-11-24 10:00:00", 0);
	reads_as(r, line, "2026-11-24 12:00:11", "2026-11-24 09:00:00", 0);
	copy_file("/usr/share/zoneinfo/Asia/Tokyo", next);
	assert_int_equal(rename(next, path), 0);
	reads_as(r, line, "2026-11-24 12:01:00", "2026-11-24 01:00:00", 0);
	/* In an upgrade it may be away: then what was known goes on. */
	assert_int_equal(unlink(path), 0);
	reads_as(r, line, "2026-11-24 12:02:00", "2026-11-24 01:00:00", 0);
	reads_as(r, "2026-11-20 10:00:00 x", "2026-11-24 12:03:00", "2026-11-20 01:00:00", 0);
	assert_string_equal(getenv("TZ"), tz);
	time_reader_free(r);
	assert_int_equal(rmdir(dir), 0);
	unsetenv("TZ");
	tzset();
}

static void the_hosts_zone_may_be_rules_in_text(void **state)
{
	struct time_reader *r;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	r = reader("local");
	reads_as(r, "2026-11-24 10:00:00 x", "2026-11-24 12:00:00", "2026-11-24 09:00:00", 0);
	reads_as(r, "2026-07-24 10:00:00 x", "2026-11-24 12:00:00", "2026-07-24 08:00:00", 0);
	assert_int_equal(time_reader_offset(r, utc("2026-07-24 10:00:00")), 7200);
	assert_int_equal(time_reader_offset(r, utc("2026-10-25 00:59:59")), 7200);
	assert_int_equal(time_reader_offset(r, utc("2026-10-25 01:00:00")), 3600);
	time_reader_free(r);
	unsetenv("TZ");
	tzset();
}

static void two_readers_do_not_mix(void **state)
{
	struct time_reader *berlin = reader("Europe/Berlin"), *tokyo = reader("Asia/Tokyo");
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		reads_as(berlin, "2026-11-24 10:00:00", "2026-11-24 12:00:00", "2026-11-24 09:00:00", 0);
		reads_as(tokyo, "2026-11-24 10:00:00", "2026-11-24 12:00:00", "2026-11-24 01:00:00", 0);
	}
	time_reader_free(berlin);
	time_reader_free(tokyo);
}

/* A log in another zone than was thought */

#define MIN (60 * USEC_PER_SEC)

/* n live lines, one every interval, whose time is off by so much. True if something was learned. */
static bool lines_come(struct skew *s, usec_t *now, unsigned n, usec_t interval, int64_t off)
{
	bool learned = false;

	for (; n > 0; n--, *now += interval)
		learned = skew_learn(s, (usec_t)((int64_t)*now - off), *now) || learned;
	return learned;
}

static void a_zone_is_learned_from_many_lines_that_agree(void **state)
{
	usec_t now = utc("2026-11-24 12:00:00"), hour = 60 * MIN;
	struct skew s = { 0 };

	(void)state;
	assert_false(lines_come(&s, &now, 100, MIN, 2 * (int64_t)USEC_PER_SEC));
	assert_true(lines_come(&s, &now, 20, MIN, (int64_t)hour));
	assert_int_equal(s.quarters, 4);
	assert_int_equal(skew_correct(&s, now), now + hour);
	/* It does not learn it twice; back again it does. */
	assert_false(lines_come(&s, &now, 20, MIN, (int64_t)hour));
	assert_true(lines_come(&s, &now, 20, MIN, 0));
	assert_int_equal(s.quarters, 0);
	/* Ahead of us, and not by a whole hour. */
	assert_true(lines_come(&s, &now, 20, MIN, -(int64_t)(5 * hour + 45 * MIN) + 3000000));
	assert_int_equal(s.quarters, -23);
	/* Never before the epoch. */
	assert_int_equal(skew_correct(&s, 1), 1);
}

static void odd_lines_teach_no_zone(void **state)
{
	usec_t now = utc("2026-11-24 12:00:00"), hour = 60 * MIN;
	struct skew s = { 0 };
	int i;

	(void)state;
	/* Some odd ones among good ones, however many in all. */
	for (i = 0; i < 100; i++) {
		assert_false(lines_come(&s, &now, 9, MIN, (int64_t)hour));
		assert_false(lines_come(&s, &now, 1, MIN, 0));
	}
	/* All at once, after a pause. */
	assert_false(lines_come(&s, &now, 1000, 0, (int64_t)hour));
	assert_false(lines_come(&s, &now, 100, USEC_PER_SEC, (int64_t)hour));
	s = (struct skew){ 0 };
	/* Off by what no zone is; a clock that stands still; one that is far off. */
	assert_false(lines_come(&s, &now, 100, MIN, (int64_t)(7 * MIN)));
	assert_false(lines_come(&s, &now, 100, MIN, (int64_t)(24 * hour)));
	for (i = 0; i < 100; i++, now += MIN)
		assert_false(skew_learn(&s, utc("2026-11-24 08:00:00"), now));
	assert_int_equal(s.quarters, 0);
}

static void only_a_clock_that_is_always_wrong_by_the_same_is_wrong(void **state)
{
	usec_t now = utc("2026-11-24 12:00:00"), week = 7 * 24 * 60 * MIN;
	struct skew s = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 10; i++, now += 20 * USEC_PER_SEC)
		assert_int_equal(skew_is_steady(&s, now - week - (usec_t)i * USEC_PER_SEC, now), i == 9);
	/* A log of last week that is written again: however fast, and with a good line now and then. */
	s = (struct skew){ 0 };
	for (i = 0; i < 1000; i++, now += USEC_PER_SEC)
		assert_false(skew_is_steady(&s, now - week + (usec_t)i * 2 * MIN, now));
	for (i = 0; i < 1000; i++)
		assert_false(skew_is_steady(&s, now - week + (usec_t)i, now));
	for (i = 0; i < 20; i++, now += 20 * USEC_PER_SEC)
		assert_false(skew_is_steady(&s, i % 5 ? now - week : now, now));
	/* Our own clock is set back. */
	s = (struct skew){ 0 };
	assert_false(skew_is_steady(&s, now - week, now));
	assert_false(skew_is_steady(&s, now - week, now - 60 * MIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_gateways_form_is_read),
		cmocka_unit_test(what_is_no_time_is_none),
		cmocka_unit_test(text_cut_short_is_safe),
		cmocka_unit_test(zones_in_the_text_that_are_none_are_passed_over),
		cmocka_unit_test(syslogs_date_counts_before_the_programs),
		cmocka_unit_test(zones_are_names_or_offsets),
		cmocka_unit_test(clocks_that_change_are_followed),
		cmocka_unit_test(a_log_goes_on_through_each_change),
		cmocka_unit_test(in_the_hour_that_comes_twice_now_and_the_line_before_decide),
		cmocka_unit_test(a_year_left_out_is_the_last_that_fits),
		cmocka_unit_test(every_day_of_130_years_is_counted_right),
		cmocka_unit_test(a_leap_second_is_the_moment_after),
		cmocka_unit_test(the_host_may_change_its_zone),
		cmocka_unit_test(the_hosts_zone_may_be_rules_in_text),
		cmocka_unit_test(two_readers_do_not_mix),
		cmocka_unit_test(a_zone_is_learned_from_many_lines_that_agree),
		cmocka_unit_test(odd_lines_teach_no_zone),
		cmocka_unit_test(only_a_clock_that_is_always_wrong_by_the_same_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
