/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DETECT_DISTINCT_H
#define SIPWARDEN_DETECT_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/timespan.h"
#include "detect/keep.h"

/*
 * How many different addresses something was seen with within a window: one
 * account, one prefix. Bounded: of each key the latest addresses are kept, and
 * under a flood of keys those with the fewest are forgotten first.
 */
struct distinct_table;

#define DISTINCT_KEYS_MAX 16384

/* At most members of each key are told apart. Returns 0, -EINVAL, -ENOMEM. */
int distinct_table_new(unsigned members, usec_t window, struct distinct_table **ret);
struct distinct_table *distinct_table_free(struct distinct_table *t);

/*
 * Notes that key (any hash of it but 0) was seen with addr. Returns with how many in
 * the window that ends now; *before (may be NULL) is with how many it had been by now.
 */
unsigned distinct_note(struct distinct_table *t, uint64_t key, const struct addr *addr, usec_t when, unsigned *before);
/* Has the processor bring what distinct_note() looks at first, while other things are done. */
void distinct_fetch(const struct distinct_table *t, uint64_t key);
/* Each of them, in no order. fn must not change the table. */
void distinct_each(const struct distinct_table *t, uint64_t key, usec_t now,
		   void (*fn)(void *userdata, const struct addr *addr), void *userdata);
/* Begins anew for key. */
void distinct_clear(struct distinct_table *t, uint64_t key);

/* Of a struct distinct_table; its keys must be of hash_lasting() then. */
extern const struct keep_ops distinct_keep;

#endif
