/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPLAY_PAST_H
#define SIPWARDEN_REPLAY_PAST_H

#include "base/addrmap.h"
#include "config/config.h"
#include "decide/decide.h"

/*
 * The bans of one replay, by address and by rule: what the store is for the
 * agent. Grows with those who were banned, up to PAST_MAX of them.
 */
#define PAST_MAX 262144
#define PAST_RULES_MAX 256

struct past_ban {
	struct addr_map_link link; /* link.addr: who */
	usec_t proven[RULE_LADDER_MAX]; /* starts of the latest proven bans; a ring */
	unsigned n_proven;
	uint32_t bans;
	uint32_t observed; /* of these, not enforced */
	usec_t first; /* start of the first */
	usec_t until; /* end of the latest */
	usec_t total; /* banned, in all */
	const char *rule; /* of the latest */
};

struct past_rule {
	char *name;
	uint64_t bans;
	usec_t total; /* as their lengths were when decided */
};

struct past {
	struct addr_map map;
	size_t count;
	uint64_t forgotten; /* bans of addresses over PAST_MAX */
	struct past_rule *rules;
	size_t n_rules;
};

int past_init(struct past *p);
void past_done(struct past *p);
void past_note(struct past *p, const struct ban *b);
/* Proven bans of addr that began at since or later; at most RULE_LADDER_MAX are told apart. */
unsigned past_count(const struct past *p, const struct addr *addr, usec_t since);
const struct past_ban *past_find(const struct past *p, const struct addr *addr);
void past_each(const struct past *p, void (*fn)(void *userdata, const struct past_ban *b), void *userdata);

#endif
