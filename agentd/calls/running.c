/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/hash.h"

struct list {
	struct running_call *first, *last;
	size_t count;
};

struct running {
	struct hash_table by_pair, by_id;
	struct list on, over;
	struct running_call **slots; /* CALLS_MAX */
	uint32_t *free;		     /* slots that are */
	size_t n_free;
	uint64_t serial;
	uint64_t forgotten;
	struct changes changes; /* slots */
};

static void list_append(struct list *l, struct running_call *rc)
{
	rc->next = NULL;
	rc->prev = l->last;
	if (l->last)
		l->last->next = rc;
	else
		l->first = rc;
	l->last = rc;
	l->count++;
}

static void list_remove(struct list *l, struct running_call *rc)
{
	if (rc->prev)
		rc->prev->next = rc->next;
	else
		l->first = rc->next;
	if (rc->next)
		rc->next->prev = rc->prev;
	else
		l->last = rc->prev;
	l->count--;
}

static struct list *list_of(struct running *r, const struct running_call *rc)
{
	return rc->call.end ? &r->over : &r->on;
}

static void forget(struct running *r, struct running_call *rc)
{
	size_t i;

	list_remove(list_of(r, rc), rc);
	hash_table_remove(&r->by_pair, &rc->by_pair);
	for (i = 0; i < RUNNING_IDS; i++)
		if (rc->ids[i].id)
			hash_table_remove(&r->by_id, &rc->ids[i].link);
	r->slots[rc->slot] = NULL;
	r->free[r->n_free++] = rc->slot;
	free(rc);
}

int running_new(struct running **ret)
{
	struct running *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->slots = calloc(CALLS_MAX, sizeof(struct running_call *));
	r->free = calloc(CALLS_MAX, sizeof(*r->free));
	if (!r->slots || !r->free || hash_table_init(&r->by_pair) < 0 || hash_table_init(&r->by_id) < 0) {
		running_free(r);
		return -ENOMEM;
	}
	while (r->n_free < CALLS_MAX) {
		r->free[r->n_free] = CALLS_MAX - 1 - (uint32_t)r->n_free;
		r->n_free++;
	}
	*ret = r;
	return 0;
}

struct running *running_free(struct running *r)
{
	if (!r)
		return NULL;
	while (r->on.first)
		forget(r, r->on.first);
	while (r->over.first)
		forget(r, r->over.first);
	hash_table_done(&r->by_pair);
	hash_table_done(&r->by_id);
	changes_done(&r->changes);
	free(r->slots);
	free(r->free);
	free(r);
	return NULL;
}

static struct running_call *find_id(const struct running *r, uint64_t id)
{
	struct hash_link *link = id ? hash_table_first(&r->by_id, id) : NULL;

	return link ? container_of(link, struct running_id, link)->call : NULL;
}

static usec_t apart(usec_t a, usec_t b)
{
	return a > b ? a - b : b - a;
}

struct running_call *running_find(struct running *r, uint64_t pair, uint64_t id, usec_t start, bool recorded)
{
	struct running_call *rc = find_id(r, id), *best = NULL;
	struct hash_link *link;

	if (rc || !pair)
		return rc;
	/* The first of those that fit: who calls one number often has its records in the order of the calls. */
	for (link = hash_table_first(&r->by_pair, pair); link; link = hash_table_next(link, pair)) {
		rc = container_of(link, struct running_call, by_pair);
		if ((recorded ? rc->recorded : rc->attempted) || apart(rc->call.start, start) > JOIN_SPAN)
			continue;
		if (!best || rc->serial < best->serial)
			best = rc;
	}
	return best;
}

void running_name(struct running *r, struct running_call *rc, uint64_t id)
{
	size_t i;

	for (i = 0; id && i < RUNNING_IDS; i++) {
		if (rc->ids[i].id == id)
			return;
		if (rc->ids[i].id)
			continue;
		rc->ids[i].id = id;
		rc->ids[i].call = rc;
		hash_table_add(&r->by_id, &rc->ids[i].link, id);
		return;
	}
}

static struct running_call *insert(struct running *r, const struct running_call *from)
{
	struct running_call *rc = malloc(sizeof(*rc));
	size_t i;

	if (!rc)
		return NULL;
	if (r->n_free == 0) {
		forget(r, r->over.first ? r->over.first : r->on.first);
		r->forgotten++;
	}
	*rc = *from;
	rc->slot = r->free[--r->n_free];
	r->slots[rc->slot] = rc;
	list_append(list_of(r, rc), rc);
	hash_table_add(&r->by_pair, &rc->by_pair, rc->pair);
	memset(rc->ids, 0, sizeof(rc->ids));
	for (i = 0; i < RUNNING_IDS; i++)
		running_name(r, rc, from->ids[i].id);
	changes_note(&r->changes, &rc->slot);
	return rc;
}

struct running_call *running_add(struct running *r, const struct call *call, uint64_t pair, uint64_t id, bool recorded)
{
	const struct running_call rc = { .call = *call,
					 .pair = pair,
					 .ids = { { .id = id } },
					 .serial = ++r->serial,
					 .attempted = !recorded,
					 .recorded = recorded };

	return insert(r, &rc);
}

void running_update(struct running *r, struct running_call *rc, usec_t end)
{
	if (end && !rc->call.end) {
		list_remove(&r->on, rc);
		rc->call.end = end;
		list_append(&r->over, rc);
	}
	changes_note(&r->changes, &rc->slot);
}

size_t running_expire(struct running *r, usec_t now)
{
	size_t n = 0;

	while (r->over.first && r->over.first->call.end + OVER_FOR < now)
		forget(r, r->over.first);
	for (; r->on.first && r->on.first->call.start + CALL_LONGEST < now; n++)
		forget(r, r->on.first);
	return n;
}

struct running_call *running_first(const struct running *r, bool over)
{
	return over ? r->over.first : r->on.first;
}

size_t running_count(const struct running *r)
{
	return r->on.count;
}

uint64_t running_forgotten(const struct running *r)
{
	return r->forgotten;
}

/* To the store and back: all of a call each time. One that is gone is not told: its time is over by then. */

static void pack_call(const struct running_call *rc, struct pack *p)
{
	const struct call *c = &rc->call;

	pack_number(p, rc->serial);
	pack_number(p, rc->pair);
	pack_number(p, rc->ids[0].id);
	pack_number(p, rc->ids[1].id);
	pack_number(p, (unsigned)rc->attempted | (unsigned)rc->recorded << 1 | (unsigned)c->proven << 2 |
			       (unsigned)c->by_login << 3 | (unsigned)c->number.abroad << 4 |
			       (unsigned)c->number.risky << 5 | (unsigned)c->number.odd << 6);
	pack_number(p, c->start);
	pack_number(p, c->end);
	pack_number(p, c->account_hash);
	pack_addr(p, &c->source);
	pack_number(p, c->number.kind);
	pack_bytes(p, c->account, sizeof(c->account));
	pack_bytes(p, c->number.digits, sizeof(c->number.digits));
	pack_bytes(p, c->number.code, sizeof(c->number.code));
	pack_bytes(p, c->number.country, sizeof(c->number.country));
}

/* Texts of the store are texts, whatever it holds. */
static bool unpack_chars(struct unpack *u, char *to, size_t size)
{
	if (!unpack_bytes(u, to, size))
		return false;
	to[size - 1] = '\0';
	return true;
}

static bool unpack_call(struct unpack *u, struct running_call *rc)
{
	struct call *c = &rc->call;
	uint64_t flags, kind;

	*rc = (struct running_call){ .serial = 0 };
	if (!unpack_number(u, &rc->serial) || !unpack_number(u, &rc->pair) || !unpack_number(u, &rc->ids[0].id) ||
	    !unpack_number(u, &rc->ids[1].id) ||
	    !unpack_below(u, 128, &flags) || !unpack_number(u, &c->start) || !unpack_number(u, &c->end) ||
	    !unpack_number(u, &c->account_hash) || !unpack_addr(u, &c->source) || !unpack_below(u, NUMBER_KINDS, &kind) ||
	    !unpack_chars(u, c->account, sizeof(c->account)) ||
	    !unpack_chars(u, c->number.digits, sizeof(c->number.digits)) ||
	    !unpack_chars(u, c->number.code, sizeof(c->number.code)) ||
	    !unpack_chars(u, c->number.country, sizeof(c->number.country)))
		return false;
	rc->attempted = flags & 1;
	rc->recorded = flags & 2;
	c->proven = flags & 4;
	c->by_login = flags & 8;
	c->number.abroad = flags & 16;
	c->number.risky = flags & 32;
	c->number.odd = flags & 64;
	c->number.kind = (enum number_kind)kind;
	c->number.range = number_kind_name(c->number.kind);
	return true;
}

static void keep_start(void *table)
{
	struct running *r = table;

	changes_start(&r->changes, sizeof(uint32_t), KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct running *r = table;
	bool known = !r->changes.many;
	uint32_t slot;
	size_t i;

	for (i = 0; known && i < r->changes.count; i++) {
		memcpy(&slot, changes_at(&r->changes, i), sizeof(slot));
		if (r->slots[slot])
			pack_call(r->slots[slot], p);
	}
	changes_clear(&r->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	const struct running *r = table;

	for (; *at < CALLS_MAX && *at < until && p->len < limit; (*at)++)
		if (r->slots[*at])
			pack_call(r->slots[*at], p);
	return *at >= CALLS_MAX;
}

static struct running_call *find_serial(const struct running *r, const struct running_call *like)
{
	struct hash_link *link;

	for (link = hash_table_first(&r->by_pair, like->pair); link; link = hash_table_next(link, like->pair)) {
		struct running_call *rc = container_of(link, struct running_call, by_pair);

		if (rc->serial == like->serial)
			return rc;
	}
	return NULL;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct running *r = table;
	struct running_call rc, *before;

	while (u->at < u->end) {
		if (!unpack_call(u, &rc))
			return false;
		before = find_serial(r, &rc);
		if (before)
			forget(r, before);
		if (!insert(r, &rc))
			return false;
		if (rc.serial > r->serial)
			r->serial = rc.serial;
	}
	return true;
}

const struct keep_ops running_keep = {
	.start = keep_start,
	.changed = keep_changed,
	.sweep = keep_sweep,
	.restore = keep_restore,
};
