/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_PRIVATE_H
#define SIPWARDEN_DECIDE_PRIVATE_H

#include "base/log.h"
#include "decide/bans.h"
#include "decide/decide.h"
#include "decide/evidence.h"
#include "decide/exempt.h"
#include "decide/pending.h"
#include "decide/rules.h"
#include "decide/trust.h"
#include "detect/attempt.h"
#include "detect/distinct.h"

/*
 * Between decide.c (the table of bans, and what admins ask for), verdict.c (from
 * a hit to a ban), keep.c (to the store and back) and explain.c.
 */

/* Alerts that were given within the last hour are not given again. */
#define ALERTS_REMEMBERED 1024
/* Of one kind. */
#define ALERTS_A_MINUTE 60
/* Parts of one friend that may be banned within that time; then only the alert is left. */
#define PARTS_SHUT_MAX 32
#define PARTS_SHUT_FOR (3600 * USEC_PER_SEC)

struct alerted {
	uint64_t hash;
	usec_t when;
};

struct decider {
	const struct config *cfg;
	struct decide_callbacks callbacks;
	struct rule_set rules;
	struct attempt_table *attempts;
	struct evidence *evidence;
	struct ban_table bans;
	struct exempt_set exempt;
	struct trust *trust;
	struct distinct_table *accounts; /* addresses that fail with one account */
	struct distinct_table *prefixes; /* banned addresses of one prefix */
	struct window_table *logged_in; /* parts of addresses that somebody logged in from */
	struct window_table *called;	/* addresses that the kernel says this host calls */
	struct window_table *shut;	/* how many parts of an address were banned */
	struct window_table *failing;	/* with how many accounts a part fails, proven; and how many such parts an address has */
	struct pending_table pending;
	struct decide_stats stats;
	struct log_limit future_limit, full_limit;
	/* Brakes */
	usec_t minute;	      /* when the running minute began */
	uint32_t in_minute;   /* bans in it */
	uint32_t unproven_in_minute; /* of these */
	uint32_t accounts_in_minute; /* of these, for one attempt at an account that many attack */
	usec_t hour;	      /* the same for friends that were banned */
	uint32_t friends_in_hour;
	usec_t friends_counted; /* when stats.friends was */
	struct alert_limit {
		usec_t minute; /* when the running minute began */
		unsigned given;
	} alert_limits[ALERT_KINDS];
	struct alerted alerted[ALERTS_REMEMBERED];
	struct decide_keep *keep; /* NULL: nothing is kept */
};

/* keep.c */
void decide_keep_done(struct decider *d);

/* decide.c */
/* Puts b into the table, in place of an earlier one, and announces it. Takes over its strings. */
void decider_enter(struct decider *d, struct ban *b);
void decider_lift(struct decider *d, struct ban_entry *entry, enum lift_cause cause);

/* What e came from within counted, the address or prefix it counts for. Family 0: the log does not say. */
struct addr decider_part_of(const struct event *e, const struct addr *counted);
/* May e count against its source at all? */
bool decider_source_counts(struct decider *d, const struct event *e);
/* Counts the attempt, and does what comes of it. */
void decider_count(struct decider *d, const struct rule_attempt *a);

/* wired.c */
/* An attempt of a friend, if it is a failed login: proven by packets? Then *a is of *proven, which lives as long. False: it came too late to count. */
struct wired_event {
	struct event event;
	char port[6];
};
bool wired_prove(struct decider *d, struct rule_attempt *a, struct wired_event *proven);

/* verdict.c */
/* Puts b into the table, if the brakes allow it. Takes over its strings. */
void verdict_carry_out(struct decider *d, struct ban *b);
/* One hit, by the event that came from source. */
void verdict_hit(struct decider *d, const struct rule_hit *hit, const struct event *e, const struct addr *source,
		 usec_t when);
/* A refusal of e->user: many addresses at one account. */
void verdict_account(struct decider *d, const struct event *e, const struct addr *counted, usec_t when);
/* By which d->accounts knows e->user. */
uint64_t verdict_account_key(const struct event *e);
/* Is addr somebody who logged in lately, or whom this host calls? */
bool verdict_is_friend(const struct decider *d, const struct addr *counted, usec_t now);
/* Gives an alert, unless the same was given within the hour. account may be empty. */
void verdict_alert(struct decider *d, enum alert_kind kind, const struct addr *addr, struct span account, usec_t when,
		   const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
