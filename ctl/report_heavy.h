/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_HEAVY_H
#define SIPWARDEN_REPORT_HEAVY_H

#include <stdbool.h>

#include "base/hash.h"

/*
 * A table of things by name that keeps the heaviest, in bounded memory. As long as
 * there are no more than max of them, all of it is exact. At max, the lighter half is
 * forgotten (Misra and Gries 1982, in batches), and lost says by how much a weight can
 * be too small since then; what is heavier than lost is never missing.
 */
#define HEAVY_NAME_MAX 72

struct heavy {
	struct hash_table table;
	size_t item_size, max;
	uint64_t lost; /* 0: all is exact */
};

/* At the beginning of each item. */
struct heavy_item {
	struct hash_link link;
	uint64_t weight;
	unsigned char name_len;
	char name[HEAVY_NAME_MAX]; /* cut if longer, with a part of the hash of all of it; not terminated */
};

/* item_size: of a struct that begins with a heavy_item. 0 or -ENOMEM. */
int heavy_init(struct heavy *h, size_t item_size, size_t max);
void heavy_done(struct heavy *h);
/* The item of that name, made with zeros if there is none, its weight one more. NULL: out of memory. Items
 * live until the next call. */
void *heavy_touch(struct heavy *h, const void *name, size_t len);
/* The item, or NULL. */
void *heavy_find(const struct heavy *h, const void *name, size_t len);
/*
 * All of them in a new array, by compare (as of qsort(3), of pointers to pointers).
 * Returns how many; *ret is to be freed. They live as long as the table.
 */
size_t heavy_sorted(struct heavy *h, int (*compare)(const void *a, const void *b), void ***ret);

#endif
