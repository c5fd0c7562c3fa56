/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_TABLE_H
#define SIPWARDEN_FIREWALL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/kernelset.h"
#include "config/config.h"
#include "firewall/proto.h"

/*
 * What the helper keeps in nftables: single addresses are only in the kernel;
 * prefixes and exemptions are known here too, because the kernel takes no
 * overlapping ranges. Every ban is checked against the exemptions here, whatever
 * the agent thinks of it.
 */
struct table;

/* Opens netlink, takes over what the kernel has of us. 0 or negative errno. */
int table_open(const struct config *cfg, struct table **ret);
struct table *table_close(struct table *t); /* what is in the kernel stays */

/* Configured exemptions in place of the earlier ones; run-time ones stay. What the witness watches. */
int table_configure(struct table *t, const struct config *cfg);
/*
 * Run-time exemptions are those of one agent: the next begins without them, and
 * gives its own at once. Until then the kernel goes on with the old ones.
 */
void table_forget_added(struct table *t);
/*
 * Does bans, unbans, exemptions, in their order, as few transactions as
 * possible. Each entry's error is set: -EPERM exempt (or a configured exemption
 * that was to be taken back), -EINVAL can never be banned, -ENFILE set full, …
 */
void table_apply(struct table *t, struct proto_entry *const *entries, size_t n);
/*
 * Who has sent to a watched port within the witness's span: a host, or an IPv6
 * prefix of 64 bits or more; of IPv6 the network of 64 bits counts. error 0: yes;
 * -EISCONN: this host has sent it requests within the time that friends are friends;
 * -ENOENT: no; -ENODATA: not known, as the witness is off, or was made or could
 * not note a packet of that family within its span.
 */
void table_seen(struct table *t, struct proto_entry *const *entries, size_t n);
/* Whether bans are only kept, or enforced again. A table that was left paused comes up so. */
int table_pause(struct table *t, bool paused);
/*
 * All bans in the kernel, bit by bit while other commands are done: begins; then
 * a step each time table_list_fd() is readable, until it returns 0 for the end or
 * negative errno. e->op is 0. fd is -1 when there is no listing.
 */
int table_list_start(struct table *t);
typedef void (*table_entry_fn)(void *userdata, const struct proto_entry *e);
int table_list_step(struct table *t, table_entry_fn fn, void *userdata);
int table_list_fd(const struct table *t);
/* Gives up the listing in progress, if any. */
void table_list_stop(struct table *t);
/* Had the kernel no sets of ours before the table was last made? Tells it once. */
bool table_take_fresh(struct table *t);
/* How full a set (enum kernel_set) is. -EOPNOTSUPP: the kernel does not tell of this one; -EINVAL: no set. */
int table_size(struct table *t, uint64_t set, struct kernel_set_size *ret);
/*
 * The SIP firewall. Ports that the agent says are taken if the config has ports =
 * auto: from 1024 on, and 80 and 443; -EPERM: others, or the config names them all.
 */
int table_sip_port(struct table *t, const struct proto_entry *e);
/* On or off, with the ports said since the last time, if any were. -ENOENT, -EOPNOTSUPP: the kernel has no such limits. */
int table_sip_switch(struct table *t, bool on);
/* base/sipcount.h */
int table_sip_count(struct table *t, uint64_t which, struct sip_counter *ret);
/* Who hit a limit within the last minute, and how many packets were dropped. */
int table_sip_limited(struct table *t, table_entry_fn fn, void *userdata);
/*
 * Copies of the SIP packets of entry->addr for entry->left microseconds, WATCH_FOR_MAX at
 * most; they come from table_wire_fd(), -1: the kernel makes none (-EOPNOTSUPP). -EPERM: the
 * config does not want it.
 */
#define WATCH_FOR_MAX (3600 * USEC_PER_SEC)
int table_watch_wire(struct table *t, const struct proto_entry *entry);
int table_wire_fd(const struct table *t);
/* Now and then: without anybody who is watched, the rules for it are taken away. */
void table_wire_tick(struct table *t);
/* Deletes the table from the kernel; bans are refused with -ESHUTDOWN until
 * table_restore(). */
int table_delete(struct table *t);
bool table_is_deleted(const struct table *t);

/* Readable when nftables changed; then table_watch() tells if something of ours is gone. */
int table_watch_fd(const struct table *t);
bool table_watch(struct table *t);
/* Makes table, chain, rules, exemptions and known prefixes again. */
int table_restore(struct table *t);

#endif
