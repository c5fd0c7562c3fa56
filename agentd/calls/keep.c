/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of calls, to the store and back. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "calls/calls_private.h"

/* Layouts of sections; a number is never used for another one. */
enum keep_kind {
	KEEP_RUNNING = CALLS_KEEP_FIRST,
	KEEP_LEDGER,
	KEEP_COUNTS, /* of detect/window.h */
	KEEP_STATE,
};

/* Ids of tables that are of no rule. */
enum { LEDGER_FACTS = 1, LEDGER_SOURCES, LEDGER_TOLD };
#define OTHER_TABLES 4
#define PLACES_AT_ONCE 8192

struct keep_table {
	enum keep_kind kind;
	uint64_t id;
	void *table;
	const struct keep_ops *ops;
};

struct calls_keep {
	struct keep_table *tables;
	size_t n_tables;
	size_t table, at; /* of the round that goes on */
	struct ends_seen ends; /* as written last */
	struct calls_stats stats;
};

static void add_table(struct calls_keep *k, enum keep_kind kind, uint64_t id, void *table, const struct keep_ops *ops)
{
	if (table)
		k->tables[k->n_tables++] = (struct keep_table){ kind, id, table, ops };
}

int calls_keep_start(struct calls *c)
{
	struct calls_keep *k;
	size_t i;

	if (!c->keep)
		c->keep = calloc(1, sizeof(*c->keep));
	if (!c->keep)
		return -ENOMEM;
	k = c->keep;
	free(k->tables);
	*k = (struct calls_keep){ .tables = calloc(c->n_measures + OTHER_TABLES, sizeof(*k->tables)) };
	if (!k->tables)
		return -ENOMEM;
	for (i = 0; i < c->n_measures; i++) {
		const struct measure *m = &c->measures[i];

		add_table(k, KEEP_COUNTS, measure_id(m->cfg), m->window, &window_keep);
		add_table(k, KEEP_LEDGER, measure_id(m->cfg), m->rows, &ledger_keep);
	}
	add_table(k, KEEP_LEDGER, LEDGER_FACTS, c->known.facts, &ledger_keep);
	add_table(k, KEEP_LEDGER, LEDGER_SOURCES, c->known.sources, &ledger_keep);
	add_table(k, KEEP_LEDGER, LEDGER_TOLD, c->told, &ledger_keep);
	add_table(k, KEEP_RUNNING, 0, c->running, &running_keep);
	for (i = 0; i < k->n_tables; i++)
		k->tables[i].ops->start(k->tables[i].table);
	return 0;
}

void calls_keep_done(struct calls *c)
{
	if (c->keep)
		free(c->keep->tables);
	free(c->keep);
	c->keep = NULL;
}

/* Few numbers, if they are not as they were. */
static void keep_state(struct calls *c, bool all, struct pack *p)
{
	struct calls_keep *k = c->keep;
	const struct calls_stats *s = &c->stats;
	size_t begin;

	if (!all && k->ends.bits == c->ends.bits && k->ends.n == c->ends.n && k->stats.calls == s->calls &&
	    k->stats.records == s->records && k->stats.warnings == s->warnings && k->stats.criticals == s->criticals)
		return;
	begin = pack_begin(p, KEEP_STATE, 0);
	pack_number(p, c->ends.bits);
	pack_number(p, c->ends.n);
	pack_number(p, s->calls);
	pack_number(p, s->records);
	pack_number(p, s->joined);
	pack_number(p, s->warnings);
	pack_number(p, s->criticals);
	pack_number(p, c->forgeable);
	pack_end(p, begin);
	k->ends = c->ends;
	k->stats = *s;
}

static bool restore_state(struct calls *c, struct unpack *u)
{
	uint64_t n;

	if (!unpack_number(u, &c->ends.bits) || !unpack_below(u, 65, &n) || !unpack_number(u, &c->stats.calls) ||
	    !unpack_number(u, &c->stats.records) || !unpack_number(u, &c->stats.joined) ||
	    !unpack_number(u, &c->stats.warnings) || !unpack_number(u, &c->stats.criticals))
		return false;
	c->ends.n = (unsigned)n;
	/* Earlier versions did not have it. */
	if (!unpack_number(u, &c->forgeable))
		c->forgeable = 0;
	return true;
}

bool calls_keep_changed(struct calls *c, struct pack *p)
{
	struct calls_keep *k = c->keep;
	bool known = true;
	size_t i;

	for (i = 0; i < k->n_tables; i++) {
		const struct keep_table *t = &k->tables[i];
		size_t begin = pack_begin(p, t->kind, t->id);

		known &= t->ops->changed(t->table, p);
		pack_end(p, begin);
	}
	keep_state(c, false, p);
	return known;
}

bool calls_keep_sweep(struct calls *c, size_t limit, struct pack *p)
{
	struct calls_keep *k = c->keep;
	size_t places = limit == SIZE_MAX ? SIZE_MAX : PLACES_AT_ONCE;

	while (k->table < k->n_tables) {
		const struct keep_table *t = &k->tables[k->table];
		size_t begin = pack_begin(p, t->kind, t->id), from = k->at;
		bool over = t->ops->sweep(t->table, &k->at, places < SIZE_MAX - from ? from + places : SIZE_MAX, limit, p);

		pack_end(p, begin);
		if (!over)
			return false;
		places -= k->at - from;
		k->at = 0;
		k->table++;
		if (p->len >= limit)
			return false;
	}
	keep_state(c, true, p);
	calls_keep_rewind(c);
	return true;
}

void calls_keep_rewind(struct calls *c)
{
	c->keep->table = c->keep->at = 0;
}

bool calls_keep_restore(struct calls *c, const struct section *s)
{
	struct unpack u = s->records;
	size_t i;

	if (s->kind == KEEP_STATE)
		return restore_state(c, &u);
	for (i = 0; i < c->keep->n_tables; i++) {
		const struct keep_table *t = &c->keep->tables[i];

		if (t->kind == s->kind && t->id == s->id)
			return t->ops->restore(t->table, &u);
	}
	/* Of a rule that is no more. */
	return true;
}
