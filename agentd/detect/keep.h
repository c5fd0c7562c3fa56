/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DETECT_KEEP_H
#define SIPWARDEN_DETECT_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pack.h"

/* Even a small table may change as often between two times. */
#define KEEP_CHANGES_MIN 4096

/*
 * How a table of counts outlives the process. What changed is written each time
 * something is stored; besides, the whole table is written again, a little at a
 * time, so that what was written before the last round can be thrown away. A
 * record tells all of one entry, or that it is gone; the last one counts.
 */
struct keep_ops {
	/* From now on changes are noted. */
	void (*start)(void *table);
	/* Records of what changed since the last call. False: that is not known, the whole table is needed. */
	bool (*changed)(void *table, struct pack *p);
	/*
	 * Records of the entries from place *at on, at first 0: up to place until, or
	 * until p has grown to limit bytes. *at is the next one then. True: that was the rest.
	 */
	bool (*sweep)(void *table, size_t *at, size_t until, size_t limit, struct pack *p);
	/* Takes records in the order in which they were written. False: they make no sense. */
	bool (*restore)(void *table, struct unpack *u);
};

#endif
