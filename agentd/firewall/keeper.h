/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_KEEPER_H
#define SIPWARDEN_FIREWALL_KEEPER_H

#include <sys/types.h>

#include "config/config.h"

/*
 * In the foreground, without units: the agent gives up its rights, so it could
 * not start a helper again. A keeper, forked before, does that and nothing else;
 * the socket stays open through it, so nothing sent is lost.
 *
 * Forks the keeper, which starts the helper on its end of *fd as soon as a packet
 * comes. The keeper ends when the helper ends in peace, that is, when the agent has
 * closed *fd or is gone, also before. Returns 0 or negative errno.
 */
int keeper_start(const struct config *cfg, int *fd, pid_t *pid);

/*
 * Waits for a keeper to end, once *fd is closed: five seconds at most. One whose
 * helper hangs is left to itself, and ends with it.
 */
void keeper_wait(pid_t pid);

#endif
