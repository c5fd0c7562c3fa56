/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_TLS_H
#define SIPWARDEN_AUDIT_TLS_H

#include "audit.h"

/*
 * Connects to "HOST:PORT" ("[::1]:5061", a name, an address), and finds what its TLS
 * does not do as RFC 8996 and RFC 9325 want it. False: it could not be judged, and
 * standard error says why.
 */
bool audit_tls(struct audit *a, const char *target);

#endif
