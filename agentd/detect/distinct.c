/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/distinct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
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

/* What is noted of a change. */
struct change {
	uint64_t hash;
	struct member member; /* that was seen; family 0: none, the key is gone */
};

struct distinct_table {
	unsigned members;
	usec_t window;
	size_t stride; /* bytes of a key with its members */
	char *keys;
	struct changes changes;
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
	if (t) {
		free(t->keys);
		changes_done(&t->changes);
	}
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

static void note_change(struct distinct_table *t, uint64_t hash, const struct member *m)
{
	struct change c = { .hash = hash };

	if (m)
		c.member = *m;
	changes_note(&t->changes, &c);
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
	/* Who gives way is gone from the store, too. */
	if (least->hash)
		note_change(t, least->hash, NULL);
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
	note_change(t, key, m);
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

	if (!k)
		return;
	k->hash = 0;
	note_change(t, key, NULL);
}

/*
 * Keeping: key, and an address with its moment (no family: the key is gone). A key
 * may have many members, of which each attempt changes one.
 */

static void pack_member(struct pack *p, uint64_t hash, const struct member *m)
{
	pack_number(p, hash);
	pack_addr(p, &m->addr);
	if (m->addr.family)
		pack_number(p, m->last);
}

static void keep_start(void *table)
{
	struct distinct_table *t = table;

	changes_start(&t->changes, sizeof(struct change), DISTINCT_KEYS_MAX + KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct distinct_table *t = table;
	bool known = !t->changes.many;
	struct change c;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++) {
		memcpy(&c, changes_at(&t->changes, i), sizeof(c));
		pack_member(p, c.hash, &c.member);
	}
	changes_clear(&t->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	static const struct member none;
	struct distinct_table *t = table;
	unsigned i;

	for (; *at < DISTINCT_KEYS_MAX && *at < until; ++*at) {
		const struct key *k = (const struct key *)(const void *)(t->keys + *at * t->stride);

		if (p->len >= limit)
			return false;
		if (k->hash == 0)
			continue;
		pack_member(p, k->hash, &none);
		for (i = 0; i < k->count; i++)
			pack_member(p, k->hash, &k->members[i]);
	}
	return *at >= DISTINCT_KEYS_MAX;
}

/* As distinct_note(), but for those that are over: that is seen when it is asked. */
static void restore_member(struct distinct_table *t, uint64_t hash, const struct member *m)
{
	struct key *k = find(t, hash);

	if (!k)
		k = take_place(t, hash, m->last);
	*member_of(t, k, &m->addr) = *m;
	if (m->last > k->last || k->count == 1)
		k->last = m->last;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct distinct_table *t = table;
	struct member m;
	uint64_t hash;

	while (u->at < u->end) {
		if (!unpack_number(u, &hash) || hash == 0 || !unpack_addr(u, &m.addr))
			return false;
		if (!m.addr.family) {
			distinct_clear(t, hash);
			continue;
		}
		if (!unpack_number(u, &m.last))
			return false;
		restore_member(t, hash, &m);
	}
	return true;
}

const struct keep_ops distinct_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
