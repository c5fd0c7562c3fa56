/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of packets: whose, for how long, and of nobody else. */
#include "firewall_world.h"

#include <arpa/inet.h>
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

/* The next copy, if it comes within so many milliseconds. False: there is none, or it cannot be read. */
static bool take_within(struct world *w, struct wire_packet *p, int wait)
{
	static char buf[70000] __attribute__((aligned(8)));
	struct pollfd there = { .fd = w->wire, .events = POLLIN };
	ssize_t len;

	if (poll(&there, 1, wait) <= 0)
		return false;
	len = recv(w->wire, buf, sizeof(buf), MSG_DONTWAIT);
	assert_true(len > 0);
	return wire_packet_parse((struct nlmsghdr *)(void *)buf, p);
}

static bool take(struct world *w, struct wire_packet *p)
{
	return take_within(w, p, 300);
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

/* Is it copied, from the watched to a port that nobody has named? */
static bool is_copied_elsewhere(struct world *w, const char *text)
{
	struct wire_packet p;
	int fd = open_at("127.0.0.9", 0);
	bool copied;

	send_text(fd, "127.0.0.1", 7777, text);
	copied = take(w, &p) && p.local == 7777 && p.data.len == strlen(text);
	close(fd);
	return copied;
}

static void what_may_be_a_login_is_copied_at_any_port(void **state)
{
	static const char *const yes[] = { "REGISTER sip:x SIP/2.0", "INVITE sip:x SIP/2.0", "\r\n\r\nREGISTER", "\n", " INVITE", "\tINVITE" };
	/* OPTIONS, RTP, STUN, DTLS, WireGuard, OpenVPN */
	static const char *const no[] = { "OPTIONS sip:x SIP/2.0", "\x80\x01", "\x01\x01", "\x16\xfe\xfd", "\x04\x01", "\x48\x01", "" };
	struct world *w = *state;
	size_t i;

	wait_for(w, &w->wires, 1);
	watch(w, "127.0.0.9", 60 * USEC_PER_SEC);
	for (i = 0; i < ELEMENTSOF(yes); i++)
		assert_true(is_copied_elsewhere(w, yes[i]));
	for (i = 0; i < ELEMENTSOF(no); i++)
		assert_false(is_copied_elsewhere(w, no[i]));
}

static void what_is_not_copied_is_told(void **state)
{
	struct world *w = *state;
	unsigned i, copies = 0, missed = 0;
	struct wire_packet p;

	wait_for(w, &w->wires, 1);
	watch(w, "127.0.0.9", 60 * USEC_PER_SEC);
	for (i = 0; i < 5000; i++) {
		send_from("127.0.0.9", 5060);
		if (i % 100 != 99)
			continue;
		for (;; copies++) {
			p.missed = false;
			if (!take_within(w, &p, 0) && !p.missed)
				break;
			missed += p.missed;
		}
	}
	/* A thousand a second, and a few signs for all the others. */
	assert_true(copies >= 1000 && copies < 5000);
	assert_true(missed >= 1 && missed < 20);
}

/* A socket that listens, or is connected to one that does. */
static int stream(const char *text, unsigned port, bool listens)
{
	struct addr a = addr(text);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(&at.sin_addr, a.bytes, 4);
	assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
	if (listens)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void what_is_said_by_a_connection_is_copied_in_part(void **state)
{
	static const char secret[1000] = "SIP/2.0 403 Forbidden";
	struct world *w = *state;
	const struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(5061), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct wire_packet p;
	int listener, client, served;

	wait_for(w, &w->wires, 1);
	watch(w, "127.0.0.9", 60 * USEC_PER_SEC);
	listener = stream("127.0.0.1", 5061, true);
	client = stream("127.0.0.9", 40001, false);
	assert_int_equal(connect(client, (const void *)&there, sizeof(there)), 0);
	served = accept(listener, NULL, NULL);
	/* The handshake says nothing, nor does what comes in. */
	assert_int_equal(write(client, "REGISTER", 8), 8);
	assert_false(take(w, &p));
	assert_int_equal(write(served, secret, sizeof(secret)), sizeof(secret));
	assert_true(take(w, &p) && p.sent && p.stream && p.local == 5061 && p.port == 40001);
	assert_int_equal(p.data.len, 0);
	close(served);
	close(client);
	close(listener);
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

static void fragments_of_ipv6_are_told(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *said = nft("ip link set lo mtu 1500");
	const int on = 1;
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 }, to = { .sin6_family = AF_INET6, .sin6_port = htons(7777) };
	char text[3000] = "REGISTER sip:x SIP/2.0";
	struct wire_packet p = { 0 };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	wait_for(w, &w->wires, 1);
	watch(w, "2001:db8:1::5", 60 * USEC_PER_SEC);
	inet_pton(AF_INET6, "2001:db8:1::5", &from.sin6_addr);
	to.sin6_addr = in6addr_loopback;
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	assert_string_equal(said, "");
	assert_int_equal(bind(fd, (void *)&from, sizeof(from)), 0);
	assert_int_equal(sendto(fd, text, sizeof(text), 0, (void *)&to, sizeof(to)), sizeof(text));
	assert_false(take(w, &p));
	assert_true(p.missed);
	close(fd);
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
		TEST(what_may_be_a_login_is_copied_at_any_port),
		TEST(what_is_not_copied_is_told),
		TEST(what_is_said_by_a_connection_is_copied_in_part),
		TEST(an_ipv6_address_is_watched_with_its_network),
		TEST(fragments_of_ipv6_are_told),
		TEST(without_anybody_who_is_watched_there_are_no_rules),
		cmocka_unit_test_setup_teardown(a_helper_whose_config_says_no_has_nobody_watched, setup_without, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
