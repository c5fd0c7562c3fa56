/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter new: the beginning of a filter, from lines of log. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "config/value.h"
#include "filter.h"
#include "match/lint.h"
#include "output.h"
#include "sketch.h"
#include "usage.h"

#define LINES_MAX 64
#define SHOWN_MAX 200

struct request {
	const char *name, *output;
	enum event_class class;
	char *lines[LINES_MAX];
	size_t n_lines;
	char **addresses;
	struct sketch sketches[LINES_MAX]; /* of the lines */
};

/* The text */

static const char head[] =
	"# What %s logs when it is attacked. Format: sipwarden-filter(5).\n"
	"# Look at every regex: does it say exactly what the program itself writes, and is\n"
	"# all that the remote side can write in one of the captures user, id, number,\n"
	"# agent, from, text? Then run: sipwarden filter test %s; sipwarden filter lint %s\n\n"
	"[filter]\n"
	"description = %s\n";

static const char without_line[] =
	"# Before each message, if syslog writes the log; through the journal there is nothing.\n"
	"prefix = (?:(?&syslog)%s(?:\\[\\d{1,10}\\])?: )?\n\n"
	"[pattern login-failed]\n"
	"# auth-failure, unknown-user, scanner, call-attempt, call-denied, acl-denied, malformed,\n"
	"# flood, tls-failure, auth-success: what is such a line evidence of?\n"
	"class = %s\n"
	"# Where the format is from: source file, manual.\n"
	"source = made up as an example\n"
	"# The address is captured by (?<addr>(?&ip)); .* where the sender's text has no certain end.\n"
	"regex = login of '(?<user>.*)' failed from (?<addr>(?&ip))\n"
	"example = login of '100' failed from 192.0.2.5\n"
	"expect = address=192.0.2.5 user=100\n";

static void write_prefix(FILE *to, const struct request *r)
{
	bool stamp = false, date = false;
	size_t i, k;

	for (i = 0; i < r->n_lines; i++) {
		stamp = stamp || r->sketches[i].stamp;
		date = date || r->sketches[i].date;
	}
	fputs("# What may stand before each message; each part of it may be missing.\nprefix = ", to);
	for (i = 0; i < r->n_lines; i++) {
		const char *program = r->sketches[i].program;
		_cleanup_free_ char *escaped = program ? malloc(strlen(program) * 4 + 1) : NULL;

		for (k = 0; program && k < i; k++)
			if (r->sketches[k].program && strcmp(r->sketches[k].program, program) == 0)
				program = NULL;
		if (!program || !escaped)
			continue;
		sketch_escape(program, strlen(program), escaped);
		fprintf(to, "(?:(?&syslog)%s(?:\\[\\d{1,10}\\])?: )?", escaped);
	}
	fprintf(to, "%s%s\n", stamp ? "(?:\\[(?&stamp)\\] )?" : "", date ? "(?:(?&date) )?" : "");
	if (stamp)
		fputs("define = (?<stamp>" SKETCH_STAMP ")\n", to);
	if (date)
		fputs("define = (?<date>" SKETCH_DATE ")\n", to);
}

static bool has_head(const struct request *r)
{
	size_t i;

	for (i = 0; i < r->n_lines; i++)
		if (r->sketches[i].program || r->sketches[i].stamp || r->sketches[i].date)
			return true;
	return false;
}

/* Blanks as \x20: expected words end at one. */
static void write_user(FILE *to, const char *user)
{
	char shown[SHOWN_MAX];
	const char *p;

	if (*user == '\0' || strlen(user) >= SHOWN_MAX / 4)
		return;
	fputs(" user=", to);
	for (p = text_escape(SPAN(user), shown, sizeof(shown)); *p; p++) {
		if (*p == ' ')
			fputs("\\x20", to);
		else
			fputc(*p, to);
	}
}

static void write_example(FILE *to, const char *line, const struct sketch *s)
{
	struct span trimmed = span_trim(SPAN(line));

	fprintf(to, "example = %.*s\nexpect = address=%s", (int)trimmed.len, trimmed.ptr, s->address);
	if (s->user)
		write_user(to, s->user);
	fputc('\n', to);
}

/* A pattern of line i and of those behind it that give the same regex. */
static void write_pattern(FILE *to, const struct request *r, size_t i, unsigned number)
{
	const struct sketch *s = &r->sketches[i];
	size_t k;

	fprintf(to, "\n[pattern line-%u]\nclass = %s\nsource = a line from a log\nregex = %s\n", number,
		class_name(r->class), s->regex);
	if (s->literal)
		fprintf(to, "literal = %s\n", s->literal);
	for (k = i; k < r->n_lines; k++)
		if (strcmp(r->sketches[k].regex, s->regex) == 0)
			write_example(to, r->lines[k], &r->sketches[k]);
}

static bool is_known(const struct request *r, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(r->sketches[k].regex, r->sketches[i].regex) == 0)
			return true;
	return false;
}

static char *write_text(const struct request *r)
{
	_cleanup_free_ char *escaped = malloc(strlen(r->name) * 4 + 1);
	char *text = NULL;
	size_t size = 0, i;
	FILE *to = escaped ? open_memstream(&text, &size) : NULL;
	unsigned number = 0;

	if (!to)
		return NULL;
	sketch_escape(r->name, strlen(r->name), escaped);
	fprintf(to, head, r->name, r->name, r->name, r->name);
	if (r->n_lines == 0)
		fprintf(to, without_line, escaped, class_name(r->class));
	else if (has_head(r))
		write_prefix(to, r);
	for (i = 0; i < r->n_lines; i++)
		if (!is_known(r, i))
			write_pattern(to, r, i, ++number);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Lines */

static int tell_addresses(const char *line, char *const *found, size_t n)
{
	char shown[SHOWN_MAX];
	size_t i;

	fprintf(stderr, "sipwarden filter new: which of these addresses is the sender's?");
	for (i = 0; i < n; i++)
		fprintf(stderr, " %s", found[i]);
	fprintf(stderr, "\nSay it with --address: %s\n", text_escape(SPAN(line), shown, sizeof(shown)));
	return CTL_USAGE;
}

static int draw_line(const char *line, char *const *addresses, struct sketch *ret)
{
	char *found[SKETCH_ADDRESSES_MAX], shown[SHOWN_MAX];
	size_t n = 0;
	int r = sketch_line(line, addresses, ret, found, &n), status = CTL_OK;

	text_escape(SPAN(line), shown, sizeof(shown));
	if (r == -ENOTUNIQ)
		status = tell_addresses(line, found, n);
	else if (r == -ENOENT)
		status = usage_error("filter", "new: there is no address in the line", shown);
	else if (r == -EILSEQ)
		status = usage_error("filter", "new: there are control characters in the line", shown);
	else if (r < 0)
		status = usage_error("filter", "new: the line is too long to make a regex of", shown);
	while (n > 0)
		free(found[--n]);
	return status;
}

static int draw_lines(struct request *r)
{
	int status = CTL_OK;
	size_t i;

	for (i = 0; i < r->n_lines && status == CTL_OK; i++)
		status = draw_line(r->lines[i], r->addresses, &r->sketches[i]);
	return status;
}

/* Is it any good? */

static int write_file(const char *path, int flags, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	size_t n = strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, n) == (ssize_t)n ? 0 : -EIO;
}

static void try_filter(const struct request *r, char *dir, struct diag *diag)
{
	char *dirs[] = { dir, NULL };
	struct loaded_filter f = { 0 };
	struct lint_result result;

	log_set_level(LOG_ERR);
	if (filter_open(r->name, dirs, diag, &f) == CTL_OK)
		lint_run(f.matcher, 0, diag, &result);
	filter_close(&f);
}

/* Examples and lint of the text, before it is anywhere. Returns whether it is good as it is. */
static bool check_text(const struct request *r, const char *text, const char *shown_path)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *dir = text_printf("%s/sipwarden-new-XXXXXX", tmp ? tmp : "/tmp"), *path = NULL;
	struct diag diag = DIAG_INIT;
	bool good;

	if (!dir || !mkdtemp(dir))
		return false;
	path = text_printf("%s/%s.conf", dir, r->name);
	if (path && write_file(path, O_EXCL, text) == 0)
		try_filter(r, dir, &diag);
	else
		diag_error(&diag, shown_path, 0, NULL, "it could not be tried");
	if (path) {
		diag_rename_file(&diag, path, shown_path);
		unlink(path);
	}
	rmdir(dir);
	diag_print(&diag, stderr);
	good = diag.errors == 0;
	diag_done(&diag);
	return good;
}

/* Where it goes */

static char *choose_path(const struct request *r, char *const *dirs)
{
	if (r->output)
		return strdup(r->output);
	return text_printf("%s/%s.conf", dirs[0], r->name);
}

/* A filter of that name in another directory would be replaced by the new one. */
static bool shadows_other(const struct request *r, char *const *dirs)
{
	char *const *dir;

	for (dir = dirs; !r->output && *dir; dir++) {
		_cleanup_free_ char *path = text_printf("%s/%s.conf", *dir, r->name);

		if (!path || access(path, F_OK) != 0)
			continue;
		fprintf(stderr,
			"sipwarden filter new: there is a filter %s already: %s\n"
			"To add patterns to it, write %s/%s.conf.d/own.conf\n",
			r->name, path, dirs[0], r->name);
		return true;
	}
	return false;
}

static int write_output(const struct request *r, const char *path, const char *text)
{
	int n;

	if (r->output && strcmp(r->output, "-") == 0)
		return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? CTL_FAILED : CTL_OK;
	n = write_file(path, O_EXCL, text);
	if (n < 0) {
		fprintf(stderr, "sipwarden filter new: %s: %s\n", path,
			n == -EEXIST ? "it is there already, and is left as it is" : strerror(-n));
		return CTL_FAILED;
	}
	return CTL_OK;
}

static int make_filter(const struct request *r, char *const *dirs)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	const char *shown;
	int status;
	bool good;

	if (shadows_other(r, dirs))
		return CTL_FAILED;
	path = choose_path(r, dirs);
	text = write_text(r);
	if (!path || !text)
		return CTL_FAILED;
	shown = strcmp(path, "-") == 0 ? r->name : path;
	good = check_text(r, text, shown);
	status = write_output(r, path, text);
	if (status != CTL_OK)
		return status;
	fprintf(stderr,
		good ? "%s: its examples and the lint pass; now look at each regex\n" :
		       "%s: mend what stands above, then run: sipwarden filter test; sipwarden filter lint\n",
		shown);
	return good ? CTL_OK : CTL_FAILED;
}

/* The command line */

static bool take_class(const char *text, enum event_class *ret)
{
	struct diag diag = DIAG_INIT;
	const struct place at = { &diag, "--class", 0, "class" };
	bool good = value_class(&at, text, ret);

	diag_print(&diag, stderr);
	diag_done(&diag);
	return good;
}

static bool take_name(const char *text)
{
	struct diag diag = DIAG_INIT;
	const struct place at = { &diag, "NAME", 0, "name" };
	_cleanup_free_ char *name = NULL;
	bool good = value_name(&at, text, &name);

	diag_print(&diag, stderr);
	diag_done(&diag);
	return good;
}

/* True: the address is one. */
static bool take_address(struct request *r, const char *text)
{
	struct addr a;

	if (addr_parse(text, strlen(text), &a) < 0) {
		usage_error("filter", "new: not an address:", text);
		return false;
	}
	return strings_add(&r->addresses, strdup(text)) == 0;
}

static bool take_line(struct request *r, char *text)
{
	if (r->n_lines == LINES_MAX) {
		usage_error("filter", "new takes at most 64 lines", NULL);
		return false;
	}
	r->lines[r->n_lines++] = text;
	return true;
}

static bool take_options(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "line", required_argument, NULL, 'l' },
		{ "output", required_argument, NULL, 'o' },
		{ "address", required_argument, NULL, 'a' },
		{ "class", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int c;

	optind = 0;
	while (good && (c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'l')
			good = take_line(r, optarg);
		else if (c == 'o')
			r->output = optarg;
		else if (c == 'a')
			good = take_address(r, optarg);
		else
			good = c == 'c' && take_class(optarg, &r->class);
	}
	if (good && argc - optind != 1) {
		usage_error("filter", "new needs one NAME", NULL);
		good = false;
	}
	if (good)
		r->name = argv[optind];
	return good && take_name(r->name);
}

int filter_new(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	struct request r = { .class = CLASS_AUTH_FAILURE };
	int status = CTL_USAGE;
	size_t i;

	(void)ctl;
	if (take_options(argc, argv, &r))
		status = draw_lines(&r);
	else
		r.n_lines = 0;
	if (status == CTL_OK)
		status = make_filter(&r, dirs);
	for (i = 0; i < r.n_lines; i++)
		sketch_done(&r.sketches[i]);
	strings_free(r.addresses);
	return status;
}
