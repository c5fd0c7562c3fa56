/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/pending.h"

#include <errno.h>
#include <stdlib.h>

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
	*t = (struct pending_table){ 0 };
}

static struct pending *find(const struct pending_table *t, const struct addr *source)
{
	uint64_t hash = hash_bytes(source, sizeof(*source));
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
	hash_table_add(&t->table, &p->link, hash_bytes(source, sizeof(*source)));
	return true;
}

bool pending_has(const struct pending_table *t, const struct addr *source)
{
	return find(t, source) != NULL;
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
	return true;
}

static struct forgery *place_of(const struct pending_table *t, const struct addr *source)
{
	return &t->forgeries[hash_bytes(source, sizeof(*source)) % FORGERIES_MAX];
}

unsigned pending_forgery(struct pending_table *t, const struct addr *source, usec_t when)
{
	struct forgery *f = place_of(t, source);

	if (!addr_equal(&f->addr, source))
		*f = (struct forgery){ .addr = *source };
	f->last = when;
	return ++f->count;
}

unsigned pending_forgeries(const struct pending_table *t, const struct addr *source)
{
	const struct forgery *f = place_of(t, source);

	return addr_equal(&f->addr, source) ? f->count : 0;
}
