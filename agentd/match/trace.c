/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/cleanup.h"
#include "match/match.h"
#include "match/pattern.h"
#include "match/token.h"

/* Steps for the search where a pattern stopped, which people wait for. */
#define NEAR_LIMIT 50000
/* For the interpreter, in KiB (pcre2_set_heap_limit). */
#define HEAP_LIMIT 4096
/* The callout at the end of each regex (pattern.c); those between items have 255. */
#define CALLOUT_READING 1
#define DEPTH_MAX 64

/* What stopping before a byte of the regex means. */
struct step {
	size_t shown;	 /* the place to tell: where the group began, if it is the start of an alternative */
	size_t demanded; /* characters that must have been there to come this far */
	bool look;	 /* within a lookaround */
};

struct tracer {
	struct pattern_regex regex;
	struct step *steps;	 /* for regex.own to regex.end, and one for the end */
	struct pattern *pattern; /* for all readings */
	pcre2_code *slow;	 /* with a callout before every item */
	pcre2_match_context *context;
	pcre2_match_data *data;
	uint32_t n_names, name_size;
	PCRE2_SPTR names; /* of the pattern */
};

/* The steps of a regex */

struct level {
	size_t open, demanded, least;
	bool look;
};

struct walk {
	struct level levels[DEPTH_MAX];
	size_t depth;
	size_t demanded;
};

static void walk_open(struct walk *w, const struct token *t, size_t offset)
{
	struct level *outer = &w->levels[w->depth], *l;

	if (w->depth + 1 < DEPTH_MAX)
		w->depth++;
	l = &w->levels[w->depth];
	*l = (struct level){ .open = offset, .demanded = w->demanded, .least = (size_t)-1 };
	l->look = outer->look || t->group == GROUP_LOOK;
}

/* An alternative ends: what all of them demand is the least of any. */
static void walk_bar(struct walk *w)
{
	struct level *l = &w->levels[w->depth];

	if (w->demanded < l->least)
		l->least = w->demanded;
	w->demanded = l->demanded;
}

static void walk_close(struct walk *w)
{
	struct level *l = &w->levels[w->depth];

	walk_bar(w);
	w->demanded = l->look ? l->demanded : l->least;
	if (w->depth > 0)
		w->depth--;
}

static void walk_token(struct walk *w, const struct token *t, size_t offset, size_t before)
{
	switch (t->kind) {
	case TOKEN_OPEN:
		walk_open(w, t, offset);
		break;
	case TOKEN_BAR:
		walk_bar(w);
		break;
	case TOKEN_CLOSE:
		walk_close(w);
		break;
	case TOKEN_CHAR:
		w->demanded++;
		break;
	case TOKEN_QUANTIFIER:
		/* What may be missing was not demanded. */
		if (t->least == 0)
			w->demanded = before;
		break;
	default:
		break;
	}
}

static void set_steps(struct tracer *t, size_t from, size_t to, struct step s)
{
	for (; from < to; from++)
		t->steps[from] = s;
}

static int make_steps(struct tracer *t)
{
	const size_t n = t->regex.end - t->regex.own;
	const char *text = t->regex.text + t->regex.own, *p = text;
	struct walk w = { .depth = 0 };
	size_t before = 0, starts[DEPTH_MAX] = { 0 }, alternative = (size_t)-1;
	struct token token;

	t->steps = calloc(n + 1, sizeof(*t->steps));
	if (!t->steps)
		return -ENOMEM;
	while ((size_t)(p - text) < n) {
		size_t offset = (size_t)(p - text), depth = w.depth, demanded = w.demanded, shown = offset;

		if (token_next(&p, &token) == TOKEN_BAD || token.kind == TOKEN_END || (size_t)(p - text) > n)
			break;
		if (alternative != (size_t)-1)
			shown = alternative;
		set_steps(t, offset, (size_t)(p - text),
			  (struct step){ shown, demanded, w.levels[depth].look });
		walk_token(&w, &token, offset, before);
		if (token.kind == TOKEN_OPEN && w.depth < DEPTH_MAX)
			starts[w.depth] = demanded;
		before = token.kind == TOKEN_CLOSE ? starts[depth] : demanded;
		/* A group, and each of its alternatives, is tried where it begins. */
		alternative = token.kind == TOKEN_BAR  ? t->steps[w.levels[w.depth].open].shown :
			      token.kind == TOKEN_OPEN ? shown :
							 (size_t)-1;
	}
	set_steps(t, (size_t)(p - text) < n ? (size_t)(p - text) : n, n + 1,
		  (struct step){ n, w.demanded, false });
	return 0;
}

/* Making it */

static int make_pattern(struct tracer *t, const struct filter *f, const struct filter_pattern *p)
{
	struct diag diag = DIAG_INIT;
	struct grammar *g = NULL;
	int r = pattern_grammar(f, &diag, &g);

	if (r >= 0)
		r = pattern_new(f, g, p, &diag, &t->pattern);
	grammar_free(g);
	diag_done(&diag);
	if (r < 0)
		return r;
	pcre2_pattern_info(pattern_code(t->pattern), PCRE2_INFO_NAMECOUNT, &t->n_names);
	pcre2_pattern_info(pattern_code(t->pattern), PCRE2_INFO_NAMEENTRYSIZE, &t->name_size);
	pcre2_pattern_info(pattern_code(t->pattern), PCRE2_INFO_NAMETABLE, &t->names);
	return 0;
}

static int make_slow(struct tracer *t)
{
	int error;
	size_t offset;

	/* Else it would not begin where it sees that it cannot end. */
	const uint32_t options = PATTERN_OPTIONS | PCRE2_AUTO_CALLOUT | PCRE2_NO_START_OPTIMIZE;

	t->slow = pcre2_compile((PCRE2_SPTR)t->regex.text, t->regex.len, options, &error, &offset, NULL);
	t->context = pcre2_match_context_create(NULL);
	t->data = pcre2_match_data_create(1, NULL);
	if (!t->context || !t->data)
		return -ENOMEM;
	pcre2_set_heap_limit(t->context, HEAP_LIMIT);
	return t->slow ? 0 : -EINVAL;
}

int tracer_new(const struct filter *f, const struct filter_pattern *p, struct tracer **ret)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int r = -ENOMEM;

	if (t)
		r = pattern_regex(f, p, &t->regex);
	if (r >= 0)
		r = make_steps(t);
	if (r >= 0)
		r = make_pattern(t, f, p);
	if (r >= 0)
		r = make_slow(t);
	if (r < 0) {
		tracer_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct tracer *tracer_free(struct tracer *t)
{
	if (!t)
		return NULL;
	free(t->regex.text);
	free(t->steps);
	pattern_free(t->pattern);
	pcre2_code_free(t->slow);
	pcre2_match_data_free(t->data);
	pcre2_match_context_free(t->context);
	free(t);
	return NULL;
}

/* All readings */

struct readings {
	const struct tracer *tracer;
	trace_fn fn;
	void *userdata;
	const char *told[TRACE_READINGS_MAX]; /* where the address of each began */
	size_t n;
};

/* Of captures that begin at one place, the longer comes first. */
static int compare_captures(const void *a, const void *b)
{
	const struct trace_capture *x = a, *y = b;

	if (x->text.ptr != y->text.ptr)
		return x->text.ptr < y->text.ptr ? -1 : 1;
	return x->text.len > y->text.len ? -1 : x->text.len < y->text.len;
}

static void take_reading(const struct tracer *t, const pcre2_callout_block *block, struct trace_reading *r)
{
	PCRE2_SPTR entry = t->names;
	uint32_t i;

	r->n = 0;
	/* Each entry: two bytes of group number, then the name (pcre2api(3)). */
	for (i = 0; i < t->n_names && r->n < TRACE_CAPTURES_MAX; i++, entry += t->name_size) {
		uint32_t g = (uint32_t)entry[0] << 8 | entry[1];
		size_t start, end;

		if (g >= block->capture_top || block->offset_vector[2 * g] == PCRE2_UNSET)
			continue;
		start = block->offset_vector[2 * g];
		end = block->offset_vector[2 * g + 1];
		if (end >= start)
			r->captures[r->n++] = (struct trace_capture){
				(const char *)entry + 2, { (const char *)block->subject + start, end - start }
			};
	}
	qsort(r->captures, r->n, sizeof(r->captures[0]), compare_captures);
}

static const char *address_of(const struct trace_reading *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->captures[i].name, "addr") == 0)
			return r->captures[i].text.ptr;
	return NULL;
}

static int on_reading(pcre2_callout_block *block, void *userdata)
{
	struct readings *all = userdata;
	struct trace_reading r;
	const char *address;
	size_t i;

	if (block->callout_number != CALLOUT_READING || all->n == TRACE_READINGS_MAX)
		return all->n == TRACE_READINGS_MAX ? PCRE2_ERROR_NOMATCH : 0;
	take_reading(all->tracer, block, &r);
	address = address_of(&r);
	for (i = 0; i < all->n; i++)
		if (all->told[i] == address)
			return 1;
	all->told[all->n++] = address;
	all->fn(all->userdata, &r);
	return 1; /* as if it had not matched: on to the next reading */
}

void tracer_readings(const struct tracer *t, const char *line, size_t len, trace_fn fn, void *userdata)
{
	struct readings all = { .tracer = t, .fn = fn, .userdata = userdata };

	pcre2_set_callout(t->context, on_reading, &all);
	pcre2_set_match_limit(t->context, MATCH_LIMIT + (uint32_t)(len * MATCH_LIMIT_PER_BYTE));
	pcre2_match(pattern_code(t->pattern), (PCRE2_SPTR)line, len, 0, 0, t->data, t->context);
}

/* Near misses */

struct progress {
	const struct tracer *tracer;
	bool any;
	size_t step, at; /* furthest in the regex; and into the line there */
};

static int on_item(pcre2_callout_block *block, void *userdata)
{
	struct progress *p = userdata;
	const struct pattern_regex *r = &p->tracer->regex;
	size_t step;

	/* The regex of the pattern counts, not what it calls, nor what it only looks at. */
	if (block->pattern_position < r->own || block->pattern_position > r->end)
		return 0;
	step = block->pattern_position - r->own;
	if (p->tracer->steps[step].look)
		return 0;
	step = p->tracer->steps[step].shown;
	if (p->any && (step < p->step || (step == p->step && block->current_position <= p->at)))
		return 0;
	p->any = true;
	p->step = step;
	p->at = block->current_position;
	return 0;
}

bool tracer_near(const struct tracer *t, const char *line, size_t len, struct trace_near *ret)
{
	struct progress p = { .tracer = t };

	pcre2_set_callout(t->context, on_item, &p);
	pcre2_set_match_limit(t->context, NEAR_LIMIT);
	pcre2_match(t->slow, (PCRE2_SPTR)line, len, 0, 0, t->data, t->context);
	if (!p.any)
		return false;
	ret->at = p.at;
	ret->score = t->steps[p.step].demanded;
	ret->wanted =
		(struct span){ t->regex.text + t->regex.own + p.step, t->regex.end - t->regex.own - p.step };
	return true;
}
