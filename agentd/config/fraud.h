/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_FRAUD_H
#define SIPWARDEN_CONFIG_FRAUD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hours.h"
#include "base/timespan.h"

/*
 * Rules on what calls cost, and what holds for all of them.
 *
 *   [calls]       learning, again, new_source_for, database
 *   [fraud NAME]  measure = MEASURE; per = account, source, range, country, company …;
 *                 warning, critical = NUMBER, or SPAN for duration; window;
 *                 to = all|outside|abroad|risky; kind = KIND …; country, except = COUNTRY …;
 *                 except_account = ACCOUNT …; hours = always|office|off|Mo-Fr 07:00-19:00 …;
 *                 source = any|new; habit, learned; action = alert|ban …; ban = SPAN; enabled
 */
enum fraud_measure {
	FRAUD_PER_MINUTE,     /* calls begun within a minute */
	FRAUD_TOTAL,	      /* calls begun within the window */
	FRAUD_CONCURRENT,     /* calls going on when one begins */
	FRAUD_SEQUENCE,	      /* calls in a row to one range of numbers */
	FRAUD_DURATION,	      /* seconds of one call */
	FRAUD_FIRST_COUNTRY,  /* the first call to its country; thresholds do not apply */
	FRAUD_SOURCE_COUNTRY, /* the account is used from a country for the first time; likewise */
};
#define FRAUD_MEASURES (FRAUD_SOURCE_COUNTRY + 1)
/* "per-minute", …; static. */
const char *fraud_measure_name(enum fraud_measure m);

/* What has a count of its own: calls with all of these in common. */
#define FRAUD_PER_ACCOUNT 1u
#define FRAUD_PER_SOURCE 2u
#define FRAUD_PER_RANGE 4u   /* of numbers: E.164 without its last FRAUD_RANGE_DIGITS */
#define FRAUD_PER_COUNTRY 8u /* or the kind, of a number of no country */
#define FRAUD_PER_COMPANY 16u /* all calls have that in common */
#define FRAUD_RANGE_DIGITS 4

enum fraud_to { FRAUD_TO_OUTSIDE, FRAUD_TO_ABROAD, FRAUD_TO_RISKY, FRAUD_TO_ALL };
enum fraud_hours { FRAUD_ALWAYS, FRAUD_OFFICE, FRAUD_OFF, FRAUD_BETWEEN };

#define FRAUD_THRESHOLD_MAX 10000
#define FRAUD_DURATION_MAX 86400 /* seconds */
#define FRAUD_WORDS_MAX 256
#define FRAUDS_MAX 64 /* rules */

struct config_fraud {
	char *name;
	const char *file;
	usec_t window;		 /* FRAUD_TOTAL, and between calls of FRAUD_SEQUENCE */
	usec_t ban_for;
	char **countries;	 /* ISO 3166, upper case; NULL: all */
	char **except;		 /* countries that do not count */
	char **except_accounts;
	struct hours between;	 /* FRAUD_BETWEEN */
	enum fraud_measure measure;
	unsigned per;		 /* FRAUD_PER_… */
	uint32_t warning, critical; /* calls, or seconds; 0: none */
	enum fraud_to to;
	uint32_t kinds;		 /* bits (1 << number_kind); 0: all */
	enum fraud_hours hours;
	unsigned line;
	bool measured;		 /* measure was said */
	bool warning_timed, critical_timed; /* said with a unit of time */
	bool new_source;	 /* only calls from where the account was not used before */
	bool ban;		 /* as well as tell of it */
	bool learned;		 /* says nothing while the company is still learned */
	bool habit;		 /* what the key did on other days is no reason: half as much again is */
	bool enabled;
};

struct config_calls {
	usec_t learning;       /* since the first call that was seen: rules that compare with the past say nothing */
	usec_t again;	       /* the same is told again after so long */
	usec_t new_source_for; /* how long a source of an account is a new one */
	char *database;	       /* MaxMind format; NULL: sources have no countries */
	const char *database_file; /* that names it, and where */
	unsigned database_line;
};

#endif
