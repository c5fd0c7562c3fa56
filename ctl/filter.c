/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter: which verb it is, where filters are; list and test. The code that runs in the agent, offline. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "config/value.h"
#include "filter.h"
#include "output.h"
#include "usage.h"

/* Run from a source tree, before it is installed, its own filters count, too: last. */
static void add_source_tree(char ***dirs)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	_cleanup_free_ char *path = NULL;

	if (n <= 0)
		return;
	exe[n] = '\0';
	if (!strstr(exe, "/build/"))
		return;
	path = text_printf("%s/../../filters", dirname(exe));
	if (path && access(path, R_OK) == 0)
		strings_add(dirs, realpath(path, NULL));
}

/* Where filters are: --filter-dir, else the config's, else the built-in places. */
static char **find_dirs(const struct ctl *ctl, char **given)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	char **dirs = NULL;

	if (given)
		return given;
	/* Filters can be tested before there is a good config. */
	if (config_load(ctl->config_path, &diag, &cfg) < 0) {
		diag_done(&diag);
		config_load_text("built in", "", 0, &diag, &cfg);
	}
	if (cfg) {
		dirs = cfg->filter_dirs;
		cfg->filter_dirs = NULL;
		add_source_tree(&dirs);
	}
	config_free(cfg);
	diag_done(&diag);
	return dirs;
}

int filter_open(const char *name, char *const *dirs, struct diag *diag, struct loaded_filter *ret)
{
	int r = filter_load(name, dirs, diag, &ret->filter);

	if (r >= 0)
		r = matcher_new(ret->filter, diag, &ret->matcher);
	if (r == -ENOENT)
		return CTL_NOT_FOUND;
	return r < 0 ? CTL_FAILED : CTL_OK;
}

void filter_close(struct loaded_filter *f)
{
	matcher_free(f->matcher);
	filter_free(f->filter);
}

json_t *filter_diag_json(const struct diag *diag)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < diag->count; i++) {
		const struct diag_entry *e = &diag->entries[i];

		json_array_append_new(array, json_pack("{s:s, s:o, s:I, s:o, s:o}", "severity",
						       e->severity == LOG_ERR ? "error" : "warning", "file",
						       output_string(e->file), "line", (json_int_t)e->line,
						       "text", output_string(e->text), "hint",
						       e->hint ? output_string(e->hint) : json_null()));
	}
	return array;
}

/* list */

static json_t *filter_json(const struct filter *f)
{
	return json_pack("{s:s, s:I, s:o, s:o}", "name", f->name, "patterns", (json_int_t)f->n_patterns,
			 "path", output_string(f->path), "description",
			 output_string(f->description ? f->description : ""));
}

static void add_row(struct table *t, const struct filter *f)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", f->n_patterns);
	output_table_add(t, f->name);
	output_table_add(t, number);
	output_table_add(t, f->path);
	output_table_add(t, f->description ? f->description : "");
}

static void list_all(const struct ctl *ctl, char *const *dirs, char *const *names, struct diag *diag)
{
	static const char *const headers[] = { "FILTER", "PATTERNS", "FROM", "DESCRIPTION", NULL };
	json_t *array = ctl->json ? json_array() : NULL;
	struct table t;

	output_table_begin(&t, headers);
	for (; *names; names++) {
		struct filter *f = NULL;

		if (filter_load(*names, dirs, diag, &f) < 0)
			continue;
		if (array)
			json_array_append_new(array, filter_json(f));
		else
			add_row(&t, f);
		filter_free(f);
	}
	if (array)
		output_json(array);
	else
		output_table_print(&t);
}

static int filter_list(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	char **names = NULL;
	int status;

	if (argc > 1)
		return usage_error("filter", "list takes no argument", argv[1]);
	if (filter_names(dirs, &names) < 0)
		return CTL_FAILED;
	list_all(ctl, dirs, names, &diag);
	diag_print(&diag, stderr);
	status = diag.errors ? CTL_FAILED : CTL_OK;
	diag_done(&diag);
	filter_names_free(names);
	return status;
}

/* test */

static int test_one(const char *name, char *const *dirs, struct diag *diag, unsigned *examples)
{
	struct loaded_filter f = { 0 };
	int status = filter_open(name, dirs, diag, &f);

	if (status == CTL_OK) {
		size_t errors = diag->errors;

		*examples = matcher_test(f.matcher, diag);
		status = diag->errors > errors ? CTL_FAILED : CTL_OK;
	}
	filter_close(&f);
	return status;
}

static void tell_failed(const char *name, unsigned examples, const struct diag *diag)
{
	char shown[80];

	printf("%s: FAILED: %zu mistake%s", output_safe(name, shown, sizeof(shown)), diag->errors,
	       diag->errors == 1 ? "" : "s");
	if (examples > 0)
		printf(" in %u examples", examples);
	putchar('\n');
}

char **filter_chosen(char *const *dirs, int argc, char **argv)
{
	char **names = NULL;
	int i;

	if (argc <= 1)
		return filter_names(dirs, &names) < 0 ? NULL : names;
	for (i = 1; i < argc; i++)
		strings_add(&names, strdup(argv[i]));
	return names;
}

static int filter_test(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	char **names;
	json_t *array;
	int status = CTL_OK;
	size_t i;

	if (filter_no_options(argc, argv) != CTL_OK)
		return CTL_USAGE;
	names = filter_chosen(dirs, argc, argv);
	array = json_array();
	for (i = 0; names && names[i]; i++) {
		struct diag diag = DIAG_INIT;
		unsigned examples = 0;
		int one = test_one(names[i], dirs, &diag, &examples);

		diag_print(&diag, stderr);
		json_array_append_new(array,
				      json_pack("{s:o, s:b, s:I, s:I}", "filter", output_string(names[i]),
						"ok", one == CTL_OK, "examples", (json_int_t)examples,
						"errors", (json_int_t)diag.errors));
		if (!ctl->json && one == CTL_OK)
			printf("%s: %u examples, all as expected\n", names[i], examples);
		else if (!ctl->json)
			tell_failed(names[i], examples, &diag);
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

static const struct verb {
	const char *name;
	int (*run)(const struct ctl *ctl, char *const *dirs, int argc, char **argv);
} verbs[] = {
	{ "list", filter_list },
	{ "test", filter_test },
	{ "match", filter_match },
	{ "lint", filter_lint },
	{ "new", filter_new },
	{ "import", filter_import },
};

/* Takes --filter-dir out of argv, wherever it stands. Returns what is left, or -1: its value is missing. */
static int take_dirs(int argc, char **argv, char ***dirs)
{
	static const char option[] = "--filter-dir";
	const size_t n = sizeof(option) - 1;
	int i, kept = 0;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], option, n) != 0 || (argv[i][n] != '\0' && argv[i][n] != '=')) {
			argv[kept++] = argv[i];
			continue;
		}
		if (argv[i][n] == '\0' && i + 1 >= argc)
			return -1;
		strings_add(dirs, strdup(argv[i][n] == '=' ? argv[i] + n + 1 : argv[++i]));
	}
	for (; i < argc; i++)
		argv[kept++] = argv[i];
	argv[kept] = NULL;
	return kept;
}

int filter_no_options(int argc, char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };

	optind = 0;
	return getopt_long(argc, argv, "", none, NULL) < 0 ? CTL_OK : CTL_USAGE;
}

static int run(const struct verb *verb, const struct ctl *ctl, char **given, int argc, char **argv)
{
	char **dirs = find_dirs(ctl, given);
	int status;

	if (!dirs)
		return CTL_FAILED;
	status = verb->run(ctl, dirs, argc, argv);
	strings_free(dirs);
	return status;
}

int cmd_filter(struct ctl *ctl, int argc, char **argv)
{
	char **given = NULL;
	size_t i;

	argc = take_dirs(argc, argv, &given);
	for (i = 0; argc > 1 && i < ELEMENTSOF(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return run(&verbs[i], ctl, given, argc - 1, argv + 1);
	strings_free(given);
	return usage_error("filter",
			   argc < 0 ? "needs a directory after --filter-dir" :
				      "needs one of list, test, match, lint, new, import",
			   argc > 1 ? argv[1] : NULL);
}
