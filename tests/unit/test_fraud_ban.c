/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is banned for toll fraud, and who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "decide/decide.h"

#define SEC USEC_PER_SEC
#define HOUR (3600 * SEC)
#define START (1795428000 * SEC)

static const char text[] = "[exempt]\naddress = 198.51.100.0/24\n";

static void ignore_ban(void *userdata, struct ban *b)
{
	(void)userdata;
	(void)b;
}

static void ignore_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	(void)userdata;
	(void)b;
	(void)cause;
}

static unsigned no_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)userdata;
	(void)addr;
	(void)since;
	return 0;
}

struct world {
	struct config *cfg;
	struct decider *d;
};

static void open_world(struct world *w)
{
	const struct decide_callbacks callbacks = { .ban = ignore_ban, .lift = ignore_lift, .history = no_history };
	struct diag diag = DIAG_INIT;

	assert_int_equal(config_load_text("test", text, strlen(text), &diag, &w->cfg), 0);
	diag_done(&diag);
	assert_int_equal(decider_new(w->cfg, &callbacks, &w->d), 0);
}

static void close_world(struct world *w)
{
	decider_free(w->d);
	config_free(w->cfg);
}

static struct addr address(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, strlen(s), &a), 0);
	return a;
}

static void login(struct world *w, const char *user, const char *from)
{
	struct event e = { .class = CLASS_AUTH_SUCCESS,
			   .classes = CLASS_BIT(CLASS_AUTH_SUCCESS),
			   .filter = "test",
			   .pattern = "test",
			   .user = SPAN(user),
			   .time = START,
			   .n_addrs = 1 };

	e.addrs[0] = address(from);
	decider_event(w->d, &e, START);
}

static bool fraud(struct world *w, const char *from, bool logged_in, bool proven)
{
	const struct fraud_source source = { address(from), logged_in, proven };

	return decider_fraud(w->d, &source, "satellite", "3 calls", HOUR, START + SEC);
}

static void test_a_proven_thief_is_banned(void **state)
{
	struct addr addr = address("203.0.113.9");
	struct world w;

	(void)state;
	open_world(&w);
	login(&w, "101", "203.0.113.9");
	assert_true(fraud(&w, "203.0.113.9", true, true));
	assert_int_equal(decider_find(w.d, &addr)->end, START + SEC + HOUR);
	/* Once. */
	assert_true(fraud(&w, "203.0.113.9", true, true));
	close_world(&w);
}

static void test_without_proof_it_is_short(void **state)
{
	struct addr addr = address("203.0.113.9");
	struct world w;

	(void)state;
	open_world(&w);
	login(&w, "101", "203.0.113.9");
	assert_true(fraud(&w, "203.0.113.9", true, false));
	assert_int_equal(decider_find(w.d, &addr)->end, START + SEC + w.cfg->policy.unproven_ban);
	assert_false(decider_find(w.d, &addr)->proven);
	close_world(&w);
}

static void test_the_innocent_are_not_banned(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	/* An office, of which one account was stolen. */
	login(&w, "101", "203.0.113.9");
	login(&w, "102", "203.0.113.9");
	assert_false(fraud(&w, "203.0.113.9", true, true));
	/* Who is exempt. */
	assert_false(fraud(&w, "198.51.100.7", true, true));
	/* Whoever's packets are forged: he logs in, and a call is said to be his. */
	login(&w, "103", "203.0.113.20");
	assert_false(fraud(&w, "203.0.113.20", false, false));
	assert_false(fraud(&w, "127.0.0.1", true, true));
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_proven_thief_is_banned),
		cmocka_unit_test(test_without_proof_it_is_short),
		cmocka_unit_test(test_the_innocent_are_not_banned),
	};

	return cmocka_run_group_tests_name("fraud_ban", tests, NULL, NULL);
}
