/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_ADDRMAP_H
#define SIPWARDEN_BASE_ADDRMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

/*
 * A map from addresses and prefixes to items of the caller, with intrusive
 * links. Finding the prefix that covers an address costs one hash lookup for
 * each prefix length in use, whatever the number of items.
 */
struct addr_map_link {
	struct hash_link link;
	struct addr addr;
};

struct addr_map {
	struct hash_table table;
	uint32_t lengths[2][129]; /* items of that length; IPv4, IPv6 */
};

int addr_map_init(struct addr_map *map);
/* Releases the map, not the items. */
void addr_map_done(struct addr_map *map);

/* item->addr must be set and not be in the map yet. */
void addr_map_add(struct addr_map *map, struct addr_map_link *item);
void addr_map_remove(struct addr_map *map, struct addr_map_link *item);

/* Exactly addr, or NULL. */
struct addr_map_link *addr_map_find(const struct addr_map *map, const struct addr *addr);
/* The widest item that covers all of addr, or NULL. */
struct addr_map_link *addr_map_cover(const struct addr_map *map, const struct addr *addr);
/* Any item that shares an address with addr: one that covers it, or one inside
 * it (this looks at every item, and is for rare use). NULL: none. */
struct addr_map_link *addr_map_overlap(const struct addr_map *map, const struct addr *addr);
/* fn may remove the item it is given. */
void addr_map_each(struct addr_map *map, void (*fn)(struct addr_map_link *item, void *userdata),
		   void *userdata);

#endif
