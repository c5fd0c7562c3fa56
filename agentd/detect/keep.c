/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/keep.h"

#include <errno.h>
#include <stdlib.h>

/* Large tables are mostly empty: it is not looked at more places at a time. */
#define PLACES_AT_ONCE 8192

struct keep_table {
	unsigned kind;
	uint64_t id;
	void *table;
	const struct keep_ops *ops;
};

void keep_list_done(struct keep_list *l)
{
	free(l->tables);
	*l = (struct keep_list){ 0 };
}

void keep_list_add(struct keep_list *l, unsigned kind, uint64_t id, void *table, const struct keep_ops *ops)
{
	struct keep_table *longer;

	if (!table)
		return;
	longer = reallocarray(l->tables, l->n + 1, sizeof(*longer));
	if (!longer) {
		l->failed = true;
		return;
	}
	l->tables = longer;
	l->tables[l->n++] = (struct keep_table){ kind, id, table, ops };
}

int keep_list_start(struct keep_list *l)
{
	size_t i;

	if (l->failed) {
		keep_list_done(l);
		return -ENOMEM;
	}
	for (i = 0; i < l->n; i++)
		l->tables[i].ops->start(l->tables[i].table);
	return 0;
}

bool keep_list_changed(struct keep_list *l, struct pack *p)
{
	const size_t from = p->len;
	const bool failed = p->failed;
	bool known = true;
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct keep_table *t = &l->tables[i];
		size_t begin = pack_begin(p, t->kind, t->id);

		known &= t->ops->changed(t->table, p);
		pack_end(p, begin);
		/* All will be written: in a flood, what changed is megabytes that nobody needs then. */
		p->failed |= !known;
	}
	if (!known) {
		p->failed = failed;
		p->len = from;
	}
	return known;
}

bool keep_list_sweep(struct keep_list *l, size_t limit, struct pack *p)
{
	size_t places = limit == SIZE_MAX ? SIZE_MAX : PLACES_AT_ONCE;

	while (l->table < l->n) {
		const struct keep_table *t = &l->tables[l->table];
		size_t begin, from = l->at;
		bool over;

		if (p->len >= limit)
			return false;
		begin = pack_begin(p, t->kind, t->id);
		over = t->ops->sweep(t->table, &l->at, places < SIZE_MAX - from ? from + places : SIZE_MAX, limit, p);
		pack_end(p, begin);
		if (!over)
			return false;
		places -= l->at - from;
		l->at = 0;
		l->table++;
	}
	keep_list_rewind(l);
	return true;
}

void keep_list_rewind(struct keep_list *l)
{
	l->table = l->at = 0;
}

bool keep_list_restore(const struct keep_list *l, const struct section *s)
{
	struct unpack u = s->records;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->tables[i].kind == s->kind && l->tables[i].id == s->id)
			return l->tables[i].ops->restore(l->tables[i].table, &u);
	return true;
}
