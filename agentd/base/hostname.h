/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_HOSTNAME_H
#define SIPWARDEN_BASE_HOSTNAME_H

/* A whole DNS name as text: at most 253 characters (RFC 1035 2.3.4), and NUL. */
#define HOSTNAME_TEXT_MAX 254

/*
 * Reads a whole DNS name of two labels or more: letters, digits, '-' and '_'
 * (RFC 1123 2.1; '_' is found in targets of SRV records), a final dot is
 * dropped. The last label is no number, so no address is a name. In lower case
 * into buf. Returns 0 or -EINVAL.
 */
int hostname_parse(const char *text, char buf[static HOSTNAME_TEXT_MAX]);

#endif
