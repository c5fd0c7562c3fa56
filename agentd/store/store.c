/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "store/schema.h"

#define BUSY_TIMEOUT_MSEC 2000

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_POSITION_PUT,
	ST_POSITION_GET,
	ST_BAN_END_OLD,
	ST_BAN_PUT,
	ST_BAN_LIFT,
	ST_BANS,
	ST_HISTORY,
	ST_HISTORY_COUNT,
	ST_EXEMPT_PUT,
	ST_EXEMPT_REMOVE,
	ST_EXEMPTS,
	ST_FRIEND_PUT,
	ST_FRIENDS_DROP,
	ST_FRIENDS,
	ST_META_PUT,
	ST_META_REMOVE,
	ST_META_GET,
	ST_COUNT
};

#define BAN_COLUMNS "id, address, start, end, count, step, rule, reason, evidence, accounts, proven, observed"
#define BAN_N_COLUMNS 12

static const char *const texts[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_POSITION_PUT] = "INSERT INTO position (key, value) VALUES (?1, ?2) "
			    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_POSITION_GET] = "SELECT value FROM position WHERE key = ?1",
	[ST_BAN_END_OLD] = "UPDATE ban SET lifted = ?2, lifted_by = 'replaced' "
			   "WHERE address = ?1 AND lifted IS NULL AND end > ?2",
	[ST_BAN_PUT] = "INSERT INTO ban (address, start, end, count, step, rule, reason, evidence, accounts, "
		       "proven, observed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[ST_BAN_LIFT] = "UPDATE ban SET lifted = ?2, lifted_by = ?3 WHERE id = ?1",
	[ST_BANS] = "SELECT " BAN_COLUMNS " FROM ban WHERE lifted IS NULL AND end > ?1 ORDER BY id",
	/* ?1 is a JSON array of addresses. */
	[ST_HISTORY] = "SELECT " BAN_COLUMNS ", lifted, lifted_by FROM ban "
		       "WHERE address IN (SELECT value FROM json_each(?1)) ORDER BY id DESC LIMIT ?2",
	[ST_HISTORY_COUNT] = "SELECT count(*) FROM ban WHERE address = ?1 AND start >= ?2 AND rule <> 'manual' "
			     "AND proven AND NOT observed",
	[ST_EXEMPT_PUT] = "INSERT INTO exemption (address, reason) VALUES (?1, ?2) "
			  "ON CONFLICT (address) DO UPDATE SET reason = excluded.reason",
	[ST_EXEMPT_REMOVE] = "DELETE FROM exemption WHERE address = ?1",
	[ST_EXEMPTS] = "SELECT address, reason FROM exemption ORDER BY address",
	[ST_FRIEND_PUT] = "INSERT INTO friend (address, first, last, successes, accounts) VALUES (?1, ?2, ?3, ?4, ?5) "
			  "ON CONFLICT (address) DO UPDATE SET first = excluded.first, last = excluded.last, "
			  "successes = excluded.successes, accounts = excluded.accounts",
	[ST_FRIENDS_DROP] = "DELETE FROM friend WHERE last < ?1",
	[ST_FRIENDS] = "SELECT address, first, last, successes, accounts FROM friend ORDER BY last",
	[ST_META_PUT] = "INSERT INTO meta (key, value) VALUES (?1, ?2) "
			"ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_META_REMOVE] = "DELETE FROM meta WHERE key = ?1",
	[ST_META_GET] = "SELECT value FROM meta WHERE key = ?1",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[ST_COUNT];
	bool open; /* a transaction is */
	struct log_limit failing;
	struct store_stats stats; /* bytes: unused */
};

/* Moments beyond what SQLite's 64-bit integers hold are "until lifted". */
static sqlite3_int64 to_integer(usec_t t)
{
	return t > INT64_MAX ? INT64_MAX : (sqlite3_int64)t;
}

static usec_t from_integer(sqlite3_int64 n)
{
	return n == INT64_MAX ? USEC_INFINITY : (usec_t)n;
}

static int error_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

static int failed(struct store *s, const char *what)
{
	int r = error_of(sqlite3_errcode(s->db));

	s->stats.errors++;
	if (!s->stats.failing_since)
		s->stats.failing_since = time_now();
	snprintf(s->stats.last_error, sizeof(s->stats.last_error), "%s: %s", what, sqlite3_errmsg(s->db));
	if (log_limit_pass(&s->failing))
		log_error("Database: %s: %s. Bans go on, but a restart may not know of the last ones", what,
			  sqlite3_errmsg(s->db));
	return r < 0 ? r : -EIO;
}

static sqlite3_stmt *statement(struct store *s, enum statement which)
{
	sqlite3_stmt *st = s->statements[which];

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return st;
}

static int run(struct store *s, sqlite3_stmt *st, const char *what)
{
	int code = sqlite3_step(st);
	int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : failed(s, what);

	sqlite3_reset(st);
	return r;
}

/* Writes gather in a transaction, which the first of them begins. */
static int begin(struct store *s)
{
	int r;

	if (s->open)
		return 0;
	r = run(s, statement(s, ST_BEGIN), "a transaction cannot be begun");
	s->open = r >= 0;
	return r;
}

int store_commit(struct store *s)
{
	int r;

	if (!s->open)
		return 0;
	r = run(s, statement(s, ST_COMMIT), "cannot be written");
	/* Some errors roll it back, the others leave it open: then it is tried again. */
	s->open = r < 0 && !sqlite3_get_autocommit(s->db);
	if (r >= 0) {
		s->stats.last_commit = time_now();
		s->stats.failing_since = 0;
	}
	return r;
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return path && *path && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void store_stats(const struct store *s, struct store_stats *ret)
{
	*ret = s->stats;
	ret->bytes = file_size(sqlite3_db_filename(s->db, "main")) +
		     file_size(sqlite3_filename_wal(sqlite3_db_filename(s->db, "main")));
}

/* Opening */

static int prepare(struct store *s)
{
	int i;

	for (i = 0; i < ST_COUNT; i++) {
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL) !=
		    SQLITE_OK)
			return failed(s, texts[i]);
	}
	return 0;
}

static int open_database(struct store *s, const char *path)
{
	int code = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	int r = error_of(code);

	if (r < 0)
		return r;
	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MSEC);
	sqlite3_extended_result_codes(s->db, 1);
	r = schema_apply(s->db);
	return r < 0 ? r : prepare(s);
}

static void close_database(struct store *s)
{
	int i;

	for (i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

/* The file and its two companions get a name that says when and that they are broken. */
static void set_aside(const char *path, int error)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	unsigned long long now = time_now() / USEC_PER_SEC;
	size_t i;

	for (i = 0; i < ELEMENTSOF(ends); i++) {
		_cleanup_free_ char *from = text_printf("%s%s", path, ends[i]);
		_cleanup_free_ char *to = text_printf("%s%s.broken-%llu", path, ends[i], now);

		if (from && to)
			rename(from, to);
	}
	log_error("%s %s. It is set aside as %s.broken-%llu, and a new one begun: bans in the kernel are taken over, "
		  "earlier history is not",
		  path, error == -EPROTO ? "was written by a newer sipwarden" : "is damaged", path, now);
}

int store_open(const char *dir, struct store **ret)
{
	_cleanup_free_ char *path = dir ? text_printf("%s/sipwarden.db", dir) : strdup(":memory:");
	struct store *s = calloc(1, sizeof(*s));
	mode_t mask;
	int r;

	if (!path || !s) {
		free(s);
		return -ENOMEM;
	}
	/* Log lines and account names are nobody else's business. */
	mask = umask(0077);
	r = open_database(s, path);
	if (dir && (r == -EUCLEAN || r == -EPROTO)) {
		close_database(s);
		set_aside(path, r);
		r = open_database(s, path);
	}
	umask(mask);
	if (r < 0) {
		log_error("%s: cannot be opened: %s", path, s->db ? sqlite3_errmsg(s->db) : strerror(-r));
		close_database(s);
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	store_commit(s);
	close_database(s);
	free(s);
	return NULL;
}

/* Positions */

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	if (text)
		sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static void bind_addr(sqlite3_stmt *st, int at, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	sqlite3_bind_text(st, at, addr_format(addr, text), -1, SQLITE_TRANSIENT);
}

int store_position_put(struct store *s, const char *key, const char *value)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_POSITION_PUT);
	bind_text(st, 1, key);
	bind_text(st, 2, value);
	return run(s, st, "a position cannot be stored");
}

static const char *column_text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

static char *get_value(struct store *s, enum statement which, const char *key)
{
	sqlite3_stmt *st = statement(s, which);
	char *value = NULL;

	bind_text(st, 1, key);
	if (sqlite3_step(st) == SQLITE_ROW && column_text(st, 0))
		value = strdup(column_text(st, 0));
	sqlite3_reset(st);
	return value;
}

char *store_position_get(struct store *s, const char *key)
{
	return get_value(s, ST_POSITION_GET, key);
}

/* Bans */

int store_ban_put(struct store *s, struct store_ban *b)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_BAN_END_OLD);
	bind_addr(st, 1, &b->addr);
	sqlite3_bind_int64(st, 2, to_integer(b->start));
	r = run(s, st, "an earlier ban cannot be ended");
	if (r < 0)
		return r;
	st = statement(s, ST_BAN_PUT);
	bind_addr(st, 1, &b->addr);
	sqlite3_bind_int64(st, 2, to_integer(b->start));
	sqlite3_bind_int64(st, 3, to_integer(b->end));
	sqlite3_bind_int64(st, 4, b->count);
	sqlite3_bind_int64(st, 5, b->step);
	bind_text(st, 6, b->rule);
	bind_text(st, 7, b->reason);
	/* Bytes as the gateway wrote them: a blob, not text. */
	if (b->evidence)
		sqlite3_bind_blob64(st, 8, b->evidence, b->evidence_len, SQLITE_STATIC);
	bind_text(st, 9, b->accounts);
	sqlite3_bind_int(st, 10, b->proven);
	sqlite3_bind_int(st, 11, b->observed);
	r = run(s, st, "a ban cannot be stored");
	if (r >= 0)
		b->id = sqlite3_last_insert_rowid(s->db);
	return r;
}

int store_ban_lift(struct store *s, int64_t id, usec_t when, const char *who)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_BAN_LIFT);
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, to_integer(when));
	bind_text(st, 3, who);
	return run(s, st, "a lift cannot be stored");
}

/* The row as a ban; its strings are the statement's. False: its address makes no sense. */
static bool read_ban(sqlite3_stmt *st, struct store_ban *b)
{
	const char *address = column_text(st, 1);

	*b = (struct store_ban){
		.id = sqlite3_column_int64(st, 0),
		.start = from_integer(sqlite3_column_int64(st, 2)),
		.end = from_integer(sqlite3_column_int64(st, 3)),
		.count = (uint32_t)sqlite3_column_int64(st, 4),
		.step = (uint32_t)sqlite3_column_int64(st, 5),
		.rule = column_text(st, 6),
		.reason = column_text(st, 7),
		.evidence = sqlite3_column_blob(st, 8),
		.evidence_len = (size_t)sqlite3_column_bytes(st, 8),
		.accounts = column_text(st, 9),
		.proven = sqlite3_column_int(st, 10) != 0,
		.observed = sqlite3_column_int(st, 11) != 0,
	};
	return address && addr_parse_bannable(address, strlen(address), &b->addr) == 0;
}

int store_bans_each(struct store *s, usec_t now, void (*fn)(void *userdata, const struct store_ban *b),
		    void *userdata)
{
	sqlite3_stmt *st = statement(s, ST_BANS);
	struct store_ban b;
	int code;

	sqlite3_bind_int64(st, 1, to_integer(now));
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		if (read_ban(st, &b))
			fn(userdata, &b);
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : failed(s, "bans cannot be read");
}

/* A JSON array of addr and the networks around it; their text needs no escapes. */
static char *around(const struct addr *addr)
{
	size_t size = (addr->len + 2u) * (ADDR_TEXT_MAX + 3) + 2, used = 1;
	char *text = malloc(size), one[ADDR_TEXT_MAX];
	int len;

	if (!text)
		return NULL;
	*text = '[';
	for (len = addr->len; len >= 0; len--) {
		const struct addr a = addr_truncate(addr, (uint8_t)len);

		used += (size_t)snprintf(text + used, size - used, "\"%s\",", addr_format(&a, one));
	}
	snprintf(text + used, size - used, "\"%s\"]", addr_format(addr, one));
	return text;
}

int store_history_each(struct store *s, const struct addr *addr, unsigned max,
		       void (*fn)(void *userdata, const struct store_past *p), void *userdata)
{
	_cleanup_free_ char *addresses = around(addr);
	sqlite3_stmt *st = statement(s, ST_HISTORY);
	struct store_past p;
	int code;

	if (!addresses)
		return -ENOMEM;
	bind_text(st, 1, addresses);
	sqlite3_bind_int64(st, 2, max);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		if (!read_ban(st, &p.ban))
			continue;
		p.lifted = (usec_t)sqlite3_column_int64(st, BAN_N_COLUMNS);
		p.lifted_by = column_text(st, BAN_N_COLUMNS + 1);
		fn(userdata, &p);
	}
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : failed(s, "the history cannot be read");
}

int store_history_count(struct store *s, const struct addr *addr, usec_t since)
{
	sqlite3_stmt *st = statement(s, ST_HISTORY_COUNT);
	int n;

	bind_addr(st, 1, addr);
	sqlite3_bind_int64(st, 2, to_integer(since));
	n = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int(st, 0) : failed(s, "the history cannot be counted");
	sqlite3_reset(st);
	return n;
}

/* Exemptions */

int store_exempt_put(struct store *s, const struct addr *addr, const char *reason)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_EXEMPT_PUT);
	bind_addr(st, 1, addr);
	bind_text(st, 2, reason);
	return run(s, st, "an exemption cannot be stored");
}

int store_exempt_remove(struct store *s, const struct addr *addr)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_EXEMPT_REMOVE);
	bind_addr(st, 1, addr);
	r = run(s, st, "an exemption cannot be removed");
	return r < 0 ? r : sqlite3_changes(s->db) > 0 ? 0 : -ENOENT;
}

int store_exempt_each(struct store *s, void (*fn)(void *userdata, const struct addr *addr, const char *reason),
		      void *userdata)
{
	sqlite3_stmt *st = statement(s, ST_EXEMPTS);
	int code;

	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *address = column_text(st, 0);
		struct addr a;

		if (address && addr_parse_prefix(address, strlen(address), true, &a) == 0)
			fn(userdata, &a, column_text(st, 1));
	}
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : failed(s, "exemptions cannot be read");
}

/* Friends */

int store_friend_put(struct store *s, const struct store_friend *f)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_FRIEND_PUT);
	bind_addr(st, 1, &f->addr);
	sqlite3_bind_int64(st, 2, to_integer(f->first));
	sqlite3_bind_int64(st, 3, to_integer(f->last));
	sqlite3_bind_int64(st, 4, f->successes);
	sqlite3_bind_int64(st, 5, f->accounts);
	return run(s, st, "a friend cannot be stored");
}

static int drop_friends(struct store *s, usec_t before)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, ST_FRIENDS_DROP);
	sqlite3_bind_int64(st, 1, to_integer(before));
	return run(s, st, "old friends cannot be dropped");
}

int store_friends_each(struct store *s, usec_t before, void (*fn)(void *userdata, const struct store_friend *f),
		       void *userdata)
{
	sqlite3_stmt *st;
	int code;

	drop_friends(s, before);
	st = statement(s, ST_FRIENDS);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *address = column_text(st, 0);
		struct store_friend f = {
			.first = from_integer(sqlite3_column_int64(st, 1)),
			.last = from_integer(sqlite3_column_int64(st, 2)),
			.successes = (uint32_t)sqlite3_column_int64(st, 3),
			.accounts = (uint32_t)sqlite3_column_int64(st, 4),
		};

		if (address && addr_parse_prefix(address, strlen(address), true, &f.addr) == 0)
			fn(userdata, &f);
	}
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : failed(s, "friends cannot be read");
}

/* Facts about the agent */

int store_meta_put(struct store *s, const char *key, const char *value)
{
	sqlite3_stmt *st;
	int r = begin(s);

	if (r < 0)
		return r;
	st = statement(s, value ? ST_META_PUT : ST_META_REMOVE);
	bind_text(st, 1, key);
	if (value)
		bind_text(st, 2, value);
	return run(s, st, "a fact about the agent cannot be stored");
}

char *store_meta_get(struct store *s, const char *key)
{
	return get_value(s, ST_META_GET, key);
}
