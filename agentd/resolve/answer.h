/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_RESOLVE_ANSWER_H
#define SIPWARDEN_RESOLVE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hostname.h"

/* Bounds of one answer, and of all answers for one name. */
#define ANSWER_ADDRS_MAX 64
#define ANSWER_TARGETS_MAX 16

/* What the answers to one or several questions said. Begins as zeros, with ttl UINT32_MAX. */
struct answer {
	struct addr addrs[ANSWER_ADDRS_MAX]; /* of A and AAAA, each once; only those that could be banned */
	size_t n_addrs;
	char targets[ANSWER_TARGETS_MAX][HOSTNAME_TEXT_MAX]; /* of SRV, each once */
	size_t n_targets;
	uint32_t ttl; /* seconds: the shortest of all records that were used */
	bool cut;     /* there was more */
};

/*
 * Adds what a DNS message (RFC 1035) says for its one question: A, AAAA or SRV
 * (RFC 2782) of the name, or of what it is an alias of (CNAME). Records of
 * other names are passed over. Returns 0, or -EBADMSG if it is no such message;
 * what was read before stays.
 */
int answer_read(const uint8_t *message, size_t len, struct answer *answer);

#endif
