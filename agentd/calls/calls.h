/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_CALLS_H
#define SIPWARDEN_CALLS_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/pack.h"
#include "base/timespan.h"
#include "config/config.h"
#include "match/event.h"
#include "number/plan.h"

/*
 * From lines about calls to frauds: joins the lines that tell of one call (its
 * attempt, its end, its record), measures calls by the rules of config/fraud.h, and
 * tells what goes beyond them. It decides about nobody: what comes of it is for who
 * is told. All moments are log time, as for decide/decide.h.
 *
 * All is bounded. Forgotten first is what was touched longest ago, and later what has
 * been known for long; of calls, those that began first. What somebody makes up pushes
 * out facts of others only if these are as new.
 */
struct calls;

#define CALL_ACCOUNT_SIZE 64
/* Calls that are known at a time, going on and just over. */
#define CALLS_MAX 16384
/* A call of which no end was logged is given up after so long. */
#define CALL_LONGEST (12 * 3600 * USEC_PER_SEC)

struct call {
	char account[CALL_ACCOUNT_SIZE]; /* escaped, without what comes after '@'; "": not known */
	uint64_t account_hash;		 /* 0: not known */
	struct number number;
	struct addr source;		 /* family 0: not known */
	bool proven;			 /* the source is */
	bool by_login;			 /* it is that of the account's last login: the line does not tell */
	usec_t start;
	usec_t end;			 /* 0: it goes on */
};

/* Something that goes beyond a rule. */
struct fraud {
	const struct config_fraud *rule;
	const struct call *call; /* the last straw; of FRAUD_SOURCE_COUNTRY there is none, only account and source */
	bool critical;		 /* or a warning */
	usec_t when;		 /* it was known */
	uint64_t count;		 /* calls, or seconds; 0: nothing was counted */
	uint32_t threshold;
	bool forgeable;		 /* calls that were none may be among them: nobody may be banned for it */
	const char *text;	 /* for people */
};

/* Does its rule ask for a ban, and is the evidence one to ban by? Whether that may be is for decide/ to say. */
bool fraud_asks_for_ban(const struct fraud *f);

struct calls_callbacks {
	/* Not again for the same rule, key and level within [calls] again. */
	void (*fraud)(void *userdata, const struct fraud *f);
	void *userdata;
};

struct calls_stats {
	uint64_t calls;	   /* begun */
	uint64_t records;  /* lines that told of an end */
	uint64_t joined;   /* ends of a call that was known from its attempt */
	uint64_t warnings, criticals;
	uint64_t forgotten; /* facts and calls that gave way to others */
	size_t running;
	size_t facts;
	usec_t since; /* the first call that was ever seen; 0: none */
	bool ends;    /* the logs tell when calls end: those going on are counted */
};

/* cfg must outlive it or the next calls_reload(). Returns 0 or -ENOMEM. */
int calls_new(const struct config *cfg, const struct calls_callbacks *callbacks, struct calls **ret);
struct calls *calls_free(struct calls *c);
/* Another config; counts of rules that did not change are kept. Returns 0, or -ENOMEM: then nothing is measured until the next one. */
int calls_reload(struct calls *c, const struct config *cfg);
/* Warns of what calls_new() could not use: the database of countries. */
void calls_check(const struct config *cfg, struct diag *diag);

/* One event, of any class; arrival is now, by CLOCK_REALTIME. */
void calls_event(struct calls *c, const struct event *e, usec_t arrival);
/* It is now: calls that go on grow longer. To be called every few seconds. */
void calls_tick(struct calls *c, usec_t now);

/* How long the call of the event lasted, as its line tells; 0 if it does not. */
usec_t calls_length(const struct event *e);

void calls_stats(const struct calls *c, struct calls_stats *ret);
/* Each call that goes on, or of the last hour's that are over, the oldest first, at most max. Returns how many. */
size_t calls_each(const struct calls *c, bool over, size_t max, void (*fn)(void *userdata, const struct call *call),
		  void *userdata);

/* To the store and back, as decider_keep_…() of decide/decide.h. */
#define CALLS_KEEP_FIRST 64
#define CALLS_KEEP_LAST 79
int calls_keep_start(struct calls *c);
bool calls_keep_changed(struct calls *c, struct pack *p);
bool calls_keep_sweep(struct calls *c, size_t limit, struct pack *p);
void calls_keep_rewind(struct calls *c);
/* False: it makes no sense. */
bool calls_keep_restore(struct calls *c, const struct section *s);

#endif
