/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_PACKET_H
#define SIPWARDEN_WIRE_PACKET_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/text.h"

/* A packet that the kernel has copied to us (NFLOG, linux/netfilter/nfnetlink_log.h). */
struct wire_packet {
	bool sent;	      /* by this host; else it came in */
	bool stream;	      /* TCP, with data, of which there is no copy; else UDP */
	bool missed;	      /* something came in that was not copied, or cannot be read */
	struct addr peer;     /* the other end: a host; of IPv4 with its port */
	uint16_t port, local; /* of the peer, and of this host */
	struct span data;     /* what UDP carries, within the message */
};

/*
 * One netlink message. False: it is no whole UDP packet that this host has sent, or
 * taken in: something else, a fragment, cut, of a wrong length, with extension headers;
 * nor the head of a TCP packet that it has sent. Only ret->missed is set then.
 */
struct nlmsghdr;
bool wire_packet_parse(const struct nlmsghdr *message, struct wire_packet *ret);

#endif
