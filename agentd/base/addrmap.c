/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addrmap.h"

#include <string.h>
#include <sys/socket.h>

static unsigned family_index(const struct addr *a)
{
	return a->family == AF_INET6;
}

int addr_map_init(struct addr_map *map)
{
	memset(map->lengths, 0, sizeof(map->lengths));
	return hash_table_init(&map->table);
}

void addr_map_done(struct addr_map *map)
{
	hash_table_done(&map->table);
}

void addr_map_add(struct addr_map *map, struct addr_map_link *item)
{
	hash_table_add(&map->table, &item->link, addr_hash(&item->addr));
	map->lengths[family_index(&item->addr)][item->addr.len]++;
}

void addr_map_remove(struct addr_map *map, struct addr_map_link *item)
{
	hash_table_remove(&map->table, &item->link);
	map->lengths[family_index(&item->addr)][item->addr.len]--;
}

struct addr_map_link *addr_map_find(const struct addr_map *map, const struct addr *addr)
{
	uint64_t hash = addr_hash(addr);
	struct hash_link *l;

	for (l = hash_table_first(&map->table, hash); l; l = hash_table_next(l, hash)) {
		struct addr_map_link *item = container_of(l, struct addr_map_link, link);

		if (addr_equal(&item->addr, addr))
			return item;
	}
	return NULL;
}

struct addr_map_link *addr_map_cover(const struct addr_map *map, const struct addr *addr)
{
	const uint32_t *lengths = map->lengths[family_index(addr)];
	unsigned len;

	for (len = 0; len <= addr->len; len++) {
		struct addr_map_link *item;
		struct addr wide;

		if (!lengths[len])
			continue;
		wide = addr_truncate(addr, (uint8_t)len);
		item = addr_map_find(map, &wide);
		if (item)
			return item;
	}
	return NULL;
}

struct overlap_search {
	const struct addr *addr;
	struct addr_map_link *found;
};

static void overlap_check(struct addr_map_link *item, void *userdata)
{
	struct overlap_search *s = userdata;

	if (!s->found && addr_overlaps(&item->addr, s->addr))
		s->found = item;
}

struct addr_map_link *addr_map_overlap(const struct addr_map *map, const struct addr *addr)
{
	struct overlap_search s = { addr, NULL };

	if (addr_is_host(addr))
		return addr_map_cover(map, addr);
	/* addr_map_each() only writes through fn, and this one does not remove. */
	addr_map_each((struct addr_map *)map, overlap_check, &s);
	return s.found;
}

struct each_call {
	void (*fn)(struct addr_map_link *item, void *userdata);
	void *userdata;
};

static void each_link(struct hash_link *link, void *userdata)
{
	struct each_call *c = userdata;

	c->fn(container_of(link, struct addr_map_link, link), c->userdata);
}

void addr_map_each(struct addr_map *map, void (*fn)(struct addr_map_link *item, void *userdata),
		   void *userdata)
{
	struct each_call c = { fn, userdata };

	hash_table_each(&map->table, each_link, &c);
}
