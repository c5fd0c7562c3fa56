/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_STORE_STORE_H
#define SIPWARDEN_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/timespan.h"

/*
 * What outlives the process, in SQLite (WAL, one writer): bans with their
 * evidence and history, positions of all inputs, exemptions added at run time,
 * friends, and whether enforcement is paused.
 * Writes gather in one transaction that store_commit() ends; so a position and
 * what was decided from the lines before it are stored together or not at all.
 */
struct store;

struct store_ban {
	int64_t id; /* 0: not stored yet */
	struct addr addr;
	usec_t start, end; /* end USEC_INFINITY: until lifted */
	uint32_t count;    /* attempts that led to it */
	uint32_t step;     /* rung of the ladder, from 0 */
	const char *rule;  /* "manual" for an admin's */
	const char *reason;
	const char *evidence; /* log lines, one a line, as the gateway wrote them */
	size_t evidence_len;
	const char *accounts; /* user names tried, one a line, escaped */
	bool proven;	      /* by evidence whose source cannot have been forged */
	bool observed;	      /* told, never enforced */
};

/* A ban that is over, or goes on. */
struct store_past {
	struct store_ban ban;
	usec_t lifted;	       /* 0: it ran its time, or goes on */
	const char *lifted_by; /* as store_ban_lift() was told; "replaced": by a longer one; NULL: not lifted */
};

/* As struct friend of decide.h, which says what they mean. */
struct store_friend {
	struct addr addr;
	usec_t first, last;
	uint32_t successes, accounts;
};

/*
 * Opens or creates state_dir/sipwarden.db. A database that is corrupt or from
 * a newer version is set aside (renamed) and said loudly. dir NULL: in memory.
 */
int store_open(const char *dir, struct store **ret);
struct store *store_close(struct store *s); /* commits */

int store_position_put(struct store *s, const char *key, const char *value);
/* A new string or NULL. */
char *store_position_get(struct store *s, const char *key);

/* Inserts and sets b->id. */
int store_ban_put(struct store *s, struct store_ban *b);
/* The ban ended before its time. */
int store_ban_lift(struct store *s, int64_t id, usec_t when, const char *who);
/* All bans in force at now, oldest first; the strings live during the call. */
int store_bans_each(struct store *s, usec_t now, void (*fn)(void *userdata, const struct store_ban *b),
		    void *userdata);
/* Bans of addr and of the networks around it, latest first, at most max. */
int store_history_each(struct store *s, const struct addr *addr, unsigned max,
		       void (*fn)(void *userdata, const struct store_past *p), void *userdata);
/* How often addr was banned by a rule, on proof and for real, since: for the ladder. */
int store_history_count(struct store *s, const struct addr *addr, usec_t since);

int store_friend_put(struct store *s, const struct store_friend *f);
/* Drops those whose last success is before; brings the others, the latest last. */
int store_friends_each(struct store *s, usec_t before, void (*fn)(void *userdata, const struct store_friend *f),
		       void *userdata);

/* A fact about the agent; value NULL removes it. */
int store_meta_put(struct store *s, const char *key, const char *value);
/* A new string or NULL. */
char *store_meta_get(struct store *s, const char *key);

int store_exempt_put(struct store *s, const struct addr *addr, const char *reason);
int store_exempt_remove(struct store *s, const struct addr *addr); /* -ENOENT */
int store_exempt_each(struct store *s, void (*fn)(void *userdata, const struct addr *addr, const char *reason),
		      void *userdata);

struct store_stats {
	usec_t last_commit;   /* CLOCK_REALTIME; 0: none yet */
	usec_t failing_since; /* CLOCK_REALTIME: nothing could be written since; 0: all is well */
	uint64_t errors;
	uint64_t bytes;	      /* of the database and its log on disk */
	char last_error[160]; /* "": none */
};
void store_stats(const struct store *s, struct store_stats *ret);

/* Ends the transaction. On failure (disk full) it is kept open and retried. */
int store_commit(struct store *s);

#endif
