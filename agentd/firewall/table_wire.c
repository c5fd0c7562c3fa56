/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is watched: copies of whose packets the agent gets. */
#include <errno.h>

#include "firewall/table_private.h"

void table_wire_configure(struct table *t, bool allowed)
{
	t->wire = allowed;
	if (allowed || t->deleted)
		return;
	nft_switch_wire(t->nft, false);
	t->wire_until = 0;
}

int table_watch_wire(struct table *t, const struct proto_entry *entry)
{
	const bool v6 = entry->addr.family == AF_INET6;
	const usec_t now = time_monotonic(), left = entry->left < WATCH_FOR_MAX ? entry->left : WATCH_FOR_MAX;
	const enum nft_set set = v6 ? NFT_WATCH6 : NFT_WATCH4;
	struct addr addr = entry->addr;
	int r;

	if (t->deleted)
		return -ESHUTDOWN;
	if (!t->wire)
		return -EPERM;
	if (addr.len < (v6 ? NFT_NETWORK6 : 32) || addr.port || left < USEC_PER_MSEC)
		return -EINVAL;
	if (v6)
		addr = addr_truncate(&addr, NFT_NETWORK6);
	r = nft_switch_wire(t->nft, true);
	if (r < 0)
		return r;
	/* What is there keeps its end unless it is taken out first, which it must be there for. */
	nft_begin(t->nft);
	nft_add(t->nft, set, &addr, left);
	nft_remove(t->nft, set, &addr);
	nft_add(t->nft, set, &addr, left);
	r = nft_commit(t->nft);
	if (r >= 0 && now + left > t->wire_until)
		t->wire_until = now + left;
	return r;
}

int table_wire_fd(const struct table *t)
{
	return nft_wire_fd(t->nft);
}

void table_wire_tick(struct table *t)
{
	if (!t->deleted && nft_wire_is_on(t->nft) && time_monotonic() > t->wire_until)
		nft_switch_wire(t->nft, false);
}
