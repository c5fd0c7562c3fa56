/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The config as the command line changes it, and sipwardend --check. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "calls/calls.h"
#include "world/world.h"

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

int agent_check(const struct agent_options *options)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	struct world *w = NULL;
	int r = agent_config(options, &diag, &cfg);

	if (r >= 0)
		r = world_load(cfg, &diag, &w);
	if (r >= 0) {
		world_test(w, &diag);
		calls_check(cfg, &diag);
	}
	diag_print(&diag, stderr);
	if (r >= 0 && diag.errors == 0)
		printf("%s: no mistakes; %zu inputs, %zu filters, %zu rules, %zu exemptions\n", options->config_path,
		       w->cfg->n_inputs, w->n_filters, w->cfg->n_rules, w->cfg->n_exempt);
	r = r < 0 || diag.errors ? EXIT_FAILURE : EXIT_SUCCESS;
	world_free(w);
	diag_done(&diag);
	return r;
}
