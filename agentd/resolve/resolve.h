/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_RESOLVE_RESOLVE_H
#define SIPWARDEN_RESOLVE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/addr.h"
#include "base/timespan.h"

/*
 * What the exempt DNS names stand for, kept current: A and AAAA of the name,
 * and of the targets of its SRV records for SIP (RFC 3263 4.2: _sip._udp,
 * _sip._tcp, _sips._tcp; and _sip._tls, which some carriers have).
 *
 * Everything is asynchronous and bounded: names looked up at once, questions
 * and addresses of each, tries. A name is looked up again when the shortest TTL
 * of its answers is over, within bounds; after a failure, sooner, with growing
 * pauses. Addresses are kept through any failure, also if a server claims that
 * there is no such name, as long as the name is configured. One that left a
 * good answer stays for a while: calls last longer than TTLs.
 */
struct resolver;

#define RESOLVE_TTL_MIN (30 * USEC_PER_SEC)
#define RESOLVE_TTL_MAX (3600 * USEC_PER_SEC)
/* An address that left the answer stays for so long, or for two TTLs if that is longer. */
#define RESOLVE_GRACE (600 * USEC_PER_SEC)

struct resolve_callbacks {
	/* All that name stands for now; n 0: nothing, as the name was taken away. */
	void (*changed)(void *userdata, const char *name, const struct addr *addrs, size_t n);
	/* What changed() said last, before a restart. Returns how many, at most max. */
	size_t (*restore)(void *userdata, const char *name, struct addr *addrs, size_t max);
	void *userdata;
};

int resolver_start(sd_event *loop, const struct resolve_callbacks *callbacks, struct resolver **ret);
struct resolver *resolver_stop(struct resolver *r);

/* The names, NULL-terminated (NULL: none), in place of those before. New ones are looked up soon. */
int resolver_configure(struct resolver *r, char *const *names);
/* The network changed: what failed is tried again now. */
void resolver_hurry(struct resolver *r);

struct resolve_info {
	const char *name;
	size_t addresses;
	usec_t next;	   /* CLOCK_REALTIME; 0: being looked up right now */
	usec_t failing;	   /* since when, CLOCK_REALTIME; 0: it is not */
	const char *error; /* why it is; else "" */
};
/* The i-th name, or false if there are not so many. */
bool resolver_info(const struct resolver *r, size_t i, struct resolve_info *ret);

#endif
