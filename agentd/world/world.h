/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WORLD_WORLD_H
#define SIPWARDEN_WORLD_WORLD_H

#include "config/config.h"
#include "config/filter.h"
#include "match/match.h"

/*
 * All that a config leads to and that a reload replaces as one: the config
 * itself and the filters of its inputs, loaded and compiled. The agent runs it;
 * "sipwarden check" and "sipwardend --check" look at it.
 */
struct world {
	struct config *cfg;
	struct filter **filters; /* each once */
	size_t n_filters;
	struct matcher **matchers; /* of each input */
};

/* Takes over cfg, also on failure; all mistakes go to diag. Returns 0, -EINVAL,
 * -ENOENT (a filter is not there), -ENOMEM. */
int world_load(struct config *cfg, struct diag *diag, struct world **ret);
struct world *world_free(struct world *w);
/* Runs the examples of all filters; failures go to diag. Returns how many were run. */
unsigned world_test(const struct world *w, struct diag *diag);

#endif
