/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/addrmap.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/privilege.h"
#include "base/rate.h"
#include "base/text.h"
#include "base/timespan.h"
#include "config/suggest.h"

static void reads_as(const char *text, const char *expected)
{
	char buf[ADDR_TEXT_MAX];
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), 0);
	assert_string_equal(addr_format(&a, buf), expected);
}

static void addresses_of_every_spelling_are_read(void **state)
{
	(void)state;
	reads_as("192.0.2.1", "192.0.2.1");
	reads_as("[192.0.2.1]", "192.0.2.1");
	reads_as("192.000.002.010", "192.0.2.10");
	reads_as("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	reads_as("[2001:db8::1]", "2001:db8::1");
	reads_as("fe80::1%eth0", "fe80::1");
	reads_as("::ffff:192.0.2.1", "192.0.2.1");
	reads_as("::ffff:c000:201", "192.0.2.1");
}

static void one_port_of_an_address_is_told_from_the_others(void **state)
{
	const struct addr port = unit_addr("192.0.2.7:5070"), other = unit_addr("192.0.2.7:5071"), host = unit_addr("192.0.2.7"),
			  net = unit_addr("192.0.2.0/24"), last = unit_addr("255.255.255.255:65535");
	static const char *const bad[] = { "192.0.2.7:", "192.0.2.7:0", "192.0.2.7:65536", "192.0.2.7:5070x", "192.0.2.7:-1",
					   "192.0.2.0/24:5070", ":5070", "192.0.2.7:005070", "[2001:db8::1]:5070" };
	struct addr a, truncated = addr_truncate(&port, 32);
	char text[ADDR_TEXT_MAX];
	size_t i;

	(void)state;
	assert_int_equal(port.port, 5070);
	assert_string_equal(addr_format(&port, text), "192.0.2.7:5070");
	assert_string_equal(addr_format(&last, text), "255.255.255.255:65535");
	assert_false(addr_equal(&port, &host) || addr_equal(&port, &other));
	assert_true(addr_compare(&host, &port) < 0 && addr_compare(&port, &other) < 0);
	assert_true(addr_covers(&host, &port) && addr_covers(&net, &port) && addr_covers(&port, &port));
	assert_false(addr_covers(&port, &host) || addr_covers(&port, &other));
	assert_true(addr_equal(&truncated, &host));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse_bannable(bad[i], strlen(bad[i]), &a), -EINVAL);
	/* In a log, what stands behind an address is no part of it. */
	assert_int_equal(addr_parse("192.0.2.7:5070", 14, &a), -EINVAL);
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "",	       "1.2.3",	     "1.2.3.4.5",   "256.1.1.1", "1.2.3.4:5060",
					   "1.2.3.4 ", "0x7f.0.0.1", "1..2.3",	    "[1.2.3.4",	 "2001:db8::1::2",
					   "host",     "[::1]:5060", "::1%",	    "::1%a b",	 "1.2.3.0004" };
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(addr_parse(bad[i], strlen(bad[i]), &a), -EINVAL);
	assert_int_equal(addr_parse("1.2\0.3.4", 8, &a), -EINVAL);
}

static void prefixes_are_checked(void **state)
{
	struct addr a;
	char buf[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(addr_parse_prefix("192.0.2.1/24", 12, false, &a), -EDOM);
	assert_int_equal(addr_parse_prefix("192.0.2.1/24", 12, true, &a), 0);
	assert_string_equal(addr_format(&a, buf), "192.0.2.0/24");
	assert_int_equal(addr_parse_prefix("192.0.2.0/33", 12, true, &a), -EINVAL);
	assert_int_equal(addr_parse_prefix("192.0.2.0/", 10, true, &a), -EINVAL);
	assert_int_equal(addr_parse_prefix("::ffff:10.0.0.0/104", 19, false, &a), 0);
	assert_string_equal(addr_format(&a, buf), "10.0.0.0/8");
	a = unit_addr("2001:db8::/32");
	a = addr_last(&a);
	assert_string_equal(addr_format(&a, buf), "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void cover_and_overlap(void **state)
{
	struct addr net = unit_addr("192.0.2.0/24"), host = unit_addr("192.0.2.255"), other = unit_addr("192.0.3.0");
	struct addr all = unit_addr("0.0.0.0/0"), six = unit_addr("::/0");

	(void)state;
	assert_true(addr_covers(&net, &host) && addr_covers(&all, &net) && addr_covers(&host, &host));
	assert_false(addr_covers(&host, &net) || addr_covers(&net, &other) || addr_covers(&six, &host));
	assert_true(addr_overlaps(&host, &net));
	assert_false(addr_overlaps(&net, &other));
}

static void what_can_be_no_attacker_is_known(void **state)
{
	static const char *const never[] = { "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "169.254.1.1", "::",
					     "::1",	  "fe80::1", "ff02::1",	  "0.0.0.0/0",	     "::/0",	     "126.0.0.0/7" };
	static const char *const may[] = { "10.0.0.1", "192.168.0.0/16", "203.0.113.9", "2001:db8::/32", "fd00::1" };
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(never); i++) {
		a = unit_addr(never[i]);
		assert_non_null(addr_unbannable(&a));
	}
	for (i = 0; i < ELEMENTSOF(may); i++) {
		a = unit_addr(may[i]);
		assert_null(addr_unbannable(&a));
	}
}

static void maps_find_the_widest_cover(void **state)
{
	struct addr_map_link wide = { .addr = unit_addr("10.0.0.0/8") }, narrow = { .addr = unit_addr("10.1.0.0/16") };
	struct addr in = unit_addr("10.1.2.3"), out = unit_addr("11.0.0.1"), above = unit_addr("0.0.0.0/4");
	struct addr_map map;

	(void)state;
	assert_int_equal(addr_map_init(&map), 0);
	addr_map_add(&map, &wide);
	addr_map_add(&map, &narrow);
	assert_ptr_equal(addr_map_cover(&map, &in), &wide);
	assert_ptr_equal(addr_map_find(&map, &narrow.addr), &narrow);
	assert_null(addr_map_cover(&map, &out));
	assert_non_null(addr_map_overlap(&map, &above));
	addr_map_remove(&map, &wide);
	assert_ptr_equal(addr_map_cover(&map, &in), &narrow);
	addr_map_done(&map);
}

static void lengths_of_time(void **state)
{
	static const struct {
		const char *text;
		usec_t span;
		const char *shown;
	} good[] = {
		{ "90", 90 * USEC_PER_SEC, "1m30s" },	 { "90s", 90 * USEC_PER_SEC, "1m30s" },
		{ "500ms", 500 * USEC_PER_MSEC, "500ms" }, { "1h30m", 5400 * USEC_PER_SEC, "1h30m" },
		{ "1h 30m", 5400 * USEC_PER_SEC, "1h30m" }, { "2d", 172800 * USEC_PER_SEC, "2d" },
		{ "1w", 604800 * USEC_PER_SEC, "1w" },	 { "0", 0, "0s" },
	};
	static const char *const bad[] = { "", "m", "1x", "1m1h", "-1", "1.5h", "1h30", "1 h", " 1h", "9 9" };
	char buf[TIMESPAN_TEXT_MAX];
	usec_t span;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(good); i++) {
		assert_int_equal(timespan_parse(good[i].text, &span), 0);
		assert_true(span == good[i].span);
		assert_string_equal(timespan_format(span, buf), good[i].shown);
	}
	for (i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(timespan_parse(bad[i], &span), -EINVAL);
	assert_int_equal(timespan_parse("11000d", &span), -ERANGE);
	assert_int_equal(timespan_parse("99999999999999w", &span), -ERANGE);
}

static void escapes_as(const char *text, size_t len, size_t size, const char *expected)
{
	char buf[256];

	assert_string_equal(text_escape((struct span){ text, len }, buf, size), expected);
}

static void hostile_text_is_shown_as_data(void **state)
{
	(void)state;
	escapes_as("plain", 5, 256, "plain");
	escapes_as("\x1b[31mred\n", 9, 256, "\\x1b[31mred\\x0a");
	escapes_as("a\\b", 3, 256, "a\\x5cb");
	escapes_as("N\xc3\xa9ga", 5, 256, "N\xc3\xa9ga");
	escapes_as("\xc3", 1, 256, "\\xc3");
	escapes_as("\xc2\x9b", 2, 256, "\\xc2\\x9b");	    /* C1: CSI */
	escapes_as("\xe2\x80\xae", 3, 256, "\\xe2\\x80\\xae"); /* right-to-left override */
	escapes_as("\xed\xa0\x80", 3, 256, "\\xed\\xa0\\x80"); /* surrogate */
	escapes_as("\xc0\xaf", 2, 256, "\\xc0\\xaf");	    /* overlong */
	escapes_as("abcdefgh", 8, 8, "abcd\xe2\x80\xa6");
	escapes_as("\x1b\x1b\x1b", 3, 12, "\\x1b\\x1b\xe2\x80\xa6");
	escapes_as("abc", 3, 4, "abc");
	escapes_as("abc", 3, 1, "");
}

static void text_for_the_bus_is_utf8(void **state)
{
	char *utf8 = text_to_utf8((struct span){ "a\xff\0b\xc3\xa9", 6 });

	(void)state;
	assert_string_equal(utf8, "a\xef\xbf\xbd\xef\xbf\xbd" "b\xc3\xa9");
	free(utf8);
}

static void the_word_that_was_meant_is_suggested(void **state)
{
	static const char *const words[] = { "threshold", "window", "ban" };

	(void)state;
	assert_string_equal(suggest_nearest("threshhold", words, 3), "threshold");
	assert_string_equal(suggest_nearest("widnow", words, 3), "window");
	assert_null(suggest_nearest("nonsense", words, 3));
	assert_null(suggest_nearest("", words, 3));
}

static void mistakes_are_counted_beyond_those_kept(void **state)
{
	struct diag d = DIAG_INIT;
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	diag_warning(&d, "f", 0, NULL, "first");
	for (i = 0; i < DIAG_MAX + 50; i++)
		diag_error(&d, "file", 7, "do it right", "wrong %zu", i);
	assert_int_equal(d.errors, DIAG_MAX + 50);
	assert_int_equal(d.count, DIAG_MAX);
	diag_print(&d, f);
	fclose(f);
	assert_non_null(strstr(text, "f: warning: first\n"));
	assert_non_null(strstr(text, "file:7: error: wrong 3; do it right\n"));
	assert_non_null(strstr(text, "and 51 more"));
	free(text);
	diag_done(&d);
}

static void a_rate_comes_near_what_comes_and_fades(void **state)
{
	struct rate r = { 0 };
	usec_t now = 0;

	(void)state;
	for (; now < 20 * RATE_SPAN; now += USEC_PER_SEC / 10)
		rate_add(&r, 50, now);
	assert_true(rate_read(&r, now) > 490 && rate_read(&r, now) < 510);
	assert_true(rate_read(&r, now + RATE_SPAN) < 260);
	assert_true(rate_read(&r, now + 100 * RATE_SPAN) < 6);
	/* A clock that stands still divides by nothing. */
	rate_add(&r, 1, now);
	rate_add(&r, 1, now);
	assert_true(rate_read(&r, 0) < 1000);
}

static void the_last_trouble_is_kept_as_data(void **state)
{
	const struct log_trouble *t = log_last_trouble();
	uint64_t warnings = t->warnings, errors = t->errors;
	char longer[2000];

	(void)state;
	log_set_level(-1); /* also what is not shown */
	log_notice("nothing");
	assert_int_equal(t->warnings, warnings);
	log_warning("odd: %s", "\033[2J\n");
	assert_int_equal(t->warnings, warnings + 1);
	assert_int_equal(t->level, LOG_WARNING);
	assert_string_equal(t->text, "odd: \\x1b[2J\\x0a");
	assert_true(t->when > 0);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	log_error("%s", longer);
	assert_int_equal(t->errors, errors + 1);
	assert_string_equal(log_level_name(t->level), "error");
	assert_true(strlen(t->text) < LOG_TROUBLE_MAX);
	log_set_level(LOG_INFO);
}

static void memory_is_what_a_process_holds(void **state)
{
	size_t size = (size_t)32 << 20;
	int fd = memory_open();
	uint64_t before = memory_resident(fd);
	char *held = malloc(size);

	(void)state;
	assert_true(fd >= 0 && before > 100000);
	assert_non_null(held);
	memset(held, 1, size);
	assert_true(memory_resident(fd) >= before + size / 2);
	free(held);
	close(fd);
	assert_int_equal(memory_resident(-1), 0);
}

#define ITEMS 3000

struct item {
	struct hash_link link;
	bool in;
};

/* Two of them have each hash. */
static uint64_t item_hash(unsigned i)
{
	return (uint64_t)(i / 2) * 0x9e3779b97f4a7c15u;
}

static bool item_is_found(const struct hash_table *t, const struct item *item, uint64_t hash)
{
	struct hash_link *l = hash_table_first(t, hash);

	while (l && l != &item->link)
		l = hash_table_next(l, hash);
	return l != NULL;
}

/* Items that share a bucket, or a whole hash, hide each other neither when they come nor when they go. */
static void a_hash_table_finds_what_is_in_it_and_nothing_else(void **state)
{
	static struct item items[ITEMS];
	struct hash_table t;
	unsigned i, round;

	(void)state;
	srandom(1);
	assert_int_equal(hash_table_init(&t), 0);
	for (round = 0; round < 20000; round++) {
		i = (unsigned)random() % ITEMS;
		assert_int_equal(item_is_found(&t, &items[i], item_hash(i)), items[i].in);
		if (items[i].in)
			hash_table_remove(&t, &items[i].link);
		else
			hash_table_add(&t, &items[i].link, item_hash(i));
		items[i].in = !items[i].in;
	}
	for (i = 0; i < ITEMS; i++)
		assert_int_equal(item_is_found(&t, &items[i], item_hash(i)), items[i].in);
	hash_table_done(&t);
}

/* What is remembered of the last ones is never given for another. */
static void addresses_hash_alike_in_any_order(void **state)
{
	static const char *const texts[] = { "192.0.2.1",    "192.0.2.2",  "192.0.2.1:5060", "192.0.2.1:5062",
					     "192.0.2.0/24", "10.0.0.0/8", "2001:db8::1",    "2001:db8::/64" };
	const struct addr none = { 0 };
	unsigned i;

	(void)state;
	srandom(1);
	for (i = 0; i < 1000; i++) {
		const struct addr a = unit_addr(texts[(unsigned)random() % ELEMENTSOF(texts)]);

		assert_int_equal(addr_hash(&a), hash_bytes(&a, sizeof(a)));
	}
	assert_int_equal(addr_hash(&none), hash_bytes(&none, sizeof(none)));
}

/* In place of each directory that appears, a link to the victim. Ends with its parent. */
static void put_links(const char *path, const char *away, const char *victim)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (rename(path, away) == 0)
			(void)!symlink(victim, path);
		remove(away);
	}
}

static void a_link_in_place_of_a_new_directory_gives_nothing_away(void **state)
{
	char top[] = "/tmp/sipwarden-unit-XXXXXX", path[64], away[64], victim[64];
	struct stat st = { 0 };
	pid_t child;
	int i;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/path", top);
	snprintf(away, sizeof(away), "%s/away", top);
	snprintf(victim, sizeof(victim), "%s/victim", top);
	assert_int_equal(mkdir(victim, 0700), 0);
	log_set_level(LOG_CRIT);
	child = fork();
	if (child == 0)
		put_links(path, away, victim);
	for (i = 0; i < 2000 && st.st_uid == 0; i++) {
		privilege_prepare_dir(path, "nobody");
		assert_int_equal(lstat(victim, &st), 0);
		remove(path);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	remove(path);
	remove(away);
	remove(victim);
	assert_int_equal(rmdir(top), 0);
	log_set_level(LOG_INFO);
	assert_int_equal(st.st_uid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_every_spelling_are_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(one_port_of_an_address_is_told_from_the_others),
		cmocka_unit_test(prefixes_are_checked),
		cmocka_unit_test(cover_and_overlap),
		cmocka_unit_test(what_can_be_no_attacker_is_known),
		cmocka_unit_test(maps_find_the_widest_cover),
		cmocka_unit_test(lengths_of_time),
		cmocka_unit_test(hostile_text_is_shown_as_data),
		cmocka_unit_test(text_for_the_bus_is_utf8),
		cmocka_unit_test(the_word_that_was_meant_is_suggested),
		cmocka_unit_test(mistakes_are_counted_beyond_those_kept),
		cmocka_unit_test(a_rate_comes_near_what_comes_and_fades),
		cmocka_unit_test(the_last_trouble_is_kept_as_data),
		cmocka_unit_test(memory_is_what_a_process_holds),
		cmocka_unit_test(a_hash_table_finds_what_is_in_it_and_nothing_else),
		cmocka_unit_test(addresses_hash_alike_in_any_order),
		cmocka_unit_test(a_link_in_place_of_a_new_directory_gives_nothing_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
