/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_TLS_PROBE_H
#define SIPWARDEN_AUDIT_TLS_PROBE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Handshakes with a TLS server, one for each version and cipher suite, by OpenSSL.
 * What OpenSSL does not know any more (SSL 3.0, RC4, DES, 3DES) is offered by a
 * ClientHello of our own (audit_tls_hello.h), and the answer read; SSL 2.0 is not asked
 * for. Nothing is sent over a connection once it is made.
 */

/* Cipher suites of one version; OpenSSL has about a hundred. */
#define TLS_SUITES_MAX 160

struct tls_suite {
	char name[64]; /* as OpenSSL calls it */
	int bits;      /* of the key; 0: nothing is encrypted */
	int kx, auth;  /* NID_kx_…, NID_auth_…, of OpenSSL's obj_mac.h */
};

struct tls_version {
	int number; /* HELLO_SSL3, TLS1_VERSION, … */
	const char *name;
	struct tls_suite suites[TLS_SUITES_MAX]; /* in the server's order, or in ours if it has none */
	size_t n;				 /* 0: the version is refused */
};

#define TLS_VERSIONS 5 /* SSL 3.0, TLS 1.0 to 1.3, in this order */
#define AT_TLS_1_2 3
#define AT_TLS_1_3 4

struct tls_server {
	struct tls_version versions[TLS_VERSIONS];
	X509 *certificate;	/* NULL: it showed none */
	STACK_OF(X509) * chain; /* with the certificate; NULL */
	long verified;		/* X509_V_OK, or why this host does not trust the chain */
	bool asks;		/* for a certificate of the client */
	int error;		/* negative errno of the last connection that was not made */
};

/* Probes the address. Negative errno if there is no TLS: -EPROTO, or why there is no connection. */
int tls_probe(const struct sockaddr *address, socklen_t len, const char *server_name, struct tls_server *ret);
void tls_server_done(struct tls_server *s);

#endif
