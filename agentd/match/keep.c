/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a matcher remembers, to the store and back. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "match/match_private.h"

static uint64_t member_name(uint64_t h, const struct member *m)
{
	h = hash_lasting(h, m->filter->name, strlen(m->filter->name));
	return hash_lasting(h, m->text->name, strlen(m->text->name));
}

uint64_t matcher_patterns(const struct matcher *m)
{
	uint64_t h = 0;
	size_t i;

	for (i = 0; i < m->n_members; i++)
		h = member_name(h, &m->members[i]);
	return h;
}

/* The order is the layout: new ones come last. */
#define COUNTERS(s) { &(s)->hits, &(s)->unwanted, &(s)->events, &(s)->crafted, &(s)->limited, &(s)->paced, &(s)->twins }
#define N_COUNTERS 7

/* The counters, with their number before them; then name and moment of each twin that was seen. */
void matcher_keep(const struct matcher *m, struct pack *p)
{
	struct match_stats s = m->stats;
	uint64_t *const counters[N_COUNTERS] = COUNTERS(&s);
	size_t i;

	pack_number(p, N_COUNTERS);
	for (i = 0; i < N_COUNTERS; i++)
		pack_number(p, *counters[i]);
	for (i = 0; i < m->n_members; i++) {
		if (!m->members[i].is_twin || !m->members[i].last)
			continue;
		pack_number(p, member_name(0, &m->members[i]));
		pack_number(p, m->members[i].last);
	}
}

static struct member *find_name(struct matcher *m, uint64_t name)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (member_name(0, &m->members[i]) == name)
			return &m->members[i];
	return NULL;
}

bool matcher_restore(struct matcher *m, struct unpack *u)
{
	uint64_t *const counters[N_COUNTERS] = COUNTERS(&m->stats);
	uint64_t n, i, value, name;
	struct member *member;

	if (!unpack_below(u, 256, &n))
		return false;
	for (i = 0; i < n; i++) {
		if (!unpack_number(u, &value))
			return false;
		if (i < N_COUNTERS)
			*counters[i] = value;
	}
	while (u->at < u->end) {
		if (!unpack_number(u, &name) || !unpack_number(u, &value))
			return false;
		member = find_name(m, name);
		if (member)
			member->last = value;
	}
	return true;
}
