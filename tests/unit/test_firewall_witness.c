/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of who sent, and of whom this host calls. */
#include "firewall_world.h"

static void who_has_sent_is_seen_and_nobody_else(void **state)
{
	struct world *w = *state;

	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_UNSEEN);
	send_from("127.0.0.9", 5061);
	send_from("127.0.0.10", 5062); /* not watched */
	send_from("2001:db8:1::5", 8021);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.0.10"), WITNESS_UNSEEN);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_SEEN);
	assert_int_equal(ask(w, "2001:db8:1::77"), WITNESS_SEEN); /* of one network */
	assert_int_equal(ask(w, "2001:db8:1::/64"), WITNESS_SEEN);
	assert_int_equal(ask(w, "2001:db8:1:1::5"), WITNESS_UNSEEN);
	/* What the sets cannot tell. */
	assert_int_equal(ask(w, "127.0.0.0/24"), WITNESS_SILENT);
	assert_int_equal(ask(w, "2001:db8:1::/48"), WITNESS_SILENT);
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
}

static void a_fresh_witness_is_silent(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *flushed = NULL;

	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	send_from("127.0.0.9", 5060);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SEEN);
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
	/* Forgotten by somebody else's hand: not held against anybody. */
	send_from("127.0.0.9", 5060);
	flushed = nft("nft flush set inet wardentest seen4");
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	wait_for(w, &w->lost, 1);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void a_full_set_is_silent_for_its_family_only(void **state)
{
	struct world *w = *state;
	unsigned i;

	let_it_age();
	for (i = 1; i <= 5; i++) {
		char text[ADDR_TEXT_MAX];

		snprintf(text, sizeof(text), "127.0.1.%u", i);
		send_from(text, 5060);
	}
	assert_int_equal(ask(w, "127.0.1.1"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.1.5"), WITNESS_SILENT);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_UNSEEN);
	/* And when all that filled it has run out, it speaks again. */
	sleep(4);
	assert_int_equal(ask(w, "127.0.1.5"), WITNESS_UNSEEN);
}

static void questions_are_answered_once_each_in_their_order(void **state)
{
	struct world *w = *state;
	struct firewall_stats stats;
	_cleanup_free_ char *killed = NULL;
	char command[64];
	unsigned i;

	let_it_age();
	send_from("127.0.0.9", 5060);
	for (i = 0; i < 20; i++)
		ask_later(w, i % 2 ? "127.0.0.9" : "127.0.0.8");
	wait_for(w, &w->answers, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(w->answer[i], i % 2 ? WITNESS_SEEN : WITNESS_UNSEEN);
	/* A helper that dies over them. */
	firewall_stats(w->fw, &stats);
	snprintf(command, sizeof(command), "pkill -STOP -P %d", stats.helper_pid);
	killed = nft(command);
	for (i = 0; i < 20; i++)
		ask_later(w, "127.0.0.8");
	sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_int_equal(w->answers, 20);
	free(killed);
	snprintf(command, sizeof(command), "pkill -KILL -P %d", stats.helper_pid);
	killed = nft(command);
	wait_for(w, &w->ready, 2);
	/* What the dead one had not read, the next one answers, too: to nobody. */
	assert_int_equal(ask(w, "127.0.0.8"), WITNESS_SILENT);
	assert_int_equal(w->answers, 41);
	for (i = 20; i < 40; i++)
		assert_int_equal(w->answer[i], WITNESS_SILENT);
	for (i = 0; i < 20; i++)
		ask_later(w, "127.0.0.8");
	stop(w);
	assert_int_equal(w->answers, 61);
	start(w);
}

static void without_a_table_the_witness_is_silent(void **state)
{
	struct world *w = *state;

	let_it_age();
	assert_int_equal(firewall_flush(w->fw), 0);
	assert_int_equal(list(w), 0);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void no_witness_is_silent(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	stop(w);
	w->cfg->witness = false;
	start(w);
	text = nft("nft list table inet wardentest");
	assert_null(strstr(text, "jump witness"));
	let_it_age();
	send_from("127.0.0.9", 5060);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void another_witness_keeps_the_bans(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	stop(w);
	w->cfg->witness_size = 5;
	start(w);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "size 5\n"));
	assert_int_equal(list(w), 1);
}

static void whom_this_host_sends_requests_to_is_called(void **state)
{
	struct world *w = *state;
	_cleanup_close_ int sip = open_at("127.0.0.20", 5060), other = open_at("127.0.0.20", 5099);

	/* Everybody has sent: else nothing is said of them. */
	send_from("127.0.0.21", 5060);
	send_from("127.0.0.22", 5060);
	send_from("127.0.0.23", 5060);
	send_text(sip, "127.0.0.21", 5070, "SIP/2.0 401 Unauthorized\r\n");
	send_text(sip, "127.0.0.21", 5070, "\r\n\r\n\r\n\r\n\r\n");
	send_text(sip, "127.0.0.21", 5070, "OPT");
	send_text(other, "127.0.0.22", 5070, "OPTIONS sip:x SIP/2.0\r\n");
	assert_int_equal(ask(w, "127.0.0.21"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.0.22"), WITNESS_SEEN);
	send_text(sip, "127.0.0.23", 5070, "OPTIONS sip:x SIP/2.0\r\n");
	assert_int_equal(ask(w, "127.0.0.23"), WITNESS_CALLED);
	/* And yet a line about one who has sent nothing is forged. */
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.23"), WITNESS_UNSEEN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whom_this_host_sends_requests_to_is_called),
		TEST(who_has_sent_is_seen_and_nobody_else),
		TEST(a_fresh_witness_is_silent),
		TEST(a_full_set_is_silent_for_its_family_only),
		TEST(questions_are_answered_once_each_in_their_order),
		TEST(without_a_table_the_witness_is_silent),
		TEST(no_witness_is_silent),
		TEST(another_witness_keeps_the_bans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
