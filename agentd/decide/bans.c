/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/bans.h"

#include <errno.h>
#include <stdlib.h>

int ban_table_init(struct ban_table *t)
{
	*t = (struct ban_table){ 0 };
	return addr_map_init(&t->map);
}

void ban_done(struct ban *b)
{
	free(b->rule);
	free(b->reason);
	free(b->evidence);
	free(b->accounts);
}

struct ban_entry *ban_entry_free(struct ban_entry *entry)
{
	if (entry)
		ban_done(&entry->ban);
	free(entry);
	return NULL;
}

void ban_table_done(struct ban_table *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		ban_entry_free(t->heap[i]);
	free(t->heap);
	addr_map_done(&t->map);
	*t = (struct ban_table){ 0 };
}

static void heap_put(struct ban_table *t, size_t i, struct ban_entry *entry)
{
	t->heap[i] = entry;
	entry->heap_index = i;
}

static void heap_up(struct ban_table *t, size_t i)
{
	struct ban_entry *entry = t->heap[i];

	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (t->heap[parent]->ban.end <= entry->ban.end)
			break;
		heap_put(t, i, t->heap[parent]);
		i = parent;
	}
	heap_put(t, i, entry);
}

static void heap_down(struct ban_table *t, size_t i)
{
	struct ban_entry *entry = t->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= t->count)
			break;
		if (child + 1 < t->count && t->heap[child + 1]->ban.end < t->heap[child]->ban.end)
			child++;
		if (entry->ban.end <= t->heap[child]->ban.end)
			break;
		heap_put(t, i, t->heap[child]);
		i = child;
	}
	heap_put(t, i, entry);
}

struct ban_entry *ban_table_add(struct ban_table *t, const struct ban *b)
{
	struct ban_entry *entry = calloc(1, sizeof(*entry));
	struct ban copy = *b;

	if (entry && t->count == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		struct ban_entry **heap = reallocarray(t->heap, size, sizeof(struct ban_entry *));

		if (heap) {
			t->heap = heap;
			t->size = size;
		}
	}
	if (!entry || t->count == t->size) {
		free(entry);
		ban_done(&copy);
		return NULL;
	}
	entry->ban = copy;
	entry->link.addr = copy.addr;
	addr_map_add(&t->map, &entry->link);
	heap_put(t, t->count++, entry);
	heap_up(t, entry->heap_index);
	return entry;
}

void ban_table_remove(struct ban_table *t, struct ban_entry *entry)
{
	size_t i = entry->heap_index;
	struct ban_entry *last = t->heap[--t->count];

	addr_map_remove(&t->map, &entry->link);
	if (last == entry)
		return;
	heap_put(t, i, last);
	heap_up(t, i);
	heap_down(t, last->heap_index);
}

static struct ban_entry *entry_of(struct addr_map_link *item)
{
	return item ? container_of(item, struct ban_entry, link) : NULL;
}

struct ban_entry *ban_table_find(const struct ban_table *t, const struct addr *addr)
{
	return entry_of(addr_map_find(&t->map, addr));
}

struct ban_entry *ban_table_cover(const struct ban_table *t, const struct addr *addr)
{
	return entry_of(addr_map_cover(&t->map, addr));
}

struct ban_entry *ban_table_standing(const struct ban_table *t, const struct addr *addr, usec_t when)
{
	struct ban_entry *entry = ban_table_cover(t, addr);
	unsigned len;

	/* Mostly there is none, or it stands. */
	if (!entry || entry->ban.end > when)
		return entry;
	for (len = entry->ban.addr.len + 1u; len <= addr->len; len++) {
		const struct addr narrower = addr_truncate(addr, (uint8_t)len);

		entry = ban_table_find(t, &narrower);
		if (entry && entry->ban.end > when)
			return entry;
	}
	return NULL;
}

struct ban_entry *ban_table_first(const struct ban_table *t)
{
	return t->count ? t->heap[0] : NULL;
}
