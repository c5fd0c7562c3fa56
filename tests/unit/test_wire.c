/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that prove who failed to log in, and those that must not. */
#include "unit.h"

#include <netinet/in.h>

#include "base/text.h"
#include "wire/packet.h"
#include "wire/sip.h"
#include "wire/wire.h"
#include "wire_case.h"

static void a_refused_answer_to_a_challenge_proves_one_line_of_its_account(void **state)
{
	struct world *w = *state;

	fails(w, 40001, "100", "a");
	assert_false(is_proven(w, OFFICE, "101"));
	assert_false(is_proven(w, "203.0.113.41", "100"));
	assert_true(is_proven(w, OFFICE, "100"));
	assert_int_equal(w->port, 40001);
	assert_false(is_proven(w, OFFICE, "100"));
}

static void the_line_may_come_first(void **state)
{
	struct world *w = *state;
	unsigned slot;

	waits(w, OFFICE, "101");
	slot = waits(w, OFFICE, "100");
	waits(w, OFFICE, "100");
	fails(w, 40001, "100", "a");
	assert_int_equal(w->proved, 1);
	assert_int_equal(w->slot, slot);
	assert_int_equal(w->port, 40001);
	/* It was used up. */
	assert_false(is_proven(w, OFFICE, "100"));
	wire_forget_lines(w->wire);
	fails(w, 40001, "100", "b");
	assert_int_equal(w->proved, 1);
}

static void what_is_sent_again_proves_nothing_more(void **state)
{
	struct world *w = *state;
	unsigned i;

	fails(w, 40001, "100", "a");
	for (i = 0; i < 5; i++) {
		answers(w, OFFICE, 40001, NONCE, "100", "a");
		judged(w, OFFICE, 40001, "403 Forbidden", "a");
	}
	assert_true(is_proven(w, OFFICE, "100"));
	assert_false(is_proven(w, OFFICE, "100"));
}

static void nobody_is_proven_by_what_he_need_not_have_received(void **state)
{
	struct world *w = *state;

	/* Sent to another port, and another address. */
	challenged(w, OFFICE, 40002, NONCE);
	challenged(w, "203.0.113.41", 40001, NONCE);
	answers(w, OFFICE, 40001, NONCE, "100", "a");
	judged(w, OFFICE, 40001, "403 Forbidden", "a");
	assert_false(is_proven(w, OFFICE, "100"));
	/* None at all. */
	answers(w, OFFICE, 40003, "none", "100", "b");
	judged(w, OFFICE, 40003, "403 Forbidden", "b");
	assert_false(is_proven(w, OFFICE, "100"));
	/* What the sender may guess: of the time, of a counter, a UUID of the version that has them. */
	challenged(w, OFFICE, 40001, "6564a1b3/7f00cafe");
	answers(w, OFFICE, 40001, "6564a1b3/7f00cafe", "100", "c");
	judged(w, OFFICE, 40001, "403 Forbidden", "c");
	challenged(w, OFFICE, 40001, "0f8fad5b-d9cb-169f-a165-70867728950e");
	answers(w, OFFICE, 40001, "0f8fad5b-d9cb-169f-a165-70867728950e", "100", "d");
	judged(w, OFFICE, 40001, "403 Forbidden", "d");
	assert_false(is_proven(w, OFFICE, "100"));
	/* Too long ago. */
	challenged(w, OFFICE, 40001, NONCE);
	w->now += WIRE_NONCE_FOR + SEC;
	answers(w, OFFICE, 40001, NONCE, "100", "e");
	judged(w, OFFICE, 40001, "403 Forbidden", "e");
	assert_false(is_proven(w, OFFICE, "100"));
}

static void a_login_proves_nothing_nor_does_what_is_no_verdict(void **state)
{
	static const char *const verdicts[] = { "200 OK", "401 Unauthorized", "100 Trying", "404 Not Found", "503 x" };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ELEMENTSOF(verdicts); i++) {
		char call[8];

		snprintf(call, sizeof(call), "c%zu", i);
		challenged(w, OFFICE, 40001, NONCE);
		answers(w, OFFICE, 40001, NONCE, "100", call);
		judged(w, OFFICE, 40001, verdicts[i], call);
		assert_false(is_proven(w, OFFICE, "100"));
	}
	/* The first final answer counts. */
	judged(w, OFFICE, 40001, "403 Forbidden", "c0");
	assert_false(is_proven(w, OFFICE, "100"));
	judged(w, OFFICE, 40001, "403 Forbidden", "c2");
	assert_true(is_proven(w, OFFICE, "100"));
}

static void what_has_the_call_id_of_another_guess_is_a_guess_too(void **state)
{
	struct world *w = *state;
	unsigned i;
	char text[1000];

	challenged(w, OFFICE, 40001, NONCE);
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 "REGISTER sip:pbx SIP/2.0\r\nTo: <sip:100@pbx>\r\nCall-ID: a\r\nCSeq: 2 REGISTER\r\n"
			 "Authorization: Digest username=\"100\", nonce=\"" NONCE "\", response=\"%u\"\r\n\r\n",
			 i);
		passes(w, false, OFFICE, 40001, text);
	}
	for (i = 0; i < 9; i++)
		judged(w, OFFICE, 40001, "403 Forbidden", "a");
	for (i = 0; i < 3; i++)
		assert_true(is_proven(w, OFFICE, "100"));
	assert_false(is_proven(w, OFFICE, "100"));
}

/* A call, and what the gateway says to it. */
static void calls(struct world *w, const char *number, const char *login, const char *call, const char *verdict)
{
	char text[1000];

	passes(w, true, OFFICE, 40001,
	       "SIP/2.0 407 Proxy Authentication Required\r\nTo: <sip:1@pbx>;tag=1\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
	       "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"" NONCE "\", algorithm=MD5, qop=\"auth\"\r\n\r\n");
	snprintf(text, sizeof(text),
		 "INVITE sip:%s@pbx SIP/2.0\r\nTo: <sip:%s@pbx>\r\nFrom: <sip:x@pbx>\r\nCall-ID: %s\r\nCSeq: 2 INVITE\r\n"
		 "Proxy-Authorization: Digest %s nonce=\"" NONCE "\", response=\"x\"\r\n\r\n",
		 number, number, call, login);
	passes(w, false, OFFICE, 40001, text);
	snprintf(text, sizeof(text), "SIP/2.0 %s\r\nTo: <sip:%s@pbx>;tag=1\r\nCall-ID: %s\r\nCSeq: 2 INVITE\r\n\r\n", verdict, number, call);
	passes(w, true, OFFICE, 40001, text);
}

static void of_a_call_the_account_is_that_of_the_digest(void **state)
{
	struct world *w = *state;

	calls(w, "900441", "username=\"100\",", "a", "403 Forbidden");
	assert_false(is_proven(w, OFFICE, "100"));
	assert_true(is_proven(w, OFFICE, "900441"));
	assert_int_equal(w->port, 40001);
	assert_string_equal(w->account, "100");
	waits(w, OFFICE, "900441");
	calls(w, "900441", "x=y, USERNAME = \"101\", username=\"102\",", "b", "403 Forbidden");
	assert_int_equal(w->proved, 1);
	assert_string_equal(w->account, "101");
	/* There is none, or it is nobody's: that of the line must do. */
	calls(w, "900441", "", "c", "403 Forbidden");
	assert_true(is_proven(w, OFFICE, "900441"));
	assert_string_equal(w->account, "");
	/* Of a registration it is the line's, which has it from To. */
	fails(w, 40001, "100", "d");
	assert_true(is_proven(w, OFFICE, "100"));
	assert_string_equal(w->account, "");
}

static void a_call_that_the_dialplan_refuses_is_no_failed_login(void **state)
{
	static const char *const verdicts[] = {
		"403 Forbidden\r\nReason: Q.850;cause=52;text=\"OUTGOING_CALL_BARRED\"",
		"403 Forbidden\r\nreason : x",
		"403 Forbidden\r\nReason:",
		"407 Proxy Authentication Required",
		"404 Not Found",
		"603 Decline",
		"200 OK",
	};
	struct world *w = *state;
	char call[8];
	size_t i;

	for (i = 0; i < ELEMENTSOF(verdicts); i++) {
		snprintf(call, sizeof(call), "c%zu", i);
		calls(w, "100", "username=\"100\",", call, verdicts[i]);
		assert_false(is_proven(w, OFFICE, "100"));
	}
	/* Nor is what it says of a call said of a registration with the same Call-ID and number. */
	answers(w, OFFICE, 40001, NONCE, "100", "e");
	passes(w, true, OFFICE, 40001, "SIP/2.0 403 Forbidden\r\nTo: <sip:100@pbx>\r\nCall-ID: e\r\nCSeq: 2 INVITE\r\n\r\n");
	assert_false(is_proven(w, OFFICE, "100"));
	/* Other methods are no logins. */
	passes(w, false, OFFICE, 40001, "MESSAGE sip:p SIP/2.0\r\nTo: <sip:100@p>\r\nCall-ID: m\r\nCSeq: 2 MESSAGE\r\nX: " NONCE "\r\n\r\n");
	passes(w, true, OFFICE, 40001, "SIP/2.0 403 Forbidden\r\nTo: <sip:100@pbx>\r\nCall-ID: m\r\nCSeq: 2 MESSAGE\r\n\r\n");
	assert_false(is_proven(w, OFFICE, "100"));
}

static void line_and_packets_belong_together_for_some_seconds_only(void **state)
{
	struct world *w = *state;

	fails(w, 40001, "100", "a");
	w->now += WIRE_PAIR_WITHIN + SEC;
	assert_false(is_proven(w, OFFICE, "100"));
	waits(w, OFFICE, "100");
	w->now += WIRE_PAIR_WITHIN + SEC;
	fails(w, 40001, "100", "b");
	assert_int_equal(w->proved, 0);
}

static void a_nonce_in_the_realm_is_not_the_gateways(void **state)
{
	struct world *w = *state;

	/* To: <sip:100@pbx", nonce="…", x="> */
	challenged(w, OFFICE, 40001, EVIL "\", x=\"y\", nonce=\"" NONCE);
	answers(w, OFFICE, 40001, EVIL, "100", "a");
	judged(w, OFFICE, 40001, "403 Forbidden", "a");
	assert_false(is_proven(w, OFFICE, "100"));
	answers(w, OFFICE, 40001, NONCE, "100", "b");
	judged(w, OFFICE, 40001, "403 Forbidden", "b");
	assert_true(is_proven(w, OFFICE, "100"));
	/* Of a gateway whose own is not random. */
	challenged(w, OFFICE, 40002, EVIL "\", x=\"y\", nonce=\"6564a1b3/7f00cafe");
	answers(w, OFFICE, 40002, EVIL, "100", "c");
	judged(w, OFFICE, 40002, "403 Forbidden", "c");
	assert_false(is_proven(w, OFFICE, "100"));
}

static void what_an_answer_repeats_is_no_header_of_its_own(void **state)
{
	static const char *const ends[] = { "\r\n ", "\r\n\t", "\n ", "\r", "\r ", "\\r\\n" };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ELEMENTSOF(ends); i++) {
		char text[1000];

		snprintf(text, sizeof(text),
			 "SIP/2.0 401 Unauthorized\r\nFrom: <sip:x%sWWW-Authenticate: Digest realm=\"x\", nonce=\"" EVIL "\"@y>\r\n"
			 "To: <sip:100@pbx>;tag=1\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest realm=\"pbx\", nonce=\"" NONCE
			 "\"\r\n\r\n",
			 ends[i]);
		passes(w, true, OFFICE, 40001, text);
		answers(w, OFFICE, 40001, EVIL, "100", "a");
		judged(w, OFFICE, 40001, "403 Forbidden", "a");
		assert_false(is_proven(w, OFFICE, "100"));
	}
}

/* All ways to write one request, of the account 100. */
static void a_request_may_be_written_in_many_ways(void **state)
{
	static const char *const ways[] = {
		"REGISTER sip:p SIP/2.0\r\nt:sip:100@p\r\ni: c\r\nCSEQ:0002  REGISTER\r\nX: " NONCE "\r\n\r\n",
		"\r\n\r\nREGISTER sip:p SIP/2.0\nTo : \"<sip:9@x>\" <sips:100:secret@p>;x\nCall-ID:\tc\ncseq: 2 register\nauthorization: Digest\n nonce="
		"\"" NONCE "\"\n\n",
		"REGISTER sip:p SIP/2.0\rTo: <sip:%31%30%30@p>\rCall-ID: c\rCSeq: 2 REGISTER\rAuthorization: Digest nonce=\"x" NONCE "\r\r",
		"REGISTER sip:p SIP/2.0\r\nTo:\r\n <sip:1\r\n 00@p>\r\nCall-ID: c\r\nCSeq: 2\r\n REGISTER\r\nAuthorization: Digest x=\"" EVIL
		"\", nonce=\"" NONCE "\"\r\n\r\n",
		"REGISTER sip:p SIP/2.0\r\nTo: <sip:p>\r\nFrom: <sip:100@p>\r\nCall-ID: c\r\nCSeq: 2 REGISTER\r\nProxy-Authorization: " NONCE "\r\n\r\n",
		"REGISTER sip:p SIP/2.0\r\nTo: <tel:100;x=y>\r\nCall-ID: c\r\nCSeq: 2 REGISTER\r\nAuthorization: " NONCE "\r\n\r\n",
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(ways); i++) {
		struct world *w;

		open_world(state);
		w = *state;
		challenged(w, OFFICE, 40001, NONCE);
		passes(w, false, OFFICE, 40001, ways[i]);
		judged(w, OFFICE, 40001, "403 Forbidden", "c");
		if (!is_proven(w, OFFICE, "100"))
			fail_msg("not proven: %s", ways[i]);
		close_world(state);
	}
	open_world(state);
}

static void what_is_no_sip_is_passed_over(void **state)
{
	static const char *const texts[] = {
		"", "\r\n\r\n", "\n", "SIP/2.0", "SIP/2.0 \r\n", "SIP/2.0 99 x\r\n\r\n", "REGISTER SIP/2.0", "REGISTER x SIP/2.0\r\n\r\n",
		"REGISTER x SIP/2.0\r\nTo: <sip:1@x>\r\nCall-ID: c\r\n\r\n", /* no CSeq */
		"REGISTER x SIP/2.0\r\nTo: <sip:1@x>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n", /* no end */
		"REGISTER x SIP/2.0\r\nTo: <sip:1@x>\r\nt: <sip:2@x>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\r\n",
		"REGISTER x SIP/2.0\r\nTo: <sip:1@x>\r\nCall-ID: c\r\ni: d\r\nCSeq: 1 REGISTER\r\n\r\n",
		"REGISTER x SIP/2.0\r\nTo: <sip:1@x>\r\nCall-ID: c\r\nCSeq: 99999999999 REGISTER\r\n\r\n",
	};
	struct sip_message m;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(texts); i++)
		assert_false(sip_parse(SPAN(texts[i]), &m));
}

static void only_whole_packets_are_read(void **state)
{
	static struct copy c;
	struct wire_packet p;
	struct iphdr ip;
	struct nfulnl_msg_packet_hdr *head;
	size_t i;

	(void)state;
	copy_packet(&c, false, OFFICE, 40001, "hello", 5);
	assert_true(wire_packet_parse(c.message, &p));
	assert_false(p.sent);
	assert_int_equal(p.port, 40001);
	assert_int_equal(p.data.len, 5);
	copy_packet(&c, true, OFFICE, 40001, "hello", 5);
	assert_true(wire_packet_parse(c.message, &p) && p.sent && p.port == 40001);
	/* A part of one; TCP; longer than it is; a head that is longer than the packet. */
	for (i = 0; i < 5; i++) {
		copy_packet(&c, false, OFFICE, 40001, "hello", 5);
		memcpy(&ip, c.packet, sizeof(ip));
		ip.frag_off = i == 0 ? htons(IP_MF) : i == 1 ? htons(1) : 0;
		ip.protocol = i == 2 ? IPPROTO_TCP : IPPROTO_UDP;
		ip.tot_len = i == 3 ? htons(100) : ip.tot_len;
		ip.ihl = i == 4 ? 15 : 5;
		memcpy(c.packet, &ip, sizeof(ip));
		assert_false(wire_packet_parse(c.message, &p));
	}
	/* Cut anywhere, but not only what fills up the attribute. */
	for (i = 0; i < sizeof(ip) + sizeof(struct udphdr) + 5; i++) {
		copy_packet(&c, false, OFFICE, 40001, "hello", 5);
		c.message->nlmsg_len -= (uint32_t)(MNL_ALIGN(c.len) - c.len + i) + 1;
		assert_false(wire_packet_parse(c.message, &p));
	}
	/* What was only passed on may be anybody's. */
	copy_packet(&c, false, OFFICE, 40001, "hello", 5);
	head = mnl_attr_get_payload(mnl_nlmsg_get_payload_offset(c.message, sizeof(struct nfgenmsg)));
	head->hook = NF_INET_FORWARD;
	assert_false(wire_packet_parse(c.message, &p));
}

static void a_flood_pushes_out_the_oldest_and_no_more(void **state)
{
	struct world *w = *state;
	unsigned i;
	char call[16];

	/* Who has received no nonce takes no room where it matters. */
	challenged(w, OFFICE, 40001, NONCE);
	answers(w, OFFICE, 40001, NONCE, "100", "a");
	for (i = 0; i < 100000; i++) {
		snprintf(call, sizeof(call), "f%u", i);
		answers(w, OFFICE, (uint16_t)(1 + i % 40000), EVIL, "100", call);
	}
	judged(w, OFFICE, 40001, "403 Forbidden", "a");
	assert_true(is_proven(w, OFFICE, "100"));
	for (i = 0; i < 10000; i++)
		waits(w, OFFICE, "101");
	fails(w, 40001, "100", "b");
	assert_int_equal(w->proved, 0);
	assert_true(is_proven(w, OFFICE, "100"));
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
	const struct CMUnitTest tests[] = {
		WORLD(a_refused_answer_to_a_challenge_proves_one_line_of_its_account),
		WORLD(the_line_may_come_first),
		WORLD(what_is_sent_again_proves_nothing_more),
		WORLD(nobody_is_proven_by_what_he_need_not_have_received),
		WORLD(a_login_proves_nothing_nor_does_what_is_no_verdict),
		WORLD(what_has_the_call_id_of_another_guess_is_a_guess_too),
		WORLD(of_a_call_the_account_is_that_of_the_digest),
		WORLD(a_call_that_the_dialplan_refuses_is_no_failed_login),
		WORLD(line_and_packets_belong_together_for_some_seconds_only),
		WORLD(a_nonce_in_the_realm_is_not_the_gateways),
		WORLD(what_an_answer_repeats_is_no_header_of_its_own),
		cmocka_unit_test_teardown(a_request_may_be_written_in_many_ways, close_world),
		cmocka_unit_test(what_is_no_sip_is_passed_over),
		cmocka_unit_test(only_whole_packets_are_read),
		WORLD(a_flood_pushes_out_the_oldest_and_no_more),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
