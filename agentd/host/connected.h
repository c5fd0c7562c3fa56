/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_CONNECTED_H
#define SIPWARDEN_HOST_CONNECTED_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * How many TCP connections each source has to ports of this host: asked of the
 * kernel by sock_diag(7), in the network namespace of the caller, without any
 * capability and without conntrack, which a gateway may well run without.
 */
struct connected;

/* Opens the socket: before the process confines itself. 0 or negative errno. */
int connected_open(struct connected **ret);
struct connected *connected_close(struct connected *c);

/* addr: a host, or an IPv6 network of 64 bits */
typedef void (*connected_fn)(void *userdata, const struct addr *addr, unsigned count);
/* More connections than this are not looked at. */
#define CONNECTED_MAX 262144
/*
 * fn of each source that has more than most established connections to the ports, which
 * are in ascending order. This host's own are left out. 0 or negative errno.
 */
int connected_count(struct connected *c, const uint16_t *ports, size_t n_ports, unsigned most, connected_fn fn, void *userdata);

#endif
