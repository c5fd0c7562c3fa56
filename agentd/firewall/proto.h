/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_PROTO_H
#define SIPWARDEN_FIREWALL_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * What the agent and the firewall helper say to each other: packets of a
 * SOCK_SEQPACKET socket on one machine, in host byte order, with a fixed head
 * and fixed entries. No text, no pointers, no variable fields.
 *
 *   agent → helper   COMMANDS: entries to be done in their order; what is asked
 *                    by SEEN may be answered before, and what LIST asks for comes later
 *   helper → agent   HELLO: the table is there; bans are welcome
 *   keeper → agent   GONE: the helper has ended; another is started, and will say HELLO
 *                    DONE: a COMMANDS packet came to its end, each entry with its error
 *                    ELEMENTS: what is in the kernel, some of it
 *                    LISTED: that was all for one LIST; one entry with the error
 *                    WIRE: with a descriptor (SCM_RIGHTS), from which copies of the packets of watched
 *                    addresses can be received, and nothing else be done
 *                    LIMITED: who hit a limit of the SIP firewall, all of it; comes before the DONE of who asked
 */
#define PROTO_MAGIC 0x53570006u /* "SW", version 6 */
#define PROTO_ENTRIES_MAX 500

enum proto_type { PROTO_COMMANDS = 1, PROTO_HELLO, PROTO_DONE, PROTO_ELEMENTS, PROTO_GONE, PROTO_LISTED, PROTO_LIMITED, PROTO_WIRE };

enum proto_op {
	PROTO_BAN = 1,
	PROTO_UNBAN,
	PROTO_EXEMPT,
	PROTO_UNEXEMPT,
	PROTO_LIST,
	PROTO_RELOAD,
	PROTO_FLUSH,
	PROTO_SEEN, /* has the address sent to a watched port? */
	PROTO_PAUSE,
	PROTO_RESUME,
	PROTO_PING, /* are you there? and what memory do you take? */
	PROTO_SIZE, /* how full is a set? */
	PROTO_RESTORE, /* a ban that is not new: what is there already stays as it is */
	PROTO_TRUST,   /* the address has logged in: its packets to SIP ports are limited less */
	PROTO_DISTRUST,
	PROTO_SIP_PORT, /* one of those to be limited, if the configuration leaves that open; for the next SIP */
	PROTO_SIP,	/* limits of packets to the SIP ports on, or off */
	PROTO_SIP_COUNT, /* what does a counter of them say? */
	PROTO_SIP_LIMITED, /* who hit one? */
	PROTO_CROWD, /* the address has too many connections to SIP ports: no new ones for a while, unless it is trusted */
	PROTO_WATCH, /* copies of the SIP packets of the address, an IPv6 address counting as its network of 64 bits, for a while */
	PROTO_OP_MAX = PROTO_WATCH
};

struct proto_entry {
	struct addr addr; /* of ban, restore, unban, exempt, unexempt, seen, trust, distrust, crowd, watch, element; else zero */
	uint8_t op;
	uint8_t unused;
	int32_t error;    /* DONE: 0 or negative errno; of seen: 0 yes, -EISCONN it is called by us, -ENOENT no, -ENODATA not known */
	uint64_t left;    /* ban, restore, element: microseconds; UINT64_MAX: for ever. seen: the agent's, comes back.
			     trust, crowd, watch: microseconds. size: which set, of base/kernelset.h. sip_count: which, of
			     base/sipcount.h. sip: 1 on, 0 off. sip_port: the port */
	uint64_t packets; /* element, limited, sip_count: so far. size: elements. sip_port: IPPROTO_UDP or IPPROTO_TCP */
	uint64_t bytes;	  /* element: dropped so far. size: its limit, 0: none. ping: resident memory, 0: not known */
};

struct proto_packet {
	uint32_t magic;
	uint16_t type;
	uint16_t count; /* entries that follow */
	uint32_t flags; /* HELLO: PROTO_LOST, PROTO_FRESH; COMMANDS: PROTO_BULK, comes back with DONE */
	uint32_t unused;
	struct proto_entry entries[PROTO_ENTRIES_MAX];
};

/* Somebody else had deleted what we had made. */
#define PROTO_LOST 1u
/* There were no sets of ours before: no ban is in the kernel that the agent does not know. */
#define PROTO_FRESH 2u
/* Of bans that are not new. */
#define PROTO_BULK 4u

/* Bytes of a packet with count entries. */
size_t proto_size(unsigned count);

/*
 * Is it a packet that from_agent's side (true: the agent, false: the helper)
 * may send? Checks length, head, operations and every address. Returns 0 or
 * -EBADMSG.
 */
int proto_check(const struct proto_packet *p, size_t len, bool from_agent);

#endif
