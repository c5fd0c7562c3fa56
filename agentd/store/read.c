/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_private.h"

/* Columns of a ban, before those of its history. */
#define BAN_N_COLUMNS 12
/* Of ST_BAN_PUT, from 0 on. */
enum { BAN_PUT_ADDRESS = 1, BAN_PUT_START = 2, BAN_PUT_RULE = 6, BAN_PUT_PROVEN = 10, BAN_PUT_OBSERVED = 11 };

static const char *column_text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

static bool column_addr(sqlite3_stmt *st, int column, struct addr *ret)
{
	const char *address = column_text(st, column);

	return address && addr_parse_prefix(address, strlen(address), true, ret) == 0;
}

static int end_reading(struct store *s, sqlite3_stmt *st, int code, const char *what)
{
	int r = code == SQLITE_DONE ? 0 : store_failed(s, what);

	sqlite3_reset(st);
	return r;
}

static char *get_value(struct store *s, enum statement which, const char *key)
{
	sqlite3_stmt *st = store_statement(s, which);
	char *value = NULL;

	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW && column_text(st, 0))
		value = strdup(column_text(st, 0));
	sqlite3_reset(st);
	return value;
}

char *store_position_get(struct store *s, const char *key)
{
	const struct store_position *p = store_find_position(s, key);

	return p ? strdup(p->value) : get_value(s, ST_POSITION_GET, key);
}

char *store_meta_get(struct store *s, const char *key)
{
	store_gather(s);
	return get_value(s, ST_META_GET, key);
}

/* Bans */

/* The row as a ban; its strings are the statement's. False: its address makes no sense. */
static bool read_ban(sqlite3_stmt *st, struct store_ban *b)
{
	const char *address = column_text(st, 1);

	*b = (struct store_ban){
		.id = sqlite3_column_int64(st, 0),
		.start = store_moment(sqlite3_column_int64(st, 2)),
		.end = store_moment(sqlite3_column_int64(st, 3)),
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

int store_bans_each(struct store *s, usec_t since, void (*fn)(void *userdata, const struct store_ban *b),
		    void *userdata)
{
	sqlite3_stmt *st;
	struct store_ban b;
	int code;

	store_gather(s);
	st = store_statement(s, ST_BANS);
	sqlite3_bind_int64(st, 1, store_integer(since));
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		if (read_ban(st, &b))
			fn(userdata, &b);
	return end_reading(s, st, code, "bans cannot be read");
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
	sqlite3_stmt *st;
	struct store_past p;
	int code;

	if (!addresses)
		return -ENOMEM;
	store_gather(s);
	st = store_statement(s, ST_HISTORY);
	sqlite3_bind_text(st, 1, addresses, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, max);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		if (!read_ban(st, &p.ban))
			continue;
		p.lifted = (usec_t)sqlite3_column_int64(st, BAN_N_COLUMNS);
		p.lifted_by = column_text(st, BAN_N_COLUMNS + 1);
		fn(userdata, &p);
	}
	return end_reading(s, st, code, "the history cannot be read");
}

static bool is_text(const struct queue_value *v, const char *text)
{
	return v->type == VALUE_TEXT && v->len == strlen(text) && memcmp(v->data, text, v->len) == 0;
}

/* As ST_HISTORY_COUNT, of what cannot be written at the moment. */
static int count_waiting(const struct store *s, const char *address, usec_t since)
{
	const struct queue_item *item;
	int n = 0;

	for (item = s->queue.next; item; item = item->next) {
		const struct queue_value *v = item->values;

		n += item->statement == ST_BAN_PUT && is_text(&v[BAN_PUT_ADDRESS], address) &&
		     v[BAN_PUT_START].integer >= store_integer(since) && !is_text(&v[BAN_PUT_RULE], "manual") &&
		     v[BAN_PUT_PROVEN].integer && !v[BAN_PUT_OBSERVED].integer;
	}
	return n;
}

int store_history_count(struct store *s, const struct addr *addr, usec_t since)
{
	char address[ADDR_TEXT_MAX];
	sqlite3_stmt *st;
	int n;

	addr_format(addr, address);
	store_gather(s);
	st = store_statement(s, ST_HISTORY_COUNT);
	sqlite3_bind_text(st, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, store_integer(since));
	n = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int(st, 0) : store_failed(s, "the history cannot be counted");
	sqlite3_reset(st);
	return n < 0 ? n : n + count_waiting(s, address, since);
}

/* Exemptions */

int store_exempt_each(struct store *s, void (*fn)(void *userdata, const struct addr *addr, const char *reason),
		      void *userdata)
{
	sqlite3_stmt *st;
	struct addr a;
	int code;

	store_gather(s);
	st = store_statement(s, ST_EXEMPTS);
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		if (column_addr(st, 0, &a))
			fn(userdata, &a, column_text(st, 1));
	return end_reading(s, st, code, "exemptions cannot be read");
}

/* Friends, and what else is kept */

int store_friends_each(struct store *s, void (*fn)(void *userdata, const struct store_friend *f), void *userdata)
{
	sqlite3_stmt *st = store_statement(s, ST_FRIENDS);
	int code;

	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_friend f = {
			.first = store_moment(sqlite3_column_int64(st, 1)),
			.last = store_moment(sqlite3_column_int64(st, 2)),
			.successes = (uint32_t)sqlite3_column_int64(st, 3),
			.accounts = (uint32_t)sqlite3_column_int64(st, 4),
		};

		if (column_addr(st, 0, &f.addr))
			fn(userdata, &f);
	}
	return end_reading(s, st, code, "friends cannot be read");
}

int store_kept_each(struct store *s, void (*fn)(void *userdata, const void *data, size_t len), void *userdata)
{
	sqlite3_stmt *st = store_statement(s, ST_KEPT);
	int code;

	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		fn(userdata, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	return end_reading(s, st, code, "counts cannot be read");
}
