/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "base/log.h"
#include "match/literal.h"
#include "match/match.h"

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
	literal_is("abcd(efghi)+j", "efghi");
	literal_is("abcd(?<x>efghi(?:jklmnop))q", "jklmnop");
	literal_is("abcd(?>efghij)?k", "abcd");
	literal_is("abcd(?:efghij){0,2}k", "abcd");
	literal_is("abcd(?:efghij|klmnop)q", "abcd");
	literal_is("abcd(?!efghij)q", "abcd");
	literal_is("abcd(?<=efghij)q", "abcd");
	literal_is("abcd(?:(?:efghij)?)q", "abcd");
	literal_is("x\\d+yzab\\x20cd", "yzab cd");
	literal_is("[]abc]wxyz", "wxyz");
	literal_is("[[:alpha:]x]wxyz", "wxyz");
	literal_is("(a\\)b[)]c)wxyz", "wxyz");
	literal_is("wxyz(a\\)b[)]cdefgh)", "cdefgh");
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

static void anchor_is(const char *regex, const char *expected)
{
	char buf[LITERAL_MAX];
	size_t n = literal_before_address(regex, buf);

	if (n != strlen(expected) || memcmp(buf, expected, n) != 0)
		fail_msg("%s: got %.*s, not %s", regex, (int)n, buf, expected);
}

static void an_address_behind_text_that_stands_once_is_the_only_one(void **state)
{
	(void)state;
	anchor_is("from '(?<from>.*)' failed for '(?<addr>[0-9.]+)'", "' failed for '");
	anchor_is("(?:.*)(?:,RemoteAddress=\"IPV[46]/(?<transport>\\w{1,10})/(?<addr>[0-9.]+)\")", ",RemoteAddress=\"IPV");
	/* What could be read in two ways, or be missing. */
	anchor_is("failed for '(?<user>.*) (?<addr>[0-9.]+)", "");
	anchor_is("failed for [^ ]* (?<addr>[0-9.]+)", "");
	anchor_is("failed for \\w+ (?<addr>[0-9.]+)", "");
	anchor_is("failed for \\w{2,}(?<addr>[0-9.]+)", "");
	anchor_is("(?:failed for )?(?<addr>[0-9.]+)", "");
	anchor_is("(?:failed for '(?<addr>[0-9.]+)')?", "");
	anchor_is("failed for '(?:(?<addr>[0-9.]+)|(?<addr>[0-9:]+))'", "");
	anchor_is("failed for '(?:(?<addr>[0-9.]+)|x)'", "");
	anchor_is("(?<addr>[0-9.]+) failed", "");
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
	struct match_stats stats;
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

static struct time_reader *reader;

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
	matcher_scan(m, lines, strlen(lines), times, reader, collect, &found);
	matcher_stats(m, &found.stats);
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

static void times_in_the_text_are_read(void **state)
{
	static const char lines[] = "2026-11-24 10:00:00 flood by 192.0.2.5\nx\nflood by 192.0.2.6 at 24.11.2026 11:00:00\n"
				    "2026-11-24 10:00:00 flood by 192.0.2.7 at 24.11.2026 11:00:00\nflood by 192.0.2.8\n";
	static const char regex[] = "(?:\\S+ \\S+ )?flood by (?<addr>(?&ip))(?: at (?<time>\\S+ \\S+))?";
	const usec_t ten = 1795510800 * USEC_PER_SEC, hour = 3600 * USEC_PER_SEC;
	struct found f;

	(void)state;
	assert_int_equal(time_reader_new("+01:00", &reader), 0);
	f = scan(regex, NULL, lines, NULL);
	reader = time_reader_free(reader);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.times[0], ten);
	assert_int_equal(f.times[1], ten + hour);
	/* What the filter points at counts before the head. */
	assert_int_equal(f.times[2], ten + hour);
	/* One has none. */
	assert_int_equal(f.times[3], 0);
	assert_int_equal(f.stats.undated, 1);
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
		cmocka_unit_test(an_address_behind_text_that_stands_once_is_the_only_one),
		cmocka_unit_test(every_reading_is_found),
		cmocka_unit_test(an_address_is_never_cut_short),
		cmocka_unit_test(a_pattern_is_for_the_whole_line),
		cmocka_unit_test(a_pattern_without_literal_sees_every_line),
		cmocka_unit_test(times_given_go_with_their_lines),
		cmocka_unit_test(times_in_the_text_are_read),
		cmocka_unit_test(a_regex_without_end_stops_at_the_limit),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
