/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where accounts are used, by a database of countries: good, damaged, and taken away.
 * tests/corpora/countries.mmdb is made of countries.csv by tests/company/mmdb.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "calls/calls.h"
#include "calls/geo.h"

#define DATABASE "tests/corpora/countries.mmdb"
#define SIZE_MOST 65536
#define SEC USEC_PER_SEC
#define DAY (86400 * SEC)
/* Monday, 2026-11-23 10:00 UTC */
#define START (1795428000 * SEC)

/* libmaxminddb 1.7.1 leaks where a list in the metadata is damaged: once for each time that such a file is opened. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

static void forgive_leaks(bool begin)
{
	if (begin)
		__lsan_disable();
	else
		__lsan_enable();
}
#else
static void forgive_leaks(bool begin)
{
	(void)begin;
}
#endif

static uint8_t whole[SIZE_MOST];
static size_t size;
static char path[] = "/tmp/sipwarden-geo-XXXXXX";

static void put(const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	_cleanup_close_ int fd = mkstemp(path);
	FILE *f = fopen(DATABASE, "re");

	(void)state;
	if (!f || fd < 0)
		return -1;
	size = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	return size > 0 && size < sizeof(whole) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static struct addr address(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, strlen(s), &a), 0);
	return a;
}

static void assert_country(const struct geo *g, const char *addr, const char *country)
{
	const struct addr a = address(addr);
	char found[GEO_COUNTRY_SIZE];

	assert_int_equal(geo_country(g, &a, found), country != NULL);
	if (country)
		assert_string_equal(found, country);
}

static void test_countries(void **state)
{
	struct geo *g = NULL;

	(void)state;
	assert_int_equal(geo_open(DATABASE, &g), 0);
	assert_country(g, "198.51.100.7", "DE");
	assert_country(g, "192.0.2.70", "LT");
	assert_country(g, "192.0.2.127", "LT");
	assert_country(g, "192.0.2.63", NULL);
	assert_country(g, "2001:db8::7", "FR");
	assert_country(g, "2001:db8:8000::7", NULL);
	assert_country(g, "10.0.0.1", NULL);
	geo_close(g);
}

static void assert_refused(int why)
{
	struct geo *g = NULL;

	assert_int_equal(geo_open(path, &g), why);
	assert_null(g);
	assert_string_not_equal(geo_strerror(why), "");
}

static void test_what_is_no_database_is_refused(void **state)
{
	struct geo *g = NULL;

	(void)state;
	put("", 0);
	assert_refused(-ENODATA);
	put("this is none", 12);
	assert_refused(-EBADMSG);
	assert_int_equal(truncate(path, GEO_SIZE_MAX + 1), 0);
	assert_refused(-EFBIG);
	assert_int_equal(unlink(path), 0);
	assert_refused(-ENOENT);
	/* Nobody writes to it: who opened it would wait for ever. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(-EMEDIUMTYPE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(geo_open("/tmp", &g), -EMEDIUMTYPE);
	put(whole, size);
}

static void test_one_that_is_cut_short_is_refused(void **state)
{
	size_t len;

	(void)state;
	for (len = 1; len < size; len++) {
		put(whole, len);
		assert_refused(-EBADMSG);
	}
}

static void look_everywhere(const struct geo *g)
{
	char country[GEO_COUNTRY_SIZE];
	unsigned i;

	for (i = 0; i < 256; i++) {
		struct addr a = address(i % 2 ? "2001:db8::" : "192.0.2.0");

		a.bytes[i % 4] = (uint8_t)i;
		a.bytes[3] = (uint8_t)i;
		geo_country(g, &a, country);
	}
}

/* Whatever comes of it: no crash, no endless search. For the sanitizers, above all. */
static void test_damage_does_no_harm(void **state)
{
	static const uint8_t wrong[] = { 0x00, 0x01, 0x7f, 0x80, 0xe0, 0xff };
	uint8_t damaged[SIZE_MOST];
	size_t i, k, refused = 0;

	(void)state;
	forgive_leaks(true);
	memcpy(damaged, whole, size);
	for (i = 0; i < size; i++) {
		for (k = 0; k < ELEMENTSOF(wrong); k++) {
			struct geo *g = NULL;

			damaged[i] = wrong[k];
			put(damaged, size);
			if (geo_open(path, &g) >= 0)
				look_everywhere(g);
			else
				refused++;
			geo_close(g);
		}
		damaged[i] = whole[i];
	}
	forgive_leaks(false);
	assert_true(refused > size / 4);
}

static void test_a_tree_that_goes_in_a_circle_is_refused(void **state)
{
	uint8_t damaged[SIZE_MOST];

	(void)state;
	memcpy(damaged, whole, size);
	/* Both ways on from the first node lead to it. */
	memset(damaged, 0, 6);
	put(damaged, size);
	assert_refused(-EBADMSG);
}

static void test_one_without_countries_is_refused(void **state)
{
	uint8_t other[SIZE_MOST], *at;

	(void)state;
	memcpy(other, whole, size);
	for (at = other; (at = memmem(at, size - (size_t)(at - other), "country", 7)); at += 7)
		memcpy(at, "planet.", 7);
	put(other, size);
	assert_refused(-ENOMSG);
}

/* What maps the file is ended by SIGBUS here. */
static void test_the_file_may_be_cut_while_it_is_used(void **state)
{
	struct geo *g = NULL;

	(void)state;
	put(whole, size);
	assert_int_equal(geo_open(path, &g), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_country(g, "192.0.2.70", "LT");
	put("other bytes", 11);
	assert_country(g, "2001:db8::7", "FR");
	geo_close(g);
}

/* Somebody copies over it, as one should not, while it is opened again and again. */
static void test_the_file_may_be_cut_while_it_is_opened(void **state)
{
	pid_t writer = fork();
	unsigned i;

	(void)state;
	assert_true(writer >= 0);
	/* It ends with us, also if we are ended. */
	if (writer == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (writer == 0) {
		put(whole, size);
		if (getppid() == 1 || truncate(path, 0) < 0)
			_exit(1);
	}
	for (i = 0; i < 500; i++) {
		struct geo *g = NULL;

		if (geo_open(path, &g) >= 0)
			look_everywhere(g);
		geo_close(g);
	}
	kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

/* What is told of it */

struct world {
	struct config *cfg;
	struct calls *calls;
	char told[512];
	unsigned n_told;
};

static void on_fraud(void *userdata, const struct fraud *f)
{
	struct world *w = userdata;

	snprintf(w->told, sizeof(w->told), "%s", f->text);
	w->n_told++;
}

static struct config *load(const char *database)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		 "[site]\ncountry = DE\ntimezone = UTC\n%s%s\n[fraud place]\nmeasure = source-country\n"
		 "[fraud new]\nmeasure = total\nto = abroad\nwarning = 1\nsource = new\n"
		 "[fraud dear]\nmeasure = total\nkind = satellite\nwarning = 1\n",
		 database ? "[calls]\ndatabase = " : "", database ? database : "");
	assert_int_equal(config_load_text("test", text, strlen(text), &diag, &cfg), 0);
	diag_done(&diag);
	return cfg;
}

static void open_world(struct world *w, const char *database)
{
	const struct calls_callbacks callbacks = { .fraud = on_fraud, .userdata = w };

	*w = (struct world){ .cfg = load(database) };
	assert_int_equal(calls_new(w->cfg, &callbacks, &w->calls), 0);
}

static void reload(struct world *w, const char *database)
{
	struct config *cfg = load(database);

	assert_int_equal(calls_reload(w->calls, cfg), 0);
	config_free(w->cfg);
	w->cfg = cfg;
}

static void close_world(struct world *w)
{
	calls_free(w->calls);
	config_free(w->cfg);
}

static void login(struct world *w, const char *addr, usec_t when)
{
	struct event e = { .class = CLASS_AUTH_SUCCESS, .filter = "test", .pattern = "test", .user = SPAN("100"), .time = when,
			   .n_addrs = 1 };

	e.addrs[0] = address(addr);
	calls_event(w->calls, &e, when);
}

static void log_in_for_a_week(struct world *w, usec_t from)
{
	unsigned day;

	for (day = 0; day <= 7; day++)
		login(w, "198.51.100.7", from + day * DAY);
}

static void test_an_account_that_is_used_from_another_country_is_told_once(void **state)
{
	struct world w;

	(void)state;
	put(whole, size);
	open_world(&w, path);
	log_in_for_a_week(&w, START);
	/* Another address of the country, and one that is nowhere. */
	login(&w, "198.51.100.200", START + 8 * DAY);
	login(&w, "10.0.0.1", START + 8 * DAY);
	assert_int_equal(w.n_told, 0);
	login(&w, "192.0.2.70", START + 8 * DAY);
	login(&w, "192.0.2.71", START + 8 * DAY);
	assert_int_equal(w.n_told, 1);
	assert_non_null(strstr(w.told, "Account 100: used from another country than before, from 192.0.2.70 (Lithuania)"));
	/* MaxMind has letters that no country has. */
	login(&w, "192.0.2.130", START + 8 * DAY);
	assert_non_null(strstr(w.told, "from 192.0.2.130 (EU)"));
	close_world(&w);
}

static void make_up_accounts(struct world *w, unsigned n, usec_t when)
{
	char account[16];
	unsigned i;

	for (i = 0; i < n; i++) {
		struct event e = { .class = CLASS_CALL_END, .filter = "test", .pattern = "test", .user = { account, 0 }, .time = when,
				   .number = SPAN("008821612345678"), .duration = SPAN("1") };

		e.user.len = (size_t)snprintf(account, sizeof(account), "made-up-%u", i);
		calls_event(w->calls, &e, when);
	}
}

static void test_another_country_that_was_not_told_is_told_at_the_next_login(void **state)
{
	const usec_t day = START + 8 * DAY;
	struct world w;

	(void)state;
	put(whole, size);
	open_world(&w, path);
	log_in_for_a_week(&w, START);
	make_up_accounts(&w, 60, day);
	assert_int_equal(w.n_told, 60);
	login(&w, "192.0.2.70", day + 2 * USEC_PER_SEC);
	assert_int_equal(w.n_told, 60);
	login(&w, "192.0.2.70", day + 120 * USEC_PER_SEC);
	assert_int_equal(w.n_told, 61);
	assert_non_null(strstr(w.told, "Account 100: used from another country than before"));
	login(&w, "192.0.2.70", day + 30 * DAY);
	assert_int_equal(w.n_told, 61);
	close_world(&w);
}

static void test_neither_a_new_database_nor_none_makes_places_new(void **state)
{
	struct world w;

	(void)state;
	put(whole, size);
	open_world(&w, NULL);
	log_in_for_a_week(&w, START);
	reload(&w, path);
	log_in_for_a_week(&w, START + 8 * DAY);
	assert_int_equal(w.n_told, 0);
	reload(&w, NULL);
	log_in_for_a_week(&w, START + 16 * DAY);
	reload(&w, path);
	login(&w, "198.51.100.7", START + 24 * DAY);
	assert_int_equal(w.n_told, 0);
	login(&w, "203.0.113.7", START + 24 * DAY);
	assert_int_equal(w.n_told, 1);
	close_world(&w);
}

/* A database was added yesterday: who steals then is found by his network, as before. */
static void test_a_new_database_makes_nobody_blind(void **state)
{
	struct event e = { .class = CLASS_CALL_END, .filter = "test", .pattern = "test", .user = SPAN("100"),
			   .number = SPAN("0044123456"), .duration = SPAN("1"), .time = START + 8 * DAY };
	struct world w;

	(void)state;
	put(whole, size);
	open_world(&w, NULL);
	log_in_for_a_week(&w, START);
	reload(&w, path);
	login(&w, "203.0.113.7", START + 8 * DAY);
	calls_event(w.calls, &e, START + 8 * DAY);
	assert_int_equal(w.n_told, 1);
	assert_non_null(strstr(w.told, "last login from 203.0.113.7 (Austria)"));
	close_world(&w);
}

static void test_one_that_cannot_be_read_leaves_the_old_one(void **state)
{
	struct world w;

	(void)state;
	put(whole, size);
	open_world(&w, path);
	log_in_for_a_week(&w, START);
	put(whole, size / 2);
	reload(&w, path);
	login(&w, "192.0.2.70", START + 8 * DAY);
	assert_int_equal(w.n_told, 1);
	assert_non_null(strstr(w.told, "(Lithuania)"));
	close_world(&w);
}

static void test_check_says_what_and_where(void **state)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg;

	(void)state;
	put(whole, size / 2);
	cfg = load(path);
	calls_check(cfg, &diag);
	assert_int_equal(diag.count, 1);
	assert_int_equal(diag.errors, 0);
	assert_string_equal(diag.entries[0].file, "test");
	assert_int_equal(diag.entries[0].line, 5);
	assert_non_null(strstr(diag.entries[0].text, path));
	assert_non_null(strstr(diag.entries[0].text, "damaged, cut short, or no such database"));
	assert_non_null(strstr(diag.entries[0].hint, "reload"));
	diag_done(&diag);
	config_free(cfg);
	put(whole, size);
	cfg = load(path);
	diag = (struct diag)DIAG_INIT;
	calls_check(cfg, &diag);
	assert_int_equal(diag.count, 0);
	diag_done(&diag);
	config_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_countries),
		cmocka_unit_test(test_what_is_no_database_is_refused),
		cmocka_unit_test(test_one_that_is_cut_short_is_refused),
		cmocka_unit_test(test_damage_does_no_harm),
		cmocka_unit_test(test_a_tree_that_goes_in_a_circle_is_refused),
		cmocka_unit_test(test_one_without_countries_is_refused),
		cmocka_unit_test(test_the_file_may_be_cut_while_it_is_used),
		cmocka_unit_test(test_the_file_may_be_cut_while_it_is_opened),
		cmocka_unit_test(test_an_account_that_is_used_from_another_country_is_told_once),
		cmocka_unit_test(test_another_country_that_was_not_told_is_told_at_the_next_login),
		cmocka_unit_test(test_neither_a_new_database_nor_none_makes_places_new),
		cmocka_unit_test(test_a_new_database_makes_nobody_blind),
		cmocka_unit_test(test_one_that_cannot_be_read_leaves_the_old_one),
		cmocka_unit_test(test_check_says_what_and_where),
	};

	return cmocka_run_group_tests_name("geo", tests, set_up, tear_down);
}
