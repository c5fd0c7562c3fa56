/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_CHANGES_H
#define SIPWARDEN_BASE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The keys of a table whose entries changed since they were stored last. More
 * than max of them, or no memory, and it is only known that there are many:
 * then the whole table is to be stored.
 */
struct changes {
	size_t width; /* bytes of a key; 0: nobody asks, nothing is noted */
	size_t max;
	size_t count, size;
	char *keys;
	bool many;
};

/* From now on changes are noted. */
void changes_start(struct changes *c, size_t width, size_t max);
void changes_done(struct changes *c);
/* The same key may come twice. */
void changes_note(struct changes *c, const void *key);
/* The i-th of count. */
const void *changes_at(const struct changes *c, size_t i);
/* All are stored. */
void changes_clear(struct changes *c);

#endif
