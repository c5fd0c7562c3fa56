/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Friends: who logged in lately, and whom this host calls. */
#include "policy_world.h"

/* Forty phones that work, and one whose password was changed. */
static void office(struct world *w, const char *from, usec_t from_when, usec_t until)
{
	usec_t when;
	unsigned i;

	for (when = from_when; when < until; when += 30 * SEC) {
		for (i = 0; (when - from_when) % (10 * MIN) == 0 && i < 40; i++) {
			char user[16];

			snprintf(user, sizeof(user), "%u", 200 + i);
			logs_in(w, from, user, when);
		}
		fails(w, from, "299", 1, true, when + SEC);
	}
}

static void an_office_with_one_stale_phone_is_told_of_and_not_banned(void **state)
{
	struct world w;
	struct explanation e;
	struct addr a = unit_addr("198.51.100.7");

	(void)state;
	open_world(&w, "");
	office(&w, "198.51.100.7", START, START + 6 * HOUR);
	assert_int_equal(w.bans, 0);
	assert_in_range(w.alerts[ALERT_STALE_ACCOUNT], 5, 7);
	assert_non_null(strstr(w.last_alert, "299"));
	assert_int_equal(decider_explain(w.d, &a, START + 6 * HOUR, &e), 0);
	assert_true(e.is_friend);
	assert_int_equal(e.friend.accounts, FRIEND_ACCOUNTS_MAX);
	assert_null(e.ban);
	explanation_done(&e);
	close_world(&w);
}

static void real_guessing_from_an_office_is_stopped(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	/* Many accounts. */
	open_world(&w, "");
	office(&w, "198.51.100.7", START, START + HOUR);
	for (i = 0; i < 60 && !w.bans; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%u", 1000 + i);
		fails(&w, "198.51.100.7", user, 1, true, START + HOUR + i * SEC);
	}
	assert_true(is_banned(&w, "198.51.100.7"));
	assert_int_equal(w.alerts[ALERT_FRIEND_ATTACKS], 1);
	close_world(&w);
	/* One account, faster than any phone. */
	open_world(&w, "");
	office(&w, "198.51.100.7", START, START + HOUR);
	for (i = 0; i < 150 && !w.bans; i++)
		fails(&w, "198.51.100.7", "200", 1, true, START + HOUR + i * SEC);
	assert_true(is_banned(&w, "198.51.100.7"));
	close_world(&w);
}

static void forged_packets_do_not_cut_off_an_office(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	open_world(&w, "");
	office(&w, "198.51.100.7", START, START + HOUR);
	for (i = 0; i < 5000; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%u", i);
		fails(&w, "198.51.100.7", user, 1, false, START + HOUR + i * SEC / 100);
		happens(&w, CLASS_SCANNER, "198.51.100.7", user, false, START + HOUR + i * SEC / 100);
	}
	assert_int_equal(w.bans, 0);
	assert_int_equal(w.alerts[ALERT_FRIEND_ATTACKS], 1);
	close_world(&w);
}

/* Guesses at n accounts over UDP. */
static void guesses_accounts(struct world *w, const char *from, unsigned n, usec_t when)
{
	char user[16];

	while (n-- > 0) {
		snprintf(user, sizeof(user), "g%u", n);
		fails(w, from, user, 1, false, when);
	}
}

static void a_guesser_over_udp_in_an_office_loses_his_port_and_no_phone_does(void **state)
{
	const struct addr port = unit_addr("198.51.100.7:40001"), office_address = unit_addr("198.51.100.7");
	struct explanation e;
	struct addr cover;
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "198.51.100.7:5060", "200", START);
	logs_in(&w, "198.51.100.7:5062", "201", START);
	/* A phone with an old password, for hours. */
	fails(&w, "198.51.100.7:5064", "202", 40, false, START + MIN);
	assert_int_equal(w.bans, 0);
	guesses_accounts(&w, "198.51.100.7:40001", 60, START + HOUR);
	assert_int_equal(w.bans, 1);
	assert_true(addr_equal(&w.last.addr, &port));
	assert_int_equal(w.last.end - w.last.start, 10 * MIN);
	assert_false(w.last.proven);
	assert_false(is_banned(&w, "198.51.100.7") || is_banned(&w, "198.51.100.7:5060"));
	assert_int_equal(decider_explain(w.d, &office_address, START + HOUR, &e), 0);
	assert_int_equal(e.ports, 1);
	explanation_done(&e);
	/* One account, faster than any phone. */
	fails(&w, "198.51.100.7:40002", "200", 110, false, START + HOUR);
	assert_int_equal(w.bans, 2);
	assert_true(is_banned(&w, "198.51.100.7:40002"));
	/* Who lifts the ban of the address means its ports. */
	assert_int_equal(decider_unban(w.d, &office_address, &cover), 0);
	assert_false(is_banned(&w, "198.51.100.7:40001") || is_banned(&w, "198.51.100.7:40002"));
	close_world(&w);
}

static void forged_packets_cannot_shut_the_port_of_a_phone(void **state)
{
	const struct friend known = { .addr = unit_addr("203.0.113.9"), .first = START - HOUR, .last = START - MIN, .successes = 7 };
	struct world w;
	unsigned i;
	char from[32];

	(void)state;
	open_world(&w, "");
	logs_in(&w, "198.51.100.7:5060", "200", START);
	guesses_accounts(&w, "198.51.100.7:5060", 500, START + HOUR);
	fails(&w, "198.51.100.7:5060", "200", 500, false, START + HOUR);
	assert_int_equal(w.bans, 0);
	/* All other ports neither: a phone may get one of them next. */
	for (i = 0; i < 200; i++) {
		snprintf(from, sizeof(from), "198.51.100.7:%u", 10000 + i);
		guesses_accounts(&w, from, 60, START + HOUR);
	}
	assert_int_equal(w.bans, 32);
	/* Not before all phones have logged in again: nobody knows their ports yet. */
	decider_befriend(w.d, &known);
	logs_in(&w, "203.0.113.9:5060", "300", START);
	guesses_accounts(&w, "203.0.113.9:5062", 100, START + 30 * MIN);
	assert_int_equal(w.bans, 32);
	guesses_accounts(&w, "203.0.113.9:5062", 100, START + 2 * HOUR);
	assert_int_equal(w.bans, 33);
	/* Nor if the log of the logins has no ports. */
	logs_in(&w, "203.0.113.20", "400", START);
	guesses_accounts(&w, "203.0.113.20:5062", 100, START + 2 * HOUR);
	assert_int_equal(w.bans, 33);
	close_world(&w);
}

static void a_guesser_in_an_ipv6_network_of_friends_is_stopped_alone(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "2001:db8:1:2::10", "200", START);
	guesses_accounts(&w, "2001:db8:1:2::10", 200, START + MIN);
	assert_int_equal(w.bans, 0);
	guesses_accounts(&w, "2001:db8:1:2::66", 60, START + MIN);
	assert_int_equal(w.bans, 1);
	assert_true(is_banned(&w, "2001:db8:1:2::66"));
	assert_false(is_banned(&w, "2001:db8:1:2::10"));
	close_world(&w);
}

static void forged_attempts_do_not_make_a_friends_own_mistake_the_last_straw(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "198.51.100.7", "200", START);
	fails(&w, "198.51.100.7", "200", 150, false, START + MIN);
	fails(&w, "198.51.100.7", "200", 1, true, START + MIN);
	assert_int_equal(w.bans, 0);
	close_world(&w);
}

static void whom_this_host_calls_is_not_cut_off_by_forged_packets(void **state)
{
	const struct addr carrier = unit_addr("198.51.100.9");
	struct world w;
	unsigned unlearnt;

	(void)state;
	for (unlearnt = 0; unlearnt < 2; unlearnt++) {
		open_world(&w, "");
		w.can_ask = true;
		/* A gateway where nobody ever logs in never learns what its kernel sees. */
		w.unlearnt = unlearnt;
		happens(&w, CLASS_SCANNER, "198.51.100.9", "", false, START);
		assert_int_equal(w.asked, 1);
		decider_answer(w.d, &carrier, WITNESS_CALLED);
		assert_int_equal(w.alerts[ALERT_FRIEND_ATTACKS], 1);
		guesses_accounts(&w, "198.51.100.9:5060", 100, START + MIN);
		assert_int_equal(w.bans, 0);
		/* A real connection is another matter. */
		w.can_ask = false;
		guesses_accounts(&w, "198.51.100.9", 1, START + MIN);
		fails(&w, "198.51.100.9", "x", 120, true, START + 2 * MIN);
		assert_int_equal(w.bans, 1);
		close_world(&w);
	}
	/* Its silence counts only where it sees what the log tells of. */
	open_world(&w, "");
	w.can_ask = w.unlearnt = true;
	happens(&w, CLASS_SCANNER, "198.51.100.9", "", false, START);
	decider_answer(w.d, &carrier, WITNESS_UNSEEN);
	assert_int_equal(w.bans, 1);
	close_world(&w);
}

static void a_thief_who_logged_in_is_no_friend_of_the_calls(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "192.0.2.66", "100", START);
	for (w.serial = 0; w.serial < 40;)
		happens(&w, CLASS_CALL_ATTEMPT, "192.0.2.66", "100", true, START + w.serial * SEC);
	assert_true(is_banned(&w, "192.0.2.66"));
	close_world(&w);
}

static void a_friend_of_long_ago_is_none(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "198.51.100.7", "200", START);
	fails(&w, "198.51.100.7", "1", 5, true, START + 25 * HOUR);
	assert_true(is_banned(&w, "198.51.100.7"));
	close_world(&w);
}

static void friends_of_before_are_friends(void **state)
{
	struct world w;
	const struct friend known = { unit_addr("198.51.100.9"), START - HOUR, START - HOUR, 7, 2 };

	(void)state;
	open_world(&w, "");
	decider_befriend(w.d, &known);
	fails(&w, "198.51.100.9", "1", 5, true, START);
	assert_false(is_banned(&w, "198.51.100.9"));
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_office_with_one_stale_phone_is_told_of_and_not_banned),
		cmocka_unit_test(real_guessing_from_an_office_is_stopped),
		cmocka_unit_test(forged_packets_do_not_cut_off_an_office),
		cmocka_unit_test(a_guesser_over_udp_in_an_office_loses_his_port_and_no_phone_does),
		cmocka_unit_test(forged_packets_cannot_shut_the_port_of_a_phone),
		cmocka_unit_test(a_guesser_in_an_ipv6_network_of_friends_is_stopped_alone),
		cmocka_unit_test(forged_attempts_do_not_make_a_friends_own_mistake_the_last_straw),
		cmocka_unit_test(whom_this_host_calls_is_not_cut_off_by_forged_packets),
		cmocka_unit_test(a_thief_who_logged_in_is_no_friend_of_the_calls),
		cmocka_unit_test(a_friend_of_long_ago_is_none),
		cmocka_unit_test(friends_of_before_are_friends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
