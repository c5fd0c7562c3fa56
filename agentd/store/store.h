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
 * whether enforcement is paused, and what else was known (counts, friends,
 * counters) as the owner's bytes.
 *
 * Writes wait in memory for store_commit(), which brings all of them into one
 * transaction: a position and what was decided from the lines before it are
 * stored together or not at all. If it fails (disk full, I/O error), they go on
 * waiting, and are written with what has come by then. What is read includes
 * what waits.
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
 * a newer version is set aside (renamed) and said loudly. One that cannot be
 * written (disk full, no permission) is only read, if it can be, and tried again
 * by store_commit(); that is said, too. So it fails for -ENOMEM only. dir NULL:
 * in memory.
 */
int store_open(const char *dir, struct store **ret);
/* Commits what waits, unless that failed the last time. */
struct store *store_close(struct store *s);

int store_position_put(struct store *s, const char *key, const char *value); /* -ENOMEM */
/* A new string or NULL. */
char *store_position_get(struct store *s, const char *key);

/* Sets b->id; 0 and -ENOBUFS: too much waits to be written, or -ENOMEM. */
int store_ban_put(struct store *s, struct store_ban *b);
/* The ban ended before its time. */
int store_ban_lift(struct store *s, int64_t id, usec_t when, const char *who);
/* All bans whose end is after since, oldest first; the strings live during the call. */
int store_bans_each(struct store *s, usec_t since, void (*fn)(void *userdata, const struct store_ban *b),
		    void *userdata);
/* Bans of addr and of the networks around it, latest first, at most max. */
int store_history_each(struct store *s, const struct addr *addr, unsigned max,
		       void (*fn)(void *userdata, const struct store_past *p), void *userdata);
/* How often addr was banned by a rule, on proof and for real, since: for the ladder. */
int store_history_count(struct store *s, const struct addr *addr, usec_t since);

/* Friends as versions before 0.2 wrote them; store_friends_drop() once they are taken over. */
int store_friends_each(struct store *s, void (*fn)(void *userdata, const struct store_friend *f), void *userdata);
int store_friends_drop(struct store *s);

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

/*
 * What else was known at a commit: bytes of the owner, that come back in the
 * order in which they were written.
 */
struct store_kept {
	const void *data;
	size_t len;
	int64_t drop_before; /* what has a lower number is of no more use; INT64_MAX: all earlier ones */
	int64_t number;	     /* of the last piece; set by store_commit() */
	/*
	 * Much is given piece by piece, all in one transaction: called when data was
	 * written, it puts the next piece there and returns 1; 0: there is none;
	 * negative errno: nothing shall be written. NULL: one piece.
	 */
	int (*more)(struct store_kept *kept);
	void *userdata; /* for more() */
};
int store_kept_each(struct store *s, void (*fn)(void *userdata, const void *data, size_t len), void *userdata);

/*
 * Writes what waits, with kept (NULL: nothing else) in the same transaction. On
 * failure nothing is written, and kept is forgotten: it will be of another
 * moment when it is tried again, STORE_RETRY later.
 */
int store_commit(struct store *s, struct store_kept *kept);
#define STORE_RETRY (5 * USEC_PER_SEC)
/* Is there anything to commit, and would it be tried now? */
bool store_wants_commit(const struct store *s);

/*
 * True once after another database was begun while running, because the former
 * was damaged or taken away: it knows the positions only, and bans in force,
 * exemptions and facts are to be put anew.
 */
bool store_is_new(struct store *s);
/* Writes that could not wait any longer were dropped since this was asked last: bans
 * without an id are to be put anew. */
bool store_has_dropped(struct store *s);
/* Why nothing can be stored, and since when (CLOCK_REALTIME); NULL: all is well. */
const char *store_error(const struct store *s, usec_t *since);

#endif
