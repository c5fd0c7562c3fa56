/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: everything that sipwardend would refuse, all at once, without running it. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "calls/calls.h"
#include "ctl.h"
#include "output.h"
#include "usage.h"
#include "world/world.h"

static json_t *diag_json(const struct diag *diag)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < diag->count; i++) {
		const struct diag_entry *e = &diag->entries[i];

		json_array_append_new(array, json_pack("{s:s, s:o, s:I, s:o, s:o}", "severity",
						       e->severity == LOG_ERR ? "error" : "warning", "file",
						       output_string(e->file), "line", (json_int_t)e->line, "text",
						       output_string(e->text), "hint",
						       e->hint ? output_string(e->hint) : json_null()));
	}
	return array;
}

static void tell(const struct ctl *ctl, const struct diag *diag, const struct world *w, unsigned examples)
{
	diag_print(diag, stderr);
	if (diag->errors)
		fprintf(stderr, "%zu mistake%s\n", diag->errors, diag->errors == 1 ? "" : "s");
	else if (w)
		printf("%s: no mistakes; %zu inputs, %zu filters with %u examples, %zu rules, %zu exemptions\n",
		       ctl->config_path, w->cfg->n_inputs, w->n_filters, examples, w->cfg->n_rules, w->cfg->n_exempt);
}

/* A log may come later, so that is no mistake; but a path with a typo looks the same. */
static void warn_of_missing(const struct config *cfg, struct diag *diag)
{
	size_t i;

	for (i = 0; i < cfg->n_inputs; i++) {
		const struct config_input *in = &cfg->inputs[i];
		char **path;

		for (path = in->paths; path && *path; path++) {
			glob_t found = { 0 };

			if (glob(*path, 0, NULL, &found) != 0)
				diag_warning(diag, in->file, in->line, "correct the path, or let the gateway write there",
					     "input '%s' waits for %s, which is not there, or hidden from you", in->name,
					     *path);
			globfree(&found);
		}
	}
}

int cmd_check(struct ctl *ctl, int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	struct world *w = NULL;
	unsigned examples = 0;
	int r;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	r = config_load(ctl->config_path, &diag, &cfg);
	if (r >= 0)
		r = world_load(cfg, &diag, &w);
	if (r >= 0) {
		examples = world_test(w, &diag);
		warn_of_missing(cfg, &diag);
		calls_check(cfg, &diag);
	}
	if (ctl->json)
		output_json(json_pack("{s:b, s:o}", "ok", r >= 0 && diag.errors == 0, "mistakes", diag_json(&diag)));
	else
		tell(ctl, &diag, w, examples);
	r = r < 0 || diag.errors ? CTL_FAILED : CTL_OK;
	diag_done(&diag);
	world_free(w);
	return r;
}
