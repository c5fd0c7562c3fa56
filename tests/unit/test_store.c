/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "store/store.h"

#define SEC USEC_PER_SEC

struct seen {
	unsigned n;
	struct store_ban last;
	char reason[100], evidence[100];
	usec_t lifted;
};

static void on_ban(void *userdata, const struct store_ban *b)
{
	struct seen *s = userdata;

	s->n++;
	s->last = *b;
	snprintf(s->reason, sizeof(s->reason), "%s", b->reason);
	if (b->evidence_len < sizeof(s->evidence))
		memcpy(s->evidence, b->evidence ? b->evidence : "", b->evidence_len);
}

static void on_past(void *userdata, const struct store_ban *b, usec_t lifted)
{
	on_ban(userdata, b);
	((struct seen *)userdata)->lifted = lifted;
}

static int setup(void **state)
{
	char *dir = strdup("/tmp/sipwarden-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	assert_int_equal(system(command), 0);
	free(*state);
	return 0;
}

static struct store_ban ban(const char *addr, usec_t start, usec_t end)
{
	return (struct store_ban){ .addr = unit_addr(addr), .start = start, .end = end, .count = 5, .step = 1, .rule = "scanner",
				   .reason = "why'; DROP TABLE ban; --", .evidence = "line\xff\n", .evidence_len = 6,
				   .accounts = "100\n" };
}

static void bans_survive_with_their_evidence(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC), ever = ban("2001:db8::/32", 10 * SEC, USEC_INFINITY);
	struct store_ban over = ban("192.0.2.6", 10 * SEC, 20 * SEC);
	struct seen seen = { 0 };
	struct store *s;

	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_ban_put(s, &ever), 0);
	assert_int_equal(store_ban_put(s, &over), 0);
	assert_int_equal(store_ban_put(s, &b), 0);
	assert_true(b.id > 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_bans_each(s, 50 * SEC, on_ban, &seen), 0);
	assert_int_equal(seen.n, 2);
	assert_true(addr_equal(&seen.last.addr, &b.addr) && seen.last.end == b.end);
	assert_string_equal(seen.reason, b.reason);
	assert_memory_equal(seen.evidence, "line\xff\n", 6);
	seen.n = 0;
	assert_int_equal(store_bans_each(s, 500 * SEC, on_ban, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_true(seen.last.end == USEC_INFINITY);
	store_close(s);
}

static void lifts_and_history_are_kept_for_the_ladder(void **state)
{
	struct store_ban first = ban("192.0.2.5", 10 * SEC, 20 * SEC), second = ban("192.0.2.5", 30 * SEC, 90 * SEC);
	struct store_ban by_hand = ban("192.0.2.5", 40 * SEC, 90 * SEC);
	struct seen seen = { 0 };
	struct store *s;

	by_hand.rule = "manual";
	assert_int_equal(store_open(*state, &s), 0);
	store_ban_put(s, &first);
	store_ban_put(s, &second);
	store_ban_put(s, &by_hand); /* in place of the second */
	assert_int_equal(store_history_count(s, &first.addr, 0), 2);
	assert_int_equal(store_history_count(s, &first.addr, 25 * SEC), 1);
	assert_int_equal(store_ban_lift(s, by_hand.id, 50 * SEC, "by hand"), 0);
	store_bans_each(s, 60 * SEC, on_ban, &seen);
	assert_int_equal(seen.n, 0);
	store_history_each(s, &first.addr, 10, on_past, &seen);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.lifted, 0); /* the oldest ran its time */
	store_close(s);
}

static void positions_and_exemptions_are_kept(void **state)
{
	struct addr a = unit_addr("192.0.2.0/24");
	struct store *s;
	char *value;

	assert_int_equal(store_open(*state, &s), 0);
	assert_null(store_position_get(s, "k"));
	assert_int_equal(store_position_put(s, "k", "1"), 0);
	assert_int_equal(store_position_put(s, "k", "2"), 0);
	assert_int_equal(store_exempt_put(s, &a, "office"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	value = store_position_get(s, "k");
	assert_string_equal(value, "2");
	free(value);
	assert_int_equal(store_exempt_remove(s, &a), 0);
	assert_int_equal(store_exempt_remove(s, &a), -ENOENT);
	store_close(s);
}

static void a_full_disk_is_survived(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC);
	static char evidence[400000];
	struct seen seen = { 0 };
	struct store *s;
	int r = 0;
	unsigned i;

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", *state, "tmpfs", 0, "size=512k"), 0);
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_ban_put(s, &b), 0);
	assert_int_equal(store_commit(s), 0);
	memset(evidence, 'x', sizeof(evidence));
	b.evidence = evidence;
	b.evidence_len = sizeof(evidence);
	for (i = 0; r >= 0 && i < 20; i++) {
		r = store_ban_put(s, &b);
		if (r >= 0)
			r = store_commit(s);
	}
	assert_true(r < 0);
	/* Room again: what comes now is kept, and what was kept is there. */
	assert_int_equal(mount("tmpfs", *state, "tmpfs", MS_REMOUNT, "size=64m"), 0);
	store_commit(s);
	b = ban("192.0.2.7", 10 * SEC, 100 * SEC);
	assert_int_equal(store_ban_put(s, &b), 0);
	assert_int_equal(store_commit(s), 0);
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	assert_true(seen.n >= 2);
	store_close(s);
	assert_int_equal(umount2(*state, MNT_DETACH), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bans_survive_with_their_evidence),
		TEST(lifts_and_history_are_kept_for_the_ladder),
		TEST(positions_and_exemptions_are_kept),
		TEST(a_full_disk_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
