/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_H
#define SIPWARDEN_REPORT_H

#include <stdio.h>

#include "base/timespan.h"
#include "report_read.h"
#include "report_tally.h"

/*
 * All that a report tells; report_find.c draws the conclusions, report_text.c,
 * report_json.c, report_csv_out.c and report_html.c print it. Names in it are
 * hostile text, as the records have them: each printer escapes them. Texts of
 * findings are printable already.
 */

enum finding_level {
	FINDING_CRITICAL, /* act today */
	FINDING_WARNING,  /* decide */
	FINDING_NOTE,	  /* know */
};

struct finding {
	enum finding_level level;
	const char *kind; /* stable, for programs */
	char *what;	  /* one sentence */
	char *detail;	  /* the figures, or NULL */
	char *decide;	  /* what somebody has to do or to decide, or NULL */
};

#define FINDINGS_MAX 64
#define NO_BUSINESS_MAX 250

/* What the agent did; from its store and the journal. */
struct attacks {
	bool known; /* the store could be read */
	uint64_t bans, bans_before, observed, proven;
	uint64_t attempts;
	/* Alerts in the journal; brakes: of bans that these held back, frauds: the critical ones. */
	uint64_t forgeries, account_attacks, friend_attacks, brakes, frauds;
	bool journal;					     /* it could be read */
	struct heavy rules;				     /* weight: bans */
	struct heavy tried;  /* accounts that banned sources tried; weight: bans */
	struct heavy banned; /* addresses; as text */
};

/* The last audit, from what "sipwarden audit --json" wrote. */
struct audited {
	bool known;
	usec_t when;
	unsigned critical, warning, accepted;
	char first[3][240]; /* the worst, printable */
	size_t n_first;
};

struct report {
	struct tally tally;
	struct reading reading;
	struct attacks attacks;
	struct audited audited;
	struct finding findings[FINDINGS_MAX];
	size_t n_findings, findings_dropped;
	char no_business[NO_BUSINESS_MAX][NUMBER_COUNTRY_SIZE];
	size_t n_no_business;
	char currency[8];
	char name[80];	  /* of the company or host, for the heading */
	bool priced;	  /* there is a table of rates */
	bool hours_known; /* office hours are set */
	usec_t made;
};

/* Draws all conclusions, the worst first. */
void report_find(struct report *r);
void report_findings_done(struct report *r);
size_t report_count(const struct report *r, enum finding_level level);
const char *finding_level_name(enum finding_level level);
bool report_is_no_business(const struct report *r, const char *country);

/* What there is of it, by what it costs, or by its minutes where costs are not known; NULL-ended arrays to be
 * freed. */
size_t report_destinations(struct report *r, struct destination ***ret);
size_t report_accounts(struct report *r, struct party ***ret);
size_t report_sources(struct report *r, struct party ***ret);
/* Whether an account's calls are worth a second look, and how much: 0 no, 3 or more: somebody else has it. */
unsigned report_suspicion(struct report *r, const struct party *account);
/* Ranges that were called number by number; the most numbers first. */
size_t report_sequences(struct report *r, struct range ***ret);

/* The period in real time. */
struct moments {
	usec_t before, from, to;
};
/* Fills r->attacks; dir is the agent's state directory. 0 or negative errno; then they are not known. */
int report_read_attacks(struct report *r, const char *dir, const struct moments *when);
void report_attacks_done(struct report *r);
/* Leaves r->audited as it is if there is no such file. */
void report_read_audit(struct report *r, const char *path);

void report_print_text(struct report *r, FILE *to, bool color);
void report_print_json(struct report *r, FILE *to);
void report_print_csv(struct report *r, FILE *to);
void report_print_html(struct report *r, FILE *to);

#endif
