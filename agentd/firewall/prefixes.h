/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_PREFIXES_H
#define SIPWARDEN_FIREWALL_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/timespan.h"

/*
 * Prefixes of one family that may lie within each other, and the ranges to put
 * into an nftables interval set for them, which takes no overlaps: where several
 * prefixes cover an address, the one that ends last counts.
 */
struct prefix {
	struct addr addr;
	usec_t end;   /* CLOCK_MONOTONIC; USEC_INFINITY: never */
	bool adopted; /* found in the kernel at start: a piece of a prefix we do not know */
	uint64_t packets, bytes; /* for listing only */
};

struct range {
	struct addr first, last; /* hosts */
	usec_t end;
};

struct prefix_set {
	struct prefix *items; /* sorted by addr_compare() */
	size_t count;
};

#define PREFIXES_MAX 65536

/* Each is put into its place: for single ones. Adds, or changes the end of one that is there. -ENOSPC, -ENOMEM. A prefix that
 * is not adopted replaces the adopted ones in it. */
int prefix_set_add(struct prefix_set *s, const struct addr *addr, usec_t end, bool adopted);
/* Makes an empty set of n prefixes that last for ever, each given once, in any order. -ENOMEM. */
int prefix_set_fill(struct prefix_set *s, const struct addr *addrs, size_t n);
/* Removes it, and adopted ones in it. -ENOENT: neither was there. */
int prefix_set_remove(struct prefix_set *s, const struct addr *addr);
/* Drops those that ended. */
void prefix_set_expire(struct prefix_set *s, usec_t now);
struct prefix *prefix_set_find(const struct prefix_set *s, const struct addr *addr);
/* The one that counts for the address: of those that cover it, the last to end. */
struct prefix *prefix_set_owner(const struct prefix_set *s, const struct addr *host);
void prefix_set_done(struct prefix_set *s);

/* Disjoint ranges in ascending order; *ret is to be freed. Returns their number or -ENOMEM. */
int prefix_set_ranges(const struct prefix_set *s, struct range **ret);

/* The prefixes that make up a range, at most 256 of them. Returns how many. */
size_t range_prefixes(const struct range *r, struct addr *ret);
#define RANGE_PREFIXES_MAX 256

#endif
