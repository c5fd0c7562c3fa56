/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_GRAMMAR_H
#define SIPWARDEN_MATCH_GRAMMAR_H

/*
 * The parts that every filter has in common, so that all read addresses alike.
 * Stands in front of each regex as (?(DEFINE)…); a pattern calls (?&ip).
 *
 * An address is atomic and has nothing of an address before or after it: else
 * the search for all readings would find 192.0.2.1 in 192.0.2.15 too.
 *
 * ip       IPv4, IPv6 (RFC 4291 2.2, with mapped IPv4 and zone id of RFC 4007),
 *          either in brackets (RFC 3261 25.1, IPv6reference)
 * port     up to five digits
 * quoted   a quoted string with backslash escapes (RFC 3261 25.1, quoted-string)
 * host     what the host part of a SIP URI may hold
 * syslog   what a syslog daemon puts before the program's name: priority, time
 *          and host (RFC 3164 4.1, RFC 5424 6, and rsyslog's ISO form)
 */
#define MATCH_GRAMMAR                                                                         \
	"(?<ipv4>\\d{1,3}(?:\\.\\d{1,3}){3}(?![\\d]|\\.\\d))"                                 \
	"(?<ipv6>(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9A-Fa-f]{0,4})"   \
	"(?![0-9A-Fa-f:]|\\.\\d)(?:%[0-9A-Za-z_.-]{1,32})?)"                                  \
	"(?<ip>(?>\\[(?:(?&ipv4)|(?&ipv6))\\]|(?<![\\d.])(?&ipv4)|(?<![0-9A-Fa-f:.])(?&ipv6)))" \
	"(?<port>\\d{1,5})"                                                                   \
	"(?<quoted>\"(?:[^\"\\\\]|\\\\.)*+\")"                                                \
	"(?<host>[0-9A-Za-z.:\\[\\]_-]+)"                                                      \
	"(?<syslog>(?><\\d{1,3}>(?:1 )?)?(?>[A-Z][a-z]{2} {1,2}\\d{1,2} [\\d:]{8}(?:\\.\\d{1,6})?"      \
	"|\\d{4}-\\d\\d-\\d\\d[T ][\\d:]{8}(?:[.,]\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?) (?:[\\w.:-]{1,255}+ )?)"

#endif
