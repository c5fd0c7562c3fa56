/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "decide/bans.h"
#include "decide/evidence.h"
#include "decide/exempt.h"
#include "decide/rules.h"

/* A log may run ahead of our clock by as much before its time is not believed. */
#define FUTURE_MAX (60 * USEC_PER_SEC)
/* Attempts whose lines may still be on their way; each takes about 100 bytes once used. */
#define ATTEMPTS_MAX 65536

struct decider {
	const struct config *cfg;
	struct decide_callbacks callbacks;
	struct rule_set rules;
	struct attempt_table *attempts;
	struct evidence *evidence;
	struct ban_table bans;
	struct exempt_set exempt;
	struct decide_stats stats;
	struct log_limit future_limit, full_limit;
};

int decider_new(const struct config *cfg, const struct decide_callbacks *callbacks, struct decider **ret)
{
	struct decider *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->cfg = cfg;
	d->callbacks = *callbacks;
	r = ban_table_init(&d->bans);
	if (r < 0) {
		free(d);
		return r;
	}
	r = exempt_init(&d->exempt);
	if (r >= 0)
		r = exempt_configure(&d->exempt, cfg);
	if (r >= 0)
		r = attempt_table_new(ATTEMPTS_MAX, &d->attempts);
	if (r >= 0)
		r = evidence_new(&d->evidence);
	if (r >= 0)
		r = rule_set_init(&d->rules, cfg, NULL);
	if (r < 0) {
		decider_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct decider *decider_free(struct decider *d)
{
	if (!d)
		return NULL;
	rule_set_done(&d->rules);
	attempt_table_free(d->attempts);
	evidence_free(d->evidence);
	ban_table_done(&d->bans);
	exempt_done(&d->exempt);
	free(d);
	return NULL;
}

static void lift(struct decider *d, struct ban_entry *entry, enum lift_cause cause)
{
	ban_table_remove(&d->bans, entry);
	d->stats.lifts++;
	d->callbacks.lift(d->callbacks.userdata, &entry->ban, cause);
	ban_entry_free(entry);
}

static void lift_if_exempt(struct addr_map_link *item, void *userdata)
{
	struct decider *d = userdata;

	if (exempt_find(&d->exempt, &item->addr))
		lift(d, container_of(item, struct ban_entry, link), LIFT_EXEMPT);
}

/* Lifts every ban that touches an exemption. */
static void lift_exempt(struct decider *d)
{
	addr_map_each(&d->bans.map, lift_if_exempt, d);
}

int decider_reload(struct decider *d, const struct config *cfg)
{
	struct rule_set rules;
	int r = rule_set_init(&rules, cfg, &d->rules);

	if (r < 0)
		return r;
	rule_set_done(&d->rules);
	d->rules = rules;
	d->cfg = cfg;
	r = exempt_configure(&d->exempt, cfg);
	lift_exempt(d);
	return r;
}

/* The moment that counts: the log's own, unless it has none or is ahead of us. */
static usec_t event_moment(struct decider *d, const struct event *e, usec_t arrival)
{
	if (e->time == 0)
		return arrival;
	if (e->time <= arrival + FUTURE_MAX)
		return e->time;
	if (log_limit_pass(&d->future_limit))
		log_warning("filter %s: a log line is dated in the future; using the time of its arrival. "
			    "Check the clock and time zone of the gateway",
			    e->filter);
	return arrival;
}

/* May an event count against this source at all? */
static bool source_counts(struct decider *d, const struct event *e)
{
	if (e->n_addrs != 1) {
		d->stats.crafted += e->n_addrs > 1;
		return false;
	}
	if (addr_unbannable(&e->addrs[0])) {
		d->stats.unbannable++;
		return false;
	}
	if (exempt_find(&d->exempt, &e->addrs[0])) {
		d->stats.exempted++;
		return false;
	}
	return true;
}

static char *hit_reason(const struct rule_hit *hit, const struct event *e)
{
	char window[TIMESPAN_TEXT_MAX];

	if (hit->cfg->threshold == 1)
		return text_printf("%s in the log of %s (%s)", class_name(e->class), e->filter, e->pattern);
	return text_printf("%u attempts within %s, the last: %s in the log of %s (%s)", hit->count,
			   timespan_format(hit->cfg->window, window), class_name(e->class), e->filter, e->pattern);
}

/* Puts b into the table and announces it. Takes over its strings. */
static struct ban *enter(struct decider *d, const struct ban *b)
{
	struct ban_entry *old = ban_table_find(&d->bans, &b->addr), *entry;

	if (old) {
		ban_table_remove(&d->bans, old);
		ban_entry_free(old);
	}
	entry = ban_table_add(&d->bans, b);
	if (!entry) {
		log_error("Out of memory: a ban was not kept");
		return NULL;
	}
	return &entry->ban;
}

static void ban_hit(struct decider *d, const struct rule_hit *hit, const struct event *e, const struct addr *source,
		    usec_t when)
{
	const struct config_rule *rule = hit->cfg;
	usec_t since = when > d->cfg->history ? when - d->cfg->history : 0;
	unsigned earlier = d->callbacks.history(d->callbacks.userdata, &hit->target, since);
	struct ban b = { .addr = hit->target, .start = when, .count = hit->count }, *kept;

	if (d->bans.count >= d->cfg->max_bans) {
		if (log_limit_pass(&d->full_limit))
			log_error("%zu bans are in force, as many as max_bans allows: no further bans until some end",
				  d->bans.count);
		return;
	}
	b.step = earlier < rule->n_ladder ? earlier : (unsigned)rule->n_ladder - 1;
	b.end = when + rule->ladder[b.step];
	b.rule = strdup(rule->name);
	b.reason = hit_reason(hit, e);
	evidence_collect(d->evidence, source, &b.evidence, &b.evidence_len, &b.accounts);
	if (!b.rule || !b.reason) {
		ban_done(&b);
		return;
	}
	kept = enter(d, &b);
	if (!kept)
		return;
	d->stats.bans++;
	d->callbacks.ban(d->callbacks.userdata, kept);
}

void decider_event(struct decider *d, const struct event *e, usec_t arrival)
{
	const struct addr *source = &e->addrs[0];
	const struct ban_entry *standing;
	const struct attempt *attempt;
	struct rule_hit hit;
	bool counted;
	usec_t when;

	d->stats.events++;
	if (!source_counts(d, e) || !rule_set_wants(&d->rules, e->classes))
		return;
	when = event_moment(d, e, arrival);
	standing = ban_table_cover(&d->bans, source);
	if (standing && standing->ban.end > when)
		return;
	attempt = attempt_note(d->attempts, e, source, when);
	if (!rule_set_count(&d->rules, e, attempt, source, when, &hit, &counted)) {
		d->stats.attempts += counted;
		if (counted)
			evidence_note(d->evidence, source, e);
		return;
	}
	d->stats.attempts++;
	evidence_note(d->evidence, source, e);
	/* A prefix that holds an exempt address is not banned: only the source itself then. */
	if (exempt_find(&d->exempt, &hit.target))
		hit.target = *source;
	ban_hit(d, &hit, e, source, when);
}

usec_t decider_expire(struct decider *d, usec_t now)
{
	struct ban_entry *entry;

	while ((entry = ban_table_first(&d->bans)) && entry->ban.end <= now)
		lift(d, entry, LIFT_EXPIRED);
	return entry ? entry->ban.end : USEC_INFINITY;
}

int decider_ban(struct decider *d, const struct addr *addr, usec_t span, const char *reason, usec_t now,
		struct addr *exemption)
{
	const struct exempt_entry *exempt = exempt_find(&d->exempt, addr);
	struct ban b = { .addr = *addr, .start = now }, *kept;

	if (exempt) {
		*exemption = exempt->link.addr;
		return -EPERM;
	}
	if (addr_unbannable(addr))
		return -EINVAL;
	if (d->bans.count >= d->cfg->max_bans)
		return -ENOSPC;
	b.end = span == USEC_INFINITY ? USEC_INFINITY : now + span;
	b.rule = strdup("manual");
	b.reason = strdup(reason && *reason ? reason : "by hand");
	if (!b.rule || !b.reason) {
		ban_done(&b);
		return -ENOMEM;
	}
	kept = enter(d, &b);
	if (!kept)
		return -ENOMEM;
	d->stats.bans++;
	d->callbacks.ban(d->callbacks.userdata, kept);
	return 0;
}

int decider_restore(struct decider *d, const struct ban *b)
{
	struct ban copy = *b;

	if (exempt_find(&d->exempt, &copy.addr) || addr_unbannable(&copy.addr)) {
		ban_done(&copy);
		return -EPERM;
	}
	return enter(d, &copy) ? 0 : -ENOMEM;
}

int decider_unban(struct decider *d, const struct addr *addr, struct addr *cover)
{
	struct ban_entry *entry = ban_table_find(&d->bans, addr);
	const struct ban_entry *wider;

	*cover = (struct addr){ 0 };
	if (entry) {
		lift(d, entry, LIFT_ADMIN);
		return 0;
	}
	wider = ban_table_cover(&d->bans, addr);
	if (wider)
		*cover = wider->ban.addr;
	return -ENOENT;
}

size_t decider_unban_all(struct decider *d)
{
	struct ban_entry *entry;
	size_t n = 0;

	while ((entry = ban_table_first(&d->bans))) {
		lift(d, entry, LIFT_ADMIN);
		n++;
	}
	return n;
}

struct ban *decider_find(const struct decider *d, const struct addr *addr)
{
	struct ban_entry *entry = ban_table_find(&d->bans, addr);

	if (!entry)
		entry = ban_table_cover(&d->bans, addr);
	return entry ? &entry->ban : NULL;
}

void decider_each(struct decider *d, void (*fn)(void *userdata, struct ban *b), void *userdata)
{
	size_t i;

	for (i = 0; i < d->bans.count; i++)
		fn(userdata, &d->bans.heap[i]->ban);
}

int decider_exempt(struct decider *d, const struct addr *addr, const char *reason)
{
	int r = exempt_add(&d->exempt, addr, reason);

	if (r >= 0)
		lift_exempt(d);
	return r;
}

int decider_unexempt(struct decider *d, const struct addr *addr)
{
	return exempt_remove(&d->exempt, addr);
}

int decider_exempt_source(struct decider *d, const char *source, const struct addr *addrs, size_t n)
{
	int r = exempt_set_source(&d->exempt, source, addrs, n);
	struct ban_entry *entry;
	size_t i;

	/* Only what covers one of them: there may be a million bans. */
	for (i = 0; r >= 0 && i < n; i++)
		while (exempt_find(&d->exempt, &addrs[i]) && (entry = ban_table_cover(&d->bans, &addrs[i])))
			lift(d, entry, LIFT_EXEMPT);
	return r;
}

const struct addr *decider_exemption(const struct decider *d, const struct addr *addr)
{
	const struct exempt_entry *entry = exempt_find(&d->exempt, addr);

	return entry ? &entry->link.addr : NULL;
}

void decider_exempt_each(const struct decider *d,
			 void (*fn)(void *userdata, const struct addr *addr, const char *source, const char *reason),
			 void *userdata)
{
	exempt_each(&d->exempt, fn, userdata);
}

void decider_stats(const struct decider *d, struct decide_stats *ret)
{
	size_t i;

	*ret = d->stats;
	ret->active = d->bans.count;
	for (i = 0; i < d->rules.count; i++) {
		ret->offenders += window_offenders(d->rules.rules[i].window);
		ret->forgotten += window_forgotten(d->rules.rules[i].window);
	}
}
