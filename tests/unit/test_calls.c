/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls: which lines are one, what is counted, and what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "calls/calls.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)
/* Monday, 2026-11-23 10:00 UTC */
#define START (1795428000 * SEC)
#define TOLD_MAX 64

#define HEAD "[site]\ncountry = DE\ntimezone = UTC\noffice_hours = Mo-Fr 07:00-19:00\n"
/* None of the built-in rules. */
static const char *const built_in[] = {
	"satellite", "premium", "premium-off-hours", "premium-duration", "risky", "risky-off-hours", "abroad-burst",
	"abroad-at-once", "abroad-sequence", "abroad-off-hours", "abroad-duration", "stolen-account", "first-risky-country",
};

struct told {
	char rule[32], account[CALL_ACCOUNT_SIZE], text[512];
	bool critical;
	uint64_t count;
	usec_t when;
};

struct world {
	struct config *cfg;
	struct calls *calls;
	struct told told[TOLD_MAX];
	size_t n_told;
	unsigned serial;
};

static void on_fraud(void *userdata, const struct fraud *f)
{
	struct world *w = userdata;
	struct told *t = &w->told[w->n_told++];

	assert_true(w->n_told <= TOLD_MAX);
	snprintf(t->rule, sizeof(t->rule), "%s", f->rule->name);
	snprintf(t->account, sizeof(t->account), "%s", f->call->account);
	snprintf(t->text, sizeof(t->text), "%s", f->text);
	t->critical = f->critical;
	t->count = f->count;
	t->when = f->when;
}

static struct config *load(const char *text)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	int r = config_load_text("test", text, strlen(text), &diag, &cfg);

	diag_print(&diag, stderr);
	diag_done(&diag);
	assert_int_equal(r, 0);
	return cfg;
}

static void open_world(struct world *w, const char *rules)
{
	const struct calls_callbacks callbacks = { .fraud = on_fraud, .userdata = w };
	char text[8192] = HEAD;
	size_t i;

	for (i = 0; rules && i < ELEMENTSOF(built_in); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "[fraud %s]\nenabled = no\n", built_in[i]);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", rules ? rules : "");
	*w = (struct world){ .cfg = load(text) };
	assert_int_equal(calls_new(w->cfg, &callbacks, &w->calls), 0);
}

static void close_world(struct world *w)
{
	calls_free(w->calls);
	config_free(w->cfg);
}

static struct event event_of(enum event_class class, const char *user, const char *number, usec_t when)
{
	return (struct event){ .class = class,
			       .classes = CLASS_BIT(class),
			       .filter = "test",
			       .pattern = "test",
			       .user = user ? SPAN(user) : (struct span){ 0 },
			       .number = number ? SPAN(number) : (struct span){ 0 },
			       .time = when };
}

/* A record of seconds, as a stock CDR has it. */
static void record(struct world *w, const char *user, const char *number, usec_t when, unsigned seconds)
{
	struct event e = event_of(CLASS_CALL_END, user, number, when);
	char text[16];

	snprintf(text, sizeof(text), "%u", seconds);
	e.duration = SPAN(text);
	calls_event(w->calls, &e, when + seconds * SEC);
}

static void attempt(struct world *w, const char *user, const char *number, const char *id, usec_t when)
{
	struct event e = event_of(CLASS_CALL_ATTEMPT, user, number, when);

	if (id)
		e.id = SPAN(id);
	assert_int_equal(addr_parse("192.0.2.5", 9, &e.addrs[0]), 0);
	e.n_addrs = 1;
	calls_event(w->calls, &e, when);
}

/* As acc writes it of a BYE. */
static void hang_up(struct world *w, const char *id, usec_t when)
{
	struct event e = event_of(CLASS_CALL_END, NULL, NULL, when);

	e.id = SPAN(id);
	calls_event(w->calls, &e, when);
}

static void login(struct world *w, const char *user, const char *addr, usec_t when)
{
	struct event e = event_of(CLASS_AUTH_SUCCESS, user, NULL, when);

	assert_int_equal(addr_parse(addr, strlen(addr), &e.addrs[0]), 0);
	e.n_addrs = 1;
	calls_event(w->calls, &e, when);
}

static size_t told(const struct world *w, const char *rule, bool critical)
{
	size_t i, n = 0;

	for (i = 0; i < w->n_told; i++)
		n += strcmp(w->told[i].rule, rule) == 0 && w->told[i].critical == critical;
	return n;
}

/* Ten calls of which the ends are logged: from then on those that go on are believed to. */
static void show_ends(struct world *w, usec_t when)
{
	char id[16];
	unsigned i;

	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "show-%u", w->serial++);
		attempt(w, "900", "030123456", id, when);
		hang_up(w, id, when + SEC);
	}
}

static void test_calls_within_a_minute(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	open_world(&w, "[fraud fast]\nmeasure = per-minute\nto = abroad\nwarning = 3\ncritical = 5\n");
	for (i = 0; i < 5; i++)
		record(&w, "100", "0044123456", START + i * 30 * SEC, 0);
	/* Not more than two or three within any minute. */
	assert_int_equal(told(&w, "fast", true), 0);
	for (i = 0; i < 8; i++)
		record(&w, "101", "0044123456", START + i * 10 * SEC, 0);
	assert_int_equal(told(&w, "fast", false), 2);
	assert_int_equal(told(&w, "fast", true), 1);
	assert_string_equal(w.told[w.n_told - 1].account, "101");
	assert_int_equal(w.told[w.n_told - 1].count, 5);
	/* At home it may be as fast as it likes. */
	for (i = 0; i < 20; i++)
		record(&w, "102", "030123456", START, 0);
	assert_int_equal(w.n_told, 3);
	close_world(&w);
}

static void test_lines_of_one_call_count_once(void **state)
{
	struct calls_stats s;
	struct world w;

	(void)state;
	open_world(&w, "[fraud all]\nmeasure = total\nto = abroad\ncritical = 3\n");
	/* The dialplan's line has the Call-ID, the record the gateway's own. */
	attempt(&w, "100", "0044123456", "a@phone", START);
	record(&w, "100", "+44 123456", START + SEC, 60);
	/* In the other order, too: they are in different logs. */
	record(&w, "100", "0044203999456", START + HOUR, 1);
	attempt(&w, "100", "0044203999456", "b@phone", START + HOUR);
	/* Twice the same line. */
	attempt(&w, "100", "0044203999456", "b@phone", START + HOUR);
	calls_stats(w.calls, &s);
	assert_int_equal(s.calls, 2);
	assert_int_equal(s.running, 0);
	/* Two calls of the same second to one number are two. */
	attempt(&w, "100", "0044203555456", "c@phone", START + 2 * HOUR);
	attempt(&w, "100", "0044203555456", "d@phone", START + 2 * HOUR);
	record(&w, "100", "0044203555456", START + 2 * HOUR, 9);
	record(&w, "100", "0044203555456", START + 2 * HOUR, 9);
	calls_stats(w.calls, &s);
	assert_int_equal(s.calls, 4);
	assert_int_equal(s.running, 0);
	assert_int_equal(told(&w, "all", true), 1);
	close_world(&w);
}

static void test_calls_at_once(void **state)
{
	struct world w;
	char id[16];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud many]\nmeasure = concurrent\nto = abroad\nwarning = 3\n");
	show_ends(&w, START - HOUR);
	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "one-%u", i);
		attempt(&w, "100", "0044123456", id, START + i * MIN);
		hang_up(&w, id, START + i * MIN + 30 * SEC);
	}
	assert_int_equal(w.n_told, 0);
	for (i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "many-%u", i);
		attempt(&w, "100", "0044123456", id, START + HOUR + i * MIN);
	}
	assert_int_equal(told(&w, "many", false), 1);
	assert_int_equal(w.told[0].when, START + HOUR + 2 * MIN);
	close_world(&w);
}

static void test_records_alone_show_calls_at_once(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	open_world(&w, "[fraud many]\nmeasure = concurrent\nto = abroad\nwarning = 4\n");
	for (i = 0; i < 6; i++)
		record(&w, "100", "0044123456", START + i * MIN, 59);
	assert_int_equal(w.n_told, 0);
	for (i = 0; i < 6; i++)
		record(&w, "100", "0044123456", START + HOUR + i * SEC, 600);
	assert_int_equal(told(&w, "many", false), 1);
	close_world(&w);
}

static void test_calls_that_nobody_ends_are_not_thought_to_go_on(void **state)
{
	struct world w;
	char id[16];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud many]\nmeasure = concurrent\nto = abroad\nwarning = 3\n"
		       "[fraud long]\nmeasure = duration\nto = abroad\nwarning = 1h\n");
	for (i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "x-%u", i);
		attempt(&w, "100", "0044123456", id, START + i * MIN);
		calls_tick(w.calls, START + i * MIN);
	}
	calls_tick(w.calls, START + 5 * HOUR);
	assert_int_equal(w.n_told, 0);
	close_world(&w);
}

static void test_a_call_is_told_while_it_goes_on(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "[fraud long]\nmeasure = duration\nkind = premium\nwarning = 20m\ncritical = 1h\n");
	show_ends(&w, START - HOUR);
	attempt(&w, "100", "09001234567", "long", START);
	attempt(&w, "101", "030123456", "home", START);
	calls_tick(w.calls, START + 19 * MIN);
	assert_int_equal(w.n_told, 0);
	calls_tick(w.calls, START + 20 * MIN);
	calls_tick(w.calls, START + 21 * MIN);
	assert_int_equal(w.n_told, 1);
	assert_string_equal(w.told[0].account, "100");
	hang_up(&w, "long", START + 61 * MIN);
	assert_int_equal(told(&w, "long", true), 1);
	close_world(&w);
}

static void test_calls_in_a_row(void **state)
{
	struct world w;
	char number[24];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud row]\nmeasure = sequence\nto = abroad\nwarning = 5\nwindow = 1h\n");
	for (i = 0; i < 12; i++)
		record(&w, "100", i % 4 == 3 ? "0033123456789" : "0044123456789", START + i * MIN, 1);
	assert_int_equal(w.n_told, 0);
	for (i = 0; i < 5; i++) {
		snprintf(number, sizeof(number), "00447700900%03u", i);
		record(&w, "101", number, START + i * MIN, 1);
	}
	assert_int_equal(told(&w, "row", false), 1);
	close_world(&w);
}

static void test_what_an_account_always_does_is_not_told(void **state)
{
	struct world w;
	unsigned day, i;

	(void)state;
	open_world(&w, "[fraud fast]\nmeasure = per-minute\nto = abroad\nwarning = 6\nhabit = yes\n");
	for (day = 0; day < 20; day++)
		for (i = 0; i < 8; i++)
			record(&w, "391", "0044203123456", START + day * DAY + i * SEC, 0);
	/* On the first day it was new. */
	assert_int_equal(w.n_told, 1);
	for (i = 0; i < 13; i++)
		record(&w, "391", "0044203123456", START + 20 * DAY + i * SEC, 0);
	assert_int_equal(w.n_told, 2);
	/* Half as much again as on other days. */
	assert_int_equal(w.told[1].count, 13);
	close_world(&w);
}

static void test_hours_and_kinds(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "[fraud night]\nmeasure = total\nhours = off\nto = abroad\nwarning = 1\n"
		       "[fraud dear]\nmeasure = total\nkind = premium satellite\nwarning = 1\n"
		       "[fraud lunch]\nmeasure = total\nhours = Mo 12:00-13:00\nwarning = 1\ncountry = fr\n");
	record(&w, "100", "0044123456", START, 1);
	record(&w, "100", "0033123456789", START, 1);
	record(&w, "100", "030123456", START + 12 * HOUR, 1);
	assert_int_equal(w.n_told, 0);
	record(&w, "100", "0044123456", START + 12 * HOUR, 1);
	assert_int_equal(told(&w, "night", false), 1);
	record(&w, "100", "008821612345678", START, 1);
	record(&w, "101", "09001234567", START, 1);
	assert_int_equal(told(&w, "dear", false), 2);
	record(&w, "100", "0033123456789", START + 2 * HOUR + MIN, 1);
	assert_int_equal(told(&w, "lunch", false), 1);
	close_world(&w);
}

static void test_calls_without_an_account_count_together(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	open_world(&w, "[fraud dear]\nmeasure = total\nkind = satellite\ncritical = 3\n");
	for (i = 0; i < 3; i++)
		record(&w, NULL, "008821612345678", START + i * MIN, 1);
	assert_int_equal(told(&w, "dear", true), 1);
	close_world(&w);
}

/* A month of calls to one country, from one place. */
static void live_a_month(struct world *w)
{
	unsigned day;

	for (day = 0; day < 31; day++) {
		login(w, "100", "192.0.2.5", START + day * DAY);
		record(w, "100", "0044123456", START + day * DAY, 60);
	}
}

static void test_first_call_to_a_country(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "[fraud first]\nmeasure = first-country\nper = company\nto = abroad\n");
	/* Nothing is known yet: everything is the first time. */
	record(&w, "100", "0033123456789", START, 1);
	live_a_month(&w);
	assert_int_equal(w.n_told, 0);
	record(&w, "101", "0033123456789", START + 40 * DAY, 1);
	assert_int_equal(w.n_told, 0);
	record(&w, "101", "0025261234567", START + 40 * DAY, 1);
	record(&w, "101", "0025261234568", START + 40 * DAY, 1);
	assert_int_equal(w.n_told, 1);
	assert_non_null(strstr(w.told[0].text, "Somalia"));
	close_world(&w);
}

static void test_a_stolen_account_calls_where_it_never_did(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, NULL);
	live_a_month(&w);
	/* Who travels calls whom he always calls; and at home, one may call somebody new. */
	login(&w, "100", "198.51.100.7", START + 40 * DAY);
	record(&w, "100", "0044123456", START + 40 * DAY, 60);
	assert_int_equal(w.n_told, 0);
	login(&w, "100", "192.0.2.5", START + 41 * DAY);
	record(&w, "100", "0033123456789", START + 41 * DAY, 60);
	assert_int_equal(w.n_told, 0);
	login(&w, "100", "203.0.113.9", START + 50 * DAY);
	record(&w, "100", "0048123456789", START + 50 * DAY + HOUR, 60);
	assert_int_equal(told(&w, "stolen-account", false), 1);
	assert_non_null(strstr(w.told[0].text, "203.0.113.9"));
	close_world(&w);
}

static void test_who_calls_may_say_that_he_is_anybody(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "[fraud dear]\nmeasure = total\nkind = satellite\ncritical = 1\n");
	login(&w, "101", "203.0.113.9", START);
	/* From 192.0.2.5, which may be forged: no login of 101. */
	attempt(&w, "101", "030123456", "a", START + MIN);
	record(&w, "101", "008821612345678", START + HOUR, 1);
	assert_int_equal(w.n_told, 1);
	assert_non_null(strstr(w.told[0].text, "last login from 203.0.113.9"));
	close_world(&w);
}

static void test_a_crafted_line_is_no_call(void **state)
{
	struct calls_stats s;
	struct world w;
	struct event e = event_of(CLASS_CALL_ATTEMPT, "100", "0044123", START);

	(void)state;
	open_world(&w, NULL);
	e.n_addrs = 2;
	calls_event(w.calls, &e, START);
	e.n_addrs = 0;
	e.limited = true;
	calls_event(w.calls, &e, START);
	calls_stats(w.calls, &s);
	assert_int_equal(s.calls, 0);
	close_world(&w);
}

static void test_memory_is_bounded(void **state)
{
	struct calls_stats s;
	struct world w;
	char text[32];
	unsigned i;

	(void)state;
	open_world(&w, NULL);
	for (i = 0; i < 3 * CALLS_MAX; i++) {
		snprintf(text, sizeof(text), "00%u%09u", 30 + i % 30, i);
		attempt(&w, text, text, text, START + i);
	}
	calls_stats(w.calls, &s);
	assert_int_equal(s.calls, 3 * CALLS_MAX);
	assert_int_equal(s.running, CALLS_MAX);
	assert_true(s.forgotten > 0);
	close_world(&w);
}

static void test_alerts_are_bounded(void **state)
{
	struct world w;
	char account[16];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud dear]\nmeasure = total\nkind = satellite\ncritical = 1\n");
	for (i = 0; i < 1000; i++) {
		snprintf(account, sizeof(account), "made-up-%u", i);
		record(&w, account, "008821612345678", START, 0);
	}
	assert_int_equal(w.n_told, 60);
	record(&w, "101", "008821612345678", START + HOUR, 0);
	assert_int_equal(w.n_told, 61);
	close_world(&w);
}

/* What was not told is told when it goes on, not held to have been told. */
static void test_accounts_that_are_made_up_hide_no_theft(void **state)
{
	struct world w;
	char account[16];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud dear]\nmeasure = total\nkind = satellite\ncritical = 1\n");
	for (i = 0; i < 1000; i++) {
		snprintf(account, sizeof(account), "made-up-%u", i);
		record(&w, account, "008821612345678", START, 0);
	}
	record(&w, "101", "008821612345678", START, 0);
	assert_int_equal(w.n_told, 60);
	record(&w, "101", "008821612345678", START + 2 * MIN, 0);
	assert_int_equal(w.n_told, 61);
	assert_string_equal(w.told[60].account, "101");
	close_world(&w);
}

static void test_a_first_call_that_was_not_told_is_told_when_it_goes_on(void **state)
{
	struct world w;
	char account[16];
	unsigned i;

	(void)state;
	open_world(&w, "[fraud first]\nmeasure = first-country\nper = company\nto = abroad\n"
		       "[fraud dear]\nmeasure = total\nkind = satellite\nwarning = 1\n");
	live_a_month(&w);
	for (i = 0; i < 60; i++) {
		snprintf(account, sizeof(account), "made-up-%u", i);
		record(&w, account, "008821612345678", START + 40 * DAY, 0);
	}
	/* The first one to a satellite. */
	assert_int_equal(told(&w, "first", false), 1);
	record(&w, "101", "0025261234567", START + 40 * DAY, 1);
	assert_int_equal(told(&w, "first", false), 1);
	record(&w, "101", "0025261234567", START + 40 * DAY + 2 * MIN, 1);
	assert_int_equal(told(&w, "first", false), 2);
	record(&w, "101", "0025261234567", START + 60 * DAY, 1);
	assert_int_equal(told(&w, "first", false), 2);
	close_world(&w);
}

static void test_accounts_that_are_made_up_push_out_nothing_that_was_known_for_long(void **state)
{
	const usec_t when = START + 40 * DAY;
	struct calls_stats s;
	struct world w;
	char account[16];
	unsigned i;

	(void)state;
	open_world(&w, NULL);
	live_a_month(&w);
	for (i = 0; i < 1000000; i++) {
		snprintf(account, sizeof(account), "made-up-%u", i);
		record(&w, account, "030123456", when + i, 0);
	}
	calls_stats(w.calls, &s);
	assert_true(s.since == START);
	assert_int_equal(w.n_told, 0);
	login(&w, "100", "203.0.113.9", when + HOUR);
	record(&w, "100", "0044123456", when + 2 * HOUR, 60);
	assert_int_equal(w.n_told, 0);
	record(&w, "100", "0048123456789", when + 3 * HOUR, 60);
	assert_int_equal(told(&w, "stolen-account", false), 1);
	close_world(&w);
}

static void restore_all(struct calls *calls, const struct pack *p)
{
	struct unpack u = { p->data, p->data + p->len };
	struct section s;

	while (unpack_section(&u, &s))
		assert_true(calls_keep_restore(calls, &s));
}

/* Goes on in another process: by what changed each time (sweep false), or by all at once. */
static void restart(struct world *w, struct pack *p)
{
	const struct calls_callbacks callbacks = { .fraud = on_fraud, .userdata = w };

	calls_free(w->calls);
	assert_int_equal(calls_new(w->cfg, &callbacks, &w->calls), 0);
	assert_int_equal(calls_keep_start(w->calls), 0);
	restore_all(w->calls, p);
	pack_done(p);
}

static void test_all_outlives_a_restart(void **state)
{
	struct pack p = { 0 };
	struct world w;
	unsigned i;

	for (i = 0; i < 2; i++) {
		open_world(&w, "[fraud long]\nmeasure = duration\nto = abroad\nwarning = 1h\n"
			       "[fraud day]\nmeasure = total\nto = abroad\nwarning = 35\nwindow = 11d\n"
			       "[fraud row]\nmeasure = sequence\nto = abroad\nwarning = 33\nwindow = 11d\n"
			       "[fraud first]\nmeasure = first-country\nper = company\nto = abroad\n");
		assert_int_equal(calls_keep_start(w.calls), 0);
		live_a_month(&w);
		show_ends(&w, START + 31 * DAY);
		attempt(&w, "100", "0044123456", "long", START + 31 * DAY);
		if (i == 0)
			assert_true(calls_keep_changed(w.calls, &p));
		else
			assert_true(calls_keep_sweep(w.calls, SIZE_MAX, &p));
		restart(&w, &p);
		assert_int_equal(w.n_told, 0);
		calls_tick(w.calls, START + 31 * DAY + HOUR);
		assert_int_equal(told(&w, "long", false), 1);
		record(&w, "100", "0044123457", START + 31 * DAY + HOUR, 1);
		assert_int_equal(told(&w, "row", false), 1);
		record(&w, "100", "0033123456789", START + 32 * DAY, 1);
		assert_int_equal(told(&w, "first", false), 1);
		close_world(&w);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_within_a_minute),
		cmocka_unit_test(test_lines_of_one_call_count_once),
		cmocka_unit_test(test_calls_at_once),
		cmocka_unit_test(test_records_alone_show_calls_at_once),
		cmocka_unit_test(test_calls_that_nobody_ends_are_not_thought_to_go_on),
		cmocka_unit_test(test_a_call_is_told_while_it_goes_on),
		cmocka_unit_test(test_calls_in_a_row),
		cmocka_unit_test(test_what_an_account_always_does_is_not_told),
		cmocka_unit_test(test_hours_and_kinds),
		cmocka_unit_test(test_calls_without_an_account_count_together),
		cmocka_unit_test(test_first_call_to_a_country),
		cmocka_unit_test(test_a_first_call_that_was_not_told_is_told_when_it_goes_on),
		cmocka_unit_test(test_a_stolen_account_calls_where_it_never_did),
		cmocka_unit_test(test_who_calls_may_say_that_he_is_anybody),
		cmocka_unit_test(test_a_crafted_line_is_no_call),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_alerts_are_bounded),
		cmocka_unit_test(test_accounts_that_are_made_up_hide_no_theft),
		cmocka_unit_test(test_accounts_that_are_made_up_push_out_nothing_that_was_known_for_long),
		cmocka_unit_test(test_all_outlives_a_restart),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
