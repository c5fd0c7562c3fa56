/* SPDX-License-Identifier: GPL-2.0-or-later */
/* simulate: what a configuration would have done with the logs of the past. */
#include "simulate.h"

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "moment.h"
#include "output.h"
#include "usage.h"

/* Files of one run, with those that patterns stand for. */
#define FILES_MAX 4096
/* Lines of --seen. */
#define SEEN_MAX 1000000

struct log_choice {
	char *input;
	char *path; /* NULL: the journal */
};

struct simulation {
	struct ctl *ctl;
	const char *against; /* NULL: none */
	const char *seen;    /* NULL: none */
	bool summary;
	struct replay_options options;
	struct log_choice *logs;
	size_t n_logs;
};

/* A configuration and what came of it. */
struct trial {
	struct world *world;
	struct replay *replay;
	bool ran; /* perhaps not over all of each log */
};

/* The command line */

static int add_log(struct simulation *s, const char *input, size_t input_len, const char *path)
{
	struct log_choice *longer = reallocarray(s->logs, s->n_logs + 1, sizeof(*longer)), *log;

	if (!longer || s->n_logs == FILES_MAX)
		return -ENOMEM;
	s->logs = longer;
	log = &s->logs[s->n_logs++];
	log->input = strndup(input, input_len);
	log->path = path ? strdup(path) : NULL;
	return log->input && (log->path || !path) ? 0 : -ENOMEM;
}

/* In NAME=FILE, the shell leaves patterns as they are. One that stands for nothing is taken as a name. */
static int add_files(struct simulation *s, const char *input, size_t input_len, const char *path)
{
	glob_t found = { 0 };
	size_t i;
	int r = 0;

	if (access(path, F_OK) == 0 || glob(path, 0, NULL, &found) != 0)
		return add_log(s, input, input_len, path);
	for (i = 0; r >= 0 && i < found.gl_pathc; i++)
		r = add_log(s, input, input_len, found.gl_pathv[i]);
	globfree(&found);
	return r;
}

static int take_input(struct simulation *s, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0;
	int r;

	if (len == 0 || equals[1] == '\0')
		return usage_error("simulate", "--input takes NAME=FILE or NAME=journal, not", text);
	if (strcmp(equals + 1, "journal") == 0)
		r = add_log(s, text, len, NULL);
	else
		r = add_files(s, text, len, equals + 1);
	if (r >= 0)
		return CTL_OK;
	fprintf(stderr, "sipwarden: more than %d logs, or out of memory\n", FILES_MAX);
	return CTL_FAILED;
}

static int take_moment(const char *option, const char *text, usec_t *ret)
{
	if (moment_parse(text, time_now(), ret) >= 0)
		return CTL_OK;
	usage_error("simulate", option, text);
	fputs("A moment is written as " MOMENT_FORMS "\n", stderr);
	return CTL_USAGE;
}

static int take_option(struct simulation *s, int c)
{
	switch (c) {
	case 'i':
		return take_input(s, optarg);
	case 's':
		return take_moment("--since cannot be", optarg, &s->options.since);
	case 'u':
		return take_moment("--until cannot be", optarg, &s->options.until);
	case 'a':
		s->against = optarg;
		return CTL_OK;
	case 'S':
		s->seen = optarg;
		return CTL_OK;
	case 'm':
		s->summary = true;
		return CTL_OK;
	default:
		return CTL_USAGE; /* getopt_long() has told */
	}
}

static int take_options(struct simulation *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "input", required_argument, NULL, 'i' },   { "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },   { "against", required_argument, NULL, 'a' },
		{ "seen", required_argument, NULL, 'S' },    { "summary", no_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = CTL_OK;

	optind = 0;
	while (status == CTL_OK && (c = getopt_long(argc, argv, "i:", options, NULL)) >= 0)
		status = take_option(s, c);
	if (status != CTL_OK)
		return status;
	if (optind < argc)
		return usage_error("simulate", "takes logs only as --input NAME=FILE, not", argv[optind]);
	if (s->n_logs == 0)
		return usage_error("simulate", "needs at least one --input NAME=FILE", NULL);
	if (s->options.since > s->options.until)
		return usage_error("simulate", "has --since later than --until", NULL);
	return CTL_OK;
}

/* A log that is gone once it is read cannot be read for two configurations. */
static int refuse_streams(const struct simulation *s)
{
	struct stat st;
	size_t i;

	for (i = 0; s->against && i < s->n_logs; i++) {
		const char *path = s->logs[i].path;

		if (!path || (strcmp(path, "-") != 0 && (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode))))
			continue;
		return usage_error("simulate", "--against reads each log twice; write this one to a file first:", path);
	}
	return CTL_OK;
}

/* --seen */

static int take_seen(const struct simulation *s, struct span line, unsigned long number, struct addr *ret)
{
	char shown[80];

	if (addr_parse(line.ptr, line.len, ret) >= 0)
		return CTL_OK;
	fprintf(stderr, "sipwarden: %s:%lu: '%s' is no address; one address a line, '#' begins a comment\n", s->seen, number,
		text_escape(line, shown, sizeof(shown)));
	return CTL_FAILED;
}

static int read_seen(const struct simulation *s, FILE *f, struct addr *addrs, size_t *n)
{
	_cleanup_free_ char *text = NULL;
	unsigned long number = 0;
	size_t size = 0;

	while (getline(&text, &size, f) >= 0) {
		struct span line = span_trim((struct span){ text, strcspn(text, "#\n") });

		number++;
		if (line.len == 0)
			continue;
		if (*n == SEEN_MAX) {
			fprintf(stderr, "sipwarden: %s: more than %d addresses\n", s->seen, SEEN_MAX);
			return CTL_FAILED;
		}
		if (take_seen(s, line, number, &addrs[*n]) != CTL_OK)
			return CTL_FAILED;
		(*n)++;
	}
	if (ferror(f)) {
		fprintf(stderr, "sipwarden: --seen %s: it cannot be read\n", s->seen);
		return CTL_FAILED;
	}
	return CTL_OK;
}

static int load_seen(const struct simulation *s, struct replay *r)
{
	_cleanup_free_ struct addr *addrs = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	size_t n = 0;

	if (!s->seen)
		return CTL_OK;
	f = fopen(s->seen, "re");
	if (!f) {
		fprintf(stderr, "sipwarden: --seen %s: %s\n", s->seen, strerror(errno));
		return CTL_FAILED;
	}
	addrs = calloc(SEEN_MAX, sizeof(*addrs));
	if (!addrs || read_seen(s, f, addrs, &n) != CTL_OK)
		return CTL_FAILED;
	replay_seen(r, TAKE_PTR(addrs), n);
	return CTL_OK;
}

/* Running */

static int status_of(int r)
{
	return r == -ENOENT ? CTL_NOT_FOUND : r < 0 ? CTL_FAILED : CTL_OK;
}

static int add_logs(const struct simulation *s, struct replay *r, struct diag *diag)
{
	size_t i;
	int status = CTL_OK;

	/* Go on after a bad one: all of them are to be seen at once. */
	for (i = 0; i < s->n_logs; i++) {
		int n = replay_add(r, s->logs[i].input, s->logs[i].path, diag);

		if (n == -EEXIST)
			diag_warning(diag, s->logs[i].path ? s->logs[i].path : s->logs[i].input, 0, NULL,
				     "it was given twice, and is read once");
		else if (n < 0 && status != CTL_FAILED)
			status = status_of(n);
	}
	return status;
}

static int load(const char *path, struct diag *diag, struct world **ret)
{
	struct config *cfg = NULL;
	int r = config_load(path, diag, &cfg);

	return r < 0 ? r : world_load(cfg, diag, ret);
}

static int run_trial(const struct simulation *s, const char *config, const struct replay_callbacks *callbacks,
		     struct trial *t, struct diag *diag)
{
	int status, r = load(config, diag, &t->world);

	if (r >= 0)
		r = replay_new(t->world, &s->options, callbacks, &t->replay);
	if (r < 0)
		return CTL_FAILED;
	status = load_seen(s, t->replay);
	if (status == CTL_OK)
		status = add_logs(s, t->replay, diag);
	if (status != CTL_OK)
		return status;
	/* What is amiss and no reason to stop, before the decisions. */
	diag_print(diag, stderr);
	diag_done(diag);
	t->ran = true;
	return replay_run(t->replay, diag) < 0 ? CTL_FAILED : CTL_OK;
}

static void trial_done(struct trial *t)
{
	replay_free(t->replay);
	world_free(t->world);
}

/* What makes the result another than it seems. */
static void warn_of_times(const struct replay *r, struct diag *diag)
{
	struct replay_stats stats;

	replay_stats(r, &stats);
	if (stats.future > 0)
		diag_warning(diag, "the logs", 0, "is the timezone of the input right?",
			     "%llu matching lines are dated in the future; the time of the line before counts",
			     (unsigned long long)stats.future);
	if (stats.untimed > 0)
		diag_warning(diag, "the logs", 0, "nothing can be said of windows and of when a ban ends",
			     "%llu matching lines are of a log without times, and count as of when it was last written",
			     (unsigned long long)stats.untimed);
}

static int simulate(const struct simulation *s, struct diag *diag)
{
	static const struct replay_callbacks quiet = { .ban = NULL };
	struct replay_callbacks print = simulate_print_callbacks;
	struct trial trial = { 0 }, against = { 0 };
	int status;

	print.userdata = s->ctl;
	status = run_trial(s, s->ctl->config_path, s->against ? &quiet : &print, &trial, diag);
	if (trial.ran)
		warn_of_times(trial.replay, diag);
	if (trial.ran && s->against) {
		int second = run_trial(s, s->against, &quiet, &against, diag);

		status = status == CTL_OK ? second : status;
	}
	if (against.ran)
		simulate_compare(s->ctl, trial.replay, against.replay, s->against, s->summary);
	else if (trial.ran && !s->against && (s->summary || !s->ctl->json))
		simulate_summary(s->ctl, trial.replay);
	trial_done(&trial);
	trial_done(&against);
	return status;
}

static void simulation_done(struct simulation *s)
{
	while (s->n_logs > 0) {
		free(s->logs[--s->n_logs].input);
		free(s->logs[s->n_logs].path);
	}
	free(s->logs);
}

int cmd_simulate(struct ctl *ctl, int argc, char **argv)
{
	struct simulation s = { .ctl = ctl, .options = { .until = USEC_INFINITY } };
	struct diag diag = DIAG_INIT;
	int status = take_options(&s, argc, argv);

	/* What the decider tells the journal comes as decisions and alerts. */
	log_set_level(LOG_WARNING);
	if (status == CTL_OK)
		status = refuse_streams(&s);
	if (status == CTL_OK)
		status = simulate(&s, &diag);
	fflush(stdout);
	diag_print(&diag, stderr);
	diag_done(&diag);
	simulation_done(&s);
	if (ferror(stdout) && status == CTL_OK) {
		fprintf(stderr, "sipwarden: the output cannot be written\n");
		return CTL_FAILED;
	}
	return status;
}
