/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_RESOLVE_KNOWN_H
#define SIPWARDEN_RESOLVE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/timespan.h"

/* Addresses of one name: of its last good answer, and those that left it a short while ago. */
#define KNOWN_MAX 128

struct known {
	struct known_addr {
		struct addr addr;
		usec_t seen; /* CLOCK_MONOTONIC: when an answer had it last */
	} items[KNOWN_MAX];
	size_t n;
};

/*
 * Takes an answer. complete: nothing is missing in it, so an address that it
 * does not have and that was not seen for longer than grace goes; else all stay,
 * as seen now. If there is no room, those not seen for longest go. True if the
 * addresses are others than before.
 */
bool known_take(struct known *k, const struct addr *addrs, size_t n, bool complete, usec_t now, usec_t grace);

#endif
