/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_MATCH_H
#define SIPWARDEN_AUDIT_MATCH_H

#include <stdint.h>

#include "audit_ruleset.h"

/*
 * For which sources a condition of a rule holds. All else of the packet is given: it is
 * the first packet of a stranger to one port of this host.
 */

/* Bits of ct state and ct status, as in linux/netfilter/nf_conntrack_common.h. */
#define CT_INVALID 1u
#define CT_NEW 8u
#define CT_UNTRACKED 64u
#define CT_STATUS_DNAT 32u

struct packet {
	int family;   /* AF_INET, AF_INET6 */
	int protocol; /* IPPROTO_UDP, IPPROTO_TCP */
	number_t to;
	uint16_t port;
	bool here;	 /* "to" is an address of this host */
	const char *in;	 /* interface */
	const char *out; /* only when it is passed on; NULL: not known which */
	bool forward;	 /* passed on */
	unsigned ct_state, ct_status;
	bool mark_known, ct_mark_known;
	uint32_t mark, ct_mark;
};

struct condition {
	bool all, maybe_all;	  /* whatever the source */
	struct ranges yes, maybe; /* those sources; and those of which it cannot be told */
	const char *unknown; /* what it depends on; NULL: it can be told of all. Of the JSON, or static */
};

struct matcher {
	struct ruleset *rules;
	const struct packet *packet;
	const char *family, *table; /* of the rule, for its sets */
	size_t work;		    /* grows with what was done */
};

/* The condition of {"op", "left", "right"}. To be released with condition_done(). */
struct condition match_condition(struct matcher *m, const json_t *match);
/* That key is one element of a set or map. */
struct condition match_element(struct matcher *m, const json_t *key, const json_t *element);
/* The elements of a set or map, named ("@name") or in the rule; NULL if it has none. False: they could not be
 * read. */
bool match_elements(struct matcher *m, const json_t *set, const json_t **ret);
/* "192.0.2.1" as a number. False: it is no address of the family. */
bool match_address(const char *text, int family, number_t *ret);
/* Adds what holds for another element: either of both. */
void condition_add(struct condition *to, struct condition *other);
void condition_done(struct condition *c);

#endif
