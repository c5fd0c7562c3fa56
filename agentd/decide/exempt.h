/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_EXEMPT_H
#define SIPWARDEN_DECIDE_EXEMPT_H

#include <stdbool.h>

#include "base/addrmap.h"
#include "config/config.h"

/* Addresses and prefixes that are never banned: from the config, and added at run time. */
struct exempt_entry {
	struct addr_map_link link;
	bool configured;
	char *reason; /* of one added at run time; may be NULL */
};

struct exempt_set {
	struct addr_map map;
};

int exempt_init(struct exempt_set *set);
void exempt_done(struct exempt_set *set);

/* Replaces the configured ones; those added at run time stay. */
int exempt_configure(struct exempt_set *set, const struct config *cfg);
/* -EEXIST if it is there already, -ENOMEM. */
int exempt_add(struct exempt_set *set, const struct addr *addr, const char *reason, bool configured);
/* -ENOENT, or -EPERM for a configured one. */
int exempt_remove(struct exempt_set *set, const struct addr *addr);
/* One that shares an address with addr, or NULL. */
const struct exempt_entry *exempt_find(const struct exempt_set *set, const struct addr *addr);

#endif
