/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPLAY_REPLAY_H
#define SIPWARDEN_REPLAY_REPLAY_H

#include "base/diag.h"
#include "decide/decide.h"
#include "replay/past.h"
#include "world/world.h"

/*
 * Logs of the past, run through a configuration as the agent would have done:
 * the same matchers, readers of times and decider, without event loop, firewall
 * and store. The log's time is the clock: bans end by it, and several logs are
 * merged by it. Nothing is known of the time before them.
 */
struct replay;

/* when: the log's time. All may be NULL. */
struct replay_callbacks {
	void (*ban)(void *userdata, usec_t when, const struct ban *b);
	void (*lift)(void *userdata, usec_t when, const struct ban *b, enum lift_cause cause);
	void (*alert)(void *userdata, usec_t when, const struct alert *a);
	void *userdata;
};

struct replay_options {
	usec_t since, until; /* only what happened from .. to; USEC_INFINITY: to the end */
};

struct replay_stats {
	size_t logs;
	uint64_t lines, bytes, cut;
	uint64_t future, untimed; /* events without a time to believe; source.h */
	usec_t first, last;	  /* times in the logs, within the bounds; 0: none */
	struct decide_stats decide;
};

/* w must outlive it, and is for one replay: matchers remember what they saw. Returns 0 or -ENOMEM. */
int replay_new(const struct world *w, const struct replay_options *options, const struct replay_callbacks *callbacks,
	       struct replay **ret);
struct replay *replay_free(struct replay *r);

/*
 * Adds a log of the input of that name: path, "-" for standard input, or NULL for
 * what the journal holds for the input's own matches. What is wrong is in diag.
 * Returns 0, -ENOENT (also: there is no such input), -EEXIST (it was added
 * already), or another negative errno.
 */
int replay_add(struct replay *r, const char *input, const char *path, struct diag *diag);

/*
 * Only these addresses sent packets to the watched ports: with them, decisions
 * are corroborated as by the kernel. Takes over addrs (to be freed by free()).
 */
void replay_seen(struct replay *r, struct addr *addrs, size_t n);

/* Runs all. A log that cannot be read to its end is in diag, and the others go on. Returns 0 or a negative errno. */
int replay_run(struct replay *r, struct diag *diag);

void replay_stats(const struct replay *r, struct replay_stats *ret);
/* The bans of it. */
const struct past *replay_past(const struct replay *r);

#endif
