/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_PORTS_H
#define SIPWARDEN_AUDIT_PORTS_H

#include "audit.h"

/*
 * Every listener of this host, and what its ruleset does to a packet that comes to it
 * from anywhere: open to all, limited to some sources, blocked, or not decidable. Media
 * ports and those that rules pass on to another host are looked at, too. asterisk,
 * freeswitch: where their configuration is. Negative errno: -EPERM without the right to
 * read the ruleset.
 */
int audit_ports(struct audit *a, const char *asterisk, const char *freeswitch);

#endif
