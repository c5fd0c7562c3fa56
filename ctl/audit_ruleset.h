/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_RULESET_H
#define SIPWARDEN_AUDIT_RULESET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit_ranges.h"

/*
 * The nftables ruleset of this host, as libnftables tells it in JSON
 * (libnftables-json(5)). A child process asks, so that a ruleset that takes too long
 * ends the child and not the audit. What iptables-nft wrote in its own format is in the
 * same JSON where it is understood (audit_xt.h). Elements of named sets are read when
 * they are asked for.
 */

struct nft_set {
	const char *family, *table, *name;
	bool map;
	bool asked;	/* for its elements */
	json_t *answer; /* NULL: they could not be read, or not in time */
	json_t *elements;
	bool ranged; /* what follows is known */
	struct ranges ranges;
};

struct nft_chain {
	const char *family, *table, *name;
	const char *hook; /* NULL: no base chain */
	const char *device;
	long priority;
	bool nat, drops; /* its type; its policy */
	const json_t **rules;
	size_t n, size;
};

struct ruleset {
	json_t *json;
	json_t *index; /* "family table name" -> number, of chains and of sets ("@name") */
	struct nft_chain *chains;
	size_t n_chains;
	struct nft_set *sets;
	size_t n_sets;
	size_t work; /* that following it has taken so far */
	const char *unseen; /* what else filters packets on this host, and is not in here; NULL: nothing known */
};

/* Negative errno: -EPERM without CAP_NET_ADMIN, -ETIME if it took too long. Always to be released. */
int ruleset_read(struct ruleset *rs);
void ruleset_done(struct ruleset *rs);

/* Of a table; NULL if there is none. */
const struct nft_chain *ruleset_chain(const struct ruleset *rs, const char *family, const char *table,
				      const char *name);
/* The set of "@name", with its elements, if they can be read. */
struct nft_set *ruleset_set(struct ruleset *rs, const char *family, const char *table, const char *reference);
/* The text of a member of a JSON object; "" if there is none. */
const char *ruleset_text(const json_t *object, const char *name);

#endif
