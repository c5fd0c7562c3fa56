/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of a database that an agent may be writing, by somebody who must not write. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/store_private.h"

/* While the agent commits, which takes moments. */
#define BUSY_MS 5000

static const char query[] = "SELECT address, start, end, count, rule, accounts, proven, observed FROM ban"
			    " WHERE start >= ?1 AND start < ?2 ORDER BY start, id";

static bool read_row(sqlite3_stmt *st, struct store_ban *b)
{
	const char *address = (const char *)sqlite3_column_text(st, 0);

	*b = (struct store_ban){
		.start = store_moment(sqlite3_column_int64(st, 1)),
		.end = store_moment(sqlite3_column_int64(st, 2)),
		.count = (uint32_t)sqlite3_column_int64(st, 3),
		.rule = (const char *)sqlite3_column_text(st, 4),
		.accounts = (const char *)sqlite3_column_text(st, 5),
		.proven = sqlite3_column_int(st, 6) != 0,
		.observed = sqlite3_column_int(st, 7) != 0,
	};
	return address && b->rule && addr_parse_bannable(address, strlen(address), &b->addr) == 0;
}

static int walk(sqlite3 *db, usec_t since, usec_t until,
		void (*fn)(void *userdata, const struct store_ban *b), void *userdata)
{
	sqlite3_stmt *st = NULL;
	struct store_ban b;
	int code = sqlite3_prepare_v2(db, query, -1, &st, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_int64(st, 1, store_integer(since));
		sqlite3_bind_int64(st, 2, store_integer(until));
		while ((code = sqlite3_step(st)) == SQLITE_ROW)
			if (read_row(st, &b))
				fn(userdata, &b);
	}
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? 0 : -EIO;
}

int store_review(const char *dir, usec_t since, usec_t until,
		 void (*fn)(void *userdata, const struct store_ban *b), void *userdata)
{
	_cleanup_free_ char *path = text_printf("%s/sipwarden.db", dir);
	sqlite3 *db = NULL;
	int r = 0;

	if (!path)
		return -ENOMEM;
	if (access(path, R_OK) < 0)
		return -errno;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		r = -EIO;
	sqlite3_busy_timeout(db, BUSY_MS);
	if (r == 0)
		r = walk(db, since, until, fn, userdata);
	sqlite3_close(db);
	return r;
}
