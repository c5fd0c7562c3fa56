/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_PRIVATE_H
#define SIPWARDEN_CALLS_PRIVATE_H

#include "base/log.h"
#include "base/zone.h"
#include "calls/calls.h"
#include "calls/geo.h"
#include "calls/known.h"
#include "calls/ledger.h"
#include "calls/running.h"
#include "detect/window.h"

/* Between calls.c (lines to calls), measure.c (calls to counts), tell.c (counts to frauds) and keep.c (to the store and back). */

/* Keys that one rule counts at a time; a table grows with them. */
#define MEASURE_KEYS_MAX 16384
/* Alerts that are remembered, so that they are not given again. */
#define TOLD_MAX 16384

/* Whoever makes up accounts must not fill the journal; of each level. */
#define FRAUDS_A_MINUTE 60

struct fraud_limit {
	usec_t minute; /* when the running one began */
	unsigned given;
};

/* A rule with its counts. */
struct measure {
	const struct config_fraud *cfg;
	struct window_table *window; /* FRAUD_PER_MINUTE, FRAUD_TOTAL; else NULL */
	struct ledger *rows;	     /* FRAUD_SEQUENCE; else NULL */
};

/* Calls from their attempts that are over, or are given up: did the log tell of their end? The last ones. */
struct ends_seen {
	uint64_t bits; /* the latest in the lowest */
	unsigned n;    /* at most 64 */
};

struct calls {
	const struct config *cfg;
	struct calls_callbacks callbacks;
	struct zone *zone; /* that days and hours are of */
	struct geo *geo;   /* NULL: where addresses are is not known */
	struct running *running;
	struct known known;
	struct ledger *told;
	struct measure *measures; /* of cfg->frauds, those that are enabled */
	size_t n_measures;
	struct ends_seen ends;
	struct calls_stats stats;
	usec_t forgeable; /* up to then, records of calls that may have been none were read; 0: never */
	struct fraud_limit limits[2]; /* of warnings, and of what is critical */
	struct log_limit future_limit;
	usec_t ticked;
	struct calls_keep *keep; /* NULL: nothing is kept */
};

/* keep.c */
void calls_keep_done(struct calls *c);

/* measure.c */
int measures_new(const struct config *cfg, struct measure **ret, size_t *n);
void measures_free(struct measure *m, size_t n);
/* Takes over the counts of those in from that count the same. */
void measures_inherit(struct measure *m, size_t n, struct measure *from, size_t n_from);
/* Names what it counts, for the store. */
uint64_t measure_id(const struct config_fraud *f);
/* A call began: all rules. when: it became known. */
void measure_begin(struct calls *c, const struct call *call, usec_t when);
/* It is, or was, so long by when. */
void measure_duration(struct calls *c, const struct call *call, usec_t when);
/* The account of call is used from a country for the first time. */
void measure_source(struct calls *c, const struct call *call, usec_t when);

/* place.c */
/* Its country as ISO 3166; false: no database, or none of it. */
bool place_country(const struct calls *c, const struct addr *source, char country[static GEO_COUNTRY_SIZE]);
/* Where the source is: its country, or its network if that is not known. */
uint64_t place_of(const struct calls *c, const struct addr *source);
/* The account of call is used from its source. True: that is a country, and a new one to who has habits. */
bool place_note(struct calls *c, const struct call *call, usec_t when);
/* Is its source a new place of the account, since less than new_source_for? */
bool place_is_new(const struct calls *c, const struct call *call);

/* scope.c */
/* Does it leave the house, and may cost something? */
bool scope_is_outside(const struct number *n);
/* Does the rule count the call? */
bool scope_has(const struct calls *c, const struct config_fraud *f, const struct call *call);
/* What has a count of its own; false: the call lacks a part of it. */
bool scope_key(const struct config_fraud *f, const struct call *call, uint64_t *ret);
/* Where the call goes: the country, or what stands for it: "881", "satellite". Static, or call's. */
const char *scope_where(const struct call *call);

/* tell.c */
/* What was counted, against the thresholds of the rule. */
void tell_count(struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call, uint64_t count,
		usec_t when);
/* Of a rule without thresholds. False: not yet, as there were too many within this minute. */
bool tell_first(struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call, usec_t when);

/* calls.c */
/* Do the logs tell when calls end? Else those that go on are not known. */
bool calls_know_ends(const struct calls *c);

#endif
