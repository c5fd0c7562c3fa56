/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_LISTEN_H
#define SIPWARDEN_HOST_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The SIP ports of this host's gateways, from the sockets that listen: asked of the
 * kernel by sock_diag(7) in the network namespace of the caller, without any capability.
 *
 * A socket is a gateway's if its owner is a user of the gateway's name (asterisk, kamailio,
 * …), or if it was made in a unit of that name: the kernel tells a socket's control group
 * (from Linux 5.8 on), and /sys/fs/cgroup whose that is. Ports 5060 and 5061 are SIP
 * whoever listens, as a container engine does for its containers.
 *
 * Not all ports of a gateway are SIP. A port of media that is limited as if it were one
 * would cut calls, and one of SIP that is not found is only not limited: so what is in
 * doubt is left out, and must be named in the configuration.
 */
struct listen;

enum listen_transport {
	LISTEN_UDP,
	LISTEN_TCP,
	LISTEN_TLS,	  /* by the number: sockets do not tell */
	LISTEN_WEBSOCKET, /* over TCP or TLS: likewise */
};

enum listen_how {
	LISTEN_BY_NUMBER, /* whoever listens */
	LISTEN_BY_USER,
	LISTEN_BY_UNIT,
};

struct listen_port {
	uint16_t port;
	enum listen_transport transport;
	enum listen_how how;
	const char *gateway; /* "asterisk"; of the program, lasting. NULL: not known. */
};

/* More are left out: those with the highest numbers. */
#define LISTEN_PORTS_MAX 64

struct listen_found {
	struct listen_port ports[LISTEN_PORTS_MAX]; /* by port, then transport; each once */
	size_t n;
	bool more; /* some were left out */
	/* UDP ports of gateways that are not taken for SIP: how many, the lowest, the highest. */
	unsigned media;
	uint16_t media_first, media_last;
};

/*
 * Looks up the gateways' users, and opens the socket for listen_find(): before the process
 * confines itself, which lets it do neither later. 0 or negative errno.
 */
int listen_open(struct listen **ret);
struct listen *listen_close(struct listen *l);

/*
 * Finds them, as they are now. The kernel answers at once: some milliseconds with ten
 * thousand sockets. 0, or negative errno (a kernel without sock_diag: ENOENT), with
 * nothing found.
 */
int listen_find(struct listen *l, struct listen_found *ret);

/* "udp", "tcp", "tls", "websocket"; and "number", "user", "unit". */
const char *listen_transport_name(enum listen_transport transport);
const char *listen_how_name(enum listen_how how);

#endif
