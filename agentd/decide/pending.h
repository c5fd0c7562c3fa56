/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_PENDING_H
#define SIPWARDEN_DECIDE_PENDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/changes.h"
#include "base/hash.h"
#include "decide/decide.h"
#include "detect/keep.h"

/* Bans that wait for what the kernel knows of their sources, and sources that it had not seen. */
#define PENDING_MAX 65536
#define FORGERIES_MAX 1024

/* A ban that was decided. */
struct decision {
	struct ban ban;
	bool witnessed; /* not of one who sent nothing */
	bool regardless; /* also of one whom this host calls: for calls, or of a part of it only */
};

struct forgery {
	struct addr addr; /* family 0: free */
	unsigned count;
	usec_t last;
};

struct pending_table {
	struct hash_table table; /* of struct pending, by source */
	struct forgery *forgeries; /* a ring by hash: the latest of each place */
	struct changes changes, forgery_changes; /* sources */
};

int pending_init(struct pending_table *t);
void pending_done(struct pending_table *t);

/*
 * Keeps what was decided about source; takes over the ban's strings. False: one
 * waits for source already, or too many do; it is untouched then.
 */
bool pending_add(struct pending_table *t, const struct addr *source, const struct decision *what);
bool pending_has(const struct pending_table *t, const struct addr *source);
/* Does a ban wait for source that would cover from, it or a part of it, at when? */
bool pending_covers(const struct pending_table *t, const struct addr *source, const struct addr *from, usec_t when);
/* Does a ban wait for source that is over at when? */
bool pending_is_over(const struct pending_table *t, const struct addr *source, usec_t when);
size_t pending_count(const struct pending_table *t);
/* Takes out what waits for source: true and *what, which is the caller's then. */
bool pending_take(struct pending_table *t, const struct addr *source, struct decision *what);
/* fn must not take anything out. */
void pending_each(struct pending_table *t, void (*fn)(void *userdata, const struct addr *source), void *userdata);

/* Notes that a log named source, though it had sent nothing. Returns how often. */
unsigned pending_forgery(struct pending_table *t, const struct addr *source, usec_t when);
unsigned pending_forgeries(const struct pending_table *t, const struct addr *source);

/* Both of a struct pending_table. */
extern const struct keep_ops pending_keep, forgery_keep;

#endif
