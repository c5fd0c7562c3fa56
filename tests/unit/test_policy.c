/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between a hit and a ban: proof, witness, brakes, prefixes, accounts. test_trust.c has friends. */
#include "policy_world.h"

static void unproven_evidence_bans_shortly_whatever_the_ladder_says(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	w.earlier = 9;
	fails(&w, "192.0.2.5", "100", 5, false, START);
	assert_int_equal(w.bans, 1);
	assert_int_equal(w.last.end - w.last.start, 10 * MIN);
	assert_false(w.last.proven);
	fails(&w, "192.0.2.6", "100", 5, true, START);
	assert_true(w.last.proven);
	assert_int_equal(w.last.end - w.last.start, 7 * 24 * HOUR);
	close_world(&w);
	open_world(&w, "[proof]\nunproven_ban = 0\n");
	fails(&w, "192.0.2.5", "100", 50, false, START);
	assert_int_equal(w.bans, 0);
	fails(&w, "192.0.2.5", "100", 5, true, START);
	assert_int_equal(w.bans, 1);
	close_world(&w);
}

static void forged_sources_cannot_fill_the_table(void **state)
{
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	open_world(&w, "[firewall]\nmax_bans = 1000\n[prefixes]\nban = 0\n");
	for (i = 0; i < 5000; i++) {
		snprintf(from, sizeof(from), "10.%u.%u.1", i / 250, i % 250);
		happens(&w, CLASS_SCANNER, from, "", false, START);
	}
	assert_int_equal(w.bans, 100);
	assert_true(w.alerts[ALERT_CEILING] >= 1);
	/* A real one still finds room. */
	fails(&w, "192.0.2.5", "100", 5, true, START);
	assert_true(is_banned(&w, "192.0.2.5"));
	close_world(&w);
}

static void one_failure_more_is_that_of_one_more(void **state)
{
	struct addr first = unit_addr("10.9.0.1"), cover;
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	open_world(&w, "");
	for (i = 0; i < 10; i++) {
		snprintf(from, sizeof(from), "10.9.%u.1", i);
		fails(&w, from, "100", 1, false, START + i * SEC);
	}
	assert_int_equal(w.bans, 10);
	assert_int_equal(decider_unban(w.d, &first, &cover), 0);
	fails(&w, "10.9.77.1", "100", 1, false, START + MIN);
	assert_int_equal(w.bans, 11);
	assert_false(is_banned(&w, "10.9.0.1"));
	close_world(&w);
}

static void an_account_under_attack_is_noticed_and_its_owner_spared(void **state)
{
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "198.51.100.7", "100", START - 20 * 24 * HOUR);
	for (i = 0; i < 30; i++) {
		snprintf(from, sizeof(from), "10.9.%u.1", i);
		fails(&w, from, "100", 2, true, START + i * MIN);
		if (i % 10 == 0)
			fails(&w, "198.51.100.7", "100", 1, true, START + i * MIN);
	}
	assert_int_equal(w.alerts[ALERT_ACCOUNT_ATTACK], 1);
	assert_non_null(strstr(w.last_alert, "10.9.0.1"));
	assert_true(is_banned(&w, "10.9.0.1"));
	assert_true(is_banned(&w, "10.9.29.1"));
	assert_false(is_banned(&w, "198.51.100.7"));
	assert_string_equal(w.last_rule, "account-attack");
	close_world(&w);
}

static void many_offenders_in_a_prefix_raise_its_ban(void **state)
{
	struct world w;
	struct addr net = unit_addr("192.0.2.0/24");
	char from[32];
	unsigned i, round;
	static const char *const spoilers[] = { "", "[exempt]\naddress = 192.0.2.200\n", "[prefixes]\nmax = 0\n" };

	(void)state;
	for (round = 0; round < 4; round++) {
		open_world(&w, spoilers[round < 3 ? round : 0]);
		if (round == 3)
			logs_in(&w, "192.0.2.201", "1", START - HOUR);
		for (i = 1; i <= 8; i++) {
			snprintf(from, sizeof(from), "192.0.2.%u", i);
			fails(&w, from, from, 5, true, START + i * SEC);
		}
		/* Never where an exemption or a friend would be cut off. */
		assert_int_equal(is_banned(&w, "192.0.2.99"), round == 0);
		assert_int_equal(w.bans, round == 0 ? 9 : 8);
		if (round == 0)
			assert_true(addr_equal(&w.last.addr, &net));
		close_world(&w);
	}
}

static void addresses_of_one_ipv6_subscriber_are_one(void **state)
{
	struct world w;
	struct addr net = unit_addr("2001:db8:1:2::/64");
	char from[64];
	unsigned i;

	(void)state;
	open_world(&w, "");
	for (i = 0; i < 5; i++) {
		snprintf(from, sizeof(from), "2001:db8:1:2:%x::1", i * 77);
		fails(&w, from, "100", 1, true, START);
	}
	assert_int_equal(w.bans, 1);
	assert_true(addr_equal(&w.last.addr, &net));
	close_world(&w);
	/* With an exempt host in it, only the source. */
	open_world(&w, "[exempt]\naddress = 2001:db8:1:2::99\n");
	fails(&w, "2001:db8:1:2::5", "100", 5, true, START);
	assert_true(is_banned(&w, "2001:db8:1:2::5"));
	assert_false(is_banned(&w, "2001:db8:1:2::6"));
	close_world(&w);
}

static void who_sent_nothing_is_not_banned(void **state)
{
	struct addr a = unit_addr("203.0.113.9");
	struct explanation e;
	struct world w;

	(void)state;
	open_world(&w, "");
	w.can_ask = true;
	fails(&w, "203.0.113.9", "100", 5, false, START);
	assert_int_equal(w.asked, 1);
	assert_int_equal(w.bans, 0);
	assert_int_equal(decider_explain(w.d, &a, START, &e), 0);
	assert_true(e.waiting);
	explanation_done(&e);
	/* What comes while the answer is awaited asks nothing more. */
	fails(&w, "203.0.113.9", "100", 20, true, START);
	assert_int_equal(w.asked, 1);
	decider_answer(w.d, &a, WITNESS_UNSEEN);
	assert_int_equal(w.bans, 0);
	assert_int_equal(w.alerts[ALERT_FORGERY], 1);
	assert_int_equal(decider_explain(w.d, &a, START, &e), 0);
	assert_int_equal(e.forgeries, 1);
	assert_false(e.waiting);
	explanation_done(&e);
	close_world(&w);
}

static void an_answer_that_does_not_come_loses_no_later_ban(void **state)
{
	const struct addr a = unit_addr("192.0.2.5");
	struct world w;

	(void)state;
	open_world(&w, "");
	w.can_ask = true;
	fails(&w, "192.0.2.5", "100", 5, true, START);
	assert_int_equal(w.bans, 0);
	/* The first would have been over before the second began. */
	fails(&w, "192.0.2.5", "100", 5, true, START + 11 * MIN);
	assert_int_equal(w.bans, 1);
	assert_int_equal(w.last.start, START);
	decider_answer(w.d, &a, WITNESS_SEEN);
	assert_int_equal(w.bans, 2);
	assert_int_equal(w.last.start, START + 11 * MIN);
	close_world(&w);
}

static void the_kernel_can_only_acquit(void **state)
{
	static const enum witness answers[] = { WITNESS_SEEN, WITNESS_SILENT };
	struct addr a = unit_addr("192.0.2.5");
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(answers); i++) {
		open_world(&w, "");
		w.can_ask = true;
		fails(&w, "192.0.2.5", "100", 5, true, START);
		decider_answer(w.d, &a, answers[i]);
		assert_true(is_banned(&w, "192.0.2.5"));
		/* An answer to no question changes nothing. */
		decider_answer(w.d, &a, WITNESS_UNSEEN);
		assert_true(is_banned(&w, "192.0.2.5"));
		close_world(&w);
	}
	/* Nobody to ask. */
	open_world(&w, "");
	fails(&w, "192.0.2.5", "100", 5, true, START);
	assert_true(is_banned(&w, "192.0.2.5"));
	close_world(&w);
	/* Exempt in the meantime. */
	open_world(&w, "");
	w.can_ask = true;
	fails(&w, "192.0.2.5", "100", 5, true, START);
	assert_int_equal(decider_exempt(w.d, &a, "a friend"), 0);
	decider_answer(w.d, &a, WITNESS_SEEN);
	assert_int_equal(w.bans, 0);
	close_world(&w);
}

static void there_is_a_ceiling_on_bans_a_minute(void **state)
{
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	open_world(&w, "[brakes]\nbans_per_minute = 50\n[prefixes]\nban = 0\n");
	for (i = 0; i < 200; i++) {
		snprintf(from, sizeof(from), "10.%u.0.1", i);
		happens(&w, CLASS_SCANNER, from, "", true, START + i * SEC / 10);
	}
	assert_int_equal(w.bans, 50);
	assert_int_equal(w.alerts[ALERT_CEILING], 1);
	happens(&w, CLASS_SCANNER, "10.0.0.9", "", true, START + 2 * MIN);
	assert_int_equal(w.bans, 51);
	close_world(&w);
}

static void not_all_friends_can_be_cut_off(void **state)
{
	struct world w;
	char from[32];
	unsigned i, k;

	(void)state;
	open_world(&w, "[prefixes]\nban = 0\n[trust]\nfactor = 1\n");
	for (i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "10.0.%u.1", i);
		logs_in(&w, from, "1", START);
	}
	/* A filter gone wrong: all of them seem to scan. */
	for (i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "10.0.%u.1", i);
		for (k = 0; k < 3; k++)
			happens(&w, CLASS_SCANNER, from, "x", true, START + MIN);
	}
	assert_int_equal(w.bans, 4);
	assert_true(w.alerts[ALERT_FRIENDS_SHARE] >= 1);
	close_world(&w);
}

static void what_is_observed_is_told_and_hides_nothing(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "[rule scanner]\nobserve = yes\n");
	happens(&w, CLASS_SCANNER, "192.0.2.5", "", true, START);
	assert_int_equal(w.bans, 1);
	assert_true(w.last.observed);
	happens(&w, CLASS_SCANNER, "192.0.2.5", "", true, START + SEC);
	assert_int_equal(w.bans, 1);
	fails(&w, "192.0.2.5", "100", 5, true, START + MIN);
	assert_int_equal(w.bans, 2);
	assert_false(w.last.observed);
	close_world(&w);
	open_world(&w, "[sipwarden]\nmode = observe\n");
	fails(&w, "192.0.2.5", "100", 25, true, START);
	assert_int_equal(w.bans, 1);
	assert_true(w.last.observed);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unproven_evidence_bans_shortly_whatever_the_ladder_says),
		cmocka_unit_test(forged_sources_cannot_fill_the_table),
		cmocka_unit_test(one_failure_more_is_that_of_one_more),
		cmocka_unit_test(an_account_under_attack_is_noticed_and_its_owner_spared),
		cmocka_unit_test(many_offenders_in_a_prefix_raise_its_ban),
		cmocka_unit_test(addresses_of_one_ipv6_subscriber_are_one),
		cmocka_unit_test(who_sent_nothing_is_not_banned),
		cmocka_unit_test(an_answer_that_does_not_come_loses_no_later_ban),
		cmocka_unit_test(the_kernel_can_only_acquit),
		cmocka_unit_test(there_is_a_ceiling_on_bans_a_minute),
		cmocka_unit_test(not_all_friends_can_be_cut_off),
		cmocka_unit_test(what_is_observed_is_told_and_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
