/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans of hosts and prefixes, written to the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "firewall/table_private.h"

static int take_witness(struct table *t, const struct config *cfg)
{
	const struct nft_witness w = { cfg->witness, cfg->witness_size, cfg->witness_for, cfg->policy.friend_for,
				       cfg->ports,   cfg->n_ports };

	return nft_set_witness(t->nft, &w);
}

int table_configure(struct table *t, const struct config *cfg)
{
	bool replaced;
	int r = take_witness(t, cfg);

	if (r > 0 && !t->deleted)
		r = table_setup(t, &replaced);
	if (r < 0) {
		/* Half of it is not left as it is. */
		t->lost = true;
		return r;
	}
	/* The witness's setup has put their rules, but not of these. */
	if (table_sip_configure(t, cfg, true) < 0)
		log_error("The limits of [sip-firewall] could not be changed; those of before stay");
	table_wire_configure(t, cfg->policy.wire);
	return table_exempt_configure(t, cfg);
}

/* Prefixes */

static bool same_range(const struct range *a, const struct range *b)
{
	return addr_equal(&a->first, &b->first) && addr_equal(&a->last, &b->last) && a->end == b->end;
}

static int compare_ranges(const void *a, const void *b)
{
	return addr_compare(&((const struct range *)a)->first, &((const struct range *)b)->first);
}

static bool holds_range(const struct range *items, size_t n, const struct range *r)
{
	const struct range *found = n ? bsearch(r, items, n, sizeof(*items), compare_ranges) : NULL;

	return found && same_range(found, r);
}

/* Brings the kernel's ranges of one family to what the prefixes ask for; ranges
 * that stay are not touched, so they keep their counters. */
static int write_nets(struct table *t, unsigned f)
{
	enum nft_set set = f ? NFT_NET6 : NFT_NET4;
	struct ranges *old = &t->kernel[f];
	struct range *new = NULL;
	usec_t now = time_monotonic();
	size_t i;
	int n, r;

	prefix_set_expire(&t->nets[f], now);
	n = prefix_set_ranges(&t->nets[f], &new);
	if (n < 0)
		return n;
	nft_begin(t->nft);
	for (i = 0; i < old->count; i++)
		/* What has run out the kernel has dropped, or is about to. */
		if (old->items[i].end > now + USEC_PER_SEC && !holds_range(new, (size_t)n, &old->items[i]))
			nft_remove_range(t->nft, set, &old->items[i].first, &old->items[i].last);
	for (i = 0; i < (size_t)n; i++)
		if (!holds_range(old->items, old->count, &new[i]))
			nft_add_range(t->nft, set, &new[i].first, &new[i].last, table_left(new[i].end, now));
	r = nft_commit(t->nft);
	if (r < 0) {
		/* The kernel and we disagree: all of it anew. */
		nft_begin(t->nft);
		nft_clear(t->nft, set);
		for (i = 0; i < (size_t)n; i++)
			nft_add_range(t->nft, set, &new[i].first, &new[i].last, table_left(new[i].end, now));
		r = nft_commit(t->nft);
	}
	if (r < 0) {
		free(new);
		return r;
	}
	free(old->items);
	*old = (struct ranges){ new, (size_t)n };
	return 0;
}

static int apply_prefix(struct table *t, const struct proto_entry *entry)
{
	struct prefix_set *s = &t->nets[table_family(&entry->addr)];
	usec_t end = USEC_INFINITY;

	if (entry->op == PROTO_UNBAN)
		return prefix_set_remove(s, &entry->addr);
	if (entry->left != UINT64_MAX)
		end = time_monotonic() + entry->left;
	return prefix_set_add(s, &entry->addr, end, false);
}

/* Addresses, and networks of 64 bits */

#define HASH_SETS (NFT_PORT4 + 1)

struct slot {
	struct proto_entry *entry;
	size_t order;
};

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	int order = addr_compare(&x->entry->addr, &y->entry->addr);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

static usec_t entry_left(const struct proto_entry *e)
{
	if (e->left == UINT64_MAX)
		return USEC_INFINITY;
	return e->left > USEC_PER_MSEC ? e->left : USEC_PER_MSEC;
}

/*
 * What is mostly so: the banned are new to the kernel, the unbanned are there. Bans
 * that are not new may be there or not, and are as long as they were.
 */
static int write_hosts(struct table *t, const struct slot *slots, size_t n)
{
	size_t i;

	nft_begin(t->nft);
	for (i = 0; i < n; i++) {
		const struct proto_entry *e = slots[i].entry;

		if (e->op == PROTO_BAN)
			nft_add_new(t->nft, table_ban_set(&e->addr), &e->addr, entry_left(e));
		else if (e->op == PROTO_RESTORE)
			nft_add(t->nft, table_ban_set(&e->addr), &e->addr, entry_left(e));
		else
			nft_remove(t->nft, table_ban_set(&e->addr), &e->addr);
	}
	return nft_commit(t->nft);
}

/*
 * Whatever is there: to add what exists changes no timeout, and to remove what
 * does not is an error. So each address is added, removed, and, for a ban, added
 * for good; that is one transaction, and packets see only its end.
 */
static int rewrite_hosts(struct table *t, const struct slot *slots, size_t n)
{
	size_t i;

	nft_begin(t->nft);
	for (i = 0; i < n; i++)
		nft_add(t->nft, table_ban_set(&slots[i].entry->addr), &slots[i].entry->addr, USEC_PER_SEC);
	for (i = 0; i < n; i++)
		nft_remove(t->nft, table_ban_set(&slots[i].entry->addr), &slots[i].entry->addr);
	for (i = 0; i < n; i++)
		if (slots[i].entry->op != PROTO_UNBAN)
			nft_add(t->nft, table_ban_set(&slots[i].entry->addr), &slots[i].entry->addr,
				entry_left(slots[i].entry));
	return nft_commit(t->nft);
}

/*
 * All or, if the kernel refuses, halves of it, until it is known what is refused.
 * A refused transaction costs milliseconds (it waits for RCU), so a set that is
 * full is not asked again for each of thousands.
 */
static void write_halves(struct table *t, struct slot *slots, size_t n, bool full[static HASH_SETS])
{
	struct proto_entry *e;
	bool refused;
	int r;

	if (n == 0)
		return;
	e = slots[0].entry;
	refused = n == 1 ? e->op != PROTO_UNBAN && full[table_ban_set(&e->addr)] :
			   full[NFT_BAN4] || full[NFT_BAN6] || full[NFT_BAN64] || full[NFT_PORT4];
	r = refused ? -ENFILE : write_hosts(t, slots, n);
	if (r == -EEXIST || r == -ENOENT)
		r = rewrite_hosts(t, slots, n);
	if (r == 0)
		return;
	if (n == 1) {
		e->error = r;
		full[table_ban_set(&e->addr)] |= r == -ENFILE;
		return;
	}
	write_halves(t, slots, n / 2, full);
	write_halves(t, slots + n / 2, n - n / 2, full);
}

/* Of several commands for one address the last counts. */
static size_t keep_last(struct slot *slots, size_t n)
{
	size_t i, kept = 0;

	qsort(slots, n, sizeof(*slots), compare_slots);
	for (i = 0; i < n; i++)
		if (i + 1 == n || !addr_equal(&slots[i].entry->addr, &slots[i + 1].entry->addr))
			slots[kept++] = slots[i];
	return kept;
}

static int check_ban(const struct table *t, const struct proto_entry *e)
{
	if (e->op == PROTO_UNBAN)
		return 0;
	if (addr_unbannable(&e->addr))
		return -EINVAL;
	return addr_map_overlap(&t->exempt, &e->addr) ? -EPERM : 0;
}

/* A network of 64 bits that an older version has banned as a range. */
static bool forget_range(struct table *t, const struct addr *addr)
{
	return !addr_is_host(addr) && prefix_set_find(&t->nets[1], addr) && prefix_set_remove(&t->nets[1], addr) == 0;
}

/* Bans and unbans that stand next to each other. */
static void apply_bans(struct table *t, struct proto_entry *const *entries, size_t n)
{
	_cleanup_free_ struct slot *slots = calloc(n, sizeof(*slots));
	bool nets[2] = { false, false }, full[HASH_SETS] = { false };
	size_t i, hosts = 0;
	unsigned f;

	for (i = 0; i < n; i++) {
		struct proto_entry *e = entries[i];

		e->error = slots ? check_ban(t, e) : -ENOMEM;
		if (e->error)
			continue;
		if (table_is_hashed(&e->addr)) {
			slots[hosts] = (struct slot){ e, hosts };
			hosts++;
			nets[1] |= forget_range(t, &e->addr);
			continue;
		}
		e->error = apply_prefix(t, e);
		nets[table_family(&e->addr)] = true;
	}
	if (hosts > 0)
		write_halves(t, slots, keep_last(slots, hosts), full);
	for (f = 0; f < 2; f++) {
		int r = nets[f] ? write_nets(t, f) : 0;

		for (i = 0; r < 0 && i < n; i++)
			if (!table_is_hashed(&entries[i]->addr) && table_family(&entries[i]->addr) == f && !entries[i]->error)
				entries[i]->error = r;
	}
}

enum kind { KIND_BAN, KIND_EXEMPTION, KIND_TRUST };

static enum kind kind_of(const struct proto_entry *e)
{
	if (e->op == PROTO_TRUST || e->op == PROTO_DISTRUST || e->op == PROTO_CROWD)
		return KIND_TRUST;
	return e->op == PROTO_EXEMPT || e->op == PROTO_UNEXEMPT ? KIND_EXEMPTION : KIND_BAN;
}

void table_apply(struct table *t, struct proto_entry *const *entries, size_t n)
{
	size_t i, start;
	enum kind kind;

	for (i = 0; i < n;) {
		if (t->deleted) {
			entries[i++]->error = -ESHUTDOWN;
			continue;
		}
		kind = kind_of(entries[i]);
		for (start = i; i < n && kind_of(entries[i]) == kind; i++)
			;
		/* An agent that gave no exemption. */
		if (kind == KIND_BAN && t->exempt_dirty)
			table_exempt_write(t);
		if (kind == KIND_BAN)
			apply_bans(t, entries + start, i - start);
		else if (kind == KIND_TRUST)
			table_apply_trust(t, entries + start, i - start);
		else
			table_exempt_apply(t, entries + start, i - start);
	}
}

int table_restore(struct table *t)
{
	bool replaced;
	unsigned f;
	int r;

	/* A listing in progress tells of what was. */
	nft_dump_stop(t->nft);
	t->fresh = !nft_has_set(t->nft, NFT_BAN4);
	r = table_setup(t, &replaced);
	t->deleted = false;
	t->lost = false;
	if (r >= 0)
		r = table_exempt_write(t);
	for (f = 0; r >= 0 && f < 2; f++) {
		/* Whatever is left of them in the kernel is not known: all anew. */
		free(t->kernel[f].items);
		t->kernel[f] = (struct ranges){ 0 };
		nft_begin(t->nft);
		nft_clear(t->nft, f ? NFT_NET6 : NFT_NET4);
		r = nft_commit(t->nft);
		if (r >= 0)
			r = write_nets(t, f);
	}
	/* Those were our own doing. */
	nft_watch_read(t->nft);
	return r;
}

int table_open(const struct config *cfg, struct table **ret)
{
	struct table *t = calloc(1, sizeof(*t));
	bool replaced;
	int r;

	if (!t)
		return -ENOMEM;
	r = addr_map_init(&t->exempt);
	if (r < 0) {
		free(t);
		return r;
	}
	r = nft_open(cfg->table, cfg->max_bans, &t->nft);
	if (r >= 0)
		r = take_witness(t, cfg);
	if (r >= 0) {
		t->sip.on = nft_sip_is_on(t->nft);
		r = table_sip_configure(t, cfg, false);
	}
	t->fresh = r >= 0 && !nft_has_set(t->nft, NFT_BAN4);
	if (r >= 0)
		r = table_setup(t, &replaced);
	if (r >= 0 && replaced)
		log_notice("The table inet %s in the kernel was of another shape and is made anew", cfg->table);
	if (r >= 0)
		r = table_configure(t, cfg);
	if (r >= 0)
		r = table_adopt(t, 0);
	if (r >= 0)
		r = table_adopt(t, 1);
	if (r < 0) {
		table_close(t);
		return r;
	}
	nft_watch_read(t->nft);
	*ret = t;
	return 0;
}

struct table *table_close(struct table *t)
{
	unsigned f;

	if (!t)
		return NULL;
	table_exempt_done(t);
	for (f = 0; f < 2; f++) {
		prefix_set_done(&t->nets[f]);
		free(t->kernel[f].items);
	}
	nft_close(t->nft);
	free(t);
	return NULL;
}

int table_delete(struct table *t)
{
	int r = nft_delete(t->nft);

	if (r >= 0)
		t->deleted = true;
	nft_dump_stop(t->nft);
	nft_watch_read(t->nft);
	return r;
}

int table_pause(struct table *t, bool paused)
{
	return nft_pause(t->nft, paused, !t->deleted);
}

int table_watch_fd(const struct table *t)
{
	return nft_watch_fd(t->nft);
}

bool table_watch(struct table *t)
{
	bool lost = nft_watch_read(t->nft) || t->lost;

	t->lost = false;
	return lost && !t->deleted;
}

bool table_take_fresh(struct table *t)
{
	bool fresh = t->fresh;

	t->fresh = false;
	return fresh;
}

bool table_is_deleted(const struct table *t)
{
	return t->deleted;
}
