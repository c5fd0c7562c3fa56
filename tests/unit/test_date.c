/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Days of the calendar. */
#include "unit.h"

#include <time.h>

#include "base/date.h"

/* Beside libc, over all that the calendar repeats after: 400 years. */
static void days_are_those_of_libc(void **state)
{
	const int64_t last = date_days(2400, 1, 1);
	int64_t day;

	(void)state;
	assert_int_equal(date_days(1970, 1, 1), 0);
	for (day = 0; day < last; day++) {
		const time_t when = (time_t)day * 86400;
		struct tm tm;

		assert_non_null(gmtime_r(&when, &tm));
		assert_true(date_exists(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
		assert_int_equal(date_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), day);
	}
}

static void other_days_are_none(void **state)
{
	(void)state;
	assert_false(date_exists(2026, 0, 1));
	assert_false(date_exists(2026, 13, 1));
	assert_false(date_exists(2026, 1, 0));
	assert_false(date_exists(2026, 1, 32));
	assert_false(date_exists(2026, 4, 31));
	assert_false(date_exists(2026, 2, 29));
	assert_true(date_exists(2028, 2, 29));
	assert_false(date_exists(2100, 2, 29));
	assert_true(date_exists(2000, 2, 29));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_those_of_libc),
		cmocka_unit_test(other_days_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
