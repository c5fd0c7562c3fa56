/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_EXEMPT_H
#define SIPWARDEN_DECIDE_EXEMPT_H

#include <stdbool.h>

#include "base/addrmap.h"
#include "config/config.h"

/*
 * Addresses and prefixes that are never banned. Each is given by one source or
 * several, and stays until the last of them takes it back: the config, an
 * admin at run time, and sources by name that come and go (this host's own
 * addresses, a DNS name).
 */
struct exempt_entry {
	struct addr_map_link link;
	bool configured, added; /* by the config; by an admin */
	unsigned given;		/* by so many sources by name */
	char *reason;		/* the admin's; may be NULL */
};

struct exempt_source {
	struct exempt_source *next;
	char *name;
	struct addr *addrs; /* in order, each once */
	size_t n;
};

struct exempt_set {
	struct addr_map map;
	struct exempt_source *sources;
};

/* What exempt_each() calls the two that have no name of their own. */
#define EXEMPT_CONFIG "config"
#define EXEMPT_ADMIN "admin"

int exempt_init(struct exempt_set *set);
void exempt_done(struct exempt_set *set);

/* Replaces the configured ones; those of other sources stay. */
int exempt_configure(struct exempt_set *set, const struct config *cfg);
/* An admin's. -EEXIST if the config or an admin gave it already, -ENOMEM. */
int exempt_add(struct exempt_set *set, const struct addr *addr, const char *reason);
/* Takes an admin's back. -ENOENT, or -EPERM if it is only there by other sources. */
int exempt_remove(struct exempt_set *set, const struct addr *addr);
/*
 * What source gives now, in place of all it gave before; n 0: nothing any more.
 * Only hosts that could be banned are taken, the others are left out: a source
 * is somebody else's word. On -ENOMEM all is as before.
 */
int exempt_set_source(struct exempt_set *set, const char *source, const struct addr *addrs, size_t n);

/* One that shares an address with addr, or NULL. */
const struct exempt_entry *exempt_find(const struct exempt_set *set, const struct addr *addr);
/* Each address once for each source that gives it. */
typedef void (*exempt_fn)(void *userdata, const struct addr *addr, const char *source, const char *reason);
void exempt_each(const struct exempt_set *set, exempt_fn fn, void *userdata);

#endif
