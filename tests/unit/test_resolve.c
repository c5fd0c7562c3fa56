/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of DNS answers; tests/e2e/test_exempt_names.py has the servers. */
#include "unit.h"

#include <arpa/nameser.h>

#include "base/hostname.h"
#include "resolve/answer.h"
#include "resolve/known.h"

#define SEC USEC_PER_SEC

static const struct answer empty = { .ttl = UINT32_MAX };

/* Messages */

struct message {
	uint8_t bytes[4096];
	size_t len;
};

static void put(struct message *m, const void *data, size_t len)
{
	assert_true(m->len + len <= sizeof(m->bytes));
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
}

static void put16(struct message *m, unsigned n)
{
	const uint8_t bytes[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	put(m, bytes, 2);
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		uint8_t label = (uint8_t)strcspn(name, ".");

		put(m, &label, 1);
		put(m, name, label);
		name += label + (name[label] == '.');
	}
	put(m, "", 1);
}

static void question(struct message *m, const char *name, int type)
{
	const uint8_t head[NS_HFIXEDSZ] = { [2] = 0x81, [3] = 0x80, [5] = 1 };

	m->len = 0;
	put(m, head, sizeof(head));
	put_name(m, name);
	put16(m, (unsigned)type);
	put16(m, ns_c_in);
}

static void record(struct message *m, const char *owner, int type, uint32_t ttl, const struct message *data)
{
	m->bytes[7]++;
	put_name(m, owner);
	put16(m, (unsigned)type);
	put16(m, ns_c_in);
	put16(m, ttl >> 16);
	put16(m, ttl & 0xffff);
	put16(m, (unsigned)data->len);
	put(m, data->bytes, data->len);
}

static void address(struct message *m, const char *owner, const char *text, uint32_t ttl)
{
	const struct addr a = unit_addr(text);
	struct message data = { 0 };

	put(&data, a.bytes, a.len / 8);
	record(m, owner, a.len == 32 ? ns_t_a : ns_t_aaaa, ttl, &data);
}

static void name_record(struct message *m, const char *owner, int type, const char *target, uint32_t ttl)
{
	struct message data = { 0 };

	if (type == ns_t_srv)
		put(&data, "\0\1\0\1\x13\xc4", 6);
	put_name(&data, target);
	record(m, owner, type, ttl, &data);
}

static bool has(const struct answer *a, const char *text)
{
	const struct addr wanted = unit_addr(text);
	size_t i;

	for (i = 0; i < a->n_addrs; i++)
		if (addr_equal(&a->addrs[i], &wanted))
			return true;
	return false;
}

static void addresses_of_the_name_and_its_aliases_are_read(void **state)
{
	struct answer a = empty;
	struct message m;

	(void)state;
	question(&m, "sip.example", ns_t_a);
	name_record(&m, "SIP.example", ns_t_cname, "edge.example", 120);
	address(&m, "edge.example", "192.0.2.1", 300);
	address(&m, "edge.example", "192.0.2.1", 300);
	address(&m, "other.example", "192.0.2.2", 5); /* nobody asked */
	address(&m, "edge.example", "2001:db8::1", 5);
	address(&m, "edge.example", "127.0.0.1", 300);
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_int_equal(a.n_addrs, 1);
	assert_true(has(&a, "192.0.2.1"));
	assert_int_equal(a.ttl, 120);

	/* A second answer adds to it. */
	question(&m, "sip.example", ns_t_aaaa);
	address(&m, "sip.example", "2001:db8::1", 60);
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_true(a.n_addrs == 2 && has(&a, "2001:db8::1") && a.ttl == 60);
}

static void targets_of_services_are_read(void **state)
{
	struct answer a = empty;
	struct message m;

	(void)state;
	question(&m, "_sip._udp.example", ns_t_srv);
	name_record(&m, "_sip._udp.example", ns_t_srv, "Edge1.Example", 90);
	name_record(&m, "_sip._udp.example", ns_t_srv, "edge1.example", 90);
	name_record(&m, "_sip._udp.example", ns_t_srv, "", 90);
	name_record(&m, "_sip._udp.example", ns_t_srv, "192.0.2.1", 90);
	name_record(&m, "_sip._udp.example", ns_t_srv, "bad\x01name.example", 90);
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_int_equal(a.n_targets, 1);
	assert_string_equal(a.targets[0], "edge1.example");
}

static void an_answer_is_bounded(void **state)
{
	struct answer a = empty;
	struct message m;
	char text[64];
	unsigned i;

	(void)state;
	question(&m, "sip.example", ns_t_a);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		address(&m, "sip.example", text, 0xffffffff);
	}
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_int_equal(a.n_addrs, ANSWER_ADDRS_MAX);
	assert_true(a.cut);
	assert_int_equal(a.ttl, 0);
	question(&m, "_sip._udp.example", ns_t_srv);
	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "edge%u.example", i);
		name_record(&m, "_sip._udp.example", ns_t_srv, text, 60);
	}
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_int_equal(a.n_targets, ANSWER_TARGETS_MAX);
}

static void a_loop_of_aliases_and_a_cut_message_end(void **state)
{
	struct answer a = empty;
	struct message m;
	size_t len;

	(void)state;
	question(&m, "a.example", ns_t_a);
	for (len = 0; len < 20; len++) {
		name_record(&m, "a.example", ns_t_cname, "b.example", 60);
		name_record(&m, "b.example", ns_t_cname, "a.example", 60);
	}
	assert_int_equal(answer_read(m.bytes, m.len, &a), 0);
	assert_int_equal(a.n_addrs, 0);
	question(&m, "a.example", ns_t_a);
	address(&m, "a.example", "192.0.2.1", 60);
	for (len = 0; len < m.len; len++) {
		a = empty;
		assert_true(answer_read(m.bytes, len, &a) < 0);
		assert_int_equal(a.n_addrs, 0);
	}
}

/* Addresses over time */

static bool knows(const struct known *k, const char *text)
{
	const struct addr wanted = unit_addr(text);
	size_t i;

	for (i = 0; i < k->n; i++)
		if (addr_equal(&k->items[i].addr, &wanted))
			return true;
	return false;
}

static void an_address_that_left_stays_for_a_while(void **state)
{
	struct addr one = unit_addr("192.0.2.1"), two = unit_addr("192.0.2.2");
	struct known k = { 0 };

	(void)state;
	assert_true(known_take(&k, &one, 1, true, 100 * SEC, 600 * SEC));
	assert_false(known_take(&k, &one, 1, true, 200 * SEC, 600 * SEC));
	assert_true(known_take(&k, &two, 1, true, 300 * SEC, 600 * SEC));
	assert_true(knows(&k, "192.0.2.1") && knows(&k, "192.0.2.2"));
	assert_false(known_take(&k, &two, 1, true, 799 * SEC, 600 * SEC));
	assert_true(known_take(&k, &two, 1, true, 800 * SEC, 600 * SEC));
	assert_true(!knows(&k, "192.0.2.1") && knows(&k, "192.0.2.2"));
}

static void what_failed_takes_nothing_away(void **state)
{
	struct addr one = unit_addr("192.0.2.1"), two = unit_addr("192.0.2.2");
	struct known k = { 0 };

	(void)state;
	known_take(&k, &one, 1, true, 100 * SEC, 600 * SEC);
	assert_false(known_take(&k, NULL, 0, false, 100000 * SEC, 600 * SEC));
	assert_true(known_take(&k, &two, 1, false, 200000 * SEC, 600 * SEC));
	assert_int_equal(k.n, 2);
	/* The first good answer after it begins the grace. */
	assert_false(known_take(&k, &two, 1, true, 200001 * SEC, 600 * SEC));
	assert_true(known_take(&k, &two, 1, true, 200700 * SEC, 600 * SEC));
	assert_int_equal(k.n, 1);
}

static void if_there_is_no_room_the_oldest_go(void **state)
{
	struct known k = { 0 };
	char text[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		struct addr a;

		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		a = unit_addr(text);
		assert_true(known_take(&k, &a, 1, i % 2, 1000 * SEC + i, 600 * SEC));
	}
	assert_int_equal(k.n, KNOWN_MAX);
	assert_true(knows(&k, "10.0.3.249"));
	assert_false(knows(&k, "10.0.0.0"));
}

/* Names */

static void whole_names_are_names_and_nothing_else(void **state)
{
	static const char *const bad[] = { "", ".", "carrier", "a..b", ".a.b", "-a.b", "a-.b", "a b.c", "a.b..", "192.0.2.1", "a.1",
					   "\xc3\xa4.de", "a/b.c", "a.b\n" };
	char name[HOSTNAME_TEXT_MAX], longest[300];
	size_t i;

	(void)state;
	assert_int_equal(hostname_parse("SIP-1.Carrier.example.", name), 0);
	assert_string_equal(name, "sip-1.carrier.example");
	assert_int_equal(hostname_parse("_sip._udp.1.x", name), 0);
	for (i = 0; i < ELEMENTSOF(bad); i++)
		assert_true(hostname_parse(bad[i], name) < 0);
	for (i = 0; i < 253; i++)
		longest[i] = i % 64 == 63 ? '.' : 'a';
	longest[253] = '\0';
	assert_int_equal(hostname_parse(longest, name), 0);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_true(hostname_parse(longest, name) < 0);
	memset(longest, 'a', 64);
	assert_true(hostname_parse(longest, name) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_the_name_and_its_aliases_are_read),
		cmocka_unit_test(targets_of_services_are_read),
		cmocka_unit_test(an_answer_is_bounded),
		cmocka_unit_test(a_loop_of_aliases_and_a_cut_message_end),
		cmocka_unit_test(an_address_that_left_stays_for_a_while),
		cmocka_unit_test(what_failed_takes_nothing_away),
		cmocka_unit_test(if_there_is_no_room_the_oldest_go),
		cmocka_unit_test(whole_names_are_names_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
