/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lint: which filters it must refuse, which it must not, and that the shipped ones pass. */
#include "unit.h"

#include "base/log.h"
#include "base/text.h"
#include "config/filter.h"
#include "match/hostile.h"
#include "match/lint.h"
#include "match/token.h"
#include "match/wild.h"

static char dir[] = "/tmp/sipwarden-lint-XXXXXX";

static void write_filter(const char *text)
{
	_cleanup_free_ char *path = text_printf("%s/own.conf", dir);
	_cleanup_fclose_ FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

/* Lints the text as a filter. */
static void lint_text(const char *text, struct diag *diag, struct lint_result *result)
{
	char *dirs[] = { dir, NULL };
	struct filter *f = NULL;
	struct matcher *m = NULL;

	write_filter(text);
	assert_int_equal(filter_load("own", dirs, diag, &f), 0);
	assert_int_equal(matcher_new(f, diag, &m), 0);
	assert_int_equal(lint_run(m, 0, diag, result), 0);
	matcher_free(m);
	filter_free(f);
}

/* said: what the lint must say of it; NULL: no error. */
static struct lint_result lint(const char *text, const char *said)
{
	struct diag diag = DIAG_INIT;
	struct lint_result result;

	lint_text(text, &diag, &result);
	if (said) {
		assert_true(diag.errors > 0);
		assert_true(unit_said(&diag, 0, said));
	} else {
		if (diag.errors > 0)
			diag_print(&diag, stderr);
		assert_int_equal(diag.errors, 0);
	}
	diag_done(&diag);
	return result;
}

#define HEAD                     \
	"[filter]\n"             \
	"description = a test\n" \
	"[pattern one]\n"        \
	"class = auth-failure\n" \
	"source = this test\n"

#define REGISTRATION                                                                    \
	"example = chan_sip.c: Registration from '<sip:301@192.0.2.1>' failed for '192.0.2.5:5060' - Wrong password\n"

static void an_unquoted_field_that_ends_at_a_quote_can_be_aimed(void **state)
{
	(void)state;
	lint(HEAD "regex = chan_sip\\.c: Registration from '(?<from>[^']*)' failed for '(?<addr>(?&ip)):(?&port)'(?<text>.*)\n"
	     REGISTRATION, "can be aimed: with from as");
	/* The same, with the address taken where it stands first. */
	lint(HEAD "regex = chan_sip\\.c: Registration from '(?<from>.*?)' failed for '(?<addr>(?&ip))(?>:(?&port)'(?<text>.*))\n"
	     REGISTRATION, NULL);
	lint(HEAD "regex = chan_sip\\.c: Registration from '(?>(?<from>.*?)' failed for ')(?<addr>(?&ip)):(?&port)'(?<text>.*)\n"
	     REGISTRATION, "can be aimed: with from as");
}

static void a_field_read_in_all_ways_cannot(void **state)
{
	struct lint_result r;

	(void)state;
	r = lint(HEAD "regex = chan_sip\\.c: Registration from '(?<from>.*)' failed for '(?<addr>(?&ip)):(?&port)' - Wrong password\n"
		 REGISTRATION, NULL);
	assert_int_equal(r.patterns, 1);
	assert_int_equal(r.examples, 1);
	assert_true(r.rewrites > 50 && r.rewrites < 8000);
	/* With the last of the line fixed, there are always two readings. */
	assert_int_equal(r.lost, 0);
}

static void a_call_id_behind_the_address_can_be_what_aims(void **state)
{
#define REQUEST "example = Request from '<sip:1@192.0.2.1>' failed for '192.0.2.5:5070' (callid: 7@x) - Failed to authenticate\n"
	(void)state;
	lint(HEAD "regex = Request from '(?>(?<from>.*)' failed for ')(?<addr>(?&ip)):(?&port)' \\(callid: (?<id>.*)\\) - Failed to authenticate\n"
	     REQUEST, "with id as");
	lint(HEAD "never = from '\n"
	     "regex = Request from '(?<from>[^']*)' failed for '(?<addr>(?&ip)):(?&port)' (?>\\(callid: (?<id>.*)\\) - Failed to authenticate$)\n"
	     REQUEST, NULL);
	lint(HEAD "regex = Request from '(?<from>.*)' failed for '(?<addr>(?&ip)):(?&port)' (?>\\(callid: (?<id>.*)\\) - Failed to authenticate$)\n"
	     REQUEST, NULL);
#undef REQUEST
}

/* As filters for other programs often are: any text before, nothing said of what follows. */
static void patterns_that_take_any_text_are_refused(void **state)
{
	(void)state;
	lint(HEAD "regex = .*Registration from '[^']*' failed for '(?<addr>(?&ip))(?::\\d+)?' - .*\n" REGISTRATION,
	     "the lint cannot attack '.*'");
	lint(HEAD "regex = chan_sip\\.c: Registration from '[^']*' failed for '(?<addr>(?&ip))(?::\\d+)?' - Wrong password\n"
	     REGISTRATION, "the lint cannot attack '[^']*'");
	lint(HEAD "regex = SecurityEvent=\"Invalid\",(?:\\w+=\"[^\"]{0,40}\",)*Remote=\"(?<addr>(?&ip))\"\n"
	     "example = SecurityEvent=\"Invalid\",Session=\"x\",Remote=\"192.0.2.5\"\n", "the lint cannot attack");
	lint("[filter]\ndescription = x\nprefix = (?:\\S+ )?\n[pattern one]\nclass = flood\n"
	     "regex = flood from (?<addr>(?&ip))\nexample = x flood from 192.0.2.5\n", "prefix: the lint cannot attack '\\S+'");
}

static void a_second_field_may_take_up_what_the_first_began(void **state)
{
	(void)state;
	/* Each by itself is safe: a quote in user ends the match, and agent stands behind the address. */
	lint(HEAD "never = user '\n"
	     "regex = login user=(?<user>[^']*?) src='(?<addr>(?&ip))' agent=(?<agent>.*)\n"
	     "example = login user=100 src='192.0.2.5' agent=phone\n", NULL);
	lint(HEAD "regex = login user=(?<user>[^']*) src='(?<addr>(?&ip))' agent=(?<agent>[^']*)\n"
	     "example = login user=100 src='192.0.2.5' agent=phone\n", NULL);
	lint(HEAD "regex = login user='(?<user>[^ ]*)' agent='(?<agent>[^']*)' src=(?<addr>(?&ip)).{0,20}\n"
	     "example = login user='100' agent='phone' src=192.0.2.5\n", "can be aimed");
}

static void another_pattern_may_be_what_aims(void **state)
{
	(void)state;
	lint(HEAD "regex = denied '(?<user>.*)' from (?<addr>(?&ip)) for good\n"
	     "example = denied '100' from 192.0.2.5 for good\n"
	     "[pattern two]\nclass = acl-denied\nsource = this test\n"
	     "regex = denied '(?<user>.*)' from (?<addr>(?&ip)) with (?<text>.*)\n"
	     "example = denied '100' from 192.0.2.5 with prejudice\n", "pattern 'two'");
}

static void what_the_gateway_never_writes_is_not_tried(void **state)
{
#define QUOTED "regex = login \"(?<user>[^\"]*)\" from (?<addr>(?&ip)) (?<text>.*)\nexample = login \"100\" from 192.0.2.5 denied\n"
	(void)state;
	lint(HEAD QUOTED, "can be aimed");
	lint(HEAD "never = user \"\n" QUOTED, NULL);
	/* Claims of the filter are for all its patterns. */
	lint("[filter]\ndescription = x\nnever = user \"\n[pattern one]\nclass = auth-failure\n" QUOTED, NULL);
	/* Another field's claim is not this one's. */
	lint(HEAD "never = text \"\n" QUOTED, "can be aimed");
#undef QUOTED
#define ESCAPED "regex = login \"(?<user>(?:[^\"\\\\]|\\\\.)*+)\" from (?<addr>(?&ip)) (?<text>.*)\nexample = login \"100\" from 192.0.2.5 denied\n"
	lint(HEAD "escaped = user \"\\\n" ESCAPED, NULL);
	/* If a backslash itself is not escaped, one before the quote takes away what escapes it. */
	lint(HEAD "escaped = user \"\n" ESCAPED, "can be aimed");
#undef ESCAPED
}

static void a_field_within_another_is_bound_by_both(void **state)
{
	(void)state;
	lint(HEAD "never = from '\n"
	     "regex = from '(?<from>sip:(?<user>[^@]*)@[^']*)' failed for '(?<addr>(?&ip))' (?<text>.*)\n"
	     "example = from 'sip:100@x' failed for '192.0.2.5' twice\n", NULL);
	lint(HEAD "never = user '\n"
	     "regex = from '(?<from>sip:(?<user>[^@]*)@[^']*)' failed for '(?<addr>(?&ip))' (?<text>.*)\n"
	     "example = from 'sip:100@x' failed for '192.0.2.5' twice\n", "with from as");
}

static void a_line_lost_at_the_limit_is_told(void **state)
{
	(void)state;
	log_set_level(LOG_CRIT);
	lint(HEAD "regex = login (?<user>(?:a|.)*:.*:.*)x? from (?<addr>(?&ip)) denied\n"
	     "example = login a:b:c from 192.0.2.5 denied\n", "hits the match limit");
	log_set_level(LOG_INFO);
}

static void what_nobody_attacks_is_told(void **state)
{
	struct diag diag = DIAG_INIT;
	struct lint_result result;

	(void)state;
	lint(HEAD "regex = login from (?<addr>(?&ip))\n", "has no example");
	lint(HEAD "regex = login from (?<addr>(?&ip))\nexample = logged in from 192.0.2.5\n", "does not match pattern");
	lint(HEAD "regex = login from (?<addr>(?&ip))\nexample = login from 192.0.2.5\n"
	     "[pattern two]\nclass = flood\nregex = login from (?<addr>(?&ip))\n", "never matches");
	lint(HEAD "regex = login from (?<addr>(?&ip))(?: id (?<text>\\w*))?\nexample = login from 192.0.2.5 id x\n"
	     "[pattern two]\nclass = flood\nregex = login (?:again )?from (?<addr>(?&ip))\n"
	     "example = login from 192.0.2.5\n", "is taken by pattern 'one'");
	lint_text("[filter]\ndescription = x\n[pattern one]\nclass = flood\n"
		  "regex = login(?: of (?<user>.*))? from (?<addr>(?&ip))\nexample = login from 192.0.2.5\n",
		  &diag, &result);
	assert_int_equal(diag.errors, 0);
	assert_true(unit_said(&diag, 5, "no example fills (?<user>"));
	assert_true(unit_said(&diag, 3, "has no source"));
	diag_done(&diag);
}

static void wild_is(const char *regex, const char *item)
{
	const struct filter_text defines[] = { { (char *)"(?<loose>x[^,]+)", "test", 1 }, { (char *)"(?<who>(?<user>.*))", "test", 1 } };
	const struct filter f = { .defines = (struct filter_text *)defines, .n_defines = 2 };
	struct wild w;

	if (wild_find(&f, regex, &w) != (item != NULL))
		fail_msg("%s: found %.*s", regex, (int)w.item.len, w.item.len ? w.item.ptr : "nothing");
	if (item && !span_equal(w.item, SPAN(item)))
		fail_msg("%s: found %.*s, not %s", regex, (int)w.item.len, w.item.ptr, item);
}

static void room_for_anything_is_found(void **state)
{
	(void)state;
	wild_is("a.*b", ".*");
	wild_is("a\\S+", "\\S+");
	wild_is("a[^']*'", "[^']*");
	wild_is("a[^']{0,64}'", NULL);
	wild_is("a[^']{0,65}'", "[^']{0,65}");
	wild_is("a[^']{0,64}\"", "[^']{0,64}");
	wild_is("a.{0,40}", NULL);
	wild_is("a.{0,41}?b", ".{0,41}?");
	wild_is("(?:a.{2}b?)*", "(?:a.{2}b?)*");
	wild_is("(?:[^,]|\\\\.)+", "(?:[^,]|\\\\.)+");
	wild_is("[\\s\\S]*", "[\\s\\S]*");
	wild_is("[ -~]{50}", "[ -~]{50}");
	/* An address does not fit in, or nothing that could stand around it. */
	wild_is("\\d+[a-z ]*[0-9a-f:.]+\\w*", NULL);
	wild_is("[^0-9]*", NULL);
	wild_is("[\\w ()]{1,60}", NULL);
	wild_is("[\\w .()]{1,60}", "[\\w .()]{1,60}");
	/* Where the lint attacks, or where nothing is taken. */
	wild_is("(?<user>.*) (?<text>[^']+)(?=.*x)(?!.*y)(?<=z)", NULL);
	wild_is("(?<addr>.*)", ".*");
	wild_is("(?&who)", NULL);
	wild_is("(?&loose)", "[^,]+");
	wild_is("(?&quoted)", "(?:[^\"\\\\]|\\\\.)*+");
	wild_is("(?&ip):(?&port) (?&host)", NULL);
	/* What is no regex must not lead it astray. */
	wild_is("a)b.*", ".*");
	wild_is("(((", NULL);
	wild_is("[", NULL);
	wild_is("\\", NULL);
}

static void own_addresses_are_renamed(void **state)
{
	static const struct {
		const char *own, *from, *to;
	} cases[] = {
		{ "192.0.2.5", "a 192.0.2.5:5060 b", "a 203.0.113.66:5060 b" },
		{ "192.0.2.5", "192.0.2.55 1192.0.2.5 192.0.2.5.", "192.0.2.55 1192.0.2.5 203.0.113.66." },
		{ "192.0.2.5", "[::ffff:192.0.2.5]", "[::ffff:203.0.113.66]" },
		{ "2001:db8::5", "'[2001:db8::5]:5060' 2001:DB8:0::5", "'[203.0.113.66]:5060' 203.0.113.66" },
		{ "203.0.113.66", "203.0.113.66", "203.0.113.67" },
		{ "192.0.2.5", "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(cases); i++) {
		struct addr own = unit_addr(cases[i].own);
		_cleanup_free_ char *got = hostile_rename(SPAN(cases[i].from), &own);

		assert_string_equal(got, cases[i].to);
	}
}

static void lint_shipped(const char *name, struct lint_result *all)
{
	static char *dirs[] = { (char *)"filters", NULL };
	struct diag diag = DIAG_INIT;
	struct lint_result result = { 0 };
	struct filter *f = NULL;
	struct matcher *m = NULL;

	assert_int_equal(filter_load(name, dirs, &diag, &f), 0);
	assert_int_equal(matcher_new(f, &diag, &m), 0);
	assert_int_equal(lint_run(m, LINT_SOURCES, &diag, &result), 0);
	diag_print(&diag, stderr);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(diag.warnings, 0);
	all->examples += result.examples;
	all->rewrites += result.rewrites;
	matcher_free(m);
	filter_free(f);
	diag_done(&diag);
}

static void nobody_can_aim_a_shipped_filter(void **state)
{
	static char *dirs[] = { (char *)"filters", NULL };
	struct lint_result all = { 0 };
	char **names;
	size_t i;

	(void)state;
	log_set_level(LOG_ERR);
	assert_int_equal(filter_names(dirs, &names), 0);
	for (i = 0; names[i]; i++)
		lint_shipped(names[i], &all);
	assert_true(i >= 3 && all.examples >= 40 && all.rewrites >= 10000);
	filter_names_free(names);
	log_set_level(LOG_INFO);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	_cleanup_free_ char *path = text_printf("%s/own.conf", dir);

	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unquoted_field_that_ends_at_a_quote_can_be_aimed),
		cmocka_unit_test(a_field_read_in_all_ways_cannot),
		cmocka_unit_test(a_call_id_behind_the_address_can_be_what_aims),
		cmocka_unit_test(patterns_that_take_any_text_are_refused),
		cmocka_unit_test(a_second_field_may_take_up_what_the_first_began),
		cmocka_unit_test(another_pattern_may_be_what_aims),
		cmocka_unit_test(what_the_gateway_never_writes_is_not_tried),
		cmocka_unit_test(a_field_within_another_is_bound_by_both),
		cmocka_unit_test(a_line_lost_at_the_limit_is_told),
		cmocka_unit_test(what_nobody_attacks_is_told),
		cmocka_unit_test(room_for_anything_is_found),
		cmocka_unit_test(own_addresses_are_renamed),
		cmocka_unit_test(nobody_can_aim_a_shipped_filter),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
