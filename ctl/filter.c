/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter list, test, match: the code that runs in the agent, offline. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "config/filter.h"
#include "config/value.h"
#include "ctl.h"
#include "filter.h"
#include "match/match.h"
#include "output.h"
#include "usage.h"

/* Run from a source tree, before it is installed, its own filters count, too: last. */
static void add_source_tree(char ***dirs)
{
	char exe[PATH_MAX], *path;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return;
	exe[n] = '\0';
	path = text_printf("%s/../../filters", dirname(exe));
	if (path && strstr(path, "/build/") && access(path, R_OK) == 0)
		strings_add(dirs, path);
	else
		free(path);
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

/* list */

static int list(const struct ctl *ctl, char *const *dirs)
{
	static const char *const headers[] = { "FILTER", "PATTERNS", "FROM", "DESCRIPTION", NULL };
	struct diag diag = DIAG_INIT;
	json_t *array = json_array();
	char **names = NULL, number[24];
	struct table t;
	size_t i;

	output_table_begin(&t, headers);
	if (filter_names(dirs, &names) < 0)
		return CTL_FAILED;
	for (i = 0; names[i]; i++) {
		struct filter *f = NULL;

		if (filter_load(names[i], dirs, &diag, &f) < 0)
			continue;
		json_array_append_new(array, json_pack("{s:s, s:I, s:o, s:o}", "name", f->name, "patterns",
						       (json_int_t)f->n_patterns, "path", output_string(f->path),
						       "description", output_string(f->description ? f->description : "")));
		snprintf(number, sizeof(number), "%zu", f->n_patterns);
		output_table_add(&t, f->name);
		output_table_add(&t, number);
		output_table_add(&t, f->path);
		output_table_add(&t, f->description ? f->description : "");
		filter_free(f);
	}
	diag_print(&diag, stderr);
	if (ctl->json)
		output_json(array);
	else
		output_table_print(&t);
	if (!ctl->json)
		json_decref(array);
	i = diag.errors;
	diag_done(&diag);
	filter_names_free(names);
	return i ? CTL_FAILED : CTL_OK;
}

/* test */

static int test_one(const char *name, char *const *dirs, struct diag *diag, unsigned *examples)
{
	struct filter *f = NULL;
	struct matcher *m = NULL;
	size_t errors = diag->errors;
	int r = filter_load(name, dirs, diag, &f);

	if (r >= 0)
		r = matcher_new(f, diag, &m);
	if (r >= 0)
		*examples = matcher_test(m, diag);
	matcher_free(m);
	filter_free(f);
	if (r == -ENOENT)
		return CTL_NOT_FOUND;
	return r < 0 || diag->errors > errors ? CTL_FAILED : CTL_OK;
}

static int test(const struct ctl *ctl, char *const *dirs, int n, char **names)
{
	char **all = NULL;
	json_t *array = json_array();
	int i, status = CTL_OK;

	if (n == 0 && filter_names(dirs, &all) == 0) {
		names = all;
		n = (int)strings_count(all);
	}
	for (i = 0; i < n; i++) {
		struct diag diag = DIAG_INIT;
		unsigned examples = 0;
		int one = test_one(names[i], dirs, &diag, &examples);

		diag_print(&diag, stderr);
		json_array_append_new(array, json_pack("{s:o, s:b, s:I, s:I}", "filter", output_string(names[i]), "ok",
						       one == CTL_OK, "examples", (json_int_t)examples, "errors",
						       (json_int_t)diag.errors));
		if (!ctl->json && one == CTL_OK)
			printf("%s: %u examples, all as expected\n", names[i], examples);
		status = status == CTL_OK ? one : status;
		diag_done(&diag);
	}
	if (ctl->json)
		output_json(array);
	else
		json_decref(array);
	filter_names_free(all);
	return status;
}

/* match */

static json_t *span_json(struct span s)
{
	_cleanup_free_ char *utf8 = s.ptr ? text_to_utf8(s) : NULL;

	return utf8 ? json_string(utf8) : json_null();
}

static json_t *also_json(const struct event *e)
{
	json_t *array = json_array();
	unsigned c;

	for (c = 1; c < CLASS_COUNT; c++)
		if ((e->classes & CLASS_BIT(c)) && c != e->class)
			json_array_append_new(array, json_string(class_name((enum event_class)c)));
	return array;
}

/* A line that can be read in several ways is evidence of nothing: its addresses are not told. */
static json_t *event_json(unsigned long line, const struct event *e)
{
	char addr[ADDR_TEXT_MAX];
	json_t *o;

	if (!e)
		return json_pack("{s:I, s:n}", "line", (json_int_t)line, "class");
	if (e->n_addrs != 1)
		return json_pack("{s:I, s:n, s:b, s:s}", "line", (json_int_t)line, "class", "crafted", 1, "pattern",
				 e->pattern);
	o = json_pack("{s:I, s:s, s:s, s:o, s:s}", "line", (json_int_t)line, "class", class_name(e->class), "address",
		      addr_format(&e->addrs[0], addr), "user", span_json(e->user), "pattern", e->pattern);
	if (e->classes != CLASS_BIT(e->class))
		json_object_set_new(o, "also", also_json(e));
	return o;
}

static void event_text(unsigned long line, const struct event *e)
{
	char addr[ADDR_TEXT_MAX], user[200] = "-";

	if (!e) {
		printf("%lu: no match\n", line);
	} else if (e->n_addrs != 1) {
		printf("%lu: crafted: pattern %s reads it as %zu addresses; it counts against nobody\n", line, e->pattern,
		       e->n_addrs);
	} else {
		if (e->user.ptr)
			text_escape(e->user, user, sizeof(user));
		printf("%lu: %s from %s, user %s, by pattern %s\n", line, class_name(e->class),
		       addr_format(&e->addrs[0], addr), user, e->pattern);
	}
}

static void match_line(const struct ctl *ctl, struct matcher *m, char *text, size_t len, unsigned long number)
{
	struct event e;
	bool matched;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len > MATCH_LINE_MAX)
		len = MATCH_LINE_MAX;
	matched = matcher_line(m, text, len, &e);
	if (ctl->json)
		output_json(event_json(number, matched ? &e : NULL));
	else
		event_text(number, matched ? &e : NULL);
}

static void match_stream(const struct ctl *ctl, struct matcher *m, FILE *in, unsigned long *number)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&text, &size, in)) >= 0)
		match_line(ctl, m, text, (size_t)len, ++*number);
}

static int match_files(const struct ctl *ctl, struct matcher *m, int n, char **paths)
{
	unsigned long number = 0;
	int i, status = CTL_OK;

	if (n == 0)
		match_stream(ctl, m, stdin, &number);
	for (i = 0; i < n; i++) {
		_cleanup_fclose_ FILE *f = strcmp(paths[i], "-") == 0 ? fdopen(dup(0), "re") : fopen(paths[i], "re");

		if (!f) {
			fprintf(stderr, "sipwarden: %s: %s\n", paths[i], strerror(errno));
			status = CTL_FAILED;
			continue;
		}
		match_stream(ctl, m, f, &number);
	}
	return status;
}

static int match(const struct ctl *ctl, char *const *dirs, const char *name, int n, char **paths)
{
	struct diag diag = DIAG_INIT;
	struct filter *f = NULL;
	struct matcher *m = NULL;
	int status = CTL_OK, r = filter_load(name, dirs, &diag, &f);

	if (r >= 0)
		r = matcher_new(f, &diag, &m);
	diag_print(&diag, stderr);
	diag_done(&diag);
	if (r >= 0)
		status = match_files(ctl, m, n, paths);
	matcher_free(m);
	filter_free(f);
	if (r == -ENOENT)
		return CTL_NOT_FOUND;
	return r < 0 ? CTL_FAILED : status;
}

static int run(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return list(ctl, dirs);
	if (argc >= 1 && strcmp(argv[0], "test") == 0)
		return test(ctl, dirs, argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[0], "match") == 0)
		return match(ctl, dirs, argv[1], argc - 2, argv + 2);
	if (argc >= 1 && strcmp(argv[0], "import") == 0)
		return filter_import(ctl, dirs, argc, argv);
	return usage_error("filter", "needs: list, test [NAME…], match NAME [FILE…] or import FILE", NULL);
}

int cmd_filter(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "filter-dir", required_argument, NULL, 'd' }, { NULL, 0, NULL, 0 } };
	char **given = NULL, **dirs;
	int c, status;

	/* import has options of its own behind it. */
	while ((c = getopt_long(argc, argv, argc > 1 && strcmp(argv[1], "import") == 0 ? "+" : "", options, NULL)) >= 0) {
		if (c != 'd' || strings_add(&given, strdup(optarg)) < 0) {
			strings_free(given);
			return CTL_USAGE;
		}
	}
	dirs = find_dirs(ctl, given);
	if (!dirs)
		return CTL_FAILED;
	status = run(ctl, dirs, argc - optind, argv + optind);
	strings_free(dirs);
	return status;
}
