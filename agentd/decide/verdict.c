/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a hit to a ban, or to none: proof, trust, the kernel's witness, brakes, prefixes, the ladder. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "decide/decide_private.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
/* With fewer friends, a share of them says nothing. */
#define FRIENDS_FEW 5
/* Addresses named in an alert. */
#define NAMED_MAX 10

/* Alerts */

static const char *const alert_names[ALERT_KINDS] = {
	[ALERT_STALE_ACCOUNT] = "stale-account",   [ALERT_FRIEND_ATTACKS] = "friend-attacks",
	[ALERT_ACCOUNT_ATTACK] = "account-attack", [ALERT_FORGERY] = "forgery",
	[ALERT_CEILING] = "ceiling",		   [ALERT_FRIENDS_SHARE] = "friends-share",
	[ALERT_FRAUD_WARNING] = "fraud-warning",   [ALERT_FRAUD] = "fraud",
};

const char *alert_name(enum alert_kind kind)
{
	return alert_names[kind];
}

static uint64_t alert_hash(enum alert_kind kind, const struct addr *addr, struct span account)
{
	uint64_t h = hash_lasting((uint64_t)kind + 1, account.ptr ? account.ptr : "", account.len);

	return addr ? hash_lasting(h, addr, sizeof(*addr)) : h;
}

/* Was the same not given within the hour? */
static bool alert_is_new(const struct decider *d, uint64_t h, usec_t when)
{
	size_t place = h % ALERTS_REMEMBERED;

	return d->alerted[place].hash != h || when >= d->alerted[place].when + HOUR;
}

/* Accounts and addresses are the sender's choice: he must not fill the journal with alerts. */
static bool alert_within_limit(struct decider *d, enum alert_kind kind, usec_t when)
{
	struct alert_limit *l = &d->alert_limits[kind];

	if (when < l->minute || when - l->minute >= MINUTE)
		*l = (struct alert_limit){ .minute = when };
	if (l->given++ < ALERTS_A_MINUTE)
		return true;
	if (l->given == ALERTS_A_MINUTE + 1)
		log_warning("More than %d alerts of the kind %s within a minute: the others of this minute are not given",
			    ALERTS_A_MINUTE, alert_name(kind));
	return false;
}

/* Would one more be refused? Then its text need not be made. */
static bool alert_is_refused(struct decider *d, enum alert_kind kind, usec_t when)
{
	const struct alert_limit *l = &d->alert_limits[kind];

	return when >= l->minute && when - l->minute < MINUTE && l->given >= ALERTS_A_MINUTE &&
	       !alert_within_limit(d, kind, when);
}

void verdict_alert(struct decider *d, enum alert_kind kind, const struct addr *addr, struct span account, usec_t when,
		   const char *format, ...)
{
	const uint64_t h = alert_hash(kind, addr, account);
	struct alert a = { .kind = kind };
	_cleanup_free_ char *text = NULL;
	char shown[200];
	va_list ap;
	int n;

	if (!d->callbacks.alert || !alert_is_new(d, h, when))
		return;
	if (!alert_within_limit(d, kind, when))
		return;
	d->alerted[h % ALERTS_REMEMBERED].hash = h;
	d->alerted[h % ALERTS_REMEMBERED].when = when;
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		return;
	}
	if (addr)
		a.addr = *addr;
	if (account.len > 0)
		a.account = text_escape(account, shown, sizeof(shown));
	a.text = text;
	d->stats.alerts++;
	d->callbacks.alert(d->callbacks.userdata, &a);
}

/* Trust */

bool verdict_is_friend(const struct decider *d, const struct addr *counted, usec_t now)
{
	const struct friend *f = d->cfg->policy.friend_for ? trust_find(d->trust, counted) : NULL;

	return (f && f->last && f->last + d->cfg->policy.friend_for >= now) || window_count(d->called, counted, now) > 0;
}

/* How many friends there are; counted again once a minute. */
static size_t count_friends(struct decider *d, usec_t now)
{
	usec_t since = now > d->cfg->policy.friend_for ? now - d->cfg->policy.friend_for : 0;

	if (!d->friends_counted || now < d->friends_counted || now - d->friends_counted > MINUTE) {
		d->stats.friends = trust_count(d->trust, since);
		d->friends_counted = now;
	}
	return d->stats.friends;
}

/* Brakes */

#define ACCOUNT_ATTACK "account-attack"

/*
 * Sources can be forged by the million: evidence that may be takes half of the ceiling
 * at most, so that it hides nobody. And of that half, those with one attempt at an
 * account that many attack take half, so that they do not hide who reaches a threshold.
 */
static bool within_shares(const struct decider *d, const struct ban *b, uint32_t most)
{
	if (d->in_minute >= most)
		return false;
	if (b->proven)
		return true;
	return d->unproven_in_minute < (most + 1) / 2 &&
	       (strcmp(b->rule, ACCOUNT_ATTACK) != 0 || d->accounts_in_minute < (most + 3) / 4);
}

static bool within_ceiling(struct decider *d, const struct ban *b)
{
	const uint32_t most = d->cfg->policy.bans_per_minute;
	const usec_t when = b->start;

	if (when < d->minute || when - d->minute >= MINUTE) {
		d->minute = when;
		d->in_minute = d->unproven_in_minute = d->accounts_in_minute = 0;
	}
	if (within_shares(d, b, most))
		return true;
	verdict_alert(d, ALERT_CEILING, NULL, (struct span){ 0 }, when,
		      "As many bans within a minute as [brakes] bans_per_minute allows (%u, half of it on evidence that may be "
		      "forged): no further ones in this minute. Either the attack is large, or a filter or rule is wrong",
		      most);
	return false;
}

/* May one more friend be banned within this hour? */
static bool within_share(struct decider *d, const struct ban *b, usec_t when)
{
	size_t friends = count_friends(d, when);
	char text[ADDR_TEXT_MAX];

	if (when < d->hour || when - d->hour >= HOUR) {
		d->hour = when;
		d->friends_in_hour = 0;
	}
	if (friends < FRIENDS_FEW || (d->friends_in_hour + 1) * 100 <= friends * d->cfg->policy.friend_share) {
		d->friends_in_hour++;
		return true;
	}
	verdict_alert(d, ALERT_FRIENDS_SHARE, &b->addr, (struct span){ 0 }, when,
		      "%s is not banned, though rule %s asks for it: with it, more than %u%% of the %zu addresses that logged "
		      "in lately would be cut off within an hour ([brakes] friend_share)",
		      addr_format(&b->addr, text), b->rule, d->cfg->policy.friend_share, friends);
	return false;
}

static bool has_room(struct decider *d, const struct ban *b)
{
	uint64_t most = (uint64_t)d->cfg->max_bans * d->cfg->policy.unproven_share / 100;

	if (d->bans.count >= d->cfg->max_bans) {
		if (log_limit_pass(&d->full_limit))
			log_error("%zu bans are in force, as many as max_bans allows: no further bans until some end",
				  d->bans.count);
		return false;
	}
	if (b->proven || d->stats.unproven < (most ? most : 1))
		return true;
	verdict_alert(d, ALERT_CEILING, NULL, (struct span){ 0 }, b->start,
		      "%zu bans rest on evidence that may be forged, as many as [proof] unproven_share allows: no further "
		      "ones until some end",
		      d->stats.unproven);
	return false;
}

/* Prefixes */

static struct addr prefix_of(const struct decider *d, const struct addr *addr)
{
	return addr_truncate(addr, addr->family == AF_INET ? d->cfg->policy.prefix4 : d->cfg->policy.prefix6);
}

static bool prefix_may_be_banned(struct decider *d, const struct addr *prefix, usec_t when)
{
	usec_t since = when > d->cfg->policy.friend_for ? when - d->cfg->policy.friend_for : 0;

	return d->cfg->policy.prefix_ban && d->stats.prefixes < d->cfg->policy.prefix_max &&
	       !ban_table_standing(&d->bans, prefix, when) && !addr_unbannable(prefix) && !exempt_find(&d->exempt, prefix) &&
	       !trust_any_in(d->trust, prefix, since);
}

/* Of what is counted as one, as a port, or an address in an IPv6 network: it has no neighbours that others own. */
static bool is_part(const struct decider *d, const struct addr *addr)
{
	const struct addr counted = rule_counted(&d->rules, addr);

	return addr->port || !addr_equal(&counted, addr);
}

/* b was banned: was it one too many of its neighbours? */
static void consider_prefix(struct decider *d, const struct ban *b)
{
	struct addr prefix = prefix_of(d, &b->addr);
	const struct config_policy *p = &d->cfg->policy;
	uint64_t key = hash_lasting(0, &prefix, sizeof(prefix)) | 1;
	char text[ADDR_TEXT_MAX], window[TIMESPAN_TEXT_MAX];
	struct ban wide = { .addr = prefix, .start = b->start, .proven = true, .observed = b->observed };

	/* A forger could pick the addresses, and so the network. */
	if (!b->proven || is_part(d, &b->addr) || addr_equal(&prefix, &b->addr) || b->addr.len < prefix.len)
		return;
	wide.count = distinct_note(d->prefixes, key, &b->addr, b->start, NULL);
	if (wide.count < p->prefix_offenders || !prefix_may_be_banned(d, &prefix, b->start) || !has_room(d, &wide))
		return;
	distinct_clear(d->prefixes, key);
	wide.end = b->start + p->prefix_ban;
	wide.rule = strdup("prefix");
	wide.reason = text_printf("%u addresses of it were banned within %s, the last by rule %s", wide.count,
				  timespan_format(p->prefix_window, window), b->rule);
	if (!wide.rule || !wide.reason) {
		ban_done(&wide);
		return;
	}
	log_info("Prefix %s: %s", addr_format(&prefix, text), wide.reason);
	decider_enter(d, &wide);
}

/* From a decision to the table */

void verdict_carry_out(struct decider *d, struct ban *b)
{
	struct ban copy = *b;

	if (!has_room(d, b) || !within_ceiling(d, b) ||
	    (verdict_is_friend(d, &b->addr, b->start) && !within_share(d, b, b->start))) {
		d->stats.braked++;
		ban_done(b);
		return;
	}
	d->in_minute++;
	d->unproven_in_minute += !b->proven;
	d->accounts_in_minute += !b->proven && strcmp(b->rule, ACCOUNT_ATTACK) == 0;
	copy.rule = b->rule;
	if (verdict_is_friend(d, &b->addr, b->start)) {
		char text[ADDR_TEXT_MAX];

		verdict_alert(d, ALERT_FRIEND_ATTACKS, &b->addr, (struct span){ 0 }, b->start,
			      "%s, which logged in lately, is banned by rule %s: %s", addr_format(&b->addr, text), b->rule,
			      b->reason);
	}
	d->stats.bans++;
	decider_enter(d, b);
	/* The strings are the table's now, and outlive this call. */
	consider_prefix(d, &copy);
}

/* The kernel has not answered before the ban would have been over, as while the helper is down: it stays silent. */
static void carry_out_late(struct decider *d, const struct addr *source, usec_t when)
{
	struct decision late;

	if (!pending_is_over(&d->pending, source, when) || !pending_take(&d->pending, source, &late))
		return;
	if (exempt_find(&d->exempt, &late.ban.addr))
		ban_done(&late.ban);
	else
		verdict_carry_out(d, &late.ban);
}

/* Asks the kernel, where its answer would count, before anybody is banned. Takes over the ban's strings. */
static void ask_or_carry_out(struct decider *d, struct decision *what, const struct event *e, const struct addr *source)
{
	struct ban *b = &what->ban;

	carry_out_late(d, source, b->start);
	/* One is decided already, or told of already where none is enforced. */
	if (pending_has(&d->pending, source) || (b->observed && ban_table_standing(&d->bans, &b->addr, b->start))) {
		ban_done(b);
		return;
	}
	what->witnessed = e->witnessed;
	if ((e->witnessed || (e->askable && !b->proven)) && d->callbacks.ask && pending_add(&d->pending, source, what)) {
		if (d->callbacks.ask(d->callbacks.userdata, source))
			return;
		pending_take(&d->pending, source, what);
	}
	verdict_carry_out(d, b);
}

static void give_up_forged(struct decider *d, const struct addr *addr, const struct ban *b)
{
	unsigned n = pending_forgery(&d->pending, addr, b->start);
	char text[ADDR_TEXT_MAX];

	d->stats.forged++;
	verdict_alert(d, ALERT_FORGERY, addr, (struct span){ 0 }, b->start,
		      "Log lines name %s (rule %s, %s), but the kernel has seen no packet of it: they are forged, and count "
		      "against nobody (%u times lately)",
		      addr_format(addr, text), b->rule, b->reason, n);
}

/* A carrier that is known by its address never logs in. */
static void spare_called(struct decider *d, const struct addr *addr, const struct ban *b)
{
	const struct addr counted = rule_counted(&d->rules, addr);
	char text[ADDR_TEXT_MAX];

	window_note(d->called, &counted, b->start);
	d->stats.spared++;
	verdict_alert(d, ALERT_FRIEND_ATTACKS, &counted, (struct span){ 0 }, b->start,
		      "%s, to which this host sends requests of its own, does what a stranger would be banned for by rule %s "
		      "(%s); but the packets may be forged. If it is your carrier, exempt it",
		      addr_format(&counted, text), b->rule, b->reason);
}

void decider_answer(struct decider *d, const struct addr *addr, enum witness w)
{
	struct decision what;
	struct ban *b = &what.ban;

	if (!pending_take(&d->pending, addr, &what))
		return;
	if (w == WITNESS_UNSEEN && what.witnessed)
		give_up_forged(d, addr, b);
	else if (w == WITNESS_CALLED && !b->proven && !what.regardless)
		spare_called(d, addr, b);
	/* What happened since it was asked counts, too. */
	else if (!exempt_find(&d->exempt, &b->addr)) {
		verdict_carry_out(d, b);
		return;
	}
	ban_done(b);
}

/* Hits */

static char *hit_reason(const struct rule_hit *hit, const struct event *e)
{
	char window[TIMESPAN_TEXT_MAX], port[sizeof(" that they came from port 65535")] = "";

	if (e->wired && hit->target.port)
		snprintf(port, sizeof(port), " that they came from port %u", hit->target.port);
	if (e->wired)
		return text_printf("%u attempts within %s, the last: %s in the log of %s (%s); packets prove%s", hit->count,
				   timespan_format(hit->cfg->window, window), class_name(e->class), e->filter, e->pattern,
				   *port ? port : " them");
	if (hit->cfg->threshold == 1)
		return text_printf("%s in the log of %s (%s)", class_name(e->class), e->filter, e->pattern);
	return text_printf("%u attempts within %s, the last: %s in the log of %s (%s)%s", hit->count,
			   timespan_format(hit->cfg->window, window), class_name(e->class), e->filter, e->pattern,
			   e->connected ? "; a connection brought them, as packets show" : "");
}

/* Proven offenders climb the ladder; on other evidence a ban is short, whoever was banned before. */
static usec_t ban_span(struct decider *d, const struct config_rule *rule, struct ban *b)
{
	usec_t since = b->start > d->cfg->history ? b->start - d->cfg->history : 0, span;
	unsigned earlier;

	/* Routers give a port to others before long. */
	if (!b->proven || b->addr.port) {
		span = rule->ladder[0];
		if (b->proven && d->cfg->policy.unproven_ban == 0)
			return span;
		return span < d->cfg->policy.unproven_ban ? span : d->cfg->policy.unproven_ban;
	}
	earlier = d->callbacks.history(d->callbacks.userdata, &b->addr, since);
	b->step = earlier < rule->n_ladder ? earlier : (unsigned)rule->n_ladder - 1;
	return rule->ladder[b->step];
}

/* May one more part of the friend at source be banned? */
static bool may_shut(struct decider *d, const struct addr *source, usec_t when)
{
	const struct addr counted = rule_counted(&d->rules, source);

	return window_note(d->shut, &counted, when) <= PARTS_SHUT_MAX;
}

void verdict_hit(struct decider *d, const struct rule_hit *hit, const struct event *e, const struct addr *source,
		 usec_t when)
{
	struct decision what = { .regardless = hit->of_part || hit->cfg->classes & CLASS_BIT(CLASS_CALL_ATTEMPT) };
	struct ban b = { .addr = hit->target, .start = when, .count = hit->count, .proven = hit->proven };
	usec_t since = when > d->cfg->policy.friend_for ? when - d->cfg->policy.friend_for : 0, span;
	struct addr counted;

	if (hit->of_part && !hit->proven && !may_shut(d, source, when))
		return;
	/* A prefix with somebody in it who must not or should not be cut off: only the source itself then. */
	if (!addr_is_host(&b.addr) && (exempt_find(&d->exempt, &b.addr) ||
				       (!verdict_is_friend(d, &b.addr, when) && trust_any_in(d->trust, &b.addr, since))))
		b.addr = *source;
	span = ban_span(d, hit->cfg, &b);
	if (span == 0)
		return;
	b.end = when + span;
	b.observed = d->cfg->observe || hit->cfg->observe;
	b.rule = strdup(hit->cfg->name);
	b.reason = hit_reason(hit, e);
	counted = rule_counted(&d->rules, source);
	evidence_collect(d->evidence, &counted, &b.evidence, &b.evidence_len, &b.accounts);
	if (!b.rule || !b.reason) {
		ban_done(&b);
		return;
	}
	what.ban = b;
	ask_or_carry_out(d, &what, e, source);
}

/* Accounts */

struct account_attack {
	struct decider *d;
	const struct event *event;
	usec_t when;
	unsigned count;
	bool proven; /* those at hand are; else only those that are not are meant */
	uint64_t proven_key;
	char names[NAMED_MAX * (ADDR_TEXT_MAX + 2) + 8];
	unsigned named;
};

static void name_address(void *userdata, const struct addr *addr)
{
	struct account_attack *a = userdata;
	char text[ADDR_TEXT_MAX];
	size_t used = strlen(a->names);

	if (a->named++ < NAMED_MAX)
		snprintf(a->names + used, sizeof(a->names) - used, "%s%s", used ? ", " : "", addr_format(addr, text));
	else if (a->named == NAMED_MAX + 1)
		snprintf(a->names + used, sizeof(a->names) - used, ", …");
}

struct account_search {
	const struct addr *addr;
	bool found;
};

static void compare_address(void *userdata, const struct addr *addr)
{
	struct account_search *s = userdata;

	s->found |= addr_equal(addr, s->addr);
}

/* Would it be refused in the end? In a flood, that is so of most, and to give reasons for them takes long. */
static bool is_braked(struct decider *d, const struct ban *b)
{
	if (has_room(d, b) && within_ceiling(d, b))
		return false;
	d->stats.braked++;
	return true;
}

/* Whoever ever logged in here is not one that only attacks. */
static void ban_attacker(void *userdata, const struct addr *addr)
{
	struct account_attack *a = userdata;
	struct decider *d = a->d;
	const struct config_policy *p = &d->cfg->policy;
	struct ban b = { .addr = *addr, .start = a->when, .count = a->count, .proven = a->proven };
	struct account_search among_proven = { .addr = addr };
	struct decision what = { .regardless = false };
	char shown[100], window[TIMESPAN_TEXT_MAX];
	usec_t span = b.proven || p->account_ban < p->unproven_ban ? p->account_ban : p->unproven_ban;

	if (!a->proven)
		distinct_each(d->accounts, a->proven_key, a->when, compare_address, &among_proven);
	if (among_proven.found)
		return;
	if (span == 0 || trust_find(d->trust, addr) || exempt_find(&d->exempt, addr) ||
	    ban_table_standing(&d->bans, addr, a->when))
		return;
	b.rule = (char *)ACCOUNT_ATTACK; /* not yet its own */
	if (is_braked(d, &b))
		return;
	b.end = a->when + span;
	b.observed = d->cfg->observe;
	b.rule = strdup(ACCOUNT_ATTACK);
	b.reason = text_printf("one of %u addresses that failed with account %s within %s", a->count,
			       text_escape(a->event->user, shown, sizeof(shown)), timespan_format(p->account_window, window));
	evidence_collect(d->evidence, addr, &b.evidence, &b.evidence_len, &b.accounts);
	if (!b.rule || !b.reason) {
		ban_done(&b);
		return;
	}
	what.ban = b;
	ask_or_carry_out(d, &what, a->event, addr);
}

/* All of them once there are enough; one failure more is that of one more. */
static void ban_attackers(struct account_attack *a, uint64_t key, unsigned before, const struct addr *latest)
{
	struct decider *d = a->d;

	if (before < d->cfg->policy.account_addresses)
		distinct_each(d->accounts, key, a->when, ban_attacker, a);
	else
		ban_attacker(a, latest);
}

/* With the addresses, unless it has been told. */
static void tell_account(struct account_attack *a, uint64_t key)
{
	struct decider *d = a->d;
	const struct span user = a->event->user;
	char shown[100], window[TIMESPAN_TEXT_MAX];

	if (!alert_is_new(d, alert_hash(ALERT_ACCOUNT_ATTACK, NULL, user), a->when) ||
	    alert_is_refused(d, ALERT_ACCOUNT_ATTACK, a->when))
		return;
	distinct_each(d->accounts, key, a->when, name_address, a);
	verdict_alert(d, ALERT_ACCOUNT_ATTACK, NULL, user, a->when,
		      "Account %s is attacked from %u addresses within %s: %s. Those that never logged in are banned",
		      text_escape(user, shown, sizeof(shown)), a->count,
		      timespan_format(d->cfg->policy.account_window, window), a->names);
}

uint64_t verdict_account_key(const struct event *e)
{
	return hash_lasting(0, e->user.ptr, e->user.len) | 1;
}

/*
 * Who has proved his address is only held to be one of many if the others have,
 * too: else whoever forges a few packets could have the owner of the account
 * banned for his first mistake. The others are banned as on all such evidence.
 */
void verdict_account(struct decider *d, const struct event *e, const struct addr *counted, usec_t when)
{
	struct account_attack a = { .d = d, .event = e, .when = when };
	const uint64_t key = verdict_account_key(e);
	unsigned before, proven_before = 0, proven = 0, needed = d->cfg->policy.account_addresses;

	a.proven_key = hash_lasting(key, "proven", 6) | 1;
	if (e->proven)
		proven = distinct_note(d->accounts, a.proven_key, counted, when, &proven_before);
	a.count = distinct_note(d->accounts, key, counted, when, &before);
	if (a.count < needed)
		return;
	tell_account(&a, key);
	ban_attackers(&a, key, before, counted);
	if (proven < needed)
		return;
	a.proven = true;
	a.count = proven;
	ban_attackers(&a, a.proven_key, proven_before, counted);
}
