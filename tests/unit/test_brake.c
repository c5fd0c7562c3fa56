/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns that take too many steps: slowed down, switched off, and none of the shipped ones. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "match/brake.h"
#include "match/match.h"
#include "match/pattern.h"
#include "match/probe.h"

#define SECOND USEC_PER_SEC

static unsigned hit(struct brake *b, unsigned n, usec_t now, bool catastrophic)
{
	unsigned changes = 0;

	while (n-- > 0)
		changes += brake_note(b, now) && brake_judge(b, catastrophic);
	return changes;
}

static void a_few_hits_change_nothing(void **state)
{
	struct brake b = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(hit(&b, BRAKE_HITS - 1, (1000 + i * 60) * SECOND, true), 0);
	assert_int_equal(b.state, BRAKE_NONE);
	assert_int_equal(brake_limit(&b, 100, 9000 * SECOND), MATCH_LIMIT + 100 * MATCH_LIMIT_PER_BYTE);
}

static void many_within_a_minute_slow_it_down_until_it_behaves(void **state)
{
	struct brake b = { 0 };

	(void)state;
	assert_int_equal(hit(&b, 5 * BRAKE_HITS, 1000 * SECOND, false), 1);
	assert_int_equal(b.state, BRAKE_SLOW);
	assert_int_equal(brake_limit(&b, 100, 1001 * SECOND), BRAKE_LIMIT + 100 * BRAKE_LIMIT_PER_BYTE);
	/* Goes on: told once. */
	assert_int_equal(hit(&b, 5 * BRAKE_HITS, 1061 * SECOND, false), 0);
	brake_limit(&b, 100, 1122 * SECOND);
	assert_int_equal(b.state, BRAKE_SLOW);
	/* A minute without. */
	brake_limit(&b, 100, 1183 * SECOND);
	assert_int_equal(b.state, BRAKE_NONE);
}

static void what_is_catastrophic_is_off_for_good(void **state)
{
	struct brake b = { 0 };

	(void)state;
	assert_int_equal(hit(&b, BRAKE_HITS, 1000 * SECOND, true), 1);
	assert_int_equal(b.state, BRAKE_OFF);
	brake_limit(&b, 100, 90000 * SECOND);
	assert_int_equal(b.state, BRAKE_OFF);
}

/* A clock that is set back frees nothing for long. */
static void a_clock_set_back_begins_a_new_minute(void **state)
{
	struct brake b = { 0 };

	(void)state;
	hit(&b, BRAKE_HITS - 1, 1000 * SECOND, false);
	assert_int_equal(hit(&b, BRAKE_HITS, 500 * SECOND, false), 1);
	assert_int_equal(b.state, BRAKE_SLOW);
}

struct made {
	char dir[32];
	struct filter *filter;
	struct matcher *matcher;
	struct diag diag;
};

static void make(struct made *m, const char *text)
{
	char *dirs[] = { m->dir, NULL };
	_cleanup_free_ char *path = NULL;
	FILE *f;

	*m = (struct made){ .dir = "/tmp/sipwarden-XXXXXX" };
	assert_non_null(mkdtemp(m->dir));
	path = text_printf("%s/made.conf", m->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(filter_load("made", dirs, &m->diag, &m->filter), 0);
	assert_int_equal(matcher_new(m->filter, &m->diag, &m->matcher), 0);
	unlink(path);
	rmdir(m->dir);
}

static void unmake(struct made *m)
{
	matcher_free(m->matcher);
	filter_free(m->filter);
	diag_done(&m->diag);
}

/* The first is exponential, the second merely cubic, the third sound. */
#define FILTER                                                                                            \
	"[filter]\n"                                                                                      \
	"[pattern bad]\nclass = auth-failure\nregex = refused (?<user>(a+)+) from (?<addr>(?&ip))\n"      \
	"[pattern cubic]\nclass = auth-failure\nregex = denied (?<user>.*b.*b.*) at (?<addr>(?&ip)) end\n" \
	"[pattern good]\nclass = auth-failure\nregex = failed (?<user>\\w+) from (?<addr>(?&ip))\n"

#define BOMB "refused aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! from 192.0.2.5"

static unsigned count(const struct made *m, bool off)
{
	struct match_stats s;

	matcher_stats(m->matcher, &s);
	return (unsigned)(off ? s.off : s.limited);
}

static void scan(struct made *m, const char *text, unsigned times)
{
	struct event e;

	while (times-- > 0)
		matcher_line(m->matcher, text, strlen(text), &e);
}

struct named {
	char off[100], slow[100];
};

static void name(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off)
{
	struct named *n = userdata;

	assert_string_equal(f->name, "made");
	strcat(strcat(off ? n->off : n->slow, p->name), " ");
}

static void a_catastrophic_pattern_is_switched_off_and_others_go_on(void **state)
{
	struct named n = { "", "" };
	struct event e;
	struct made m;

	(void)state;
	make(&m, FILTER);
	matcher_brake(m.matcher);
	scan(&m, BOMB, 1000);
	assert_int_equal(count(&m, false), BRAKE_HITS);
	assert_int_equal(count(&m, true), 1000 - BRAKE_HITS);
	matcher_braked_each(m.matcher, name, &n);
	assert_string_equal(n.off, "bad ");
	assert_string_equal(n.slow, "");
	assert_false(matcher_line(m.matcher, "refused aa from 192.0.2.5", 25, &e));
	assert_true(matcher_line(m.matcher, "failed bob from 192.0.2.5", 25, &e));
	unmake(&m);
}

/* A sender who knows lines that take long can have a pattern slowed down, but not blind it. */
static void a_pattern_that_is_only_slow_still_finds_the_others(void **state)
{
	const char *bs = "denied bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb at 192.0.2.5 en";
	struct named n = { "", "" };
	struct event e;
	struct made m;

	(void)state;
	make(&m, FILTER);
	matcher_brake(m.matcher);
	scan(&m, bs, 1000);
	assert_int_equal(count(&m, false), 1000);
	assert_int_equal(count(&m, true), 0);
	matcher_braked_each(m.matcher, name, &n);
	assert_string_equal(n.off, "");
	assert_string_equal(n.slow, "cubic ");
	assert_true(matcher_line(m.matcher, "denied bob b at 192.0.2.6 end", 29, &e));
	assert_int_equal(e.n_addrs, 1);
	unmake(&m);
}

/* The lint counts limits; nothing is hidden from it. */
static void unasked_nothing_is_switched_off(void **state)
{
	struct made m;

	(void)state;
	make(&m, FILTER);
	scan(&m, BOMB, 1000);
	assert_int_equal(count(&m, false), 1000);
	unmake(&m);
}

static void check_finds_the_bad_one_before_anybody_else(void **state)
{
	struct diag diag = DIAG_INIT;
	struct made m;

	(void)state;
	make(&m, FILTER "example = failed bob from 192.0.2.5\n");
	matcher_probe(m.matcher, &diag);
	assert_int_equal(diag.warnings, 0); /* nothing tells how its lines begin */
	unmake(&m);
	make(&m, "[filter]\n[pattern bad]\nclass = auth-failure\nregex = refused (?<user>(a+)+) from (?<addr>(?&ip))\n"
		 "example = refused aa from 192.0.2.5\n");
	matcher_probe(m.matcher, &diag);
	assert_int_equal(diag.warnings, 1);
	diag_done(&diag);
	unmake(&m);
}

static void try_examples(const struct filter *f, struct pattern_context *c)
{
	struct diag diag = DIAG_INIT;
	struct grammar *g = NULL;
	size_t i, k;

	assert_int_equal(pattern_grammar(f, &diag, &g), 0);
	for (i = 0; i < f->n_patterns; i++) {
		const struct filter_pattern *text = &f->patterns[i];
		struct pattern *p = NULL;
		struct event e;

		assert_int_equal(pattern_new(f, g, text, &diag, &p), 0);
		assert_false(probe_pattern(p, c, text));
		for (k = 0; k < text->n_examples; k++) {
			const char *line = text->examples[k].line.text;
			uint32_t limit = BRAKE_LIMIT + (uint32_t)strlen(line) * BRAKE_LIMIT_PER_BYTE;
			enum pattern_result slow, fast = pattern_match(p, c, line, strlen(line), &e);

			/* With half of what it would have. */
			slow = pattern_match_within(p, c, limit / 2, line, strlen(line), &e);
			if (slow != fast)
				print_error("%s: %s: %s\n", f->name, text->name, line);
			assert_int_equal(slow, fast);
		}
		pattern_free(p);
	}
	grammar_free(g);
	diag_done(&diag);
}

/* So slowing one down loses no line that a gateway writes, and none can be switched off. */
static void all_shipped_patterns_are_content_with_few_steps(void **state)
{
	static char *dirs[] = { (char *)"filters", NULL };
	struct pattern_context *c = NULL;
	char **names;
	size_t i;

	(void)state;
	assert_int_equal(pattern_context_new(&c), 0);
	assert_int_equal(filter_names(dirs, &names), 0);
	for (i = 0; names[i]; i++) {
		struct diag diag = DIAG_INIT;
		struct filter *f = NULL;

		assert_int_equal(filter_load(names[i], dirs, &diag, &f), 0);
		try_examples(f, c);
		filter_free(f);
		diag_done(&diag);
	}
	assert_true(i > 10);
	filter_names_free(names);
	pattern_context_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_hits_change_nothing),
		cmocka_unit_test(many_within_a_minute_slow_it_down_until_it_behaves),
		cmocka_unit_test(what_is_catastrophic_is_off_for_good),
		cmocka_unit_test(a_clock_set_back_begins_a_new_minute),
		cmocka_unit_test(a_catastrophic_pattern_is_switched_off_and_others_go_on),
		cmocka_unit_test(a_pattern_that_is_only_slow_still_finds_the_others),
		cmocka_unit_test(unasked_nothing_is_switched_off),
		cmocka_unit_test(check_finds_the_bad_one_before_anybody_else),
		cmocka_unit_test(all_shipped_patterns_are_content_with_few_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
