/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failed logins of friends that packets prove (wire/wire.h), with the line or after it. */
#include <stdio.h>
#include <string.h>

#include "decide/decide_private.h"

/*
 * A phone has few accounts. If the gateway cannot look up any, all phones of an office fail,
 * from a port each: that is no reason to ban the office.
 */
#define PHONE_ACCOUNTS 3

/* How many there are under the key, with this one if it is new. */
static unsigned tally(struct decider *d, const struct addr *key, bool is_new, usec_t when)
{
	return is_new ? window_note(d->failing, key, when) : window_count(d->failing, key, when);
}

/* Is the part one of many from which somebody tries accounts, or the account one that is tried from many? */
static void set_scattered(struct decider *d, struct rule_attempt *a)
{
	const struct span user = a->event->user;
	const struct addr account = rule_key_with(&a->part, user.ptr, user.len),
			  anywhere = rule_key_with(&a->counted, user.ptr, user.len);
	const bool is_new = window_note(d->failing, &account, a->when) == 1;
	const unsigned accounts = tally(d, &a->part, is_new, a->when);
	const unsigned parts = tally(d, &a->counted, is_new && accounts == PHONE_ACCOUNTS + 1, a->when);

	a->scattered = accounts > PHONE_ACCOUNTS && parts > PARTS_SHUT_MAX;
	a->account_scattered = tally(d, &anywhere, is_new, a->when) > PARTS_SHUT_MAX;
}

/* Sets what the attempt came from. False: that is banned, and these are lines of what was dropped too late.
 */
static bool take_part(struct decider *d, struct rule_attempt *a)
{
	const struct ban_entry *ban;

	a->part = decider_part_of(a->event, &a->counted);
	if (a->part.family == 0)
		return true;
	ban = ban_table_find(&d->bans, &a->part);
	if (ban && ban->ban.end > a->when)
		return false;
	set_scattered(d, a);
	return true;
}

/* The same, proven. */
static void prove_event(const struct event *e, const struct proof *proof, struct wired_event *ret)
{
	ret->event = *e;
	ret->event.proven = true;
	ret->event.wired = proof->port != 0;
	ret->event.connected = !ret->event.wired;
	snprintf(ret->port, sizeof(ret->port), "%u", proof->port);
	if (ret->event.wired)
		ret->event.port = SPAN(ret->port);
	if (proof->account.len)
		ret->event.user = proof->account;
}

bool wired_prove(struct decider *d, struct rule_attempt *a, struct wired_event *proven)
{
	const struct event *e = a->event;
	struct proof proof;

	if (e->proven || !a->is_friend || !d->callbacks.prove || !rule_set_is_new(&d->rules, a) ||
	    !d->callbacks.prove(d->callbacks.userdata, e, a->when, &proof))
		return true;
	prove_event(e, &proof, proven);
	a->event = &proven->event;
	return take_part(d, a);
}

void decider_proved(struct decider *d, const struct event *e, const struct proof *proof, usec_t when)
{
	struct wired_event proven;
	struct rule_attempt a = {.event = &proven.event, .source = e->addrs[0], .when = when, .again = true};
	const struct ban_entry *standing;

	prove_event(e, proof, &proven);
	if (!decider_source_counts(d, e))
		return;
	a.counted = rule_counted(&d->rules, &a.source);
	a.is_friend = verdict_is_friend(d, &a.counted, when);
	standing = ban_table_standing(&d->bans, &a.source, when);
	if (!a.is_friend || (standing && (!standing->ban.observed || d->cfg->observe)))
		return;
	if (take_part(d, &a))
		decider_count(d, &a);
}
