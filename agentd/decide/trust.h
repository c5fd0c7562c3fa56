/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DECIDE_TRUST_H
#define SIPWARDEN_DECIDE_TRUST_H

#include <stddef.h>

#include "decide/decide.h"
#include "detect/keep.h"

/*
 * Addresses that logged in. Bounded: under a flood those whose last success is
 * longest ago are forgotten first.
 */
struct trust;

#define TRUST_MAX 131072

int trust_new(struct trust **ret);
struct trust *trust_free(struct trust *t);

/* A success of user at addr (IPv6: its prefix). part_known: the log said from which part of it. */
void trust_note(struct trust *t, const struct addr *addr, struct span user, bool part_known, usec_t when);
/* Do we know all parts of addr (ports, addresses in its prefix) from where somebody is logged in now? */
bool trust_knows_parts(const struct trust *t, const struct addr *addr, usec_t now);
/* As known from before. */
void trust_restore(struct trust *t, const struct friend *f);
/* What is known of addr, whenever it was, or NULL. */
const struct friend *trust_find(const struct trust *t, const struct addr *addr);
/* Is there anybody in prefix whose last success is not before since? */
bool trust_any_in(const struct trust *t, const struct addr *prefix, usec_t since);
/* Those whose last success is not before since. */
void trust_each(const struct trust *t, usec_t since, void (*fn)(void *userdata, const struct friend *f), void *userdata);
/* How many there are whose last success is not before since. */
size_t trust_count(const struct trust *t, usec_t since);
/* Forgets those whose last success is before. */
void trust_forget(struct trust *t, usec_t before);

/* Of a struct trust. */
extern const struct keep_ops trust_keep;

#endif
