/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_SOCKETS_H
#define SIPWARDEN_AUDIT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit_ranges.h"

/* What listens on this host, in this network namespace: /proc/net (proc_net(5)). */
struct socket_at {
	int protocol; /* IPPROTO_UDP, IPPROTO_TCP */
	int family;   /* of the address; an IPv4 address of an IPv6 socket is AF_INET */
	number_t address;
	bool any; /* every address; an IPv6 one takes IPv4, too, unless there is one for that */
	uint16_t port, last_port; /* the same, but for ranges */
	unsigned long inode;
	char process[32]; /* "" if it is not known: not ours, and we are not root */
};

#define SOCKETS_MAX 4096

struct sockets {
	struct socket_at *s;
	size_t n;
	bool full; /* there are more */
};

/* TCP in LISTEN, and UDP that is not connected; each address once. Negative errno. */
int sockets_read(struct sockets *ret);
void sockets_done(struct sockets *s);
/* Adds one, if there is none of its protocol, address and port. */
int sockets_add(struct sockets *s, const struct socket_at *one);

#endif
