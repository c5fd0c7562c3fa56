/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failed logins of friends that packets prove (wire/wire.h), with the line or after it. */
#include <stdio.h>
#include <string.h>

#include "decide/decide_private.h"

/*
 * Sets what the attempt came from. False: that is banned, and these are lines of what was
 * dropped too late. From how many parts a friend fails is counted by each that is new.
 */
static bool take_part(struct decider *d, struct rule_attempt *a)
{
	const struct ban_entry *ban;
	unsigned parts = 0;

	a->part = decider_part_of(a->event, &a->counted);
	if (a->part.family == 0)
		return true;
	ban = ban_table_find(&d->bans, &a->part);
	if (ban && ban->ban.end > a->when)
		return false;
	if (window_note(d->failing, &a->part, a->when) == 1)
		parts = window_note(d->failing, &a->counted, a->when);
	else
		parts = window_count(d->failing, &a->counted, a->when);
	a->scattered = parts > PARTS_SHUT_MAX;
	return true;
}

bool wired_prove(struct decider *d, struct rule_attempt *a, struct wired_event *proven)
{
	const struct event *e = a->event;
	uint16_t port;

	if (e->proven || !a->is_friend || !d->callbacks.prove || !rule_set_is_new(&d->rules, a) ||
	    !d->callbacks.prove(d->callbacks.userdata, e, a->when, &port))
		return true;
	proven->event = *e;
	proven->event.proven = proven->event.wired = true;
	snprintf(proven->port, sizeof(proven->port), "%u", port);
	proven->event.port = SPAN(proven->port);
	a->event = &proven->event;
	return take_part(d, a);
}

void decider_proved(struct decider *d, const struct event *e, usec_t when)
{
	struct rule_attempt a = { .event = e, .source = e->addrs[0], .when = when, .again = true };
	const struct ban_entry *standing;

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
