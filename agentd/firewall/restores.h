/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_RESTORES_H
#define SIPWARDEN_FIREWALL_RESTORES_H

#include <stddef.h>

#include "base/addr.h"

/*
 * Addresses that wait to be banned again, first come, first served. A zeroed one
 * is empty. Only addresses, as there may be a million: whether and for how long
 * each is banned is asked when its turn comes.
 */
struct restores {
	struct addr *items;
	size_t head, tail, size; /* [head, tail) wait */
};

int restores_add(struct restores *r, const struct addr *addr); /* 0 or -ENOMEM */
/* The next; lives until the next call. There must be one. */
const struct addr *restores_take(struct restores *r);
/* One that was taken last goes to the front again. */
void restores_put_back(struct restores *r, const struct addr *addr);
size_t restores_count(const struct restores *r);
/* Forgets all and releases the memory. */
void restores_done(struct restores *r);

#endif
