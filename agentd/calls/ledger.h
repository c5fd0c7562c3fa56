/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_LEDGER_H
#define SIPWARDEN_CALLS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timespan.h"
#include "detect/keep.h"

/*
 * A bounded table of small facts by a hash: three numbers and two moments each.
 * Set-associative, as detect/window.h: when the places of a bucket are taken, the
 * fact that was touched longest ago is forgotten; one that has been known for a time
 * counts as touched later by as much. It grows with what is in it.
 */
struct ledger;

struct fact {
	uint64_t key; /* of hash_lasting(); 0: free */
	usec_t first; /* when it was noted first, and last */
	usec_t last;
	uint64_t n[3]; /* the caller's */
};

/* At most max facts, rounded down to a power of two. Returns 0, -ENOMEM. */
int ledger_new(uint32_t max, struct ledger **ret);
struct ledger *ledger_free(struct ledger *l);

/* The fact, or NULL. Valid until the next ledger_put(). */
const struct fact *ledger_find(const struct ledger *l, uint64_t key);
/*
 * The fact of key, touched at when, to be changed by the caller at once; *fresh: it
 * was not known (numbers are 0). NULL: out of memory. Valid until the next call.
 */
struct fact *ledger_put(struct ledger *l, uint64_t key, usec_t when, bool *fresh);
size_t ledger_count(const struct ledger *l);
/* Facts that gave way to others. */
uint64_t ledger_forgotten(const struct ledger *l);

/* Of a struct ledger. */
extern const struct keep_ops ledger_keep;

#endif
