/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/filter.h"

int agent_config(const struct agent_options *options, struct diag *diag, struct config **ret)
{
	struct config *cfg;
	int r = config_load(options->config_path, diag, &cfg);

	if (r < 0)
		return r;
	if (options->socket) {
		free(cfg->socket);
		cfg->socket = strdup(options->socket);
	}
	if (options->firewall_socket) {
		free(cfg->firewall_socket);
		cfg->firewall_socket = strdup(options->firewall_socket);
	}
	if (!cfg->socket || (options->firewall_socket && !cfg->firewall_socket)) {
		config_free(cfg);
		return -ENOMEM;
	}
	*ret = cfg;
	return 0;
}

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

int world_load(const struct agent_options *options, struct diag *diag, struct world **ret)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t i;
	int r;

	if (!w)
		return -ENOMEM;
	r = agent_config(options, diag, &w->cfg);
	if (r < 0) {
		world_free(w);
		return r;
	}
	w->filters = calloc(w->cfg->n_inputs + 1, sizeof(*w->filters));
	if (!w->filters) {
		world_free(w);
		return -ENOMEM;
	}
	for (i = 0; i < w->cfg->n_inputs; i++) {
		int f;

		if (find_filter(w, w->cfg->inputs[i].filter))
			continue;
		/* Go on after a bad one: all mistakes are to be seen at once. */
		f = load_filter(w, &w->cfg->inputs[i], diag);
		if (f < 0)
			r = f;
	}
	if (r < 0 || diag->errors) {
		world_free(w);
		return r < 0 ? r : -EINVAL;
	}
	*ret = w;
	return 0;
}

struct matcher *world_matcher(const struct world *w, const char *filter)
{
	const struct world_filter *wf = find_filter(w, filter);

	return wf ? wf->matcher : NULL;
}

int agent_check(const struct agent_options *options)
{
	struct diag diag = DIAG_INIT;
	struct world *w = NULL;
	int r = world_load(options, &diag, &w);
	size_t i;

	for (i = 0; w && i < w->n_filters; i++)
		matcher_test(w->filters[i].matcher, &diag);
	diag_print(&diag, stderr);
	if (r == 0 && diag.errors)
		r = -EINVAL;
	if (r == 0 && w)
		printf("%s: no mistakes; %zu inputs, %zu filters, %zu rules, %zu exemptions\n",
		       options->config_path, w->cfg->n_inputs, w->n_filters, w->cfg->n_rules, w->cfg->n_exempt);
	world_free(w);
	diag_done(&diag);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
