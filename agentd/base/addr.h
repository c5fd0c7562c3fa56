/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_ADDR_H
#define SIPWARDEN_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An IP address or prefix. An address is a prefix of full length (32 or 128).
 * IPv4-mapped IPv6 (::ffff:192.0.2.1, RFC 4291 2.5.5.2) is always stored as
 * IPv4, so that one host has one representation. Bits after the prefix length
 * and unused bytes are zero, so two prefixes are equal when their bytes are.
 *
 * Behind one IPv4 address there may be an office full of phones; its router gives
 * each of them a port. An address with a port is what sends UDP from that port,
 * and no more.
 */
struct addr {
	uint8_t family; /* AF_INET or AF_INET6; 0: none */
	uint8_t len;    /* prefix length in bits */
	uint8_t bytes[16]; /* network byte order; IPv4 uses the first four */
	uint16_t port;	/* host byte order; of an IPv4 host only; 0: all of it */
};

/* Longest text of addr_format(), with prefix length and final NUL. */
#define ADDR_TEXT_MAX 64

/*
 * Reads one host address from text[0..len): IPv4 dotted quad, IPv6, either in
 * brackets, IPv6 with a zone id (dropped), IPv4-mapped. No port, no blanks.
 * Leading zeros in a quad are decimal (gateways print them so), never octal.
 * Returns 0, or -EINVAL; *ret is only written on success.
 */
int addr_parse(const char *text, size_t len, struct addr *ret);

/*
 * Like addr_parse(), with an optional "/LEN". Host bits below LEN are an
 * error (-EDOM) unless mask is true, then they are cleared.
 */
int addr_parse_prefix(const char *text, size_t len, bool mask, struct addr *ret);

/* Like addr_parse_prefix() without mask, and "192.0.2.1:PORT", too: all that can be banned. */
int addr_parse_bannable(const char *text, size_t len, struct addr *ret);

/* Writes "192.0.2.1", "192.0.2.1:5070", "2001:db8::/64", …; the length only if not full.
 * Returns buf, which holds ADDR_TEXT_MAX bytes. */
char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX]);

bool addr_equal(const struct addr *a, const struct addr *b);
/* hash_bytes() of it. An event's address is looked up in half a dozen tables: hashing it again costs next to nothing. */
uint64_t addr_hash(const struct addr *a);
/* Orders by family, bytes, length, then port; for sorting and searching. */
int addr_compare(const struct addr *a, const struct addr *b);
/* True if every address of inner is in outer (an address covers itself). */
bool addr_covers(const struct addr *outer, const struct addr *inner);
bool addr_overlaps(const struct addr *a, const struct addr *b);
/* True for a single host (length 32 or 128), or a port of it. */
bool addr_is_host(const struct addr *a);
/* The prefix of a with at most len bits; of a port, the host that it is of. */
struct addr addr_truncate(const struct addr *a, uint8_t len);
/* The last address of the prefix, as a host. */
struct addr addr_last(const struct addr *a);

/*
 * Why this address or prefix can never be a remote attacker, or NULL if it can:
 * unspecified, loopback, multicast, limited broadcast, link-local 0.0.0.0/8
 * (RFC 6890). Private addresses can be banned. A prefix that covers or
 * overlaps one of those is refused too. The text is static.
 */
const char *addr_unbannable(const struct addr *a);

#endif
