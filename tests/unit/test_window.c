/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "detect/window.h"

#define SEC USEC_PER_SEC

static const usec_t start = 1795428000 * SEC;

static struct addr key(uint32_t n)
{
	struct addr a = { .family = AF_INET, .len = 32 };

	memcpy(a.bytes, &n, sizeof(n));
	return a;
}

static void counts_only_what_lies_in_the_window(void **state)
{
	struct window_table *t;
	struct addr a = key(1);

	(void)state;
	assert_int_equal(window_table_new(5, 10 * SEC, 100, &t), 0);
	assert_int_equal(window_note(t, &a, start), 1);
	assert_int_equal(window_note(t, &a, start + 4 * SEC), 2);
	assert_int_equal(window_note(t, &a, start + 10 * SEC), 3);
	assert_int_equal(window_note(t, &a, start + 11 * SEC), 3);
	assert_int_equal(window_count(t, &a, start + 21 * SEC), 1);
	assert_int_equal(window_count(t, &a, start + 22 * SEC), 0);
	assert_int_equal(window_note(t, &a, start + 60 * SEC), 1);
	window_table_free(t);
}

static void moments_out_of_order_count_alike(void **state)
{
	struct window_table *t;
	struct addr a = key(1);

	(void)state;
	assert_int_equal(window_table_new(5, 10 * SEC, 100, &t), 0);
	assert_int_equal(window_note(t, &a, start + 9 * SEC), 1);
	assert_int_equal(window_note(t, &a, start + 3 * SEC), 2);
	assert_int_equal(window_note(t, &a, start + 6 * SEC), 3);
	assert_int_equal(window_count(t, &a, start + 14 * SEC), 2);
	/* older than the window before the latest: not evidence any more */
	assert_int_equal(window_note(t, &a, start - 20 * SEC), 3);
	window_table_free(t);
}

static void agrees_with_a_plain_model(void **state)
{
	struct window_table *t;
	struct addr a = key(7);
	usec_t times[400], now = start;
	unsigned i, j, n;

	(void)state;
	srandom(1);
	assert_int_equal(window_table_new(50, 30 * SEC, 100, &t), 0);
	for (i = 0; i < 400; i++) {
		now += (usec_t)(random() % 3000) * USEC_PER_MSEC;
		times[i] = now;
		for (j = 0, n = 0; j <= i; j++)
			n += now - times[j] <= 30 * SEC;
		assert_int_equal(window_note(t, &a, now), n < 50 ? n : 50);
	}
	window_table_free(t);
}

static void stays_at_the_threshold_until_cleared(void **state)
{
	struct window_table *t;
	struct addr a = key(1);
	unsigned i;

	(void)state;
	assert_int_equal(window_table_new(3, 10 * SEC, 100, &t), 0);
	for (i = 0; i < 10; i++)
		assert_int_equal(window_note(t, &a, start + i), i < 2 ? i + 1 : 3);
	window_clear(t, &a);
	assert_int_equal(window_count(t, &a, start + 10), 0);
	assert_int_equal(window_offenders(t), 0);
	assert_int_equal(window_note(t, &a, start + 11), 1);
	window_table_free(t);
}

static void grows_to_its_bound_and_no_further(void **state)
{
	struct window_table *t;
	uint32_t i;

	(void)state;
	assert_int_equal(window_table_new(5, 3600 * SEC, 4096, &t), 0);
	for (i = 1; i <= 100000; i++) {
		struct addr a = key(i);

		assert_int_equal(window_note(t, &a, start + i), 1);
	}
	assert_true(window_offenders(t) <= 4096);
	assert_true(window_offenders(t) > 3000);
	assert_int_equal(window_offenders(t) + window_forgotten(t), 100000);
	window_table_free(t);
}

static void a_flood_of_strangers_does_not_push_out_offenders(void **state)
{
	struct window_table *t;
	uint32_t i;

	(void)state;
	assert_int_equal(window_table_new(5, 3600 * SEC, 8192, &t), 0);
	for (i = 1; i <= 200; i++) {
		struct addr a = key(i);

		window_note(t, &a, start);
		window_note(t, &a, start);
		window_note(t, &a, start);
	}
	for (i = 1000; i < 500000; i++) {
		struct addr a = key(i);

		window_note(t, &a, start + i);
	}
	for (i = 1; i <= 200; i++) {
		struct addr a = key(i);

		assert_int_equal(window_count(t, &a, start), 3);
	}
	window_table_free(t);
}

static void an_entry_untouched_for_weeks_is_not_taken_for_fresh(void **state)
{
	struct window_table *t;
	struct addr a = key(1);
	/* 2^32 milliseconds: where 32-bit moments come round to the same value */
	usec_t round = ((usec_t)1 << 32) * USEC_PER_MSEC;

	(void)state;
	assert_int_equal(window_table_new(3, 600 * SEC, 100, &t), 0);
	window_note(t, &a, start);
	window_note(t, &a, start);
	assert_int_equal(window_count(t, &a, start + round), 0);
	assert_int_equal(window_note(t, &a, start + round), 1);
	window_table_free(t);
}

static void refuses_what_it_cannot_count(void **state)
{
	struct window_table *t;

	(void)state;
	assert_int_equal(window_table_new(0, SEC, 100, &t), -22);
	assert_int_equal(window_table_new(1, 0, 100, &t), -22);
	assert_int_equal(window_table_new(1, WINDOW_MAX + 1, 100, &t), -22);
	assert_int_equal(window_table_new(1, SEC, 1, &t), 0);
	window_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_only_what_lies_in_the_window),
		cmocka_unit_test(moments_out_of_order_count_alike),
		cmocka_unit_test(agrees_with_a_plain_model),
		cmocka_unit_test(stays_at_the_threshold_until_cleared),
		cmocka_unit_test(grows_to_its_bound_and_no_further),
		cmocka_unit_test(a_flood_of_strangers_does_not_push_out_offenders),
		cmocka_unit_test(an_entry_untouched_for_weeks_is_not_taken_for_fresh),
		cmocka_unit_test(refuses_what_it_cannot_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
