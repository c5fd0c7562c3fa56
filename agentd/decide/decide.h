/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_DECIDE_H
#define SIPWARDEN_DECIDE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/pack.h"
#include "base/proof.h"
#include "base/text.h"
#include "base/timespan.h"
#include "base/witness.h"
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
	bool proven;    /* by evidence whose source cannot have been forged */
	bool observed;  /* decided and told, but not enforced */
	int64_t id;     /* in the store; 0: none */
	bool in_kernel; /* the firewall said so */
	uint64_t packets, bytes; /* dropped, as last read from the kernel */
};

enum lift_cause { LIFT_EXPIRED, LIFT_ADMIN, LIFT_EXEMPT };

/* What an admin should know, though nobody is banned for it. */
enum alert_kind {
	ALERT_STALE_ACCOUNT,   /* a friend fails with one account again and again */
	ALERT_FRIEND_ATTACKS,  /* a friend attacks, as far as can be told without proof, or is banned for it */
	ALERT_ACCOUNT_ATTACK,  /* one account, many addresses */
	ALERT_FORGERY,	       /* a log line names who sent nothing */
	ALERT_CEILING,	       /* more bans than the brakes allow */
	ALERT_FRIENDS_SHARE,   /* a ban would cut off too many of those who logged in lately */
	ALERT_FRAUD_WARNING,   /* calls are not as usual; from calls/, not from a decider */
	ALERT_FRAUD,	       /* calls are beyond what is critical; likewise */
};
#define ALERT_KINDS 8

struct alert {
	enum alert_kind kind;
	struct addr addr;    /* family 0: none */
	const char *account; /* escaped; NULL: none */
	const char *text;    /* for people */
};

/* "stale-account", …; static. */
const char *alert_name(enum alert_kind kind);

struct decide_callbacks {
	/* A new ban, or a longer one in place of the old. */
	void (*ban)(void *userdata, struct ban *b);
	/* b is released after the call. */
	void (*lift)(void *userdata, struct ban *b, enum lift_cause cause);
	/* Not more than once an hour for the same kind, address and account. */
	void (*alert)(void *userdata, const struct alert *a);
	/*
	 * Asks whether addr sent packets to the watched ports: decider_answer() brings
	 * the answer. NULL, or false: nobody can be asked.
	 */
	bool (*ask)(void *userdata, const struct addr *addr);
	/*
	 * A failed login e, at a source whose word is doubted unless it is proven. True: packets
	 * have proven it, as *ret says, which holds until the next call. Else, who is asked may
	 * find out later: decider_proved(). NULL: nobody can.
	 */
	bool (*prove)(void *userdata, const struct event *e, usec_t when, struct proof *ret);
	/* Proven bans of addr that a rule made since: the ladder. */
	unsigned (*history)(void *userdata, const struct addr *addr, usec_t since);
	/* Somebody has logged in at addr, as the log has it; before: the last success there that was known, or 0. NULL: nobody asks. */
	void (*befriended)(void *userdata, const struct addr *addr, usec_t before, usec_t when);
	void *userdata;
};

struct decide_stats {
	uint64_t events, attempts, bans, lifts, exempted, crafted, unbannable, forgotten;
	uint64_t forged;   /* decisions given up because the kernel had not seen the source */
	uint64_t spared;   /* hits of friends that did not lead to a ban */
	uint64_t braked;   /* hits that the brakes kept from becoming bans */
	uint64_t wired;    /* attempts proven by packets that were seen */
	uint64_t observed; /* bans decided but not enforced */
	uint64_t alerts;
	size_t active;    /* bans in force */
	size_t unproven;  /* of these, on evidence that may be forged */
	size_t prefixes;  /* of these, of prefixes by rule */
	size_t ports;	  /* of these, of single ports */
	size_t offenders; /* keys being counted, all rules */
	size_t friends;   /* addresses that logged in lately, as last counted */
	size_t waiting;   /* decisions that wait for the kernel's answer */
};

/* cfg must outlive it or the next decider_reload(). */
int decider_new(const struct config *cfg, const struct decide_callbacks *callbacks, struct decider **ret);
struct decider *decider_free(struct decider *d);
/* Another config: bans and the counts of rules that did not change are kept;
 * bans that are now exempt are lifted. */
int decider_reload(struct decider *d, const struct config *cfg);

/* One event; arrival is now, by CLOCK_REALTIME. */
void decider_event(struct decider *d, const struct event *e, usec_t arrival);
/* What the kernel says of addr, after callbacks.ask(). */
void decider_answer(struct decider *d, const struct addr *addr, enum witness w);
/* e of when, which prove() was asked about and did not know, is proven. */
void decider_proved(struct decider *d, const struct event *e, const struct proof *proof, usec_t when);
/* Drops bans whose time is over. Returns the next moment to call it, or USEC_INFINITY. */
usec_t decider_expire(struct decider *d, usec_t now);

/*
 * Toll fraud by an account at addr: that of its login (logged_in), or of a line about its
 * call; proven: it cannot have been forged. Banned as by a rule of that name, under
 * exemptions and all brakes; not proven, no longer than such evidence allows. Never
 * where other accounts logged in, too, within friend_for: that is an office, whose
 * account was stolen. Nor, unproven, whom this host calls, or, for a call alone, a
 * friend. Returns whether it is banned, or was.
 */
struct fraud_source {
	struct addr addr;
	bool logged_in, proven;
};
bool decider_fraud(struct decider *d, const struct fraud_source *source, const char *rule, const char *reason, usec_t span,
		   usec_t when);

/*
 * An admin's ban for span (USEC_INFINITY: until lifted). -EPERM: exempt, the
 * exemption in *exemption; -EINVAL: can never be an attacker (addr_unbannable).
 */
int decider_ban(struct decider *d, const struct addr *addr, usec_t span, const char *reason, usec_t now,
		struct addr *exemption);
/* A ban known from the store. Takes over b's strings. */
int decider_restore(struct decider *d, const struct ban *b);
/* Ports of it, too. -ENOENT: not banned as such; then, if a wider ban covers it, it is in *cover (family 0: none). */
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

/*
 * Friends: addresses with recent successes, and what was known of them before
 * this process (decider_befriend).
 */
struct friend {
	struct addr addr;   /* IPv6: its prefix, as it is counted */
	usec_t first, last; /* success */
	uint32_t successes;
	uint32_t accounts;  /* at least so many different ones; at most FRIEND_ACCOUNTS_MAX are told apart */
};
#define FRIEND_ACCOUNTS_MAX 8
void decider_befriend(struct decider *d, const struct friend *f);

/* Those that have logged in since. */
void decider_friends_each(const struct decider *d, usec_t since, void (*fn)(void *userdata, const struct friend *f), void *userdata);
/* Until when addr, or what it is counted as, is a friend, banned or not; 0: it never was. */
usec_t decider_friend_until(const struct decider *d, const struct addr *addr);

/* Why an address is, or is not, banned. Strings are owned by the explanation. */
struct explain_rule {
	const struct config_rule *cfg;
	unsigned count;	    /* attempts in the window that ends now */
	unsigned proven;    /* of these, proven */
	unsigned threshold; /* for this address */
	struct addr target; /* what would be banned: it, or its prefix */
};

struct explanation {
	const struct ban *ban;	      /* that covers it, or NULL */
	const struct addr *exemption; /* that covers it, or NULL */
	const char *unbannable;	      /* why it can never be banned, or NULL; static */
	unsigned ports;		      /* bans of single ports of it */
	bool is_friend;
	struct friend friend;	      /* last is 0: it never logged in */
	unsigned forgeries;	      /* decisions against it given up lately: it had sent nothing */
	bool waiting;		      /* a decision waits for the kernel's answer */
	struct explain_rule *rules;   /* those that count it by address or prefix */
	size_t n_rules;
	char *evidence, *accounts;    /* as in struct ban */
	size_t evidence_len;
};
/* Returns 0 or -ENOMEM. */
int decider_explain(const struct decider *d, const struct addr *addr, usec_t now, struct explanation *ret);
void explanation_done(struct explanation *e);

void decider_stats(const struct decider *d, struct decide_stats *ret);

/*
 * What is known besides bans and exemptions: counts of who is not banned yet,
 * friends, evidence, decisions that wait, brakes, alerts given, counters. All of
 * it goes to the store with the bans (base/pack.h, detect/keep.h), so that a
 * process that goes on from there decides as this one would have.
 */
/* Kinds of sections are from here to DECIDE_KEEP_LAST. */
#define DECIDE_KEEP_FIRST 16
#define DECIDE_KEEP_LAST 63
/* From now on changes are noted; also needed after a reload, when all is to be written anew. */
int decider_keep_start(struct decider *d);
/* What changed since the last call. False: that is not known, and all must be written. */
bool decider_keep_changed(struct decider *d, struct pack *p);
/*
 * Goes on writing all, until p has grown to limit bytes. True: a round is over;
 * what was written before it began is of no more use. The next call begins anew.
 */
bool decider_keep_sweep(struct decider *d, size_t limit, struct pack *p);
/* The round begins anew. */
void decider_keep_rewind(struct decider *d);
/* Takes sections in the order in which they were written. What is of another rule than
 * any there is now is left out; so are, unless the patterns of all inputs are the same,
 * attempts. False: it makes no sense. */
bool decider_keep_restore(struct decider *d, const struct section *s, bool same_patterns);
/* After the last section. Forgets friends whose last success is before. */
void decider_keep_restored(struct decider *d, usec_t friends_since);
/* Asks the kernel again about all that wait for its answer. */
void decider_ask_again(struct decider *d);

#endif
