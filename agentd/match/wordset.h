/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_WORDSET_H
#define SIPWARDEN_MATCH_WORDSET_H

#include "config/filter.h"
#include "match/event.h"

/* The word lists of a filter, made ready to be looked up. */
struct wordset;

/* f must outlive it. Returns 0 or -ENOMEM. */
int wordset_new(const struct filter *f, struct wordset **ret);
struct wordset *wordset_free(struct wordset *w);
/* The classes of all lists that a capture of e is in. Case of ASCII letters is ignored. */
class_set wordset_classes(const struct wordset *w, const struct event *e);

#endif
