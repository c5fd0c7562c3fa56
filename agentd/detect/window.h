/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DETECT_WINDOW_H
#define SIPWARDEN_DETECT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/timespan.h"
#include "detect/keep.h"

/*
 * Counts attempts per offender in a sliding window, exactly: the moments of the
 * last attempts are kept, as many as the threshold asks for. The table is
 * bounded. It is set-associative like a processor's cache: when the places of
 * an offender's bucket are taken, the least suspicious one in it is forgotten
 * (out of its window, else fewest attempts, else longest ago), in constant time
 * and without lists. A flood of strangers with one attempt each so cannot push
 * out those who have more.
 */
struct window_table;

/* Longest window: moments are kept as 32-bit milliseconds, and two windows must
 * be told from wrapping around (24.8 days). */
#define WINDOW_MAX (12 * (usec_t)86400 * USEC_PER_SEC)
/* Memory of one table at most; a rule with a huge threshold remembers fewer offenders. */
#define WINDOW_TABLE_BYTES ((size_t)16 << 20)

int window_table_new(unsigned threshold, usec_t window, uint32_t max_offenders, struct window_table **ret);
struct window_table *window_table_free(struct window_table *t);

/*
 * Notes an attempt of key at when; moments may come out of order. Returns how
 * many there are in the window that ends with the latest, at most threshold.
 */
unsigned window_note(struct window_table *t, const struct addr *key, usec_t when);
/* Has the processor bring what window_note() looks at first, while other things are done. */
void window_fetch(const struct window_table *t, const struct addr *key);
/* How many there are now, without noting one. */
unsigned window_count(const struct window_table *t, const struct addr *key, usec_t now);
/* The threshold it was made with. */
unsigned window_threshold(const struct window_table *t);
/* Starts from zero: the threshold was reached and acted on. */
void window_clear(struct window_table *t, const struct addr *key);

/* Offenders remembered, and those forgotten while their window was still open. */
size_t window_offenders(const struct window_table *t);
uint64_t window_forgotten(const struct window_table *t);

/* Of a struct window_table. */
extern const struct keep_ops window_keep;

#endif
