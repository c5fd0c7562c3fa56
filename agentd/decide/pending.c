/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/pending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decide/bans.h"

struct pending {
	struct hash_link link;
	struct addr source;
	struct decision what;
};

static struct pending *pending_of(struct hash_link *l)
{
	return container_of(l, struct pending, link);
}

int pending_init(struct pending_table *t)
{
	int r = hash_table_init(&t->table);

	if (r < 0)
		return r;
	t->forgeries = calloc(FORGERIES_MAX, sizeof(*t->forgeries));
	if (t->forgeries)
		return 0;
	hash_table_done(&t->table);
	return -ENOMEM;
}

static void drop(struct hash_link *l, void *userdata)
{
	struct pending *p = pending_of(l);

	hash_table_remove(userdata, l);
	ban_done(&p->what.ban);
	free(p);
}

void pending_done(struct pending_table *t)
{
	if (t->table.buckets)
		hash_table_each(&t->table, drop, &t->table);
	hash_table_done(&t->table);
	free(t->forgeries);
	changes_done(&t->changes);
	changes_done(&t->forgery_changes);
	*t = (struct pending_table){ 0 };
}

static struct pending *find(const struct pending_table *t, const struct addr *source)
{
	uint64_t hash = addr_hash(source);
	struct hash_link *l;

	for (l = hash_table_first(&t->table, hash); l; l = hash_table_next(l, hash))
		if (addr_equal(&pending_of(l)->source, source))
			return pending_of(l);
	return NULL;
}

bool pending_add(struct pending_table *t, const struct addr *source, const struct decision *what)
{
	struct pending *p;

	if (t->table.count >= PENDING_MAX || find(t, source))
		return false;
	p = malloc(sizeof(*p));
	if (!p)
		return false;
	*p = (struct pending){ .source = *source, .what = *what };
	hash_table_add(&t->table, &p->link, addr_hash(source));
	changes_note(&t->changes, source);
	return true;
}

bool pending_has(const struct pending_table *t, const struct addr *source)
{
	return find(t, source) != NULL;
}

bool pending_covers(const struct pending_table *t, const struct addr *source, const struct addr *from, usec_t when)
{
	const struct pending *p = find(t, source);

	return p && !p->what.ban.observed && p->what.ban.end > when && addr_covers(&p->what.ban.addr, from);
}

bool pending_is_over(const struct pending_table *t, const struct addr *source, usec_t when)
{
	const struct pending *p = find(t, source);

	return p && p->what.ban.end <= when;
}

size_t pending_count(const struct pending_table *t)
{
	return t->table.count;
}

bool pending_take(struct pending_table *t, const struct addr *source, struct decision *what)
{
	struct pending *p = find(t, source);

	if (!p)
		return false;
	hash_table_remove(&t->table, &p->link);
	*what = p->what;
	free(p);
	changes_note(&t->changes, source);
	return true;
}

struct each_source {
	void (*fn)(void *userdata, const struct addr *source);
	void *userdata;
};

static void call_with_source(struct hash_link *l, void *userdata)
{
	const struct each_source *e = userdata;

	e->fn(e->userdata, &pending_of(l)->source);
}

void pending_each(struct pending_table *t, void (*fn)(void *userdata, const struct addr *source), void *userdata)
{
	struct each_source e = { fn, userdata };

	hash_table_each(&t->table, call_with_source, &e);
}

static struct forgery *place_of(const struct pending_table *t, const struct addr *source)
{
	return &t->forgeries[addr_hash(source) % FORGERIES_MAX];
}

unsigned pending_forgery(struct pending_table *t, const struct addr *source, usec_t when)
{
	struct forgery *f = place_of(t, source);

	if (!addr_equal(&f->addr, source))
		*f = (struct forgery){ .addr = *source };
	f->last = when;
	changes_note(&t->forgery_changes, source);
	return ++f->count;
}

unsigned pending_forgeries(const struct pending_table *t, const struct addr *source)
{
	const struct forgery *f = place_of(t, source);

	return addr_equal(&f->addr, source) ? f->count : 0;
}

/* Keeping: source, whether it waits still, and the decision it waits for. */

static void pack_pending(struct pack *p, const struct addr *source, const struct pending *waiting)
{
	const struct ban *b = waiting ? &waiting->what.ban : NULL;

	pack_addr(p, source);
	pack_number(p, b != NULL);
	if (!b)
		return;
	pack_number(p, waiting->what.witnessed);
	pack_number(p, waiting->what.regardless);
	pack_addr(p, &b->addr);
	pack_number(p, b->start);
	pack_number(p, b->end);
	pack_number(p, b->count);
	pack_number(p, b->step);
	pack_number(p, b->proven);
	pack_number(p, b->observed);
	pack_text(p, b->rule, strlen(b->rule));
	pack_text(p, b->reason, strlen(b->reason));
	pack_text(p, b->evidence, b->evidence_len);
	pack_text(p, b->accounts, b->accounts ? strlen(b->accounts) : 0);
}

static bool unpack_decision(struct unpack *u, struct decision *what)
{
	uint64_t count, step, proven, observed, witnessed, regardless;
	struct ban *b = &what->ban;
	size_t len;

	*what = (struct decision){ .witnessed = false };
	if (!unpack_below(u, 2, &witnessed) || !unpack_below(u, 2, &regardless) || !unpack_addr(u, &b->addr) || !unpack_number(u, &b->start) || !unpack_number(u, &b->end) ||
	    !unpack_below(u, UINT32_MAX, &count) || !unpack_below(u, UINT32_MAX, &step) ||
	    !unpack_below(u, 2, &proven) || !unpack_below(u, 2, &observed))
		return false;
	what->witnessed = witnessed;
	what->regardless = regardless;
	b->count = (uint32_t)count;
	b->step = (uint32_t)step;
	b->proven = proven;
	b->observed = observed;
	return unpack_text(u, &b->rule, &len) && unpack_text(u, &b->reason, &len) &&
	       unpack_text(u, &b->evidence, &b->evidence_len) && unpack_text(u, &b->accounts, &len) && b->rule && b->reason;
}

static void pending_start(void *table)
{
	struct pending_table *t = table;

	changes_start(&t->changes, sizeof(struct addr), 2 * PENDING_MAX);
}

static bool pending_changed(void *table, struct pack *p)
{
	struct pending_table *t = table;
	bool known = !t->changes.many;
	size_t i;

	for (i = 0; known && i < t->changes.count; i++)
		pack_pending(p, changes_at(&t->changes, i), find(t, changes_at(&t->changes, i)));
	changes_clear(&t->changes);
	return known;
}

/* By bucket: when there are more of them between two calls, what was in a former one comes later, not earlier. */
static bool pending_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	const struct pending_table *t = table;
	struct hash_link *l;

	for (; *at <= t->table.mask && *at < until; ++*at) {
		if (p->len >= limit)
			return false;
		for (l = t->table.buckets[*at]; l; l = l->next)
			pack_pending(p, &pending_of(l)->source, pending_of(l));
	}
	return *at > t->table.mask;
}

static bool pending_restore(void *table, struct unpack *u)
{
	struct pending_table *t = table;
	struct addr source;
	uint64_t waits;
	struct decision what;

	while (u->at < u->end) {
		if (!unpack_addr(u, &source) || !unpack_below(u, 2, &waits))
			return false;
		if (pending_take(t, &source, &what))
			ban_done(&what.ban);
		if (!waits)
			continue;
		if (!unpack_decision(u, &what) || !pending_add(t, &source, &what)) {
			ban_done(&what.ban);
			return false;
		}
	}
	return true;
}

const struct keep_ops pending_keep = { pending_start, pending_changed, pending_sweep, pending_restore };

/* Forgeries: source, how often, and when last. */

static void pack_forgery(struct pack *p, const struct forgery *f)
{
	pack_addr(p, &f->addr);
	pack_number(p, f->count);
	pack_number(p, f->last);
}

static void forgery_start(void *table)
{
	struct pending_table *t = table;

	changes_start(&t->forgery_changes, sizeof(struct addr), FORGERIES_MAX + KEEP_CHANGES_MIN);
}

static bool forgery_changed(void *table, struct pack *p)
{
	struct pending_table *t = table;
	bool known = !t->forgery_changes.many;
	size_t i;

	for (i = 0; known && i < t->forgery_changes.count; i++) {
		const struct forgery *f = place_of(t, changes_at(&t->forgery_changes, i));

		pack_forgery(p, f);
	}
	changes_clear(&t->forgery_changes);
	return known;
}

static bool forgery_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	const struct pending_table *t = table;

	for (; *at < FORGERIES_MAX && *at < until; ++*at) {
		if (p->len >= limit)
			return false;
		if (t->forgeries[*at].addr.family)
			pack_forgery(p, &t->forgeries[*at]);
	}
	return *at >= FORGERIES_MAX;
}

static bool forgery_restore(void *table, struct unpack *u)
{
	struct pending_table *t = table;
	struct forgery f;
	uint64_t count;

	while (u->at < u->end) {
		if (!unpack_addr(u, &f.addr) || !f.addr.family || !unpack_below(u, UINT32_MAX, &count) ||
		    !unpack_number(u, &f.last))
			return false;
		f.count = (unsigned)count;
		*place_of(t, &f.addr) = f;
	}
	return true;
}

const struct keep_ops forgery_keep = { forgery_start, forgery_changed, forgery_sweep, forgery_restore };
