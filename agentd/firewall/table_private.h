/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_TABLE_PRIVATE_H
#define SIPWARDEN_FIREWALL_TABLE_PRIVATE_H

#include <sys/socket.h>

#include "base/addrmap.h"
#include "firewall/nft.h"
#include "firewall/prefixes.h"
#include "firewall/table.h"

/* Between table.c, which changes things, and table_list.c, which reads them. */

/* What the kernel has in an interval set. */
struct ranges {
	struct range *items;
	size_t count;
};

struct table {
	struct nft *nft;
	struct addr_map exempt;
	bool exempt_dirty; /* the kernel still has those of before */
	struct prefix_set nets[2]; /* IPv4, IPv6 */
	struct ranges kernel[2];
	unsigned listing; /* the set being listed, of those that table_list.c has in a row */
	bool fresh;	  /* there were no sets of ours before */
	bool lost;    /* something of ours, noticed while nobody asked */
	bool deleted; /* on request: nothing is put back until table_restore() */
};

static inline unsigned table_family(const struct addr *a)
{
	return a->family == AF_INET6;
}

static inline usec_t table_left(usec_t end, usec_t now)
{
	if (end == USEC_INFINITY)
		return USEC_INFINITY;
	return end > now ? end - now : 1;
}

/* Which hash set has it: hosts, ports of them, and IPv6 networks of 64 bits. */
static inline bool table_is_hashed(const struct addr *a)
{
	return addr_is_host(a) || (a->family == AF_INET6 && a->len == NFT_NETWORK6);
}

static inline enum nft_set table_ban_set(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->port ? NFT_PORT4 : NFT_BAN4;
	return a->len == NFT_NETWORK6 ? NFT_BAN64 : NFT_BAN6;
}

/* Takes the ranges that the kernel has (family 0: IPv4) as prefixes whose owner
 * is not known. */
int table_adopt(struct table *t, unsigned family);

#endif
