/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_HELPER_H
#define SIPWARDEN_FIREWALL_HELPER_H

#include "config/config.h"

/*
 * The privileged process: CAP_NET_ADMIN and nothing else, netlink and one
 * socket. It makes the table, adopts a table that is there with its bans, and
 * serves one agent at a time by the messages of proto.h.
 */

/*
 * Gives up everything but CAP_NET_ADMIN, and root's uid if the config has a
 * user. Says what is wrong. Returns 0 or negative errno.
 */
int helper_drop(const struct config *cfg);
/*
 * Runs until the peer on fd goes away (a socketpair's end from firewall_start)
 * or SIGTERM, after helper_drop(). cfg->path is read again on reload if it still
 * can be. Returns an exit status.
 */
int helper_run(int fd, const struct config *cfg);
/*
 * The same as a unit of its own: listens on listen_fd (socket activation, or -1
 * to bind cfg->firewall_socket itself), takes agents whose uid is 0 or that of
 * cfg->user, one at a time, and goes on when one leaves.
 */
int helper_serve(int listen_fd, const struct config *cfg);
/* Deletes our table and returns: "sipwardend --flush". 0 or negative errno. */
int helper_flush(const struct config *cfg);

#endif
