/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/cleanup.h"

#define WAYS 8
/* What nobody touches any more gives way as much later at most, whatever it was. */
#define CREDIT_MAX (90 * 86400 * USEC_PER_SEC)

struct ledger {
	size_t buckets, buckets_max; /* powers of two */
	size_t count;
	uint64_t forgotten;
	struct fact *facts;
	struct changes changes;
};

int ledger_new(uint32_t max, struct ledger **ret)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->buckets = l->buckets_max = 1;
	while (l->buckets_max * WAYS * 2 <= max)
		l->buckets_max *= 2;
	l->facts = calloc(WAYS, sizeof(*l->facts));
	if (!l->facts) {
		free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

struct ledger *ledger_free(struct ledger *l)
{
	if (l) {
		free(l->facts);
		changes_done(&l->changes);
	}
	free(l);
	return NULL;
}

static struct fact *bucket_of(struct fact *facts, size_t buckets, uint64_t key)
{
	return facts + (key & (buckets - 1)) * WAYS;
}

const struct fact *ledger_find(const struct ledger *l, uint64_t key)
{
	const struct fact *f = bucket_of(l->facts, l->buckets, key);
	size_t i;

	for (i = 0; key && i < WAYS; i++)
		if (f[i].key == key)
			return &f[i];
	return NULL;
}

/* A free place in the bucket, or NULL. */
static struct fact *free_place(struct fact *bucket)
{
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (bucket[i].key == 0)
			return &bucket[i];
	return NULL;
}

/* Twice as many buckets: what was in one is in two, so that there is room for all. */
static bool grow(struct ledger *l)
{
	struct fact *facts;
	size_t i;

	if (l->buckets == l->buckets_max)
		return false;
	facts = calloc(2 * l->buckets * WAYS, sizeof(*facts));
	if (!facts)
		return false;
	for (i = 0; i < l->buckets * WAYS; i++)
		if (l->facts[i].key)
			*free_place(bucket_of(facts, 2 * l->buckets, l->facts[i].key)) = l->facts[i];
	free(l->facts);
	l->facts = facts;
	l->buckets *= 2;
	return true;
}

/*
 * Strangers, as accounts that somebody makes up, are known for no time, however many
 * they are: they give way to each other, and not what was there for long.
 */
static usec_t worth(const struct fact *f)
{
	const usec_t known_for = f->last - f->first;

	return f->last + (known_for < CREDIT_MAX ? known_for : CREDIT_MAX);
}

static struct fact *least_worth(struct fact *bucket)
{
	struct fact *least = bucket;
	size_t i;

	for (i = 1; i < WAYS; i++)
		if (worth(&bucket[i]) < worth(least))
			least = &bucket[i];
	return least;
}

/* A place for a key that is not there. */
static struct fact *take_place(struct ledger *l, uint64_t key)
{
	struct fact *place = free_place(bucket_of(l->facts, l->buckets, key));

	while (!place && grow(l))
		place = free_place(bucket_of(l->facts, l->buckets, key));
	if (!place) {
		place = least_worth(bucket_of(l->facts, l->buckets, key));
		/* What is stored of it ends with the next round. */
		l->forgotten++;
		l->count--;
	}
	l->count++;
	return place;
}

struct fact *ledger_put(struct ledger *l, uint64_t key, usec_t when, bool *fresh)
{
	struct fact *f = (struct fact *)ledger_find(l, key);

	*fresh = !f;
	if (key == 0)
		return NULL;
	if (!f) {
		f = take_place(l, key);
		*f = (struct fact){ .key = key, .first = when, .last = when };
	}
	if (when > f->last)
		f->last = when;
	changes_note(&l->changes, &key);
	return f;
}

size_t ledger_count(const struct ledger *l)
{
	return l->count;
}

uint64_t ledger_forgotten(const struct ledger *l)
{
	return l->forgotten;
}

/* To the store and back */

static void pack_fact(const struct fact *f, struct pack *p)
{
	size_t i;

	pack_number(p, f->key);
	pack_number(p, f->first);
	pack_number(p, f->last - f->first);
	for (i = 0; i < ELEMENTSOF(f->n); i++)
		pack_number(p, f->n[i]);
}

static void keep_start(void *table)
{
	struct ledger *l = table;

	changes_start(&l->changes, sizeof(uint64_t), KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct ledger *l = table;
	bool known = !l->changes.many;
	size_t i;

	for (i = 0; known && i < l->changes.count; i++) {
		const struct fact *f = ledger_find(l, *(const uint64_t *)changes_at(&l->changes, i));

		if (f)
			pack_fact(f, p);
	}
	changes_clear(&l->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	const struct ledger *l = table;
	const size_t end = l->buckets * WAYS;

	for (; *at < end && *at < until && p->len < limit; (*at)++)
		if (l->facts[*at].key)
			pack_fact(&l->facts[*at], p);
	return *at >= end;
}

static bool restore_fact(struct ledger *l, struct unpack *u)
{
	struct fact f = { 0 }, *place;
	uint64_t since;
	bool fresh;
	size_t i;

	if (!unpack_number(u, &f.key) || !unpack_number(u, &f.first) || !unpack_number(u, &since))
		return false;
	for (i = 0; i < ELEMENTSOF(f.n); i++)
		if (!unpack_number(u, &f.n[i]))
			return false;
	f.last = f.first + since;
	place = f.last >= f.first ? ledger_put(l, f.key, f.last, &fresh) : NULL;
	if (!place)
		return false;
	*place = f;
	return true;
}

static bool keep_restore(void *table, struct unpack *u)
{
	while (u->at < u->end)
		if (!restore_fact(table, u))
			return false;
	return true;
}

const struct keep_ops ledger_keep = {
	.start = keep_start,
	.changed = keep_changed,
	.sweep = keep_sweep,
	.restore = keep_restore,
};
