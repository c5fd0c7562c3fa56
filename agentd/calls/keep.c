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

struct calls_keep {
	struct keep_list tables;
	struct ends_seen ends; /* as written last */
	struct calls_stats stats;
};

int calls_keep_start(struct calls *c)
{
	struct keep_list *l;
	size_t i;

	if (!c->keep)
		c->keep = calloc(1, sizeof(*c->keep));
	if (!c->keep)
		return -ENOMEM;
	l = &c->keep->tables;
	keep_list_done(l);
	for (i = 0; i < c->n_measures; i++) {
		const struct measure *m = &c->measures[i];

		keep_list_add(l, KEEP_COUNTS, measure_id(m->cfg), m->window, &window_keep);
		keep_list_add(l, KEEP_LEDGER, measure_id(m->cfg), m->rows, &ledger_keep);
	}
	keep_list_add(l, KEEP_LEDGER, LEDGER_FACTS, c->known.facts, &ledger_keep);
	keep_list_add(l, KEEP_LEDGER, LEDGER_SOURCES, c->known.sources, &ledger_keep);
	keep_list_add(l, KEEP_LEDGER, LEDGER_TOLD, c->told, &ledger_keep);
	keep_list_add(l, KEEP_RUNNING, 0, c->running, &running_keep);
	return keep_list_start(l);
}

void calls_keep_done(struct calls *c)
{
	if (c->keep)
		keep_list_done(&c->keep->tables);
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
	if (!keep_list_changed(&c->keep->tables, p))
		return false;
	keep_state(c, false, p);
	return true;
}

bool calls_keep_sweep(struct calls *c, size_t limit, struct pack *p)
{
	if (!keep_list_sweep(&c->keep->tables, limit, p))
		return false;
	keep_state(c, true, p);
	return true;
}

void calls_keep_rewind(struct calls *c)
{
	keep_list_rewind(&c->keep->tables);
}

bool calls_keep_restore(struct calls *c, const struct section *s)
{
	struct unpack u = s->records;

	return s->kind == KEEP_STATE ? restore_state(c, &u) : keep_list_restore(&c->keep->tables, s);
}
