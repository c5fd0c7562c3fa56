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

/* The tables of a stage, and how far the round has come in which all of them are written again. */
struct keep_list {
	struct keep_table *tables;
	size_t n;
	size_t table, at; /* the next place */
	bool failed;	  /* there was no memory for one */
};

/* Empties it; all 0 is an empty one. */
void keep_list_done(struct keep_list *l);
/*
 * Kind is the layout of records, id tells tables of one kind apart: names of
 * sections (base/pack.h) that mean the same in the next process. table NULL: there is none.
 */
void keep_list_add(struct keep_list *l, unsigned kind, uint64_t id, void *table, const struct keep_ops *ops);
/* From now on changes are noted. Returns 0; -ENOMEM: not all could be added, and it is empty. */
int keep_list_start(struct keep_list *l);
/* A section for each table of what changed. False: that is not known, all is needed; p is as it was then. */
bool keep_list_changed(struct keep_list *l, struct pack *p);
/* Goes on with the round until p has limit bytes. True: it is over, and the next one begins. */
bool keep_list_sweep(struct keep_list *l, size_t limit, struct pack *p);
/* The round begins anew. */
void keep_list_rewind(struct keep_list *l);
/* Into the table of that name; of one that is no more, nothing. False: it makes no sense. */
bool keep_list_restore(const struct keep_list *l, const struct section *s);

#endif
