/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_XT_H
#define SIPWARDEN_AUDIT_XT_H

#include <jansson.h>

/*
 * iptables-nft writes much of a rule as a match or target of its own, of which JSON has
 * no more than the name: {"xt": {"type": "match", "name": "multiport"}}. The rules are
 * read again by netlink (libnftnl), and what is understood takes the place of these in
 * the JSON of libnftables, in its own words. The layouts are the kernel's
 * (linux/netfilter/xt_*.h). What is not understood stays as it is.
 */
void audit_xt_expand(json_t *ruleset);

#endif
