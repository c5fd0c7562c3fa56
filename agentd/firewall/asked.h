/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_ASKED_H
#define SIPWARDEN_FIREWALL_ASKED_H

#include <stddef.h>
#include <stdint.h>

#include "firewall/firewall.h"

/* Questions to the kernel's witness that have no answer yet, in their order. */
struct asked {
	struct question *items; /* [head, tail) */
	size_t head, tail, size;
	uint64_t first; /* number of the one at head */
};

/* Returns 0 and its number, -ENOBUFS or -ENOMEM. */
int asked_add(struct asked *a, const struct addr *addr, firewall_witness_fn fn, void *userdata, uint64_t *number);
/* The last one that was added, without calling its fn. */
void asked_take_back(struct asked *a);
/*
 * The answer to that number; error as in proto.h. One that is not the next is of
 * an earlier helper, and was answered when that went.
 */
void asked_answer(struct asked *a, uint64_t number, int error);
/* None will come to those that wait now. */
void asked_silence(struct asked *a);
void asked_done(struct asked *a);

#endif
