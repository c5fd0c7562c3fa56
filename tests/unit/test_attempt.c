/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "detect/attempt.h"

enum { NOTICE, SECURITY, NOTICE_2, SECURITY_2 };

static const class_set failure = CLASS_BIT(CLASS_AUTH_FAILURE);
static const class_set unknown = CLASS_BIT(CLASS_UNKNOWN_USER);
static const struct addr source = { .family = AF_INET, .len = 32, .bytes = { 192, 0, 2, 5 } };
static const usec_t start = 1000000 * USEC_PER_SEC;

static struct attempt_table *table;

static int setup(void **state)
{
	(void)state;
	return attempt_table_new(1024, &table);
}

static int teardown(void **state)
{
	(void)state;
	table = attempt_table_free(table);
	return 0;
}

/* Notes a line, and says whether it is a new attempt for a rule that counts classes. */
static bool line(unsigned pattern, class_set is, const char *id, const char *user, usec_t when, class_set counts)
{
	struct event e = { .pattern_index = pattern, .classes = is };

	if (id)
		e.id = SPAN(id);
	if (user)
		e.user = SPAN(user);
	return attempt_is_new(attempt_note(table, attempt_key(&e, &source), &e, when), counts);
}

static void two_lines_of_one_attempt_count_once(void **state)
{
	(void)state;
	assert_true(line(NOTICE, failure, "a@b", "100", start, failure));
	assert_false(line(SECURITY, failure, "a@b", "100", start + 1000, failure));
}

static void four_lines_for_an_unknown_account_count_once_for_each_rule(void **state)
{
	(void)state;
	assert_true(line(NOTICE_2, unknown, "x", "9", start, unknown));
	assert_true(line(NOTICE, failure, "x", "9", start, failure));
	assert_false(line(SECURITY_2, unknown, "x", "9", start, unknown));
	assert_false(line(SECURITY, failure, "x", NULL, start, failure));
	/* and a rule that counts both classes counts one */
	assert_true(line(NOTICE_2, unknown, "y", "9", start, unknown | failure));
	assert_false(line(NOTICE, failure, "y", "9", start, unknown | failure));
	assert_false(line(SECURITY_2, unknown, "y", "9", start, unknown | failure));
	assert_false(line(SECURITY, failure, "y", NULL, start, unknown | failure));
}

static void one_call_id_for_all_guesses_does_not_hide_them(void **state)
{
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		n += line(NOTICE, failure, "same", "100", start + i * USEC_PER_SEC, failure);
		n += line(SECURITY, failure, "same", "100", start + i * USEC_PER_SEC, failure);
	}
	assert_int_equal(n, 20);
}

static void interleaved_lines_of_two_attempts_count_two(void **state)
{
	unsigned n = 0;

	(void)state;
	n += line(NOTICE, failure, "same", "100", start, failure);
	n += line(NOTICE, failure, "same", "100", start, failure);
	n += line(SECURITY, failure, "same", "100", start, failure);
	n += line(SECURITY, failure, "same", "100", start, failure);
	assert_int_equal(n, 2);
}

static void lines_without_id_are_joined_by_user(void **state)
{
	(void)state;
	assert_true(line(NOTICE, failure, NULL, "admin", start, failure));
	assert_false(line(NOTICE_2, failure, NULL, "admin", start, failure));
	assert_false(line(SECURITY, failure, NULL, "admin", start, failure));
	assert_true(line(NOTICE, failure, NULL, "root", start, failure));
}

static void different_ids_and_sources_are_different_attempts(void **state)
{
	struct addr other = source;
	struct event e = { .pattern_index = NOTICE, .classes = failure, .id = SPAN("a") };

	(void)state;
	other.bytes[3] = 6;
	assert_true(line(NOTICE, failure, "a", "100", start, failure));
	assert_true(line(NOTICE, failure, "b", "100", start, failure));
	assert_true(attempt_is_new(attempt_note(table, attempt_key(&e, &other), &e, start), failure));
}

static void an_id_seen_again_after_the_transaction_is_a_new_attempt(void **state)
{
	(void)state;
	assert_true(line(NOTICE, failure, "a", "100", start, failure));
	assert_true(line(SECURITY, failure, "a", "100", start + ATTEMPT_WINDOW + USEC_PER_SEC, failure));
}

static void a_flood_of_ids_is_forgotten_not_fatal(void **state)
{
	char id[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		snprintf(id, sizeof(id), "id-%u", i);
		assert_true(line(NOTICE, failure, id, "100", start + i, failure));
	}
	assert_false(line(SECURITY, failure, id, "100", start + i, failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_lines_of_one_attempt_count_once, setup, teardown),
		cmocka_unit_test_setup_teardown(four_lines_for_an_unknown_account_count_once_for_each_rule, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_call_id_for_all_guesses_does_not_hide_them, setup, teardown),
		cmocka_unit_test_setup_teardown(interleaved_lines_of_two_attempts_count_two, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_without_id_are_joined_by_user, setup, teardown),
		cmocka_unit_test_setup_teardown(different_ids_and_sources_are_different_attempts, setup, teardown),
		cmocka_unit_test_setup_teardown(an_id_seen_again_after_the_transaction_is_a_new_attempt, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_ids_is_forgotten_not_fatal, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
