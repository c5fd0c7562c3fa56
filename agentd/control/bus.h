/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONTROL_BUS_H
#define SIPWARDEN_CONTROL_BUS_H

/*
 * The interface of the control socket, for the agent and for ctl. D-Bus, peer
 * to peer: no bus daemon, no names.
 *
 * Times are microseconds since the epoch, spans microseconds, and UINT64_MAX is
 * until lifted. Texts that came from a log are UTF-8, and nothing more: whoever
 * prints them escapes them.
 *
 * BUS_BAN: address, start, end, attempts, step of the ladder (from 0), rule,
 *       reason, accounts tried (one a line), state (enforced; pending: not in the
 *       kernel yet; paused: enforcement is off; observe: only told), in the
 *       kernel, proven, observed, packets and bytes dropped
 *
 *   Status() → a{sv}, a BUS_INPUT, a BUS_SET, a BUS_PROBLEM
 *       an input: name, filter, kind (file, journal), state (reading, catching up,
 *       waiting, failing, stuck, asleep), files open, lines, bytes, events, crafted,
 *       undated, limited, cut, rotations, errors, lag in bytes, lag in time, last
 *       arrival, lines a second, last error; a set of the kernel: name, elements,
 *       limit (0: none); a problem, the worst first: severity (degraded,
 *       unprotected), what is wrong, what to do
 *   Metrics() → s text
 *       in Prometheus's format
 *   ListBans(u cursor) → a BUS_BAN, u cursor
 *       in the order of addresses, a page at a time; cursor 0 begins, and 0
 *       comes back at the end
 *   Explain(s address) → b banned, BUS_BAN, a{sv}, s evidence, s accounts, a BUS_RULE, a BUS_HISTORY
 *       the ban of it or of what covers it. Facts: paused (since; 0: it is not),
 *       pause_reason, observe, firewall_ready, exemption, exemption_source and
 *       exemption_reason (of what covers it, or ""), unbannable (why it can never
 *       be banned, or ""), ports_banned (single ports of
 *       it), friend (0 or 1), friend_address, friend_first,
 *       friend_last (0: it never logged in), friend_successes, friend_accounts
 *       (at least), friend_accounts_max, forgeries (decisions against it given up),
 *       waiting (0 or 1). Log lines and accounts that counted lately; those of the
 *       ban if it is banned.
 *       BUS_RULE, of each rule that counts it by address or prefix: rule,
 *       attempts in the window that ends now, proven ones, threshold, window, the
 *       ban that would follow on proof and without, observe
 *       BUS_HISTORY, latest first: address, start, end, lifted (0: ran its time),
 *       by what ("" likewise), attempts, rule, reason, proven, observed
 *   ListAlerts() → a BUS_ALERT
 *       the last ones, oldest first: time, kind, address or "", account or "", text
 *   Ban(s address, t span, s reason)
 *   Unban(s address)
 *   UnbanAll() → t lifted
 *   ListExempt() → a BUS_NAME, a BUS_EXEMPT
 *       a DNS name: name, addresses it stands for, next look-up (0: now), since when it
 *       fails (0: it does not), why; an exemption: address, reason, configured, source
 *       ("config", "admin", "own", "name:HOST"); an address is there once for each source
 *   Exempt(s address, s reason) → t bans that touched it, now lifted
 *   Unexempt(s address) → t 1 if something else keeps it exempt, or 0
 *   Pause(s reason) → s text, Resume() → s text
 *   Reload() → s text, Flush() → s text
 *   ListLimited() → a BUS_LIMITED
 *       who sent more than the SIP firewall lets pass within the last minute: address,
 *       packets and bytes dropped, span until it is forgotten
 *   Firewall() → a{sv}, a BUS_PORT, a BUS_LIMIT, a BUS_COUNT, a BUS_SET
 *       The SIP firewall. Facts: wanted, on (as the helper says), enabled (by the config),
 *       switched (by hand, when; 0: it was not), ports_from (config, found, usual), error,
 *       evidence, events, limited, friends, paused, firewall_ready, concurrent, largest, media (UDP
 *       ports of gateways that were not taken for SIP). A port: number, transport, how it
 *       was found, gateway or "". A limit: name, a second, burst. A counter of the kernel:
 *       name, packets, bytes.
 *   SwitchFirewall(b on) → s text
 *   signal Banned(BUS_BAN), signal Lifted(s address, s rule, s cause, b observed),
 *   signal Alert(BUS_ALERT)
 */
#define BUS_PATH "/org/sipwarden/Agent1"
#define BUS_INTERFACE "org.sipwarden.Agent1"

#define BUS_BAN "sttuussssbbbtt"
#define BUS_INPUT "ssssuttttttttttttds"
#define BUS_SET "stt"
#define BUS_PROBLEM "sss"
#define BUS_NAME "sutts"
#define BUS_EXEMPT "ssbs"
#define BUS_RULE "suuutttb"
#define BUS_HISTORY "stttsussbb"
#define BUS_ALERT "tssss"
#define BUS_LIMITED "sttt"
#define BUS_PORT "qsss"
#define BUS_LIMIT "suu"
#define BUS_COUNT "stt"

/* Errors, beside those of the D-Bus specification; each has a text for people. */
#define BUS_ERROR_NOT_FOUND "org.sipwarden.Error.NotFound"
#define BUS_ERROR_EXEMPT "org.sipwarden.Error.Exempt"
#define BUS_ERROR_INVALID "org.sipwarden.Error.Invalid"
#define BUS_ERROR_FAILED "org.sipwarden.Error.Failed"

#endif
