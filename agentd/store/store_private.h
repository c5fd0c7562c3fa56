/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_STORE_PRIVATE_H
#define SIPWARDEN_STORE_PRIVATE_H

#include <sqlite3.h>

#include "base/hash.h"
#include "base/log.h"
#include "store/queue.h"
#include "store/store.h"

/* Between store.c (the database and its transactions), rows.c (what is written)
 * and read.c (what is asked for). */

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_POSITION_PUT,
	ST_POSITION_GET,
	ST_BAN_END_OLD,
	ST_BAN_PUT,
	ST_BAN_LIFT,
	ST_BAN_LAST,
	ST_BANS,
	ST_HISTORY,
	ST_HISTORY_COUNT,
	ST_EXEMPT_PUT,
	ST_EXEMPT_REMOVE,
	ST_EXEMPT_FIND,
	ST_EXEMPTS,
	ST_FRIENDS,
	ST_FRIENDS_DROP,
	ST_META_PUT,
	ST_META_REMOVE,
	ST_META_GET,
	ST_KEPT_PUT,
	ST_KEPT_DROP,
	ST_KEPT_LAST,
	ST_KEPT,
	ST_COUNT
};

/* The latest position of an input. */
struct store_position {
	struct hash_link link;
	char *key, *value;
	bool changed; /* since the last commit */
};

struct store {
	char *path;
	bool in_memory; /* it was asked for */
	sqlite3 *db;
	sqlite3_stmt *statements[ST_COUNT];
	bool open; /* a transaction is */
	bool borrowed;  /* db is only to be read, or in memory, because it cannot be opened for writing */
	bool stands_in; /* db knows nothing of what was stored */
	struct queue queue;
	struct hash_table positions;
	int64_t next_ban, next_kept;
	int64_t pieces; /* of what is kept, in the open transaction */
	int error;	    /* of the last attempt to write; 0: all is well */
	usec_t failing, retry; /* CLOCK_REALTIME: since when; CLOCK_MONOTONIC: not tried again before */
	usec_t told, looked; /* CLOCK_MONOTONIC: of the error; whether the file is still there */
	uint64_t dropped;   /* what could not wait any longer */
	uint64_t errors;
	usec_t committed;   /* CLOCK_REALTIME, last */
	bool renewed;	    /* store_is_new() */
	char error_text[160];
};

/* The statement, ready to be bound. */
sqlite3_stmt *store_statement(struct store *s, enum statement which);
/* Notes that something failed, and says so. Returns the negative errno. */
int store_failed(struct store *s, const char *what);
/* Brings into the transaction what waits, so that it can be read. Tries in vain no more often than commits do. */
int store_gather(struct store *s);
struct store_position *store_find_position(const struct store *s, const char *key);

/* Moments as columns have them; USEC_INFINITY is the largest integer. */
static inline usec_t store_moment(sqlite3_int64 n)
{
	return n == INT64_MAX ? USEC_INFINITY : (usec_t)n;
}

static inline sqlite3_int64 store_integer(usec_t t)
{
	return t > INT64_MAX ? INT64_MAX : (sqlite3_int64)t;
}

#endif
