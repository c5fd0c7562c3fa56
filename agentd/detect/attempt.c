/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/attempt.h"

#include <errno.h>
#include <stdlib.h>

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
	if (t)
		free(t->records);
	free(t);
	return NULL;
}

static uint64_t attempt_key(const struct event *e, const struct addr *source)
{
	const struct span *name = e->id.len ? &e->id : &e->user;
	uint8_t kind = e->id.len ? 'i' : 'u';
	uint64_t h = hash_bytes(source, sizeof(*source));

	h = hash_mix(h, &kind, 1);
	if (name->len)
		h = hash_mix(h, name->ptr, name->len);
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
