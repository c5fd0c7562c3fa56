/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter match: what filters make of each line, where, and where they stop. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/value.h"
#include "filter.h"
#include "filter_lens.h"
#include "input/input.h"
#include "output.h"
#include "usage.h"

/* On a terminal, near misses of so many lines are looked for unless --near says otherwise. */
#define NEAR_LINES 20
#define FILTERS_MAX 64

enum near { NEAR_AUTO, NEAR_ALWAYS, NEAR_NEVER };

struct matching {
	const struct ctl *ctl;
	struct matcher *matcher;
	struct time_reader *reader; /* the host's zone */
	struct lens lens;
	enum near near;
	char *held; /* lines that may go on */
	size_t held_len;
	unsigned long lines, matched, crafted, limited, unmatched, nears;
	unsigned long *by_pattern;
};

/* JSON */

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

/* As the agent sees it: by the line itself, or by a challenge in one before it that it answers. */
static bool is_proven(struct matching *m, const struct event *e)
{
	return e->proven || (e->challenge.len > 0 && matcher_was_challenged(m->matcher, e));
}

/* One reading, of a pattern that reads an address or has none to read. */
static bool is_read(const struct event *e)
{
	return e->n_addrs == 1 || (e->n_addrs == 0 && !e->limited);
}

static const char *source_of(const struct event *e, char buf[static ADDR_TEXT_MAX])
{
	return e->n_addrs == 1 ? addr_format(&e->addrs[0], buf) : NULL;
}

/* A line that can be read in several ways is evidence of nothing: its addresses are not told. */
static json_t *event_json(struct matching *m, const struct event *e, unsigned long number)
{
	char addr[ADDR_TEXT_MAX];
	json_t *o;

	if (!is_read(e))
		return json_pack("{s:I, s:n, s:b, s:s}", "line", (json_int_t)number, "class", "crafted", 1,
				 "pattern", e->pattern);
	o = json_pack("{s:I, s:s, s:s?, s:o, s:s}", "line", (json_int_t)number, "class", class_name(e->class),
		      "address", source_of(e, addr), "user", span_json(e->user), "pattern",
		      e->pattern);
	if (e->classes != CLASS_BIT(e->class))
		json_object_set_new(o, "also", also_json(e));
	json_object_set_new(o, "proven", json_boolean(is_proven(m, e)));
	json_object_set_new(o, "filter", output_string(e->filter));
	json_object_set_new(o, "time", output_time(e->time));
	json_object_set_new(o, "captures", lens_captures_json(&m->lens, e));
	return o;
}

/* Text */

static void print_also(const struct event *e)
{
	const char *separator = " (also ";
	unsigned c;

	for (c = 1; c < CLASS_COUNT; c++) {
		if (!(e->classes & CLASS_BIT(c)) || c == e->class)
			continue;
		printf("%s%s", separator, class_name((enum event_class)c));
		separator = ", ";
	}
	if (*separator == ',')
		putchar(')');
}

static void print_event(struct matching *m, const struct event *e, unsigned long number)
{
	const struct filter_pattern *p = lens_pattern(&m->lens, e->pattern_index, NULL);
	char addr[ADDR_TEXT_MAX], user[200] = "-", when[TIME_TEXT_MAX];

	printf("%lu: ", number);
	if (e->limited) {
		printf("gave up: pattern %s takes too many steps; it counts against nobody", e->pattern);
	} else if (e->n_addrs > 1) {
		printf("crafted: pattern %s reads it as %zu addresses; it counts against nobody", e->pattern,
		       e->n_addrs);
	} else {
		if (e->user.ptr)
			text_escape(e->user, user, sizeof(user));
		fputs(class_name(e->class), stdout);
		print_also(e);
		if (e->n_addrs == 1)
			printf(" from %s", source_of(e, addr));
		printf(", user %s, by pattern %s", user, e->pattern);
	}
	printf(" (%s:%u)", p->file, p->line);
	if (e->time)
		printf(", at %s", time_format_local(e->time, when));
	putchar('\n');
	lens_show(&m->lens, m->ctl, e);
}

/* Lines */

static bool wants_near(struct matching *m)
{
	if (m->near != NEAR_AUTO)
		return m->near == NEAR_ALWAYS;
	return !m->ctl->json && isatty(STDOUT_FILENO) && m->nears++ < NEAR_LINES;
}

static void tell_unmatched(struct matching *m, struct span line, unsigned long number)
{
	struct near_miss near;
	bool found = wants_near(m) && lens_nearest(&m->lens, line, &near);

	m->unmatched++;
	if (m->ctl->json) {
		json_t *o = json_pack("{s:I, s:n}", "line", (json_int_t)number, "class");

		if (found)
			json_object_set_new(o, "near", lens_near_json(&m->lens, &near));
		output_json(o);
		return;
	}
	printf("%lu: no match\n", number);
	if (found)
		lens_show_near(&m->lens, m->ctl, line, &near);
}

static void keep_first(void *userdata, const struct event *e)
{
	struct event *kept = userdata;

	if (kept->class == CLASS_NONE)
		*kept = *e;
}

/* One line, or several of which each goes on in the next; number: of the first. */
static void match_line(struct matching *m, const char *text, size_t len, unsigned long number)
{
	struct event e = { 0 };

	matcher_scan(m->matcher, text, len, NULL, m->reader, keep_first, &e);
	if (e.class == CLASS_NONE) {
		tell_unmatched(m, (struct span){ text, len }, number);
		return;
	}
	m->matched += is_read(&e);
	m->crafted += e.n_addrs > 1;
	m->limited += e.limited;
	m->by_pattern[e.pattern_index] += is_read(&e);
	if (m->ctl->json)
		output_json(event_json(m, &e, number));
	else
		print_event(m, &e, number);
}

/* Without line end, and cut as the inputs cut it. */
static size_t trim_line(char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len > MATCH_LINE_MAX) {
		len = MATCH_LINE_MAX;
		text[len - 1] = INPUT_CUT_MARK;
	}
	return len;
}

static void match_held(struct matching *m)
{
	unsigned long first = m->lines, n, i;

	if (!m->held)
		return;
	n = text_count_lines(m->held, m->held_len);
	first -= n;
	match_line(m, m->held, m->held_len, first);
	/* Still one object a line. */
	for (i = 1; i <= n && m->ctl->json; i++)
		output_json(json_pack("{s:I, s:n, s:b}", "line", (json_int_t)first + (json_int_t)i, "class",
				      "continued", 1));
	free(m->held);
	m->held = NULL;
	m->held_len = 0;
}

/* A line that may go on in the next one waits for it. */
static void hold_line(struct matching *m, const char *text, size_t len)
{
	bool goes_on =
		m->held && m->held_len <= MATCH_LINE_MAX && matcher_is_continued(m->matcher, text, len);
	char *longer;

	if (!goes_on)
		match_held(m);
	longer = realloc(m->held, m->held_len + len + 2);
	if (!longer)
		return;
	m->held = longer;
	if (goes_on)
		m->held[m->held_len++] = '\n';
	memcpy(m->held + m->held_len, text, len);
	m->held_len += len;
}

static void match_stream(struct matching *m, FILE *in)
{
	bool hold = matcher_continues(m->matcher);
	_cleanup_free_ char *text = NULL;
	size_t size = 0, n;
	ssize_t len;

	while ((len = getline(&text, &size, in)) >= 0) {
		n = trim_line(text, (size_t)len);
		if (hold)
			hold_line(m, text, n);
		m->lines++;
		if (!hold)
			match_line(m, text, n, m->lines);
	}
	match_held(m);
}

static int match_files(struct matching *m, int n, char **paths)
{
	int i, status = CTL_OK;

	if (n == 0)
		match_stream(m, stdin);
	for (i = 0; i < n; i++) {
		_cleanup_fclose_ FILE *f =
			strcmp(paths[i], "-") == 0 ? fdopen(dup(0), "re") : fopen(paths[i], "re");
		char shown[200];

		if (!f) {
			fprintf(stderr, "sipwarden: %s: %s\n", output_safe(paths[i], shown, sizeof(shown)),
				strerror(errno));
			status = CTL_FAILED;
			continue;
		}
		match_stream(m, f);
	}
	return status;
}

static void print_summary(const struct matching *m)
{
	unsigned i;

	printf("\n%lu lines: %lu matched, %lu crafted, %lu given up, %lu not matched\n", m->lines, m->matched,
	       m->crafted, m->limited, m->unmatched);
	for (i = 0; i < m->lens.n_patterns; i++) {
		const struct filter *f = NULL;
		const struct filter_pattern *p = lens_pattern(&m->lens, i, &f);

		if (m->by_pattern[i] > 0)
			printf("%8lu %s by pattern %s of %s\n", m->by_pattern[i], class_name(p->class),
			       p->name, f->name);
	}
}

/* The filters "one,two" */

static int load_filters(char *const *dirs, const char *names, struct filter **filters, size_t *n,
			struct diag *diag)
{
	_cleanup_free_ char *copy = strdup(names);
	char *save = NULL, *name;
	int r = copy ? 0 : -ENOMEM;

	for (name = copy ? strtok_r(copy, ",", &save) : NULL; name && r >= 0;
	     name = strtok_r(NULL, ",", &save)) {
		r = *n < FILTERS_MAX ? filter_load(name, dirs, diag, &filters[*n]) : -E2BIG;
		*n += r >= 0;
	}
	if (r >= 0 && *n == 0)
		r = -ENOENT;
	return r;
}

static int run(struct matching *m, struct filter **filters, size_t n, int argc, char **argv)
{
	int status = CTL_FAILED;

	if (lens_init(&m->lens, filters, n))
		m->by_pattern = calloc(m->lens.n_patterns + 1, sizeof(*m->by_pattern));
	if (m->by_pattern) {
		status = match_files(m, argc, argv);
		if (!m->ctl->json)
			print_summary(m);
	}
	free(m->by_pattern);
	lens_done(&m->lens);
	return status;
}

static int match(struct matching *m, char *const *dirs, int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	struct filter *filters[FILTERS_MAX];
	size_t n = 0;
	int status = CTL_OK, r = load_filters(dirs, argv[0], filters, &n, &diag);

	if (r >= 0)
		r = matcher_join((const struct filter *const *)filters, n, &diag, &m->matcher);
	diag_print(&diag, stderr);
	diag_done(&diag);
	if (r >= 0)
		r = time_reader_new(NULL, &m->reader);
	if (r >= 0)
		status = run(m, filters, n, argc - 1, argv + 1);
	time_reader_free(m->reader);
	matcher_free(m->matcher);
	while (n > 0)
		filter_free(filters[--n]);
	if (r == -ENOENT)
		return CTL_NOT_FOUND;
	return r < 0 ? CTL_FAILED : status;
}

int filter_match(const struct ctl *ctl, char *const *dirs, int argc, char **argv)
{
	static const struct option options[] = { { "near", optional_argument, NULL, 'n' },
						 { NULL, 0, NULL, 0 } };
	struct matching m = { .ctl = ctl };
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c != 'n')
			return CTL_USAGE;
		if (!optarg || strcmp(optarg, "always") == 0)
			m.near = NEAR_ALWAYS;
		else if (strcmp(optarg, "never") == 0)
			m.near = NEAR_NEVER;
		else
			return usage_error("filter", "match --near takes always or never, not", optarg);
	}
	if (argc - optind < 1)
		return usage_error("filter", "match needs the name of a filter", NULL);
	return match(&m, dirs, argc - optind, argv + optind);
}
