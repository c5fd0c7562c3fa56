/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is exempt, by the config and at run time; the kernel's sets of them are written as a whole. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "firewall/table_private.h"

struct exemption {
	struct addr_map_link link;
	bool configured, added; /* by the config; at run time */
};

static struct exemption *exemption_of(struct addr_map_link *item)
{
	return item ? container_of(item, struct exemption, link) : NULL;
}

static struct exemption *exemption_need(struct table *t, const struct addr *addr)
{
	struct exemption *e = exemption_of(addr_map_find(&t->exempt, addr));

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->link.addr = *addr;
	addr_map_add(&t->exempt, &e->link);
	t->n_exempt++;
	return e;
}

static void exemption_drop(struct addr_map_link *item, void *userdata)
{
	struct table *t = userdata;

	addr_map_remove(&t->exempt, item);
	t->n_exempt--;
	free(exemption_of(item));
}

static void forget_configured(struct addr_map_link *item, void *userdata)
{
	struct exemption *e = exemption_of(item);

	e->configured = false;
	if (!e->added)
		exemption_drop(item, userdata);
}

struct collected {
	struct addr *addrs[2];
	size_t n[2];
};

static void collect_exemption(struct addr_map_link *item, void *userdata)
{
	struct collected *c = userdata;
	unsigned f = table_family(&item->addr);

	c->addrs[f][c->n[f]++] = item->addr;
}

/* All of both families. */
static int sort_exemptions(struct table *t, struct prefix_set sets[static 2])
{
	struct collected c = { .n = { 0, 0 } };
	int r = -ENOMEM;

	c.addrs[0] = calloc(t->n_exempt + 1, sizeof(struct addr));
	c.addrs[1] = calloc(t->n_exempt + 1, sizeof(struct addr));
	if (c.addrs[0] && c.addrs[1]) {
		addr_map_each(&t->exempt, collect_exemption, &c);
		r = prefix_set_fill(&sets[0], c.addrs[0], c.n[0]);
	}
	if (r >= 0)
		r = prefix_set_fill(&sets[1], c.addrs[1], c.n[1]);
	free(c.addrs[0]);
	free(c.addrs[1]);
	return r;
}

static int put_ranges(struct nft *nft, enum nft_set set, const struct prefix_set *s)
{
	struct range *ranges = NULL;
	int i, n = prefix_set_ranges(s, &ranges);

	for (i = 0; i < n; i++)
		nft_add_range(nft, set, &ranges[i].first, &ranges[i].last, USEC_INFINITY);
	free(ranges);
	return n < 0 ? n : 0;
}

int table_exempt_write(struct table *t)
{
	struct prefix_set sets[2] = { 0 };
	int r = sort_exemptions(t, sets);

	nft_begin(t->nft);
	nft_clear(t->nft, NFT_EXEMPT4);
	nft_clear(t->nft, NFT_EXEMPT6);
	if (r >= 0)
		r = put_ranges(t->nft, NFT_EXEMPT4, &sets[0]);
	if (r >= 0)
		r = put_ranges(t->nft, NFT_EXEMPT6, &sets[1]);
	if (r >= 0)
		r = nft_commit(t->nft);
	prefix_set_done(&sets[0]);
	prefix_set_done(&sets[1]);
	t->exempt_dirty = r < 0;
	return r;
}

/* *changed: the kernel is to be told. */
static int apply_exemption(struct table *t, const struct proto_entry *entry, bool *changed)
{
	struct exemption *e;

	if (entry->op == PROTO_EXEMPT) {
		/* Those of the config have room in any case. */
		if (t->n_exempt >= EXEMPTIONS_MAX && !addr_map_find(&t->exempt, &entry->addr))
			return -ENFILE;
		e = exemption_need(t, &entry->addr);
		if (!e)
			return -ENOMEM;
		*changed = *changed || (!e->configured && !e->added);
		e->added = true;
		return 0;
	}
	e = exemption_of(addr_map_find(&t->exempt, &entry->addr));
	if (!e || !e->added)
		return e ? -EPERM : -ENOENT;
	e->added = false;
	if (e->configured)
		return 0;
	exemption_drop(&e->link, t);
	*changed = true;
	return 0;
}

void table_exempt_apply(struct table *t, struct proto_entry *const *entries, size_t n)
{
	bool changed = t->exempt_dirty;
	size_t i;
	int r = 0;

	for (i = 0; i < n; i++)
		entries[i]->error = apply_exemption(t, entries[i], &changed);
	if (changed)
		r = table_exempt_write(t);
	for (i = 0; r < 0 && i < n; i++)
		if (!entries[i]->error)
			entries[i]->error = r;
}

static void forget_added(struct addr_map_link *item, void *userdata)
{
	struct exemption *e = exemption_of(item);
	struct table *t = userdata;

	if (!e->added)
		return;
	e->added = false;
	if (e->configured)
		return;
	exemption_drop(item, t);
	t->exempt_dirty = true;
}

void table_forget_added(struct table *t)
{
	addr_map_each(&t->exempt, forget_added, t);
}

int table_exempt_configure(struct table *t, const struct config *cfg)
{
	size_t i;

	addr_map_each(&t->exempt, forget_configured, t);
	for (i = 0; i < cfg->n_exempt; i++) {
		struct exemption *e = exemption_need(t, &cfg->exempt[i]);

		if (!e)
			return -ENOMEM;
		e->configured = true;
	}
	return t->deleted ? 0 : table_exempt_write(t);
}

void table_exempt_done(struct table *t)
{
	addr_map_each(&t->exempt, exemption_drop, t);
	addr_map_done(&t->exempt);
}
