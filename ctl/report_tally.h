/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_TALLY_H
#define SIPWARDEN_REPORT_TALLY_H

#include "number/plan.h"
#include "report_heavy.h"
#include "report_rates.h"
#include "report_record.h"

/*
 * All that a report says of the calls, counted record by record in memory that does
 * not grow with them. Counts by country, kind and month are exact; those by account,
 * source and range are as long as there are no more of these than a table holds
 * (report_heavy.h).
 */

struct sum {
	uint64_t calls; /* tried; with those that failed */
	uint64_t answered, failed;
	uint64_t seconds; /* of talk */
	int64_t cost;	  /* millionths, of those that have a price */
	uint64_t unpriced; /* answered, and the rates have no price for them */
};

/* Moments are civil: report_record.h. Before is as long as the period, straight before it. */
struct period {
	int64_t before, from, to;
};

#define TALLY_ACCOUNTS_MAX 65536
#define TALLY_SOURCES_MAX 65536
#define TALLY_PAIRS_MAX 131072
#define TALLY_RANGES_MAX 16384
#define TALLY_DESTINATIONS_MAX 16384
#define TALLY_MONTHS_MAX 121
#define TALLY_DAYS_MAX 4000
#define TALLY_LONG_MAX 20
/* Calls that begin within the same quarter of an hour are a burst together. */
#define TALLY_SLOT 900
#define TALLY_SLOTS 4
/* So many calls in a row that failed, within an hour, and then one that did not. */
#define TALLY_TRIES 5
/* Who called for that long before is known; what he does for the first time then is new. */
#define TALLY_KNOWN (14 * 86400)

struct month {
	uint32_t calls, unpriced;
	uint64_t seconds;
	int64_t cost;
};

/* Name: country and kind. */
struct destination {
	struct heavy_item item;
	char country[NUMBER_COUNTRY_SIZE];
	enum number_kind kind;
	bool abroad, risky;
	struct sum now, before;
	struct month *months; /* of the period; tally.n_months */
	int64_t first;	      /* of all records read; INT64_MAX: never within them */
	char first_account[HEAVY_NAME_MAX + 1];
};

struct burst {
	int64_t slot; /* its start; 0: none */
	uint32_t calls;
	int64_t cost;
};

/* An account or a source. */
struct party {
	struct heavy_item item;
	struct sum now, before; /* of what leaves the house */
	struct sum dear;	/* of these: abroad, or of a kind that costs */
	struct sum off;		/* of the dear ones: out of office hours */
	struct sum special;	/* of the dear ones: premium, satellite and so on, and where fraud goes */
	struct sum special_off; /* of these: out of office hours */
	int64_t first, last;	/* of all records */
	struct burst slots[TALLY_SLOTS], burst;
	uint32_t tries; /* dear calls in a row that failed */
	int64_t tries_from;
	struct { /* the worst such row that then succeeded; tries 0: none */
		uint32_t tries;
		int64_t when;
		char country[NUMBER_COUNTRY_SIZE];
	} broke;
	uint32_t sources;   /* that it was seen with, each for the first time */
	int64_t new_source; /* the last such moment */
	struct {	    /* a new source and a new country at once; when 0: never */
		int64_t when;
		char country[NUMBER_COUNTRY_SIZE];
		char source[HEAVY_NAME_MAX + 1];
	} stranger;
	/* Not counted here, but found at the end: report_suspect.c */
	const struct range *sequence;	 /* the range of which it called the most numbers; NULL: none */
	const struct heavy_item *banned; /* a source of its calls that was banned; NULL: none */
	uint64_t tried;			 /* by so many sources that were banned */
};

/* An account and a country, or an account and a source. */
struct pair {
	struct heavy_item item;
	int64_t first; /* of all records */
	struct sum now;
};

/* Numbers called within a day that differ in their last three digits. */
struct run {
	uint64_t seen[16];     /* a bit for each of the thousand */
	uint32_t calls, brief; /* brief: up to ten seconds */
	int64_t first, last;
};

/* Name: account, blank, the digits before the last three. */
struct range {
	struct heavy_item item;
	struct run now, most; /* the run that goes on, and the one of the most numbers before it */
	char country[NUMBER_COUNTRY_SIZE];
};

struct long_call {
	int64_t start;
	struct sum sum;
	char account[HEAVY_NAME_MAX + 1], digits[NUMBER_DIGITS_SIZE], country[NUMBER_COUNTRY_SIZE];
	enum number_kind kind;
};

struct day {
	int64_t cost;
	uint64_t dear_seconds;
};

struct tally {
	/* Given */
	struct number_site site;
	const struct rates *rates; /* NULL: costs are not known */
	struct period period;
	bool (*in_office)(void *userdata, int64_t civil); /* NULL: always */
	void *userdata;
	/* Counted */
	int64_t first, last;			    /* of all records; 0: none */
	uint64_t inside, emergency;		    /* of the period */
	struct sum now, before;			    /* that left the house */
	struct sum dear, dear_before, off;
	uint32_t dear_hours[7][24]; /* from Monday */
	struct day *days;
	size_t n_days, n_months;
	int first_month; /* months since year 0 */
	struct heavy destinations, accounts, sources, account_countries, account_sources, ranges;
	struct long_call longest[TALLY_LONG_MAX]; /* dear ones, longest first */
	size_t n_longest;
	bool memory; /* something was not counted: out of memory */
	struct tally_cache *cache;
};

/* From is before to. 0 or -ENOMEM. */
int tally_init(struct tally *t, const struct number_site *site, const struct rates *rates,
	       const struct period *period);
void tally_done(struct tally *t);
/* Takes one whole call. */
void tally_add(struct tally *t, const struct record *r);

/* Of what costs more than a usual call, what nobody needs in the daily business of most, and thieves earn by. */
bool tally_is_special(const struct number *n);
bool tally_is_special_kind(enum number_kind kind);
/* How many different numbers were called in a run. */
unsigned run_numbers(const struct run *r);
/* The run of the most numbers. */
const struct run *range_run(const struct range *r);
void sum_add(struct sum *to, const struct sum *what);
/* Months since year 0 of a civil moment, and its parts. */
int civil_month(int64_t civil);
struct tm civil_parts(int64_t civil);

#endif
