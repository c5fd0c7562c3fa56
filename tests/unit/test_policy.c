/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between a hit and a ban: proof, trust, witness, brakes, prefixes, accounts. */
#include "unit.h"

#include <errno.h>

#include "base/text.h"
#include "decide/decide.h"
#include "detect/distinct.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define START (1795000000 * SEC)

struct world {
	struct config *cfg;
	struct decider *d;
	unsigned bans, earlier, asked, alerts[ALERT_KINDS];
	struct ban last; /* strings are not kept */
	char last_rule[64], last_alert[600];
	bool can_ask;
	bool unlearnt; /* whether the kernel sees what the log tells of */
	unsigned serial;
};

static void on_ban(void *userdata, struct ban *b)
{
	struct world *w = userdata;

	w->bans++;
	w->last = *b;
	snprintf(w->last_rule, sizeof(w->last_rule), "%s", b->rule);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	(void)userdata;
	(void)b;
	(void)cause;
}

static void on_alert(void *userdata, const struct alert *a)
{
	struct world *w = userdata;

	w->alerts[a->kind]++;
	snprintf(w->last_alert, sizeof(w->last_alert), "%s", a->text);
}

static bool on_ask(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	(void)addr;
	w->asked++;
	return w->can_ask;
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)addr;
	(void)since;
	return ((struct world *)userdata)->earlier;
}

static void open_world(struct world *w, const char *config)
{
	const struct decide_callbacks callbacks = { .ban = on_ban,
						    .lift = on_lift,
						    .alert = on_alert,
						    .ask = on_ask,
						    .history = on_history,
						    .userdata = w };
	struct diag diag = DIAG_INIT;

	*w = (struct world){ 0 };
	config_load_text("test.conf", config, strlen(config), &diag, &w->cfg);
	if (!w->cfg)
		diag_print(&diag, stderr);
	diag_done(&diag);
	assert_non_null(w->cfg);
	assert_int_equal(decider_new(w->cfg, &callbacks, &w->d), 0);
}

static void close_world(struct world *w)
{
	decider_free(w->d);
	config_free(w->cfg);
}

/* One line of log, each an attempt of its own. from may have a port. */
static void happens(struct world *w, enum event_class class, const char *from, const char *user, bool proven, usec_t when)
{
	char id[32], port[8];
	struct event e = { .class = class,
			   .classes = CLASS_BIT(class),
			   .filter = "pbx",
			   .pattern = "test",
			   .proven = proven,
			   .askable = true,
			   .witnessed = !w->unlearnt,
			   .n_addrs = 1,
			   .user = SPAN(user),
			   .line = SPAN("a line"),
			   .time = when };

	snprintf(id, sizeof(id), "call-%u", w->serial++);
	e.id = SPAN(id);
	e.addrs[0] = unit_addr(from);
	if (e.addrs[0].port) {
		snprintf(port, sizeof(port), "%u", e.addrs[0].port);
		e.port = SPAN(port);
		e.addrs[0].port = 0;
	}
	decider_event(w->d, &e, when);
}

static bool is_banned(const struct world *w, const char *addr)
{
	struct addr a = unit_addr(addr);

	return decider_find(w->d, &a) != NULL;
}

static void logs_in(struct world *w, const char *from, const char *user, usec_t when)
{
	happens(w, CLASS_AUTH_SUCCESS, from, user, true, when);
}

static void fails(struct world *w, const char *from, const char *user, unsigned n, bool proven, usec_t when)
{
	while (n-- > 0)
		happens(w, CLASS_AUTH_FAILURE, from, user, proven, when);
}

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

static void distinct_members_are_counted_within_the_window(void **state)
{
	struct addr a = unit_addr("192.0.2.1"), b = unit_addr("192.0.2.2"), c = unit_addr("192.0.2.3");
	struct distinct_table *t;
	unsigned i;

	(void)state;
	assert_int_equal(distinct_table_new(0, HOUR, &t), -EINVAL);
	assert_int_equal(distinct_table_new(2, HOUR, &t), 0);
	assert_int_equal(distinct_note(t, 7, &a, START, NULL), 1);
	assert_int_equal(distinct_note(t, 7, &a, START + MIN, NULL), 1);
	assert_int_equal(distinct_note(t, 7, &b, START + MIN, NULL), 2);
	assert_int_equal(distinct_note(t, 8, &b, START + MIN, NULL), 1);
	/* No more than it was made for; the one seen longest ago gives way. */
	assert_int_equal(distinct_note(t, 7, &c, START + 2 * MIN, NULL), 2);
	assert_int_equal(distinct_note(t, 7, &a, START + 3 * HOUR, NULL), 1);
	distinct_clear(t, 7);
	assert_int_equal(distinct_note(t, 7, &b, START + 3 * HOUR, NULL), 1);
	/* A flood of keys leaves the one that says most. */
	distinct_note(t, 7, &a, START + 3 * HOUR, NULL);
	for (i = 1; i < 3 * DISTINCT_KEYS_MAX; i++)
		distinct_note(t, 1000 + i, &c, START + 3 * HOUR, NULL);
	assert_int_equal(distinct_note(t, 7, &a, START + 3 * HOUR, NULL), 2);
	distinct_table_free(t);
}

/* In whatever order moments come: the latest members of those that are in the window. */
#define MODEL 12

struct model {
	struct addr addrs[MODEL];
	usec_t last[MODEL]; /* 0: not a member */
};

static unsigned model_note(struct model *m, unsigned which, unsigned members, usec_t when)
{
	unsigned i, n = 0, oldest = MODEL;

	for (i = 0; i < MODEL; i++)
		if (m->last[i] && when > m->last[i] && when - m->last[i] > HOUR)
			m->last[i] = 0;
	m->last[which] = 0;
	for (i = 0; i < MODEL; i++) {
		n += m->last[i] != 0;
		if (m->last[i] && (oldest == MODEL || m->last[i] < m->last[oldest]))
			oldest = i;
	}
	if (n == members)
		m->last[oldest] = 0;
	m->last[which] = when;
	return n < members ? n + 1 : members;
}

static void is_a_member(void *userdata, const struct addr *addr)
{
	const struct model *m = userdata;
	unsigned i;

	for (i = 0; i < MODEL && !addr_equal(&m->addrs[i], addr); i++)
		;
	assert_true(i < MODEL && m->last[i]);
}

static void distinct_members_agree_with_a_plain_model(void **state)
{
	struct distinct_table *t;
	usec_t when = START;
	unsigned i, count, before;
	struct model m = { 0 };
	char text[32];

	(void)state;
	srandom(1);
	for (i = 0; i < MODEL; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		m.addrs[i] = unit_addr(text);
	}
	assert_int_equal(distinct_table_new(5, HOUR, &t), 0);
	for (i = 0; i < 20000; i++) {
		const unsigned which = (unsigned)random() % MODEL;

		/* No two at one moment: which of them is the older would be anybody's choice. */
		when += (usec_t)(random() % (40 * 60)) * SEC + i;
		when -= (usec_t)(random() % (20 * 60)) * SEC;
		count = model_note(&m, which, 5, when);
		assert_int_equal(distinct_note(t, 7, &m.addrs[which], when, &before), count);
		assert_true(before <= count && count <= before + 1);
		distinct_each(t, 7, when, is_a_member, &m);
	}
	distinct_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unproven_evidence_bans_shortly_whatever_the_ladder_says),
		cmocka_unit_test(forged_sources_cannot_fill_the_table),
		cmocka_unit_test(an_office_with_one_stale_phone_is_told_of_and_not_banned),
		cmocka_unit_test(real_guessing_from_an_office_is_stopped),
		cmocka_unit_test(forged_packets_do_not_cut_off_an_office),
		cmocka_unit_test(a_guesser_over_udp_in_an_office_loses_his_port_and_no_phone_does),
		cmocka_unit_test(forged_packets_cannot_shut_the_port_of_a_phone),
		cmocka_unit_test(a_guesser_in_an_ipv6_network_of_friends_is_stopped_alone),
		cmocka_unit_test(forged_attempts_do_not_make_a_friends_own_mistake_the_last_straw),
		cmocka_unit_test(whom_this_host_calls_is_not_cut_off_by_forged_packets),
		cmocka_unit_test(one_failure_more_is_that_of_one_more),
		cmocka_unit_test(a_thief_who_logged_in_is_no_friend_of_the_calls),
		cmocka_unit_test(a_friend_of_long_ago_is_none),
		cmocka_unit_test(an_account_under_attack_is_noticed_and_its_owner_spared),
		cmocka_unit_test(many_offenders_in_a_prefix_raise_its_ban),
		cmocka_unit_test(addresses_of_one_ipv6_subscriber_are_one),
		cmocka_unit_test(who_sent_nothing_is_not_banned),
		cmocka_unit_test(the_kernel_can_only_acquit),
		cmocka_unit_test(there_is_a_ceiling_on_bans_a_minute),
		cmocka_unit_test(not_all_friends_can_be_cut_off),
		cmocka_unit_test(what_is_observed_is_told_and_hides_nothing),
		cmocka_unit_test(friends_of_before_are_friends),
		cmocka_unit_test(distinct_members_are_counted_within_the_window),
		cmocka_unit_test(distinct_members_agree_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
