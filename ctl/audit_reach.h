/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_REACH_H
#define SIPWARDEN_AUDIT_REACH_H

#include "audit_sockets.h"
#include "audit_walk.h"

/* Who reaches a listener, in words, over all interfaces by which packets come. */
enum reach_level {		/* from good to bad */
		   REACH_NEVER, /* no packet comes so: no address of that family, or loopback */
		   REACH_BLOCKED,
		   REACH_LIMITED,
		   REACH_UNKNOWN, /* not decidable */
		   REACH_OPEN,
};

#define REACH_WAYS_MAX 64

struct reach_way {
	const char *interface;
	uint16_t port;
	enum reach_level level;
	char *text; /* "open to all, by rule (…)" */
};

struct reach_report {
	struct reach_way ways[REACH_WAYS_MAX];
	size_t n;
	bool full; /* there are more ways */
};

/* For one family; ports are those of a range that are tried. To be released. */
void reach_try(struct ruleset *rules, const struct host *host, const struct socket_at *s, int family,
	       const uint16_t *ports, size_t n_ports, struct reach_report *ret);
void reach_done(struct reach_report *r);
enum reach_level reach_worst(const struct reach_report *r);
/* "IPv4 open to all", or each interface for itself where they differ; to be freed, NULL without memory. */
char *reach_text(const struct reach_report *r, int family);

#endif
