/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of log as a filter sees them. All of a line is its sender's: nothing of it is printed as it is. */
#include "filter_lens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/literal.h"
#include "output.h"

/* Of a line, and of a capture in the legend, so much is shown. */
#define LINE_MAX_SHOWN 2000
#define CAPTURE_MAX_SHOWN 200
/* Around the place where a pattern stopped, in bytes of the line. */
#define NEAR_BEFORE 60
#define NEAR_AFTER 30
#define WANTED_MAX 60
#define INDENT "    "

#define RESET "\x1b[0m"
#define FAINT "\x1b[2m"
#define WRONG "\x1b[1;31m"

bool lens_init(struct lens *l, struct filter **filters, size_t n)
{
	size_t i;

	*l = (struct lens){ .filters = filters, .n_filters = n };
	for (i = 0; i < n; i++)
		l->n_patterns += filters[i]->n_patterns;
	l->tracers = calloc(l->n_patterns + 1, sizeof(struct tracer *));
	return l->tracers != NULL;
}

void lens_done(struct lens *l)
{
	size_t i;

	for (i = 0; l->tracers && i < l->n_patterns; i++)
		tracer_free(l->tracers[i]);
	free(l->tracers);
}

const struct filter_pattern *lens_pattern(const struct lens *l, unsigned index, const struct filter **filter)
{
	size_t i;

	for (i = 0; i < l->n_filters; i++) {
		if (index < l->filters[i]->n_patterns) {
			if (filter)
				*filter = l->filters[i];
			return &l->filters[i]->patterns[index];
		}
		index -= (unsigned)l->filters[i]->n_patterns;
	}
	return NULL;
}

const struct tracer *lens_tracer(struct lens *l, unsigned index)
{
	const struct filter *f = NULL;
	const struct filter_pattern *p = lens_pattern(l, index, &f);

	if (p && !l->tracers[index])
		tracer_new(f, p, &l->tracers[index]);
	return p ? l->tracers[index] : NULL;
}

bool lens_nearest(struct lens *l, struct span line, struct near_miss *ret)
{
	bool any = false;
	unsigned i;

	for (i = 0; i < l->n_patterns; i++) {
		const struct tracer *t = lens_tracer(l, i);
		struct trace_near n;

		/* A few characters are alike in any two lines. */
		if (!t || !tracer_near(t, line.ptr, line.len, &n) || n.score < LITERAL_MIN)
			continue;
		if (any &&
		    (n.score < ret->where.score || (n.score == ret->where.score && n.at <= ret->where.at)))
			continue;
		*ret = (struct near_miss){ i, n };
		any = true;
	}
	return any;
}

/* Colours */

static const char *color_of(const char *name)
{
	static const struct {
		const char *name, *color;
	} colors[] = {
		{ "addr", "\x1b[1;31m" },   { "user", "\x1b[33m" },  { "id", "\x1b[36m" },
		{ "number", "\x1b[35m" },   { "agent", "\x1b[32m" }, { "from", "\x1b[34m" },
		{ "transport", "\x1b[4m" }, { "sport", "\x1b[4m" }, { "time", "\x1b[4m" },
		{ "text", FAINT },
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(colors); i++)
		if (strcmp(colors[i].name, name) == 0)
			return colors[i].color;
	return "";
}

static void print_escaped(struct span s)
{
	_cleanup_free_ char *buf = malloc(s.len * 4 + 1);

	if (buf)
		fputs(text_escape(s, buf, s.len * 4 + 1), stdout);
}

/* The colour of the innermost capture that holds the byte at p. */
static const char *color_at(const struct trace_reading *r, const char *p)
{
	const char *color = "";
	size_t i;

	for (i = 0; i < r->n && r->captures[i].text.ptr <= p; i++)
		if (p < r->captures[i].text.ptr + r->captures[i].text.len && *color_of(r->captures[i].name))
			color = color_of(r->captures[i].name);
	return color;
}

static void print_line(const struct ctl *ctl, struct span line, const struct trace_reading *r)
{
	bool cut = line.len > LINE_MAX_SHOWN;
	size_t at = 0, n;

	if (cut)
		line.len = LINE_MAX_SHOWN;
	fputs(INDENT, stdout);
	for (; at < line.len; at += n) {
		const char *color = color_at(r, line.ptr + at);

		n = line.len - at;
		if (ctl->color)
			for (n = 1; at + n < line.len && color_at(r, line.ptr + at + n) == color;)
				n++;
		if (ctl->color && *color)
			fputs(color, stdout);
		print_escaped((struct span){ line.ptr + at, n });
		if (ctl->color && *color)
			fputs(RESET, stdout);
	}
	puts(cut ? "…" : "");
}

/* Blanks as \x20, as in "expect": else the text of one capture could look like another. */
static void print_value(struct span s)
{
	char shown[CAPTURE_MAX_SHOWN];
	const char *p;

	for (p = text_escape(s, shown, sizeof(shown)); *p; p++) {
		if (*p == ' ')
			fputs("\\x20", stdout);
		else
			putchar(*p);
	}
}

/* "addr=… user=…" */
static void print_legend(const struct ctl *ctl, const struct trace_reading *r)
{
	size_t i;

	fputs(INDENT, stdout);
	for (i = 0; i < r->n; i++) {
		const char *color = ctl->color ? color_of(r->captures[i].name) : "";

		printf("%s%s%s%s=", i > 0 ? " " : "", color, r->captures[i].name, *color ? RESET : "");
		print_value(r->captures[i].text);
	}
	putchar('\n');
}

struct shown {
	const struct ctl *ctl;
	struct span line;
	bool any;
};

static void show_reading(void *userdata, const struct trace_reading *r)
{
	struct shown *s = userdata;

	if (!s->any)
		print_line(s->ctl, s->line, r);
	s->any = true;
	print_legend(s->ctl, r);
}

void lens_show(struct lens *l, const struct ctl *ctl, const struct event *e)
{
	const struct tracer *t = lens_tracer(l, e->pattern_index);
	struct shown s = { ctl, e->line, false };

	if (t)
		tracer_readings(t, e->line.ptr, e->line.len, show_reading, &s);
}

/* Characters, not bytes. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void lens_show_near(const struct lens *l, const struct ctl *ctl, struct span line, const struct near_miss *n)
{
	const struct filter_pattern *p = lens_pattern(l, n->index, NULL);
	size_t at = n->where.at, start = at > NEAR_BEFORE ? at - NEAR_BEFORE : 0;
	size_t end = line.len - at > NEAR_AFTER ? at + NEAR_AFTER : line.len;
	char before[NEAR_BEFORE * 4 + 1], after[NEAR_AFTER * 4 + 1], wanted[WANTED_MAX];

	text_escape((struct span){ line.ptr + start, at - start }, before, sizeof(before));
	text_escape((struct span){ line.ptr + at, end - at }, after, sizeof(after));
	text_printable(n->where.wanted, wanted, sizeof(wanted));
	printf(INDENT "nearest: pattern %s (%s:%u), which stopped here:\n", p->name, p->file, p->line);
	printf(INDENT "%s%s%s%s%s%s\n", start > 0 ? "…" : "", before, ctl->color ? WRONG : "", after,
	       ctl->color ? RESET : "", end < line.len ? "…" : "");
	printf(INDENT "%*s^ ", width(before) + (start > 0), "");
	if (*wanted)
		printf("wanted: %s\n", wanted);
	else
		puts("wanted: the end of the line");
}

/* JSON */

struct capturing {
	struct span line;
	json_t *array;
};

static void add_captures(void *userdata, const struct trace_reading *r)
{
	struct capturing *c = userdata;
	size_t i;

	if (json_array_size(c->array) > 0)
		return;
	for (i = 0; i < r->n; i++) {
		struct span s = r->captures[i].text;
		_cleanup_free_ char *utf8 = text_to_utf8(s);

		json_array_append_new(c->array,
				      json_pack("{s:s, s:I, s:I, s:o}", "name", r->captures[i].name, "start",
						(json_int_t)(s.ptr - c->line.ptr), "end",
						(json_int_t)(s.ptr - c->line.ptr + (ptrdiff_t)s.len), "text",
						output_string(utf8 ? utf8 : "")));
	}
}

json_t *lens_captures_json(struct lens *l, const struct event *e)
{
	const struct tracer *t = lens_tracer(l, e->pattern_index);
	struct capturing c = { e->line, json_array() };

	if (t)
		tracer_readings(t, e->line.ptr, e->line.len, add_captures, &c);
	return c.array;
}

json_t *lens_near_json(const struct lens *l, const struct near_miss *n)
{
	const struct filter_pattern *p = lens_pattern(l, n->index, NULL);
	char wanted[WANTED_MAX];

	return json_pack("{s:o, s:o, s:I, s:I, s:o}", "pattern", output_string(p->name), "file",
			 output_string(p->file), "pattern_line", (json_int_t)p->line, "at",
			 (json_int_t)n->where.at, "wanted",
			 output_string(text_printable(n->where.wanted, wanted, sizeof(wanted))));
}
