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
/*
 * The classes of all lists that a capture of e is in. Case of ASCII letters is
 * ignored. Who is known by name or From has only done something by it if the
 * gateway refused him: the lists for user and from are asked of refusals only,
 * and none is asked of a success.
 */
class_set wordset_classes(const struct wordset *w, const struct event *e);
/* What wordset_classes() could give for an event of this class by a pattern with these captures (1 << list_field). */
class_set wordset_may_add(const struct wordset *w, enum event_class class, unsigned captures);

#endif
