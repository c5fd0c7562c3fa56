/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/attempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/hash.h"

#define WAYS 4

struct attempt {
	uint8_t current; /* slot of the line noted last */
	struct {
		uint16_t pattern;
		uint16_t count;
		class_set classes;
	} slots[ATTEMPT_PATTERNS];
};

/* What is looked at to find one, side by side: that takes one line of a processor's cache. */
struct bucket {
	uint64_t keys[WAYS]; /* keyed hash of source and id; 0: free */
	usec_t last[WAYS];
};

struct attempt_table {
	uint64_t mask; /* buckets - 1 */
	struct bucket *buckets;
	struct attempt *records; /* WAYS to a bucket */
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
	t->buckets = calloc(buckets, sizeof(*t->buckets));
	t->records = calloc(buckets * WAYS, sizeof(*t->records));
	if (!t->buckets || !t->records) {
		attempt_table_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct attempt_table *attempt_table_free(struct attempt_table *t)
{
	if (t) {
		free(t->buckets);
		free(t->records);
		changes_done(&t->changes);
	}
	free(t);
	return NULL;
}

uint64_t attempt_key(const struct event *e, const struct addr *source)
{
	const struct span *name = e->id.len ? &e->id : &e->user;
	uint8_t kind = e->id.len ? 'i' : 'u';
	uint64_t h = hash_lasting(0, source, sizeof(*source));

	h = hash_lasting(h, &kind, 1);
	if (name->len)
		h = hash_lasting(h, name->ptr, name->len);
	return h ? h : 1;
}

/* The place of key: its own, or that of the oldest in its bucket, which it gets then. */
static size_t attempt_find(struct attempt_table *t, uint64_t key, usec_t when)
{
	const size_t at = key & t->mask;
	struct bucket *b = &t->buckets[at];
	unsigned i, oldest = 0;

	for (i = 0; i < WAYS; i++) {
		usec_t apart = when > b->last[i] ? when - b->last[i] : b->last[i] - when;

		if (b->keys[i] == key && apart <= ATTEMPT_WINDOW)
			return at * WAYS + i;
		if (b->keys[i] == key || b->last[i] < b->last[oldest])
			oldest = i;
		if (b->keys[i] == key)
			break;
	}
	/* Who gives way is gone from the store, too. */
	if (b->keys[oldest] && b->keys[oldest] != key)
		changes_note(&t->changes, &b->keys[oldest]);
	b->keys[oldest] = key;
	b->last[oldest] = 0;
	t->records[at * WAYS + oldest] = (struct attempt){ 0 };
	return at * WAYS + oldest;
}

static uint64_t *key_at(const struct attempt_table *t, size_t at)
{
	return &t->buckets[at / WAYS].keys[at % WAYS];
}

static usec_t *last_at(const struct attempt_table *t, size_t at)
{
	return &t->buckets[at / WAYS].last[at % WAYS];
}

void attempt_fetch(const struct attempt_table *t, uint64_t key)
{
	const struct bucket *b = &t->buckets[key & t->mask];

	/* Not at the start of a line, perhaps. */
	__builtin_prefetch(b, 1);
	__builtin_prefetch((const char *)(b + 1) - 1, 1);
}

const struct attempt *attempt_note(struct attempt_table *t, uint64_t key, const struct event *e, usec_t when)
{
	const size_t at = attempt_find(t, key, when);
	struct attempt *a = &t->records[at];
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
	if (when > *last_at(t, at))
		*last_at(t, at) = when;
	changes_note(&t->changes, key_at(t, at));
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

static void pack_attempt(struct pack *p, uint64_t key, usec_t last, const struct attempt *a)
{
	unsigned i, used = 0;

	for (i = 0; a && i < ATTEMPT_PATTERNS; i++)
		used += a->slots[i].count > 0;
	pack_number(p, key);
	pack_number(p, used);
	if (used == 0)
		return;
	pack_number(p, last);
	for (i = 0; i < ATTEMPT_PATTERNS; i++) {
		if (a->slots[i].count == 0)
			continue;
		pack_number(p, i);
		pack_number(p, a->slots[i].pattern);
		pack_number(p, a->slots[i].count);
		pack_number(p, a->slots[i].classes);
	}
}

/* Where key is; NOWHERE if it is not. */
#define NOWHERE SIZE_MAX

static size_t find_key(const struct attempt_table *t, uint64_t key)
{
	const size_t at = key & t->mask;
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (t->buckets[at].keys[i] == key)
			return at * WAYS + i;
	return NOWHERE;
}

static void pack_key(struct pack *p, const struct attempt_table *t, uint64_t key)
{
	const size_t at = find_key(t, key);

	if (at == NOWHERE)
		pack_attempt(p, key, 0, NULL);
	else
		pack_attempt(p, key, *last_at(t, at), &t->records[at]);
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
			pack_key(p, t, key);
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
		if (*key_at(t, *at))
			pack_attempt(p, *key_at(t, *at), *last_at(t, *at), &t->records[*at]);
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
	uint64_t key, used, last;
	size_t at;

	while (u->at < u->end) {
		if (!unpack_number(u, &key) || key == 0 || !unpack_below(u, ATTEMPT_PATTERNS + 1, &used))
			return false;
		at = find_key(t, key);
		if (used == 0) {
			if (at != NOWHERE)
				*key_at(t, at) = *last_at(t, at) = 0;
			continue;
		}
		if (!unpack_number(u, &last))
			return false;
		if (at == NOWHERE)
			at = attempt_find(t, key, last);
		*last_at(t, at) = last;
		t->records[at] = (struct attempt){ 0 };
		if (!restore_slots(&t->records[at], used, u))
			return false;
	}
	return true;
}

const struct keep_ops attempt_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
