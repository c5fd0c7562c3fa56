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

static bool same_policy(const struct config *a, const struct config *b)
{
	return a->policy.friend_factor == b->policy.friend_factor &&
	       a->policy.friend_account_limit == b->policy.friend_account_limit;
}

static struct rule *kept_rule(struct rule_set *old, const struct config *cfg, const struct config_rule *rc)
{
	size_t i;

	for (i = 0; old && same_policy(old->cfg, cfg) && i < old->count; i++)
		if (old->rules[i].window && same_counts(old->rules[i].cfg, rc))
			return &old->rules[i];
	return NULL;
}

static void friend_windows_done(struct friend_windows *w)
{
	window_table_free(w->attempts);
	window_table_free(w->accounts);
	*w = (struct friend_windows){ NULL, NULL };
}

static void rule_done(struct rule *rule)
{
	size_t i;

	window_table_free(rule->window);
	window_table_free(rule->proven);
	window_table_free(rule->own);
	window_table_free(rule->tried);
	friend_windows_done(&rule->friends);
	friend_windows_done(&rule->parts);
	friend_windows_done(&rule->wired);
	for (i = 0; rule->raised && i < rule->cfg->n_raises; i++)
		window_table_free(rule->raised[i]);
	free(rule->raised);
	rule->window = rule->proven = rule->own = rule->tried = NULL;
	rule->raised = NULL;
}

/* What a friend must have done, proven, before it is banned. */
static unsigned friend_threshold(const struct config *cfg, unsigned threshold)
{
	uint64_t n = (uint64_t)threshold * cfg->policy.friend_factor;

	return n < RULE_THRESHOLD_MAX ? (unsigned)n : RULE_THRESHOLD_MAX;
}

static int friend_windows_init(struct friend_windows *w, const struct config_rule *rc, const struct config *cfg, uint32_t few)
{
	int r = window_table_new(friend_threshold(cfg, rc->threshold), rc->window, few, &w->attempts);

	return r < 0 ? r : window_table_new(cfg->policy.friend_account_limit, rc->window, few, &w->accounts);
}

static int rule_init(struct rule *rule, const struct config_rule *rc, const struct config *cfg)
{
	uint32_t few = cfg->max_offenders < RAISED_MAX ? cfg->max_offenders : RAISED_MAX;
	size_t i;
	int r;

	rule->raised = calloc(rc->n_raises + 1, sizeof(struct window_table *));
	r = rule->raised ? window_table_new(rc->threshold, rc->window, cfg->max_offenders, &rule->window) : -ENOMEM;
	if (r >= 0)
		r = window_table_new(rc->threshold, rc->window, cfg->max_offenders, &rule->proven);
	if (r >= 0 && is_shared(rc) && rc->each > 1)
		r = window_table_new(rc->each, rc->window, cfg->max_offenders, &rule->own);
	if (r >= 0 && !is_shared(rc))
		r = window_table_new(cfg->policy.friend_account_limit, rc->window, few, &rule->tried);
	if (r >= 0 && !is_shared(rc))
		r = friend_windows_init(&rule->friends, rc, cfg, few);
	if (r >= 0 && !is_shared(rc))
		r = friend_windows_init(&rule->parts, rc, cfg, few);
	if (r >= 0 && !is_shared(rc))
		r = friend_windows_init(&rule->wired, rc, cfg, few);
	for (i = 0; r >= 0 && i < rc->n_raises; i++)
		r = window_table_new(rc->raises[i].threshold, rc->window, few, &rule->raised[i]);
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
		r = kept_rule(old, cfg, rc) ? 0 : rule_init(rule, rc, cfg);
		if (r < 0) {
			rule_set_done(set);
			return r;
		}
	}
	/* Nothing can fail any more: only now is anything taken from the old set. */
	for (i = 0; i < set->count; i++) {
		struct rule *rule = &set->rules[i], *kept = kept_rule(old, cfg, rule->cfg);

		if (!kept || rule->window)
			continue;
		rule->window = TAKE_PTR(kept->window);
		rule->proven = TAKE_PTR(kept->proven);
		rule->own = TAKE_PTR(kept->own);
		rule->tried = TAKE_PTR(kept->tried);
		rule->friends = kept->friends;
		rule->parts = kept->parts;
		rule->wired = kept->wired;
		kept->friends = kept->parts = kept->wired = (struct friend_windows){ NULL, NULL };
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
	uint64_t h2 = hash_lasting(h, "2", 1);

	memcpy(key.bytes, &h, sizeof(h));
	memcpy(key.bytes + sizeof(h), &h2, sizeof(h2));
	return key;
}

struct addr rule_counted(const struct rule_set *set, const struct addr *source)
{
	/* A subscriber has a whole /64 (RFC 6177), and takes any address of it. */
	return source->family == AF_INET6 ? addr_truncate(source, set->cfg->ipv6_prefix) : *source;
}

/* What a ban by the rule would be of. */
static struct addr rule_target(const struct rule_set *set, const struct config_rule *rc, const struct rule_attempt *a)
{
	if (rc->keys & KEY_PREFIX)
		return addr_truncate(&a->source, a->source.family == AF_INET ? set->cfg->ipv4_prefix :
									       set->cfg->ipv6_prefix);
	return a->counted;
}

/* The key of the attempt for the rule. False: it lacks a part of it. */
static bool rule_key(const struct config_rule *rc, const struct event *e, const struct addr *target, struct addr *key)
{
	char number[NUMBER_PREFIX_MAX];
	uint64_t h = 0;
	size_t n;

	*key = *target;
	if (!(rc->keys & ~KEYS_OF_SOURCE))
		return true;
	if (!is_shared(rc))
		h = hash_lasting(h, target, sizeof(*target));
	if (rc->keys & KEY_ACCOUNT) {
		if (e->user.len == 0)
			return false;
		h = hash_lasting(h ^ KEY_ACCOUNT, e->user.ptr, e->user.len);
	}
	if (rc->keys & KEY_NUMBER) {
		n = number_prefix(e->number, number);
		if (n == 0)
			return false;
		h = hash_lasting(h ^ KEY_NUMBER, number, n);
	}
	*key = hashed_key(h);
	return true;
}

/* The raise of the longest prefix that covers source, or NULL. */
static const struct config_raise *raise_for(const struct config_rule *rc, const struct addr *source)
{
	const struct config_raise *best = NULL;
	size_t i;

	for (i = 0; i < rc->n_raises; i++)
		if (addr_covers(&rc->raises[i].addr, source) && (!best || rc->raises[i].addr.len > best->addr.len))
			best = &rc->raises[i];
	return best;
}

/* Has the source itself done its share of what is counted for a key that others have, too? */
static bool has_share(struct rule *rule, const struct addr *key, const struct rule_attempt *a)
{
	struct addr own;

	if (!rule->own)
		return true;
	own = hashed_key(hash_lasting(hash_lasting(0, key, sizeof(*key)), &a->counted, sizeof(a->counted)));
	return window_note(rule->own, &own, a->when) >= rule->cfg->each;
}

/*
 * The account that an attempt was at. Of a call the line tells whom it was for, and not whose
 * password was wrong, unless packets did: a device calls many, so all of them are one account.
 */
static struct span account_of(const struct event *e)
{
	return event_is_call(e) && !e->wired ? SPAN("(of calls)") : e->user;
}

/* Attempts of a friend on one account that count at most: a phone makes them by itself. */
#define FRIEND_ACCOUNT_COUNTED 3
/* So many, and somebody should look after that phone. */
#define FRIEND_ACCOUNT_STALE 10

struct addr rule_key_with(const struct addr *key, const void *what, size_t len)
{
	return hashed_key(hash_lasting(hash_lasting(0, key, sizeof(*key)), what, len));
}

/* Counts an attempt on one account of a friend, or of a part of it. True: it is a hit. */
static bool count_account(struct friend_windows *w, const struct addr *key, const struct rule_attempt *a, unsigned *n)
{
	const struct span user = account_of(a->event);
	const struct addr account = rule_key_with(key, user.ptr, user.len);

	*n = user.len > 0 ? window_note(w->accounts, &account, a->when) : 0;
	if (*n < window_threshold(w->accounts))
		return false;
	window_clear(w->accounts, &account);
	return true;
}

/* Counts an attempt of a friend, or of a part of it. Returns of how many it is a hit, or 0. */
static unsigned count_friend(struct friend_windows *w, const struct addr *key, const struct rule_attempt *a)
{
	unsigned n;

	if (count_account(w, key, a, &n))
		return n;
	if (n > FRIEND_ACCOUNT_COUNTED)
		return 0;
	n = window_note(w->attempts, key, a->when);
	if (n < window_threshold(w->attempts))
		return 0;
	window_clear(w->attempts, key);
	return n;
}

/* An attempt of a friend. True: it is a hit. */
static bool note_friend(struct rule *rule, const struct addr *key, const struct rule_attempt *a, struct rule_hit *hit,
			struct rule_outcome *ret)
{
	const struct span user = account_of(a->event);
	const struct addr account = rule_key_with(key, user.ptr, user.len), part = rule_key_with(key, &a->part, sizeof(a->part));
	unsigned n = user.len > 0 && !a->again ? window_note(rule->tried, &account, a->when) : 0;

	ret->stale |= n >= FRIEND_ACCOUNT_STALE;
	hit->proven = a->event->proven;
	if (a->event->wired && a->part.family)
		hit->count = count_friend(&rule->wired, &part, a);
	if (hit->count > 0) {
		hit->target = a->part;
		hit->of_part = true;
		return true;
	}
	if (hit->proven) {
		if (!a->event->wired || a->scattered)
			hit->count = count_friend(&rule->friends, key, a);
		else if (a->account_scattered && count_account(&rule->friends, key, a, &n))
			hit->count = n;
		return hit->count > 0;
	}
	/* Whoever forges them shall not cut off the office. */
	ret->suspect |= n >= window_threshold(rule->tried);
	if (n <= FRIEND_ACCOUNT_COUNTED)
		ret->suspect |= window_note(rule->window, key, a->when) >= rule->cfg->threshold;
	if (a->part.family == 0)
		return false;
	hit->target = a->part;
	hit->of_part = true;
	hit->count = count_friend(&rule->parts, &part, a);
	return hit->count > 0;
}

/* An attempt of a stranger. True: it is a hit. */
static bool note_stranger(struct rule *rule, const struct addr *key, const struct rule_attempt *a, struct rule_hit *hit)
{
	const struct config_raise *raise = raise_for(rule->cfg, &a->source);
	struct window_table *window = raise ? rule->raised[raise - rule->cfg->raises] : rule->window;
	unsigned threshold = raise ? raise->threshold : rule->cfg->threshold;
	bool share = has_share(rule, key, a);

	hit->count = window_note(window, key, a->when);
	hit->proven = !raise && a->event->proven && window_note(rule->proven, key, a->when) >= threshold;
	if ((hit->count < threshold && !hit->proven) || !share)
		return false;
	if (hit->proven)
		hit->count = threshold;
	/*
	 * What several sources share stays at its threshold, so that each that goes
	 * on is stopped; a source starts anew after its ban. Proven attempts stay
	 * counted until they have led to a ban themselves.
	 */
	if (!is_shared(rule->cfg))
		window_clear(window, key);
	if (hit->proven && !is_shared(rule->cfg))
		window_clear(rule->proven, key);
	return true;
}

static void rule_note(struct rule_set *set, struct rule *rule, const struct rule_attempt *a, struct rule_outcome *ret)
{
	const struct config_rule *rc = rule->cfg;
	struct rule_hit hit = { .cfg = rc, .target = rule_target(set, rc, a) };
	/* A thief with a stolen password logs in, too: his calls are counted as everybody's. */
	bool trusted = a->is_friend && !(rc->classes & CLASS_BIT(CLASS_CALL_ATTEMPT)), found;
	struct addr key;

	if (!rule_key(rc, a->event, &hit.target, &key))
		return;
	ret->counted = true;
	if (trusted && is_shared(rc))
		return;
	found = trusted ? note_friend(rule, &key, a, &hit, ret) : note_stranger(rule, &key, a, &hit);
	if (!found || (ret->hit_any && (ret->hit.proven || !hit.proven)))
		return;
	ret->hit = hit;
	ret->hit_any = true;
}

void rule_set_fetch(const struct rule_set *set, class_set classes, const struct addr *counted)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if ((set->rules[i].cfg->classes & classes) && set->rules[i].cfg->keys == KEY_ADDRESS)
			window_fetch(set->rules[i].window, counted);
}

static bool is_new_for(const struct rule *rule, const struct rule_attempt *a)
{
	return rule_wants(rule->cfg, a->event, &a->source) && (a->again || attempt_is_new(a->attempt, rule->cfg->classes));
}

bool rule_set_is_new(const struct rule_set *set, const struct rule_attempt *a)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (is_new_for(&set->rules[i], a))
			return true;
	return false;
}

void rule_set_count(struct rule_set *set, const struct rule_attempt *a, struct rule_outcome *ret)
{
	size_t i;

	*ret = (struct rule_outcome){ 0 };
	for (i = 0; i < set->count; i++) {
		struct rule *rule = &set->rules[i];

		if (is_new_for(rule, a))
			rule_note(set, rule, a, ret);
	}
}

bool rule_standing(const struct rule_set *set, const struct rule *rule, const struct addr *source, bool is_friend,
		   usec_t now, struct explain_rule *ret)
{
	const struct config_rule *rc = rule->cfg;
	const struct config_raise *raise = raise_for(rc, source);
	const struct rule_attempt a = { .source = *source, .counted = rule_counted(set, source) };
	const struct addr key = rule_target(set, rc, &a);

	if (is_shared(rc) || (rc->keys & ~KEYS_OF_SOURCE) || is_except(rc, source))
		return false;
	*ret = (struct explain_rule){ .cfg = rc, .threshold = raise ? raise->threshold : rc->threshold, .target = key };
	ret->count = window_count(raise ? rule->raised[raise - rc->raises] : rule->window, &key, now);
	ret->proven = window_count(rule->proven, &key, now);
	if (is_friend && !(rc->classes & CLASS_BIT(CLASS_CALL_ATTEMPT))) {
		ret->threshold = window_threshold(rule->friends.attempts);
		ret->proven = ret->count = window_count(rule->friends.attempts, &key, now);
	}
	return true;
}
