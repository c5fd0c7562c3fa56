/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: everything that sipwardend would refuse, all at once, without running it. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "calls/calls.h"
#include "ctl.h"
#include "output.h"
#include "report_rates.h"
#include "report_record.h"
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

static bool is_there(const char *pattern)
{
	glob_t found = { 0 };
	const bool there = glob(pattern, 0, NULL, &found) == 0;

	globfree(&found);
	return there;
}

/* A log may come later, so that is no mistake; but a path with a typo looks the same. */
static void warn_of_missing(const struct config *cfg, struct diag *diag)
{
	size_t i;

	for (i = 0; i < cfg->n_inputs; i++) {
		const struct config_input *in = &cfg->inputs[i];
		char **path;

		for (path = in->paths; path && *path; path++)
			if (!is_there(*path))
				diag_warning(diag, in->file, in->line, "correct the path, or let the gateway write there",
					     "input '%s' waits for %s, which is not there, or hidden from you", in->name,
					     *path);
	}
}

/* sipwardend does not read what only a report needs, so nothing here keeps it from starting. */
static void warn_of_rates(const struct config_report *report, struct diag *diag)
{
	struct diag found = DIAG_INIT;
	struct rates *rates = NULL;
	size_t i;

	rates_load(report->rates, &found, &rates);
	for (i = 0; i < found.count; i++) {
		_cleanup_free_ char *what = diag_text(&found.entries[i]);

		diag_warning(diag, report->rates_at.file, report->rates_at.line, NULL, "no report can be made: %s",
			     what ? what : "out of memory");
	}
	rates_free(rates);
	diag_done(&found);
}

static void warn_of_report(const struct config_report *report, struct diag *diag)
{
	char **path;

	for (path = report->records; path && *path; path++)
		if (!is_there(*path))
			diag_warning(diag, report->records_at.file, report->records_at.line,
				     "correct the path, or let the gateway write there",
				     "a report would read %s, which is not there, or hidden from you", *path);
	if (report->record_format && !record_format_find(report->record_format))
		diag_warning(diag, report->record_format_at.file, report->record_format_at.line,
			     "sipwarden(8) lists them; without the line, it is found from the records",
			     "no report can be made: there is no record format '%s'", report->record_format);
	if (report->rates)
		warn_of_rates(report, diag);
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
		warn_of_report(&cfg->report, &diag);
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
