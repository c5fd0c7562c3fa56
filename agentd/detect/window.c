/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/hash.h"

#define WAYS 8
/* A table grows with its offenders; most rules have none, most of the time. */
#define BUCKETS_START 1

struct offender {
	usec_t last; /* latest attempt */
	struct addr key; /* family 0: free */
	bool changed; /* since it was stored */
	uint16_t count;
	uint32_t times[]; /* milliseconds, ascending, all within the window before last */
};

struct window_table {
	unsigned threshold;
	usec_t window;
	size_t stride; /* bytes of an offender with its times */
	size_t buckets, buckets_max;
	size_t offenders;
	uint64_t forgotten;
	char *memory;
	struct changes changes;
};

static uint32_t msec_of(usec_t when)
{
	return (uint32_t)(when / USEC_PER_MSEC);
}

static struct offender *way(const struct window_table *t, char *memory, size_t bucket, unsigned i)
{
	return (struct offender *)(void *)(memory + (bucket * WAYS + i) * t->stride);
}

int window_table_new(unsigned threshold, usec_t window, uint32_t max_offenders, struct window_table **ret)
{
	struct window_table *t;
	size_t size, most;

	if (threshold < 1 || threshold > UINT16_MAX || window < 1 || window > WINDOW_MAX)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->threshold = threshold;
	t->window = window;
	size = sizeof(struct offender) + threshold * sizeof(uint32_t);
	t->stride = (size + _Alignof(struct offender) - 1) / _Alignof(struct offender) * _Alignof(struct offender);
	most = WINDOW_TABLE_BYTES / t->stride;
	if (most > max_offenders)
		most = max_offenders;
	t->buckets_max = 1;
	while (t->buckets_max * WAYS * 2 <= most)
		t->buckets_max *= 2;
	t->buckets = t->buckets_max < BUCKETS_START ? t->buckets_max : BUCKETS_START;
	t->memory = calloc(t->buckets * WAYS, t->stride);
	if (!t->memory) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct window_table *window_table_free(struct window_table *t)
{
	if (t) {
		free(t->memory);
		changes_done(&t->changes);
	}
	free(t);
	return NULL;
}

static void note_change(struct window_table *t, struct offender *o)
{
	if (o->changed || t->changes.width == 0)
		return;
	o->changed = true;
	changes_note(&t->changes, &o->key);
}

/* Drops moments that lie more than a window before until. */
static void offender_prune(const struct window_table *t, struct offender *o, usec_t until)
{
	uint32_t now = msec_of(until), window = (uint32_t)(t->window / USEC_PER_MSEC);
	unsigned n = 0;

	if (until > o->last && until - o->last > t->window) {
		o->count = 0;
		return;
	}
	while (n < o->count && (int32_t)(now - o->times[n]) > (int32_t)window)
		n++;
	o->count = (uint16_t)(o->count - n);
	memmove(o->times, o->times + n, o->count * sizeof(o->times[0]));
}

static struct offender *offender_find(const struct window_table *t, const struct addr *key)
{
	size_t bucket = hash_bytes(key, sizeof(*key)) & (t->buckets - 1);
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		struct offender *o = way(t, t->memory, bucket, i);

		if (addr_equal(&o->key, key))
			return o;
	}
	return NULL;
}

/* Is a the one to be forgotten rather than b, at now? */
static bool less_suspicious(const struct window_table *t, const struct offender *a, const struct offender *b,
			    usec_t now)
{
	bool a_over = now > a->last && now - a->last > t->window;
	bool b_over = now > b->last && now - b->last > t->window;

	if (a_over != b_over)
		return a_over;
	if (a->count != b->count)
		return a->count < b->count;
	return a->last < b->last;
}

/* A free place in the bucket, or NULL and the one to forget in *victim. */
static struct offender *bucket_place(const struct window_table *t, char *memory, size_t bucket, usec_t now,
				     struct offender **victim)
{
	unsigned i;

	*victim = NULL;
	for (i = 0; i < WAYS; i++) {
		struct offender *o = way(t, memory, bucket, i);

		if (o->key.family == 0)
			return o;
		if (!*victim || less_suspicious(t, o, *victim, now))
			*victim = o;
	}
	return NULL;
}

static void table_grow(struct window_table *t, usec_t now)
{
	size_t buckets = t->buckets * 2, b;
	char *memory = calloc(buckets * WAYS, t->stride);
	unsigned i;

	if (!memory)
		return; /* the old one goes on, and forgets */
	for (b = 0; b < t->buckets; b++) {
		for (i = 0; i < WAYS; i++) {
			struct offender *o = way(t, t->memory, b, i), *victim, *place;

			if (o->key.family == 0)
				continue;
			/* A bucket's eight spread over two: there is always room. */
			place = bucket_place(t, memory, hash_bytes(&o->key, sizeof(o->key)) & (buckets - 1), now,
					     &victim);
			memcpy(place ? place : victim, o, t->stride);
		}
	}
	free(t->memory);
	t->memory = memory;
	t->buckets = buckets;
}

static struct offender *offender_add(struct window_table *t, const struct addr *key, usec_t now)
{
	struct offender *o, *victim;

	for (;;) {
		size_t before = t->buckets;

		o = bucket_place(t, t->memory, hash_bytes(key, sizeof(*key)) & (t->buckets - 1), now, &victim);
		if (o)
			break;
		if (now > victim->last && now - victim->last > t->window) {
			o = victim;
			t->offenders--;
			break;
		}
		if (t->buckets < t->buckets_max)
			table_grow(t, now);
		if (t->buckets == before) {
			o = victim;
			t->offenders--;
			t->forgotten++;
			break;
		}
	}
	/* Who gives way is gone from the store, too. */
	if (o->key.family)
		changes_note(&t->changes, &o->key);
	o->key = *key;
	o->changed = false;
	o->count = 0;
	o->last = now;
	t->offenders++;
	return o;
}

unsigned window_note(struct window_table *t, const struct addr *key, usec_t when)
{
	struct offender *o = offender_find(t, key);
	uint32_t msec = msec_of(when);
	unsigned i;

	if (!o)
		o = offender_add(t, key, when);
	if (when < o->last && o->last - when > t->window)
		return o->count; /* too old to matter */
	offender_prune(t, o, when > o->last ? when : o->last);
	note_change(t, o);
	if (when > o->last)
		o->last = when;
	if (o->count == t->threshold) {
		/* Full: the oldest gives way, the count stays what the rule asked for. */
		memmove(o->times, o->times + 1, (o->count - 1u) * sizeof(o->times[0]));
		o->count--;
	}
	for (i = o->count; i > 0 && (int32_t)(o->times[i - 1] - msec) > 0; i--)
		o->times[i] = o->times[i - 1];
	o->times[i] = msec;
	o->count++;
	return o->count;
}

unsigned window_count(const struct window_table *t, const struct addr *key, usec_t now)
{
	const struct offender *o = offender_find(t, key);
	uint32_t window = (uint32_t)(t->window / USEC_PER_MSEC);
	unsigned i = 0;

	if (!o || (now > o->last && now - o->last > t->window))
		return 0;
	while (i < o->count && (int32_t)(msec_of(now) - o->times[i]) > (int32_t)window)
		i++;
	return o->count - i;
}

unsigned window_threshold(const struct window_table *t)
{
	return t->threshold;
}

void window_clear(struct window_table *t, const struct addr *key)
{
	struct offender *o = offender_find(t, key);

	if (!o)
		return;
	changes_note(&t->changes, key);
	o->key.family = 0;
	t->offenders--;
}

size_t window_offenders(const struct window_table *t)
{
	return t->offenders;
}

uint64_t window_forgotten(const struct window_table *t)
{
	return t->forgotten;
}

/* Keeping: key, number of attempts (0: gone), the latest, and how long before it each was, in milliseconds. */

static void pack_offender(struct pack *p, const struct offender *o)
{
	unsigned i;

	pack_addr(p, &o->key);
	pack_number(p, o->count);
	if (o->count == 0)
		return;
	pack_number(p, o->last);
	for (i = 0; i < o->count; i++)
		pack_number(p, (uint32_t)(msec_of(o->last) - o->times[i]));
}

static void keep_start(void *table)
{
	struct window_table *t = table;

	changes_start(&t->changes, sizeof(struct addr), t->buckets_max * WAYS + KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct window_table *t = table;
	bool known = !t->changes.many;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++) {
		const struct offender gone = { .key = *(const struct addr *)changes_at(&t->changes, i) };
		struct offender *o = offender_find(t, &gone.key);

		pack_offender(p, o ? o : &gone);
		if (o)
			o->changed = false;
	}
	changes_clear(&t->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	struct window_table *t = table;

	for (; *at < t->buckets * WAYS && *at < until; ++*at) {
		struct offender *o = way(t, t->memory, *at / WAYS, (unsigned)(*at % WAYS));

		if (p->len >= limit)
			return false;
		if (o->key.family == 0)
			continue;
		o->changed = false;
		pack_offender(p, o);
	}
	return *at >= t->buckets * WAYS;
}

static bool restore_times(struct window_table *t, struct offender *o, uint64_t count, struct unpack *u)
{
	uint64_t before;
	unsigned i;

	o->count = 0;
	for (i = 0; i < count; i++) {
		if (!unpack_below(u, UINT32_MAX, &before))
			return false;
		if (o->count < t->threshold)
			o->times[o->count++] = msec_of(o->last) - (uint32_t)before;
	}
	return true;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct window_table *t = table;
	struct offender *o;
	struct addr key;
	uint64_t count, last;

	while (u->at < u->end) {
		if (!unpack_addr(u, &key) || !key.family || !unpack_below(u, UINT16_MAX + 1, &count))
			return false;
		if (count == 0) {
			window_clear(t, &key);
			continue;
		}
		if (!unpack_number(u, &last))
			return false;
		o = offender_find(t, &key);
		if (!o)
			o = offender_add(t, &key, last);
		o->last = last;
		if (!restore_times(t, o, count, u))
			return false;
	}
	return true;
}

const struct keep_ops window_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
