/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config and filters together: what of the journal an input follows. */
#include "unit.h"

#include "base/text.h"
#include "world/world.h"

/* The world of these inputs with the shipped filters. */
static struct world *make(const char *inputs, struct diag *diag)
{
	_cleanup_free_ char *dir = realpath("filters", NULL);
	_cleanup_free_ char *text = text_printf("[sipwarden]\nfilter_dirs = %s\n%s", dir, inputs);
	struct config *cfg = NULL;
	struct world *w = NULL;

	*diag = (struct diag)DIAG_INIT;
	assert_non_null(dir);
	assert_non_null(text);
	assert_int_equal(config_load_text("test.conf", text, strlen(text), diag, &cfg), 0);
	assert_int_equal(world_load(cfg, diag, &w), 0);
	assert_int_equal(diag->errors, 0);
	return w;
}

static void assert_matches(const struct world *w, size_t input, const char *expected)
{
	char text[512] = "";
	char **m;

	for (m = w->cfg->inputs[input].matches; m && *m; m++) {
		strcat(text, *text ? " " : "");
		strcat(text, *m);
	}
	assert_string_equal(text, expected);
}

static void the_journal_is_followed_by_the_names_of_the_filters(void **state)
{
	struct diag diag;
	struct world *w = make("[input sshd]\ntype = journal\n[input x]\ntype = journal\nfilter = asterisk sshd\n"
			       "[input y]\npath = /a\nfilter = kamailio\n",
			       &diag);

	(void)state;
	assert_matches(w, 0, "_SYSTEMD_UNIT=sshd.service + SYSLOG_IDENTIFIER=sshd");
	assert_matches(w, 1, "_SYSTEMD_UNIT=asterisk.service + SYSLOG_IDENTIFIER=asterisk + "
			     "_SYSTEMD_UNIT=sshd.service + SYSLOG_IDENTIFIER=sshd");
	assert_null(w->cfg->inputs[2].matches);
	assert_int_equal(diag.warnings, 0);
	world_free(w);
	diag_done(&diag);
}

/* Kamailio prints headers with their line ends: of its journal only what came through syslog is its own. */
static void what_proxies_print_is_not_followed(void **state)
{
	struct diag diag;
	struct world *w = make("[input kamailio]\ntype = journal\n[input both]\ntype = journal\nfilter = opensips sshd\n", &diag);

	(void)state;
	assert_matches(w, 0, "_SYSTEMD_UNIT=kamailio.service _TRANSPORT=syslog + SYSLOG_IDENTIFIER=kamailio _TRANSPORT=syslog");
	assert_matches(w, 1, "_SYSTEMD_UNIT=opensips.service _TRANSPORT=syslog + SYSLOG_IDENTIFIER=opensips _TRANSPORT=syslog + "
			     "_SYSTEMD_UNIT=sshd.service + SYSLOG_IDENTIFIER=sshd");
	assert_int_equal(diag.warnings, 0);
	world_free(w);
	diag_done(&diag);
}

static void matches_of_the_config_stay_and_are_warned_of(void **state)
{
	struct diag diag;
	struct world *w = make("[input kamailio]\ntype = journal\n"
			       "match = _SYSTEMD_UNIT=a.service _TRANSPORT=syslog + _TRANSPORT=syslog _UID=7\n",
			       &diag);

	(void)state;
	assert_matches(w, 0, "_SYSTEMD_UNIT=a.service _TRANSPORT=syslog + _TRANSPORT=syslog _UID=7");
	assert_int_equal(diag.warnings, 0);
	world_free(w);
	diag_done(&diag);

	w = make("[input kamailio]\ntype = journal\nmatch = _SYSTEMD_UNIT=a.service + _TRANSPORT=syslog _UID=7\n"
		 "[input two]\ntype = journal\nfilter = opensips\nmatch = _UID=7 _TRANSPORT=syslog + _UID=8\n"
		 "[input sshd]\ntype = journal\nmatch = _UID=0\n",
		 &diag);
	assert_true(unit_said(&diag, 3, "add _TRANSPORT=syslog to match"));
	assert_true(unit_said(&diag, 6, "add _TRANSPORT=syslog to match"));
	assert_int_equal(diag.warnings, 2);
	world_free(w);
	diag_done(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_journal_is_followed_by_the_names_of_the_filters),
		cmocka_unit_test(what_proxies_print_is_not_followed),
		cmocka_unit_test(matches_of_the_config_stay_and_are_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
