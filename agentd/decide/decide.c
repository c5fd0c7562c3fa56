/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "decide/decide_private.h"

/* Attempts whose lines may still be on their way; each takes about 100 bytes once used. */
#define ATTEMPTS_MAX 65536

/* Parts of friends, and addresses called, that are remembered. */
#define PARTS_MAX 262144
#define CALLED_MAX 4096
/* Of friends that packets prove to fail: the friends, their parts, and each part's accounts. */
#define FAILING_MAX 32768
/* The kernel is asked again about who was called after so long. */
#define CALLED_FOR (3600 * USEC_PER_SEC)

static int make_parts(struct decider *d, const struct config *cfg)
{
	usec_t friend_for = cfg->policy.friend_for ? cfg->policy.friend_for : USEC_PER_SEC;
	int r = window_table_new(1, friend_for < WINDOW_MAX ? friend_for : WINDOW_MAX, PARTS_MAX, &d->logged_in);

	if (r >= 0)
		r = window_table_new(1, CALLED_FOR, CALLED_MAX, &d->called);
	if (r >= 0)
		r = window_table_new(PARTS_SHUT_MAX + 1, PARTS_SHUT_FOR, CALLED_MAX, &d->shut);
	return r < 0 ? r : window_table_new(PARTS_SHUT_MAX + 1, PARTS_SHUT_FOR, FAILING_MAX, &d->failing);
}

static int make_distinct(const struct config *cfg, struct distinct_table **accounts, struct distinct_table **prefixes)
{
	int r = distinct_table_new(ACCOUNT_ADDRESSES_MAX, cfg->policy.account_window, accounts);

	if (r < 0)
		return r;
	r = distinct_table_new(cfg->policy.prefix_offenders, cfg->policy.prefix_window, prefixes);
	if (r < 0)
		*accounts = distinct_table_free(*accounts);
	return r;
}

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
		r = trust_new(&d->trust);
	if (r >= 0)
		r = pending_init(&d->pending);
	if (r >= 0)
		r = make_distinct(cfg, &d->accounts, &d->prefixes);
	if (r >= 0)
		r = make_parts(d, cfg);
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
	decide_keep_done(d);
	rule_set_done(&d->rules);
	attempt_table_free(d->attempts);
	evidence_free(d->evidence);
	trust_free(d->trust);
	distinct_table_free(d->accounts);
	distinct_table_free(d->prefixes);
	window_table_free(d->logged_in);
	window_table_free(d->called);
	window_table_free(d->shut);
	window_table_free(d->failing);
	pending_done(&d->pending);
	ban_table_done(&d->bans);
	exempt_done(&d->exempt);
	free(d);
	return NULL;
}

static bool is_prefix_ban(const struct ban *b)
{
	return strcmp(b->rule, "prefix") == 0;
}

/* Counts a ban that comes (1) or goes (-1). */
static void count_ban(struct decider *d, const struct ban *b, int by)
{
	if (!b->proven && strcmp(b->rule, "manual") != 0)
		d->stats.unproven += (size_t)by;
	if (is_prefix_ban(b))
		d->stats.prefixes += (size_t)by;
	if (b->addr.port)
		d->stats.ports += (size_t)by;
}

void decider_lift(struct decider *d, struct ban_entry *entry, enum lift_cause cause)
{
	ban_table_remove(&d->bans, entry);
	count_ban(d, &entry->ban, -1);
	d->stats.lifts++;
	d->callbacks.lift(d->callbacks.userdata, &entry->ban, cause);
	ban_entry_free(entry);
}

static void lift_if_exempt(struct addr_map_link *item, void *userdata)
{
	struct decider *d = userdata;

	if (exempt_find(&d->exempt, &item->addr))
		decider_lift(d, container_of(item, struct ban_entry, link), LIFT_EXEMPT);
}

/* Lifts every ban that touches an exemption. */
static void lift_exempt(struct decider *d)
{
	addr_map_each(&d->bans.map, lift_if_exempt, d);
}

int decider_reload(struct decider *d, const struct config *cfg)
{
	struct distinct_table *accounts = NULL, *prefixes = NULL;
	const struct config_policy *old = &d->cfg->policy, *new = &cfg->policy;
	struct rule_set rules;
	int r = 0;

	if (old->account_window != new->account_window || old->prefix_window != new->prefix_window ||
	    old->prefix_offenders != new->prefix_offenders)
		r = make_distinct(cfg, &accounts, &prefixes);
	if (r >= 0)
		r = rule_set_init(&rules, cfg, &d->rules);
	if (r < 0) {
		distinct_table_free(accounts);
		distinct_table_free(prefixes);
		return r;
	}
	if (accounts) {
		distinct_table_free(d->accounts);
		distinct_table_free(d->prefixes);
		d->accounts = accounts;
		d->prefixes = prefixes;
	}
	rule_set_done(&d->rules);
	d->rules = rules;
	d->cfg = cfg;
	r = exempt_configure(&d->exempt, cfg);
	lift_exempt(d);
	/* The tables are others now. */
	if (r >= 0 && d->keep)
		r = decider_keep_start(d);
	return r;
}

/* The moment that counts: the log's own, unless it has none or is ahead of us. */
static usec_t event_moment(struct decider *d, const struct event *e, usec_t arrival)
{
	if (e->time == 0)
		return arrival;
	if (e->time <= arrival + EVENT_FUTURE_MAX)
		return e->time;
	if (log_limit_pass(&d->future_limit))
		log_warning("filter %s: a log line is dated in the future; using the time of its arrival. "
			    "Check the clock and time zone of the gateway",
			    e->filter);
	return arrival;
}

bool decider_source_counts(struct decider *d, const struct event *e)
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

static struct ban *enter(struct decider *d, const struct ban *b)
{
	struct ban_entry *old = ban_table_find(&d->bans, &b->addr), *entry;

	if (old) {
		ban_table_remove(&d->bans, old);
		count_ban(d, &old->ban, -1);
		ban_entry_free(old);
	}
	entry = ban_table_add(&d->bans, b);
	if (!entry) {
		log_error("Out of memory: a ban was not kept");
		return NULL;
	}
	count_ban(d, &entry->ban, 1);
	d->stats.observed += entry->ban.observed;
	return &entry->ban;
}

void decider_enter(struct decider *d, struct ban *b)
{
	struct ban *kept = enter(d, b);

	if (kept)
		d->callbacks.ban(d->callbacks.userdata, kept);
}

/* What an admin should look after: a friend that fails. */
static void tell_friend(struct decider *d, const struct event *e, const struct rule_outcome *o, const struct addr *counted,
			usec_t when)
{
	char text[ADDR_TEXT_MAX], shown[100];

	d->stats.spared += o->stale || o->suspect;
	if (o->stale && event_is_call(e))
		verdict_alert(d, ALERT_STALE_ACCOUNT, counted, (struct span){ 0 }, when,
			      "Calls from %s, where others log in, are refused again and again for a wrong password: a device "
			      "with an old one? The address is not banned for it",
			      addr_format(counted, text));
	else if (o->stale)
		verdict_alert(d, ALERT_STALE_ACCOUNT, counted, e->user, when,
			      "Account %s fails again and again at %s, where others log in: a phone with an old password? "
			      "The address is not banned for it",
			      text_escape(e->user, shown, sizeof(shown)), addr_format(counted, text));
	if (o->suspect)
		verdict_alert(d, ALERT_FRIEND_ATTACKS, counted, (struct span){ 0 }, when,
			      "%s, which logged in lately, fails so often that a stranger would be banned; but the packets "
			      "may be forged (%s in the log of %s)",
			      addr_format(counted, text), class_name(e->class), e->filter);
}

static bool is_refused_account(const struct event *e)
{
	return e->user.len > 0 && (e->class == CLASS_AUTH_FAILURE || e->class == CLASS_UNKNOWN_USER);
}

struct addr decider_part_of(const struct event *e, const struct addr *counted)
{
	struct addr part = e->addrs[0];
	unsigned port = 0;
	size_t i;

	for (i = 0; i < e->port.len && port <= UINT16_MAX; i++)
		port = port * 10 + (unsigned)(e->port.ptr[i] - '0');
	if (part.family == AF_INET && port <= UINT16_MAX)
		part.port = (uint16_t)port;
	return addr_equal(&part, counted) ? (struct addr){ 0 } : part;
}

/* Somebody logged in. */
static void befriend(struct decider *d, const struct event *e, const struct addr *counted, usec_t when)
{
	const struct addr part = decider_part_of(e, counted);
	const struct friend *known = trust_find(d->trust, counted);
	const usec_t before = known ? known->last : 0;

	if (part.family)
		window_note(d->logged_in, &part, when);
	if (d->callbacks.befriended && d->cfg->policy.friend_for)
		d->callbacks.befriended(d->callbacks.userdata, &e->addrs[0], before, when);
	trust_note(d->trust, counted, e->user, part.family != 0, when);
}

/* The part of a friend that may be stopped by itself. Family 0: none. */
static struct addr guilty_part(const struct decider *d, const struct event *e, const struct addr *counted, usec_t when)
{
	const struct addr part = decider_part_of(e, counted), none = { 0 };

	if (e->proven || part.family == 0 || !trust_knows_parts(d->trust, counted, when))
		return none;
	return window_count(d->logged_in, &part, when) > 0 ? none : part;
}

/*
 * In a flood, what each stranger is looked up in is nowhere near: here it is asked for, all
 * at once, and is on its way while other things are done. Returns the key of the attempt.
 */
static uint64_t fetch(const struct decider *d, const struct event *e, const struct addr *counted)
{
	const uint64_t attempt = attempt_key(e, &e->addrs[0]);

	attempt_fetch(d->attempts, attempt);
	rule_set_fetch(&d->rules, e->classes, counted);
	if (is_refused_account(e))
		distinct_fetch(d->accounts, verdict_account_key(e));
	return attempt;
}

void decider_count(struct decider *d, const struct rule_attempt *a)
{
	struct rule_outcome o;

	rule_set_count(&d->rules, a, &o);
	d->stats.attempts += o.counted && !a->again;
	d->stats.wired += o.counted && (a->event->wired || a->event->connected);
	if (o.counted && !a->again)
		evidence_note(d->evidence, &a->counted, a->event);
	tell_friend(d, a->event, &o, &a->counted, a->when);
	if (o.hit_any)
		verdict_hit(d, &o.hit, a->event, &a->source, a->when);
	/* Whom many call, as the voice mail, is no account that many attack. */
	else if (is_refused_account(a->event) && !a->again && !event_is_call(a->event))
		verdict_account(d, a->event, &a->counted, a->when);
}

/* An attempt of a source that counts, and is not banned already. */
static void judge(struct decider *d, const struct event *e, struct addr counted, usec_t when)
{
	struct rule_attempt a = { .event = e, .source = e->addrs[0], .counted = counted, .when = when };
	const struct ban_entry *part;
	struct wired_event proven;
	const uint64_t attempt = fetch(d, e, &counted);
	struct addr from;

	/* As if it were banned already: how much is read until the kernel answers must make no difference. */
	from = decider_part_of(e, &counted);
	if (pending_covers(&d->pending, &a.source, from.family ? &from : &a.source, when))
		return;
	a.part = guilty_part(d, e, &counted, when);
	/* Lines of what was dropped too late. */
	part = a.part.family ? ban_table_find(&d->bans, &a.part) : NULL;
	if (part && part->ban.end > when)
		return;
	a.attempt = attempt_note(d->attempts, attempt, e, when);
	a.is_friend = verdict_is_friend(d, &counted, when);
	if (!is_refused_account(e) || wired_prove(d, &a, &proven))
		decider_count(d, &a);
}

void decider_event(struct decider *d, const struct event *e, usec_t arrival)
{
	const struct ban_entry *standing;
	struct addr counted;
	usec_t when;

	d->stats.events++;
	if (!decider_source_counts(d, e))
		return;
	counted = rule_counted(&d->rules, &e->addrs[0]);
	when = event_moment(d, e, arrival);
	if (e->class == CLASS_AUTH_SUCCESS)
		befriend(d, e, &counted, when);
	if (!rule_set_wants(&d->rules, e->classes))
		return;
	standing = ban_table_standing(&d->bans, &e->addrs[0], when);
	/* One that is only observed hinders nobody, and must not hide from rules that are enforced. */
	if (standing && (!standing->ban.observed || d->cfg->observe))
		return;
	judge(d, e, counted, when);
}

usec_t decider_expire(struct decider *d, usec_t now)
{
	struct ban_entry *entry;

	while ((entry = ban_table_first(&d->bans)) && entry->ban.end <= now)
		decider_lift(d, entry, LIFT_EXPIRED);
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
	b.proven = true; /* an admin's word */
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

struct port_lifts {
	struct decider *d;
	const struct addr *of;
	size_t lifted;
};

static void lift_port(struct addr_map_link *item, void *userdata)
{
	struct port_lifts *p = userdata;

	if (!item->addr.port || !addr_covers(p->of, &item->addr))
		return;
	decider_lift(p->d, container_of(item, struct ban_entry, link), LIFT_ADMIN);
	p->lifted++;
}

int decider_unban(struct decider *d, const struct addr *addr, struct addr *cover)
{
	struct ban_entry *entry = ban_table_find(&d->bans, addr);
	struct port_lifts ports = { d, addr, 0 };
	const struct ban_entry *wider;

	*cover = (struct addr){ 0 };
	if (entry)
		decider_lift(d, entry, LIFT_ADMIN);
	if (d->stats.ports)
		addr_map_each(&d->bans.map, lift_port, &ports);
	if (entry || ports.lifted)
		return 0;
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
		decider_lift(d, entry, LIFT_ADMIN);
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
			decider_lift(d, entry, LIFT_EXEMPT);
	if (r >= 0 && d->stats.ports)
		lift_exempt(d);
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

void decider_befriend(struct decider *d, const struct friend *f)
{
	trust_restore(d->trust, f);
}

void decider_friends_each(const struct decider *d, usec_t since, void (*fn)(void *userdata, const struct friend *f), void *userdata)
{
	trust_each(d->trust, since, fn, userdata);
}

usec_t decider_friend_until(const struct decider *d, const struct addr *addr)
{
	const struct addr counted = rule_counted(&d->rules, addr);
	const struct friend *f = trust_find(d->trust, &counted);

	return f && f->last ? f->last + d->cfg->policy.friend_for : 0;
}

void decider_stats(const struct decider *d, struct decide_stats *ret)
{
	size_t i;

	*ret = d->stats;
	ret->active = d->bans.count;
	ret->waiting = pending_count(&d->pending);
	for (i = 0; i < d->rules.count; i++) {
		ret->offenders += window_offenders(d->rules.rules[i].window);
		ret->forgotten += window_forgotten(d->rules.rules[i].window);
	}
}
