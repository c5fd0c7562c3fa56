/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_DECIDE_H
#define SIPWARDEN_DECIDE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/timespan.h"
#include "config/config.h"
#include "match/event.h"

/*
 * From events to bans: holds the rules, the exemptions and the bans in force.
 * It writes nothing itself: what it decides goes out through the callbacks.
 * All moments are log time (struct event), so reading an old log again gives the
 * same bans as it did live.
 */
struct decider;

/* Log lines and accounts kept with a ban. */
#define BAN_EVIDENCE_MAX 10
#define BAN_EVIDENCE_LINE_MAX 512
#define BAN_ACCOUNTS_MAX 10

struct ban {
	struct addr addr;
	usec_t start;
	usec_t end;     /* USEC_INFINITY: until lifted */
	uint32_t count; /* attempts in the window when it was decided */
	uint32_t step;  /* rung of the ladder, from 0 */
	char *rule;     /* "manual": an admin's */
	char *reason;   /* for people */
	char *evidence; /* log lines as the gateway wrote them, one a line; may be NULL */
	size_t evidence_len;
	char *accounts; /* user names tried, one a line, escaped; may be NULL */
	int64_t id;     /* in the store; 0: none */
	bool in_kernel; /* the firewall said so */
	uint64_t packets, bytes; /* dropped, as last read from the kernel */
};

enum lift_cause { LIFT_EXPIRED, LIFT_ADMIN, LIFT_EXEMPT };

struct decide_callbacks {
	/* A new ban, or a longer one in place of the old. */
	void (*ban)(void *userdata, struct ban *b);
	/* b is released after the call. */
	void (*lift)(void *userdata, struct ban *b, enum lift_cause cause);
	/* Bans of addr that a rule made since: the ladder. */
	unsigned (*history)(void *userdata, const struct addr *addr, usec_t since);
	void *userdata;
};

struct decide_stats {
	uint64_t events, attempts, bans, lifts, exempted, crafted, unbannable, forgotten;
	size_t active;    /* bans in force */
	size_t offenders; /* keys being counted, all rules */
};

/* cfg must outlive it or the next decider_reload(). */
int decider_new(const struct config *cfg, const struct decide_callbacks *callbacks, struct decider **ret);
struct decider *decider_free(struct decider *d);
/* Another config: bans and the counts of rules that did not change are kept;
 * bans that are now exempt are lifted. */
int decider_reload(struct decider *d, const struct config *cfg);

/* One event; arrival is now, by CLOCK_REALTIME. */
void decider_event(struct decider *d, const struct event *e, usec_t arrival);
/* Drops bans whose time is over. Returns the next moment to call it, or USEC_INFINITY. */
usec_t decider_expire(struct decider *d, usec_t now);

/*
 * An admin's ban for span (USEC_INFINITY: until lifted). -EPERM: exempt, the
 * exemption in *exemption; -EINVAL: can never be an attacker (addr_unbannable).
 */
int decider_ban(struct decider *d, const struct addr *addr, usec_t span, const char *reason, usec_t now,
		struct addr *exemption);
/* A ban known from the store. Takes over b's strings. */
int decider_restore(struct decider *d, const struct ban *b);
/* -ENOENT: not banned as such; then, if a wider ban covers it, it is in *cover (family 0: none). */
int decider_unban(struct decider *d, const struct addr *addr, struct addr *cover);
/* Lifts all; returns how many. */
size_t decider_unban_all(struct decider *d);

/* The ban of exactly addr, or the widest that covers it; NULL: none. */
struct ban *decider_find(const struct decider *d, const struct addr *addr);
void decider_each(struct decider *d, void (*fn)(void *userdata, struct ban *b), void *userdata);

/* An admin's exemptions; configured ones come from the config. Adding lifts bans it covers. */
int decider_exempt(struct decider *d, const struct addr *addr, const char *reason); /* -EEXIST */
int decider_unexempt(struct decider *d, const struct addr *addr); /* -ENOENT, -EPERM: only by other sources */
/*
 * The addresses that a source of that name ("own", "name:HOST") gives now, in
 * place of those it gave before; hosts that could be banned, others are left
 * out. Bans that are now exempt are lifted at once. On -ENOMEM all is as before.
 */
int decider_exempt_source(struct decider *d, const char *source, const struct addr *addrs, size_t n);
/* The exemption that covers any of addr, or NULL. */
const struct addr *decider_exemption(const struct decider *d, const struct addr *addr);
/* Each address once for each source that gives it: "config", "admin" (with a reason, or NULL), or one by name. */
void decider_exempt_each(const struct decider *d,
			 void (*fn)(void *userdata, const struct addr *addr, const char *source, const char *reason),
			 void *userdata);

void decider_stats(const struct decider *d, struct decide_stats *ret);

#endif
