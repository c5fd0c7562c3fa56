/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_PREFILTER_H
#define SIPWARDEN_MATCH_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * Finds many literals in one pass over a whole buffer (Vectorscan). Literals
 * hold no line end, so each hit lies within one line.
 */
struct prefilter;

/* Literals are numbered from 0 in the order given. Returns 0, -ENOMEM, or
 * -EOPNOTSUPP on a processor that Vectorscan does not serve. */
int prefilter_new(const struct span *literals, size_t n, struct prefilter **ret);
struct prefilter *prefilter_free(struct prefilter *p);

/* Literal number literal ends before data[end]. Hits come in order of end. */
typedef void (*prefilter_fn)(void *userdata, unsigned literal, size_t end);
void prefilter_scan(struct prefilter *p, const char *data, size_t len, prefilter_fn fn, void *userdata);

#endif
