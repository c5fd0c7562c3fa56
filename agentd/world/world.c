/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct world *world_free(struct world *w)
{
	size_t i;

	if (!w)
		return NULL;
	for (i = 0; i < w->n_filters; i++) {
		matcher_free(w->filters[i].matcher);
		filter_free(w->filters[i].filter);
	}
	free(w->filters);
	config_free(w->cfg);
	free(w);
	return NULL;
}

static struct world_filter *find_filter(const struct world *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		if (strcmp(w->filters[i].filter->name, name) == 0)
			return &w->filters[i];
	return NULL;
}

static int load_filter(struct world *w, const struct config_input *input, struct diag *diag)
{
	struct world_filter *wf = &w->filters[w->n_filters];
	int r;

	r = filter_load(input->filter, w->cfg->filter_dirs, diag, &wf->filter);
	if (r == -ENOENT)
		diag_error(diag, input->file, input->line, "set filter = one of 'sipwarden filter list'",
			   "input '%s' asks for it", input->name);
	if (r < 0)
		return r;
	r = matcher_new(wf->filter, diag, &wf->matcher);
	if (r < 0) {
		wf->filter = filter_free(wf->filter);
		return r;
	}
	w->n_filters++;
	return 0;
}

int world_load(struct config *cfg, struct diag *diag, struct world **ret)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t i, errors = diag->errors;
	int r = 0;

	if (w) {
		w->cfg = cfg;
		w->filters = calloc(cfg->n_inputs + 1, sizeof(*w->filters));
	}
	if (!w || !w->filters) {
		config_free(cfg);
		free(w);
		return -ENOMEM;
	}
	for (i = 0; i < cfg->n_inputs; i++) {
		int f;

		if (find_filter(w, cfg->inputs[i].filter))
			continue;
		/* Go on after a bad one: all mistakes are to be seen at once. */
		f = load_filter(w, &cfg->inputs[i], diag);
		if (f < 0)
			r = f;
	}
	if (r < 0 || diag->errors > errors) {
		world_free(w);
		return r < 0 ? r : -EINVAL;
	}
	*ret = w;
	return 0;
}

unsigned world_test(const struct world *w, struct diag *diag)
{
	unsigned examples = 0;
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		examples += matcher_test(w->filters[i].matcher, diag);
	return examples;
}

struct matcher *world_matcher(const struct world *w, const char *filter)
{
	const struct world_filter *wf = find_filter(w, filter);

	return wf ? wf->matcher : NULL;
}
