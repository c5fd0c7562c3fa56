/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_WALK_H
#define SIPWARDEN_AUDIT_WALK_H

#include "audit_match.h"

/*
 * What the ruleset does to the first packet of a stranger: for which sources it can get
 * to the listener, for which it can be dropped, and for which it can be passed on to
 * another address or port. A source for which more than one is possible cannot be told,
 * and why_unknown has a reason. The order is the kernel's: ingress, prerouting, then
 * input or forward; in each of them the base chains of all tables by priority.
 */
struct host_route {
	const char *interface;
	number_t network; /* addresses of the network that is behind it */
	unsigned len;
	int family;
	number_t own; /* the address of this host in it */
};

struct host {
	const struct host_route *routes;
	size_t n;
};

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

/* work counts what was done, over all calls; beyond WALK_WORK_MAX nothing can be told any more. */
#define WALK_WORK_MAX ((size_t)400000000)

void walk(struct ruleset *rules, const struct host *host, const struct packet *packet, size_t *work,
	  struct walk_result *ret);
void walk_done(struct walk_result *r);

#endif
