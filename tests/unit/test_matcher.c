/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters made ready to run: several at once, their grammar, their lists. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "match/expand.h"
#include "match/match.h"

/* A filter written into a file, as an admin would. */
struct made {
	char dir[32];
	struct filter *filter;
	struct matcher *matcher;
	struct diag diag;
};

static int make(struct made *m, const char *text)
{
	char *dirs[] = { m->dir, NULL };
	_cleanup_free_ char *path = NULL;
	FILE *f;
	int r;

	*m = (struct made){ .dir = "/tmp/sipwarden-XXXXXX" };
	assert_non_null(mkdtemp(m->dir));
	path = text_printf("%s/made.conf", m->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	r = filter_load("made", dirs, &m->diag, &m->filter);
	if (r == 0)
		r = matcher_new(m->filter, &m->diag, &m->matcher);
	unlink(path);
	rmdir(m->dir);
	return r;
}

static void unmake(struct made *m)
{
	matcher_free(m->matcher);
	filter_free(m->filter);
	diag_done(&m->diag);
}

static bool line(struct matcher *m, const char *text, struct event *e)
{
	return matcher_line(m, text, strlen(text), e);
}

#define WORDS "[list names]\nfield = user\nclass = default-credential\nwords = operator\n" \
	      "[list tools]\nfield = agent\nclass = scanner\nwords = zmap\n"

static void a_name_counts_against_refusals_only(void **state)
{
	struct made m;
	struct event e;

	(void)state;
	assert_int_equal(make(&m, WORDS "[pattern ok]\nclass = auth-success\nregex = welcome (?<user>\\w+) at (?<addr>(?&ip)) with (?<agent>\\w+)\n"
				  "[pattern asked]\nclass = auth-challenge\nregex = asking (?<user>\\w+) at (?<addr>(?&ip)) with (?<agent>\\w+)\n"
				  "[pattern call]\nclass = call-attempt\nregex = call by (?<user>\\w+) at (?<addr>(?&ip)) with (?<agent>\\w+)\n"
				  "[pattern no]\nclass = auth-failure\nregex = refused (?<user>\\w+) at (?<addr>(?&ip)) with (?<agent>\\w+)\n"),
			 0);
	assert_true(line(m.matcher, "welcome operator at 192.0.2.5 with zmap", &e));
	assert_int_equal(e.classes, CLASS_BIT(CLASS_AUTH_SUCCESS));
	assert_true(line(m.matcher, "asking operator at 192.0.2.5 with phone", &e));
	assert_int_equal(e.classes, CLASS_BIT(CLASS_AUTH_CHALLENGE));
	assert_true(line(m.matcher, "asking operator at 192.0.2.5 with zmap", &e));
	assert_int_equal(e.classes, CLASS_BIT(CLASS_AUTH_CHALLENGE) | CLASS_BIT(CLASS_SCANNER));
	assert_true(line(m.matcher, "call by operator at 192.0.2.5 with phone", &e));
	assert_int_equal(e.classes, CLASS_BIT(CLASS_CALL_ATTEMPT));
	assert_true(line(m.matcher, "refused operator at 192.0.2.5 with phone", &e));
	assert_int_equal(e.classes, CLASS_BIT(CLASS_AUTH_FAILURE) | CLASS_BIT(CLASS_DEFAULT_CREDENTIAL));
	unmake(&m);
}

static void unwanted_lines_are_left_alone_and_others_never(void **state)
{
	struct match_stats stats;
	struct made m;
	struct event e;

	(void)state;
	assert_int_equal(make(&m, WORDS "[pattern asked]\nclass = auth-challenge\nregex = challenge of (?<user>.*) at (?<addr>(?&ip))\n"
				  "[pattern tool]\nclass = auth-challenge\nregex = with agent (?<agent>.*) at (?<addr>(?&ip))\n"
				  "[pattern no]\nclass = auth-failure\nregex = .*refused at (?<addr>(?&ip))\n"),
			 0);
	matcher_want(m.matcher, CLASS_BIT(CLASS_AUTH_FAILURE) | CLASS_BIT(CLASS_SCANNER));
	assert_false(line(m.matcher, "challenge of x at 192.0.2.5", &e));
	matcher_stats(m.matcher, &stats);
	assert_int_equal(stats.unwanted, 1);
	/* It could be a scanner's, and the other holds what an attack holds, too. */
	assert_true(line(m.matcher, "with agent zmap at 192.0.2.5", &e));
	assert_true(line(m.matcher, "challenge of refused at 192.0.2.5", &e));
	assert_int_equal(e.class, CLASS_AUTH_CHALLENGE);
	assert_true(line(m.matcher, "refused at 192.0.2.5", &e));
	unmake(&m);
}

static void several_filters_are_one(void **state)
{
	const struct filter *filters[2];
	struct matcher *both;
	struct made a, b;
	struct event e;

	(void)state;
	assert_int_equal(make(&a, "[filter]\nprefix = one:\\x20\ndefine = (?<end>[.])\n"
				  "[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))(?&end)\n"),
			 0);
	assert_int_equal(make(&b, "[filter]\nprefix = (?:one|two):\\x20\ndefine = (?<end>[!])\n"
				  "[pattern b]\nclass = malformed\nregex = flood by (?<addr>(?&ip))(?&end)?+.?\n"),
			 0);
	filters[0] = a.filter;
	filters[1] = b.filter;
	assert_int_equal(matcher_join(filters, 2, &a.diag, &both), 0);
	assert_string_equal(matcher_name(both), "made made");
	assert_true(line(both, "one: flood by 192.0.2.5.", &e));
	assert_string_equal(e.pattern, "a");
	assert_true(line(both, "one: flood by 192.0.2.5!", &e));
	assert_string_equal(e.pattern, "b");
	assert_int_equal(e.pattern_index, 1);
	assert_true(line(both, "two: flood by 192.0.2.5", &e));
	assert_false(line(both, "three: flood by 192.0.2.5", &e));
	matcher_free(both);
	unmake(&a);
	unmake(&b);
}

static void any_of_several_literals_finds_the_line(void **state)
{
	struct made m;
	struct event e;

	(void)state;
	assert_int_equal(make(&m, "[pattern a]\nclass = flood\nregex = (?:alpha|beta) by (?<addr>(?&ip))\nliteral = alpha by\n\tbeta by\n"),
			 0);
	assert_true(line(m.matcher, "alpha by 192.0.2.5", &e));
	assert_true(line(m.matcher, "beta by 192.0.2.5", &e));
	unmake(&m);
	assert_int_equal(make(&m, "[pattern a]\nclass = flood\nregex = (?:alpha|beta) by (?<addr>(?&ip))\nliteral = alpha by\n\tb\n"),
			 -EINVAL);
	assert_true(unit_said(&m.diag, 4, "too short"));
	unmake(&m);
}

static void every_text_and_the_time_are_captured(void **state)
{
	struct made m;
	struct event e;

	(void)state;
	assert_int_equal(make(&m, "[pattern a]\nclass = flood\nregex = say (?<text>.*) of (?<addr>(?&ip)) on (?<time>\\S+ \\S+) and (?<text>.*)\n"),
			 0);
	assert_true(line(m.matcher, "say this of 192.0.2.5 on 2026-11-24 10:00:00 and that", &e));
	assert_int_equal(e.n_texts, 2);
	assert_true(span_equal(e.texts[0], SPAN("this")));
	assert_true(span_equal(e.texts[1], SPAN("that")));
	assert_true(span_equal(e.stamp, SPAN("2026-11-24 10:00:00")));
	unmake(&m);
}

static void note_addr(void *userdata, const struct event *e)
{
	char *text = userdata, addr[ADDR_TEXT_MAX];

	sprintf(text + strlen(text), "%zu:%s ", e->n_addrs, e->n_addrs ? addr_format(&e->addrs[0], addr) : "-");
}

/* A folded header that FreeSWITCH logs as it came: the sender ends the first line where he likes. */
static void a_line_that_goes_on_is_read_to_its_end(void **state)
{
	static const char log[] = "refused [x@y] from ip 203.0.113.9\n z] from ip 192.0.2.5\n"
				  "refused [a] from ip 192.0.2.6\nrefused [b] from ip 192.0.2.7\n\tx\n";
	char got[200] = "";
	struct made m;

	(void)state;
	assert_int_equal(make(&m, "[filter]\ncontinued = [ \\t]\n[pattern a]\nclass = flood\n"
				  "regex = refused \\[(?<user>.*)\\] from ip (?<addr>(?&ip))\n"),
			 0);
	assert_true(matcher_continues(m.matcher));
	assert_true(matcher_is_continued(m.matcher, " x", 2));
	assert_false(matcher_is_continued(m.matcher, "x", 1));
	matcher_scan(m.matcher, log, sizeof(log) - 1, NULL, NULL, note_addr, got);
	assert_string_equal(got, "1:192.0.2.5 1:192.0.2.6 ");
	unmake(&m);
	assert_int_equal(make(&m, "[filter]\ncontinued = (\n[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"), -EINVAL);
	assert_true(unit_said(&m.diag, 2, "continued"));
	unmake(&m);
}

static void a_weak_line_gives_way_to_its_twin(void **state)
{
	static const char weak[] = "[2026-11-24 10:00:00] weak 192.0.2.5\n", strong[] = "[2026-11-24 10:30:00] strong 192.0.2.5\n",
			  soon[] = "[2026-11-24 11:20:00] weak 192.0.2.6\n", late[] = "[2026-11-24 11:31:00] weak 192.0.2.7\n";
	struct match_stats stats;
	char got[200] = "";
	struct time_reader *reader = NULL;
	struct made m;

	(void)state;
	assert_int_equal(time_reader_new("UTC", &reader), 0);
	assert_int_equal(make(&m, "[filter]\nprefix = \\[[\\d: -]{19}\\]\\x20\n[pattern weak]\nclass = flood\nregex = weak (?<addr>(?&ip))\n"
				  "unless = strong gone\n[pattern strong]\nclass = flood\nregex = strong (?<addr>(?&ip))\n"),
			 0);
	/* One by one, as a test does, it makes no difference. */
	matcher_scan(m.matcher, strong, sizeof(strong) - 1, NULL, reader, note_addr, got);
	matcher_scan(m.matcher, soon, sizeof(soon) - 1, NULL, reader, note_addr, got);
	assert_string_equal(got, "1:192.0.2.5 1:192.0.2.6 ");
	*got = '\0';
	matcher_trust_twins(m.matcher);
	matcher_scan(m.matcher, weak, sizeof(weak) - 1, NULL, reader, note_addr, got);
	matcher_scan(m.matcher, strong, sizeof(strong) - 1, NULL, reader, note_addr, got);
	matcher_scan(m.matcher, soon, sizeof(soon) - 1, NULL, reader, note_addr, got);
	matcher_scan(m.matcher, late, sizeof(late) - 1, NULL, reader, note_addr, got);
	assert_string_equal(got, "1:192.0.2.5 1:192.0.2.5 1:192.0.2.7 ");
	matcher_stats(m.matcher, &stats);
	assert_int_equal(stats.twins, 1);
	unmake(&m);
	time_reader_free(reader);
}

static const char sent[] = "sent to 192.0.2.5: abc123\nsent to 192.0.2.6: def456\n";

static bool answers(struct matcher *m, const char *text)
{
	struct event e;

	assert_true(line(m, text, &e));
	return matcher_was_challenged(m, &e);
}

static void who_answers_a_challenge_has_received_it(void **state)
{
	struct match_stats stats;
	struct made m;
	unsigned i;

	(void)state;
	assert_int_equal(make(&m, "[pattern sent]\nclass = auth-challenge\nregex = sent to (?<addr>(?&ip)): (?<challenge>\\w+)\n"
				  "[pattern wrong]\nclass = auth-failure\nregex = wrong (?<text>(?<challenge>.*)) of (?<addr>(?&ip))\n"),
			 0);
	/* Though nobody counts them, they are remembered. */
	matcher_want(m.matcher, CLASS_BIT(CLASS_AUTH_FAILURE));
	matcher_scan(m.matcher, sent, sizeof(sent) - 1, NULL, NULL, note_addr, (char[200]){ 0 });
	matcher_stats(m.matcher, &stats);
	assert_int_equal(stats.unwanted, 2);
	assert_true(answers(m.matcher, "wrong abc123 of 192.0.2.5"));
	assert_true(answers(m.matcher, "wrong def456 of 192.0.2.6"));
	matcher_want(m.matcher, ~(class_set)0);
	assert_false(answers(m.matcher, "sent to 192.0.2.5: abc123"));
	matcher_want(m.matcher, CLASS_BIT(CLASS_AUTH_FAILURE));
	/* Another's, a part of one, none, or text that only looks like one. */
	assert_false(answers(m.matcher, "wrong abc123 of 192.0.2.6"));
	assert_false(answers(m.matcher, "wrong abc12 of 192.0.2.5"));
	assert_false(answers(m.matcher, "wrong  of 192.0.2.5"));
	assert_false(answers(m.matcher, "wrong 1/2 of 192.0.2.5"));
	assert_false(answers(m.matcher, "wrong sent to 192.0.2.5: zzz of 192.0.2.5"));
	assert_false(answers(m.matcher, "wrong zzz of 192.0.2.5"));
	/* After many others it is forgotten. */
	for (i = 0; i < 6000; i++)
		matcher_scan(m.matcher, "sent to 192.0.2.9: 0000\n", 24, NULL, NULL, note_addr, (char[200]){ 0 });
	assert_false(answers(m.matcher, "wrong abc123 of 192.0.2.5"));
	unmake(&m);
}

static void a_define_that_is_none_is_told(void **state)
{
	struct made m;

	(void)state;
	assert_int_equal(make(&m, "[filter]\ndefine = (?<ip>x)\n[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"),
			 -EINVAL);
	assert_true(unit_said(&m.diag, 2, "'ip' already"));
	unmake(&m);
	assert_int_equal(make(&m, "[filter]\ndefine = (?<x>x)y\n[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"), -EINVAL);
	assert_true(unit_said(&m.diag, 2, "named groups"));
	unmake(&m);
}

static void expands_to(const struct grammar *g, const char *regex, const char *expected)
{
	char *got = NULL;
	int r = grammar_expand(g, regex, &got);

	if (!expected) {
		assert_int_equal(r, -EOPNOTSUPP);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(got, expected);
	free(got);
}

static void calls_are_written_out(void **state)
{
	struct grammar *g;
	struct span name;

	(void)state;
	assert_int_equal(grammar_new(&g), 0);
	assert_int_equal(grammar_add(g, "(?<a>x(?:[)(]|\\)))(?<b>(?&a)+)", &name), 0);
	assert_int_equal(grammar_add(g, "(?<c>(?&c)?y)", &name), 0);
	assert_int_equal(grammar_add(g, "(?<a>z)", &name), -EEXIST);
	assert_int_equal(grammar_add(g, "", &name), -EINVAL);
	expands_to(g, "", "");
	expands_to(g, "1(?&b)2", "1(?:(?:x(?:[)(]|\\)))+)2");
	expands_to(g, "(?<user>(?&a))", "(?<user>(?:x(?:[)(]|\\))))");
	expands_to(g, "[(?&a)]\\(?&a", "[(?&a)]\\(?&a");
	/* Left as they are: a group that calls itself, an unknown one, other ways to call or refer. */
	expands_to(g, "(?&c)", NULL);
	expands_to(g, "(?&nobody)", NULL);
	expands_to(g, "(?P>a)(?&a)", NULL);
	expands_to(g, "(.)\\1(?&a)", NULL);
	expands_to(g, "(?x) (?&a)", NULL);
	expands_to(g, "\\Q(?&a)\\E", NULL);
	grammar_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_counts_against_refusals_only),
		cmocka_unit_test(unwanted_lines_are_left_alone_and_others_never),
		cmocka_unit_test(several_filters_are_one),
		cmocka_unit_test(any_of_several_literals_finds_the_line),
		cmocka_unit_test(every_text_and_the_time_are_captured),
		cmocka_unit_test(a_line_that_goes_on_is_read_to_its_end),
		cmocka_unit_test(a_weak_line_gives_way_to_its_twin),
		cmocka_unit_test(who_answers_a_challenge_has_received_it),
		cmocka_unit_test(a_define_that_is_none_is_told),
		cmocka_unit_test(calls_are_written_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
