/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shipped filters on real lines with known answers, and on forged ones. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/filter.h"
#include "config/textfile.h"
#include "match/match.h"

#include "corpus_exceptions.h"

static char *dirs[] = { (char *)"filters", NULL };

/* As "sipwarden simulate" matches, and not as the agent does. */
static bool jit;

struct loaded {
	struct filter *filter;
	struct matcher *matcher;
};

static void load(const char *name, struct loaded *l)
{
	struct diag diag = DIAG_INIT;
	int r = filter_load(name, dirs, &diag, &l->filter);

	if (r == 0)
		r = matcher_new(l->filter, &diag, &l->matcher);
	if (r == 0 && jit)
		r = matcher_use_jit(l->matcher);
	diag_print(&diag, stderr);
	assert_int_equal(r, 0);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(diag.warnings, 0);
	diag_done(&diag);
}

static void unload(struct loaded *l)
{
	matcher_free(l->matcher);
	filter_free(l->filter);
}

/* Takes the field up to the next tab from *rest. */
static struct span next_field(struct span *rest)
{
	const char *tab = memchr(rest->ptr, '\t', rest->len);
	struct span field = { rest->ptr, (size_t)(tab - rest->ptr) };

	assert_non_null(tab);
	rest->ptr = tab + 1;
	rest->len -= field.len + 1;
	return field;
}

/* Their rows are from the tests of others, who mostly did not say whom a line names. */
static bool says_users(const char *filter)
{
	static const char *const silent[] = { "sshd", "dropbear", "nginx", "apache" };
	size_t i;

	for (i = 0; i < ELEMENTSOF(silent); i++)
		if (strcmp(filter, silent[i]) == 0)
			return false;
	return true;
}

static bool is_exception(struct span addr, struct span line)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(corpus_exceptions); i++)
		if (span_equal(addr, SPAN(corpus_exceptions[i].addr)) &&
		    span_equal(line, SPAN(corpus_exceptions[i].line)))
			return true;
	return false;
}

struct row {
	struct span addr, class, user, line;
};

/* NULL: the event is what the row says; else what is wrong. */
static const char *compare(const struct row *row, bool matched, const struct event *e)
{
	char got[ADDR_TEXT_MAX];

	if (span_equal(row->addr, SPAN("-")))
		return matched ? "matched" : NULL;
	if (!matched)
		return "not matched";
	if (e->n_addrs != 1 || !span_equal(SPAN(addr_format(&e->addrs[0], got)), row->addr))
		return "wrong address";
	if (!span_equal(SPAN(class_name(e->class)), row->class))
		return "wrong class";
	if (!span_equal(row->user, SPAN("-")))
		return span_equal(e->user, row->user) ? NULL : "wrong user";
	return e->user.ptr && says_users(e->filter) ? "a user" : NULL;
}

static void check_line(struct matcher *m, struct span line)
{
	const char *wrong;
	struct event e;
	struct row row;
	bool matched;

	row.addr = next_field(&line);
	row.class = next_field(&line);
	row.user = next_field(&line);
	next_field(&line);
	next_field(&line);
	row.line = line;
	matched = matcher_line(m, line.ptr, line.len, &e);
	wrong = compare(&row, matched, &e);
	if (is_exception(row.addr, line))
		assert_non_null(wrong);
	else if (wrong)
		fail_msg("%s: %.*s", wrong, (int)line.len, line.ptr);
}

static char *read_file(const char *path, struct span *rest)
{
	struct diag diag = DIAG_INIT;
	char *text = NULL;

	assert_int_equal(textfile_read(path, 1 << 20, &diag, &text, &rest->len), 0);
	rest->ptr = text;
	return text;
}

static char *read_corpus(const char *name, struct span *rest)
{
	char path[128];

	snprintf(path, sizeof(path), "tests/corpora/%s", name);
	return read_file(path, rest);
}

/* tests/corpora/NAME.tsv, against the filter NAME. */
static unsigned check_corpus(const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	_cleanup_free_ char *filter = strndup(base, strlen(base) - strlen(".tsv"));
	struct span rest, line;
	char *text = read_file(path, &rest);
	struct loaded l = { 0 };
	unsigned n = 0;

	load(filter, &l);
	for (; textfile_next_line(&rest, &line); n++)
		check_line(l.matcher, line);
	unload(&l);
	free(text);
	return n;
}

/* So that no row gets lost; raise it when rows are added. */
#define CORPUS_ROWS_MIN 405

static void every_corpus_line_is_right(void **state)
{
	unsigned rows = 0;
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob("tests/corpora/*.tsv", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++)
		rows += check_corpus(found.gl_pathv[i]);
	globfree(&found);
	assert_true(rows >= CORPUS_ROWS_MIN);
}

static void kamailio_live_is_right(void **state)
{
	struct span rest, line;
	char *text = read_corpus("kamailio-live.log", &rest);
	unsigned failures = 0, scanners = 0, others = 0;
	struct loaded l = { 0 };

	(void)state;
	load("kamailio", &l);
	while (textfile_next_line(&rest, &line)) {
		char addr[ADDR_TEXT_MAX];
		struct event e;

		if (!matcher_line(l.matcher, line.ptr, line.len, &e))
			continue;
		assert_int_equal(e.n_addrs, 1);
		addr_format(&e.addrs[0], addr);
		if (e.class == CLASS_SCANNER && strcmp(addr, "192.0.2.2") == 0)
			scanners++;
		else if (e.class == CLASS_AUTH_FAILURE && (strcmp(addr, "192.0.2.4") == 0 || strcmp(addr, "192.0.2.5") == 0))
			failures++;
		else
			others++;
	}
	assert_int_equal(failures, 11);
	assert_int_equal(scanners, 2);
	assert_int_equal(others, 0);
	unload(&l);
	free(text);
}

static void the_examples_of_all_filters_hold(void **state)
{
	char **names;
	unsigned n = 0, i;

	(void)state;
	assert_int_equal(filter_names(dirs, &names), 0);
	for (i = 0; names[i]; i++) {
		struct diag diag = DIAG_INIT;
		struct loaded l = { 0 };

		load(names[i], &l);
		n += matcher_test(l.matcher, &diag);
		diag_print(&diag, stderr);
		assert_int_equal(diag.errors, 0);
		diag_done(&diag);
		unload(&l);
	}
	assert_true(n >= 40);
	filter_names_free(names);
}

/* No reading gives an address that took no part; the sender is caught. */
static void forged_lines_name_nobody_else(void **state)
{
	struct span rest, line;
	char *text = read_corpus("asterisk22-forged.log", &rest);
	struct loaded l = { 0 };
	unsigned n = 0;

	(void)state;
	load("asterisk", &l);
	for (; textfile_next_line(&rest, &line); n++) {
		char addr[ADDR_TEXT_MAX];
		struct event e;

		assert_true(matcher_line(l.matcher, line.ptr, line.len, &e));
		assert_int_equal(e.n_addrs, 1);
		assert_string_equal(addr_format(&e.addrs[0], addr), "192.0.2.5");
	}
	assert_int_equal(n, 9);
	unload(&l);
	free(text);
}

/* Lines that Asterisk writes when a sender knows its printers and its logger: nobody else is named alone. */
static void crafted_lines_name_nobody_else(void **state)
{
	struct span rest, line;
	char *text = read_corpus("asterisk-crafted.log", &rest);
	struct loaded l = { 0 };
	unsigned n = 0, caught = 0;

	(void)state;
	load("asterisk", &l);
	for (; textfile_next_line(&rest, &line); n++) {
		char addr[ADDR_TEXT_MAX];
		struct event e;

		if (!matcher_line(l.matcher, line.ptr, line.len, &e) || e.n_addrs != 1)
			continue;
		assert_string_equal(addr_format(&e.addrs[0], addr), "192.0.2.5");
		caught++;
	}
	assert_int_equal(n, 10);
	assert_int_equal(caught, 2);
	unload(&l);
	free(text);
}

/* What Asterisk would log if the attacker put text into each field he can fill. */
static char *render_notice(const char *display, const char *call_id, const char *reason)
{
	char *line = text_printf("[2026-11-23 23:19:40.449] NOTICE[20323] res_pjsip/pjsip_distributor.c: Request "
				 "'REGISTER' from '\"%s\" <sip:nosuch@192.0.2.1>' failed for '192.0.2.5:5070' (callid: "
				 "%s) - %s",
				 display, call_id, reason);

	assert_non_null(line);
	return line;
}

static char *render_security(const char *account, const char *session, const char *challenge)
{
	char *line = text_printf(
		"[2026-11-23 23:19:40.120] SECURITY[20365] res_security_log.c: SecurityEvent=\"ChallengeResponseFailed\","
		"EventTV=\"2026-11-23T23:19:40.119+0000\",Severity=\"Error\",Service=\"PJSIP\",EventVersion=\"1\","
		"AccountID=\"%s\",SessionID=\"%s\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\","
		"RemoteAddress=\"IPV4/UDP/192.0.2.5/5070\",Challenge=\"%s\",Response=\"00\",ExpectedResponse=\"\"",
		account, session, challenge);

	assert_non_null(line);
	return line;
}

static char *render_registration(const char *from)
{
	char *line = text_printf("[2026-11-23 23:19:40.449] NOTICE[20323] chan_sip.c: Registration from '%s' failed for "
				 "'192.0.2.5:5070' - Wrong password",
				 from);

	assert_non_null(line);
	return line;
}

static char *render_call(const char *from, const char *number)
{
	char *line = text_printf("[2026-11-23 23:19:40.449] NOTICE[20323][C-00000001] chan_sip.c: Call from '%s' "
				 "(192.0.2.5:5070) to extension '%s' rejected because extension not found in context "
				 "'default'.",
				 from, number);

	assert_non_null(line);
	return line;
}

static void assert_not_aimed(struct matcher *m, char *line, unsigned *caught)
{
	char addr[ADDR_TEXT_MAX];
	struct event e;

	if (matcher_line(m, line, strlen(line), &e) && e.n_addrs == 1) {
		if (strcmp(addr_format(&e.addrs[0], addr), "192.0.2.5") != 0)
			fail_msg("aimed at %s: %s", addr, line);
		(*caught)++;
	}
	free(line);
}

static void text_of_other_events_in_any_field_cannot_aim(void **state)
{
	/* Ends of fields and starts of others, with another address in between. */
	static const char *const texts[] = {
		"x' failed for '203.0.113.9:5060' (callid: 1) - Failed to authenticate",
		"x' failed for '203.0.113.9:5060' (callid: 1",
		"7) - Failed' failed for '203.0.113.9:5060' (callid: 2",
		"x' failed for '203.0.113.9:5060' - Wrong password",
		"x' (203.0.113.9:5060) to extension '1",
		"x' (203.0.113.9:5060) to extension '1' rejected because extension not found in context 'default'.",
		"1' rejected because extension not found in context 'default'. Call from '' (203.0.113.9:5060) to extension '1",
		"203.0.113.9",
		"'203.0.113.9:5060'",
		"<sip:1@203.0.113.9>' failed for '203.0.113.9:5060' (callid: 1) - Failed to authenticate",
	};
	/* With quotes, which only these two fields of the security log take as they are. */
	static const char *const quoted[] = {
		"a\",RemoteAddress=\"IPV4/UDP/203.0.113.9/5060",
		"a\",SessionID=\"b\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",RemoteAddress=\"IPV4/UDP/203.0.113.9/5060",
		"a\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",RemoteAddress=\"IPV4/UDP/203.0.113.9/5060\",Challenge=\"",
		"a\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",RemoteAddress=\"IPV4/UDP/203.0.113.9/5060\",Challenge=\"\\",
		("a\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",RemoteAddress=\"IPV4/UDP/203.0.113.9/5060\",Challenge=\"1\","
		"Response=\"2\",ExpectedResponse=\"\""),
	};
	static const char *const escaped[] = {
		"1\\\",LocalAddress=\\\"IPV4/UDP/192.0.2.1/5060\\\",RemoteAddress=\\\"IPV4/UDP/203.0.113.9/5060\\\"",
	};
	unsigned caught = 0, i, k;
	struct loaded l = { 0 };

	(void)state;
	load("asterisk", &l);
	for (i = 0; i < ELEMENTSOF(texts); i++) {
		assert_not_aimed(l.matcher, render_registration(texts[i]), &caught);
		for (k = 0; k < ELEMENTSOF(texts); k++) {
			assert_not_aimed(l.matcher, render_notice(texts[i], texts[k], "Failed to authenticate"), &caught);
			assert_not_aimed(l.matcher, render_notice(texts[i], texts[k], "No matching endpoint found"),
					 &caught);
			assert_not_aimed(l.matcher, render_call(texts[i], texts[k]), &caught);
			assert_not_aimed(l.matcher, render_security(texts[i], texts[k], texts[k]), &caught);
		}
	}
	/* All but calls are caught, and the calls that do not look like two. */
	assert_true(caught >= 310);
	caught = 0;
	for (i = 0; i < ELEMENTSOF(quoted); i++) {
		for (k = 0; k < ELEMENTSOF(quoted); k++)
			assert_not_aimed(l.matcher, render_security(quoted[i], quoted[k], "1/2"), &caught);
		assert_not_aimed(l.matcher, render_security("100", quoted[i], escaped[0]), &caught);
	}
	assert_int_equal(caught, ELEMENTSOF(quoted) * (ELEMENTSOF(quoted) + 1));
	unload(&l);
}

static char *repeated(const char *text, size_t size)
{
	char *long_text = calloc(1, size + strlen(text) + 1), *to = long_text;

	assert_non_null(long_text);
	while ((size_t)(to - long_text) < size)
		to = stpcpy(to, text);
	return long_text;
}

/* Else a header of the right kind would hide every guess behind the match limit. */
static void a_long_header_does_not_hide_its_line(void **state)
{
	static const char *const texts[] = { "a", "a:", "sip:a@", "\",SessionID=\"x", "\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060",
					     "' failed for '", "(callid: 1) - ", ") - Failed to authenticate", " user='", "\\\"" };
	static const size_t sizes[] = { 200, 3000, 30000, 60000 };
	struct loaded l = { 0 };
	struct match_stats stats;
	unsigned i, k, lines = 0, caught = 0;

	(void)state;
	load("asterisk", &l);
	for (i = 0; i < ELEMENTSOF(texts); i++) {
		for (k = 0; k < ELEMENTSOF(sizes); k++) {
			char *text = repeated(texts[i], sizes[k]);
			bool quoted = strchr(texts[i], '"') != NULL;

			assert_not_aimed(l.matcher, render_security("100", text, "1/2"), &caught);
			assert_not_aimed(l.matcher, render_security(text, "1", "1/2"), &caught);
			assert_not_aimed(l.matcher, render_registration(text), &caught);
			assert_not_aimed(l.matcher, render_notice("x", text, "Failed to authenticate"), &caught);
			lines += 4;
			if (!quoted || texts[i][0] == '\\') {
				assert_not_aimed(l.matcher, render_notice(text, "1", "No matching endpoint found"), &caught);
				lines++;
			}
			free(text);
		}
	}
	matcher_stats(l.matcher, &stats);
	assert_int_equal(stats.limited, 0);
	assert_int_equal(caught, lines);
	unload(&l);
}

static void a_line_cut_short_still_names_its_sender(void **state)
{
	static const char *const lines[] = {
		"NOTICE: <script>: sipwarden auth-failure src=192.0.2.5:5070 proto=udp id='1' user='100' ua='Yea",
		"NOTICE: <script>: sipwarden auth-failure src=192.0.2.5:5070 proto=udp id='1' user='10",
		"NOTICE: <script>: sipwarden call-attempt src=192.0.2.5:5070 proto=udp id='1",
	};
	struct loaded l = { 0 };
	struct match_stats stats;
	unsigned caught = 0, i;
	char *text = repeated("' user=' ua='", 60000);

	(void)state;
	load("kamailio", &l);
	for (i = 0; i < ELEMENTSOF(lines); i++)
		assert_not_aimed(l.matcher, strdup(lines[i]), &caught);
	for (i = 0; i < ELEMENTSOF(lines); i++)
		assert_not_aimed(l.matcher, text_printf("%s%s", lines[i], text), &caught);
	matcher_stats(l.matcher, &stats);
	assert_int_equal(stats.limited, 0);
	assert_int_equal(caught, 2 * ELEMENTSOF(lines));
	free(text);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_corpus_line_is_right),
		cmocka_unit_test(kamailio_live_is_right),
		cmocka_unit_test(the_examples_of_all_filters_hold),
		cmocka_unit_test(forged_lines_name_nobody_else),
		cmocka_unit_test(crafted_lines_name_nobody_else),
		cmocka_unit_test(text_of_other_events_in_any_field_cannot_aim),
		cmocka_unit_test(a_long_header_does_not_hide_its_line),
		cmocka_unit_test(a_line_cut_short_still_names_its_sender),
	};

	int failed = cmocka_run_group_tests_name("by the interpreter", tests, NULL, NULL);

	jit = true;
	return failed + cmocka_run_group_tests_name("with JIT", tests, NULL, NULL);
}
