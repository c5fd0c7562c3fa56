/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a decider knows besides bans and exemptions, to the store and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "decide/decide_private.h"

/* Layouts of sections; a number is never used for another one. */
enum keep_kind {
	KEEP_WINDOW = DECIDE_KEEP_FIRST,
	KEEP_ATTEMPTS,
	KEEP_DISTINCT,
	KEEP_FRIENDS,
	KEEP_EVIDENCE,
	KEEP_PENDING,
	KEEP_FORGERIES,
	KEEP_BRAKES,
	KEEP_COUNTERS,
	KEEP_ALERTS,
};

/* Brakes, counters and alerts are few: what changed is seen by comparing with what was written last. */
struct decide_keep {
	struct keep_list tables;
	struct pack brakes, counters;
	struct alerted alerted[ALERTS_REMEMBERED];
};

/* Tables */

static uint64_t mix_number(uint64_t h, uint64_t n)
{
	return hash_lasting(h, &n, sizeof(n));
}

/* Names what a rule counts: as another rule, it begins anew. See same_counts() of rules.c. */
static uint64_t rule_id(const struct config *cfg, const struct config_rule *rc)
{
	uint64_t h = hash_lasting(0, rc->name, strlen(rc->name));
	size_t i;

	h = mix_number(h, rc->classes);
	h = mix_number(h, rc->keys);
	h = mix_number(h, rc->threshold);
	h = mix_number(h, rc->window);
	h = mix_number(h, rc->each);
	h = mix_number(h, cfg->policy.friend_factor);
	h = mix_number(h, cfg->policy.friend_account_limit);
	for (i = 0; i < rc->n_raises; i++) {
		h = hash_lasting(h, &rc->raises[i].addr, sizeof(rc->raises[i].addr));
		h = mix_number(h, rc->raises[i].threshold);
	}
	return h;
}

static void add_rule(struct keep_list *l, const struct config *cfg, struct rule *rule)
{
	const uint64_t id = rule_id(cfg, rule->cfg), wired = hash_lasting(id, "wired", 5);
	struct window_table *tables[] = { rule->window,		 rule->proven,		rule->own,
					  rule->tried,		 rule->friends.attempts, rule->friends.accounts,
					  rule->parts.attempts, rule->parts.accounts };
	size_t i;

	for (i = 0; i < ELEMENTSOF(tables); i++)
		keep_list_add(l, KEEP_WINDOW, mix_number(id, i), tables[i], &window_keep);
	keep_list_add(l, KEEP_WINDOW, mix_number(wired, 0), rule->wired.attempts, &window_keep);
	keep_list_add(l, KEEP_WINDOW, mix_number(wired, 1), rule->wired.accounts, &window_keep);
	for (i = 0; i < rule->cfg->n_raises; i++)
		keep_list_add(l, KEEP_WINDOW, mix_number(id, ELEMENTSOF(tables) + i), rule->raised[i], &window_keep);
}

static void list_tables(struct decider *d)
{
	struct keep_list *l = &d->keep->tables;
	const struct config_policy *p = &d->cfg->policy;
	size_t i;

	keep_list_done(l);
	for (i = 0; i < d->rules.count; i++)
		add_rule(l, d->cfg, &d->rules.rules[i]);
	keep_list_add(l, KEEP_ATTEMPTS, 0, d->attempts, &attempt_keep);
	keep_list_add(l, KEEP_DISTINCT, mix_number(mix_number(1, p->account_window), ACCOUNT_ADDRESSES_MAX), d->accounts,
		  &distinct_keep);
	keep_list_add(l, KEEP_DISTINCT, mix_number(mix_number(2, p->prefix_window), p->prefix_offenders), d->prefixes,
		  &distinct_keep);
	keep_list_add(l, KEEP_WINDOW, mix_number(1, p->friend_for), d->logged_in, &window_keep);
	keep_list_add(l, KEEP_WINDOW, 2, d->called, &window_keep);
	keep_list_add(l, KEEP_WINDOW, 3, d->shut, &window_keep);
	keep_list_add(l, KEEP_WINDOW, 4, d->failing, &window_keep);
	keep_list_add(l, KEEP_FRIENDS, 0, d->trust, &trust_keep);
	keep_list_add(l, KEEP_EVIDENCE, 0, d->evidence, &evidence_keep);
	keep_list_add(l, KEEP_PENDING, 0, &d->pending, &pending_keep);
	keep_list_add(l, KEEP_FORGERIES, 0, &d->pending, &forgery_keep);
}

int decider_keep_start(struct decider *d)
{
	if (!d->keep)
		d->keep = calloc(1, sizeof(*d->keep));
	if (!d->keep)
		return -ENOMEM;
	list_tables(d);
	return keep_list_start(&d->keep->tables);
}

void decide_keep_done(struct decider *d)
{
	if (!d->keep)
		return;
	keep_list_done(&d->keep->tables);
	pack_done(&d->keep->brakes);
	pack_done(&d->keep->counters);
	free(d->keep);
	d->keep = NULL;
}

/* Brakes, counters, alerts */

static void pack_brakes(const struct decider *d, struct pack *p)
{
	pack_number(p, d->minute);
	pack_number(p, d->in_minute);
	pack_number(p, d->unproven_in_minute);
	pack_number(p, d->hour);
	pack_number(p, d->friends_in_hour);
	pack_number(p, d->friends_counted);
	pack_number(p, d->stats.friends);
}

static bool restore_brakes(struct decider *d, struct unpack *u)
{
	uint64_t n[7];
	size_t i;

	for (i = 0; i < ELEMENTSOF(n); i++)
		if (!unpack_number(u, &n[i]))
			return false;
	d->minute = n[0];
	d->in_minute = (uint32_t)n[1];
	d->unproven_in_minute = (uint32_t)n[2];
	d->hour = n[3];
	d->friends_in_hour = (uint32_t)n[4];
	d->friends_counted = n[5];
	d->stats.friends = n[6];
	return true;
}

/* The order is the layout: new ones come last. */
#define COUNTERS(s)                                                                                                    \
	{                                                                                                              \
		&(s)->events, &(s)->attempts, &(s)->bans, &(s)->lifts, &(s)->exempted, &(s)->crafted, &(s)->unbannable, \
			&(s)->forgotten, &(s)->forged, &(s)->spared, &(s)->braked, &(s)->observed, &(s)->alerts, \
			&(s)->wired                                                                                   \
	}

static void pack_counters(const struct decider *d, struct pack *p)
{
	struct decide_stats s;
	uint64_t *const counters[] = COUNTERS(&s);
	size_t i;

	decider_stats(d, &s);
	for (i = 0; i < ELEMENTSOF(counters); i++)
		pack_number(p, *counters[i]);
}

static bool restore_counters(struct decider *d, struct unpack *u)
{
	uint64_t *const counters[] = COUNTERS(&d->stats);
	size_t i;

	for (i = 0; i < ELEMENTSOF(counters) && u->at < u->end; i++)
		if (!unpack_number(u, counters[i]))
			return false;
	return true;
}

static bool restore_alerts(struct decider *d, struct unpack *u)
{
	uint64_t place;

	while (u->at < u->end)
		if (!unpack_below(u, ALERTS_REMEMBERED, &place) || !unpack_number(u, &d->alerted[place].hash) ||
		    !unpack_number(u, &d->alerted[place].when))
			return false;
	return true;
}

/* Writes a section of what fn packs, if it is not as it was last. */
static void keep_if_changed(const struct decider *d, enum keep_kind kind, struct pack *last, bool all,
			    void (*fn)(const struct decider *d, struct pack *p), struct pack *p)
{
	size_t begin = pack_begin(p, kind, 0), from = p->len;

	fn(d, p);
	if (p->failed || (!all && p->len - from == last->len && memcmp(p->data + from, last->data, last->len) == 0)) {
		p->len = begin;
		return;
	}
	last->len = 0;
	pack_bytes(last, p->data + from, p->len - from);
	pack_end(p, begin);
}

static void keep_alerts(struct decider *d, bool all, struct pack *p)
{
	size_t begin = pack_begin(p, KEEP_ALERTS, 0), i;

	for (i = 0; i < ALERTS_REMEMBERED; i++) {
		struct alerted *now = &d->alerted[i], *last = &d->keep->alerted[i];

		if (now->hash == 0 || (!all && now->hash == last->hash && now->when == last->when))
			continue;
		pack_number(p, i);
		pack_number(p, now->hash);
		pack_number(p, now->when);
		*last = *now;
	}
	pack_end(p, begin);
}

static void keep_few(struct decider *d, bool all, struct pack *p)
{
	keep_if_changed(d, KEEP_BRAKES, &d->keep->brakes, all, pack_brakes, p);
	keep_if_changed(d, KEEP_COUNTERS, &d->keep->counters, all, pack_counters, p);
	keep_alerts(d, all, p);
}

/* All together */

bool decider_keep_changed(struct decider *d, struct pack *p)
{
	if (!keep_list_changed(&d->keep->tables, p))
		return false;
	keep_few(d, false, p);
	return true;
}

bool decider_keep_sweep(struct decider *d, size_t limit, struct pack *p)
{
	if (!keep_list_sweep(&d->keep->tables, limit, p))
		return false;
	keep_few(d, true, p);
	return true;
}

void decider_keep_rewind(struct decider *d)
{
	keep_list_rewind(&d->keep->tables);
}

bool decider_keep_restore(struct decider *d, const struct section *s, bool same_patterns)
{
	struct unpack u = s->records;

	switch (s->kind) {
	case KEEP_BRAKES:
		return restore_brakes(d, &u);
	case KEEP_COUNTERS:
		return restore_counters(d, &u);
	case KEEP_ALERTS:
		return restore_alerts(d, &u);
	case KEEP_ATTEMPTS:
		if (!same_patterns)
			return true;
		break;
	default:
		break;
	}
	return keep_list_restore(&d->keep->tables, s);
}

void decider_keep_restored(struct decider *d, usec_t friends_since)
{
	evidence_restored(d->evidence);
	trust_forget(d->trust, friends_since);
}

/* Decisions that waited for the kernel's answer */

struct waiting {
	struct addr *sources;
	size_t n;
};

static void add_waiting(void *userdata, const struct addr *source)
{
	struct waiting *w = userdata;

	w->sources[w->n++] = *source;
}

void decider_ask_again(struct decider *d)
{
	struct waiting w = { calloc(pending_count(&d->pending) + 1, sizeof(struct addr)), 0 };
	size_t i;

	if (!w.sources)
		return;
	pending_each(&d->pending, add_waiting, &w);
	for (i = 0; i < w.n; i++)
		if (!d->callbacks.ask || !d->callbacks.ask(d->callbacks.userdata, &w.sources[i]))
			decider_answer(d, &w.sources[i], WITNESS_SILENT);
	free(w.sources);
}
