/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_PAIR_H
#define SIPWARDEN_REPORT_PAIR_H

#include "report_record.h"

/*
 * Proxies write two records for a call: of its INVITE, and of its BYE. Calls whose
 * BYE has not come wait here, at most PAIR_MAX; then the one that waits longest is
 * given out as it is, with a length that is not known.
 */
struct pairing;

#define PAIR_MAX 65536u

/* fn gets whole calls; what they point to lives during the call. */
int pairing_new(void (*fn)(void *userdata, const struct record *r), void *userdata, struct pairing **ret);
struct pairing *pairing_free(struct pairing *p);
/* Takes a record of any kind; whole calls go on at once. */
void pairing_add(struct pairing *p, const struct record *r);
/* Gives out all that wait. */
void pairing_end(struct pairing *p);
/* Calls without an end. */
uint64_t pairing_open(const struct pairing *p);

#endif
