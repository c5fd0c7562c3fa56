/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_WALK_H
#define SIPWARDEN_AUDIT_WALK_H

#include "audit_host.h"
#include "audit_match.h"

/*
 * What the ruleset does to the first packet of a stranger: for which sources it can get
 * to the listener, for which it can be dropped, and for which it can be passed on to
 * another address or port. A source for which more than one is possible cannot be told,
 * and unknown_by has a reason. The order is the kernel's: ingress, prerouting, then
 * input or forward; in each of them the base chains of all tables by priority.
 */
#define WALK_WHY_MAX 300

struct walk_result {
	struct ranges arrives, dropped, elsewhere;
	char allowed_by[WALK_WHY_MAX]; /* the rule or policy that most got through by; "": no base chain */
	char dropped_by[WALK_WHY_MAX];
	char unknown_by[WALK_WHY_MAX]; /* "": it can be told of all */
	number_t elsewhere_to;
	uint16_t elsewhere_port;
	bool limited; /* in rate, by a rule on the way */
};

/* The ruleset counts what was done, over all calls; beyond that, nothing can be told any more. */
#define WALK_WORK_MAX ((size_t)2000000000)

void walk(struct ruleset *rules, const struct host *host, const struct packet *packet,
	  struct walk_result *ret);
void walk_done(struct walk_result *r);

#endif
