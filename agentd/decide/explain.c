/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an address is, or is not, banned. */
#include <errno.h>
#include <stdlib.h>

#include "decide/decide_private.h"

static void explain_rules(const struct decider *d, const struct addr *addr, usec_t now, struct explanation *e)
{
	size_t i;

	for (i = 0; i < d->rules.count; i++)
		if (rule_standing(&d->rules, &d->rules.rules[i], addr, e->is_friend, now, &e->rules[e->n_rules]))
			e->n_rules++;
}

struct port_count {
	const struct addr *of;
	unsigned n;
};

static void count_port(struct addr_map_link *item, void *userdata)
{
	struct port_count *c = userdata;

	c->n += item->addr.port && addr_covers(c->of, &item->addr);
}

static unsigned count_ports(const struct decider *d, const struct addr *addr)
{
	struct port_count c = { addr, 0 };

	/* addr_map_each() only writes through fn. */
	if (d->stats.ports)
		addr_map_each((struct addr_map *)&d->bans.map, count_port, &c);
	return c.n;
}

int decider_explain(const struct decider *d, const struct addr *addr, usec_t now, struct explanation *ret)
{
	struct addr counted = rule_counted(&d->rules, addr);
	const struct friend *f = trust_find(d->trust, &counted);

	*ret = (struct explanation){ .ban = decider_find(d, addr), .exemption = decider_exemption(d, addr) };
	ret->rules = calloc(d->rules.count + 1, sizeof(*ret->rules));
	if (!ret->rules)
		return -ENOMEM;
	ret->ports = addr->port ? 0 : count_ports(d, addr);
	ret->unbannable = addr_unbannable(addr);
	if (f)
		ret->friend = *f;
	ret->is_friend = verdict_is_friend(d, &counted, now);
	ret->forgeries = pending_forgeries(&d->pending, addr);
	ret->waiting = pending_has(&d->pending, addr);
	explain_rules(d, addr, now, ret);
	evidence_collect(d->evidence, &counted, &ret->evidence, &ret->evidence_len, &ret->accounts);
	return 0;
}

void explanation_done(struct explanation *e)
{
	free(e->rules);
	free(e->evidence);
	free(e->accounts);
	*e = (struct explanation){ 0 };
}
