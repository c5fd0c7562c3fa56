/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database: opening it, transactions, and going on without it. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/prefetch.h"
#include "store/schema.h"
#include "store/store_private.h"

#define BUSY_TIMEOUT_MSEC 2000
/* How often it is looked whether the file was taken away, and told that nothing can be stored. */
#define LOOK_INTERVAL (10 * USEC_PER_SEC)
#define TELL_INTERVAL (600 * USEC_PER_SEC)

#define BAN_COLUMNS "id, address, start, end, count, step, rule, reason, evidence, accounts, proven, observed"

static const char *const texts[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_POSITION_PUT] = "INSERT INTO position (key, value) VALUES (?1, ?2) "
			    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_POSITION_GET] = "SELECT value FROM position WHERE key = ?1",
	[ST_BAN_END_OLD] = "UPDATE ban SET lifted = ?2, lifted_by = 'replaced' "
			   "WHERE address = ?1 AND lifted IS NULL AND end > ?2",
	[ST_BAN_PUT] = "INSERT INTO ban (" BAN_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[ST_BAN_LIFT] = "UPDATE ban SET lifted = ?2, lifted_by = ?3 WHERE id = ?1",
	[ST_BAN_LAST] = "SELECT max(id) FROM ban",
	[ST_BANS] = "SELECT " BAN_COLUMNS " FROM ban WHERE lifted IS NULL AND end > ?1 ORDER BY id",
	/* ?1 is a JSON array of addresses. */
	[ST_HISTORY] = "SELECT " BAN_COLUMNS ", lifted, lifted_by FROM ban "
		       "WHERE address IN (SELECT value FROM json_each(?1)) ORDER BY id DESC LIMIT ?2",
	[ST_HISTORY_COUNT] = "SELECT count(*) FROM ban WHERE address = ?1 AND start >= ?2 AND rule <> 'manual' "
			     "AND proven AND NOT observed",
	[ST_EXEMPT_PUT] = "INSERT INTO exemption (address, reason) VALUES (?1, ?2) "
			  "ON CONFLICT (address) DO UPDATE SET reason = excluded.reason",
	[ST_EXEMPT_REMOVE] = "DELETE FROM exemption WHERE address = ?1",
	[ST_EXEMPT_FIND] = "SELECT 1 FROM exemption WHERE address = ?1",
	[ST_EXEMPTS] = "SELECT address, reason FROM exemption ORDER BY address",
	[ST_FRIENDS] = "SELECT address, first, last, successes, accounts FROM friend ORDER BY last",
	[ST_FRIENDS_DROP] = "DELETE FROM friend",
	[ST_META_PUT] = "INSERT INTO meta (key, value) VALUES (?1, ?2) "
			"ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_META_REMOVE] = "DELETE FROM meta WHERE key = ?1",
	[ST_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[ST_KEPT_PUT] = "INSERT INTO kept (number, data) VALUES (?1, ?2)",
	[ST_KEPT_DROP] = "DELETE FROM kept WHERE number < ?1",
	[ST_KEPT_LAST] = "SELECT max(number) FROM kept",
	[ST_KEPT] = "SELECT data FROM kept ORDER BY number",
};

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

/* Notes an error, and says it when it is new. */
static int note_error(struct store *s, int r, const char *what, const char *why)
{
	r = r < 0 ? r : -EIO;
	s->errors++;
	s->retry = time_monotonic() + STORE_RETRY;
	if (s->error == 0)
		s->failing = time_now();
	if (s->error == 0 || time_monotonic() - s->told >= TELL_INTERVAL) {
		s->told = time_monotonic();
		log_error("%s: %s: %s. Bans go on, from memory; what is new is lost if sipwardend ends now. Make room, or "
			  "put right what is wrong with the disk or the permissions: it is tried again every %u s",
			  s->path, what, why, (unsigned)(STORE_RETRY / USEC_PER_SEC));
	}
	s->error = r;
	snprintf(s->error_text, sizeof(s->error_text), "%s: %s", what, why);
	return r;
}

int store_failed(struct store *s, const char *what)
{
	return note_error(s, error_of(sqlite3_errcode(s->db)), what, sqlite3_errmsg(s->db));
}

static void note_success(struct store *s)
{
	char span[TIMESPAN_TEXT_MAX];
	usec_t now = time_now(), length = now > s->failing ? now - s->failing : 0;

	if (s->error == 0)
		return;
	s->error = 0;
	log_notice("%s: can be written again, after %s; everything that waited is stored", s->path,
		   timespan_format(length / USEC_PER_SEC * USEC_PER_SEC, span));
}

const char *store_error(const struct store *s, usec_t *since)
{
	*since = s->failing;
	return s->error ? s->error_text : NULL;
}

sqlite3_stmt *store_statement(struct store *s, enum statement which)
{
	sqlite3_stmt *st = s->statements[which];

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return st;
}

static uint64_t file_size(const char *path, const char *end)
{
	_cleanup_free_ char *name = text_printf("%s%s", path, end);
	struct stat st;

	return name && stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void store_stats(const struct store *s, struct store_stats *ret)
{
	*ret = (struct store_stats){ .last_commit = s->committed, .errors = s->errors };
	ret->failing_since = s->error ? s->failing : 0;
	ret->bytes = s->in_memory ? 0 : file_size(s->path, "") + file_size(s->path, "-wal");
	snprintf(ret->last_error, sizeof(ret->last_error), "%s", s->error_text);
}

/* Opening */

static int prepare(struct store *s)
{
	int i;

	for (i = 0; i < ST_COUNT; i++)
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL) !=
		    SQLITE_OK)
			return error_of(sqlite3_errcode(s->db));
	return 0;
}

static int read_last(struct store *s, enum statement which, int64_t *next)
{
	sqlite3_stmt *st = store_statement(s, which);
	int code = sqlite3_step(st);

	/* Never back: what waits has its numbers already. */
	if (code == SQLITE_ROW && sqlite3_column_int64(st, 0) >= *next)
		*next = sqlite3_column_int64(st, 0) + 1;
	sqlite3_reset(st);
	return error_of(code);
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
	s->open = false;
	queue_rewind(&s->queue);
}

/* flags of sqlite3_open_v2(); a schema is only made where it may be written. */
static int open_database(struct store *s, const char *name, int flags)
{
	int r = error_of(sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL));

	if (r >= 0) {
		sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MSEC);
		sqlite3_extended_result_codes(s->db, 1);
		if (!(flags & SQLITE_OPEN_READONLY))
			r = schema_apply(s->db);
	}
	if (r >= 0)
		r = prepare(s);
	if (r >= 0)
		r = read_last(s, ST_BAN_LAST, &s->next_ban);
	if (r >= 0)
		r = read_last(s, ST_KEPT_LAST, &s->next_kept);
	return r;
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

static int open_for_writing(struct store *s)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	/* Log lines and account names are nobody else's business. */
	mode_t mask = umask(0077);
	int r;

	prefetch_file(s->path);
	r = open_database(s, s->path, flags);
	if (!s->in_memory && (r == -EUCLEAN || r == -EPROTO)) {
		close_database(s);
		set_aside(s->path, r);
		s->renewed = true;
		r = open_database(s, s->path, flags);
	}
	umask(mask);
	s->borrowed = false;
	return r;
}

/* What is there can perhaps be read; else memory stands in for it, until it can be opened. */
static int borrow_database(struct store *s)
{
	_cleanup_free_ char *uri = text_printf("file:%s?immutable=1", s->path);
	int r;

	close_database(s);
	s->borrowed = true;
	r = open_database(s, s->path, SQLITE_OPEN_READONLY);
	if (r < 0 && uri) {
		close_database(s);
		r = open_database(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	}
	if (r >= 0)
		return 0;
	close_database(s);
	s->stands_in = true;
	return open_database(s, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

/* Opens it, or what stands in for it. */
static int open_or_borrow(struct store *s)
{
	char why[120];
	int r = open_for_writing(s);

	if (r >= 0)
		return 0;
	snprintf(why, sizeof(why), "%s", s->db && sqlite3_errcode(s->db) != SQLITE_OK ? sqlite3_errmsg(s->db) : strerror(-r));
	note_error(s, r, "cannot be opened", why);
	return borrow_database(s);
}

int store_open(const char *dir, struct store **ret)
{
	struct store *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (!s)
		return r;
	queue_init(&s->queue);
	s->next_ban = s->next_kept = 1;
	s->in_memory = !dir;
	s->path = dir ? text_printf("%s/sipwarden.db", dir) : strdup(":memory:");
	if (s->path)
		r = hash_table_init(&s->positions);
	if (r >= 0)
		r = open_or_borrow(s);
	s->renewed = false;
	if (r < 0) {
		store_close(s);
		return r;
	}
	s->looked = time_monotonic();
	*ret = s;
	return 0;
}

static void free_position(struct hash_link *link, void *userdata)
{
	struct store_position *p = container_of(link, struct store_position, link);

	(void)userdata;
	free(p->key);
	free(p->value);
	free(p);
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	/* Else positions would be stored without what they go with. */
	if (s->db && s->error == 0)
		store_commit(s, NULL);
	close_database(s);
	queue_clear(&s->queue);
	hash_table_each(&s->positions, free_position, NULL);
	hash_table_done(&s->positions);
	free(s->path);
	free(s);
	return NULL;
}

/* Going on while it is damaged or gone */

static void position_is_new(struct hash_link *link, void *userdata)
{
	(void)userdata;
	container_of(link, struct store_position, link)->changed = true;
}

/* What waits is of the former database; the owner puts all anew. */
static void begin_anew(struct store *s)
{
	queue_clear(&s->queue);
	hash_table_each(&s->positions, position_is_new, NULL);
}

/* Damaged, it is set aside; other: what is opened knows nothing of what was stored so far. */
static int reopen(struct store *s, bool damaged, bool other)
{
	int r;

	other |= damaged || s->stands_in;
	close_database(s);
	if (damaged)
		set_aside(s->path, -EUCLEAN);
	s->stands_in = false;
	r = open_or_borrow(s);
	if (r < 0)
		return r;
	if (s->borrowed) {
		s->stands_in |= other;
		return s->error;
	}
	s->renewed |= other;
	s->retry = 0;
	if (s->renewed)
		begin_anew(s);
	return 0;
}

static bool was_taken_away(struct store *s)
{
	usec_t now = time_monotonic();
	int moved = 0;

	if (s->in_memory || s->borrowed || now - s->looked < LOOK_INTERVAL)
		return false;
	s->looked = now;
	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

bool store_is_new(struct store *s)
{
	bool renewed = s->renewed;

	s->renewed = false;
	return renewed;
}

bool store_has_dropped(struct store *s)
{
	bool dropped = s->dropped > 0;

	s->dropped = 0;
	return dropped;
}

/* Transactions */

static void roll_back(struct store *s)
{
	if (s->db && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->open = false;
	queue_rewind(&s->queue);
}

static int run(struct store *s, sqlite3_stmt *st, const char *what)
{
	int code = sqlite3_step(st);
	int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : store_failed(s, what);

	sqlite3_reset(st);
	return r;
}

static int begin(struct store *s)
{
	int r;

	if (s->open)
		return 0;
	r = run(s, store_statement(s, ST_BEGIN), "a transaction cannot be begun");
	s->open = r >= 0;
	return r;
}

static void bind_value(sqlite3_stmt *st, int at, const struct queue_value *v)
{
	if (v->type == VALUE_INTEGER)
		sqlite3_bind_int64(st, at, v->integer);
	else if (v->type == VALUE_TEXT)
		sqlite3_bind_text64(st, at, v->data, v->len, SQLITE_STATIC, SQLITE_UTF8);
	else if (v->type == VALUE_BLOB)
		sqlite3_bind_blob64(st, at, v->data, v->len, SQLITE_STATIC);
}

/* Would it fail for ever? Then it must not keep the others from being written. */
static bool is_hopeless(const struct store *s)
{
	int code = sqlite3_errcode(s->db) & 0xff;

	return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG;
}

static int write_queue(struct store *s)
{
	while (s->queue.next) {
		const struct queue_item *item = s->queue.next;
		sqlite3_stmt *st = store_statement(s, item->statement);
		unsigned i;
		int code;

		for (i = 0; i < item->n; i++)
			bind_value(st, (int)i + 1, &item->values[i]);
		code = sqlite3_step(st);
		if (code != SQLITE_DONE && code != SQLITE_ROW && is_hopeless(s)) {
			log_error("%s: a row cannot be stored, and is left out: %s", s->path, sqlite3_errmsg(s->db));
			sqlite3_reset(st);
			queue_drop_next(&s->queue);
			continue;
		}
		if (code != SQLITE_DONE && code != SQLITE_ROW) {
			int r = store_failed(s, "cannot be written");

			sqlite3_reset(st);
			return r;
		}
		sqlite3_reset(st);
		s->queue.next = item->next;
	}
	return 0;
}

int store_gather(struct store *s)
{
	int r;

	if (!s->queue.next)
		return 0;
	if (s->borrowed || time_monotonic() < s->retry)
		return s->error ? s->error : -EAGAIN;
	r = begin(s);
	if (r >= 0)
		r = write_queue(s);
	if (r < 0)
		roll_back(s);
	return r;
}

struct position_write {
	struct store *store;
	int error;
};

static void write_position(struct hash_link *link, void *userdata)
{
	struct store_position *p = container_of(link, struct store_position, link);
	struct position_write *w = userdata;
	sqlite3_stmt *st;

	if (!p->changed || w->error < 0)
		return;
	st = store_statement(w->store, ST_POSITION_PUT);
	sqlite3_bind_text(st, 1, p->key, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, p->value, -1, SQLITE_STATIC);
	w->error = run(w->store, st, "a position cannot be stored");
}

static void position_is_stored(struct hash_link *link, void *userdata)
{
	(void)userdata;
	container_of(link, struct store_position, link)->changed = false;
}

static int write_piece(struct store *s, struct store_kept *kept)
{
	sqlite3_stmt *st = store_statement(s, ST_KEPT_PUT);

	kept->number = s->next_kept + s->pieces++;
	sqlite3_bind_int64(st, 1, kept->number);
	sqlite3_bind_blob64(st, 2, kept->data, kept->len, SQLITE_STATIC);
	return run(s, st, "counts cannot be stored");
}

static int write_kept(struct store *s, struct store_kept *kept)
{
	sqlite3_stmt *st = store_statement(s, ST_KEPT_DROP);
	int r;

	sqlite3_bind_int64(st, 1, kept->drop_before);
	r = run(s, st, "earlier counts cannot be dropped");
	s->pieces = 0;
	do {
		if (r >= 0)
			r = write_piece(s, kept);
		if (r >= 0)
			r = kept->more ? kept->more(kept) : 0;
	} while (r > 0);
	return r;
}

static int write_all(struct store *s, struct store_kept *kept)
{
	struct position_write positions = { s, 0 };
	int r = begin(s);

	if (r >= 0)
		r = write_queue(s);
	if (r >= 0)
		hash_table_each(&s->positions, write_position, &positions);
	if (r >= 0)
		r = positions.error;
	if (r >= 0 && kept)
		r = write_kept(s, kept);
	return r < 0 ? r : run(s, store_statement(s, ST_COMMIT), "cannot be written");
}

bool store_wants_commit(const struct store *s)
{
	return time_monotonic() >= s->retry;
}

int store_commit(struct store *s, struct store_kept *kept)
{
	int r;

	if (time_monotonic() < s->retry)
		return s->error ? s->error : -EAGAIN;
	if (was_taken_away(s)) {
		log_error("%s was taken away; another one is begun", s->path);
		r = reopen(s, false, true);
	} else {
		r = s->borrowed ? reopen(s, false, false) : 0;
	}
	if (r < 0 || s->renewed)
		return r < 0 ? r : -EAGAIN;
	r = write_all(s, kept);
	if (r < 0) {
		roll_back(s);
		if (r == -EUCLEAN && !s->in_memory)
			reopen(s, true, true);
		return r;
	}
	s->open = false;
	queue_clear(&s->queue);
	hash_table_each(&s->positions, position_is_stored, NULL);
	if (kept)
		s->next_kept += s->pieces;
	s->committed = time_now();
	note_success(s);
	return 0;
}
