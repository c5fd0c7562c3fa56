/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_SIMULATE_H
#define SIPWARDEN_CTL_SIMULATE_H

#include "ctl.h"
#include "replay/replay.h"

/* Between simulate.c (the command line), simulate_print.c (one run) and simulate_compare.c (two). */

/* Print each decision as it comes; ctl is the userdata. */
extern const struct replay_callbacks simulate_print_callbacks; /* userdata to be set */

void simulate_summary(const struct ctl *ctl, const struct replay *r);

/* What r does otherwise than against; both have run. summary: also with --json. */
void simulate_compare(const struct ctl *ctl, const struct replay *r, const struct replay *against,
		      const char *against_path, bool summary);

#endif
