/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter lint: can a sender aim this filter at somebody else? */
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "filter.h"
#include "match/lint.h"
#include "output.h"

static int lint_one(const char *name, char *const *dirs, struct diag *diag, struct lint_result *result)
{
	struct loaded_filter f = { 0 };
	int status = filter_open(name, dirs, diag, &f);

	if (status == CTL_OK) {
		size_t errors = diag->errors;
		int r = lint_run(f.matcher, 0, diag, result);

		status = r < 0 || diag->errors > errors ? CTL_FAILED : CTL_OK;
	}
	filter_close(&f);
	return status;
}

static json_t *result_json(const char *name, int status, const struct diag *diag, const struct lint_result *r)
{
	return json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "filter", output_string(name), "ok",
			 status == CTL_OK, "patterns", (json_int_t)r->patterns, "examples",
			 (json_int_t)r->examples, "rewrites", (json_int_t)r->rewrites, "several",
			 (json_int_t)r->several, "lost", (json_int_t)r->lost, "errors",
			 (json_int_t)diag->errors, "mistakes", filter_diag_json(diag));
}

static void result_text(const char *name, int status, const struct diag *diag, const struct lint_result *r)
{
	char shown[80];

	diag_print(diag, stderr);
	output_safe(name, shown, sizeof(shown));
	if (status == CTL_NOT_FOUND)
		return;
	if (status == CTL_OK)
		printf("%s: cannot be aimed: ", shown);
	else
		printf("%s: FAILED, %zu mistake%s: ", shown, diag->errors, diag->errors == 1 ? "" : "s");
	printf("%u examples of %u patterns, %u hostile lines; %u of them count against nobody, %u are not "
	       "matched\n",
	       r->examples, r->patterns, r->rewrites, r->several, r->lost);
}

int filter_lint(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	int status = CTL_OK;
	char **names;
	json_t *array;
	size_t i;

	if (filter_no_options(argc, argv) != CTL_OK)
		return CTL_USAGE;
	/* Lines that hit a limit are told by the lint. */
	log_set_level(LOG_ERR);
	names = filter_chosen(dirs, argc, argv);
	array = json_array();
	for (i = 0; names && names[i]; i++) {
		struct diag diag = DIAG_INIT;
		struct lint_result result = { 0 };
		int one = lint_one(names[i], dirs, &diag, &result);

		if (ctl->json)
			json_array_append_new(array, result_json(names[i], one, &diag, &result));
		else
			result_text(names[i], one, &diag, &result);
		status = status == CTL_OK ? one : status;
		diag_done(&diag);
	}
	if (ctl->json)
		output_json(array);
	else
		json_decref(array);
	filter_names_free(names);
	return status;
}
