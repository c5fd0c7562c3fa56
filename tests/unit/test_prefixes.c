/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "firewall/prefixes.h"
#include "firewall/proto.h"

static void add(struct prefix_set *s, const char *text, usec_t end)
{
	struct addr a = unit_addr(text);

	assert_int_equal(prefix_set_add(s, &a, end, false), 0);
}

static void ranges_are(const struct prefix_set *s, const char *expected)
{
	char text[1024] = "", first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
	struct range *ranges;
	int i, n = prefix_set_ranges(s, &ranges);

	for (i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s-%s:%d ", addr_format(&ranges[i].first, first),
			 addr_format(&ranges[i].last, last), (int)ranges[i].end);
	assert_string_equal(text, expected);
	free(ranges);
}

static void ranges_do_not_overlap_and_the_last_end_counts(void **state)
{
	struct prefix_set s = { 0 };

	(void)state;
	add(&s, "10.0.0.0/8", 5);
	ranges_are(&s, "10.0.0.0-10.255.255.255:5 ");
	add(&s, "10.1.0.0/16", 9);
	ranges_are(&s, "10.0.0.0-10.0.255.255:5 10.1.0.0-10.1.255.255:9 10.2.0.0-10.255.255.255:5 ");
	add(&s, "10.1.2.0/24", 3); /* covered for longer by the /16 */
	ranges_are(&s, "10.0.0.0-10.0.255.255:5 10.1.0.0-10.1.255.255:9 10.2.0.0-10.255.255.255:5 ");
	add(&s, "10.0.0.0/24", 7);
	ranges_are(&s, "10.0.0.0-10.0.0.255:7 10.0.1.0-10.0.255.255:5 10.1.0.0-10.1.255.255:9 10.2.0.0-10.255.255.255:5 ");
	add(&s, "9.0.0.0/8", 7); /* meets the one behind it, and ends with it */
	ranges_are(&s, "9.0.0.0-10.0.0.255:7 10.0.1.0-10.0.255.255:5 10.1.0.0-10.1.255.255:9 10.2.0.0-10.255.255.255:5 ");
	prefix_set_expire(&s, 5);
	ranges_are(&s, "9.0.0.0-10.0.0.255:7 10.1.0.0-10.1.255.255:9 ");
	prefix_set_done(&s);
}

static void the_ends_of_the_address_space_are_no_trap(void **state)
{
	struct prefix_set s = { 0 };

	(void)state;
	add(&s, "128.0.0.0/1", 5);
	add(&s, "255.255.255.255/32", 9);
	add(&s, "0.0.0.0/32", 9);
	ranges_are(&s, "0.0.0.0-0.0.0.0:9 128.0.0.0-255.255.255.254:5 255.255.255.255-255.255.255.255:9 ");
	prefix_set_done(&s);
}

/* The ranges say of every address what a look at all prefixes says. */
static void ranges_agree_with_a_plain_model(void **state)
{
	unsigned round, i, k;

	(void)state;
	srandom(1);
	for (round = 0; round < 300; round++) {
		struct prefix_set s = { 0 };
		struct range *ranges;
		int n, r;

		for (i = 0; i < 12; i++) {
			struct addr a = { AF_INET, 32, { 10, 0, 0, (uint8_t)random() }, 0 };

			a = addr_truncate(&a, (uint8_t)(24 + random() % 9));
			prefix_set_add(&s, &a, (usec_t)(1 + random() % 4), false);
		}
		n = prefix_set_ranges(&s, &ranges);
		for (k = 0; k < 256; k++) {
			struct addr host = { AF_INET, 32, { 10, 0, 0, (uint8_t)k }, 0 };
			usec_t wanted = 0, got = 0;

			for (i = 0; i < s.count; i++)
				if (addr_covers(&s.items[i].addr, &host) && s.items[i].end > wanted)
					wanted = s.items[i].end;
			for (r = 0; r < n; r++)
				if (addr_compare(&ranges[r].first, &host) <= 0 && addr_compare(&host, &ranges[r].last) <= 0)
					got += ranges[r].end;
			assert_true(wanted == got);
			assert_true(!wanted == !prefix_set_owner(&s, &host));
		}
		free(ranges);
		prefix_set_done(&s);
	}
}

static void ranges_become_prefixes_again(void **state)
{
	struct range r = { unit_addr("10.0.0.1"), unit_addr("10.0.0.6"), 1 };
	struct addr found[RANGE_PREFIXES_MAX];
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(range_prefixes(&r, found), 4);
	assert_string_equal(addr_format(&found[0], text), "10.0.0.1");
	assert_string_equal(addr_format(&found[1], text), "10.0.0.2/31");
	assert_string_equal(addr_format(&found[2], text), "10.0.0.4/31");
	assert_string_equal(addr_format(&found[3], text), "10.0.0.6");
	r = (struct range){ unit_addr("0.0.0.0"), unit_addr("255.255.255.255"), 1 };
	assert_int_equal(range_prefixes(&r, found), 1);
	assert_int_equal(found[0].len, 0);
}

static void adopted_pieces_give_way_to_their_prefix(void **state)
{
	struct addr a = unit_addr("10.0.0.0/9"), b = unit_addr("10.128.0.0/9"), all = unit_addr("10.0.0.0/8");
	struct prefix_set s = { 0 };

	(void)state;
	prefix_set_add(&s, &a, 5, true);
	prefix_set_add(&s, &b, 5, true);
	prefix_set_add(&s, &all, 6, false);
	assert_int_equal(s.count, 1);
	prefix_set_add(&s, &a, 5, true);
	assert_int_equal(prefix_set_remove(&s, &all), 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(prefix_set_remove(&s, &all), -ENOENT);
	prefix_set_done(&s);
}

static void packets_are_checked(void **state)
{
	struct proto_packet *p = calloc(1, sizeof(*p));

	(void)state;
	*p = (struct proto_packet){ .magic = PROTO_MAGIC, .type = PROTO_COMMANDS, .count = 1 };
	p->entries[0] = (struct proto_entry){ .op = PROTO_BAN, .addr = unit_addr("192.0.2.0/24") };
	assert_int_equal(proto_check(p, proto_size(1), true), 0);
	assert_int_equal(proto_check(p, proto_size(1), false), -EBADMSG); /* from the wrong side */
	assert_int_equal(proto_check(p, proto_size(1) - 1, true), -EBADMSG);
	assert_int_equal(proto_check(p, proto_size(2), true), -EBADMSG);
	p->entries[0].addr.bytes[3] = 1; /* a bit behind the prefix */
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->entries[0] = (struct proto_entry){ .op = PROTO_BAN, .addr = { AF_INET, 33, { 1 }, 0 } };
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->entries[0] = (struct proto_entry){ .op = PROTO_BAN, .addr = { 7, 1, { 0 }, 0 } };
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->entries[0] = (struct proto_entry){ .op = PROTO_TRUST, .addr = unit_addr("192.0.2.1") };
	assert_int_equal(proto_check(p, proto_size(1), true), 0);
	p->entries[0].addr.port = 5060; /* trust is of a whole address */
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->entries[0] = (struct proto_entry){ .op = PROTO_CROWD, .addr = { 7, 1, { 0 }, 0 } };
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->entries[0] = (struct proto_entry){ .op = PROTO_SIP, .left = 1 };
	assert_int_equal(proto_check(p, proto_size(1), true), 0);
	p->entries[0] = (struct proto_entry){ .op = PROTO_OP_MAX + 1 };
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	p->count = PROTO_ENTRIES_MAX + 1;
	assert_int_equal(proto_check(p, proto_size(1), true), -EBADMSG);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_do_not_overlap_and_the_last_end_counts),
		cmocka_unit_test(the_ends_of_the_address_space_are_no_trap),
		cmocka_unit_test(ranges_agree_with_a_plain_model),
		cmocka_unit_test(ranges_become_prefixes_again),
		cmocka_unit_test(adopted_pieces_give_way_to_their_prefix),
		cmocka_unit_test(packets_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
