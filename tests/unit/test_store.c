/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/store.h"

#define SEC USEC_PER_SEC

struct seen {
	unsigned n;
	struct store_ban last;
	char reason[100], evidence[100];
	usec_t lifted;
	char lifted_by[40];
	int64_t order[8];
	unsigned n_order;
	struct store_friend friend;
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

static void on_past(void *userdata, const struct store_past *p)
{
	struct seen *s = userdata;

	on_ban(s, &p->ban);
	s->lifted = p->lifted;
	snprintf(s->lifted_by, sizeof(s->lifted_by), "%s", p->lifted_by ? p->lifted_by : "");
	s->order[s->n_order++ % ELEMENTSOF(s->order)] = p->ban.id;
}

static void on_friend(void *userdata, const struct store_friend *f)
{
	struct seen *s = userdata;

	s->n++;
	s->friend = *f;
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
				   .accounts = "100\n", .proven = true };
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

static void marks_of_a_ban_are_kept(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC), unproven = ban("192.0.2.6", 10 * SEC, 100 * SEC);
	struct seen seen = { 0 };
	struct store *s;

	b.observed = true;
	unproven.proven = false;
	assert_int_equal(store_open(*state, &s), 0);
	store_ban_put(s, &b);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	assert_true(seen.last.observed && seen.last.proven);
	store_ban_put(s, &unproven);
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	assert_true(!seen.last.observed && !seen.last.proven);
	/* Only what was proven and enforced makes the next ban longer. */
	assert_int_equal(store_history_count(s, &b.addr, 0), 0);
	assert_int_equal(store_history_count(s, &unproven.addr, 0), 0);
	store_close(s);
}

static void history_tells_of_the_networks_around_too(void **state)
{
	struct store_ban host = ban("2001:db8::5", 10 * SEC, 20 * SEC), net = ban("2001:db8::/64", 30 * SEC, 40 * SEC);
	struct store_ban other = ban("2001:db8:0:1::/64", 30 * SEC, 40 * SEC), beside = ban("2001:db8::6", 30 * SEC, 40 * SEC);
	struct seen seen = { 0 };
	struct store *s;

	assert_int_equal(store_open(*state, &s), 0);
	store_ban_put(s, &host);
	store_ban_put(s, &net);
	store_ban_put(s, &other);
	store_ban_put(s, &beside);
	assert_int_equal(store_ban_lift(s, net.id, 35 * SEC, "by hand"), 0);
	assert_int_equal(store_history_each(s, &host.addr, 10, on_past, &seen), 0);
	assert_int_equal(seen.n, 2);
	assert_true(seen.order[0] == net.id && seen.order[1] == host.id);
	seen.n = 0;
	assert_int_equal(store_history_each(s, &host.addr, 1, on_past, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.lifted_by, "by hand");
	assert_true(seen.lifted == 35 * SEC);
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
	assert_int_equal(store_commit(s, NULL), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	value = store_position_get(s, "k");
	assert_string_equal(value, "2");
	free(value);
	assert_int_equal(store_exempt_remove(s, &a), 0);
	assert_int_equal(store_exempt_remove(s, &a), -ENOENT);
	store_close(s);
}

static void facts_about_the_agent_are_kept(void **state)
{
	struct store *s;
	char *value;

	assert_int_equal(store_open(*state, &s), 0);
	assert_null(store_meta_get(s, "paused"));
	assert_int_equal(store_meta_put(s, "paused", "1"), 0);
	assert_int_equal(store_meta_put(s, "paused", "2 why"), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	value = store_meta_get(s, "paused");
	assert_string_equal(value, "2 why");
	free(value);
	assert_int_equal(store_meta_put(s, "paused", NULL), 0);
	assert_null(store_meta_get(s, "paused"));
	store_close(s);
}

/* As the first released version made it, with what it may have written. */
static const char version_1[] =
	"PRAGMA journal_mode = WAL;"
	"CREATE TABLE position (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE exemption (address TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;"
	"CREATE TABLE ban (id INTEGER PRIMARY KEY, address TEXT NOT NULL, start INTEGER NOT NULL,"
	" end INTEGER NOT NULL, count INTEGER NOT NULL, step INTEGER NOT NULL, rule TEXT NOT NULL,"
	" reason TEXT NOT NULL, evidence BLOB, accounts TEXT, lifted INTEGER, lifted_by TEXT);"
	"CREATE INDEX ban_address ON ban (address, start);"
	"CREATE INDEX ban_end ON ban (end) WHERE lifted IS NULL;"
	"PRAGMA user_version = 1;"
	"INSERT INTO position VALUES ('file:/x', '7');"
	"INSERT INTO exemption VALUES ('192.0.2.0/24', 'office');"
	"INSERT INTO ban VALUES (1, '198.51.100.5', 10000000, 20000000, 5, 0, 'scanner', 'r', x'6c0a', '100', NULL, NULL);"
	"INSERT INTO ban VALUES (2, '198.51.100.5', 30000000, 90000000, 5, 1, 'scanner', 'r', NULL, NULL, 40000000, 'by hand');"
	"INSERT INTO ban VALUES (3, '198.51.100.6', 30000000, 9223372036854775807, 0, 0, 'manual', 'r', NULL, NULL, NULL, NULL);"
	"INSERT INTO ban VALUES (4, 'nonsense', 30000000, 90000000, 0, 0, 'scanner', 'r', NULL, NULL, NULL, NULL);";

static void make_version_1(const char *dir)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/sipwarden.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_database_of_the_first_version_is_carried_over(void **state)
{
	struct addr a = unit_addr("198.51.100.5");
	struct seen seen = { 0 };
	struct store *s;
	char *value;
	int i;

	make_version_1(*state);
	/* The second time there is nothing left to do. */
	for (i = 0; i < 2; i++) {
		seen.n = 0;
		assert_int_equal(store_open(*state, &s), 0);
		assert_int_equal(store_bans_each(s, 50 * SEC, on_ban, &seen), 0);
		assert_int_equal(seen.n, 1);
		assert_true(seen.last.id == 3 && seen.last.end == USEC_INFINITY);
		assert_true(!seen.last.proven && !seen.last.observed);
		seen.n = 0;
		store_history_each(s, &a, 10, on_past, &seen);
		assert_int_equal(seen.n, 2);
		/* Nothing is known of their proof. */
		assert_int_equal(store_history_count(s, &a, 0), 0);
		value = store_position_get(s, "file:/x");
		assert_string_equal(value, "7");
		free(value);
		assert_int_equal(store_meta_put(s, "paused", "1"), 0);
		store_close(s);
	}
}

static void friends_of_an_earlier_version_are_taken_over(void **state)
{
	static const char rows[] = "INSERT INTO friend VALUES ('192.0.2.5', 1000000, 5000000, 3, 1);"
				   "INSERT INTO friend VALUES ('2001:db8::/64', 2000000, 60000000, 41, 8);"
				   "INSERT INTO friend VALUES ('nonsense', 2000000, 60000000, 41, 8);";
	struct addr office = unit_addr("2001:db8::/64");
	struct seen seen = { 0 };
	char path[128];
	struct store *s;
	sqlite3 *db;

	assert_int_equal(store_open(*state, &s), 0);
	store_close(s);
	snprintf(path, sizeof(path), "%s/sipwarden.db", (char *)*state);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_friends_each(s, on_friend, &seen), 0);
	assert_int_equal(seen.n, 2);
	assert_true(addr_equal(&seen.friend.addr, &office) && seen.friend.first == 2 * SEC);
	assert_true(seen.friend.last == 60 * SEC && seen.friend.successes == 41 && seen.friend.accounts == 8);
	assert_int_equal(store_friends_drop(s), 0);
	store_close(s);
	seen.n = 0;
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_friends_each(s, on_friend, &seen), 0);
	assert_int_equal(seen.n, 0);
	store_close(s);
}

static void collect(void *userdata, const void *data, size_t len)
{
	strncat(userdata, data, len);
	strcat(userdata, ".");
}

static void what_is_kept_comes_back_in_order(void **state)
{
	struct store_kept one = { .data = "one", .len = 3 }, two = { .data = "two", .len = 3 };
	struct store_kept three = { .data = "three", .len = 5 }, all = { .data = "all", .len = 3, .drop_before = INT64_MAX };
	char text[100] = "";
	struct store *s;

	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_commit(s, &one), 0);
	assert_int_equal(store_commit(s, &two), 0);
	assert_true(two.number > one.number);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	three.drop_before = two.number;
	assert_int_equal(store_commit(s, &three), 0);
	assert_true(three.number > two.number);
	assert_int_equal(store_kept_each(s, collect, text), 0);
	assert_string_equal(text, "two.three.");
	assert_int_equal(store_commit(s, &all), 0);
	text[0] = '\0';
	assert_int_equal(store_kept_each(s, collect, text), 0);
	assert_string_equal(text, "all.");
	store_close(s);
}

/* Pieces of what is kept; the last may fail. */
struct pieces {
	unsigned left;
	int error;
};

static int next_piece(struct store_kept *kept)
{
	struct pieces *p = kept->userdata;

	if (p->left == 0)
		return 0;
	kept->data = --p->left ? "more" : "last";
	kept->len = 4;
	return p->left == 0 && p->error ? p->error : 1;
}

static void pieces_are_kept_all_or_none(void **state)
{
	struct pieces fail = { 2, -ENOMEM }, pass = { 2, 0 };
	struct store_kept before = { .data = "before", .len = 6 }, after = { .data = "after", .len = 5 };
	struct store_kept bad = { .data = "bad", .len = 3, .drop_before = INT64_MAX, .more = next_piece, .userdata = &fail };
	struct store_kept good = { .data = "first", .len = 5, .drop_before = INT64_MAX, .more = next_piece, .userdata = &pass };
	char text[100] = "";
	struct store *s;

	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_commit(s, &before), 0);
	assert_int_equal(store_commit(s, &bad), -ENOMEM);
	assert_int_equal(store_kept_each(s, collect, text), 0);
	assert_string_equal(text, "before.");
	assert_int_equal(store_commit(s, &good), 0);
	assert_int_equal(store_commit(s, &after), 0);
	assert_true(after.number > good.number);
	text[0] = '\0';
	assert_int_equal(store_kept_each(s, collect, text), 0);
	assert_string_equal(text, "first.more.last.after.");
	store_close(s);
}

/* Tries until it does not fail any more; a failure is not tried again at once. */
static int commit_at_last(struct store *s, struct store_kept *kept)
{
	int r = store_commit(s, kept);

	while (r < 0) {
		usleep(100000);
		r = store_commit(s, kept);
	}
	return r;
}

/* What a process that starts now would find. */
static void look(const char *dir, char *position, unsigned *bans)
{
	struct seen seen = { 0 };
	struct store *s;
	char *value;

	assert_int_equal(store_open(dir, &s), 0);
	value = store_position_get(s, "k");
	snprintf(position, 16, "%s", value ? value : "");
	free(value);
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	*bans = seen.n;
	store_close(s);
}

static void mount_small(const char *dir)
{
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=512k"), 0);
}

static void after_a_full_disk_nothing_is_missing(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC), again = ban("192.0.2.5", 10 * SEC, 100 * SEC);
	static char evidence[400000];
	struct store_kept kept = { .data = evidence, .len = sizeof(evidence) };
	struct store_stats stats;
	char position[16];
	struct store *s;
	usec_t since;
	unsigned bans;

	mount_small(*state);
	assert_int_equal(store_open(*state, &s), 0);
	store_position_put(s, "k", "1");
	assert_int_equal(store_ban_put(s, &b), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	store_stats(s, &stats);
	assert_true(stats.last_commit != 0 && stats.bytes > 4096 && stats.failing_since == 0);
	memset(evidence, 'x', sizeof(evidence));
	again.addr = unit_addr("192.0.2.6");
	again.evidence = evidence;
	again.evidence_len = sizeof(evidence);
	assert_int_equal(store_ban_put(s, &again), 0);
	store_position_put(s, "k", "2");
	assert_int_equal(store_commit(s, &kept), -ENOSPC);
	assert_non_null(store_error(s, &since));
	store_stats(s, &stats);
	assert_true(stats.failing_since != 0 && stats.errors > 0 && strstr(stats.last_error, "full"));
	/* The ladder knows of it, though it cannot be written. */
	assert_int_equal(store_history_count(s, &again.addr, 0), 1);
	look(*state, position, &bans);
	assert_string_equal(position, "1");
	assert_int_equal(bans, 1);
	again.addr = unit_addr("192.0.2.7");
	again.evidence = NULL;
	assert_int_equal(store_ban_put(s, &again), 0);
	store_position_put(s, "k", "3");
	assert_int_equal(mount("tmpfs", *state, "tmpfs", MS_REMOUNT, "size=64m"), 0);
	assert_int_equal(commit_at_last(s, &kept), 0);
	assert_null(store_error(s, &since));
	store_stats(s, &stats);
	assert_int_equal(stats.failing_since, 0);
	assert_int_equal(store_history_count(s, &again.addr, 0), 1);
	look(*state, position, &bans);
	assert_string_equal(position, "3");
	assert_int_equal(bans, 3);
	store_close(s);
	assert_int_equal(umount2(*state, MNT_DETACH), 0);
}

static void one_that_cannot_be_written_at_the_start_is_read(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC), more = ban("192.0.2.6", 10 * SEC, 100 * SEC);
	struct seen seen = { 0 };
	char position[16], command[200];
	struct store *s;
	usec_t since;
	unsigned bans;

	mount_small(*state);
	assert_int_equal(store_open(*state, &s), 0);
	store_position_put(s, "k", "1");
	store_ban_put(s, &b);
	store_close(s);
	snprintf(command, sizeof(command), "dd if=/dev/zero of=%s/large bs=4k 2>/dev/null", (char *)*state);
	assert_int_not_equal(system(command), 0);
	assert_int_equal(store_open(*state, &s), 0);
	assert_non_null(store_error(s, &since));
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	assert_int_equal(seen.n, 1);
	store_ban_put(s, &more);
	assert_true(more.id > b.id);
	store_position_put(s, "k", "2");
	assert_true(store_commit(s, NULL) < 0);
	snprintf(command, sizeof(command), "%s/large", (char *)*state);
	assert_int_equal(unlink(command), 0);
	assert_int_equal(commit_at_last(s, NULL), 0);
	assert_false(store_is_new(s));
	look(*state, position, &bans);
	assert_string_equal(position, "2");
	assert_int_equal(bans, 2);
	store_close(s);
	assert_int_equal(umount2(*state, MNT_DETACH), 0);
}

/* Commits as the agent does: another database is told everything again. */
static void commit_or_begin_anew(struct store *s, struct store_ban *b)
{
	unsigned tries;

	for (tries = 0; tries < 300; tries++) {
		int r = store_commit(s, NULL);

		if (store_is_new(s))
			store_ban_put(s, b);
		else if (r == 0)
			return;
		usleep(50000);
	}
	fail();
}

static void one_that_is_damaged_while_running_is_replaced(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC);
	char path[128], position[16], command[200];
	struct store *s;
	unsigned bans;
	sqlite3 *db;

	assert_int_equal(store_open(*state, &s), 0);
	store_position_put(s, "k", "1");
	store_position_put(s, "other", "1");
	store_ban_put(s, &b);
	assert_int_equal(store_commit(s, NULL), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	free(store_position_get(s, "k"));
	snprintf(path, sizeof(path), "%s/sipwarden.db", (char *)*state);
	/* Behind the first page, which is in memory. */
	snprintf(command, sizeof(command), "dd if=/dev/urandom of=%s bs=4096 seek=1 count=20 conv=notrunc 2>/dev/null", path);
	assert_int_equal(system(command), 0);
	/* Who else writes makes it read its pages again. */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 7", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	store_position_put(s, "k", "2");
	commit_or_begin_anew(s, &b);
	look(*state, position, &bans);
	assert_string_equal(position, "2");
	assert_int_equal(bans, 1);
	store_close(s);
	snprintf(command, sizeof(command), "test -s %s.broken-*[0-9]", path);
	assert_int_equal(system(command), 0);
}

static void one_that_was_taken_away_is_begun_anew(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC);
	char position[16], command[200];
	struct store *s;
	unsigned bans, i;

	assert_int_equal(store_open(*state, &s), 0);
	store_position_put(s, "k", "1");
	store_ban_put(s, &b);
	assert_int_equal(store_commit(s, NULL), 0);
	snprintf(command, sizeof(command), "rm %s/sipwarden.db*", (char *)*state);
	assert_int_equal(system(command), 0);
	/* It is looked for now and then. */
	for (i = 0; i < 300; i++) {
		store_position_put(s, "k", "2");
		if (store_commit(s, NULL) < 0)
			break;
		usleep(100000);
	}
	commit_or_begin_anew(s, &b);
	look(*state, position, &bans);
	assert_string_equal(position, "2");
	assert_int_equal(bans, 1);
	store_close(s);
}

static void what_can_never_be_stored_keeps_nothing_else_waiting(void **state)
{
	struct store_ban bad = ban("192.0.2.5", 10 * SEC, 100 * SEC), good = ban("192.0.2.6", 10 * SEC, 100 * SEC);
	struct seen seen = { 0 };
	struct store *s;

	bad.rule = NULL;
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_ban_put(s, &bad), 0);
	assert_int_equal(store_ban_put(s, &good), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	store_bans_each(s, 50 * SEC, on_ban, &seen);
	assert_int_equal(seen.n, 1);
	store_close(s);
}

static void what_waits_is_bounded(void **state)
{
	struct store_ban b = ban("192.0.2.5", 10 * SEC, 100 * SEC);
	static char evidence[1 << 20];
	struct store *s;
	unsigned i;
	int r = 0;

	memset(evidence, 'x', sizeof(evidence));
	b.evidence = evidence;
	b.evidence_len = sizeof(evidence);
	assert_int_equal(store_open(*state, &s), 0);
	for (i = 0; r >= 0 && i < 100; i++)
		r = store_ban_put(s, &b);
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(b.id, 0);
	assert_true(store_has_dropped(s));
	assert_false(store_has_dropped(s));
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(store_ban_put(s, &b), 0);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bans_survive_with_their_evidence),
		TEST(marks_of_a_ban_are_kept),
		TEST(history_tells_of_the_networks_around_too),
		TEST(lifts_and_history_are_kept_for_the_ladder),
		TEST(positions_and_exemptions_are_kept),
		TEST(friends_of_an_earlier_version_are_taken_over),
		TEST(what_is_kept_comes_back_in_order),
		TEST(pieces_are_kept_all_or_none),
		TEST(facts_about_the_agent_are_kept),
		TEST(a_database_of_the_first_version_is_carried_over),
		TEST(what_can_never_be_stored_keeps_nothing_else_waiting),
		TEST(what_waits_is_bounded),
		TEST(one_that_is_damaged_while_running_is_replaced),
		TEST(one_that_was_taken_away_is_begun_anew),
		TEST(after_a_full_disk_nothing_is_missing),
		TEST(one_that_cannot_be_written_at_the_start_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
