/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_TABLE_PRIVATE_H
#define SIPWARDEN_FIREWALL_TABLE_PRIVATE_H

#include <sys/socket.h>

#include "base/addrmap.h"
#include "firewall/nft.h"
#include "firewall/prefixes.h"
#include "firewall/table.h"

/* Between the files table*.c: table.c changes things, table_list.c reads them. */

/* What the kernel has in an interval set. */
struct ranges {
	struct range *items;
	size_t count;
};

struct table {
	struct nft *nft;
	struct addr_map exempt;
	size_t n_exempt;
	bool exempt_dirty; /* the kernel still has those of before */
	struct prefix_set nets[2]; /* IPv4, IPv6 */
	struct ranges kernel[2];
	unsigned listing; /* the set being listed, of those that table_list.c has in a row */
	struct nft_sip sip;	/* as it shall be */
	bool auto_ports;	/* of it: the agent may say which */
	struct nft_sip told;	/* ports that it has said since they were taken over last */
	bool wire;	   /* packets may be looked at */
	usec_t wire_until; /* CLOCK_MONOTONIC: somebody is watched until then */
	bool fresh;	  /* there were no sets of ours before */
	bool lost;    /* something of ours, noticed while nobody asked */
	bool deleted; /* on request: nothing is put back until table_restore() */
};

/* A command, by the address that a set has for it, and its place among the others. */
struct table_slot {
	struct addr addr;
	struct proto_entry *entry;
	size_t order;
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

/* Trusts, distrusts and crowds that stand next to each other, as table_apply(). */
void table_apply_trust(struct table *t, struct proto_entry *const *entries, size_t n);
/*
 * Exemptions. So many at most, of both families, but for those of the config, which bounds them
 * itself (EXEMPT_MAX).
 */
#define EXEMPTIONS_MAX 131072
/* Both sets anew, in one transaction. 0 or negative errno. */
int table_exempt_write(struct table *t);
/* Configured ones in place of the earlier ones, also in the kernel. 0 or negative errno. */
int table_exempt_configure(struct table *t, const struct config *cfg);
/* Those of the agent that stand next to each other, as table_apply(): the sets are written once for all of them. */
void table_exempt_apply(struct table *t, struct proto_entry *const *entries, size_t n);
void table_exempt_done(struct table *t);
/* nft_setup(); says it if that was only possible without the SIP firewall. */
int table_setup(struct table *t, bool *replaced);
/* What the config says of the SIP firewall; apply: also to the kernel. 0 or negative errno. */
int table_sip_configure(struct table *t, const struct config *cfg, bool apply);
/* May packets be looked at? */
void table_wire_configure(struct table *t, bool allowed);

/* Takes the ranges that the kernel has (family 0: IPv4) as prefixes whose owner
 * is not known. */
int table_adopt(struct table *t, unsigned family);

#endif
