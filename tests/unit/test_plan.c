/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Country and kind of a dialled number. Those of all countries are in tests/e2e/test_number.py. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "number/plan.h"
#include "number/table.h"

struct expected {
	const char *dialled, *digits, *country;
	enum number_kind kind;
};

static struct number read_one(const struct number_site *site, const char *dialled)
{
	struct number n;

	number_read(site, SPAN(dialled), &n);
	assert_non_null(n.range);
	return n;
}

static void check_all(const char *country, const char *outside, const struct expected *all, size_t count)
{
	struct number_site site;
	size_t i;

	assert_int_equal(number_site_init(&site, SPAN(country)), 0);
	strcpy(site.outside, outside);
	for (i = 0; i < count; i++) {
		const struct number n = read_one(&site, all[i].dialled);

		if (strcmp(n.digits, all[i].digits) != 0 || strcmp(n.country, all[i].country) != 0 ||
		    n.kind != all[i].kind)
			fail_msg("%s from %s: %s of '%s', %s", all[i].dialled, country, n.digits, n.country,
				 number_kind_name(n.kind));
	}
}

static void tables_are_sorted_and_each_prefix_is_there_once(void **state)
{
	size_t i;

	(void)state;
	for (i = 1; i < n_country_rows; i++)
		assert_true(strcmp(country_rows[i - 1].prefix, country_rows[i].prefix) < 0);
	for (i = 1; i < n_range_rows; i++)
		assert_true(strcmp(range_rows[i - 1].prefix, range_rows[i].prefix) < 0);
	for (i = 0; i < n_range_rows; i++)
		assert_non_null(country_find(range_rows[i].prefix));
}

/* A prefix, and nines behind it up to the length of the longest numbers. */
static const char *padded(const char *prefix, char buf[static NUMBER_DIGITS_SIZE])
{
	snprintf(buf, NUMBER_DIGITS_SIZE, "%s%s", prefix, "999999999999999");
	return buf;
}

static void each_row_is_found_by_its_own_prefix(void **state)
{
	char digits[NUMBER_DIGITS_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < n_country_rows; i++)
		assert_ptr_equal(country_find(country_rows[i].prefix), &country_rows[i]);
	for (i = 0; i < n_range_rows; i++) {
		const struct range_row *found = range_find(padded(range_rows[i].prefix, digits));

		assert_non_null(found);
		assert_memory_equal(found->prefix, range_rows[i].prefix, strlen(range_rows[i].prefix));
	}
	assert_null(country_find(""));
	assert_null(country_find("999"));
	assert_null(country_find("11"));
	assert_null(range_find("4930"));
	assert_null(range_find("35315004842"));
	assert_non_null(range_find("3531580123456"));
}

static void every_country_is_a_site(void **state)
{
	struct number_site site;
	char name[NUMBER_COUNTRY_SIZE + 8];
	size_t i;

	(void)state;
	for (i = 0; i < n_country_rows; i++) {
		if (*country_rows[i].country == '\0')
			continue;
		assert_int_equal(number_site_init(&site, SPAN(country_rows[i].country)), 0);
		assert_string_equal(site.country, country_rows[i].country);
		assert_true(number_country_exists(site.country));
		assert_true(strlen(number_country_name(site.country)) > 2);
		snprintf(name, sizeof(name), "+%s", country_rows[i].prefix);
		assert_int_equal(number_site_init(&site, SPAN(name)), 0);
		assert_string_equal(site.country, country_rows[i].country);
	}
	assert_int_equal(number_site_init(&site, SPAN("de")), 0);
	assert_string_equal(site.national, "0");
	assert_string_equal(site.international[0], "00");
	assert_int_equal(number_site_init(&site, SPAN("XX")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("+")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("+999")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("+881")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("+4930")), -EINVAL);
	assert_int_equal(number_site_init(&site, SPAN("\xc3\xa9")), -EINVAL);
}

static void people_dial_as_in_their_country(void **state)
{
	static const struct expected germany[] = {
		{"030 12345678", "493012345678", "DE", NUMBER_ORDINARY},
		{"0171/234 56 78", "491712345678", "DE", NUMBER_ORDINARY},
		{"004930123456", "4930123456", "DE", NUMBER_ORDINARY},
		{"+49 (0) 30 123456", "4930123456", "DE", NUMBER_ORDINARY},
		{"+49030123456", "4930123456", "DE", NUMBER_ORDINARY},
		{"0044 20 7946 0000", "442079460000", "GB", NUMBER_ORDINARY},
		{"12345678", "12345678", "DE", NUMBER_ORDINARY},
		{"442079460000", "442079460000", "GB", NUMBER_ORDINARY},
		{"2001", "2001", "", NUMBER_INTERNAL},
		{"110", "110", "DE", NUMBER_EMERGENCY},
		{"112", "112", "DE", NUMBER_EMERGENCY},
		{"116116", "116116", "DE", NUMBER_SHORT},
		{"11833", "11833", "DE", NUMBER_PREMIUM},
		{"0900 5 123456", "499005123456", "DE", NUMBER_PREMIUM},
		{"01805 123456", "491805123456", "DE", NUMBER_SHARED_COST},
		{"0800 1234567", "498001234567", "DE", NUMBER_FREEPHONE},
		{"0700 12345678", "4970012345678", "DE", NUMBER_PERSONAL},
		{"*97", "*97", "", NUMBER_CODE},
	};
	static const struct expected states[] = {
		{"12125550100", "12125550100", "US", NUMBER_ORDINARY},
		{"(212) 555-0100", "12125550100", "US", NUMBER_ORDINARY},
		{"912125550100", "12125550100", "US", NUMBER_ORDINARY},
		{"14165550100", "14165550100", "CA", NUMBER_ORDINARY},
		{"18765550100", "18765550100", "JM", NUMBER_ORDINARY},
		{"18005550100", "18005550100", "US", NUMBER_FREEPHONE},
		{"1 900 555 0100", "19005550100", "US", NUMBER_PREMIUM},
		{"12129760100", "12129760100", "US", NUMBER_PREMIUM},
		{"011 44 20 7946 0000", "442079460000", "GB", NUMBER_ORDINARY},
		{"911", "911", "US", NUMBER_EMERGENCY},
		{"9911", "9911", "US", NUMBER_EMERGENCY},
	};
	static const struct expected others[] = {
		{"06 1234 567", "39061234567", "IT", NUMBER_ORDINARY},
		{"899123456", "39899123456", "IT", NUMBER_PREMIUM},
		{"892424", "39892424", "IT", NUMBER_PREMIUM},
		{"118", "118", "IT", NUMBER_EMERGENCY},
	};
	static const struct expected russia[] = {
		{"8 495 123 45 67", "74951234567", "RU", NUMBER_ORDINARY},
		{"8~10 44 20 7946 0000", "442079460000", "GB", NUMBER_ORDINARY},
		{"8 701 123 45 67", "77011234567", "KZ", NUMBER_ORDINARY},
	};
	static const struct expected canada[] = {{"12129760100", "12129760100", "US", NUMBER_PREMIUM},
						 {"18005550100", "18005550100", "CA", NUMBER_FREEPHONE}};

	(void)state;
	check_all("DE", "", germany, ELEMENTSOF(germany));
	check_all("US", "", states, ELEMENTSOF(states));
	check_all("IT", "", others, ELEMENTSOF(others));
	check_all("RU", "", russia, ELEMENTSOF(russia));
	check_all("CA", "", canada, ELEMENTSOF(canada));
}

static void a_digit_for_an_outside_line_stands_before(void **state)
{
	static const struct expected germany[] = {
		{"0030123456", "4930123456", "DE", NUMBER_ORDINARY},
		{"000442079460000", "442079460000", "GB", NUMBER_ORDINARY},
		{"012345678", "12345678", "DE", NUMBER_ORDINARY},
		{"0112", "112", "DE", NUMBER_EMERGENCY},
		{"112", "112", "DE", NUMBER_EMERGENCY},
		{"2001", "2001", "", NUMBER_INTERNAL},
	};

	(void)state;
	check_all("DE", "0", germany, ELEMENTSOF(germany));
}

static void numbers_of_no_country_have_their_kind(void **state)
{
	static const struct expected all[] = {
		{"00870773123456", "870773123456", "", NUMBER_SATELLITE},
		{"+881612345678", "881612345678", "", NUMBER_SATELLITE},
		{"+88216 12345678", "8821612345678", "", NUMBER_SATELLITE},
		{"+88213 12345678", "8821312345678", "", NUMBER_SATELLITE},
		{"+883510012345", "883510012345", "", NUMBER_GLOBAL},
		{"+878101234567890", "878101234567890", "", NUMBER_GLOBAL},
		{"+979123456789", "979123456789", "", NUMBER_PREMIUM},
		{"+80012345678", "80012345678", "", NUMBER_FREEPHONE},
		{"+80812345678", "80812345678", "", NUMBER_SHARED_COST},
	};
	struct number_site site;
	struct number n;

	(void)state;
	check_all("DE", "", all, ELEMENTSOF(all));
	number_site_init(&site, SPAN("DE"));
	n = read_one(&site, "+881612345678");
	assert_true(n.abroad && n.risky);
	assert_string_equal(n.code, "881");
	assert_string_equal(n.range, "Iridium");
}

static void junk_before_a_number_hides_no_country(void **state)
{
	static const char *const spellings[] = {
		"00972592123456",
		"900972592123456",
		"0000972592123456",
		"9011972592123456",
		"810972592123456",
		"0900972592123456",
		"999900972592123456",
		"1900972592123456",
		"011972592123456",
		"0011972592123456",
		"+00972592123456",
		"+011972592123456",
		"sip:%2B972592123456",
		"tel:+972-59-2123456",
		"00972592123456@1.2.3.4",
		"*21*00972592123456#",
		"9#00972592123456",
		"0+972592123456",
		"<sip:00972592123456@x>;tag=1",
		"972592123456",
		"9972592123456",
		"00972592123456,30",
		"%30%30972592123456",
		"(\xc2\xa0)00972592123456",
	};
	static const char *const countries[] = {"DE", "US", "GB", "FR", "IT", "ES",
						"DK", "AU", "BR", "IN", "RU"};
	struct number_site site;
	struct number n;
	size_t i, c;

	(void)state;
	for (c = 0; c < ELEMENTSOF(countries); c++) {
		number_site_init(&site, SPAN(countries[c]));
		for (i = 0; i < ELEMENTSOF(spellings); i++) {
			n = read_one(&site, spellings[i]);
			if (strcmp(n.country, "IL") != 0 || strcmp(n.digits, "972592123456") != 0 ||
			    !n.abroad)
				fail_msg("%s from %s: %s of '%s'", spellings[i], countries[c], n.digits,
					 n.country);
		}
	}
	number_site_init(&site, SPAN("DE"));
	assert_true(read_one(&site, "900972592123456").odd);
	assert_false(read_one(&site, "00972592123456").odd);
}

static void where_fraud_goes_is_risky(void **state)
{
	static const char *const risky[] = {"+252611234567", "+37129123456",  "+18765550100",
					    "+970591234567", "+972592123456", "+881612345678",
					    "+882131234567", "+979123456789"};
	static const char *const others[] = {"+4930123456",   "+442079460000", "+12125550100",
					     "+972312345678", "2001",	       "alice"};
	struct number_site site;
	size_t i;

	(void)state;
	number_site_init(&site, SPAN("DE"));
	for (i = 0; i < ELEMENTSOF(risky); i++)
		assert_true(read_one(&site, risky[i]).risky);
	for (i = 0; i < ELEMENTSOF(others); i++)
		assert_false(read_one(&site, others[i]).risky);
}

static void nothing_is_known_of_a_site_without_country(void **state)
{
	struct number_site site;
	struct number n;

	(void)state;
	number_site_none(&site);
	n = read_one(&site, "+4930123456");
	assert_string_equal(n.country, "DE");
	assert_true(n.abroad);
	n = read_one(&site, "0044207946000");
	assert_string_equal(n.country, "GB");
	assert_false(n.odd);
	assert_int_equal(read_one(&site, "1001").kind, NUMBER_SHORT);
	assert_int_equal(read_one(&site, "112").kind, NUMBER_EMERGENCY);
	assert_int_equal(read_one(&site, "030123456").kind, NUMBER_UNKNOWN);
}

static void hostile_text_is_bounded(void **state)
{
	static const char *const names[] = {"", "alice", "+", "anonymous", "sip:@", "%", "12ab", "s"};
	char text[5000];
	struct number_site site;
	struct number n;
	size_t i;
	int c;

	(void)state;
	number_site_init(&site, SPAN("DE"));
	for (i = 0; i < ELEMENTSOF(names); i++) {
		assert_int_equal(number_read(&site, SPAN(names[i]), &n), -EINVAL);
		assert_int_equal(n.kind, NUMBER_UNKNOWN);
		assert_string_equal(n.digits, "");
	}
	assert_int_equal(number_read(&site, (struct span){NULL, 0}, &n), -EINVAL);
	for (c = 0; c < 256; c++) {
		memset(text, c, sizeof(text));
		number_read(&site, (struct span){text, sizeof(text)}, &n);
		assert_true(strlen(n.digits) < NUMBER_DIGITS_SIZE);
		memcpy(text, "00972592", 8);
		number_read(&site, (struct span){text, sizeof(text)}, &n);
		assert_true(strlen(n.digits) < NUMBER_DIGITS_SIZE);
	}
}

static void kinds_have_names(void **state)
{
	enum number_kind kind, i;

	(void)state;
	for (i = NUMBER_UNKNOWN; i < NUMBER_KINDS; i++) {
		assert_int_equal(number_kind_parse(SPAN(number_kind_name(i)), &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(number_kind_parse(SPAN("dear"), &kind), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sorted_and_each_prefix_is_there_once),
		cmocka_unit_test(each_row_is_found_by_its_own_prefix),
		cmocka_unit_test(every_country_is_a_site),
		cmocka_unit_test(people_dial_as_in_their_country),
		cmocka_unit_test(a_digit_for_an_outside_line_stands_before),
		cmocka_unit_test(numbers_of_no_country_have_their_kind),
		cmocka_unit_test(junk_before_a_number_hides_no_country),
		cmocka_unit_test(where_fraud_goes_is_risky),
		cmocka_unit_test(nothing_is_known_of_a_site_without_country),
		cmocka_unit_test(hostile_text_is_bounded),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
