/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <time.h>

#include "base/log.h"
#include "match/literal.h"
#include "match/match.h"
#include "match/timestamp.h"

static void literal_is(const char *regex, const char *expected)
{
	char buf[LITERAL_MAX];
	size_t n = literal_extract(regex, buf);

	if (n != strlen(expected) || memcmp(buf, expected, n) != 0)
		fail_msg("%s: got %.*s, not %s", regex, (int)n, buf, expected);
}

static void literals_are_what_every_match_holds(void **state)
{
	(void)state;
	literal_is("failed for (?<addr>(?&ip))", "failed for ");
	literal_is("a+bcdef", "bcdef");
	literal_is("abcdef?", "abcde");
	literal_is("abcdef{0,2}gh", "abcde");
	literal_is("abcdef{2}gh", "abcdef");
	literal_is("chan_sip\\.c: x", "chan_sip.c: x");
	literal_is("[abcd]efgh(ijklmno)*pq", "efgh");
	literal_is("x\\d+yzab\\x20cd", "yzab cd");
	literal_is("[]abc]wxyz", "wxyz");
	literal_is("[[:alpha:]x]wxyz", "wxyz");
	literal_is("(a\\)b[)]c)wxyz", "wxyz");
	literal_is("wxyz{", "wxyz");
	/* Nothing is certain in these. */
	literal_is("abcdef|ghijkl", "");
	literal_is("(?i)abcdef", "");
	literal_is("(?i:x)abcdef", "");
	literal_is("\\Qabc(def\\E", "");
	literal_is("abc", "");
	literal_is("abcd\\Nefgh", "");
	literal_is("(*COMMIT)abcdef", "");
	literal_is("(unclosed abcdef", "");
}

static usec_t at(int year, int month, int day, int hour, int minute, int second)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute,
			 .tm_sec = second, .tm_isdst = -1 };

	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

static void time_is(const char *line, usec_t expected)
{
	usec_t got = timestamp_parse(line, strlen(line), at(2026, 1, 15, 12, 0, 0));

	if (got != expected)
		fail_msg("%s: got %llu, not %llu", line, (unsigned long long)got, (unsigned long long)expected);
}

static void times_of_every_gateway_are_read(void **state)
{
	(void)state;
	time_is("[2026-11-23 23:19:40.120] NOTICE", at(2026, 11, 23, 23, 19, 40) + 120000);
	time_is("[2012-02-13 17:21:54] NOTICE", at(2012, 2, 13, 17, 21, 54));
	time_is("2016-09-25T18:57:58.150982 host", at(2016, 9, 25, 18, 57, 58) + 150982);
	time_is("2016-09-25T18:57:58+02:00 host", at(2016, 9, 25, 16, 57, 58));
	time_is("2016-09-25T18:57:58.5-0330 host", at(2016, 9, 25, 22, 27, 58) + 500000);
	time_is("2014/04/01 22:20:38 [error]", at(2014, 4, 1, 22, 20, 38));
	time_is("[Sat Jun 01 02:17:42.123456 2013] [error]", at(2013, 6, 1, 2, 17, 42) + 123456);
	time_is("[1373098165] x", 1373098165 * USEC_PER_SEC);
	time_is("1373098165.250 x", 1373098165 * USEC_PER_SEC + 250000);
	/* Without a year: the one that brings it nearest. */
	time_is("Jan 14 18:30:40 host x", at(2026, 1, 14, 18, 30, 40));
	time_is("Dec 31 18:30:40 host x", at(2025, 12, 31, 18, 30, 40));
	time_is("Nov  4 18:30:40 host x", at(2025, 11, 4, 18, 30, 40));
	time_is("[Jan 18 17:39:50] NOTICE", at(2026, 1, 18, 17, 39, 50));
	time_is("08-03 08:10:21.026299 [WARN]", at(2025, 8, 3, 8, 10, 21) + 26299);
	time_is("2026-02-30 10:00:00 x", 0);
	time_is("no time at all", 0);
	time_is("", 0);
	time_is("12345", 0);
}

static struct filter_text text(const char *s)
{
	return (struct filter_text){ (char *)s, "test", 1 };
}

struct found {
	unsigned n;
	char addrs[16][ADDR_TEXT_MAX];
	unsigned counts[16];
	usec_t times[16];
};

static void collect(void *userdata, const struct event *e)
{
	struct found *f = userdata;

	f->counts[f->n] = (unsigned)e->n_addrs;
	f->times[f->n] = e->time;
	strcpy(f->addrs[f->n], "-");
	if (e->n_addrs > 0)
		addr_format(&e->addrs[0], f->addrs[f->n]);
	f->n++;
}

static struct found scan(const char *regex, const char *literal, const char *lines, const usec_t *times)
{
	struct filter_pattern p = { .name = (char *)"p", .file = "test", .line = 1, .class = CLASS_FLOOD, .regex = text(regex) };
	struct filter f = { .name = (char *)"f", .patterns = &p, .n_patterns = 1 };
	struct diag diag = DIAG_INIT;
	struct found found = { 0 };
	struct matcher *m;

	if (literal)
		p.literal = text(literal);
	assert_int_equal(matcher_new(&f, &diag, &m), 0);
	matcher_scan(m, lines, strlen(lines), times, collect, &found);
	matcher_free(m);
	diag_done(&diag);
	return found;
}

static void every_reading_is_found(void **state)
{
	struct found f;

	(void)state;
	f = scan("login '.*' from (?<addr>(?&ip)) failed.*", NULL,
		 "login 'bob' from 192.0.2.5 failed\nlogin 'x' from 203.0.113.9 failed' from 192.0.2.5 failed\n", NULL);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.counts[0], 1);
	assert_string_equal(f.addrs[0], "192.0.2.5");
	assert_int_equal(f.counts[1], 2);
}

static void an_address_is_never_cut_short(void **state)
{
	struct found f = scan("from .*(?<addr>(?&ip)).*", NULL, "from 192.0.2.155:5060\nfrom [2001:db8::1]:5060 x\nfrom 1.2.3.4.5\n", NULL);

	(void)state;
	assert_int_equal(f.n, 2);
	assert_int_equal(f.counts[0], 1);
	assert_string_equal(f.addrs[0], "192.0.2.155");
	assert_int_equal(f.counts[1], 1);
	assert_string_equal(f.addrs[1], "2001:db8::1");
}

static void a_pattern_is_for_the_whole_line(void **state)
{
	struct found f = scan("flood by (?<addr>(?&ip))", NULL, "flood by 192.0.2.5 x\nx flood by 192.0.2.5\nflood by 192.0.2.5\n", NULL);

	(void)state;
	assert_int_equal(f.n, 1);
}

static void a_pattern_without_literal_sees_every_line(void **state)
{
	struct found f = scan("\\w+ (?<addr>(?&ip))", NULL, "\nab 192.0.2.5\n\ncd 192.0.2.6", NULL);

	(void)state;
	assert_int_equal(f.n, 2);
	assert_string_equal(f.addrs[1], "192.0.2.6");
}

static void times_given_go_with_their_lines(void **state)
{
	static const usec_t times[] = { 1, 2, 3, 4 };
	struct found f = scan("flood by (?<addr>(?&ip))", NULL, "x\nflood by 192.0.2.5\ny\nflood by 192.0.2.6\n", times);

	(void)state;
	assert_int_equal(f.n, 2);
	assert_int_equal(f.times[0], 2);
	assert_int_equal(f.times[1], 4);
}

static void a_regex_without_end_stops_at_the_limit(void **state)
{
	char line[200];
	struct found f;

	(void)state;
	log_set_level(LOG_CRIT);
	strcpy(line, "slow ");
	memset(line + 5, 'a', 60);
	strcpy(line + 65, "b 192.0.2.5\n");
	f = scan("slow (a+)+ (?<addr>(?&ip))", NULL, line, NULL);
	log_set_level(LOG_INFO);
	/* It is told, and counts against nobody. */
	assert_int_equal(f.n, 1);
	assert_int_equal(f.counts[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_what_every_match_holds),
		cmocka_unit_test(times_of_every_gateway_are_read),
		cmocka_unit_test(every_reading_is_found),
		cmocka_unit_test(an_address_is_never_cut_short),
		cmocka_unit_test(a_pattern_is_for_the_whole_line),
		cmocka_unit_test(a_pattern_without_literal_sees_every_line),
		cmocka_unit_test(times_given_go_with_their_lines),
		cmocka_unit_test(a_regex_without_end_stops_at_the_limit),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
