/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came by a connection, known by the packets that did not come. */
#include "unit.h"

#include "wire/carried.h"
#include "wire_case.h"

/* FreeSWITCH says something by TLS to somebody at the office. */
static void says(struct world *w, uint16_t local)
{
	static struct copy c;

	copy_stream(&c, OFFICE, 40009, local, SIZE_MAX);
	wire_receive(w->wire, c.bytes, c.message->nlmsg_len, w->now);
}

static bool is_connected(struct world *w, const char *user)
{
	w->port = 1;
	return is_told(w, OFFICE, user, "freeswitch") && w->port == 0;
}

static void what_no_packet_brought_came_by_a_connection(void **state)
{
	struct world *w = *state;

	/* Once for each answer, */
	says(w, 5061);
	assert_true(is_connected(w, "100"));
	assert_false(is_connected(w, "100"));
	/* and it may come later. */
	says(w, 5061);
	assert_int_equal(w->proved, 1);
	assert_int_equal(w->slot, w->waiting);
	/* Not of another gateway, nor by what is not SIP, nor to somebody else, nor long ago. */
	says(w, 5062);
	says(w, 443);
	assert_false(is_connected(w, "100"));
	wire_forget_lines(w->wire);
	says(w, 5061);
	assert_false(is_told(w, "203.0.113.41", "100", "freeswitch"));
	w->now += 2 * CARRIED_ANSWER_WITHIN;
	assert_false(is_connected(w, "100"));
	/* Nor where lines do not tell of each refusal. */
	says(w, 5061);
	says(w, 5061);
	assert_false(is_told(w, OFFICE, "100", NULL));
	assert_int_equal(w->proved, 2);
}

static void what_a_packet_may_have_brought_did_not_come_by_a_connection(void **state)
{
	static const char *const packets[] = {
		"REGISTER sip:p SIP/2.0\r\nTo: <sip:7@p>\r\nCall-ID: c\r\nCSeq: 2 REGISTER\r\nAuthorization: Digest x\r\n\r\n",
		"INVITE sip:p SIP/2.0\r\nproxy-AUTHORIZATION:x",
		"\r\n \tREGISTER x\nauthorization",
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ELEMENTSOF(packets); i++) {
		says(w, 5061);
		passes(w, false, OFFICE, (uint16_t)(41000 + i), packets[i]);
		/* Whoever is named. */
		assert_false(is_connected(w, "100"));
		assert_true(is_connected(w, "100"));
	}
	/* Of each that is in it. */
	says(w, 5061);
	passes(w, false, OFFICE, 41000, "REGISTER\r\nAuthorization: x\r\n\r\nREGISTER\r\nAuthorization: y");
	assert_false(is_connected(w, "100") || is_connected(w, "100"));
	assert_true(is_connected(w, "100"));
	/* It may be long in a queue, though not for ever. */
	passes(w, false, OFFICE, 41000, packets[0]);
	w->now += CARRIED_PACKETS_FOR;
	says(w, 5061);
	assert_false(is_connected(w, "100"));
	assert_true(is_connected(w, "100"));
	passes(w, false, OFFICE, 41000, packets[0]);
	w->now += 2 * CARRIED_PACKETS_FOR;
	says(w, 5061);
	assert_true(is_connected(w, "100"));
	/* Others are no reason to doubt: without credentials, sent by this host, of another address. */
	passes(w, false, OFFICE, 41000, "REGISTER sip:p SIP/2.0\r\n\r\n");
	passes(w, true, OFFICE, 41000, packets[0]);
	passes(w, false, "203.0.113.41", 41000, packets[0]);
	says(w, 5061);
	assert_true(is_connected(w, "100"));
}

static void who_was_not_watched_for_long_proves_nothing_and_uses_up_his_packets(void **state)
{
	struct world *w = *state;

	w->unwatched = true;
	says(w, 5061);
	passes(w, false, OFFICE, 41000, "Authorization");
	assert_false(is_connected(w, "100") || is_connected(w, "100"));
	w->unwatched = false;
	assert_true(is_connected(w, "100"));
}

static void a_line_that_is_logged_twice_is_one(void **state)
{
	struct world *w = *state;

	w->again = true;
	says(w, 5061);
	says(w, 5061);
	passes(w, false, OFFICE, 41000, "Authorization");
	assert_false(is_connected(w, "100"));
	assert_false(is_connected(w, "100"));
	assert_true(is_connected(w, "101"));
	/* Nor does one count that does not say when. */
	w->now = 0;
	assert_false(is_connected(w, "102"));
}

static void a_failure_that_packets_show_uses_up_its_packet(void **state)
{
	struct world *w = *state;

	fails(w, 40001, "100", "a");
	says(w, 5061);
	assert_true(is_told(w, OFFICE, "100", "freeswitch"));
	assert_int_equal(w->port, 40001);
	assert_true(is_connected(w, "101"));
}

static void where_packets_may_have_been_missed_nothing_is_concluded_from_silence(void **state)
{
	static struct copy c;
	struct world *w = *state;
	struct iphdr ip;

	wire_miss(w->wire, w->now);
	says(w, 5061);
	assert_false(is_connected(w, "100"));
	wire_forget_lines(w->wire);
	w->now += CARRIED_PACKETS_FOR + SEC;
	says(w, 5061);
	assert_true(is_connected(w, "100"));
	/* One that cannot be read. */
	copy_packet(&c, false, OFFICE, 40001, "x", 1);
	memcpy(&ip, c.packet, sizeof(ip));
	ip.tot_len = htons(2000);
	memcpy(c.packet, &ip, sizeof(ip));
	wire_receive(w->wire, c.bytes, c.message->nlmsg_len, w->now);
	says(w, 5061);
	assert_false(is_connected(w, "100"));
	wire_forget_lines(w->wire);
	w->now += CARRIED_PACKETS_FOR + SEC;
	/* The kernel says so. */
	copy_packet(&c, false, OFFICE, 40001, "x", 1);
	mnl_attr_put_strz(c.message, NFULA_PREFIX, PROOF_MISSED);
	wire_receive(w->wire, c.bytes, c.message->nlmsg_len, w->now);
	says(w, 5061);
	assert_false(is_connected(w, "100"));
}

static void a_flood_of_addresses_makes_room_by_doubt_only(void **state)
{
	struct world *w = *state;
	char peer[32];
	unsigned i;

	passes(w, false, OFFICE, 40001, "Authorization");
	for (i = 0; i < 100000; i++) {
		snprintf(peer, sizeof(peer), "100.%u.%u.%u", 64 + (i >> 16), i >> 8 & 255, i & 255);
		passes(w, false, peer, 40001, "Authorization");
	}
	says(w, 5061);
	assert_false(is_connected(w, "100"));
	assert_false(is_connected(w, "100"));
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
	const struct CMUnitTest tests[] = {
		WORLD(what_no_packet_brought_came_by_a_connection),
		WORLD(what_a_packet_may_have_brought_did_not_come_by_a_connection),
		WORLD(who_was_not_watched_for_long_proves_nothing_and_uses_up_his_packets),
		WORLD(a_line_that_is_logged_twice_is_one),
		WORLD(a_failure_that_packets_show_uses_up_its_packet),
		WORLD(where_packets_may_have_been_missed_nothing_is_concluded_from_silence),
		WORLD(a_flood_of_addresses_makes_room_by_doubt_only),
	};

	return cmocka_run_group_tests_name("wire_connection", tests, NULL, NULL);
}
