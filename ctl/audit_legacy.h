/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_LEGACY_H
#define SIPWARDEN_AUDIT_LEGACY_H

#include <stdbool.h>

/*
 * Whether the old iptables (iptables-legacy, IPv4 and IPv6), which nftables does not show,
 * has anything to say: a rule, or a policy other than ACCEPT. Tables that were only looked
 * at exist, and are empty. True also where it cannot be told.
 */
bool audit_legacy_filters(void);

#endif
