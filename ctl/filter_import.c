/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter import: a filter of fail2ban as one of ours. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/value.h"
#include "f2b_import.h"
#include "filter.h"
#include "match/match.h"
#include "output.h"
#include "usage.h"

/* Longer lines make no good examples. */
#define EXAMPLE_LINE_MAX 2000
#define LOG_LINES_MAX 1000000
#define OUTPUT_MAX ((size_t)4 << 20)

struct request {
	const char *path, *output, *log;
	char *name;
};

/* The command line */

static bool good_name(const char *name)
{
	return *name && *name != '.' && *name != '-' && strlen(name) < 100 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       strlen(name);
}

/* "/etc/fail2ban/filter.d/sshd.conf" is sshd. */
static char *name_from(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	return strndup(base, n > 5 && strcmp(base + n - 5, ".conf") == 0 ? n - 5 : n);
}

static int set_variable(struct f2b_import *im, char *text)
{
	char *equals = strchr(text, '='), *p;

	if (!equals || equals == text)
		return -EINVAL;
	*equals = '\0';
	for (p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return f2b_override(&im->f, text, equals + 1);
}

static int take_options(struct request *q, struct f2b_import *im, int argc, char **argv)
{
	static const struct option options[] = {{"name", required_argument, NULL, 'n'},
						{"output", required_argument, NULL, 'o'},
						{"log", required_argument, NULL, 'l'},
						{"set", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	const char *name = NULL;
	int c;

	optind = 0; /* getopt(3): to scan another argv */
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'n')
			name = optarg;
		else if (c == 'o')
			q->output = optarg;
		else if (c == 'l')
			q->log = optarg;
		else if (c != 's')
			return CTL_USAGE;
		else if (set_variable(im, optarg) < 0)
			return usage_error("filter import", "--set needs NAME=VALUE, as mode=aggressive",
					   NULL);
	}
	if (optind + 1 != argc)
		return usage_error("filter import", "needs one file, as /etc/fail2ban/filter.d/sshd.conf",
				   NULL);
	q->path = argv[optind];
	q->name = name ? strdup(name) : name_from(q->path);
	if (!q->name || !good_name(q->name))
		return usage_error("filter import",
				   "needs a --name of letters, digits, '_', '-' and '.', not", q->name);
	return CTL_OK;
}

/* Loading what was made */

struct loaded {
	struct filter *filter;
	struct matcher *matcher;
};

static int write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* As the agent will load it. Mistakes go to diag, as of the file shown. */
static int load(const char *name, const char *text, const char *shown, struct diag *diag, struct loaded *ret)
{
	const char *parent = getenv("TMPDIR");
	_cleanup_free_ char *dir = text_printf("%s/sipwarden-import.XXXXXX", parent ? parent : "/tmp");
	_cleanup_free_ char *path = NULL;
	char *dirs[2] = {dir, NULL};
	int r;

	if (!dir || !mkdtemp(dir)) {
		diag_error(diag, dir ? dir : "/tmp", 0, NULL, "no directory can be made there: %s",
			   strerror(errno));
		return -EINVAL;
	}
	path = text_printf("%s/%s.conf", dir, name);
	r = path ? write_text(path, text) : -ENOMEM;
	if (r >= 0)
		r = filter_load(name, dirs, diag, &ret->filter);
	if (r >= 0)
		r = matcher_new(ret->filter, diag, &ret->matcher);
	if (r >= 0)
		matcher_test(ret->matcher, diag);
	if (r >= 0 && diag->errors > 0)
		r = -EINVAL;
	if (path) {
		unlink(path);
		diag_rename_file(diag, path, shown);
	}
	rmdir(dir);
	return r;
}

static void unload(struct loaded *l)
{
	matcher_free(l->matcher);
	filter_free(l->filter);
	*l = (struct loaded){0};
}

/* Examples out of a log */

static bool is_plain(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0 && s.ptr[0] != ' ' && s.ptr[s.len - 1] != ' ';
}

/* "address=… user=…" as a new string. */
static char *expectation(const struct event *e)
{
	struct f2b_text text = {0};
	char addr[ADDR_TEXT_MAX];
	size_t i;

	f2b_text_printf(&text, "address=%s", addr_format(&e->addrs[0], addr));
	if (e->user.ptr && e->user.len > 0 && is_plain(e->user) && !memchr(e->user.ptr, '\\', e->user.len)) {
		f2b_text_puts(&text, " user=");
		for (i = 0; i < e->user.len; i++) {
			if (e->user.ptr[i] == ' ')
				f2b_text_puts(&text, "\\x20");
			else
				f2b_text_putc(&text, e->user.ptr[i]);
		}
	}
	if (text.failed)
		f2b_text_done(&text);
	return text.ptr;
}

static int keep_example(struct f2b_import *im, const struct event *e)
{
	unsigned number = (unsigned)strtoul(e->pattern + strlen("failregex-"), NULL, 10);
	struct f2b_item *item = number >= 1 && number <= im->n_items ? &im->items[number - 1] : NULL;
	char *line, *expect;

	if (!item || item->n_examples == F2B_EXAMPLES_MAX || e->n_addrs != 1 || !is_plain(e->line))
		return 0;
	line = strndup(e->line.ptr, e->line.len);
	expect = expectation(e);
	if (!line || !expect) {
		free(line);
		free(expect);
		return -ENOMEM;
	}
	item->examples[item->n_examples] = line;
	item->expects[item->n_examples++] = expect;
	return 0;
}

static int find_examples(struct f2b_import *im, struct matcher *m, const char *path)
{
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	_cleanup_free_ char *text = NULL;
	unsigned long lines = 0;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	if (!in) {
		diag_error(im->f.diag, path, 0, NULL, "cannot be read: %s", strerror(errno));
		return -EINVAL;
	}
	while (r >= 0 && lines++ < LOG_LINES_MAX && (len = getline(&text, &size, in)) >= 0) {
		struct event e;

		while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			len--;
		if (len > 0 && len <= EXAMPLE_LINE_MAX && matcher_line(m, text, (size_t)len, &e))
			r = keep_example(im, &e);
	}
	return r;
}

/* What became of it */

static void tell_item(const struct f2b_item *item)
{
	if (item->regex)
		fprintf(stderr, "%s:%u: failregex %u: imported, class %s\n", item->place.file,
			item->place.line, item->number, class_name(item->class));
	else
		fprintf(stderr, "%s:%u: failregex %u: not imported: %s%s%s\n", item->place.file,
			item->place.line, item->number, item->why ? item->why : "out of memory",
			item->hint ? "; " : "", item->hint ? item->hint : "");
}

static json_t *item_json(const struct f2b_item *item)
{
	json_t *o = json_pack("{s:i, s:o, s:i, s:b}", "failregex", (int)item->number, "file",
			      output_string(item->place.file), "line", (int)item->place.line, "imported",
			      item->regex != NULL);

	if (item->regex)
		json_object_set_new(o, "class", json_string(class_name(item->class)));
	else
		json_object_set_new(o, "why", output_string(item->why ? item->why : "out of memory"));
	if (item->hint && !item->regex)
		json_object_set_new(o, "hint", json_string(item->hint));
	return o;
}

static void tell_json(const struct f2b_import *im, const char *filter)
{
	_cleanup_free_ char *utf8 = filter ? text_to_utf8(SPAN(filter)) : NULL;
	json_t *items = json_array();
	size_t i;

	for (i = 0; i < im->n_items; i++)
		json_array_append_new(items, item_json(&im->items[i]));
	output_json(json_pack("{s:s, s:I, s:I, s:I, s:o, s:s?}", "name", im->name, "imported",
			      (json_int_t)im->imported, "not_imported",
			      (json_int_t)(im->n_items - im->imported), "ignoreregex_not_imported",
			      (json_int_t)im->ignores_left, "regexes", items, "filter", utf8));
}

static void tell(const struct f2b_import *im, char *const *dirs)
{
	struct diag none = DIAG_INIT;
	struct filter *other = NULL;
	size_t i;

	for (i = 0; i < im->n_items; i++)
		tell_item(&im->items[i]);
	if (im->ignores_left > 0)
		fprintf(stderr,
			"%s: %zu of %zu ignoreregex not imported: more lines match than with fail2ban\n",
			im->f.files[0], im->ignores_left, im->ignores);
	if (im->several_lines)
		fprintf(stderr, "%s: maxlines is left out: sipwarden looks at each line by itself\n",
			im->f.files[0]);
	fprintf(stderr, "%s: %zu of %zu regexes imported\n", im->name, im->imported, im->n_items);
	if (filter_load(im->name, dirs, &none, &other) == 0)
		fprintf(stderr,
			"%s: there is a filter of this name, which this one would replace; give it another "
			"--name\n",
			im->name);
	filter_free(other);
	diag_done(&none);
}

static int deliver(const struct ctl *ctl, const struct request *q, const struct f2b_import *im,
		   const char *text)
{
	int r = q->output ? write_text(q->output, text) : 0;

	if (r < 0) {
		fprintf(stderr, "sipwarden: %s: cannot be written: %s%s\n", q->output, strerror(-r),
			r == -EEXIST ? "; move it away first" : "");
		return CTL_FAILED;
	}
	if (ctl->json)
		tell_json(im, q->output ? NULL : text);
	else if (!q->output)
		fputs(text, stdout);
	return im->imported < im->n_items || im->ignores_left > 0 ? CTL_FAILED : CTL_OK;
}

/* Translates, and loads the result; *text is the filter. */
static int translate(const struct request *q, struct f2b_import *im, struct f2b_text *text)
{
	struct diag *diag = im->f.diag;
	const char *shown = q->output ? q->output : "standard output";
	struct loaded loaded = {0};
	int r = f2b_read(&im->f, q->path, diag);

	if (r >= 0)
		r = f2b_import_run(im);
	if (r >= 0 && im->n_items == 0) {
		diag_error(diag, q->path, 0, "a file that others include is no filter by itself",
			   "it has no failregex");
		r = -EINVAL;
	}
	if (r < 0)
		return r;
	f2b_import_write(im, text);
	if (im->imported == 0)
		return 0;
	r = text->failed ? -ENOMEM : load(q->name, f2b_text_get(text), shown, diag, &loaded);
	if (r >= 0 && q->log) {
		r = find_examples(im, loaded.matcher, q->log);
		unload(&loaded);
		f2b_text_done(text);
		f2b_import_write(im, text);
		if (r >= 0)
			r = text->failed ? -ENOMEM : load(q->name, f2b_text_get(text), shown, diag, &loaded);
	}
	unload(&loaded);
	return r;
}

int filter_import(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	struct f2b_import im = {.f = {.diag = &diag}};
	struct f2b_text text = {.max = OUTPUT_MAX};
	struct request q = {0};
	int r, status = take_options(&q, &im, argc, argv);

	if (status == CTL_OK) {
		im.name = q.name;
		r = translate(&q, &im, &text);
		diag_print(&diag, stderr);
		if (r == -ENOMEM)
			fputs("sipwarden: out of memory\n", stderr);
		if (im.n_items > 0)
			tell(&im, dirs);
		status = r < 0 || im.imported == 0 ? CTL_FAILED : deliver(ctl, &q, &im, f2b_text_get(&text));
	}
	f2b_text_done(&text);
	f2b_import_done(&im);
	diag_done(&diag);
	free(q.name);
	return status;
}
