/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_LISTENERS_H
#define SIPWARDEN_AUDIT_LISTENERS_H

#include "audit.h"

/* More are left out: each takes a hundred handshakes. */
#define LISTENERS_MAX 32

struct audit_listeners {
	const char *targets[LISTENERS_MAX]; /* "192.0.2.1:5061", each once; kept by the audit */
	size_t n;
};

/*
 * The TLS listeners that the configurations of this machine's gateways name, at the usual
 * places where a path is NULL. One that listens on every address is asked by loopback.
 */
void audit_listeners(struct audit *a, const char *asterisk, const char *freeswitch, const char *kamailio,
		     const char *opensips, struct audit_listeners *ret);

#endif
