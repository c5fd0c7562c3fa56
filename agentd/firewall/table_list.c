/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in the kernel: listed, asked for, and taken over at start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "firewall/table_private.h"

struct listing {
	struct table *table;
	void (*fn)(void *userdata, const struct proto_entry *e);
	void *userdata;
};

static void list_network(void *userdata, const struct nft_element *e)
{
	const struct listing *l = userdata;
	struct proto_entry entry = { .addr = e->addr, .packets = e->packets, .bytes = e->bytes };

	entry.addr.len = NFT_NETWORK6;
	entry.left = e->left == USEC_INFINITY ? UINT64_MAX : e->left;
	l->fn(l->userdata, &entry);
}

static void list_host(void *userdata, const struct nft_element *e)
{
	const struct listing *l = userdata;
	struct proto_entry entry = { .addr = e->addr, .packets = e->packets, .bytes = e->bytes };

	entry.left = e->left == USEC_INFINITY ? UINT64_MAX : e->left;
	l->fn(l->userdata, &entry);
}

static void count_range(void *userdata, const struct nft_element *e)
{
	const struct listing *l = userdata;
	struct prefix *p;

	if (e->range_end)
		return;
	p = prefix_set_owner(&l->table->nets[table_family(&e->addr)], &e->addr);
	if (p) {
		p->packets += e->packets;
		p->bytes += e->bytes;
	}
}

static int list_nets(struct table *t, unsigned f, struct listing *l)
{
	struct prefix_set *s = &t->nets[f];
	usec_t now = time_monotonic();
	size_t i;
	int r;

	prefix_set_expire(s, now);
	for (i = 0; i < s->count; i++)
		s->items[i].packets = s->items[i].bytes = 0;
	r = nft_dump(t->nft, f ? NFT_NET6 : NFT_NET4, count_range, l);
	for (i = 0; r >= 0 && i < s->count; i++) {
		const struct prefix *p = &s->items[i];
		struct proto_entry e = { .addr = p->addr, .packets = p->packets, .bytes = p->bytes };

		e.left = p->end == USEC_INFINITY ? UINT64_MAX : table_left(p->end, now);
		l->fn(l->userdata, &e);
	}
	return r;
}

/* What is large, in the order of listing; the prefixes come after it, at once. */
static const enum nft_set listed_sets[] = { NFT_BAN4, NFT_BAN6, NFT_BAN64, NFT_PORT4 };

int table_list_start(struct table *t)
{
	t->listing = 0;
	return nft_dump_start(t->nft, listed_sets[0]);
}

int table_list_step(struct table *t, table_entry_fn fn, void *userdata)
{
	struct listing l = { t, fn, userdata };
	int r = nft_dump_step(t->nft, listed_sets[t->listing] == NFT_BAN64 ? list_network : list_host, &l);

	if (r != 0)
		return r;
	if (++t->listing < ELEMENTSOF(listed_sets)) {
		r = nft_dump_start(t->nft, listed_sets[t->listing]);
		return r < 0 ? r : 1;
	}
	r = list_nets(t, 0, &l);
	return r < 0 ? r : list_nets(t, 1, &l);
}

void table_list_stop(struct table *t)
{
	nft_dump_stop(t->nft);
}

int table_list_fd(const struct table *t)
{
	return nft_dump_fd(t->nft);
}

void table_seen(struct table *t, struct proto_entry *const *entries, size_t n)
{
	_cleanup_free_ struct nft_question *questions = t->deleted ? NULL : calloc(n, sizeof(*questions));
	size_t i;

	for (i = 0; questions && i < n; i++)
		questions[i].addr = entries[i]->addr;
	if (questions) {
		nft_seen(t->nft, questions, n);
		/* What was not found may have been taken away by somebody else. */
		t->lost |= nft_watch_read(t->nft);
	}
	for (i = 0; i < n; i++) {
		entries[i]->error = questions ? questions[i].answer : -ENODATA;
		if (t->lost && entries[i]->error == -ENOENT)
			entries[i]->error = -ENODATA;
	}
}

struct ends {
	struct nft_element *items;
	size_t count;
};

static void keep_end(void *userdata, const struct nft_element *e)
{
	struct ends *ends = userdata;
	struct nft_element *longer = reallocarray(ends->items, ends->count + 1, sizeof(*longer));

	if (!longer)
		return;
	ends->items = longer;
	ends->items[ends->count++] = *e;
}

/* By place; where one range ends as the next begins, the end first. */
static int compare_ends(const void *a, const void *b)
{
	const struct nft_element *x = a, *y = b;
	int order = addr_compare(&x->addr, &y->addr);

	return order ? order : (int)y->range_end - (int)x->range_end;
}

static struct addr host_before(const struct addr *a)
{
	unsigned i = a->family == AF_INET ? 4 : 16;
	struct addr before = *a;

	while (i-- > 0)
		if (before.bytes[i]-- != 0)
			break;
	return before;
}

/* The ranges that the kernel has, as prefixes whose owner we do not know. */
int table_adopt(struct table *t, unsigned f)
{
	struct addr pieces[RANGE_PREFIXES_MAX], all = { .family = f ? AF_INET6 : AF_INET };
	struct ends ends = { 0 };
	usec_t now = time_monotonic();
	size_t i, k;
	struct ranges *kernel = &t->kernel[f];
	int r = nft_dump(t->nft, f ? NFT_NET6 : NFT_NET4, keep_end, &ends);

	kernel->items = calloc(ends.count + 1, sizeof(*kernel->items));
	if (r >= 0 && !kernel->items)
		r = -ENOMEM;
	if (ends.count > 0)
		qsort(ends.items, ends.count, sizeof(*ends.items), compare_ends);
	for (i = 0; r >= 0 && i < ends.count; i++) {
		const struct nft_element *e = &ends.items[i], *after = i + 1 < ends.count ? e + 1 : NULL;
		usec_t end = e->left == USEC_INFINITY ? USEC_INFINITY : now + e->left;
		struct range range = { e->addr, after ? host_before(&after->addr) : addr_last(&all), end };
		size_t n;

		if (e->range_end)
			continue;
		kernel->items[kernel->count++] = range;
		n = range_prefixes(&range, pieces);
		for (k = 0; k < n; k++)
			prefix_set_add(&t->nets[f], &pieces[k], end, true);
	}
	free(ends.items);
	return r;
}
