/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: what it says, and what is told of its mistakes. */
#include "unit.h"

#include <errno.h>

#include "base/text.h"
#include "config/config.h"

static struct config *configure(const char *text, struct diag *diag)
{
	struct config *cfg = NULL;

	*diag = (struct diag)DIAG_INIT;
	config_load_text("t.conf", text, strlen(text), diag, &cfg);
	return cfg;
}

static const struct config_rule *find_rule(const struct config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->n_rules; i++)
		if (strcmp(cfg->rules[i].name, name) == 0)
			return &cfg->rules[i];
	return NULL;
}

static void an_empty_config_has_good_defaults(void **state)
{
	struct diag diag;
	struct config *cfg = configure("", &diag);

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->n_rules, 12);
	assert_int_equal(find_rule(cfg, "password-guessing")->threshold, 5);
	assert_int_equal(find_rule(cfg, "scanner")->threshold, 1);
	assert_int_equal(cfg->n_exempt, 2);
	assert_string_equal(cfg->table, "sipwarden");
	assert_int_equal(diag.warnings, 1); /* no input */
	config_free(cfg);
	diag_done(&diag);
}

static void sections_change_what_they_say_and_nothing_else(void **state)
{
	struct diag diag;
	struct config *cfg = configure("[sipwarden]\nuser = root\nsocket = /tmp/s\n[exempt]\naddress = 192.0.2.0/24 2001:db8::1\n"
				       "address = 198.51.100.1\n[rule scanner]\nban = 5m\n[rule mine]\nclass = flood acl-denied\n"
				       "key = prefix\nthreshold = 3\nwindow = 1m\nban = 1h 1d\nfilter = asterisk\n"
				       "[input asterisk]\npath = /a /b\npath = /c\n[input j]\nfilter = kamailio\ntype = journal\n",
				       &diag);
	const struct config_rule *mine;

	(void)state;
	assert_non_null(cfg);
	assert_int_equal(cfg->n_exempt, 5);
	assert_int_equal(find_rule(cfg, "scanner")->n_ladder, 1);
	assert_int_equal(find_rule(cfg, "scanner")->threshold, 1);
	mine = find_rule(cfg, "mine");
	assert_int_equal(mine->classes, CLASS_BIT(CLASS_FLOOD) | CLASS_BIT(CLASS_ACL_DENIED));
	assert_int_equal(mine->keys, KEY_PREFIX);
	assert_int_equal(cfg->n_inputs, 2);
	assert_int_equal(cfg->inputs[0].type, INPUT_FILE);
	assert_string_equal(cfg->inputs[0].filters[0], "asterisk");
	assert_string_equal(cfg->inputs[0].paths[2], "/c");
	assert_int_equal(cfg->inputs[1].type, INPUT_JOURNAL);
	assert_null(cfg->inputs[1].matches);
	config_free(cfg);
	diag_done(&diag);
}

static void a_site_has_the_habits_of_its_country(void **state)
{
	struct diag diag;
	struct config *cfg = configure("[site]\nextensions = 3\ninternational = 00 +\n", &diag);

	(void)state;
	assert_null(cfg);
	assert_true(unit_said(&diag, 3, "not a prefix"));
	diag_done(&diag);
	cfg = configure("[site]\nextensions = 3\noutside = 0\ncountry = +43\n", &diag);
	assert_non_null(cfg);
	assert_string_equal(cfg->site.numbers.country, "AT");
	assert_string_equal(cfg->site.numbers.national, "0");
	assert_string_equal(cfg->site.numbers.international[0], "00");
	assert_string_equal(cfg->site.numbers.outside, "0");
	assert_int_equal(cfg->site.numbers.extension_min, 3);
	assert_int_equal(cfg->site.numbers.extension_max, 3);
	config_free(cfg);
	diag_done(&diag);
	cfg = configure("[site]\ncountry = US\nnational = none\ninternational = 011 00\nextensions = none\narea = 212\n", &diag);
	assert_non_null(cfg);
	assert_string_equal(cfg->site.numbers.national, "");
	assert_string_equal(cfg->site.numbers.international[1], "00");
	assert_int_equal(cfg->site.numbers.extension_max, 0);
	config_free(cfg);
	diag_done(&diag);
	cfg = configure("", &diag);
	assert_non_null(cfg);
	assert_string_equal(cfg->site.numbers.country, "");
	assert_int_equal(cfg->site.office_hours.count, 0);
	config_free(cfg);
	diag_done(&diag);
}

static void mistakes_of_a_site_are_told(void **state)
{
	struct diag diag;

	(void)state;
	assert_null(configure("[site]\ncountry = Germany\noutside = x\nextensions = 4-2\noffice_hours = 7-19\n"
			      "timezone = Nowhere/Land\nholidays = 12-25 13-01\nextension = 3\narea = 12345678\n",
			      &diag));
	assert_true(unit_said(&diag, 2, "not a country"));
	assert_true(unit_said(&diag, 3, "not a prefix"));
	assert_true(unit_said(&diag, 4, "not lengths of extensions"));
	assert_true(unit_said(&diag, 5, "not office hours"));
	assert_true(unit_said(&diag, 6, "not a time zone"));
	assert_true(unit_said(&diag, 7, "'13-01'") || unit_said(&diag, 7, "13-01: not a day"));
	assert_true(unit_said(&diag, 8, "did you mean 'extensions'"));
	assert_true(unit_said(&diag, 9, "not a prefix"));
	diag_done(&diag);
}

static void countries_are_read_alike_in_all_sections(void **state)
{
	char many[2 * 600 + 100];
	struct diag diag;
	struct config *cfg = configure("[report]\nno_business = cu so\nno_business = LV\n[fraud far]\nmeasure = total\ncountry = cu\ncritical = 3\n",
				       &diag);
	size_t i;

	(void)state;
	assert_non_null(cfg);
	assert_string_equal(cfg->report.no_business[1], "SO");
	assert_string_equal(cfg->report.no_business[2], "LV");
	assert_string_equal(cfg->frauds[cfg->n_frauds - 1].countries[0], "CU");
	config_free(cfg);
	diag_done(&diag);
	assert_null(configure("[report]\nno_business = cu Cuba\n[fraud far]\ncountry = xx\nmeasure = total\ncritical = 3\n", &diag));
	assert_true(unit_said(&diag, 2, "not a country"));
	assert_true(unit_said(&diag, 4, "not a country"));
	diag_done(&diag);
	/* The report has room for so many, on however many lines they are. */
	strcpy(many, "[report]\nno_business =");
	for (i = 0; i < 251; i++)
		strcat(many, i == 150 ? "\nno_business = cu" : " cu");
	assert_null(configure(many, &diag));
	assert_true(unit_said(&diag, 3, "more than 250 countries"));
	diag_done(&diag);
}

static void mistakes_of_rules_on_calls_are_told(void **state)
{
	struct diag diag;

	(void)state;
	assert_null(configure("[fraud premum]\ncritical = 3\naction = alert ban\n"				/* 1 */
			      "[fraud strange]\ncritical = 3\n"						/* 4 */
			      "[fraud premium]\nwarning = 5m\nexcept = Germany\n"				/* 6 */
			      "[fraud satellite]\nwarning = 4\n"						/* 9 */
			      "[fraud risky]\nwarning = many\ncritical = 500ms\n"				/* 11 */
			      "[fraud stolen-account]\ncritical = 2\n"						/* 14 */
			      "[fraud empty]\nmeasure = total\n"						/* 16 */
			      "[fraud wrong]\nmeasure = totals\ncritical = 3\n",				/* 18 */
			      &diag));
	assert_true(unit_said(&diag, 1, "did you mean [fraud premium]?"));
	assert_true(unit_said(&diag, 4, "has no measure"));
	assert_true(unit_said(&diag, 6, "its threshold is a time"));
	assert_true(unit_said(&diag, 8, "except = Germany: not a country"));
	assert_true(unit_said(&diag, 9, "warns at 4 calls, but is critical at 3"));
	assert_true(unit_said(&diag, 12, "warning = many: not a threshold"));
	assert_true(unit_said(&diag, 13, "critical = 500ms: not a threshold"));
	assert_true(unit_said(&diag, 14, "has no threshold"));
	assert_true(unit_said(&diag, 16, "has no threshold"));
	assert_true(unit_said(&diag, 19, "did you mean 'total'"));
	assert_int_equal(diag.errors, 10);
	diag_done(&diag);
}

static void what_is_easily_forgotten_is_told(void **state)
{
	struct diag diag;
	struct config *cfg = configure("[calls]\nlearning = 30\nagain = 60s\n"			/* 2 3 */
				       "[fraud premium-duration]\ncritical = 3000\n"		/* 4 */
				       "[fraud abroad-duration]\ncritical = 9h\n",		/* 6 */
				       &diag);

	(void)state;
	assert_non_null(cfg);
	assert_true(unit_said(&diag, 2, "learning = 30 has no unit"));
	assert_true(unit_said(&diag, 4, "has no unit"));
	assert_int_equal(diag.warnings, 3); /* the third: no input */
	config_free(cfg);
	diag_done(&diag);
	assert_null(configure("[site]\narea = 030\ncountry = DE\n[fraud premium]\nexcept_account = 391, 392\n", &diag));
	assert_true(unit_said(&diag, 2, "begins with the trunk prefix"));
	assert_true(unit_said(&diag, 5, "no commas"));
	assert_int_equal(diag.errors, 2);
	diag_done(&diag);
	cfg = configure("[site]\narea = 06\ncountry = IT\n", &diag);
	assert_non_null(cfg);
	config_free(cfg);
	diag_done(&diag);
}

static void a_rule_on_calls_that_can_say_nothing_is_told(void **state)
{
	struct diag diag;
	struct config *cfg = configure("[fraud stolen-account]\naction = alert ban\n"	/* 1 */
				       "[fraud satellite]\naction = alert ban\n"	/* 3 */
				       "[fraud risky-off-hours]\nwarning = 1\n",	/* 5 */
				       &diag);

	(void)state;
	assert_non_null(cfg);
	assert_true(unit_said(&diag, 1, "bans nobody"));
	assert_false(unit_said(&diag, 3, "bans nobody"));
	assert_true(unit_said(&diag, 5, "time off"));
	assert_int_equal(diag.warnings, 3); /* the third: no input */
	config_free(cfg);
	diag_done(&diag);
	cfg = configure("[site]\noffice_hours = Mo-Fr 08:00-18:00\n[fraud risky-off-hours]\nwarning = 1\n", &diag);
	assert_non_null(cfg);
	assert_int_equal(diag.warnings, 1);
	config_free(cfg);
	diag_done(&diag);
}

static void every_mistake_is_told_at_once(void **state)
{
	struct diag diag;
	static const char text[] = "[sipwarden]\nuserr = x\nlog_level = loud\nsocket = relative\n"    /* 2 3 4 */
				   "[firewall]\ntable = 1x\nmax_bans = many\nmax_bans = 5\n"	     /* 6 7 8 */
				   "[exempt]\naddress = 192.0.2.1/24 host.example\n"		     /* 10 */
				   "[rule x]\nclass = auth-failur\nthreshold = 0\nwindow = 2y\n"	     /* 12 13 14 */
				   "ban = 1h forever\nkey = adress\nenabled = maybe\n"		     /* 15 16 17 */
				   "[input a/b]\n[input y]\nmatch = lower=case\nfrom = middle\n"	     /* 18 20 21 */
				   "[firewall]\n[rules]\n";					     /* 22 23 */
	(void)state;
	assert_null(configure(text, &diag));
	assert_true(unit_said(&diag, 2, "did you mean 'user'"));
	assert_true(unit_said(&diag, 3, "debug info notice"));
	assert_true(unit_said(&diag, 4, "not an absolute path"));
	assert_true(unit_said(&diag, 6, "nftables table"));
	assert_true(unit_said(&diag, 7, "not a number"));
	assert_true(unit_said(&diag, 8, "stands at line 7 already"));
	assert_true(unit_said(&diag, 10, "write 192.0.2.0/24"));
	assert_true(unit_said(&diag, 10, "'host.example'") || unit_said(&diag, 10, "not an IP address"));
	assert_true(unit_said(&diag, 12, "did you mean 'auth-failure'"));
	assert_true(unit_said(&diag, 13, "out of range"));
	assert_true(unit_said(&diag, 14, "not a length of time"));
	assert_true(unit_said(&diag, 15, "not a length of time"));
	assert_true(unit_said(&diag, 16, "did you mean 'address'"));
	assert_true(unit_said(&diag, 17, "neither yes nor no"));
	assert_true(unit_said(&diag, 18, "bad section header"));
	assert_true(unit_said(&diag, 20, "not a journal match"));
	assert_true(unit_said(&diag, 21, "end start"));
	assert_true(unit_said(&diag, 22, "stands at line 5 already"));
	assert_true(unit_said(&diag, 23, "unknown section"));
	diag_done(&diag);
}

static void what_is_good_of_a_spoilt_config_can_be_had(void **state)
{
	char path[] = "/tmp/sipwarden-unit-config-XXXXXX";
	struct diag diag = DIAG_INIT;
	struct config *c = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(dprintf(fd, "[sipwarden]\nnonsense = 1\nsocket = /run/other.sock\n[firewall\n"
				"[firewall]\nmax_bans = many\ntable = other\n[rule x]\n") > 0);
	close(fd);
	assert_int_equal(config_load(path, &diag, &c), -EINVAL);
	diag_done(&diag);
	assert_int_equal(config_salvage(path, &c), 0);
	assert_string_equal(c->socket, "/run/other.sock");
	assert_string_equal(c->table, "other");
	assert_int_equal(c->max_bans, 1000000);
	config_free(c);
	unlink(path);
	assert_int_equal(config_salvage(path, &c), -ENOENT);
	assert_string_equal(c->table, "sipwarden");
	config_free(c);
}

static void windows_longer_than_can_be_counted_are_refused(void **state)
{
	struct diag diag;

	(void)state;
	assert_null(configure("[rule scanner]\nwindow = 13d\n", &diag));
	assert_true(unit_said(&diag, 2, "out of range"));
	diag_done(&diag);
}

static void a_time_zone_is_checked(void **state)
{
	static const char *const good[] = { "local", "UTC", "Europe/Berlin", "+05:30", "-03:00", "America/Argentina/Buenos_Aires" };
	static const char *const bad[] = { "Europe/Berln", "../../etc/passwd", "/etc/localtime", "CEST", "+2", "Europe" };
	struct config *cfg;
	struct diag diag;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(good); i++) {
		_cleanup_free_ char *text = text_printf("[input a]\npath = /a\ntimezone = %s\n", good[i]);

		cfg = configure(text, &diag);
		assert_non_null(cfg);
		assert_string_equal(cfg->inputs[0].timezone, good[i]);
		config_free(cfg);
		diag_done(&diag);
	}
	for (i = 0; i < ELEMENTSOF(bad); i++) {
		_cleanup_free_ char *text = text_printf("[input a]\npath = /a\ntimezone = %s\n", bad[i]);

		assert_null(configure(text, &diag));
		assert_true(unit_said(&diag, 3, "not a time zone"));
		assert_true(unit_said(&diag, 3, "as Europe/Berlin"));
		diag_done(&diag);
	}
	cfg = configure("[input a]\npath = /a\n", &diag);
	assert_null(cfg->inputs[0].timezone);
	config_free(cfg);
	diag_done(&diag);
	assert_null(configure("[input a]\ntype = journal\ntimezone = UTC\n", &diag));
	assert_true(unit_said(&diag, 1, "needs no timezone"));
	diag_done(&diag);
}

static void what_the_sip_firewall_limits_is_checked(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "source = 0", "out of range" },	    { "source = 5 bursts 6", "not a rate" },
		{ "source = 5 burst", "not a rate" },	    { "source = 5 burst 0", "out of range" },
		{ "trusted = many", "not a number" },	    { "new = 5 burst 6 7", "not a rate" },
		{ "ports = auto 5060", "not a port" },	    { "ports = 10000-10256", "more than 256" },
		{ "largest = 100", "out of range" },	    { "largest = 70000", "out of range" },
		{ "concurrent = 200000", "out of range" },  { "greylist = 1", "out of range" },
		{ "evidence = perhaps", "neither yes nor no" },
	};
	struct diag diag;
	struct config *cfg = configure("", &diag);
	uint32_t known;
	size_t i;

	(void)state;
	assert_false(cfg->sip.enabled);
	assert_true(cfg->sip.auto_ports && cfg->sip.evidence);
	assert_int_equal(cfg->sip.n_ports, 4);
	assert_true(cfg->sip.trusted.rate > cfg->sip.source.rate && cfg->sip.source.rate > 0);
	known = cfg->sip.known.rate;
	config_free(cfg);
	diag_done(&diag);
	cfg = configure("[sip-firewall]\nenabled = yes\nports = 7061 7060\nsource = 5 burst 6\nnew = 7\nconcurrent = 0\n", &diag);
	assert_non_null(cfg);
	assert_true(cfg->sip.enabled);
	assert_false(cfg->sip.auto_ports);
	assert_int_equal(cfg->sip.n_ports, 2);
	assert_int_equal(cfg->sip.ports[0], 7060);
	assert_int_equal(cfg->sip.source.burst, 6);
	assert_int_equal(cfg->sip.new.rate, 7);
	assert_int_equal(cfg->sip.new.burst, 7);
	assert_int_equal(cfg->sip.known.rate, known);
	assert_int_equal(cfg->sip.concurrent, 0);
	config_free(cfg);
	diag_done(&diag);
	for (i = 0; i < ELEMENTSOF(bad); i++) {
		_cleanup_free_ char *text = text_printf("[sip-firewall]\n%s\n", bad[i].line);

		assert_null(configure(text, &diag));
		assert_true(unit_said(&diag, 2, bad[i].says));
		diag_done(&diag);
	}
}

static void what_the_witness_watches_is_checked(void **state)
{
	static const struct {
		const char *value, *says;
	} bad[] = {
		{ "5060,5061", "not a port" },	  { "0", "not a port" },	    { "65536", "not a port" },
		{ "005060", "not a port" },	  { "sip", "as 5060 or 5060-5061" }, { "5060-", "not a port" },
		{ "-5060", "not a port" },	  { "5060-5061-5062", "not a port" }, { "5061-5060", "lower port first" },
		{ "10000-20000", "more than 4096" }, { "99999999999999999999", "not a port" },
	};
	struct diag diag;
	struct config *cfg = configure("", &diag);
	size_t i;

	(void)state;
	assert_int_equal(cfg->n_ports, 12);
	assert_int_equal(cfg->ports[0], 22);
	assert_int_equal(cfg->ports[11], 8089);
	assert_true(cfg->witness);
	assert_int_equal(cfg->witness_size, 65536);
	assert_int_equal(cfg->witness_for, 600 * USEC_PER_SEC);
	config_free(cfg);
	diag_done(&diag);
	cfg = configure("[firewall]\nports = 5070 5060-5062\n 5061\nwitness = no\nwitness_size = 100\nwitness_for = 30s\n"
			"[input a]\npath = /a\nwitness = no\n[input b]\npath = /b\n[input c]\npath = /c\nwitness = auto\n",
			&diag);
	assert_non_null(cfg);
	assert_int_equal(cfg->n_ports, 4);
	for (i = 0; i < 3; i++)
		assert_int_equal(cfg->ports[i], 5060 + i);
	assert_int_equal(cfg->ports[3], 5070);
	assert_false(cfg->witness);
	assert_int_equal(cfg->witness_size, 100);
	assert_int_equal(cfg->witness_for, 30 * USEC_PER_SEC);
	assert_false(cfg->inputs[0].witness);
	assert_true(cfg->inputs[1].witness && cfg->inputs[2].witness);
	config_free(cfg);
	diag_done(&diag);
	for (i = 0; i < ELEMENTSOF(bad); i++) {
		_cleanup_free_ char *text = text_printf("[firewall]\ntable = x\nports = 22 %s\n", bad[i].value);

		assert_null(configure(text, &diag));
		assert_true(unit_said(&diag, 3, bad[i].says));
		diag_done(&diag);
	}
	assert_null(configure("[firewall]\nports =\nwitness = auto\nwitness_size = 0\nwitness_for = 2d\n[input a]\npath = /a\n"
			      "witness = yes\n",
			      &diag));
	assert_true(unit_said(&diag, 2, "nothing there"));
	assert_true(unit_said(&diag, 3, "neither yes nor no"));
	assert_true(unit_said(&diag, 4, "out of range"));
	assert_true(unit_said(&diag, 5, "from 1s to 1d"));
	assert_true(unit_said(&diag, 8, "one of: auto no"));
	diag_done(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_config_has_good_defaults),
		cmocka_unit_test(sections_change_what_they_say_and_nothing_else),
		cmocka_unit_test(countries_are_read_alike_in_all_sections),
		cmocka_unit_test(every_mistake_is_told_at_once),
		cmocka_unit_test(what_is_good_of_a_spoilt_config_can_be_had),
		cmocka_unit_test(windows_longer_than_can_be_counted_are_refused),
		cmocka_unit_test(a_time_zone_is_checked),
		cmocka_unit_test(a_site_has_the_habits_of_its_country),
		cmocka_unit_test(mistakes_of_a_site_are_told),
		cmocka_unit_test(mistakes_of_rules_on_calls_are_told),
		cmocka_unit_test(what_is_easily_forgotten_is_told),
		cmocka_unit_test(a_rule_on_calls_that_can_say_nothing_is_told),
		cmocka_unit_test(what_the_witness_watches_is_checked),
		cmocka_unit_test(what_the_sip_firewall_limits_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
