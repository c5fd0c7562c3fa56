/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"

#define WAYS 8
/* A table grows with its offenders; most rules have none, most of the time. */
#define BUCKETS_START 1
#define CACHE_LINE 64

/*
 * What is asked of all offenders of a bucket, in two lines of a processor's cache:
 * a stranger, who is none of them, costs these and the place that he takes.
 */
struct bucket {
	usec_t last[WAYS];   /* latest attempt */
	uint32_t tags[WAYS]; /* of the key's hash, whose low bits choose the bucket; 0: free */
	uint16_t counts[WAYS];
	char unused[CACHE_LINE / 4];
};
_Static_assert(sizeof(struct bucket) == (size_t)2 * CACHE_LINE, "whole lines");

struct offender {
	struct addr key;
	bool changed;	  /* since it was stored */
	uint32_t times[]; /* milliseconds, ascending, all within the window before the last */
};

struct window_table {
	unsigned threshold;
	usec_t window;
	size_t stride; /* bytes of an offender with its times */
	size_t n, n_max; /* buckets */
	size_t offenders;
	uint64_t forgotten;
	struct bucket *buckets;
	char *memory; /* of the offenders, WAYS to a bucket */
	struct changes changes;
};

/* One of a table's offenders; o NULL: none. */
struct place {
	struct bucket *b;
	unsigned way;
	struct offender *o;
};

static uint32_t msec_of(usec_t when)
{
	return (uint32_t)(when / USEC_PER_MSEC);
}

static uint32_t tag_of(const struct addr *key)
{
	uint32_t tag = (uint32_t)addr_hash(key);

	return tag ? tag : 1;
}

static struct place place_at(const struct window_table *t, size_t bucket, unsigned way)
{
	return (struct place){ &t->buckets[bucket], way,
			       (struct offender *)(void *)(t->memory + (bucket * WAYS + way) * t->stride) };
}

static bool is_over(const struct window_table *t, usec_t last, usec_t now)
{
	return now > last && now - last > t->window;
}

/* Room for n buckets, which must be more than there are. */
static int table_allocate(struct window_table *t, size_t n)
{
	struct bucket *buckets = aligned_alloc(CACHE_LINE, n * sizeof(*buckets));
	char *memory = calloc(n * WAYS, t->stride);

	if (!buckets || !memory) {
		free(buckets);
		free(memory);
		return -ENOMEM;
	}
	memset(buckets, 0, n * sizeof(*buckets));
	t->buckets = buckets;
	t->memory = memory;
	t->n = n;
	return 0;
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
	most = WINDOW_TABLE_BYTES / (t->stride + sizeof(struct bucket) / WAYS);
	if (most > max_offenders)
		most = max_offenders;
	t->n_max = 1;
	while (t->n_max * WAYS * 2 <= most)
		t->n_max *= 2;
	if (table_allocate(t, t->n_max < BUCKETS_START ? t->n_max : BUCKETS_START) < 0) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct window_table *window_table_free(struct window_table *t)
{
	if (t) {
		free(t->buckets);
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
static void offender_prune(const struct window_table *t, struct place p, usec_t until)
{
	uint32_t now = msec_of(until), window = (uint32_t)(t->window / USEC_PER_MSEC);
	uint16_t *count = &p.b->counts[p.way];
	unsigned n = 0;

	if (is_over(t, p.b->last[p.way], until)) {
		*count = 0;
		return;
	}
	while (n < *count && (int32_t)(now - p.o->times[n]) > (int32_t)window)
		n++;
	if (n == 0)
		return;
	*count = (uint16_t)(*count - n);
	memmove(p.o->times, p.o->times + n, *count * sizeof(p.o->times[0]));
}

static struct place offender_find(const struct window_table *t, const struct addr *key, uint32_t tag)
{
	const size_t at = tag & (t->n - 1);
	const struct bucket *b = &t->buckets[at];
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		struct place p;

		if (b->tags[i] != tag)
			continue;
		p = place_at(t, at, i);
		if (addr_equal(&p.o->key, key))
			return p;
	}
	return (struct place){ NULL, 0, NULL };
}

/* Is a the one to be forgotten rather than b, at now? */
static bool less_suspicious(const struct window_table *t, const struct bucket *in, unsigned a, unsigned b, usec_t now)
{
	bool a_over = is_over(t, in->last[a], now), b_over = is_over(t, in->last[b], now);

	if (a_over != b_over)
		return a_over;
	if (in->counts[a] != in->counts[b])
		return in->counts[a] < in->counts[b];
	return in->last[a] < in->last[b];
}

/* A free place in the bucket, else that of the one to forget. */
static unsigned bucket_way(const struct window_table *t, const struct bucket *b, usec_t now)
{
	unsigned i, victim = 0;

	for (i = 0; i < WAYS; i++) {
		if (b->tags[i] == 0)
			return i;
		if (i > 0 && less_suspicious(t, b, i, victim, now))
			victim = i;
	}
	return victim;
}

static void table_grow(struct window_table *t, usec_t now)
{
	struct window_table old = *t;
	size_t at;
	unsigned i;

	if (table_allocate(t, old.n * 2) < 0)
		return; /* the old one goes on, and forgets */
	for (at = 0; at < old.n; at++) {
		for (i = 0; i < WAYS; i++) {
			const struct place from = place_at(&old, at, i);
			const size_t to_bucket = from.b->tags[i] & (t->n - 1);
			struct place to;

			if (from.b->tags[i] == 0)
				continue;
			/* A bucket's eight spread over two: there is always room. */
			to = place_at(t, to_bucket, bucket_way(t, &t->buckets[to_bucket], now));
			to.b->last[to.way] = from.b->last[i];
			to.b->tags[to.way] = from.b->tags[i];
			to.b->counts[to.way] = from.b->counts[i];
			memcpy(to.o, from.o, t->stride);
		}
	}
	free(old.buckets);
	free(old.memory);
}

/* A place for one more: free, or that of one who is forgotten. */
static struct place make_place(struct window_table *t, uint32_t tag, usec_t now)
{
	for (;;) {
		const size_t before = t->n, at = tag & (t->n - 1);
		const struct place p = place_at(t, at, bucket_way(t, &t->buckets[at], now));

		if (p.b->tags[p.way] == 0)
			return p;
		if (!is_over(t, p.b->last[p.way], now)) {
			if (t->n < t->n_max)
				table_grow(t, now);
			if (t->n != before)
				continue;
			t->forgotten++;
		}
		t->offenders--;
		/* Who gives way is gone from the store, too. */
		changes_note(&t->changes, &p.o->key);
		return p;
	}
}

static struct place offender_add(struct window_table *t, const struct addr *key, uint32_t tag, usec_t now)
{
	const struct place p = make_place(t, tag, now);

	p.b->last[p.way] = now;
	p.b->tags[p.way] = tag;
	p.b->counts[p.way] = 0;
	p.o->key = *key;
	p.o->changed = false;
	t->offenders++;
	return p;
}

void window_fetch(const struct window_table *t, const struct addr *key)
{
	const struct bucket *b = &t->buckets[tag_of(key) & (t->n - 1)];

	__builtin_prefetch(b, 1);
	__builtin_prefetch((const char *)b + CACHE_LINE, 1);
}

/* Its place, a new one if it has none. */
static struct place offender_place(struct window_table *t, const struct addr *key, usec_t now)
{
	const uint32_t tag = tag_of(key);
	const struct place p = offender_find(t, key, tag);

	return p.o ? p : offender_add(t, key, tag, now);
}

unsigned window_note(struct window_table *t, const struct addr *key, usec_t when)
{
	const struct place p = offender_place(t, key, when);
	usec_t *last = &p.b->last[p.way];
	uint16_t *count = &p.b->counts[p.way];
	uint32_t msec = msec_of(when);
	unsigned i;

	if (is_over(t, when, *last))
		return *count; /* too old to matter */
	offender_prune(t, p, when > *last ? when : *last);
	note_change(t, p.o);
	if (when > *last)
		*last = when;
	if (*count == t->threshold) {
		/* Full: the oldest gives way, the count stays what the rule asked for. */
		memmove(p.o->times, p.o->times + 1, (*count - 1u) * sizeof(p.o->times[0]));
		--*count;
	}
	for (i = *count; i > 0 && (int32_t)(p.o->times[i - 1] - msec) > 0; i--)
		p.o->times[i] = p.o->times[i - 1];
	p.o->times[i] = msec;
	return ++*count;
}

unsigned window_count(const struct window_table *t, const struct addr *key, usec_t now)
{
	uint32_t window = (uint32_t)(t->window / USEC_PER_MSEC);
	struct place p = { NULL, 0, NULL };
	unsigned i = 0;

	if (t->offenders > 0)
		p = offender_find(t, key, tag_of(key));
	if (!p.o || is_over(t, p.b->last[p.way], now))
		return 0;
	while (i < p.b->counts[p.way] && (int32_t)(msec_of(now) - p.o->times[i]) > (int32_t)window)
		i++;
	return p.b->counts[p.way] - i;
}

unsigned window_threshold(const struct window_table *t)
{
	return t->threshold;
}

void window_clear(struct window_table *t, const struct addr *key)
{
	const struct place p = offender_find(t, key, tag_of(key));

	if (!p.o)
		return;
	changes_note(&t->changes, key);
	p.b->tags[p.way] = 0;
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

static void pack_offender(struct pack *p, struct place at)
{
	const unsigned count = at.b->counts[at.way];
	const usec_t last = at.b->last[at.way];
	unsigned i;

	at.o->changed = false;
	pack_addr(p, &at.o->key);
	pack_number(p, count);
	if (count == 0)
		return;
	pack_number(p, last);
	for (i = 0; i < count; i++)
		pack_number(p, (uint32_t)(msec_of(last) - at.o->times[i]));
}

static void keep_start(void *table)
{
	struct window_table *t = table;

	changes_start(&t->changes, sizeof(struct addr), t->n_max * WAYS + KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct window_table *t = table;
	bool known = !t->changes.many;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++) {
		const struct addr *key = changes_at(&t->changes, i);
		const struct place at = offender_find(t, key, tag_of(key));

		if (at.o) {
			pack_offender(p, at);
			continue;
		}
		pack_addr(p, key);
		pack_number(p, 0);
	}
	changes_clear(&t->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	struct window_table *t = table;

	for (; *at < t->n * WAYS && *at < until; ++*at) {
		const struct place here = place_at(t, *at / WAYS, (unsigned)(*at % WAYS));

		if (p->len >= limit)
			return false;
		if (here.b->tags[here.way])
			pack_offender(p, here);
	}
	return *at >= t->n * WAYS;
}

static bool restore_times(struct window_table *t, struct place p, uint64_t count, struct unpack *u)
{
	uint16_t *n = &p.b->counts[p.way];
	uint64_t before;
	unsigned i;

	*n = 0;
	for (i = 0; i < count; i++) {
		if (!unpack_below(u, UINT32_MAX, &before))
			return false;
		if (*n < t->threshold)
			p.o->times[(*n)++] = msec_of(p.b->last[p.way]) - (uint32_t)before;
	}
	return true;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct window_table *t = table;
	struct addr key;
	struct place p;
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
		p = offender_place(t, &key, last);
		p.b->last[p.way] = last;
		if (!restore_times(t, p, count, u))
			return false;
	}
	return true;
}

const struct keep_ops window_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
