/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/trust.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

#define WAYS 8
/* Everybody has logged in again by then: the usual registration is for an hour (RFC 3261 10.2.1.1). */
#define PARTS_LEARNT_IN (3600 * USEC_PER_SEC)

struct entry {
	struct friend friend; /* addr.family 0: free */
	uint32_t accounts[FRIEND_ACCOUNTS_MAX]; /* hashes */
	bool changed;
	usec_t parts_known; /* from when on; 0: nobody logged in since the start; USEC_INFINITY: never */
};

struct trust {
	struct entry *entries;
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
	if (t)
		free(t->entries);
	free(t);
	return NULL;
}

static struct entry *bucket_of(const struct trust *t, const struct addr *addr)
{
	return &t->entries[hash_bytes(addr, sizeof(*addr)) % (TRUST_MAX / WAYS) * WAYS];
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
	*oldest = (struct entry){ .friend = { .addr = *addr } };
	return oldest;
}

static void note_account(struct entry *e, struct span user)
{
	uint32_t hash = (uint32_t)hash_bytes(user.ptr, user.len) | 1;
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
	e->changed = true;
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

size_t trust_count(const struct trust *t, usec_t since)
{
	size_t i, n = 0;

	for (i = 0; i < TRUST_MAX; i++)
		n += t->entries[i].friend.addr.family && t->entries[i].friend.last >= since;
	return n;
}

void trust_each_changed(struct trust *t, void (*fn)(void *userdata, const struct friend *f), void *userdata)
{
	size_t i;

	for (i = 0; i < TRUST_MAX; i++) {
		struct entry *e = &t->entries[i];

		if (!e->changed)
			continue;
		e->changed = false;
		fn(userdata, &e->friend);
	}
}
