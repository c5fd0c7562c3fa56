/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

size_t proto_size(unsigned count)
{
	return offsetof(struct proto_packet, entries) + count * sizeof(struct proto_entry);
}

/* In the form that addr.h asks for: every bit behind the prefix is zero. */
static bool address_is_sound(const struct addr *a)
{
	struct addr cut;

	if (a->family != AF_INET && a->family != AF_INET6)
		return false;
	if (a->len > (a->family == AF_INET ? 32 : 128))
		return false;
	cut = addr_truncate(a, a->len);
	if (a->family == AF_INET)
		memset(cut.bytes + 4, 0, sizeof(cut.bytes) - 4);
	if (a->family == AF_INET && a->len == 32)
		cut.port = a->port;
	return memcmp(&cut, a, sizeof(cut)) == 0;
}

static bool has_address(uint8_t op)
{
	return op == PROTO_BAN || op == PROTO_UNBAN || op == PROTO_EXEMPT || op == PROTO_UNEXEMPT ||
	       op == PROTO_SEEN || op == PROTO_RESTORE || op == PROTO_TRUST || op == PROTO_DISTRUST ||
	       op == PROTO_CROWD || op == PROTO_WATCH;
}

/* Exemptions are of all ports, and the witness does not tell them apart. */
static bool may_have_port(uint8_t op)
{
	return op == PROTO_BAN || op == PROTO_UNBAN || op == PROTO_RESTORE;
}

static bool entry_is_sound(const struct proto_entry *e, unsigned type)
{
	if (type == PROTO_ELEMENTS || type == PROTO_LIMITED)
		return address_is_sound(&e->addr);
	if (e->op < PROTO_BAN || e->op > PROTO_OP_MAX || e->error > 0 || e->error < -4095)
		return false;
	return !has_address(e->op) || (address_is_sound(&e->addr) && (!e->addr.port || may_have_port(e->op)));
}

int proto_check(const struct proto_packet *p, size_t len, bool from_agent)
{
	unsigned i;

	if (len < proto_size(0) || p->magic != PROTO_MAGIC || p->count > PROTO_ENTRIES_MAX ||
	    len != proto_size(p->count))
		return -EBADMSG;
	if (from_agent != (p->type == PROTO_COMMANDS) || p->type < PROTO_COMMANDS || p->type > PROTO_WIRE)
		return -EBADMSG;
	for (i = 0; i < p->count; i++)
		if (!entry_is_sound(&p->entries[i], p->type))
			return -EBADMSG;
	return 0;
}
