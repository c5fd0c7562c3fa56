/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_TLS_HELLO_H
#define SIPWARDEN_AUDIT_TLS_HELLO_H

#include "audit_tls_probe.h"
#include "base/timespan.h"

/*
 * What OpenSSL cannot offer any more: SSL 3.0, and suites with RC4, DES and 3DES. We send
 * a ClientHello of our own (RFC 6101 5.6.1.2, RFC 5246 7.4.1.2) and read which suite the
 * ServerHello chooses, or the alert; no more is said, and nothing is encrypted.
 */
#define HELLO_SSL3 0x0300

/*
 * Asks on a connected socket, which blocks no longer than deadline (time_monotonic()).
 * suites: numbers of IANA's registry. Returns the suite that was chosen, or negative
 * errno; -EPROTO: none, or no answer of this version.
 */
int tls_hello(int fd, usec_t deadline, int version, const char *server_name, const uint16_t *suites,
	      size_t n);

/* What is known of a suite that OpenSSL does not have. */
struct hello_suite {
	struct tls_suite suite;
	uint16_t number;
	bool ssl3_only; /* in later versions, OpenSSL asks for it */
};
extern const struct hello_suite hello_suites[];
extern const size_t n_hello_suites;

#endif
