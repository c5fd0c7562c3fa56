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
 *                    by SEEN may be answered before
 *   helper → agent   HELLO: the table is there; bans are welcome
 *                    DONE: a COMMANDS packet came to its end, each entry with its error
 *                    ELEMENTS: what is in the kernel, before the DONE that has the LIST
 */
#define PROTO_MAGIC 0x53570003u /* "SW", version 3 */
#define PROTO_ENTRIES_MAX 500

enum proto_type { PROTO_COMMANDS = 1, PROTO_HELLO, PROTO_DONE, PROTO_ELEMENTS };

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
	PROTO_OP_MAX = PROTO_RESUME
};

struct proto_entry {
	struct addr addr; /* of ban, unban, exempt, unexempt, seen, element; else zero */
	uint8_t op;
	uint8_t unused;
	int32_t error;    /* DONE: 0 or negative errno; of seen: 0 yes, -EISCONN it is called by us, -ENOENT no, -ENODATA not known */
	uint64_t left;    /* ban, element: microseconds; UINT64_MAX: for ever. seen: the agent's, comes back */
	uint64_t packets; /* element: dropped so far */
	uint64_t bytes;
};

struct proto_packet {
	uint32_t magic;
	uint16_t type;
	uint16_t count; /* entries that follow */
	uint32_t flags; /* HELLO: PROTO_LOST */
	uint32_t unused;
	struct proto_entry entries[PROTO_ENTRIES_MAX];
};

/* Somebody else had deleted what we had made. */
#define PROTO_LOST 1u

/* Bytes of a packet with count entries. */
size_t proto_size(unsigned count);

/*
 * Is it a packet that from_agent's side (true: the agent, false: the helper)
 * may send? Checks length, head, operations and every address. Returns 0 or
 * -EBADMSG.
 */
int proto_check(const struct proto_packet *p, size_t len, bool from_agent);

#endif
