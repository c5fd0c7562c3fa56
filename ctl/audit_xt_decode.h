/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_XT_DECODE_H
#define SIPWARDEN_AUDIT_XT_DECODE_H

#include <jansson.h>
#include <stdint.h>

/* One match or target of iptables, as in the kernel. */
struct xt {
	const char *name;
	uint32_t revision;
	const void *info;
	uint32_t len;
	int family; /* NFPROTO_… of its table */
};

/* An array of statements that mean the same in the JSON of libnftables; NULL: not understood. */
json_t *audit_xt_match(const struct xt *x);
json_t *audit_xt_target(const struct xt *x);

#endif
