/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_SUGGEST_H
#define SIPWARDEN_CONFIG_SUGGEST_H

#include <stddef.h>

/*
 * The candidate that word was most likely meant to be, or NULL when none is
 * near: at most two letters wrong, missing, too many or swapped.
 */
const char *suggest_nearest(const char *word, const char *const *candidates, size_t n);

#endif
