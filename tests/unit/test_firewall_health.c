/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper says of itself, and what is known of one that says nothing; in a network namespace of the test's own. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "firewall/firewall.h"

#define CONFIG "[sipwarden]\nuser = root\n[firewall]\ntable = wardenhealth\nmax_bans = 500\nwitness_size = 40\n" \
	       "[exempt]\naddress = 198.51.100.0/24 2001:db8:e::/48\n"

struct world {
	struct config *cfg;
	sd_event *loop;
	struct firewall *fw;
	unsigned ready, down, done;
};

static void on_ready(void *userdata, bool lost)
{
	struct world *w = userdata;

	(void)lost;
	w->ready++;
}

static void on_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(void)addr;
	(void)banned;
	w->done += error == 0;
}

static void on_down(void *userdata, int error)
{
	struct world *w = userdata;

	(void)error;
	w->down++;
}

static void wait_for(struct world *w, const unsigned *counter, unsigned n)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	while (*counter < n && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(*counter >= n);
}

static struct firewall_stats stats(const struct world *w)
{
	struct firewall_stats s;

	firewall_stats(w->fw, &s);
	return s;
}

static void ping(struct world *w)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	firewall_ping(w->fw, true);
	assert_true(stats(w).asked != 0);
	while (stats(w).asked && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(stats(w).asked == 0);
}

/* The process that the keeper has started. */
static pid_t helper_of(const struct world *w)
{
	char path[64];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", stats(w).helper_pid, stats(w).helper_pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1); // NOLINT(cert-err34-c): of the kernel
	fclose(f);
	return pid;
}

static void size_is(const struct world *w, enum kernel_set set, uint64_t count, uint64_t limit)
{
	const struct kernel_set_size *s = &stats(w).sizes[set];

	assert_true(s->known);
	assert_int_equal(s->count, count);
	assert_int_equal(s->limit, limit);
}

/* Linux counts the elements of a set since 6.16. */
static bool kernel_counts(void)
{
	struct utsname u;
	char *end;
	long major;

	assert_int_equal(uname(&u), 0);
	major = strtol(u.release, &end, 10);
	return major > 6 || (major == 6 && *end == '.' && strtol(end + 1, NULL, 10) >= 16);
}

static void bans_are(const struct world *w, enum kernel_set set, uint64_t count)
{
	if (kernel_counts())
		size_is(w, set, count, 500);
	else
		assert_false(stats(w).sizes[set].known);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct firewall_callbacks callbacks = { .ready = on_ready, .done = on_done, .down = on_down, .userdata = w };
	struct diag diag = DIAG_INIT;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(config_load_text("test.conf", CONFIG, strlen(CONFIG), &diag, &w->cfg), 0);
	diag_done(&diag);
	assert_int_equal(sd_event_new(&w->loop), 0);
	assert_int_equal(firewall_start(w->loop, w->cfg, &callbacks, &w->fw), 0);
	assert_true(stats(w).own && stats(w).down_since != 0);
	wait_for(w, &w->ready, 1);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	firewall_stop(w->fw);
	sd_event_unref(w->loop);
	config_free(w->cfg);
	free(w);
	return 0;
}

static void ban(struct world *w, const char *text)
{
	const struct addr a = unit_addr(text);

	assert_int_equal(firewall_ban(w->fw, &a, 3600 * USEC_PER_SEC), 0);
}

static void the_helper_tells_its_memory_and_how_full_the_sets_are(void **state)
{
	struct world *w = *state;

	ban(w, "192.0.2.1");
	ban(w, "192.0.2.2");
	ban(w, "2001:db8::1");
	ban(w, "2001:db8:1::/64");
	ban(w, "203.0.113.0/24");
	ban(w, "203.0.113.0/25");
	ban(w, "192.0.2.3:40001");
	wait_for(w, &w->done, 7);
	ping(w);
	assert_false(stats(w).gone);
	assert_int_equal(stats(w).down_since, 0);
	assert_true(stats(w).resident > 100000 && stats(w).resident < 1000000000);
	bans_are(w, KERNEL_BAN4, 2);
	bans_are(w, KERNEL_BAN6, 1);
	bans_are(w, KERNEL_BAN64, 1);
	bans_are(w, KERNEL_PORT4, 1);
	size_is(w, KERNEL_NET4, 2, 65536);
	size_is(w, KERNEL_NET6, 0, 65536);
	size_is(w, KERNEL_EXEMPT4, 2, 131072); /* with 127.0.0.0/8 */
	size_is(w, KERNEL_EXEMPT6, 2, 131072);
	size_is(w, KERNEL_SEEN4, 0, 40);
	size_is(w, KERNEL_SEEN6, 0, 40);
	size_is(w, KERNEL_CALLED4, 0, 40);
	size_is(w, KERNEL_CALLED6, 0, 40);
}

static void without_a_table_no_size_is_known(void **state)
{
	struct world *w = *state;
	size_t i;

	ping(w);
	assert_int_equal(firewall_flush(w->fw), 0);
	ping(w);
	for (i = 0; i < KERNEL_SETS; i++)
		assert_false(stats(w).sizes[i].known);
	assert_int_equal(stats(w).errors, 0);
}

static void a_stopped_helper_is_one_that_does_not_answer(void **state)
{
	struct world *w = *state;
	pid_t pid = helper_of(w);
	usec_t asked;
	int i;

	ping(w);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	firewall_ping(w->fw, false);
	asked = stats(w).asked;
	for (i = 0; i < 3; i++) {
		sd_event_run(w->loop, 50 * USEC_PER_MSEC);
		firewall_ping(w->fw, false);
	}
	/* Since it was asked first, and it is not taken for one that is gone. */
	assert_true(asked != 0);
	assert_int_equal(stats(w).asked, asked);
	assert_true(stats(w).ready && !stats(w).gone);
	assert_int_equal(kill(pid, SIGCONT), 0);
	while (stats(w).asked)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_int_equal(w->down, 0);
}

static void a_dead_helper_is_gone_until_the_next_is_there(void **state)
{
	struct world *w = *state;

	ping(w);
	assert_int_equal(kill(helper_of(w), SIGKILL), 0);
	wait_for(w, &w->down, 1);
	assert_true(stats(w).gone && !stats(w).ready && stats(w).down_since != 0);
	assert_int_equal(stats(w).asked, 0);
	assert_false(stats(w).sizes[KERNEL_BAN4].known);
	/* Nothing is asked of nobody. */
	firewall_ping(w->fw, true);
	assert_int_equal(stats(w).asked, 0);
	wait_for(w, &w->ready, 2);
	assert_true(stats(w).ready && !stats(w).gone);
	assert_int_equal(stats(w).down_since, 0);
	assert_int_equal(stats(w).restarts, 1);
	ping(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_helper_tells_its_memory_and_how_full_the_sets_are),
		TEST(without_a_table_no_size_is_known),
		TEST(a_stopped_helper_is_one_that_does_not_answer),
		TEST(a_dead_helper_is_gone_until_the_next_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
