/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes of failures that packets prove. */
#include "policy_world.h"

#define OFFICE "198.51.100.7"

static void office(struct world *w)
{
	unsigned i;
	char user[16];

	open_world(w, "");
	for (i = 0; i < 40; i++) {
		snprintf(user, sizeof(user), "%u", 200 + i);
		logs_in(w, OFFICE, user, START);
	}
}

/* Guesses at n accounts. */
static void guesses(struct world *w, const char *from, unsigned n, usec_t when)
{
	char user[16];
	unsigned i;

	for (i = 0; i < n; i++) {
		snprintf(user, sizeof(user), "g%u", i);
		fails(w, from, user, 1, false, when + i * SEC);
	}
}

/* Packets that come behind the line. */
static void is_proved(struct world *w, const char *from, const char *user, uint16_t port, usec_t when)
{
	const struct proof proof = { .port = port };
	const struct event e = { .class = CLASS_AUTH_FAILURE,
				 .classes = CLASS_BIT(CLASS_AUTH_FAILURE),
				 .filter = "pbx",
				 .pattern = "test",
				 .n_addrs = 1,
				 .user = SPAN(user),
				 .time = when,
				 .addrs = { unit_addr(from) } };

	decider_proved(w->d, &e, &proof, when);
}

static unsigned long counted(const struct world *w, bool wired)
{
	struct decide_stats s;

	decider_stats(w->d, &s);
	return wired ? s.wired : s.attempts;
}

static void a_guesser_loses_the_port_that_packets_name_for_a_while(void **state)
{
	const struct addr port = unit_addr(OFFICE ":40001");
	struct world w;

	(void)state;
	office(&w);
	w.proves = 40001;
	guesses(&w, OFFICE, 49, START + MIN);
	assert_int_equal(w.bans, 0);
	fails(&w, OFFICE, "last", 1, false, START + 2 * MIN);
	assert_int_equal(w.bans, 1);
	assert_true(addr_equal(&w.last.addr, &port));
	assert_true(w.last.proven);
	assert_int_equal(w.last.end - w.last.start, 10 * MIN);
	assert_false(is_banned(&w, OFFICE));
	assert_int_equal(counted(&w, true), 50);
	/* What was dropped too late counts no more; the next port is another's. */
	guesses(&w, OFFICE, 60, START + 3 * MIN);
	assert_int_equal(w.bans, 1);
	w.proves = 40002;
	guesses(&w, OFFICE, 60, START + 4 * MIN);
	assert_int_equal(w.bans, 2);
	assert_false(is_banned(&w, OFFICE));
	close_world(&w);
}

static void a_phone_with_an_old_password_is_told_of_and_one_that_no_phone_is_stopped(void **state)
{
	struct world w;

	(void)state;
	office(&w);
	w.proves = 40001;
	fails(&w, OFFICE, "299", 99, false, START + MIN);
	assert_int_equal(w.bans, 0);
	assert_int_equal(w.alerts[ALERT_STALE_ACCOUNT], 1);
	fails(&w, OFFICE, "299", 1, false, START + MIN);
	assert_int_equal(w.bans, 1);
	assert_true(is_banned(&w, OFFICE ":40001"));
	close_world(&w);
}

static void proof_that_comes_later_counts_as_well_and_once(void **state)
{
	struct world w;
	unsigned i;
	char user[16];

	(void)state;
	office(&w);
	guesses(&w, OFFICE, 60, START + MIN);
	assert_int_equal(w.doubted, 60);
	assert_int_equal(w.bans, 0);
	assert_int_equal(counted(&w, false), 60);
	for (i = 0; i < 50; i++) {
		snprintf(user, sizeof(user), "g%u", i);
		is_proved(&w, OFFICE, user, 40001, START + 2 * MIN);
		assert_int_equal(w.bans, i == 49);
	}
	assert_true(is_banned(&w, OFFICE ":40001"));
	assert_int_equal(counted(&w, false), 60);
	assert_int_equal(counted(&w, true), 50);
	close_world(&w);
}

static void the_exempt_are_not_proven_guilty(void **state)
{
	const struct addr office_address = unit_addr(OFFICE);
	struct world w;
	unsigned i;

	(void)state;
	office(&w);
	guesses(&w, OFFICE, 60, START + MIN);
	assert_int_equal(decider_exempt(w.d, &office_address, "by hand"), 0);
	for (i = 0; i < 200; i++)
		is_proved(&w, OFFICE, "g0", 40001, START + 2 * MIN);
	assert_int_equal(w.bans, 0);
	assert_int_equal(counted(&w, true), 0);
	close_world(&w);
}

static void guesses_from_many_ports_count_against_the_address(void **state)
{
	struct world w;
	unsigned i;
	char user[16];

	(void)state;
	office(&w);
	/* Four accounts at each port. */
	for (i = 0; i < 400 && !w.bans; i++) {
		snprintf(user, sizeof(user), "g%u", i);
		w.proves = (uint16_t)(20000 + i / 4);
		fails(&w, OFFICE, user, 1, false, START + MIN + i * SEC);
	}
	assert_true(is_banned(&w, OFFICE));
	/* The first 32 ports do not, nor the first three accounts of the others. */
	assert_int_equal(i, (32 + 50) * 4);
	close_world(&w);
}

static void guesses_at_one_account_from_many_ports_count_against_the_address(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	office(&w);
	/* A port for each guess. */
	for (i = 0; i < 400 && !w.bans; i++) {
		w.proves = (uint16_t)(20000 + i);
		fails(&w, OFFICE, "299", 1, false, START + MIN + i * SEC);
	}
	assert_true(is_banned(&w, OFFICE));
	/* The first 32 ports do not. */
	assert_int_equal(i, 32 + 100);
	close_world(&w);
}

static void a_phone_may_fail_from_a_new_port_each_time(void **state)
{
	struct world w;
	unsigned i, k;
	char user[16];

	(void)state;
	office(&w);
	/* Nearly a day long, and so do its neighbours. */
	for (i = 0; i < 2800; i++) {
		for (k = 0; k < 40; k++) {
			snprintf(user, sizeof(user), "%u", 300 + k);
			w.proves = (uint16_t)(1024 + (i * 40 + k) % 64000);
			fails(&w, OFFICE, user, 1, false, START + MIN + i * 30 * SEC);
		}
	}
	assert_int_equal(w.bans, 0);
	assert_true(w.alerts[ALERT_STALE_ACCOUNT] > 0);
	close_world(&w);
}

static void a_pbx_with_an_old_password_may_call_many_numbers(void **state)
{
	struct world w;

	(void)state;
	office(&w);
	w.method = "INVITE";
	w.proves = 40001;
	w.proves_account = "trunk";
	guesses(&w, OFFICE, 99, START + MIN);
	assert_int_equal(w.bans, 0);
	/* As often as no phone does. */
	fails(&w, OFFICE, "last", 1, false, START + 3 * MIN);
	assert_true(is_banned(&w, OFFICE ":40001"));
	close_world(&w);
}

static void what_a_connection_brought_counts_against_the_address(void **state)
{
	struct world w;
	unsigned i;
	char user[16];

	(void)state;
	office(&w);
	/* At once, */
	w.connected = true;
	guesses(&w, OFFICE, 25, START + MIN);
	/* and later. */
	w.connected = false;
	guesses(&w, OFFICE, 25, START + MIN);
	for (i = 0; i < 25; i++) {
		assert_int_equal(w.bans, 0);
		snprintf(user, sizeof(user), "h%u", i);
		is_proved(&w, OFFICE, user, 0, START + 2 * MIN);
	}
	assert_int_equal(w.bans, 1);
	assert_true(is_banned(&w, OFFICE) && w.last.proven);
	assert_non_null(strstr(w.last_reason, "a connection brought them"));
	close_world(&w);
}

static void so_may_one_by_a_connection_though_nobody_knows_its_account(void **state)
{
	struct world w;

	(void)state;
	office(&w);
	w.method = "INVITE";
	w.connected = true;
	guesses(&w, OFFICE, 99, START + MIN);
	assert_int_equal(w.bans, 0);
	assert_int_equal(w.alerts[ALERT_STALE_ACCOUNT], 1);
	assert_non_null(strstr(w.last_alert, "Calls from " OFFICE));
	fails(&w, OFFICE, "last", 1, false, START + 3 * MIN);
	assert_true(is_banned(&w, OFFICE));
	close_world(&w);
}

static void many_whose_calls_to_one_number_are_refused_attack_no_account(void **state)
{
	struct world w;
	char from[32];
	unsigned i;

	(void)state;
	open_world(&w, "");
	/* As when the gateway finds no account. */
	w.method = "INVITE";
	for (i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "203.0.113.%u", i + 1);
		fails(&w, from, "*97", 1, false, START + i * SEC);
	}
	assert_int_equal(w.bans, 0);
	assert_int_equal(w.alerts[ALERT_ACCOUNT_ATTACK], 0);
	/* At an account they would. */
	w.method = "REGISTER";
	for (i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "203.0.113.%u", i + 1);
		fails(&w, from, "100", 1, false, START + MIN + i * SEC);
	}
	assert_true(w.alerts[ALERT_ACCOUNT_ATTACK] > 0);
	close_world(&w);
}

static void what_packets_name_is_escaped_where_it_is_shown(void **state)
{
	const struct addr port = unit_addr(OFFICE ":40001");
	const struct ban *b;
	struct world w;
	size_t i;

	(void)state;
	office(&w);
	w.method = "INVITE";
	w.proves = 40001;
	w.proves_account = "x\r\n\033[2J%s%n\"'\x80";
	fails(&w, OFFICE, "900", 100, false, START + MIN);
	b = decider_find(w.d, &port);
	assert_non_null(b);
	for (i = 0; b->accounts[i]; i++)
		assert_in_range(b->accounts[i], ' ', '~');
	assert_non_null(strstr(b->accounts, "[2J%s%n"));
	close_world(&w);
}

static void all_phones_of_an_office_may_fail_when_the_gateway_finds_no_account(void **state)
{
	struct world w;
	unsigned i, minute;
	char user[16];

	(void)state;
	office(&w);
	for (minute = 0; minute < 120; minute++) {
		for (i = 0; i < 500; i++) {
			snprintf(user, sizeof(user), "%u", 200 + i);
			/* Each with three accounts. */
			w.proves = (uint16_t)(20000 + i / 3);
			fails(&w, OFFICE, user, 1, false, START + MIN + minute * MIN + i * SEC / 10);
		}
	}
	assert_int_equal(w.bans, 0);
	close_world(&w);
}

static void of_an_ipv6_network_it_is_the_address(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, "");
	logs_in(&w, "2001:db8:0:7::1", "100", START);
	w.proves = 40001;
	guesses(&w, "2001:db8:0:7::66", 60, START + MIN);
	assert_int_equal(w.bans, 1);
	assert_true(is_banned(&w, "2001:db8:0:7::66"));
	assert_false(is_banned(&w, "2001:db8:0:7::1"));
	close_world(&w);
}

static void many_addresses_of_a_network_that_is_called_are_no_reason_to_ban_its_neighbours(void **state)
{
	const struct addr caller = unit_addr("2001:db8:0:7::1");
	char from[64];
	struct world w;
	unsigned i;

	(void)state;
	open_world(&w, "");
	w.can_ask = true;
	guesses(&w, "2001:db8:0:7::1", 5, START);
	assert_int_equal(w.asked, 1);
	decider_answer(w.d, &caller, WITNESS_CALLED);
	w.can_ask = false;
	w.proves = 40001;
	for (i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "2001:db8:0:7::%x", 0x100 + i);
		guesses(&w, from, 60, START + 2 * MIN);
	}
	assert_int_equal(w.bans, 20);
	assert_false(is_banned(&w, "2001:db8:0:8::1") || is_banned(&w, "2001:db8:0:7::1"));
	close_world(&w);
}

static void only_doubts_about_failed_logins_of_friends_are_looked_into(void **state)
{
	struct world w;

	(void)state;
	office(&w);
	w.proves = 40001;
	guesses(&w, "203.0.113.9", 4, START + MIN);
	fails(&w, OFFICE, "200", 10, true, START + MIN);
	happens(&w, CLASS_SCANNER, OFFICE, "200", false, START + MIN);
	happens(&w, CLASS_MALFORMED, OFFICE, "200", false, START + MIN);
	assert_int_equal(w.doubted, 0);
	/* Who is no friend any more by then is not held to be one. */
	guesses(&w, OFFICE, 1, START + MIN);
	assert_int_equal(w.doubted, 1);
	is_proved(&w, OFFICE, "g0", 40001, START + 48 * HOUR);
	is_proved(&w, "203.0.113.9", "g0", 40001, START + MIN);
	assert_int_equal(counted(&w, true), 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guesser_loses_the_port_that_packets_name_for_a_while),
		cmocka_unit_test(a_phone_with_an_old_password_is_told_of_and_one_that_no_phone_is_stopped),
		cmocka_unit_test(proof_that_comes_later_counts_as_well_and_once),
		cmocka_unit_test(the_exempt_are_not_proven_guilty),
		cmocka_unit_test(guesses_from_many_ports_count_against_the_address),
		cmocka_unit_test(guesses_at_one_account_from_many_ports_count_against_the_address),
		cmocka_unit_test(a_phone_may_fail_from_a_new_port_each_time),
		cmocka_unit_test(a_pbx_with_an_old_password_may_call_many_numbers),
		cmocka_unit_test(what_a_connection_brought_counts_against_the_address),
		cmocka_unit_test(so_may_one_by_a_connection_though_nobody_knows_its_account),
		cmocka_unit_test(many_whose_calls_to_one_number_are_refused_attack_no_account),
		cmocka_unit_test(what_packets_name_is_escaped_where_it_is_shown),
		cmocka_unit_test(all_phones_of_an_office_may_fail_when_the_gateway_finds_no_account),
		cmocka_unit_test(of_an_ipv6_network_it_is_the_address),
		cmocka_unit_test(many_addresses_of_a_network_that_is_called_are_no_reason_to_ban_its_neighbours),
		cmocka_unit_test(only_doubts_about_failed_logins_of_friends_are_looked_into),
	};

	return cmocka_run_group_tests_name("wired", tests, NULL, NULL);
}
