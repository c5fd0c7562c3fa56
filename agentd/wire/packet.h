/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_PACKET_H
#define SIPWARDEN_WIRE_PACKET_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/text.h"

/* A UDP packet that the kernel has copied to us (NFLOG, linux/netfilter/nfnetlink_log.h). */
struct wire_packet {
	bool sent;	  /* by this host; else it came in */
	struct addr peer; /* the other end: a host; of IPv4 with its port */
	uint16_t port;	  /* of the peer */
	struct span data; /* what UDP carries, within the message */
};

/*
 * One netlink message. False: it is no whole UDP packet that this host has sent, or
 * taken in: something else, a fragment, cut, of a wrong length, with extension headers.
 */
struct nlmsghdr;
bool wire_packet_parse(const struct nlmsghdr *message, struct wire_packet *ret);

#endif
