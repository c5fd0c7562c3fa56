/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: everything that sipwardend would refuse, all at once, without running it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "ctl.h"
#include "config/config.h"
#include "config/filter.h"
#include "match/match.h"
#include "output.h"
#include "usage.h"

/* The filter of an input, unless an earlier input has it: then it was looked at. */
static bool is_first_use(const struct config *cfg, size_t input)
{
	size_t i;

	for (i = 0; i < input; i++)
		if (cfg->inputs[i].filter && strcmp(cfg->inputs[i].filter, cfg->inputs[input].filter) == 0)
			return false;
	return true;
}

static unsigned check_filter(const char *name, char *const *dirs, struct diag *diag)
{
	struct filter *f = NULL;
	struct matcher *m = NULL;
	unsigned examples = 0;

	if (filter_load(name, dirs, diag, &f) == 0 && matcher_new(f, diag, &m) == 0)
		examples = matcher_test(m, diag);
	matcher_free(m);
	filter_free(f);
	return examples;
}

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

int cmd_check(struct ctl *ctl, int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	unsigned examples = 0, filters = 0;
	size_t i, errors;
	int r;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	r = config_load(ctl->config_path, &diag, &cfg);
	for (i = 0; r >= 0 && i < cfg->n_inputs; i++) {
		if (!is_first_use(cfg, i))
			continue;
		examples += check_filter(cfg->inputs[i].filter, cfg->filter_dirs, &diag);
		filters++;
	}
	errors = diag.errors;
	if (ctl->json) {
		output_json(json_pack("{s:b, s:o}", "ok", errors == 0, "mistakes", diag_json(&diag)));
	} else {
		diag_print(&diag, stderr);
		if (errors == 0)
			printf("%s: no mistakes; %zu inputs, %u filters with %u examples, %zu rules, %zu exemptions\n",
			       ctl->config_path, cfg->n_inputs, filters, examples, cfg->n_rules, cfg->n_exempt);
		else
			fprintf(stderr, "%zu mistakes\n", errors);
	}
	diag_done(&diag);
	config_free(cfg);
	return errors ? CTL_FAILED : CTL_OK;
}
