/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs to store what is counted, with 100,000 sources being counted: docs/reliability.md.
 *
 *   bench_keep DIRECTORY [ATTEMPTS]   so many attempts a second (5000), for 60 seconds; a commit each 200 ms
 *
 *   commits MILLISECONDS              wall time of each second of log, on average
 *   longest MILLISECONDS              the longest single commit
 *   database MB                       at its end, with its write-ahead log
 *   memory MB                         resident, at the end
 *   restore MILLISECONDS              to read it all back
 *   rows MILLISECONDS                 the other way: of each second, with a row for each source in place of it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "decide/decide.h"
#include "store/store.h"

#define SOURCES 100000
#define SECONDS 60
#define COMMITS 5 /* a second */
#define START (1795000000 * USEC_PER_SEC)

struct bench {
	const char *dir;
	struct config *cfg;
	struct decider *d;
	struct store *store;
	struct pack out;
	int64_t round;
	usec_t spent, longest;
	unsigned long serial;
};

static void on_ban(void *userdata, struct ban *b)
{
	(void)userdata;
	(void)b;
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	(void)userdata;
	(void)b;
	(void)cause;
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)userdata;
	(void)addr;
	(void)since;
	return 0;
}

/* As it is without any configuration. */
static int open_decider(struct bench *b)
{
	const struct decide_callbacks callbacks = { .ban = on_ban, .lift = on_lift, .history = on_history };
	struct diag diag = DIAG_INIT;
	config_load_text("bench.conf", "", 0, &diag, &b->cfg);
	diag_done(&diag);
	if (!b->cfg)
		return -1;
	return decider_new(b->cfg, &callbacks, &b->d) < 0 ? -1 : decider_keep_start(b->d);
}

static void attempt(struct bench *b, uint32_t source, usec_t when)
{
	char id[32], user[32];
	struct event e = { .class = CLASS_AUTH_FAILURE,
			   .classes = CLASS_BIT(CLASS_AUTH_FAILURE),
			   .filter = "pbx",
			   .pattern = "bench",
			   .n_addrs = 1,
			   .line = SPAN("[2026-11-24 22:31:48.120] NOTICE[20323] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from "
					"'<sip:100@192.0.2.1>' failed for '198.51.100.7:5070' (callid: 1) - Failed to authenticate"),
			   .time = when };

	snprintf(id, sizeof(id), "%lu@x", b->serial++);
	snprintf(user, sizeof(user), "%lu", b->serial % 10000);
	e.id = SPAN(id);
	e.user = SPAN(user);
	e.addrs[0] = (struct addr){ .family = AF_INET, .len = 32 };
	e.addrs[0].bytes[0] = 10;
	e.addrs[0].bytes[1] = (uint8_t)(source >> 16);
	e.addrs[0].bytes[2] = (uint8_t)(source >> 8);
	e.addrs[0].bytes[3] = (uint8_t)source;
	decider_event(b->d, &e, when);
}

/* As agentd/keep.c does. */
static int commit(struct bench *b)
{
	struct store_kept kept;
	usec_t begun = time_monotonic(), took;
	bool known, over;
	int r;

	b->out.len = 0;
	known = decider_keep_changed(b->d, &b->out);
	if (!known)
		decider_keep_rewind(b->d);
	over = decider_keep_sweep(b->d, known ? 2 * b->out.len + 1024 : SIZE_MAX, &b->out);
	kept = (struct store_kept){ .data = b->out.data, .len = b->out.len };
	if (over)
		kept.drop_before = b->round && known ? b->round : INT64_MAX;
	store_position_put(b->store, "file:pbx:/var/log/asterisk/full", "1 2 3 4 00");
	r = store_commit(b->store, &kept);
	b->round = over ? 0 : b->round ? b->round : kept.number;
	took = time_monotonic() - begun;
	b->spent += took;
	if (took > b->longest)
		b->longest = took;
	return r;
}

static double megabytes(const char *dir)
{
	static const char *const names[] = { "sipwarden.db", "sipwarden.db-wal" };
	double sum = 0;
	struct stat st;
	size_t i;

	for (i = 0; i < ELEMENTSOF(names); i++) {
		_cleanup_free_ char *path = text_printf("%s/%s", dir, names[i]);

		if (path && stat(path, &st) == 0)
			sum += (double)st.st_size;
	}
	return sum / 1e6;
}

static double resident(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "r");
	unsigned long size, pages = 0;

	if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
		return 0;
	return (double)pages * 4096 / 1e6;
}

static void restore(void *userdata, const void *data, size_t len)
{
	struct unpack u = { data, (const uint8_t *)data + len };
	struct section s;

	while (unpack_section(&u, &s))
		decider_keep_restore(userdata, &s, true);
}

static int measure(struct bench *b, unsigned attempts)
{
	usec_t when = START;
	unsigned i, part;
	uint32_t source = 1;

	if (open_decider(b) < 0 || store_open(b->dir, &b->store) < 0)
		return -1;
	for (i = 0; i < SOURCES; i++)
		attempt(b, i, when);
	if (commit(b) < 0)
		return -1;
	b->spent = b->longest = 0;
	for (i = 0; i < SECONDS * COMMITS; i++) {
		when += USEC_PER_SEC / COMMITS;
		for (part = 0; part < attempts / COMMITS; part++) {
			source = source * 1664525 + 1013904223;
			attempt(b, (source >> 8) % SOURCES, when);
		}
		if (commit(b) < 0)
			return -1;
	}
	printf("commits %.2f\nlongest %.2f\n", (double)b->spent / SECONDS / 1e3, (double)b->longest / 1e3);
	printf("database %.1f\nmemory %.1f\n", megabytes(b->dir), resident());
	return 0;
}

static int measure_restore(struct bench *b)
{
	struct decide_stats before, after;
	usec_t begun;

	decider_stats(b->d, &before);
	decider_free(b->d);
	config_free(b->cfg);
	if (open_decider(b) < 0)
		return -1;
	begun = time_monotonic();
	store_kept_each(b->store, restore, b->d);
	decider_keep_restored(b->d, 0);
	printf("restore %.1f\n", (double)(time_monotonic() - begun) / 1e3);
	decider_stats(b->d, &after);
	return after.attempts == before.attempts ? 0 : -1;
}

/* A row for each source that changed, in a table that has all of them. */
static int measure_rows(const struct bench *b, unsigned attempts)
{
	_cleanup_free_ char *path = text_printf("%s/rows.db", b->dir);
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024;"
				       "CREATE TABLE kept (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;";
	unsigned char key[24] = { 0 }, value[40] = { 0 };
	usec_t begun = 0;
	uint32_t source = 1;
	sqlite3_stmt *st;
	unsigned i, part;
	sqlite3 *db;

	if (!path || sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, settings, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT INTO kept VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", -1,
			       &st, NULL) != SQLITE_OK)
		return -1;
	for (i = 0; i <= SECONDS * COMMITS; i++) {
		if (i == 1)
			begun = time_monotonic();
		sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		for (part = 0; part < (i ? attempts / COMMITS : SOURCES); part++) {
			source = source * 1664525 + 1013904223;
			memcpy(key, i ? &(uint32_t){ (source >> 8) % SOURCES } : &part, sizeof(part));
			memcpy(value, &i, sizeof(i));
			sqlite3_bind_blob(st, 1, key, sizeof(key), SQLITE_STATIC);
			sqlite3_bind_blob(st, 2, value, sizeof(value), SQLITE_STATIC);
			sqlite3_step(st);
			sqlite3_reset(st);
		}
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	printf("rows %.2f\n", (double)(time_monotonic() - begun) / SECONDS / 1e3);
	sqlite3_finalize(st);
	return sqlite3_close(db) == SQLITE_OK ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct bench b = { .dir = argc > 1 ? argv[1] : NULL };
	unsigned attempts = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5000;
	int r;

	if (!b.dir)
		return 2;
	r = measure(&b, attempts);
	if (r >= 0)
		r = measure_restore(&b);
	if (r >= 0)
		r = measure_rows(&b, attempts);
	pack_done(&b.out);
	store_close(b.store);
	decider_free(b.d);
	config_free(b.cfg);
	return r < 0;
}
