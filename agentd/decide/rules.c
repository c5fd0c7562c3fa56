/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/hash.h"

static bool same_counts(const struct config_rule *a, const struct config_rule *b)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): each rule has its config */
	return strcmp(a->name, b->name) == 0 && a->classes == b->classes && a->key == b->key &&
	       a->threshold == b->threshold && a->window == b->window;
}

static struct window_table **kept_window(struct rule_set *old, const struct config_rule *rc)
{
	size_t i;

	for (i = 0; old && i < old->count; i++)
		if (old->rules[i].window && same_counts(old->rules[i].cfg, rc))
			return &old->rules[i].window;
	return NULL;
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
		if (!kept_window(old, rc)) {
			r = window_table_new(rc->threshold, rc->window, cfg->max_offenders, &rule->window);
			if (r < 0) {
				rule_set_done(set);
				return r;
			}
		}
		rule->cfg = rc;
		set->classes |= rc->classes;
		set->count++;
	}
	/* Nothing can fail any more: only now is anything taken from the old set. */
	for (i = 0; i < set->count; i++) {
		struct window_table **kept = kept_window(old, set->rules[i].cfg);

		if (kept && !set->rules[i].window)
			set->rules[i].window = TAKE_PTR(*kept);
	}
	return 0;
}

void rule_set_done(struct rule_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		window_table_free(set->rules[i].window);
	free(set->rules);
	*set = (struct rule_set){ 0 };
}

bool rule_set_wants(const struct rule_set *set, class_set classes)
{
	return (set->classes & classes) != 0;
}

static bool rule_wants(const struct config_rule *rc, const struct event *e)
{
	char **f;

	if (!(rc->classes & e->classes))
		return false;
	if (!rc->filters)
		return true;
	for (f = rc->filters; *f; f++)
		if (strcmp(*f, e->filter) == 0)
			return true;
	return false;
}

/* An account as a key: a keyed hash, so that its size is that of an address. */
static struct addr account_key(struct span user)
{
	struct addr key = { .family = AF_UNSPEC + 255 };
	uint64_t h = hash_bytes(user.ptr, user.len), h2 = hash_mix(h, "2", 1);

	memcpy(key.bytes, &h, sizeof(h));
	memcpy(key.bytes + sizeof(h), &h2, sizeof(h2));
	return key;
}

static bool rule_key(const struct rule_set *set, const struct config_rule *rc, const struct event *e,
		     const struct addr *source, struct addr *key, struct addr *target)
{
	*target = *source;
	switch (rc->key) {
	case KEY_ADDRESS:
		*key = *source;
		return true;
	case KEY_PREFIX:
		*key = *target = addr_truncate(source, source->family == AF_INET ? set->cfg->ipv4_prefix :
										  set->cfg->ipv6_prefix);
		return true;
	case KEY_ACCOUNT:
		*key = account_key(e->user);
		return e->user.len > 0;
	}
	return false;
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

		if (!rule_wants(rc, e) || !attempt_is_new(attempt, rc->classes) ||
		    !rule_key(set, rc, e, source, &key, &target))
			continue;
		*counted = true;
		n = window_note(set->rules[i].window, &key, when);
		if (n < rc->threshold)
			continue;
		/*
		 * An account stays at its threshold, so that each further source is
		 * stopped at its first attempt; an address starts anew after its ban.
		 */
		if (rc->key != KEY_ACCOUNT)
			window_clear(set->rules[i].window, &key);
		if (!found)
			*hit = (struct rule_hit){ rc, target, n };
		found = 1;
	}
	return found;
}
