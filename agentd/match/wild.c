/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/wild.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/cleanup.h"
#include "config/claim.h"
#include "match/grammar.h"
#include "match/pattern.h"
#include "match/token.h"

/* Calls within calls, and groups within groups. */
#define DEPTH_MAX 64

struct walker {
	const struct filter *filter;
	const char *p;
	struct span define;
	unsigned calls, depth;
	struct wild *found;
	bool *captures;
};

static unsigned long sequence(struct walker *w);

static unsigned long times(unsigned long a, unsigned long b)
{
	unsigned long product;

	return __builtin_mul_overflow(a, b, &product) ? TOKEN_UNBOUNDED : product;
}

static bool takes(const pcre2_code *code, pcre2_match_data *data, char c)
{
	return pcre2_match(code, (PCRE2_SPTR)&c, 1, 0, PCRE2_ANCHORED, data, NULL) >= 0;
}

/* Does the [set] take one of these characters? */
static bool set_takes(struct span set, const char *chars)
{
	int error;
	size_t offset;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)set.ptr, set.len, PATTERN_OPTIONS, &error, &offset, NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	bool any = false;

	for (; code && data && !any && *chars; chars++)
		any = takes(code, data, *chars);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return any;
}

/* May one repetition of this be part of an address, another of what stands around it? */
static bool is_wide(const struct token *t)
{
	if (t->kind == TOKEN_SET)
		return set_takes(t->text, "0123456789") && set_takes(t->text, ".:") &&
		       set_takes(t->text, " '\"<>()=");
	if (t->kind == TOKEN_TYPE)
		return strchr("DSWNHV", t->c) != NULL;
	return t->kind == TOKEN_ANY;
}

/* Is it the capture of a field of the sender? */
static bool take_capture(struct walker *w, struct span name)
{
	unsigned i;

	for (i = 0; i < SENDER_COUNT; i++) {
		if (span_equal(name, SPAN(sender_field_name((enum sender_field)i)))) {
			w->captures[i] = true;
			return true;
		}
	}
	return false;
}

/* Behind the opening of the group of that name in text, or NULL. */
static const char *find_group(const char *text, struct span name)
{
	struct token t;

	while (token_next(&text, &t) != TOKEN_END && t.kind != TOKEN_BAD)
		if (t.kind == TOKEN_OPEN && t.group == GROUP_CAPTURE && span_equal(t.name, name))
			return text;
	return NULL;
}

/* What is called is as if it stood there. */
static unsigned long call(const struct walker *caller, struct span name)
{
	struct walker w = { caller->filter,  NULL, name, caller->calls + 1, caller->depth, caller->found,
			    caller->captures };
	size_t i;

	for (i = 0; !w.p && i < w.filter->n_defines; i++)
		w.p = find_group(w.filter->defines[i].text, name);
	if (!w.p)
		w.p = find_group(MATCH_GRAMMAR, name);
	return w.p && w.calls < DEPTH_MAX ? sequence(&w) : 0;
}

static unsigned long group(struct walker *w, const struct token *t)
{
	bool harmless = t->group == GROUP_LOOK || (t->group == GROUP_CAPTURE && take_capture(w, t->name));
	struct wild ignored = { .item = { NULL, 0 } }, *found = w->found;
	unsigned long most;

	if (harmless)
		w->found = &ignored;
	most = sequence(w);
	w->found = found;
	return harmless ? 0 : most;
}

static bool is_enclosed(const struct token *item, const char *after)
{
	struct token next;

	if (item->kind != TOKEN_SET || item->text.ptr[1] != '^' || token_next(&after, &next) != TOKEN_CHAR)
		return false;
	return !set_takes(item->text, (const char[]){ next.c, '\0' });
}

/* The item t, and the quantifier behind it: how many characters it can take that are anything. */
static unsigned long item(struct walker *w, const struct token *t)
{
	unsigned long most = is_wide(t);
	const char *after = w->p;
	struct token quantifier;

	if (t->kind == TOKEN_OPEN)
		most = group(w, t);
	else if (t->kind == TOKEN_CALL)
		most = call(w, t->name);
	after = w->p;
	if (token_next(&after, &quantifier) == TOKEN_QUANTIFIER) {
		most = times(most, quantifier.most);
		w->p = after;
	}
	if (most > WILD_MOST && most <= WILD_MOST_ENCLOSED && is_enclosed(t, w->p))
		most = WILD_MOST;
	if (most > WILD_MOST && w->found->item.len == 0) {
		w->found->item = (struct span){ t->text.ptr, (size_t)(w->p - t->text.ptr) };
		w->found->define = w->define;
	}
	return most;
}

/* To the end of the group or regex. The most that any item of it can take. */
static unsigned long sequence(struct walker *w)
{
	unsigned long most = 0;
	struct token t;

	if (++w->depth >= DEPTH_MAX)
		w->p += strlen(w->p);
	while (token_next(&w->p, &t) != TOKEN_END && t.kind != TOKEN_CLOSE && t.kind != TOKEN_BAD) {
		unsigned long one = item(w, &t);

		most = one > most ? one : most;
	}
	w->depth--;
	return most;
}

bool wild_find(const struct filter *f, const char *text, struct wild *ret)
{
	struct walker w = { .filter = f, .p = text, .found = ret, .captures = ret->captures };

	*ret = (struct wild){ 0 };
	while (*w.p) {
		const char *before = w.p;

		sequence(&w);
		/* A parenthesis too many is PCRE2's to tell. */
		if (w.p == before)
			break;
	}
	return ret->item.len > 0;
}
