/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AGENT_H
#define SIPWARDEN_AGENT_H

#include "config/config.h"

/* What the command line changes of the config, now and at every reload. */
struct agent_options {
	const char *config_path;
	const char *socket;          /* NULL: the config's */
	const char *firewall_socket; /* NULL: the config's */
};

/* config_load() with the command line applied. Mistakes go to diag. */
int agent_config(const struct agent_options *options, struct diag *diag, struct config **ret);

/* Config, filters and their examples, checked without running anything; all
 * mistakes are printed to standard error. Returns an exit status. */
int agent_check(const struct agent_options *options);

/* The agent, from start to SIGTERM. Returns an exit status. */
int agent_run(const struct agent_options *options);

#endif
