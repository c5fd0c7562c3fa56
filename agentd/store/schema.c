/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/schema.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

/* Each step brings version i to i + 1; steps are never changed, only added. */
static const char *const steps[] = {
	/* Moments are microseconds since the epoch; addresses are text, as 192.0.2.0/24. */
	"CREATE TABLE position (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE exemption (address TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;"
	"CREATE TABLE ban (id INTEGER PRIMARY KEY, address TEXT NOT NULL, start INTEGER NOT NULL,"
	" end INTEGER NOT NULL, count INTEGER NOT NULL, step INTEGER NOT NULL, rule TEXT NOT NULL,"
	" reason TEXT NOT NULL, evidence BLOB, accounts TEXT, lifted INTEGER, lifted_by TEXT);"
	"CREATE INDEX ban_address ON ban (address, start);"
	"CREATE INDEX ban_end ON ban (end) WHERE lifted IS NULL;",
	/* Bans from before proof was weighed count as unproven: the ladder begins anew. */
	"ALTER TABLE ban ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE ban ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE friend (address TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" successes INTEGER NOT NULL, accounts INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX friend_last ON friend (last);"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
	/* Friends are among what is kept from now on; those in their table are taken over at the first start. */
	"CREATE TABLE kept (number INTEGER PRIMARY KEY, data BLOB NOT NULL);",
};

/*
 * WAL with synchronous = NORMAL: a commit does not wait for the disk, and a
 * power cut loses at most the last commits as a whole; positions go back with
 * the bans, so the log is read again from there.
 */
static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
			       "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -1024;"
			       "PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = FAST;";

static int to_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static int read_version(sqlite3 *db, int *ret)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(st);
		if (code == SQLITE_ROW) {
			*ret = sqlite3_column_int(st, 0);
			code = SQLITE_OK;
		}
	}
	sqlite3_finalize(st);
	return to_errno(code);
}

/* Looks at the whole file once: damage is better found now than at a ban. */
static int check_integrity(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL);
	int r = to_errno(code);

	if (r == 0) {
		code = sqlite3_step(st);
		if (code != SQLITE_ROW)
			r = to_errno(code);
		else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
			r = -EUCLEAN;
	}
	sqlite3_finalize(st);
	return r;
}

static int take_step(sqlite3 *db, size_t i)
{
	_cleanup_free_ char *sql = text_printf("BEGIN IMMEDIATE; %s PRAGMA user_version = %zu; COMMIT;", steps[i], i + 1);
	char *message = NULL;
	int code = sql ? sqlite3_exec(db, sql, NULL, NULL, &message) : SQLITE_NOMEM;

	if (code != SQLITE_OK) {
		log_error("Database: version %zu cannot be made: %s", i + 1, message ? message : "out of memory");
		sqlite3_free(message);
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return to_errno(code);
}

int schema_apply(sqlite3 *db)
{
	int version = 0, r;

	r = to_errno(sqlite3_exec(db, settings, NULL, NULL, NULL));
	if (r >= 0)
		r = read_version(db, &version);
	if (r >= 0)
		r = check_integrity(db);
	if (r >= 0 && (size_t)version > ELEMENTSOF(steps))
		r = -EPROTO;
	for (; r >= 0 && (size_t)version < ELEMENTSOF(steps); version++)
		r = take_step(db, (size_t)version);
	return r;
}
