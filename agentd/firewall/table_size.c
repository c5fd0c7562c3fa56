/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How full the sets are. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/kernelset.h"
#include "firewall/table_private.h"

/* As the kernel has them. */
static const enum nft_set hashes[KERNEL_SETS] = {
	[KERNEL_BAN4] = NFT_BAN4,   [KERNEL_BAN6] = NFT_BAN6,	[KERNEL_BAN64] = NFT_BAN64,
	[KERNEL_PORT4] = NFT_PORT4, [KERNEL_SEEN4] = NFT_SEEN4,	[KERNEL_SEEN6] = NFT_SEEN6,
	[KERNEL_CALLED4] = NFT_CALLED4, [KERNEL_CALLED6] = NFT_CALLED6,
	[KERNEL_TRUSTED4] = NFT_TRUSTED4, [KERNEL_TRUSTED6] = NFT_TRUSTED6,
	[KERNEL_ANSWERED4] = NFT_ANSWERED4, [KERNEL_ANSWERED6] = NFT_ANSWERED6,
	[KERNEL_GREY4] = NFT_GREY4, [KERNEL_GREY6] = NFT_GREY6,
	[KERNEL_LIMITED4] = NFT_LIMITED4, [KERNEL_LIMITED6] = NFT_LIMITED6,
	[KERNEL_SOURCE4] = NFT_SOURCE4, [KERNEL_SOURCE6] = NFT_SOURCE6,
};

static void count_element(void *userdata, const struct nft_element *e)
{
	uint64_t *count = userdata;

	(void)e;
	++*count;
}

/* A kernel that does not know is made to list the sources seen and those called; not the bans, which are up to a million. */
static int count_hash(struct table *t, enum kernel_set set, struct kernel_set_size *ret)
{
	int64_t n = nft_count(t->nft, hashes[set]);

	ret->limit = nft_set_limit(t->nft, hashes[set]);
	if (n >= 0)
		ret->count = (uint64_t)n;
	if (n == -EOPNOTSUPP && set >= KERNEL_SEEN4 && set < KERNEL_SIP_FIRST)
		n = nft_dump(t->nft, hashes[set], count_element, &ret->count);
	return n < 0 ? (int)n : 0;
}

static uint64_t count_exempt(const struct table *t, unsigned family)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < ELEMENTSOF(t->exempt.lengths[family]); i++)
		count += t->exempt.lengths[family][i];
	return count;
}

static uint64_t count_nets(struct table *t, unsigned family)
{
	prefix_set_expire(&t->nets[family], time_monotonic());
	return t->nets[family].count;
}

int table_size(struct table *t, uint64_t set, struct kernel_set_size *ret)
{
	*ret = (struct kernel_set_size){ .limit = PREFIXES_MAX };
	if (t->deleted)
		return -ESHUTDOWN;
	if (set >= KERNEL_SIP_FIRST && set < KERNEL_SETS)
		return t->sip.on ? count_hash(t, (enum kernel_set)set, ret) : -ENOENT;
	switch (set) {
	case KERNEL_BAN4:
	case KERNEL_BAN6:
	case KERNEL_BAN64:
	case KERNEL_PORT4:
	case KERNEL_SEEN4:
	case KERNEL_SEEN6:
	case KERNEL_CALLED4:
	case KERNEL_CALLED6:
		return count_hash(t, (enum kernel_set)set, ret);
	case KERNEL_NET4:
	case KERNEL_NET6:
		ret->count = count_nets(t, set == KERNEL_NET6);
		return 0;
	case KERNEL_EXEMPT4:
	case KERNEL_EXEMPT6:
		ret->limit = EXEMPTIONS_MAX;
		ret->count = count_exempt(t, set == KERNEL_EXEMPT6);
		return 0;
	default:
		return -EINVAL;
	}
}
