/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_WIRE_H
#define SIPWARDEN_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/proof.h"
#include "base/text.h"
#include "base/timespan.h"

/*
 * Proof from the wire. A gateway whose log tells neither port nor transport may ask for
 * passwords with nonces that nobody can guess. Who sends back what was sent to exactly
 * this address and port a moment ago receives what is sent there: he has not forged his
 * source. If the gateway then forbids him (403), and has a line about a failed login of the
 * same account and address, that line is proven, and the port is known.
 *
 * - REGISTER, and INVITE if the answer gives no Reason: a dialplan may refuse calls, too, of
 *   somebody who knows his password, and then says why (FreeSWITCH's sofia_on_hangup()).
 * - Each answer to a challenge proves one line at most, and a success none. So who forges
 *   lines in the name of an office where a phone fails proves no more than the phone does.
 * - A line about a call names whom it was for. The account that failed is that of the digest.
 * - A packet that was not seen, or not understood, proves nothing.
 *
 * What came by TCP or TLS is proven by what did not come by UDP (wire/carried.h).
 *
 * All tables are bounded; the oldest give way. Moments are of CLOCK_MONOTONIC.
 */
struct wire;

/* A nonce may be answered for so long. */
#define WIRE_NONCE_FOR (300 * USEC_PER_SEC)
/* A request, for its answer and its retransmissions: RFC 3261 17.1.2.2, 64*T1. */
#define WIRE_REQUEST_FOR (32 * USEC_PER_SEC)
/* The gateway's line and its answer are not further apart. */
#define WIRE_PAIR_WITHIN (5 * USEC_PER_SEC)
/* Lines that wait for packets. */
#define WIRE_LINES_MAX 512

struct wire_callbacks {
	/* The line that waits in the slot is proven. */
	void (*proved)(void *userdata, unsigned slot, const struct proof *proof);
	/* Which gateway takes SIP over TCP at this host's port? NULL: none that is known. */
	const char *(*gateway_at)(void *userdata, uint16_t port);
	void *userdata;
};

/* A line that says that user failed to log in. */
struct wire_line {
	struct addr addr; /* a host */
	struct span user;
	const char *gateway; /* by whom there is one line of each refused request, and only that; NULL: not known */
	bool watched;	     /* of addr no packet was missed that counts */
	usec_t said;	     /* when, by the line; 0: it does not tell */
};

struct wire_stats {
	uint64_t packets;   /* of watched addresses, understood or not */
	uint64_t failures;  /* answers to a challenge that were forbidden */
	uint64_t proofs;    /* of these, with a line */
	uint64_t connected; /* lines of what came by a connection */
};

int wire_new(const struct wire_callbacks *callbacks, struct wire **ret);
struct wire *wire_free(struct wire *w);

/* What was received of the kernel by one recv(2): netlink messages. */
void wire_receive(struct wire *w, const void *data, size_t len, usec_t now);
/* Packets may have been lost before they were received. */
void wire_miss(struct wire *w, usec_t now);
/*
 * True: packets have proven the line already; *ret holds until the next call. Else it waits,
 * in *slot, below WIRE_LINES_MAX, and what waited there does so no more.
 */
bool wire_take(struct wire *w, const struct wire_line *line, usec_t now, struct proof *ret, unsigned *slot);
/* Nothing waits. */
void wire_forget_lines(struct wire *w);
void wire_stats(const struct wire *w, struct wire_stats *ret);

#endif
