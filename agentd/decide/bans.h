/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_BANS_H
#define SIPWARDEN_DECIDE_BANS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addrmap.h"
#include "base/timespan.h"
#include "decide/decide.h"

/*
 * The bans in force: found by address or covering prefix, and in the order in
 * which they end (a binary heap).
 */
struct ban_entry {
	struct ban ban;
	struct addr_map_link link;
	size_t heap_index;
};

struct ban_table {
	struct addr_map map;
	struct ban_entry **heap;
	size_t count, size;
};

int ban_table_init(struct ban_table *t);
void ban_table_done(struct ban_table *t);

/* Takes over the strings of b. NULL: out of memory, and they are released. */
struct ban_entry *ban_table_add(struct ban_table *t, const struct ban *b);
/* Out of the table; ban_entry_free() is the caller's. */
void ban_table_remove(struct ban_table *t, struct ban_entry *entry);
struct ban_entry *ban_entry_free(struct ban_entry *entry);

/* Exactly addr, or NULL. */
struct ban_entry *ban_table_find(const struct ban_table *t, const struct addr *addr);
/* The widest that covers addr, or NULL. */
struct ban_entry *ban_table_cover(const struct ban_table *t, const struct addr *addr);
/* The widest that covers addr and stood at when, or NULL. One that is over may be here for a while still. */
struct ban_entry *ban_table_standing(const struct ban_table *t, const struct addr *addr, usec_t when);
/* The one that ends first, or NULL. */
struct ban_entry *ban_table_first(const struct ban_table *t);

/* Releases the strings of a ban. */
void ban_done(struct ban *b);

#endif
