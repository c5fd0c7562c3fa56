/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/distinct.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4

struct member {
	struct addr addr; /* family 0: free */
	usec_t last;
};

struct key {
	uint64_t hash; /* 0: free */
	usec_t last;
	unsigned count; /* members in use */
	struct member members[];
};

struct distinct_table {
	unsigned members;
	usec_t window;
	size_t stride; /* bytes of a key with its members */
	char *keys;
};

int distinct_table_new(unsigned members, usec_t window, struct distinct_table **ret)
{
	struct distinct_table *t;

	if (members < 1 || members > 1024 || window < 1)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->members = members;
	t->window = window;
	t->stride = sizeof(struct key) + members * sizeof(struct member);
	/* Untouched pages of a large calloc() cost no memory. */
	t->keys = calloc(DISTINCT_KEYS_MAX, t->stride);
	if (!t->keys) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct distinct_table *distinct_table_free(struct distinct_table *t)
{
	if (t)
		free(t->keys);
	free(t);
	return NULL;
}

static struct key *way(const struct distinct_table *t, uint64_t hash, unsigned i)
{
	size_t bucket = hash % (DISTINCT_KEYS_MAX / WAYS);

	return (struct key *)(void *)(t->keys + (bucket * WAYS + i) * t->stride);
}

static struct key *find(const struct distinct_table *t, uint64_t hash)
{
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (way(t, hash, i)->hash == hash)
			return way(t, hash, i);
	return NULL;
}

static bool is_over(const struct distinct_table *t, usec_t last, usec_t now)
{
	return now > last && now - last > t->window;
}

/* A free place, or that of the key that says least. */
static struct key *take_place(struct distinct_table *t, uint64_t hash, usec_t now)
{
	struct key *least = NULL;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		struct key *k = way(t, hash, i);
		bool over = k->hash == 0 || is_over(t, k->last, now);

		if (over) {
			least = k;
			break;
		}
		if (!least || k->count < least->count)
			least = k;
	}
	least->hash = hash;
	least->count = 0;
	return least;
}

/* Drops members that were seen too long ago. */
static void prune(const struct distinct_table *t, struct key *k, usec_t now)
{
	unsigned i, kept = 0;

	for (i = 0; i < k->count; i++)
		if (!is_over(t, k->members[i].last, now))
			k->members[kept++] = k->members[i];
	k->count = kept;
}

/* The place of addr among the members, or of the one seen longest ago. */
static struct member *member_of(const struct distinct_table *t, struct key *k, const struct addr *addr)
{
	struct member *oldest = k->members;
	unsigned i;

	for (i = 0; i < k->count; i++) {
		if (addr_equal(&k->members[i].addr, addr))
			return &k->members[i];
		if (k->members[i].last < oldest->last)
			oldest = &k->members[i];
	}
	return k->count < t->members ? &k->members[k->count++] : oldest;
}

unsigned distinct_note(struct distinct_table *t, uint64_t key, const struct addr *addr, usec_t when)
{
	struct key *k = find(t, key);
	struct member *m;

	if (!k)
		k = take_place(t, key, when);
	prune(t, k, when);
	m = member_of(t, k, addr);
	*m = (struct member){ *addr, when };
	if (when > k->last || k->count == 1)
		k->last = when;
	return k->count;
}

unsigned distinct_count(const struct distinct_table *t, uint64_t key, usec_t now)
{
	const struct key *k = find(t, key);
	unsigned i, n = 0;

	for (i = 0; k && i < k->count; i++)
		n += !is_over(t, k->members[i].last, now);
	return n;
}

void distinct_each(const struct distinct_table *t, uint64_t key, usec_t now,
		   void (*fn)(void *userdata, const struct addr *addr), void *userdata)
{
	const struct key *k = find(t, key);
	unsigned i;

	for (i = 0; k && i < k->count; i++)
		if (!is_over(t, k->members[i].last, now))
			fn(userdata, &k->members[i].addr);
}

void distinct_clear(struct distinct_table *t, uint64_t key)
{
	struct key *k = find(t, key);

	if (k)
		k->hash = 0;
}
