/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/hash.h"

#define WAYS 8
/* Everybody has logged in again by then: the usual registration is for an hour (RFC 3261 10.2.1.1). */
#define PARTS_LEARNT_IN (3600 * USEC_PER_SEC)

struct entry {
	struct friend friend; /* addr.family 0: free */
	uint32_t accounts[FRIEND_ACCOUNTS_MAX]; /* hashes */
	bool changed; /* since it was stored */
	usec_t parts_known; /* from when on; 0: nobody logged in since it is known; USEC_INFINITY: never */
};

struct trust {
	struct entry *entries;
	struct changes changes;
};

int trust_new(struct trust **ret)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (t)
		/* Untouched pages of a large calloc() cost no memory. */
		t->entries = calloc(TRUST_MAX, sizeof(*t->entries));
	if (!t || !t->entries) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

struct trust *trust_free(struct trust *t)
{
	if (t) {
		free(t->entries);
		changes_done(&t->changes);
	}
	free(t);
	return NULL;
}

static struct entry *bucket_of(const struct trust *t, const struct addr *addr)
{
	return &t->entries[addr_hash(addr) % (TRUST_MAX / WAYS) * WAYS];
}

static struct entry *find(const struct trust *t, const struct addr *addr)
{
	struct entry *bucket = bucket_of(t, addr);
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (addr_equal(&bucket[i].friend.addr, addr))
			return &bucket[i];
	return NULL;
}

/* A free place, or that of the one whose success is longest ago. */
static struct entry *take_place(struct trust *t, const struct addr *addr)
{
	struct entry *bucket = bucket_of(t, addr), *oldest = bucket;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		if (bucket[i].friend.addr.family == 0) {
			oldest = &bucket[i];
			break;
		}
		if (bucket[i].friend.last < oldest->friend.last)
			oldest = &bucket[i];
	}
	/* Who gives way is gone from the store, too. */
	if (oldest->friend.addr.family)
		changes_note(&t->changes, &oldest->friend.addr);
	*oldest = (struct entry){ .friend = { .addr = *addr } };
	return oldest;
}

static void note_account(struct entry *e, struct span user)
{
	uint32_t hash = (uint32_t)hash_lasting(0, user.ptr, user.len) | 1;
	unsigned i;

	for (i = 0; i < FRIEND_ACCOUNTS_MAX && e->accounts[i]; i++)
		if (e->accounts[i] == hash)
			return;
	if (i == FRIEND_ACCOUNTS_MAX)
		return;
	e->accounts[i] = hash;
	if (e->friend.accounts <= i)
		e->friend.accounts = i + 1;
}

static void note_parts(struct entry *e, bool is_new, bool part_known, usec_t when)
{
	if (!part_known)
		e->parts_known = USEC_INFINITY;
	else if (is_new)
		e->parts_known = when;
	else if (e->parts_known == 0)
		e->parts_known = when + PARTS_LEARNT_IN;
}

void trust_note(struct trust *t, const struct addr *addr, struct span user, bool part_known, usec_t when)
{
	struct entry *e = find(t, addr);

	if (!e) {
		e = take_place(t, addr);
		e->friend.first = when;
	}
	note_parts(e, e->friend.successes == 0, part_known, when);
	if (when > e->friend.last)
		e->friend.last = when;
	e->friend.successes++;
	if (user.len > 0)
		note_account(e, user);
	if (e->changed || t->changes.width == 0)
		return;
	e->changed = true;
	changes_note(&t->changes, addr);
}

void trust_restore(struct trust *t, const struct friend *f)
{
	struct entry *e = find(t, &f->addr);

	if (!e)
		e = take_place(t, &f->addr);
	e->friend = *f;
}

const struct friend *trust_find(const struct trust *t, const struct addr *addr)
{
	const struct entry *e = find(t, addr);

	return e ? &e->friend : NULL;
}

bool trust_any_in(const struct trust *t, const struct addr *prefix, usec_t since)
{
	size_t i;

	for (i = 0; i < TRUST_MAX; i++) {
		const struct friend *f = &t->entries[i].friend;

		if (f->addr.family && f->last >= since && addr_overlaps(prefix, &f->addr))
			return true;
	}
	return false;
}

bool trust_knows_parts(const struct trust *t, const struct addr *addr, usec_t now)
{
	const struct entry *e = find(t, addr);

	return e && e->parts_known && e->parts_known <= now;
}

void trust_each(const struct trust *t, usec_t since, void (*fn)(void *userdata, const struct friend *f), void *userdata)
{
	size_t i;

	for (i = 0; i < TRUST_MAX; i++)
		if (t->entries[i].friend.addr.family && t->entries[i].friend.last >= since)
			fn(userdata, &t->entries[i].friend);
}

size_t trust_count(const struct trust *t, usec_t since)
{
	size_t i, n = 0;

	for (i = 0; i < TRUST_MAX; i++)
		n += t->entries[i].friend.addr.family && t->entries[i].friend.last >= since;
	return n;
}

void trust_forget(struct trust *t, usec_t before)
{
	size_t i;

	for (i = 0; i < TRUST_MAX; i++)
		if (t->entries[i].friend.addr.family && t->entries[i].friend.last < before)
			t->entries[i] = (struct entry){ 0 };
}

/* Keeping: address, number of successes (0: gone), the first, the last, number of accounts, since when its
 * parts are known, and what tells accounts apart. */

static void pack_friend(struct pack *p, const struct addr *addr, const struct entry *e)
{
	const struct friend *f = e ? &e->friend : NULL;
	unsigned i;

	pack_addr(p, addr);
	pack_number(p, f ? f->successes : 0);
	if (!f || f->successes == 0)
		return;
	pack_number(p, f->first);
	pack_number(p, f->last);
	pack_number(p, f->accounts);
	pack_number(p, e->parts_known);
	for (i = 0; i < FRIEND_ACCOUNTS_MAX; i++)
		pack_number(p, e->accounts[i]);
}

static void keep_start(void *table)
{
	struct trust *t = table;

	changes_start(&t->changes, sizeof(struct addr), TRUST_MAX + KEEP_CHANGES_MIN);
}

static bool keep_changed(void *table, struct pack *p)
{
	struct trust *t = table;
	bool known = !t->changes.many;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++) {
		const struct addr *addr = changes_at(&t->changes, i);
		struct entry *e = find(t, addr);

		pack_friend(p, addr, e);
		if (e)
			e->changed = false;
	}
	changes_clear(&t->changes);
	return known;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	struct trust *t = table;

	for (; *at < TRUST_MAX && *at < until; ++*at) {
		struct entry *e = &t->entries[*at];

		if (p->len >= limit)
			return false;
		if (e->friend.addr.family == 0)
			continue;
		e->changed = false;
		pack_friend(p, &e->friend.addr, e);
	}
	return *at >= TRUST_MAX;
}

static bool restore_friend(struct entry *e, uint64_t successes, struct unpack *u)
{
	uint64_t accounts, hash;
	unsigned i;

	e->friend.successes = (uint32_t)successes;
	if (!unpack_number(u, &e->friend.first) || !unpack_number(u, &e->friend.last) ||
	    !unpack_below(u, UINT32_MAX, &accounts) || !unpack_number(u, &e->parts_known))
		return false;
	e->friend.accounts = (uint32_t)accounts;
	for (i = 0; i < FRIEND_ACCOUNTS_MAX; i++) {
		if (!unpack_number(u, &hash))
			return false;
		e->accounts[i] = (uint32_t)hash;
	}
	return true;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct trust *t = table;
	struct addr addr;
	uint64_t successes;
	struct entry *e;

	while (u->at < u->end) {
		if (!unpack_addr(u, &addr) || !addr.family || !unpack_below(u, (uint64_t)UINT32_MAX + 1, &successes))
			return false;
		e = find(t, &addr);
		if (successes == 0) {
			if (e)
				*e = (struct entry){ 0 };
			continue;
		}
		if (!e)
			e = take_place(t, &addr);
		if (!restore_friend(e, successes, u))
			return false;
	}
	return true;
}

const struct keep_ops trust_keep = { keep_start, keep_changed, keep_sweep, keep_restore };
