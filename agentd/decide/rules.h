/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_RULES_H
#define SIPWARDEN_DECIDE_RULES_H

#include <stdint.h>

#include "config/config.h"
#include "detect/attempt.h"
#include "detect/window.h"
#include "match/event.h"

/* The rules of the config with their counts. */
struct rule {
	const struct config_rule *cfg;
	struct window_table *window;
	struct window_table *own;     /* each source's share of a key that several have; NULL: none is asked for */
	struct window_table **raised; /* of each of cfg->raises */
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
};

/*
 * Counts the event, which comes from source, in every rule it concerns.
 * Returns 1 and *hit for the first rule whose threshold it reached, else 0;
 * *counted is true if any rule counted it.
 */
int rule_set_count(struct rule_set *set, const struct event *e, const struct attempt *attempt,
		   const struct addr *source, usec_t when, struct rule_hit *hit, bool *counted);

#endif
