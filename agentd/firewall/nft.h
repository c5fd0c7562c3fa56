/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_NFT_H
#define SIPWARDEN_FIREWALL_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/timespan.h"

/*
 * Our table in nftables, through netlink (libmnl, libnftnl). Nothing of anybody
 * else's is read or written.
 *
 *   table inet NAME {
 *     set exempt4, exempt6   interval
 *     set ban4, ban6         hash, timeout, counter; at most max_bans each
 *     set net4, net6         interval, timeout, counter
 *     chain prerouting { type filter hook prerouting priority raw; policy accept;
 *       exempt → accept; banned → counter drop }
 *   }
 */
struct nft;

enum nft_set { NFT_BAN4, NFT_BAN6, NFT_NET4, NFT_NET6, NFT_EXEMPT4, NFT_EXEMPT6, NFT_SET_COUNT };

int nft_open(const char *table, uint32_t max_bans, struct nft **ret);
struct nft *nft_close(struct nft *n);

/*
 * Makes the table, or completes the one that is there: in one transaction, so
 * there is no moment without protection, and elements stay. A table of another
 * shape (another max_bans, an older version) is replaced; *replaced says so.
 */
int nft_setup(struct nft *n, bool *replaced);
/* Deletes the table; 0 also if there is none. */
int nft_delete(struct nft *n);

/*
 * A transaction: everything between begin and commit happens at once, or not at
 * all. Elements are gathered into messages of up to NFT_MESSAGE_ELEMENTS.
 * commit returns 0 or negative errno of the first message that failed: -ENFILE
 * set full, -ENOENT, -EEXIST, -ENOMEM, … A failure while gathering is told at
 * commit, too.
 */
#define NFT_MESSAGE_ELEMENTS 500
void nft_begin(struct nft *n);
/* One address of a hash set for left (USEC_INFINITY: for ever, else at least a
 * millisecond). One that is there stays as it is; for add_new that is -EEXIST. */
void nft_add(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left);
void nft_add_new(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left);
void nft_remove(struct nft *n, enum nft_set set, const struct addr *addr);
/* A range of an interval set. */
void nft_add_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last, usec_t left);
void nft_remove_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last);
/* Every element of the set. */
void nft_clear(struct nft *n, enum nft_set set);
int nft_commit(struct nft *n);

/* One element, or one end of a range. */
struct nft_element {
	struct addr addr; /* a host */
	bool range_end;	  /* the first address behind a range */
	usec_t left;	  /* USEC_INFINITY: for ever */
	uint64_t packets, bytes;
};
typedef void (*nft_element_fn)(void *userdata, const struct nft_element *e);
/* All elements of a set, in no order. */
int nft_dump(struct nft *n, enum nft_set set, nft_element_fn fn, void *userdata);

/* Readable when somebody changed nftables. */
int nft_watch_fd(const struct nft *n);
/* Reads what happened: true if something of ours may be gone. */
bool nft_watch_read(struct nft *n);

#endif
