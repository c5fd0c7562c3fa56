/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent's side, helper and kernel together, in a network namespace of the test's own. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "firewall/firewall.h"

#define CONFIG                                                                                                   \
	"[sipwarden]\nuser = root\n[firewall]\ntable = wardentest\nmax_bans = 20000\n[exempt]\naddress = 198.51.100.0/24 " \
	"2001:db8:e::/48\n"

struct world {
	struct config *cfg;
	sd_event *loop;
	struct firewall *fw;
	unsigned ready, lost, done, refused, listed, packets;
	int last_error, list_error;
	bool list_ended;
	struct addr seen[64];
	unsigned n_seen;
};

static void on_ready(void *userdata, bool lost)
{
	struct world *w = userdata;

	w->ready++;
	w->lost += lost;
}

static void on_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(void)addr;
	(void)banned;
	w->done++;
	w->refused += error < 0;
	if (error < 0)
		w->last_error = error;
}

static void on_down(void *userdata, int error)
{
	(void)userdata;
	(void)error;
}

static void on_element(void *userdata, const struct firewall_element *e)
{
	struct world *w = userdata;

	w->listed++;
	if (w->n_seen < ELEMENTSOF(w->seen))
		w->seen[w->n_seen++] = e->addr;
}

static void on_end(void *userdata, int error)
{
	struct world *w = userdata;

	w->list_ended = true;
	w->list_error = error;
}

/* Runs the loop until *counter reaches n; fails the test after ten seconds. */
static void wait_for(struct world *w, const unsigned *counter, unsigned n)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	while (*counter < n && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(*counter >= n);
}

static void start(struct world *w)
{
	const struct firewall_callbacks callbacks = { on_ready, on_done, on_down, NULL, w };

	assert_int_equal(sd_event_new(&w->loop), 0);
	assert_int_equal(firewall_start(w->loop, w->cfg, &callbacks, &w->fw), 0);
	wait_for(w, &w->ready, 1);
}

static void stop(struct world *w)
{
	w->fw = firewall_stop(w->fw);
	w->loop = sd_event_unref(w->loop);
	w->ready = 0;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct diag diag = DIAG_INIT;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(config_load_text("test.conf", CONFIG, strlen(CONFIG), &diag, &w->cfg), 0);
	diag_done(&diag);
	start(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	config_free(w->cfg);
	free(w);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_prefix(text, strlen(text), false, &a), 0);
	return a;
}

static void ban(struct world *w, const char *text, usec_t left)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_ban(w->fw, &a, left), 0);
	wait_for(w, &w->done, w->done + 1);
}

static void unban(struct world *w, const char *text)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_unban(w->fw, &a), 0);
	wait_for(w, &w->done, w->done + 1);
}

static unsigned list(struct world *w)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	w->listed = w->n_seen = 0;
	w->list_ended = false;
	assert_int_equal(firewall_list(w->fw, on_element, on_end, w), 0);
	while (!w->list_ended && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(w->list_ended);
	assert_int_equal(w->list_error, 0);
	return w->listed;
}

static bool listed(const struct world *w, const char *text)
{
	struct addr a = addr(text);
	unsigned i;

	for (i = 0; i < w->n_seen; i++)
		if (addr_equal(&w->seen[i], &a))
			return true;
	return false;
}

/* What nft(8) shows of the table. The command is ours, not made from any input. */
static char *nft(const char *command)
{
	FILE *f = popen(command, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) < 1 << 20);
	pclose(f);
	return text;
}

static void the_table_is_as_documented(void **state)
{
	_cleanup_free_ char *text = nft("nft list table inet wardentest");

	(void)state;
	assert_non_null(strstr(text, "type filter hook prerouting priority raw; policy accept;"));
	assert_non_null(strstr(text, "ip saddr @exempt4 accept"));
	assert_non_null(strstr(text, "ip6 saddr @exempt6 accept"));
	assert_non_null(strstr(text, "ip saddr @ban4 counter packets 0 bytes 0 drop"));
	assert_non_null(strstr(text, "ip6 saddr @net6 counter packets 0 bytes 0 drop"));
	assert_non_null(strstr(text, "198.51.100.0/24"));
	assert_non_null(strstr(text, "127.0.0.0/8"));
	assert_non_null(strstr(text, "2001:db8:e::/48"));
	assert_non_null(strstr(text, "size 20000"));
}

static void bans_and_lifts_reach_the_kernel(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	ban(w, "2001:db8::5", USEC_INFINITY);
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 2);
	assert_true(listed(w, "192.0.2.5") && listed(w, "2001:db8::5"));
	before = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(before, "192.0.2.5 counter packets 0 bytes 0 timeout 10m"));
	/* A longer ban in place of the first. */
	ban(w, "192.0.2.5", 7200 * USEC_PER_SEC);
	after = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(after, "192.0.2.5 counter packets 0 bytes 0 timeout 2h"));
	unban(w, "192.0.2.5");
	unban(w, "2001:db8::5");
	unban(w, "192.0.2.99"); /* not there: no error for anybody */
	assert_int_equal(list(w), 0);
	assert_int_equal(w->refused, 0);
}

static void exempt_and_impossible_sources_are_refused_by_the_helper(void **state)
{
	struct world *w = *state;
	struct addr extra = addr("192.0.2.128/25");

	ban(w, "198.51.100.7", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EPERM);
	ban(w, "198.51.0.0/16", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EPERM);
	ban(w, "224.0.0.1", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EINVAL);
	assert_int_equal(w->refused, 3);
	w->refused = 0;
	firewall_exempt(w->fw, &extra, true);
	ban(w, "192.0.2.130", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 1);
	firewall_exempt(w->fw, &extra, false);
	ban(w, "192.0.2.130", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 1);
	assert_int_equal(list(w), 1);
}

static void prefixes_may_lie_within_each_other(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.64/26", 7200 * USEC_PER_SEC);
	ban(w, "203.0.0.0/16", 60 * USEC_PER_SEC);
	ban(w, "2001:db8:1::/48", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 4);
	text = nft("nft list set inet wardentest net4");
	assert_non_null(strstr(text, "203.0.113.64/26 counter packets 0 bytes 0 timeout 2h"));
	unban(w, "203.0.113.0/24");
	unban(w, "203.0.0.0/16");
	assert_int_equal(list(w), 2);
	assert_true(listed(w, "203.0.113.64/26"));
	unban(w, "203.0.113.64/26");
	unban(w, "2001:db8:1::/48");
	assert_int_equal(list(w), 0);
}

static void thousands_go_in_batches_and_a_full_set_refuses_the_rest(void **state)
{
	struct world *w = *state;
	unsigned i;

	for (i = 0; i < 20500; i++) {
		struct addr a = { AF_INET, 32, { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

		assert_int_equal(firewall_ban(w->fw, &a, 600 * USEC_PER_SEC), 0);
	}
	wait_for(w, &w->done, 20500);
	assert_int_equal(w->refused, 500);
	assert_int_equal(w->last_error, -ENFILE);
	assert_int_equal(list(w), 20000);
}

static void a_restart_keeps_what_is_in_the_kernel(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.16/28", 900 * USEC_PER_SEC);
	stop(w);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "192.0.2.5 counter packets 0 bytes 0 timeout 10m"));
	start(w);
	list(w);
	assert_true(listed(w, "192.0.2.5"));
	assert_true(listed(w, "203.0.113.16/28"));
	/* The wide one comes back in pieces, until it is asked for again. */
	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.16/28", 900 * USEC_PER_SEC);
	assert_int_equal(list(w), 3);
	unban(w, "203.0.113.0/24");
	unban(w, "203.0.113.16/28");
	assert_int_equal(list(w), 1);
}

static void a_flushed_ruleset_comes_back(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *flushed = nft("nft flush ruleset"), *text = NULL;

	wait_for(w, &w->lost, 1);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "ip saddr @exempt4 accept"));
	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(list(w), 1);
	/* One element taken away by hand is noticed, too. */
	free(flushed);
	flushed = nft("nft delete element inet wardentest ban4 '{ 192.0.2.5 }'");
	wait_for(w, &w->lost, 2);
}

static void a_killed_helper_is_started_again(void **state)
{
	struct world *w = *state;
	char command[64];
	struct firewall_stats stats;
	_cleanup_free_ char *killed = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	firewall_stats(w->fw, &stats);
	snprintf(command, sizeof(command), "pkill -KILL -P %d", stats.helper_pid);
	killed = nft(command);
	wait_for(w, &w->ready, 2);
	assert_int_equal(list(w), 1);
}

static void flush_removes_the_table_until_reload(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(firewall_flush(w->fw), 0);
	ban(w, "192.0.2.6", 600 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -ESHUTDOWN);
	text = nft("nft list tables");
	assert_null(strstr(text, "wardentest"));
}

static void another_shape_of_table_is_replaced(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	stop(w);
	w->cfg->max_bans = 30000;
	start(w);
	text = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(text, "size 30000"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_table_is_as_documented),
		TEST(bans_and_lifts_reach_the_kernel),
		TEST(exempt_and_impossible_sources_are_refused_by_the_helper),
		TEST(prefixes_may_lie_within_each_other),
		TEST(thousands_go_in_batches_and_a_full_set_refuses_the_rest),
		TEST(a_restart_keeps_what_is_in_the_kernel),
		TEST(a_flushed_ruleset_comes_back),
		TEST(a_killed_helper_is_started_again),
		TEST(flush_removes_the_table_until_reload),
		TEST(another_shape_of_table_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
