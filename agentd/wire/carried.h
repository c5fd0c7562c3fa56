/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_CARRIED_H
#define SIPWARDEN_WIRE_CARRIED_H

#include "base/addr.h"
#include "base/timespan.h"

/*
 * What carried the requests that a gateway refused, if its log does not tell: UDP, or a
 * connection, behind which nobody forges his address?
 *
 * Each refusal has one request, and it holds credentials. So of an address whose packets are
 * all seen, there are no more refusals by UDP than packets with credentials. What is beyond
 * came by a connection, if there is one: the gateway must have said something by it, once for
 * each of these refusals. Who forges packets brings the packet with the refusal, and who
 * forges lines proves no more of them than the gateway has answered.
 *
 * Whenever a packet may have been missed, all are in doubt, for as long as a packet counts.
 * Bounded; moments are of CLOCK_MONOTONIC.
 */
struct carried;

/* A packet counts for a refusal for so long: a request waits in a gateway's queues no longer. */
#define CARRIED_PACKETS_FOR (60 * USEC_PER_SEC)
/* An answer by a connection and its line are not further apart. */
#define CARRIED_ANSWER_WITHIN (5 * USEC_PER_SEC)

int carried_new(struct carried **ret);
struct carried *carried_free(struct carried *c);

/* By UDP, n times credentials came from addr, a host. */
void carried_heard(struct carried *c, const struct addr *addr, unsigned n, usec_t now);
/* The gateway of that name sent something to addr by a connection. */
void carried_answered(struct carried *c, const struct addr *addr, const char *gateway, usec_t now);
/* Packets that came in were missed. */
void carried_missed(struct carried *c, usec_t now);

/*
 * A refusal at addr. False: it came by UDP, or nobody knows; the packet, if there was one, is
 * used up. True: it came by a connection, if the gateway answers by one.
 */
bool carried_refused(struct carried *c, const struct addr *addr, usec_t now);
/* Has it? The answer is used up. */
bool carried_take_answer(struct carried *c, const struct addr *addr, const char *gateway, usec_t now);

#endif
