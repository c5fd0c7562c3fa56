/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONTROL_BUS_H
#define SIPWARDEN_CONTROL_BUS_H

/*
 * The interface of the control socket, for the agent and for ctl. D-Bus, peer
 * to peer: no bus daemon, no names.
 *
 * A ban is BUS_BAN: address, start and end (microseconds since the epoch; end
 * UINT64_MAX: until lifted), attempts, step of the ladder, rule, reason,
 * accounts tried (one a line), in the kernel, packets and bytes dropped.
 *
 *   Status() → a{sv}, a BUS_INPUT
 *       an input: name, filter, files open, lines, bytes, events, crafted, cut,
 *       rotations, errors, lag in bytes, last arrival, last error
 *   ListBans(u cursor) → a BUS_BAN, u cursor
 *       in the order of addresses, a page at a time; cursor 0 begins, and 0
 *       comes back at the end
 *   Show(s address) → b banned, BUS_BAN, s evidence, s exemption, a BUS_HISTORY
 *       the ban of it or of what covers it; an exemption that covers it, or "";
 *       earlier bans: start, end, lifted (0: ran its time), count, rule, reason
 *   Ban(s address, t span, s reason)     span in microseconds, UINT64_MAX: until lifted
 *   Unban(s address)
 *   UnbanAll() → t lifted
 *   ListExempt() → a BUS_NAME, a BUS_EXEMPT
 *       a DNS name: name, addresses it stands for, next look-up (0: now), since when it
 *       fails (0: it does not), why; an exemption: address, reason, configured, source
 *       ("config", "admin", "own", "name:HOST"); an address is there once for each source
 *   Exempt(s address, s reason) → t bans that touched it, now lifted
 *   Unexempt(s address) → t 1 if something else keeps it exempt, or 0
 *   Reload() → s text, Flush() → s text
 *   signal Banned(BUS_BAN), signal Lifted(s address, s rule, s cause)
 */
#define BUS_PATH "/org/sipwarden/Agent1"
#define BUS_INTERFACE "org.sipwarden.Agent1"

#define BUS_BAN "sttuusssbtt"
#define BUS_INPUT "ssuttttttttts"
#define BUS_HISTORY "tttuss"
#define BUS_NAME "sutts"
#define BUS_EXEMPT "ssbs"

/* Errors, beside those of the D-Bus specification; each has a text for people. */
#define BUS_ERROR_NOT_FOUND "org.sipwarden.Error.NotFound"
#define BUS_ERROR_EXEMPT "org.sipwarden.Error.Exempt"
#define BUS_ERROR_INVALID "org.sipwarden.Error.Invalid"
#define BUS_ERROR_FAILED "org.sipwarden.Error.Failed"

#endif
