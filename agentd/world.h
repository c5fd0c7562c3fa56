/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WORLD_H
#define SIPWARDEN_WORLD_H

#include "agent.h"
#include "match/match.h"

/*
 * All that a config leads to and that a reload replaces as one: the config
 * itself and the filters of its inputs, loaded and compiled.
 */
struct world_filter {
	struct filter *filter;
	struct matcher *matcher;
};

struct world {
	struct config *cfg;
	struct world_filter *filters; /* each filter once */
	size_t n_filters;
};

/* Loads everything; all mistakes go to diag. Returns 0, -EINVAL, -ENOMEM, … */
int world_load(const struct agent_options *options, struct diag *diag, struct world **ret);
struct world *world_free(struct world *w);
/* The matcher of that filter; never NULL for a filter that an input names. */
struct matcher *world_matcher(const struct world *w, const char *filter);

#endif
