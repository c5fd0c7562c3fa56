/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_heavy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int heavy_init(struct heavy *h, size_t item_size, size_t max)
{
	*h = (struct heavy){.item_size = item_size, .max = max};
	return hash_table_init(&h->table);
}

static void drop(struct hash_link *link, void *userdata)
{
	struct heavy *h = userdata;

	hash_table_remove(&h->table, link);
	free(container_of(link, struct heavy_item, link));
}

void heavy_done(struct heavy *h)
{
	if (!h->table.buckets)
		return;
	hash_table_each(&h->table, drop, h);
	hash_table_done(&h->table);
}

/* A name as it is kept: what is too long ends in a hash of all of it. */
static size_t kept_name(const void *name, size_t len, uint64_t hash, char ret[static HEAVY_NAME_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	if (len <= HEAVY_NAME_MAX) {
		if (len)
			memcpy(ret, name, len);
		return len;
	}
	memcpy(ret, name, HEAVY_NAME_MAX - 9);
	ret[HEAVY_NAME_MAX - 9] = '~';
	for (i = 0; i < 8; i++)
		ret[HEAVY_NAME_MAX - 8 + i] = digits[(hash >> (4 * i)) & 15];
	return HEAVY_NAME_MAX;
}

static void *find(const struct heavy *h, const char *name, size_t len, uint64_t hash)
{
	struct hash_link *link;

	for (link = hash_table_first(&h->table, hash); link; link = hash_table_next(link, hash)) {
		struct heavy_item *item = container_of(link, struct heavy_item, link);

		if (item->name_len == len && memcmp(item->name, name, len) == 0)
			return item;
	}
	return NULL;
}

void *heavy_find(const struct heavy *h, const void *name, size_t len)
{
	const uint64_t hash = hash_bytes(name, len);
	char kept[HEAVY_NAME_MAX];

	len = kept_name(name, len, hash, kept);
	return find(h, kept, len, hash);
}

struct weights {
	struct heavy *h;
	uint64_t *list, limit;
	size_t n;
};

static void note_weight(struct hash_link *link, void *userdata)
{
	struct weights *w = userdata;

	w->list[w->n++] = container_of(link, struct heavy_item, link)->weight;
}

static void drop_light(struct hash_link *link, void *userdata)
{
	struct weights *w = userdata;

	if (container_of(link, struct heavy_item, link)->weight <= w->limit)
		drop(link, w->h);
}

static int by_weight(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool make_room(struct heavy *h)
{
	struct weights w = {.h = h, .list = malloc(h->table.count * sizeof(uint64_t))};

	if (!w.list)
		return false;
	hash_table_each(&h->table, note_weight, &w);
	qsort(w.list, w.n, sizeof(*w.list), by_weight);
	w.limit = w.list[w.n / 2];
	free(w.list);
	h->lost += w.limit;
	hash_table_each(&h->table, drop_light, &w);
	return true;
}

void *heavy_touch(struct heavy *h, const void *name, size_t len)
{
	const uint64_t hash = hash_bytes(name, len);
	char kept[HEAVY_NAME_MAX];
	struct heavy_item *item;

	len = kept_name(name, len, hash, kept);
	item = find(h, kept, len, hash);
	if (!item) {
		if (h->table.count >= h->max && !make_room(h))
			return NULL;
		item = calloc(1, h->item_size);
		if (!item)
			return NULL;
		item->name_len = (unsigned char)len;
		memcpy(item->name, kept, len);
		hash_table_add(&h->table, &item->link, hash);
	}
	item->weight++;
	return item;
}

struct collection {
	void **items;
	size_t n;
};

static void collect(struct hash_link *link, void *userdata)
{
	struct collection *c = userdata;

	c->items[c->n++] = container_of(link, struct heavy_item, link);
}

size_t heavy_sorted(struct heavy *h, int (*compare)(const void *a, const void *b), void ***ret)
{
	struct collection c = {.items = calloc(h->table.count + 1, sizeof(void *))};

	*ret = c.items;
	if (!c.items)
		return 0;
	hash_table_each(&h->table, collect, &c);
	qsort(c.items, c.n, sizeof(void *), compare);
	return c.n;
}
