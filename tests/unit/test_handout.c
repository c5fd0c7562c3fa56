/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be in a file that systemd is given as an environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/handout.h"

static bool is_good(const char *text)
{
	return handout_good_text(text, strlen(text));
}

static void test_what_is_written_is_good(void **state)
{
	const struct log_field fields[] = {
		{ "SIPWARDEN_RULE", "satellite" },
		{ "SIPWARDEN_ACCOUNT", "x\"\n$(reboot)`\\ é" },
		{ "SIPWARDEN_ADDRESS", NULL },
		{ NULL, NULL },
	};
	_cleanup_free_ char *text = handout_write(fields);

	(void)state;
	assert_true(is_good(text));
	assert_string_equal(text, "SIPWARDEN_RULE=\"satellite\"\nSIPWARDEN_ACCOUNT=\"x___(reboot)__ __\"\n");
}

static void test_nothing_else_is_taken(void **state)
{
	static const char *const bad[] = {
		"",
		"SIPWARDEN_RULE=\"x\"",
		"SIPWARDEN_RULE=x\n",
		"LD_PRELOAD=\"/tmp/x\"\n",
		"SIPWARDEN_RULE=\"x\"\nPATH=\"/tmp\"\n",
		"SIPWARDEN_RULE=\"x\"y\"\n",
		"SIPWARDEN_RULE=\"x\\\"\n",
		"SIPWARDEN_RULE=\"$x\"\n",
		"SIPWARDEN_rule=\"x\"\n",
		"SIPWARDEN_RULE=\"\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(bad); i++)
		assert_false(is_good(bad[i]));
	assert_false(handout_good_text("SIPWARDEN_A=\"\0\"\n", 16));
	assert_true(handout_good_name("0001-2"));
	assert_false(handout_good_name("-x"));
	assert_false(handout_good_name("a/b"));
	assert_false(handout_good_name("a.b"));
	assert_false(handout_good_name(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_good),
		cmocka_unit_test(test_nothing_else_is_taken),
	};

	return cmocka_run_group_tests_name("handout", tests, NULL, NULL);
}
