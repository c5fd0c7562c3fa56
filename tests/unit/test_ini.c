/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INI files, before anybody knows what they are about. */
#include "unit.h"

#include "config/ini.h"

struct seen {
	char text[70000];
};

static void note(void *userdata, const char *section, const char *key, const char *value, unsigned line)
{
	struct seen *s = userdata;
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%u %s/%s=%s|", line, section, key ? key : "", value ? value : "");
}

static void ini_gives(const char *text, const char *expected, size_t errors)
{
	struct diag diag = DIAG_INIT;
	struct seen *s = calloc(1, sizeof(*s));

	assert_int_equal(ini_parse_text("t", text, strlen(text), note, s, &diag), 0);
	assert_string_equal(s->text, expected);
	assert_int_equal(diag.errors, errors);
	diag_done(&diag);
	free(s);
}

static void values_are_verbatim(void **state)
{
	(void)state;
	ini_gives("[a]\nk = ^foo ; bar # baz\n", "1 a/=|2 a/k=^foo ; bar # baz|", 0);
	ini_gives("[a]\nk = \"quoted\" \\n\r\n; comment\n# comment\nl=\n", "1 a/=|2 a/k=\"quoted\" \\n|5 a/l=|", 0);
	ini_gives("[a]\nk = one\n  two ; three\n\tfour\n", "1 a/=|2 a/k=one\ntwo ; three\nfour|", 0);
	ini_gives("\xef\xbb\xbf[a]\nk=v", "1 a/=|2 a/k=v|", 0);
	ini_gives("[a]\nk = x\nk = y\n", "1 a/=|2 a/k=x|3 a/k=y|", 0);
}

static void long_values_load_intact(void **state)
{
	_cleanup_free_ char *value = calloc(1, 4001), *text = NULL, *expected = NULL;

	(void)state;
	memset(value, 'x', 4000);
	assert_true(asprintf(&text, "[a]\nk = %s\nl = 2\n", value) > 0);
	assert_true(asprintf(&expected, "1 a/=|2 a/k=%s|3 a/l=2|", value) > 0);
	ini_gives(text, expected, 0);
}

static void bad_ini_is_told_with_its_line(void **state)
{
	struct diag diag = DIAG_INIT;
	static const char text[] = "k = outside\n[a\nlost = 1\n[b] x\nlost = 2\n[c]\nno equals\nbad key! = 1\n[d]\n # x\n";
	struct seen *s = calloc(1, sizeof(*s));

	(void)state;
	ini_parse_text("t", text, sizeof(text) - 1, note, s, &diag);
	assert_true(unit_said(&diag, 1, "outside of a section"));
	assert_true(unit_said(&diag, 2, "without ']'"));
	assert_true(unit_said(&diag, 4, "after the section header"));
	assert_true(unit_said(&diag, 7, "no '='"));
	assert_true(unit_said(&diag, 8, "bad key"));
	assert_true(unit_said(&diag, 10, "cannot tell"));
	/* What stands below a refused header is not taken for the section above. */
	assert_null(strstr(s->text, "lost"));
	diag_done(&diag);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_verbatim),
		cmocka_unit_test(long_values_load_intact),
		cmocka_unit_test(bad_ini_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
