/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "detect/number.h"

/* Keys that one source has for itself; it starts anew after its ban. */
#define KEYS_OF_SOURCE (KEY_ADDRESS | KEY_PREFIX)

/* Sources that a raised threshold is kept for; they are few. */
#define RAISED_MAX 4096

static bool is_shared(const struct config_rule *rc)
{
	return !(rc->keys & KEYS_OF_SOURCE);
}

static bool same_raises(const struct config_rule *a, const struct config_rule *b)
{
	size_t i;

	if (a->n_raises != b->n_raises)
		return false;
	for (i = 0; i < a->n_raises; i++)
		if (!addr_equal(&a->raises[i].addr, &b->raises[i].addr) || a->raises[i].threshold != b->raises[i].threshold)
			return false;
	return true;
}

static bool same_counts(const struct config_rule *a, const struct config_rule *b)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): each rule has its config */
	return strcmp(a->name, b->name) == 0 && a->classes == b->classes && a->keys == b->keys &&
	       a->threshold == b->threshold && a->window == b->window && a->each == b->each && same_raises(a, b);
}

static struct rule *kept_rule(struct rule_set *old, const struct config_rule *rc)
{
	size_t i;

	for (i = 0; old && i < old->count; i++)
		if (old->rules[i].window && same_counts(old->rules[i].cfg, rc))
			return &old->rules[i];
	return NULL;
}

static void rule_done(struct rule *rule)
{
	size_t i;

	window_table_free(rule->window);
	window_table_free(rule->own);
	for (i = 0; rule->raised && i < rule->cfg->n_raises; i++)
		window_table_free(rule->raised[i]);
	free(rule->raised);
	rule->window = rule->own = NULL;
	rule->raised = NULL;
}

static int rule_init(struct rule *rule, const struct config_rule *rc, uint32_t max_offenders)
{
	uint32_t raised_max = max_offenders < RAISED_MAX ? max_offenders : RAISED_MAX;
	size_t i;
	int r;

	rule->raised = calloc(rc->n_raises + 1, sizeof(struct window_table *));
	r = rule->raised ? window_table_new(rc->threshold, rc->window, max_offenders, &rule->window) : -ENOMEM;
	if (r >= 0 && is_shared(rc) && rc->each > 1)
		r = window_table_new(rc->each, rc->window, max_offenders, &rule->own);
	for (i = 0; r >= 0 && i < rc->n_raises; i++)
		r = window_table_new(rc->raises[i].threshold, rc->window, raised_max, &rule->raised[i]);
	return r;
}

int rule_set_init(struct rule_set *set, const struct config *cfg, struct rule_set *old)
{
	size_t i;
	int r;

	*set = (struct rule_set){ .cfg = cfg };
	set->rules = calloc(cfg->n_rules ? cfg->n_rules : 1, sizeof(*set->rules));
	if (!set->rules)
		return -ENOMEM;
	for (i = 0; i < cfg->n_rules; i++) {
		const struct config_rule *rc = &cfg->rules[i];
		struct rule *rule = &set->rules[set->count];

		if (!rc->enabled)
			continue;
		rule->cfg = rc;
		set->classes |= rc->classes;
		set->count++;
		r = kept_rule(old, rc) ? 0 : rule_init(rule, rc, cfg->max_offenders);
		if (r < 0) {
			rule_set_done(set);
			return r;
		}
	}
	/* Nothing can fail any more: only now is anything taken from the old set. */
	for (i = 0; i < set->count; i++) {
		struct rule *rule = &set->rules[i], *kept = kept_rule(old, rule->cfg);

		if (!kept || rule->window)
			continue;
		rule->window = TAKE_PTR(kept->window);
		rule->own = TAKE_PTR(kept->own);
		rule->raised = TAKE_PTR(kept->raised);
	}
	return 0;
}

void rule_set_done(struct rule_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		rule_done(&set->rules[i]);
	free(set->rules);
	*set = (struct rule_set){ 0 };
}

bool rule_set_wants(const struct rule_set *set, class_set classes)
{
	return (set->classes & classes) != 0;
}

static bool is_except(const struct config_rule *rc, const struct addr *source)
{
	size_t i;

	for (i = 0; i < rc->n_except; i++)
		if (addr_covers(&rc->except[i], source))
			return true;
	return false;
}

static bool rule_wants(const struct config_rule *rc, const struct event *e, const struct addr *source)
{
	char **f;

	if (!(rc->classes & e->classes) || is_except(rc, source))
		return false;
	if (!rc->filters)
		return true;
	for (f = rc->filters; *f; f++)
		if (strcmp(*f, e->filter) == 0)
			return true;
	return false;
}

/* Several things as one key: a keyed hash, so that its size is that of an address. */
static struct addr hashed_key(uint64_t h)
{
	struct addr key = { .family = AF_UNSPEC + 255 };
	uint64_t h2 = hash_mix(h, "2", 1);

	memcpy(key.bytes, &h, sizeof(h));
	memcpy(key.bytes + sizeof(h), &h2, sizeof(h2));
	return key;
}

/* The key of the event for the rule, and what a ban would be of. False: the event lacks a part of it. */
static bool rule_key(const struct rule_set *set, const struct config_rule *rc, const struct event *e,
		     const struct addr *source, struct addr *key, struct addr *target)
{
	char number[NUMBER_PREFIX_MAX];
	uint64_t h = 0;
	size_t n;

	*target = *source;
	if (rc->keys & KEY_PREFIX)
		*target = addr_truncate(source, source->family == AF_INET ? set->cfg->ipv4_prefix :
									    set->cfg->ipv6_prefix);
	*key = *target;
	if (!(rc->keys & ~KEYS_OF_SOURCE))
		return true;
	if (!is_shared(rc))
		h = hash_mix(h, target, sizeof(*target));
	if (rc->keys & KEY_ACCOUNT) {
		if (e->user.len == 0)
			return false;
		h = hash_mix(h ^ KEY_ACCOUNT, e->user.ptr, e->user.len);
	}
	if (rc->keys & KEY_NUMBER) {
		n = number_prefix(e->number, number);
		if (n == 0)
			return false;
		h = hash_mix(h ^ KEY_NUMBER, number, n);
	}
	*key = hashed_key(h);
	return true;
}

/* The counts for this source: of the longest prefix that raises them, or those of all. */
static struct window_table *window_for(const struct rule *rule, const struct addr *source, unsigned *threshold)
{
	const struct config_rule *rc = rule->cfg;
	struct window_table *found = rule->window;
	size_t i, best = rc->n_raises;

	*threshold = rc->threshold;
	for (i = 0; i < rc->n_raises; i++)
		if (addr_covers(&rc->raises[i].addr, source) &&
		    (best == rc->n_raises || rc->raises[i].addr.len > rc->raises[best].addr.len))
			best = i;
	if (best < rc->n_raises) {
		found = rule->raised[best];
		*threshold = rc->raises[best].threshold;
	}
	return found;
}

/* Has the source itself done its share of what is counted for a key that others have, too? */
static bool has_share(struct rule *rule, const struct addr *key, const struct addr *source, usec_t when)
{
	struct addr own;

	if (!rule->own)
		return true;
	own = hashed_key(hash_mix(hash_bytes(key, sizeof(*key)), source, sizeof(*source)));
	return window_note(rule->own, &own, when) >= rule->cfg->each;
}

/* Notes the event in one rule. Returns the count if the threshold is reached by it, else 0. */
static unsigned rule_note(struct rule *rule, const struct addr *key, const struct addr *source, usec_t when)
{
	unsigned threshold, n;
	struct window_table *window = window_for(rule, source, &threshold);
	bool share = has_share(rule, key, source, when);

	n = window_note(window, key, when);
	if (n < threshold || !share)
		return 0;
	/*
	 * What several sources share stays at its threshold, so that each that goes
	 * on is stopped; a source starts anew after its ban.
	 */
	if (!is_shared(rule->cfg))
		window_clear(window, key);
	return n;
}

int rule_set_count(struct rule_set *set, const struct event *e, const struct attempt *attempt,
		   const struct addr *source, usec_t when, struct rule_hit *hit, bool *counted)
{
	int found = 0;
	size_t i;

	*counted = false;
	for (i = 0; i < set->count; i++) {
		const struct config_rule *rc = set->rules[i].cfg;
		struct addr key, target;
		unsigned n;

		if (!rule_wants(rc, e, source) || !attempt_is_new(attempt, rc->classes) ||
		    !rule_key(set, rc, e, source, &key, &target))
			continue;
		*counted = true;
		n = rule_note(&set->rules[i], &key, source, when);
		if (n > 0 && !found)
			*hit = (struct rule_hit){ rc, target, n };
		found |= n > 0;
	}
	return found;
}
