/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a dialled number leads, however it is written. */
#include "unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "detect/number.h"

static void check(const char *number, const char *expected)
{
	char buf[NUMBER_PREFIX_MAX];
	size_t n = number_prefix(SPAN(number), buf);

	assert_int_equal(n, strlen(expected));
	if (n > 0)
		assert_string_equal(buf, expected);
}

static void all_spellings_of_a_country_are_one(void **state)
{
	static const char *const cuba[] = { "+5352123456",   "005352123456",  "01153 52 123456", "901153521234",
					    "9011+53521234", "0+53521234567", "00005352123456",	 "9005352123456",
					    "+53-5-212-345", "+0053521234",   "sip:+5352123@x" };
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(cuba); i++)
		check(cuba[i], i == 7 ? "9005" : "+53");
	check("90005352123456", "+53");
}

static void country_codes_have_their_length(void **state)
{
	(void)state;
	check("+12125550100", "+1");
	check("+79161234567", "+7");
	check("+442037690237", "+44");
	check("+4930123456", "+49");
	check("+35312345678", "+353");
	check("+97259123456", "+972");
	check("+88213200000", "+882");
	check("+21612345678", "+216");
	check("+8613912345678", "+86");
	check("+85212345678", "+852");
}

static void other_numbers_give_their_first_digits(void **state)
{
	(void)state;
	check("1001", "1001");
	check("09001234567", "0900");
	check("19005551234", "1900");
	check("100", "100");
	check("", "");
	check("alice", "");
	check("+", "");
	check("00", "00");
	check("*43", "43");
}

static void hostile_numbers_are_bounded(void **state)
{
	char number[5000], buf[NUMBER_PREFIX_MAX];

	(void)state;
	memset(number, '0', sizeof(number));
	assert_true(number_prefix((struct span){ number, sizeof(number) }, buf) < NUMBER_PREFIX_MAX);
	memset(number, '+', sizeof(number));
	assert_int_equal(number_prefix((struct span){ number, sizeof(number) }, buf), 0);
	memset(number, '9', sizeof(number));
	assert_int_equal(number_prefix((struct span){ number, sizeof(number) }, buf), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_spellings_of_a_country_are_one),
		cmocka_unit_test(country_codes_have_their_length),
		cmocka_unit_test(other_numbers_give_their_first_digits),
		cmocka_unit_test(hostile_numbers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
