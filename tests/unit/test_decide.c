/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "decide/decide.h"

#define MIN (60 * USEC_PER_SEC)

static const usec_t start = 1795428000 * USEC_PER_SEC;

struct world {
	struct config *cfg;
	struct decider *d;
	unsigned bans, lifts, earlier;
	struct addr last;
	usec_t last_span;
	enum lift_cause cause;
	unsigned alerts[ALERT_KINDS];
	bool can_ask;
	unsigned asked;
	struct addr asked_for;
};

static void on_ban(void *userdata, struct ban *b)
{
	struct world *w = userdata;

	w->bans++;
	w->last = b->addr;
	w->last_span = b->end == USEC_INFINITY ? USEC_INFINITY : b->end - b->start;
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	struct world *w = userdata;

	(void)b;
	w->lifts++;
	w->cause = cause;
}

static void on_alert(void *userdata, const struct alert *a)
{
	struct world *w = userdata;

	w->alerts[a->kind]++;
}

static bool on_ask(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	w->asked++;
	w->asked_for = *addr;
	return w->can_ask;
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)addr;
	(void)since;
	return ((struct world *)userdata)->earlier;
}

static struct config *configure(const char *text)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;

	config_load_text("test.conf", text, strlen(text), &diag, &cfg);
	if (!cfg)
		diag_print(&diag, stderr);
	diag_done(&diag);
	assert_non_null(cfg);
	return cfg;
}

static void world_open(struct world *w, const char *config)
{
	const struct decide_callbacks callbacks = { .ban = on_ban,
						    .lift = on_lift,
						    .alert = on_alert,
						    .ask = on_ask,
						    .history = on_history,
						    .userdata = w };

	*w = (struct world){ .cfg = configure(config) };
	assert_int_equal(decider_new(w->cfg, &callbacks, &w->d), 0);
}

static void world_close(struct world *w)
{
	decider_free(w->d);
	config_free(w->cfg);
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_prefix(text, strlen(text), false, &a), 0);
	return a;
}

static struct event event(enum event_class class, const char *from, const char *user, unsigned number)
{
	static char id[32];
	struct event e = {
		.class = class,
		.classes = CLASS_BIT(class),
		.filter = "asterisk",
		.pattern = "test",
		.proven = true,
		.n_addrs = 1,
		.user = SPAN(user),
		.line = SPAN("a line of log"),
	};

	snprintf(id, sizeof(id), "call-%u", number);
	e.id = (struct span){ id, strlen(id) };
	e.addrs[0] = addr(from);
	return e;
}

/* n attempts whose source cannot have been forged, as by TCP. */
static void attempts(struct world *w, enum event_class class, const char *from, unsigned n, usec_t when)
{
	static unsigned number;

	while (n-- > 0) {
		struct event e = event(class, from, "100", number++);

		e.time = when;
		decider_event(w->d, &e, when);
	}
}

static void the_threshold_bans_and_not_one_less(void **state)
{
	struct world w;
	struct addr a = addr("192.0.2.5");

	(void)state;
	world_open(&w, "[rule password-guessing]\nthreshold = 5\nwindow = 10m\nban = 10m 1h\n");
	attempts(&w, CLASS_AUTH_FAILURE, "192.0.2.5", 4, start);
	assert_int_equal(w.bans, 0);
	attempts(&w, CLASS_AUTH_FAILURE, "192.0.2.5", 1, start + 9 * MIN);
	assert_int_equal(w.bans, 1);
	assert_true(addr_equal(&w.last, &a));
	assert_int_equal(w.last_span, 10 * MIN);
	assert_non_null(decider_find(w.d, &a));
	assert_non_null(strstr(decider_find(w.d, &a)->evidence, "a line of log"));
	assert_string_equal(decider_find(w.d, &a)->accounts, "100");
	world_close(&w);
}

static void attempts_spread_beyond_the_window_do_not_ban(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_open(&w, "[rule password-guessing]\nthreshold = 5\nwindow = 10m\n");
	for (i = 0; i < 50; i++)
		attempts(&w, CLASS_AUTH_FAILURE, "192.0.2.5", 1, start + i * 3 * MIN);
	assert_int_equal(w.bans, 0);
	world_close(&w);
}

static void repeat_offenders_climb_the_ladder(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "[rule scanner]\nthreshold = 1\nban = 15m 2h 1d\n");
	w.earlier = 1;
	attempts(&w, CLASS_SCANNER, "192.0.2.5", 1, start);
	assert_int_equal(w.last_span, 120 * MIN);
	w.earlier = 50;
	attempts(&w, CLASS_SCANNER, "192.0.2.6", 1, start);
	assert_int_equal(w.last_span, 24 * 60 * MIN);
	world_close(&w);
}

static void lines_with_several_possible_sources_count_against_nobody(void **state)
{
	struct world w;
	struct decide_stats stats;
	unsigned i;

	(void)state;
	world_open(&w, "");
	for (i = 0; i < 100; i++) {
		struct event e = event(CLASS_SCANNER, "192.0.2.5", "100", i);

		e.addrs[1] = addr("203.0.113.98");
		e.n_addrs = 2;
		decider_event(w.d, &e, start);
	}
	decider_stats(w.d, &stats);
	assert_int_equal(w.bans, 0);
	assert_int_equal(stats.crafted, 100);
	assert_int_equal(stats.offenders, 0);
	world_close(&w);
}

static void exempt_and_impossible_sources_are_never_counted(void **state)
{
	struct world w;
	struct decide_stats stats;

	(void)state;
	world_open(&w, "[exempt]\naddress = 198.51.100.0/24\n");
	attempts(&w, CLASS_SCANNER, "198.51.100.7", 20, start);
	attempts(&w, CLASS_SCANNER, "127.0.0.1", 20, start);
	attempts(&w, CLASS_SCANNER, "224.0.0.1", 20, start);
	attempts(&w, CLASS_SCANNER, "0.0.0.0", 20, start);
	attempts(&w, CLASS_SCANNER, "::1", 20, start);
	decider_stats(w.d, &stats);
	assert_int_equal(w.bans, 0);
	assert_int_equal(stats.offenders, 0);
	world_close(&w);
}

static void an_exemption_lifts_the_ban_at_once_and_can_be_taken_back(void **state)
{
	struct world w;
	struct addr host = addr("192.0.2.5"), net = addr("192.0.2.0/24"), configured = addr("198.51.100.0/24"), cover;

	(void)state;
	world_open(&w, "[exempt]\naddress = 198.51.100.0/24\n");
	attempts(&w, CLASS_SCANNER, "192.0.2.5", 1, start);
	attempts(&w, CLASS_SCANNER, "192.0.3.5", 1, start);
	assert_int_equal(w.bans, 2);
	assert_int_equal(decider_exempt(w.d, &net, "the office"), 0);
	assert_int_equal(w.lifts, 1);
	assert_int_equal(w.cause, LIFT_EXEMPT);
	assert_null(decider_find(w.d, &host));
	assert_int_equal(decider_ban(w.d, &host, MIN, NULL, start, &cover), -EPERM);
	assert_true(addr_equal(&cover, &net));
	assert_int_equal(decider_unexempt(w.d, &net), 0);
	assert_int_equal(decider_unexempt(w.d, &net), -ENOENT);
	assert_int_equal(decider_unexempt(w.d, &configured), -EPERM);
	attempts(&w, CLASS_SCANNER, "192.0.2.5", 1, start);
	assert_int_equal(w.bans, 3);
	world_close(&w);
}

static void by_hand_prefixes_cover_and_are_lifted(void **state)
{
	struct world w;
	struct addr net = addr("192.0.2.0/24"), host = addr("192.0.2.9"), cover, home = addr("127.0.0.0/8");

	(void)state;
	world_open(&w, "");
	assert_int_equal(decider_ban(w.d, &net, USEC_INFINITY, "abuse", start, &cover), 0);
	assert_string_equal(decider_find(w.d, &host)->reason, "abuse");
	attempts(&w, CLASS_SCANNER, "192.0.2.9", 3, start);
	assert_int_equal(w.bans, 1);
	assert_int_equal(decider_unban(w.d, &host, &cover), -ENOENT);
	assert_true(addr_equal(&cover, &net));
	assert_int_equal(decider_unban(w.d, &net, &cover), 0);
	assert_null(decider_find(w.d, &host));
	assert_true(decider_ban(w.d, &home, MIN, NULL, start, &cover) < 0);
	world_close(&w);
}

static void bans_end_in_their_order(void **state)
{
	struct world w;
	char text[32];
	struct addr cover, a;
	unsigned i;

	(void)state;
	world_open(&w, "");
	for (i = 1; i <= 200; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		a = addr(text);
		assert_int_equal(decider_ban(w.d, &a, (1 + (i * 37) % 200) * MIN, NULL, start, &cover), 0);
	}
	for (i = 1; i <= 200; i++) {
		usec_t next = decider_expire(w.d, start + i * MIN);

		assert_int_equal(w.lifts, i);
		assert_true(next == (i == 200 ? USEC_INFINITY : start + (i + 1) * MIN));
	}
	assert_int_equal(w.cause, LIFT_EXPIRED);
	world_close(&w);
}

static void reload_keeps_counts_of_unchanged_rules_and_bans(void **state)
{
	struct world w;
	struct config *other;
	struct addr a = addr("192.0.2.77"), b = addr("192.0.2.5");

	(void)state;
	world_open(&w, "[rule password-guessing]\nthreshold = 5\n[rule acl]\nthreshold = 5\n");
	attempts(&w, CLASS_SCANNER, "192.0.2.77", 1, start);
	attempts(&w, CLASS_AUTH_FAILURE, "192.0.2.5", 4, start);
	attempts(&w, CLASS_ACL_DENIED, "192.0.2.6", 4, start);
	other = configure("[rule password-guessing]\nthreshold = 5\nban = 3h\n[rule acl]\nthreshold = 6\n");
	assert_int_equal(decider_reload(w.d, other), 0);
	config_free(w.cfg);
	w.cfg = other;
	assert_non_null(decider_find(w.d, &a));
	attempts(&w, CLASS_AUTH_FAILURE, "192.0.2.5", 1, start);
	assert_non_null(decider_find(w.d, &b));
	assert_int_equal(w.last_span, 180 * MIN);
	attempts(&w, CLASS_ACL_DENIED, "192.0.2.6", 1, start);
	assert_int_equal(w.bans, 2);
	world_close(&w);
}

static void prefix_and_account_keys(void **state)
{
	struct world w;
	struct addr net = addr("192.0.2.0/24");
	struct event e;
	unsigned i;

	(void)state;
	world_open(&w, "[rule nets]\nclass = malformed\nkey = prefix\nthreshold = 3\nwindow = 10m\nban = 1h\n"
		       "[rule accounts]\nclass = tls-failure\nkey = account\nthreshold = 3\nwindow = 10m\nban = 1h\n"
		       "[rule malformed]\nenabled = no\n[rule tls]\nenabled = no\n");
	attempts(&w, CLASS_MALFORMED, "192.0.2.1", 1, start);
	attempts(&w, CLASS_MALFORMED, "192.0.2.2", 1, start);
	attempts(&w, CLASS_MALFORMED, "192.0.2.3", 1, start);
	assert_int_equal(w.bans, 1);
	assert_true(addr_equal(&w.last, &net));
	for (i = 1; i <= 5; i++) {
		char from[32];

		snprintf(from, sizeof(from), "198.51.100.%u", i);
		e = event(CLASS_TLS_FAILURE, from, "stolen", i);
		decider_event(w.d, &e, start);
	}
	/* the third source reaches the threshold; each further one is stopped at once */
	assert_int_equal(w.bans, 4);
	world_close(&w);
}

/* n calls within a minute, each to a number of its own that begins with prefix. */
static void calls(struct world *w, const char *from, const char *user, const char *prefix, unsigned n)
{
	static unsigned serial;
	unsigned i;

	for (i = 0; i < n; i++, serial++) {
		char number[32];
		struct event e = event(CLASS_CALL_ATTEMPT, from, user, serial);

		snprintf(number, sizeof(number), "%s%07u", prefix, serial);
		e.number = SPAN(number);
		e.time = start + i * (59 * USEC_PER_SEC) / n;
		decider_event(w->d, &e, start + MIN);
	}
}

static void calls_to_all_the_world(struct world *w, const char *from, const char *user, unsigned n)
{
	static const char *const countries[] = { "0049", "0033", "0044", "+1", "+351", "1" };
	static unsigned next;

	for (; n > 0; n--, next++)
		calls(w, from, user, countries[next % ELEMENTSOF(countries)], 1);
}

static void a_stolen_account_that_calls_one_country_is_a_burst(void **state)
{
	struct world w;
	struct addr thief = addr("192.0.2.66");

	(void)state;
	world_open(&w, "");
	calls(&w, "192.0.2.66", "100", "0053", 19);
	assert_int_equal(w.bans, 0);
	calls(&w, "192.0.2.66", "100", "9011+53", 1);
	assert_int_equal(w.bans, 1);
	assert_non_null(decider_find(w.d, &thief));
	assert_string_equal(decider_find(w.d, &thief)->rule, "destination-burst");
	world_close(&w);
}

static void a_stolen_account_used_from_many_places_does_not_cut_its_owner(void **state)
{
	struct world w;
	struct addr owner = addr("198.51.100.7"), thief = addr("192.0.2.66");
	unsigned i;

	(void)state;
	world_open(&w, "");
	/* Four thieves share the account, each below the limits of one address. */
	for (i = 0; i < 4; i++) {
		char from[32];

		snprintf(from, sizeof(from), "192.0.2.%u", 66 + i);
		calls_to_all_the_world(&w, from, "100", 10);
	}
	assert_true(w.bans >= 1);
	assert_non_null(decider_find(w.d, &w.last));
	assert_string_equal(decider_find(w.d, &w.last)->rule, "account-burst");
	calls_to_all_the_world(&w, "198.51.100.7", "100", 3);
	assert_null(decider_find(w.d, &owner));
	/* One who goes on is stopped, though the count is not his alone. */
	calls_to_all_the_world(&w, "192.0.2.66", "100", 10);
	assert_non_null(decider_find(w.d, &thief));
	world_close(&w);
}

static void a_call_centre_is_no_burst_when_the_config_says_so(void **state)
{
	struct world w;
	struct addr centre = addr("198.51.100.9"), trunk = addr("203.0.113.200"), other = addr("198.51.101.9");

	(void)state;
	world_open(&w, "[rule call-burst]\nraise = 198.51.100.0/24 600\nexcept = 203.0.113.200\n"
		       "[rule destination-burst]\nraise = 198.51.0.0/16 50\nraise = 198.51.100.0/24 600\nexcept = 203.0.113.200\n"
		       "[rule account-burst]\nexcept = 198.51.100.0/24 203.0.113.200\n");
	calls(&w, "198.51.100.9", "agent", "0049", 500);
	calls(&w, "203.0.113.200", "trunk", "0049", 2000);
	assert_int_equal(w.bans, 0);
	assert_null(decider_find(w.d, &centre));
	assert_null(decider_find(w.d, &trunk));
	/* Raised is not unlimited, and others are as before. */
	calls(&w, "198.51.100.9", "agent", "0049", 200);
	assert_non_null(decider_find(w.d, &centre));
	calls(&w, "198.51.101.9", "agent", "0049", 30);
	assert_non_null(decider_find(w.d, &other));
	world_close(&w);
}

static void an_office_that_calls_as_offices_do_is_no_burst(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_open(&w, "");
	for (i = 0; i < 25; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%u", 200 + i);
		calls_to_all_the_world(&w, "198.51.100.7", user, 1);
	}
	assert_int_equal(w.bans, 0);
	world_close(&w);
}

static void a_time_in_the_future_is_not_believed(void **state)
{
	struct world w;
	struct event e = event(CLASS_SCANNER, "192.0.2.5", "100", 1);
	struct addr a = addr("192.0.2.5");

	(void)state;
	world_open(&w, "");
	e.time = start + 86400 * USEC_PER_SEC;
	decider_event(w.d, &e, start);
	assert_true(decider_find(w.d, &a)->start == start);
	world_close(&w);
}

static void the_number_of_bans_is_bounded(void **state)
{
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	world_open(&w, "[firewall]\nmax_bans = 100\n[prefixes]\nban = 0\n");
	for (i = 0; i < 150; i++) {
		snprintf(from, sizeof(from), "192.0.2.%u", i + 1);
		attempts(&w, CLASS_SCANNER, from, 1, start);
	}
	assert_int_equal(w.bans, 100);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_threshold_bans_and_not_one_less),
		cmocka_unit_test(attempts_spread_beyond_the_window_do_not_ban),
		cmocka_unit_test(repeat_offenders_climb_the_ladder),
		cmocka_unit_test(lines_with_several_possible_sources_count_against_nobody),
		cmocka_unit_test(exempt_and_impossible_sources_are_never_counted),
		cmocka_unit_test(an_exemption_lifts_the_ban_at_once_and_can_be_taken_back),
		cmocka_unit_test(by_hand_prefixes_cover_and_are_lifted),
		cmocka_unit_test(bans_end_in_their_order),
		cmocka_unit_test(reload_keeps_counts_of_unchanged_rules_and_bans),
		cmocka_unit_test(prefix_and_account_keys),
		cmocka_unit_test(a_stolen_account_that_calls_one_country_is_a_burst),
		cmocka_unit_test(a_stolen_account_used_from_many_places_does_not_cut_its_owner),
		cmocka_unit_test(a_call_centre_is_no_burst_when_the_config_says_so),
		cmocka_unit_test(an_office_that_calls_as_offices_do_is_no_burst),
		cmocka_unit_test(a_time_in_the_future_is_not_believed),
		cmocka_unit_test(the_number_of_bans_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
