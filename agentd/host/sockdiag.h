/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_SOCKDIAG_H
#define SIPWARDEN_HOST_SOCKDIAG_H

#include <stdint.h>

/*
 * Asks the kernel for sockets (sock_diag(7)), in the network namespace of the caller and
 * without any capability. Private to host/.
 */
struct sockdiag;
struct nlmsghdr;

/* Opens the socket: before the process confines itself. 0 or negative errno. */
int sockdiag_open(struct sockdiag **ret);
struct sockdiag *sockdiag_close(struct sockdiag *s);

/* One socket: its payload is a whole struct inet_diag_msg, attributes may follow. */
typedef void (*sockdiag_fn)(void *userdata, const struct nlmsghdr *m);
/*
 * fn of each socket of the family and protocol (IPPROTO_…) that is in one of the states
 * (1U << TCP_…). The kernel answers within the call. 0, or negative errno; -EINTR: what
 * was listed changed meanwhile, so some may be missing.
 */
int sockdiag_each(struct sockdiag *s, uint8_t family, uint8_t protocol, uint32_t states, sockdiag_fn fn, void *userdata);

#endif
