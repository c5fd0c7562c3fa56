/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a moment is within office hours. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/hours.h"

struct fixture {
	struct hours hours;
	struct holidays holidays;
	struct zone *zone;
};

static void open_fixture(struct fixture *f, const char *hours, const char *zone)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(hours_parse(hours, &f->hours), 0);
	assert_int_equal(zone_new(zone, &f->zone), 0);
}

/* utc: "2026-11-25 12:00" */
static bool within(const struct fixture *f, const char *utc)
{
	struct tm tm = {0};

	assert_non_null(strptime(utc, "%Y-%m-%d %H:%M", &tm));
	return hours_within(&f->hours, &f->holidays, f->zone, (usec_t)timegm(&tm) * USEC_PER_SEC);
}

static void days_and_times_of_the_zone_count(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, "Mo-Fr 07:00-19:00, Sa 9:00-12:00", "Europe/Berlin");
	assert_false(within(&f, "2026-11-25 05:59")); /* Wednesday, 06:59 there */
	assert_true(within(&f, "2026-11-25 06:00"));
	assert_true(within(&f, "2026-11-25 17:59"));
	assert_false(within(&f, "2026-11-25 18:00"));
	assert_true(within(&f, "2026-11-28 08:00")); /* Saturday */
	assert_false(within(&f, "2026-11-28 11:00"));
	assert_false(within(&f, "2026-11-29 10:00")); /* Sunday */
	/* In summer an hour earlier in UTC. */
	assert_true(within(&f, "2026-07-01 05:00"));
	assert_false(within(&f, "2026-07-01 17:00"));
	zone_free(f.zone);
}

static void a_night_shift_ends_on_the_day_after(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, "Mo-Fr 22:00-06:00", "UTC");
	assert_true(within(&f, "2026-11-27 23:00")); /* Friday */
	assert_true(within(&f, "2026-11-28 05:59")); /* Saturday morning */
	assert_false(within(&f, "2026-11-28 06:00"));
	assert_false(within(&f, "2026-11-28 23:00"));
	assert_false(within(&f, "2026-11-30 05:00")); /* Monday morning is Sunday's */
	zone_free(f.zone);
}

static void holidays_are_of_a_year_of_all_or_by_easter(void **state)
{
	static const char *const words[] = {"12-25", "2026-11-25", "12-30..01-02", "easter-2", "easter+1"};
	struct fixture f;
	size_t i;

	(void)state;
	open_fixture(&f, "daily 00:00-24:00", "UTC");
	for (i = 0; i < ELEMENTSOF(words); i++)
		assert_int_equal(holidays_parse(words[i], &f.holidays), 0);
	assert_false(within(&f, "2026-12-25 12:00"));
	assert_false(within(&f, "2031-12-25 12:00"));
	assert_false(within(&f, "2026-11-25 23:59"));
	assert_true(within(&f, "2027-11-25 12:00"));
	assert_true(within(&f, "2026-12-29 12:00"));
	assert_false(within(&f, "2026-12-31 12:00"));
	assert_false(within(&f, "2027-01-02 12:00"));
	assert_true(within(&f, "2027-01-03 12:00"));
	/* Easter Sunday: 2026-04-05, 2024-03-31, 2038-04-25. */
	assert_false(within(&f, "2026-04-03 12:00"));
	assert_true(within(&f, "2026-04-05 12:00"));
	assert_false(within(&f, "2026-04-06 12:00"));
	assert_false(within(&f, "2024-04-01 12:00"));
	assert_false(within(&f, "2038-04-26 12:00"));
	zone_free(f.zone);
}

static void without_hours_it_is_always_but_on_holidays(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, "always", "UTC");
	assert_int_equal(holidays_parse("02-29", &f.holidays), 0);
	assert_true(within(&f, "2026-11-29 03:00"));
	assert_false(within(&f, "2028-02-29 12:00"));
	assert_true(within(&f, "2027-03-01 12:00"));
	zone_free(f.zone);
}

static void mistakes_are_refused(void **state)
{
	static const char *const hours[] = {"",
					    "Mo",
					    "Mo 7-19",
					    "07:00-19:00",
					    "Xx 07:00-19:00",
					    "Mo 25:00-26:00",
					    "Mo 07:60-08:00",
					    "Mo 07:00-07:00",
					    "Mo 24:00-01:00",
					    "Mo 07:00-19:00,",
					    "Mo- 07:00-19:00",
					    "Mo 07:00-19:00 x",
					    "daily",
					    "M 07:00-08:00"};
	static const char *const days[] = {"",
					   "12",
					   "13-01",
					   "02-30",
					   "2027-02-29",
					   "1-1",
					   "easter*2",
					   "easter+",
					   "12-24..",
					   "12-24..2026-12-26",
					   "2026-12-26..2026-12-24",
					   "1969-01-01",
					   "12-25x"};
	struct holidays holidays;
	struct hours h;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(hours); i++)
		if (hours_parse(hours[i], &h) != -EINVAL)
			fail_msg("hours '%s'", hours[i]);
	for (i = 0; i < ELEMENTSOF(days); i++) {
		memset(&holidays, 0, sizeof(holidays));
		if (holidays_parse(days[i], &holidays) >= 0)
			fail_msg("holiday '%s'", days[i]);
	}
	memset(&holidays, 0, sizeof(holidays));
	assert_int_equal(holidays_parse("01-01..12-31", &holidays), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_times_of_the_zone_count),
		cmocka_unit_test(a_night_shift_ends_on_the_day_after),
		cmocka_unit_test(holidays_are_of_a_year_of_all_or_by_easter),
		cmocka_unit_test(without_hours_it_is_always_but_on_holidays),
		cmocka_unit_test(mistakes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
