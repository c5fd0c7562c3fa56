/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans for what calls cost: calls/ finds who, and here it is decided whether he may be. */
#include <stdlib.h>
#include <string.h>

#include "decide/decide_private.h"

/* Is it a place of several accounts? */
static bool is_shared(const struct decider *d, const struct addr *counted, usec_t when)
{
	const struct friend *f = trust_find(d->trust, counted);

	return f && f->accounts > 1 && f->last + d->cfg->policy.friend_for >= when;
}

/* Would a forger choose it? */
static bool may_be_victim(const struct decider *d, const struct fraud_source *source, const struct addr *counted, usec_t when)
{
	if (source->proven)
		return false;
	return window_count(d->called, counted, when) > 0 || (!source->logged_in && verdict_is_friend(d, counted, when));
}

bool decider_fraud(struct decider *d, const struct fraud_source *source, const char *rule, const char *reason, usec_t span,
		   usec_t when)
{
	const struct addr *addr = &source->addr, counted = rule_counted(&d->rules, addr);
	struct ban b = { .addr = counted, .start = when, .count = 1, .proven = source->proven, .observed = d->cfg->observe };
	const struct ban_entry *standing = ban_table_standing(&d->bans, addr, when);

	if (standing && (!standing->ban.observed || d->cfg->observe))
		return true;
	if (addr_unbannable(addr) || exempt_find(&d->exempt, &counted)) {
		d->stats.exempted++;
		return false;
	}
	if (is_shared(d, &counted, when) || may_be_victim(d, source, &counted, when)) {
		d->stats.spared++;
		return false;
	}
	if (!source->proven && span > d->cfg->policy.unproven_ban)
		span = d->cfg->policy.unproven_ban;
	if (span == 0)
		return false;
	b.end = when + span;
	b.rule = strdup(rule);
	b.reason = strdup(reason);
	evidence_collect(d->evidence, &counted, &b.evidence, &b.evidence_len, &b.accounts);
	if (!b.rule || !b.reason) {
		ban_done(&b);
		return false;
	}
	verdict_carry_out(d, &b);
	return ban_table_standing(&d->bans, addr, when) != NULL;
}
