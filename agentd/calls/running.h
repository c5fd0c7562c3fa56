/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_RUNNING_H
#define SIPWARDEN_CALLS_RUNNING_H

#include "base/hash.h"
#include "calls/calls.h"
#include "detect/keep.h"

/*
 * The calls that go on, and those that were over lately. Several lines tell of one
 * call: they belong together when they have the same id, or, since gateways name
 * the same call otherwise in log and record, the same account and number, and a
 * start within JOIN_SPAN. Each kind of line is taken for one call once, so that
 * calls that are made at once stay as many as they are.
 */
struct running;

#define JOIN_SPAN (15 * USEC_PER_SEC)
/* A call that is over is known for so long: its other lines may be on their way, and calls overlap. */
#define OVER_FOR (3600 * USEC_PER_SEC)

/* A call has one name in the log, and another one in the record. */
#define RUNNING_IDS 2

struct running_call {
	struct call call;
	uint64_t pair;		     /* hash of account and number */
	struct running_id {
		struct hash_link link;
		uint64_t id; /* a hash; 0: none */
		struct running_call *call;
	} ids[RUNNING_IDS];
	uint64_t serial;	     /* ascending */
	uint32_t slot;		     /* its place, as long as it is known */
	bool attempted, recorded;    /* by such a line */
	struct hash_link by_pair;
	struct running_call *prev, *next;
};

int running_new(struct running **ret);
struct running *running_free(struct running *r);

/* The call that a line tells of; recorded: of its end. NULL: it is a new one. */
struct running_call *running_find(struct running *r, uint64_t pair, uint64_t id, usec_t start, bool recorded);
/* A new call. NULL: out of memory. */
struct running_call *running_add(struct running *r, const struct call *call, uint64_t pair, uint64_t id, bool recorded);
/* It has that id, too. */
void running_name(struct running *r, struct running_call *rc, uint64_t id);
/* It is over, or what is known of it changed. */
void running_update(struct running *r, struct running_call *rc, usec_t end);

/* Gives up what is over for long, and calls that began before now - CALL_LONGEST. Returns how many of the latter. */
size_t running_expire(struct running *r, usec_t now);
/* Those that go on, or those that are over, the oldest first. NULL: none. */
struct running_call *running_first(const struct running *r, bool over);
size_t running_count(const struct running *r);
uint64_t running_forgotten(const struct running *r);

/* Of a struct running. */
extern const struct keep_ops running_keep;

#endif
