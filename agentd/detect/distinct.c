/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/distinct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"

#define WAYS 4

struct member {
	struct addr addr; /* family 0: none */
	usec_t last;
};

/* What is looked at first, side by side for the keys of a bucket. */
struct key {
	uint64_t hash; /* 0: free */
	usec_t last;
	usec_t oldest; /* when the first was seen last */
	uint16_t count; /* members in use */
	uint16_t first; /* place of the one seen longest ago: they are a ring, in the order of when they were seen last */
};

/* What is noted of a change. */
struct change {
	uint64_t hash;
	struct member member; /* that was seen; family 0: none, the key is gone */
};

struct distinct_table {
	unsigned members;
	usec_t window;
	struct key *keys;
	struct member *places; /* of each key so many as members */
	uint16_t *tags;	       /* of each place: most that is not looked for is told apart by it */
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
	/* Untouched pages of a large calloc() cost no memory. */
	t->keys = calloc(DISTINCT_KEYS_MAX, sizeof(*t->keys));
	t->places = calloc((size_t)DISTINCT_KEYS_MAX * members, sizeof(*t->places));
	t->tags = calloc((size_t)DISTINCT_KEYS_MAX * members, sizeof(*t->tags));
	if (!t->keys || !t->places || !t->tags) {
		distinct_table_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct distinct_table *distinct_table_free(struct distinct_table *t)
{
	if (t) {
		free(t->keys);
		free(t->places);
		free(t->tags);
		changes_done(&t->changes);
	}
	free(t);
	return NULL;
}

static struct key *way(const struct distinct_table *t, uint64_t hash, unsigned i)
{
	return &t->keys[hash % (DISTINCT_KEYS_MAX / WAYS) * WAYS + i];
}

static struct key *find(const struct distinct_table *t, uint64_t hash)
{
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (way(t, hash, i)->hash == hash)
			return way(t, hash, i);
	return NULL;
}

/* Place of the i-th member of k, from the one seen longest ago; of all keys. */
static size_t place(const struct distinct_table *t, const struct key *k, unsigned i)
{
	i += k->first;
	return (size_t)(k - t->keys) * t->members + (i < t->members ? i : i - t->members);
}

static struct member *member(const struct distinct_table *t, const struct key *k, unsigned i)
{
	return &t->places[place(t, k, i)];
}

/* Whoever chooses addresses with the same one makes us compare them, and no more. */
static uint16_t tag_of(const struct addr *addr)
{
	uint64_t low, high;

	_Static_assert(sizeof(*addr) == 20, "all of it");
	memcpy(&low, addr, sizeof(low));
	memcpy(&high, (const char *)addr + sizeof(*addr) - sizeof(high), sizeof(high));
	return (uint16_t)((low ^ high << 1) * 0x9e3779b97f4a7c15u >> 48);
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

/* Members that were seen too long ago; they come first. */
static unsigned count_over(const struct distinct_table *t, const struct key *k, usec_t now)
{
	unsigned n = 0;

	if (!is_over(t, k->oldest, now))
		return 0;
	while (n < k->count && is_over(t, member(t, k, n)->last, now))
		n++;
	return n;
}

static void drop_first(const struct distinct_table *t, struct key *k, unsigned n)
{
	k->first = (uint16_t)((k->first + n) % t->members);
	k->count = (uint16_t)(k->count - n);
}

static void move_member(const struct distinct_table *t, const struct key *k, unsigned from, unsigned to)
{
	t->places[place(t, k, to)] = t->places[place(t, k, from)];
	t->tags[place(t, k, to)] = t->tags[place(t, k, from)];
}

/* Which member addr is; count: none. */
static unsigned find_member(const struct distinct_table *t, const struct key *k, const struct addr *addr)
{
	const size_t base = (size_t)(k - t->keys) * t->members;
	const uint16_t tag = tag_of(addr);
	unsigned at, i;

	/* In the order in which they stand: that is faster. */
	for (at = 0; at < t->members; at++) {
		if (t->tags[base + at] != tag || !addr_equal(&t->places[base + at].addr, addr))
			continue;
		i = (at + t->members - k->first) % t->members;
		if (i < k->count)
			return i;
	}
	return k->count;
}

/* Takes addr out, if it is a member. */
static void take_out(const struct distinct_table *t, struct key *k, const struct addr *addr)
{
	unsigned i = find_member(t, k, addr);

	if (i == k->count)
		return;
	for (; i + 1u < k->count; i++)
		move_member(t, k, i + 1, i);
	k->count--;
}

/* Puts m where it belongs by its moment, mostly the end. Where there is no room, the one seen longest ago gives way. */
static void put_member(const struct distinct_table *t, struct key *k, const struct member *m)
{
	unsigned i;

	take_out(t, k, &m->addr);
	if (k->count == t->members)
		drop_first(t, k, 1);
	i = k->count++;
	/* None was seen after k->last: mostly there is nothing to compare with. */
	if (m->last < k->last)
		for (; i > 0 && member(t, k, i - 1)->last > m->last; i--)
			move_member(t, k, i - 1, i);
	t->places[place(t, k, i)] = *m;
	t->tags[place(t, k, i)] = tag_of(&m->addr);
	k->oldest = member(t, k, 0)->last;
	if (m->last > k->last || k->count == 1)
		k->last = m->last;
}

void distinct_fetch(const struct distinct_table *t, uint64_t key)
{
	__builtin_prefetch(way(t, key, 0), 1);
	__builtin_prefetch(way(t, key, WAYS - 1), 1);
}

unsigned distinct_note(struct distinct_table *t, uint64_t key, const struct addr *addr, usec_t when, unsigned *before)
{
	const struct member m = { *addr, when };
	struct key *k = find(t, key);

	if (!k)
		k = take_place(t, key, when);
	drop_first(t, k, count_over(t, k, when));
	if (before)
		*before = k->count;
	put_member(t, k, &m);
	note_change(t, key, &m);
	return k->count;
}

void distinct_each(const struct distinct_table *t, uint64_t key, usec_t now,
		   void (*fn)(void *userdata, const struct addr *addr), void *userdata)
{
	const struct key *k = find(t, key);
	unsigned i;

	for (i = k ? count_over(t, k, now) : 0; k && i < k->count; i++)
		fn(userdata, &member(t, k, i)->addr);
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
		const struct key *k = &t->keys[*at];

		if (p->len >= limit)
			return false;
		if (k->hash == 0)
			continue;
		pack_member(p, k->hash, &none);
		for (i = 0; i < k->count; i++)
			pack_member(p, k->hash, member(t, k, i));
	}
	return *at >= DISTINCT_KEYS_MAX;
}

/* As distinct_note(), but for those that are over: that is seen when it is asked. */
static void restore_member(struct distinct_table *t, uint64_t hash, const struct member *m)
{
	struct key *k = find(t, hash);

	if (!k)
		k = take_place(t, hash, m->last);
	put_member(t, k, m);
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
