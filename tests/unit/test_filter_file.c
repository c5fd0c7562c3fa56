/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of filters, in a directory of the test's own. */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/filter.h"
#include "match/match.h"

struct place_dirs {
	char top[64], *dirs[3];
};

static int setup(void **state)
{
	struct place_dirs *p = calloc(1, sizeof(*p));

	strcpy(p->top, "/tmp/sipwarden-test-XXXXXX");
	assert_non_null(mkdtemp(p->top));
	assert_true(asprintf(&p->dirs[0], "%s/etc", p->top) > 0 && asprintf(&p->dirs[1], "%s/usr", p->top) > 0);
	mkdir(p->dirs[0], 0755);
	mkdir(p->dirs[1], 0755);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place_dirs *p = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", p->top);
	assert_int_equal(system(command), 0);
	free(p->dirs[0]);
	free(p->dirs[1]);
	free(p);
	return 0;
}

static void put(const struct place_dirs *p, const char *name, const char *text)
{
	_cleanup_free_ char *path = text_printf("%s/%s", p->top, name);
	char *slash = strrchr(path, '/');
	FILE *f;

	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char shipped[] = "[filter]\ndescription = x\nprefix = (?:\\[[^\\]]*\\] )?\n[list bad]\nfield = user\nclass = default-credential\n"
			      "words = admin\n  root\nfile = more.list\n"
			      "[pattern one]\nclass = auth-failure\nregex = failed for (?<user>\\w+)\n\t from (?<addr>(?&ip))\n"
			      "example = [now] failed for bob from 192.0.2.5\nexpect = address=192.0.2.5 user=bob\n"
			      "counterexample = failed from 192.0.2.5\n[pattern two]\nclass = scanner\nregex = scan by (?<addr>(?&ip))\n";

static struct filter *load(struct place_dirs *p, struct diag *diag)
{
	struct filter *f = NULL;

	*diag = (struct diag)DIAG_INIT;
	filter_load("pbx", p->dirs, diag, &f);
	return f;
}

static void a_filter_is_read_with_lists_and_examples(void **state)
{
	struct place_dirs *p = *state;
	struct matcher *m = NULL;
	struct diag diag;
	struct filter *f;
	struct event e;

	put(p, "usr/pbx.conf", shipped);
	put(p, "usr/more.list", "# comment\nGuest\n\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_int_equal(f->n_patterns, 2);
	assert_string_equal(f->patterns[0].regex.text, "failed for (?<user>\\w+)from (?<addr>(?&ip))");
	filter_free(f);
	/* A blank at the joint is written as \x20. */
	put(p, "usr/pbx.conf.d/x.conf", "[pattern one]\nclass = auth-failure\nregex = failed for (?<user>\\w+) from (?<addr>(?&ip))\n"
					"example = [now] failed for bob from 192.0.2.5\nexpect = address=192.0.2.5 user=bob\n");
	f = load(p, &diag);
	assert_int_equal(f->lists[0].n_words, 3);
	assert_int_equal(matcher_new(f, &diag, &m), 0);
	assert_int_equal(matcher_test(m, &diag), 1);
	assert_int_equal(diag.errors, 0);
	assert_true(matcher_line(m, "failed for GUEST from 192.0.2.6", 31, &e));
	assert_true(e.classes & CLASS_BIT(CLASS_DEFAULT_CREDENTIAL));
	assert_int_equal(e.class, CLASS_AUTH_FAILURE);
	matcher_free(m);
	filter_free(f);
	diag_done(&diag);
}

static void dropins_extend_and_a_file_of_the_same_name_replaces(void **state)
{
	struct place_dirs *p = *state;
	struct diag diag;
	struct filter *f;

	put(p, "usr/pbx.conf", shipped);
	put(p, "usr/more.list", "guest\n");
	put(p, "etc/more.list.d/own.list", "intern\n");
	put(p, "etc/pbx.conf.d/a.conf", "[pattern two]\nenabled = no\n[pattern three]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"
					"[list bad]\nwords = extra\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_int_equal(f->n_patterns, 2);
	assert_string_equal(f->patterns[1].name, "three");
	assert_int_equal(f->lists[0].n_words, 5);
	filter_free(f);
	put(p, "etc/pbx.conf.d/a.conf", "# nothing\n");
	put(p, "etc/pbx.conf", "[pattern own]\nclass = scanner\nregex = mine (?<addr>(?&ip))\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_string_equal(f->patterns[0].name, "own");
	filter_free(f);
	diag_done(&diag);
}

static void bad_filters_are_told_with_file_and_line(void **state)
{
	struct place_dirs *p = *state;
	struct matcher *m = NULL;
	struct diag diag;
	struct filter *f;

	put(p, "usr/pbx.conf", "[pattern a]\nclas = x\n[pattern b]\nclass = nothing\nregex = x\n[list l]\nfile = none.list\n"
			       "[pattern c]\nexpect = address=1\n[patterns]\n");
	assert_null(load(p, &diag));
	assert_true(unit_said(&diag, 2, "did you mean 'class'"));
	assert_true(unit_said(&diag, 1, "has no class"));
	assert_true(unit_said(&diag, 1, "has no regex"));
	assert_true(unit_said(&diag, 4, "unknown"));
	assert_true(unit_said(&diag, 7, "no such word list"));
	assert_true(unit_said(&diag, 9, "no example"));
	assert_true(unit_said(&diag, 10, "unknown section"));
	diag_done(&diag);
	put(p, "usr/pbx.conf", "[pattern a]\nclass = flood\nregex = abcd(\n[pattern b]\nclass = flood\nregex = a)|(b (?<addr>(?&ip))\n"
			       "[pattern c]\nclass = flood\nregex = no address here\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_int_equal(matcher_new(f, &diag, &m), -EINVAL);
	assert_true(unit_said(&diag, 3, "regex"));
	assert_true(unit_said(&diag, 6, "unmatched"));
	assert_true(unit_said(&diag, 9, "captures no address"));
	filter_free(f);
	diag_done(&diag);
	assert_int_equal(filter_load("pbxx", p->dirs, &diag, &f), -ENOENT);
	assert_true(unit_said(&diag, 0, "did you mean 'pbx'"));
	diag_done(&diag);
	assert_int_equal(filter_load("../etc/passwd", p->dirs, &diag, &f), -ENOENT);
	diag_done(&diag);
}

static void examples_that_fail_are_told(void **state)
{
	struct place_dirs *p = *state;
	struct matcher *m = NULL;
	struct diag diag;
	struct filter *f;

	put(p, "usr/pbx.conf", "[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\nexample = flood by 192.0.2.5\n"
			       "expect = address=192.0.2.6 user=- colour=red\nexample = something else\ncounterexample = flood by 192.0.2.7\n"
			       "[pattern b]\nclass = flood\nregex = from .*(?<addr>(?&ip)).* end\nexample = from 192.0.2.1 192.0.2.2 end\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_int_equal(matcher_new(f, &diag, &m), 0);
	assert_int_equal(matcher_test(m, &diag), 4);
	assert_true(unit_said(&diag, 5, "address=192.0.2.5, not 192.0.2.6"));
	assert_true(unit_said(&diag, 5, "'colour'"));
	assert_true(unit_said(&diag, 6, "does not match"));
	assert_true(unit_said(&diag, 7, "counterexample matches"));
	assert_true(unit_said(&diag, 11, "as 2 addresses"));
	matcher_free(m);
	filter_free(f);
	diag_done(&diag);
}

static void claims_are_read(void **state)
{
	struct place_dirs *p = *state;
	struct diag diag;
	struct filter *f;

	put(p, "usr/pbx.conf", "[filter]\nnever = agent '\"\n[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"
			       "source = the manual, 3.1\nnever = user <>\\x20\\x09\nescaped = id \"\n");
	f = load(p, &diag);
	assert_non_null(f);
	assert_int_equal(diag.errors, 0);
	assert_string_equal(f->claims[0].chars, "'\"");
	assert_string_equal(f->patterns[0].source.text, "the manual, 3.1");
	assert_int_equal(f->patterns[0].n_claims, 2);
	assert_string_equal(f->patterns[0].claims[0].chars, "<> \t");
	assert_true(f->patterns[0].claims[1].escaped);
	assert_int_equal(f->patterns[0].claims[1].field, SENDER_ID);
	filter_free(f);
	diag_done(&diag);

	put(p, "usr/pbx.conf", "[filter]\njournal = _TRANSPORT=syslog + _UID=0\n");
	assert_null(load(p, &diag));
	assert_true(unit_said(&diag, 2, "not a journal match"));
	diag_done(&diag);
	put(p, "usr/pbx.conf", "[pattern a]\nclass = flood\nregex = flood by (?<addr>(?&ip))\n"
			       "never = colour x\nnever = user\nnever = user \\x2\nescaped = id \\x00\n");
	f = load(p, &diag);
	assert_null(f);
	assert_true(unit_said(&diag, 4, "colour"));
	assert_true(unit_said(&diag, 5, "no characters"));
	assert_true(unit_said(&diag, 6, "bad"));
	assert_true(unit_said(&diag, 7, "bad"));
	diag_done(&diag);
}

#define FILTER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILTER_TEST(a_filter_is_read_with_lists_and_examples),
		FILTER_TEST(dropins_extend_and_a_file_of_the_same_name_replaces),
		FILTER_TEST(bad_filters_are_told_with_file_and_line),
		FILTER_TEST(examples_that_fail_are_told),
		FILTER_TEST(claims_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
