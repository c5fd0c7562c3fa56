/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HEALTH_HEALTH_H
#define SIPWARDEN_HEALTH_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/class.h"
#include "base/log.h"
#include "base/timespan.h"
#include "calls/calls.h"
#include "decide/decide.h"
#include "firewall/firewall.h"
#include "input/input.h"
#include "match/match.h"
#include "store/store.h"

/*
 * How the agent is: all facts in one struct, what they mean, and how they are told
 * to Prometheus. Nothing here asks anybody: whoever knows the stages fills the
 * struct (agentd/watch.c), so each judgement can be tested by itself.
 */

/* A helper that works answers within milliseconds, and in a restore of a million
 * bans after each 5,000. */
#define HEALTH_HELPER_SILENT (5 * USEC_PER_SEC)
/* One that has just ended is started again within this, at most (keeper.c,
 * sipwarden-firewall.service). */
#define HEALTH_HELPER_STARTS (15 * USEC_PER_SEC)
/* After so long in which the helper that we have started neither answers nor ends,
 * nothing but our own restart replaces it: withhold the watchdog. Long enough for
 * the kernel's longest transactions and for an admin's debugger. */
#define HEALTH_HELPER_STUCK (60 * USEC_PER_SEC)
/* There is more in a log, and it does not come. */
#define HEALTH_INPUT_STUCK (10 * USEC_PER_SEC)
/* Readers look for more once a second, and every 5 seconds for a journal that cannot be opened. */
#define HEALTH_INPUT_ASLEEP (20 * USEC_PER_SEC)
/* A journal is read so far behind: attackers have that long. */
#define HEALTH_INPUT_LATE (60 * USEC_PER_SEC)
/* So long is a critical fraud something to be looked after. */
#define HEALTH_FRAUD_FRESH (3600 * USEC_PER_SEC)

enum input_state {
	INPUT_READING,
	INPUT_CATCHING_UP, /* there is more, and it is being read */
	INPUT_WAITING,	   /* there is no log yet */
	INPUT_FAILING,	   /* last_error tells */
	INPUT_STUCK,	   /* there is more, and it does not come */
	INPUT_ASLEEP,	   /* nobody looks whether there is more */
};

struct health_input {
	const char *name, *filter;
	bool journal;
	const char *where; /* its first path or match */
	enum input_state state;
	struct input_stats input;
	struct match_stats match;
};

#define HEALTH_PATTERNS_MAX 2000

struct health {
	usec_t now, monotonic;	/* CLOCK_REALTIME, CLOCK_MONOTONIC */
	usec_t started, loaded; /* the agent; its config. CLOCK_REALTIME */
	usec_t counted_since;	/* counters of decisions go on over restarts. CLOCK_REALTIME */
	usec_t followed;	/* CLOCK_MONOTONIC: the inputs are there since */
	usec_t reload_refused;	/* since then the files differ from what is in force; 0: they do not */
	const char *config_path;
	usec_t paused; /* since when; 0: it is not */
	const char *pause_reason;
	bool observe;
	bool flushed; /* the table was removed by an admin */
	struct decide_stats decide;
	struct calls_stats calls;
	uint64_t events[CLASS_COUNT]; /* since the start */
	uint64_t alerts[ALERT_KINDS];
	usec_t fraud; /* the last critical one was told. CLOCK_REALTIME; 0: none since the start */
	uint64_t bans_observed, bans_in_kernel; /* of decide.active; the kernel has said so */
	uint64_t names, names_failing, names_empty; /* exempt DNS names; of them those that fail, and have no address */
	bool witness; /* the kernel is to note who sends */
	bool sip_wanted; /* the SIP firewall shall be on */
	uint64_t sip_limited; /* sources that it limits now */
	struct firewall_stats firewall;
	struct store_stats store;
	uint64_t resident; /* bytes */
	struct log_trouble trouble;
	const char *metrics_file;  /* NULL: none */
	const char *metrics_error; /* of the last write; NULL: none */
	/* Patterns as FILTER/NAME (FILE:LINE), with commas between, as many as there is room for. */
	char patterns_slowed[HEALTH_PATTERNS_MAX], patterns_off[HEALTH_PATTERNS_MAX];
	struct health_input *inputs;
	size_t n_inputs;
};

/* Judging */

enum severity {
	SEVERITY_DEGRADED = 1, /* bans are enforced, but something is to be looked after */
	SEVERITY_UNPROTECTED,  /* bans, or new bans, are not enforced */
};

enum problem_code {
	PROBLEM_PAUSED,
	PROBLEM_FLUSHED,
	PROBLEM_HELPER_DOWN,
	PROBLEM_HELPER_SILENT,
	PROBLEM_FRAUD,
	PROBLEM_NO_INPUT,
	PROBLEM_INPUT_WAITING,
	PROBLEM_INPUT_FAILING,
	PROBLEM_INPUT_STUCK,
	PROBLEM_INPUT_ASLEEP,
	PROBLEM_INPUT_LATE,
	PROBLEM_SET_FULL,
	PROBLEM_WITNESS_FULL,
	PROBLEM_SIP,
	PROBLEM_DATABASE,
	PROBLEM_NAMES,
	PROBLEM_RELOAD,
	PROBLEM_PATTERNS,
	PROBLEM_METRICS,
};

struct problem {
	enum problem_code code;
	enum severity severity;
	size_t subject;	  /* the input, or the set */
	char text[320];	  /* what is wrong; escaped */
	char advice[240]; /* what to do */
};

/* More are left out: the worst come first. */
#define HEALTH_PROBLEMS_MAX 32

struct verdict {
	struct problem problems[HEALTH_PROBLEMS_MAX];
	size_t count;
	enum severity worst; /* 0: all is well */
};

/* The caller fills *h, but for the states of the inputs, and owns h->inputs. Sets the states, and says what is wrong. */
void health_judge(struct health *h, struct verdict *ret);
/* "reading", "catching up", …; static. */
const char *health_input_state(enum input_state state);
/* "ok", "degraded", "unprotected"; static. */
const char *health_word(enum severity worst);
/* Packets to the SIP ports that the SIP firewall let pass, or dropped. */
uint64_t health_sip_packets(const struct firewall_stats *fw, bool passed);
/* For how long the helper has not answered (ready or not); 0: it does. */
usec_t health_helper_silence(const struct health *h);
/*
 * Why a restart of the agent would help, or NULL: the reason to withhold the
 * watchdog. Only what a restart mends is one: a reader that is not called any
 * more, a helper of our own that neither answers nor ends, and one that nobody
 * starts again, as our keeper has ended. A helper that is a
 * unit of its own has its own watchdog, and one that ends is started again;
 * a file that cannot be read is not readable for the next agent either.
 */
const char *health_needs_restart(const struct health *h);

/* Telling: all of it in Prometheus's text format, as a new string; NULL when out of memory. */
char *health_metrics(const struct health *h, const struct verdict *v);

#endif
