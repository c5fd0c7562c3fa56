/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_RULES_H
#define SIPWARDEN_DECIDE_RULES_H

#include <stdint.h>

#include "config/config.h"
#include "decide/decide.h"
#include "detect/attempt.h"
#include "detect/window.h"
#include "match/event.h"

/* Attempts of friends, and those of them on one account each. */
struct friend_windows {
	struct window_table *attempts;
	struct window_table *accounts;
};

/* The rules of the config with their counts. */
struct rule {
	const struct config_rule *cfg;
	struct window_table *window;
	struct window_table *proven;  /* of proven attempts only */
	struct window_table *own;     /* each source's share of a key that several have; NULL: none is asked for */
	struct window_table **raised; /* of each of cfg->raises */
	/* All of these NULL: the rule counts no sources. */
	struct window_table *tried; /* attempts of a friend on one account, proven or not */
	struct friend_windows friends; /* proven ones */
	struct friend_windows parts;   /* unproven ones of a part of a friend */
	struct friend_windows wired;   /* ones of a part of a friend that packets have proven */
};

struct rule_set {
	const struct config *cfg;
	struct rule *rules; /* the enabled ones */
	size_t count;
	class_set classes; /* of all of them */
};

/*
 * Makes the rules of cfg. Counts of a rule that counts as before are taken over
 * from old (may be NULL), which is left empty then.
 */
int rule_set_init(struct rule_set *set, const struct config *cfg, struct rule_set *old);
void rule_set_done(struct rule_set *set);

/* Does any rule count events of one of these classes? */
bool rule_set_wants(const struct rule_set *set, class_set classes);

/* A rule reached its threshold by the event. */
struct rule_hit {
	const struct config_rule *cfg;
	struct addr target; /* what to ban: the source or its prefix */
	unsigned count;
	bool proven;	    /* proven attempts alone reach the threshold */
	bool of_part;	    /* target is a part of a friend */
};

/* An attempt to be counted. */
struct rule_attempt {
	const struct event *event;
	const struct attempt *attempt;
	struct addr source;
	struct addr counted; /* as which the source is counted: itself, or the prefix of an IPv6 address */
	/*
	 * The part of it that this came from, and nobody is logged in from: the port of
	 * an IPv4 address, the address in an IPv6 prefix. Family 0: not known.
	 */
	struct addr part;
	usec_t when;
	bool is_friend;
	/* The event is proven by packets, which came from part; it was counted already, but as unproven. */
	bool again;
	bool scattered; /* part is one of many from which several accounts fail */
	bool account_scattered; /* the account fails from many parts */
};

/* What came of it. */
struct rule_outcome {
	bool counted;	   /* by any rule */
	bool hit_any;	   /* *hit is the first rule whose threshold it reached, a proven one before others */
	struct rule_hit hit;
	bool stale;	   /* a friend fails with one account, as a phone with an old password does */
	bool suspect;	   /* a friend that would be banned were it proven */
};

/*
 * Counts an attempt in every rule it concerns.
 *
 * A friend (an office, many phones) is only counted by proven attempts, its
 * threshold is higher, and one account counts for a few of them at most: what one
 * phone does with a stale password, however long, leads nowhere. So many attempts
 * on one account as no phone makes do. Unproven ones count in the same way for
 * that part of the friend that they came from, and only that is a hit: a guesser
 * is stopped, and whoever forges the friend's packets can stop nothing but ports
 * at which there is nobody. Where packets prove what part it was, that is a hit, whoever
 * logged in there; from too many of them with several accounts each, the friend is, and
 * where one account is tried from too many, as often as no phone does.
 */
void rule_set_count(struct rule_set *set, const struct rule_attempt *a, struct rule_outcome *ret);

/* Would any rule count it, as a new attempt? */
bool rule_set_is_new(const struct rule_set *set, const struct rule_attempt *a);
/* Has the processor bring what rule_set_count() will look at, where all sources are counted by address. */
void rule_set_fetch(const struct rule_set *set, class_set classes, const struct addr *counted);

/* How a rule stands with a source now; false: it does not count by address or prefix. */
bool rule_standing(const struct rule_set *set, const struct rule *rule, const struct addr *source, bool is_friend,
		   usec_t now, struct explain_rule *ret);
/* The key and an account of it, or a part, as one. */
struct addr rule_key_with(const struct addr *key, const void *what, size_t len);
/* As which a source is counted, and banned, by default. */
struct addr rule_counted(const struct rule_set *set, const struct addr *source);

#endif
