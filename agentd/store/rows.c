/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_private.h"

/* Moments beyond what SQLite's 64-bit integers hold are "until lifted". */
static struct queue_value integer(uint64_t n)
{
	return (struct queue_value){ .type = VALUE_INTEGER, .integer = n > INT64_MAX ? INT64_MAX : (int64_t)n };
}

static struct queue_value text(const char *s)
{
	if (!s)
		return (struct queue_value){ .type = VALUE_NULL };
	return (struct queue_value){ .type = VALUE_TEXT, .data = s, .len = strlen(s) };
}

static int put(struct store *s, enum statement which, const struct queue_value *values, unsigned n)
{
	int r = queue_add(&s->queue, which, values, n);

	s->dropped += r < 0;
	return r;
}

/* Positions */

struct store_position *store_find_position(const struct store *s, const char *key)
{
	uint64_t hash = hash_bytes(key, strlen(key));
	struct hash_link *l;

	for (l = hash_table_first(&s->positions, hash); l; l = hash_table_next(l, hash)) {
		struct store_position *p = container_of(l, struct store_position, link);

		if (strcmp(p->key, key) == 0)
			return p;
	}
	return NULL;
}

static struct store_position *add_position(struct store *s, const char *key)
{
	struct store_position *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->key = strdup(key);
	if (!p->key) {
		free(p);
		return NULL;
	}
	hash_table_add(&s->positions, &p->link, hash_bytes(key, strlen(key)));
	return p;
}

int store_position_put(struct store *s, const char *key, const char *value)
{
	struct store_position *p = store_find_position(s, key);
	char *copy = strdup(value);

	if (copy && !p)
		p = add_position(s, key);
	if (!p || !copy) {
		free(copy);
		return -ENOMEM;
	}
	free(p->value);
	p->value = copy;
	p->changed = true;
	return 0;
}

/* Bans */

int store_ban_put(struct store *s, struct store_ban *b)
{
	char address[ADDR_TEXT_MAX];
	const struct queue_value old[] = { text(addr_format(&b->addr, address)), integer(b->start) };
	const struct queue_value new[] = {
		integer((uint64_t)s->next_ban),
		text(address),
		integer(b->start),
		integer(b->end),
		integer(b->count),
		integer(b->step),
		text(b->rule),
		text(b->reason),
		/* Bytes as the gateway wrote them: a blob, not text. */
		{ .type = b->evidence ? VALUE_BLOB : VALUE_NULL, .data = b->evidence, .len = b->evidence ? b->evidence_len : 0 },
		text(b->accounts),
		integer(b->proven),
		integer(b->observed),
	};
	int r = put(s, ST_BAN_END_OLD, old, ELEMENTSOF(old));

	b->id = 0;
	if (r >= 0)
		r = put(s, ST_BAN_PUT, new, ELEMENTSOF(new));
	if (r >= 0)
		b->id = s->next_ban++;
	return r;
}

int store_ban_lift(struct store *s, int64_t id, usec_t when, const char *who)
{
	const struct queue_value values[] = { integer((uint64_t)id), integer(when), text(who) };

	return put(s, ST_BAN_LIFT, values, ELEMENTSOF(values));
}

/* Exemptions */

int store_exempt_put(struct store *s, const struct addr *addr, const char *reason)
{
	char address[ADDR_TEXT_MAX];
	const struct queue_value values[] = { text(addr_format(addr, address)), text(reason) };

	return put(s, ST_EXEMPT_PUT, values, ELEMENTSOF(values));
}

int store_exempt_remove(struct store *s, const struct addr *addr)
{
	char address[ADDR_TEXT_MAX];
	const struct queue_value values[] = { text(addr_format(addr, address)) };
	sqlite3_stmt *st;
	bool found;

	if (store_gather(s) >= 0) {
		st = store_statement(s, ST_EXEMPT_FIND);
		sqlite3_bind_text(st, 1, address, -1, SQLITE_STATIC);
		found = sqlite3_step(st) == SQLITE_ROW;
		sqlite3_reset(st);
		if (!found)
			return -ENOENT;
	}
	return put(s, ST_EXEMPT_REMOVE, values, ELEMENTSOF(values));
}

/* Facts about the agent, and friends of earlier versions */

int store_meta_put(struct store *s, const char *key, const char *value)
{
	const struct queue_value values[] = { text(key), text(value) };

	return put(s, value ? ST_META_PUT : ST_META_REMOVE, values, value ? 2 : 1);
}

int store_friends_drop(struct store *s)
{
	return put(s, ST_FRIENDS_DROP, NULL, 0);
}
