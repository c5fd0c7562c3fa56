/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many of one thing were seen with another. */
#include "unit.h"

#include <errno.h>

#include "detect/distinct.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define START (1795000000 * SEC)

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
		cmocka_unit_test(distinct_members_are_counted_within_the_window),
		cmocka_unit_test(distinct_members_agree_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
