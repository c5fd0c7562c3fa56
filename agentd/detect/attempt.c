/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/attempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/hash.h"

#define WAYS 4

struct attempt {
	uint64_t key; /* keyed hash of source and id; 0: free */
	usec_t last;
	uint8_t current; /* slot of the line noted last */
	struct {
		uint16_t pattern;
		uint16_t count;
		class_set classes;
	} slots[ATTEMPT_PATTERNS];
};

struct attempt_table {
	uint64_t mask; /* buckets - 1 */
	struct attempt *records; /* buckets of WAYS */
	struct changes changes;
};

int attempt_table_new(uint32_t max, struct attempt_table **ret)
{
	struct attempt_table *t = calloc(1, sizeof(*t));
	uint64_t buckets = 1;

	if (!t)
		return -ENOMEM;
	while (buckets * WAYS < max)
		buckets *= 2;
	t->mask = buckets - 1;
	/* Untouched pages of a large calloc() cost no memory. */
	t->records = calloc(buckets * WAYS, sizeof(*t->records));
	if (!t->records) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct attempt_table *attempt_table_free(struct attempt_table *t)
{
	if (t) {
		free(t->records);
		changes_done(&t->changes);
	}
	free(t);
	return NULL;
}

static uint64_t attempt_key(const struct event *e, const struct addr *source)
{
	const struct span *name = e->id.len ? &e->id : &e->user;
	uint8_t kind = e->id.len ? 'i' : 'u';
	uint64_t h = hash_lasting(0, source, sizeof(*source));

	h = hash_lasting(h, &kind, 1);
	if (name->len)
		h = hash_lasting(h, name->ptr, name->len);
	return h ? h : 1;
}

static struct attempt *attempt_find(struct attempt_table *t, uint64_t key, usec_t when)
{
	struct attempt *bucket = &t->records[(key & t->mask) * WAYS];
	struct attempt *oldest = bucket;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		struct attempt *a = &bucket[i];
		usec_t apart = when > a->last ? when - a->last : a->last - when;

		if (a->key == key && apart <= ATTEMPT_WINDOW)
			return a;
		if (a->key == key || a->last < oldest->last)
			oldest = a;
		if (a->key == key)
			break;
	}
	/* Who gives way is gone from the store, too. */
	if (oldest->key && oldest->key != key)
		changes_note(&t->changes, &oldest->key);
	*oldest = (struct attempt){ .key = key };
	return oldest;
}

const struct attempt *attempt_note(struct attempt_table *t, const struct event *e, const struct addr *source,
				   usec_t when)
{
	struct attempt *a = attempt_find(t, attempt_key(e, source), when);
	unsigned i, slot = 0;

	for (i = 0; i < ATTEMPT_PATTERNS; i++) {
		if (a->slots[i].count && a->slots[i].pattern == e->pattern_index) {
			slot = i;
			break;
		}
		if (a->slots[i].count < a->slots[slot].count)
			slot = i;
	}
	if (i == ATTEMPT_PATTERNS)
		a->slots[slot].count = 0;
	a->slots[slot].pattern = (uint16_t)e->pattern_index;
	a->slots[slot].classes = e->classes;
	if (a->slots[slot].count < UINT16_MAX)
		a->slots[slot].count++;
	a->current = (uint8_t)slot;
	if (when > a->last)
		a->last = when;
	changes_note(&t->changes, &a->key);
	return a;
}

bool attempt_is_new(const struct attempt *a, class_set classes)
{
	unsigned i;

	for (i = 0; i < ATTEMPT_PATTERNS; i++)
		if (i != a->current && (a->slots[i].classes & classes) &&
		    a->slots[i].count >= a->slots[a->current].count)
			return false;
	return true;
}

/* Keeping: key, latest moment, number of slots in use (0: gone); of each its place, pattern, count and classes. */

static void pack_attempt(struct pack *p, uint64_t key, const struct attempt *a)
{
	unsigned i, used = 0;

	for (i = 0; a && i < ATTEMPT_PATTERNS; i++)
		used += a->slots[i].count > 0;
	pack_number(p, key);
	pack_number(p, used);
	if (used == 0)
		return;
	pack_number(p, a->last);
	for (i = 0; i < ATTEMPT_PATTERNS; i++) {
		if (a->slots[i].count == 0)
			continue;
		pack_number(p, i);
		pack_number(p, a->slots[i].pattern);
		pack_number(p, a->slots[i].count);
		pack_number(p, a->slots[i].classes);
	}
}

static struct attempt *find_key(struct attempt_table *t, uint64_t key)
{
	struct attempt *bucket = &t->records[(key & t->mask) * WAYS];
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (bucket[i].key == key)
			return &bucket[i];
	return NULL;
}

static void keep_start(void *table)
{
	struct attempt_table *t = table;

	changes_start(&t->changes, sizeof(uint64_t), (t->mask + 1) * WAYS + KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct attempt_table *t = table;
	bool known = !t->changes.many;
	uint64_t last = 0;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++) {
		uint64_t key;

		memcpy(&key, changes_at(&t->changes, i), sizeof(key));
		/* The lines of one attempt mostly come together. */
		if (key != last)
			pack_attempt(p, key, find_key(t, key));
		last = key;
	}
	changes_clear(&t->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	struct attempt_table *t = table;

	for (; *at < (t->mask + 1) * WAYS && *at < until; ++*at) {
		if (p->len >= limit)
			return false;
		if (t->records[*at].key)
			pack_attempt(p, t->records[*at].key, &t->records[*at]);
	}
	return *at >= (t->mask + 1) * WAYS;
}

static bool restore_slots(struct attempt *a, uint64_t used, struct unpack *u)
{
	uint64_t i, slot, pattern, count, classes;

	for (i = 0; i < used; i++) {
		if (!unpack_below(u, ATTEMPT_PATTERNS, &slot) || !unpack_below(u, UINT16_MAX + 1, &pattern) ||
		    !unpack_below(u, UINT16_MAX + 1, &count) || !unpack_number(u, &classes))
			return false;
		a->slots[slot].pattern = (uint16_t)pattern;
		a->slots[slot].count = (uint16_t)count;
		a->slots[slot].classes = (class_set)classes;
	}
	return true;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct attempt_table *t = table;
	struct attempt *a;
	uint64_t key, used, last;

	while (u->at < u->end) {
		if (!unpack_number(u, &key) || key == 0 || !unpack_below(u, ATTEMPT_PATTERNS + 1, &used))
			return false;
		a = find_key(t, key);
		if (used == 0) {
			if (a)
				*a = (struct attempt){ 0 };
			continue;
		}
		if (!unpack_number(u, &last))
			return false;
		if (!a)
			a = attempt_find(t, key, last);
		*a = (struct attempt){ .key = key, .last = last };
		if (!restore_slots(a, used, u))
			return false;
	}
	return true;
}

const struct keep_ops attempt_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
