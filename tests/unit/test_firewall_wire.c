/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of packets: whose, for how long, and of nobody else. */
#include "firewall_world.h"

#include <libmnl/libmnl.h>
#include <poll.h>

#include "wire/packet.h"

static void watch(struct world *w, const char *text, usec_t left)
{
	const struct addr a = addr(text);

	assert_int_equal(firewall_watch(w->fw, &a, left), 0);
	/* Commands are done in their order. */
	ban(w, "192.0.2.99", USEC_PER_SEC);
}

/* The next copy. False: there is none. */
static bool take(struct world *w, struct wire_packet *p)
{
	static char buf[70000] __attribute__((aligned(8)));
	struct pollfd there = { .fd = w->wire, .events = POLLIN };
	ssize_t len;

	if (poll(&there, 1, 300) <= 0)
		return false;
	len = recv(w->wire, buf, sizeof(buf), MSG_DONTWAIT);
	assert_true(len > 0);
	return wire_packet_parse((struct nlmsghdr *)(void *)buf, p);
}

static bool has_chain(void)
{
	_cleanup_free_ char *text = nft("nft list table inet wardentest");

	return strstr(text, "chain wire_in") != NULL;
}

static void packets_of_the_watched_are_copied_and_of_nobody_else(void **state)
{
	const struct addr expected = addr("127.0.0.9");
	struct world *w = *state;
	struct wire_packet p;
	struct addr peer;
	int sip;

	wait_for(w, &w->wires, 1);
	send_from("127.0.0.9", 5060);
	assert_false(has_chain() || take(w, &p));
	watch(w, "127.0.0.9", 60 * USEC_PER_SEC);
	send_from("127.0.0.10", 5060);
	send_from("127.0.0.9", 9);
	assert_false(take(w, &p));
	send_from("127.0.0.9", 5061);
	assert_true(take(w, &p));
	peer = p.peer;
	peer.port = 0;
	assert_true(!p.sent && p.port && p.peer.port == p.port && addr_equal(&peer, &expected));
	assert_int_equal(p.data.len, 1);
	/* What is sent to it, from a SIP port. */
	sip = open_at("127.0.0.1", 5060);
	send_text(sip, "127.0.0.9", 40001, "SIP/2.0 200 OK");
	assert_true(take(w, &p) && p.sent && p.port == 40001);
	send_text(sip, "127.0.0.10", 40001, "SIP/2.0 200 OK");
	assert_false(take(w, &p));
	close(sip);
}

static void an_ipv6_address_is_watched_with_its_network(void **state)
{
	struct world *w = *state;
	struct wire_packet p;

	wait_for(w, &w->wires, 1);
	watch(w, "2001:db8:1::5", 60 * USEC_PER_SEC);
	send_from("2001:db8:2::5", 5060);
	assert_false(take(w, &p));
	send_from("2001:db8:1::77", 5060);
	assert_true(take(w, &p));
	assert_int_equal(p.peer.bytes[15], 0x77);
}

static void without_anybody_who_is_watched_there_are_no_rules(void **state)
{
	struct world *w = *state;
	const usec_t end = time_monotonic() + 20 * USEC_PER_SEC;

	wait_for(w, &w->wires, 1);
	watch(w, "127.0.0.9", USEC_PER_SEC);
	assert_true(has_chain());
	/* The agent's pings let the helper look. */
	while (has_chain() && time_monotonic() < end) {
		firewall_ping(w->fw, false);
		sd_event_run(w->loop, 500 * USEC_PER_MSEC);
	}
	assert_false(has_chain());
	watch(w, "127.0.0.9", USEC_PER_SEC);
	assert_true(has_chain());
}

static void a_helper_whose_config_says_no_has_nobody_watched(void **state)
{
	struct world *w = *state;

	watch(w, "127.0.0.9", 60 * USEC_PER_SEC);
	assert_false(has_chain());
}

static int setup_without(void **state)
{
	return setup_with(state, CONFIG "[proof]\nwire = no\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets_of_the_watched_are_copied_and_of_nobody_else),
		TEST(an_ipv6_address_is_watched_with_its_network),
		TEST(without_anybody_who_is_watched_there_are_no_rules),
		cmocka_unit_test_setup_teardown(a_helper_whose_config_says_no_has_nobody_watched, setup_without, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
