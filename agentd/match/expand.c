/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/expand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/regex.h"

/* Written out, a regex may have so many bytes, and calls may lie so deep. */
#define EXPANDED_MAX ((size_t)256 << 10)
#define DEPTH_MAX 16

struct group {
	struct span name, body; /* in text */
};

struct grammar {
	char **texts;
	size_t n_texts;
	struct group *groups;
	size_t n_groups;
};

int grammar_new(struct grammar **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct grammar *grammar_free(struct grammar *g)
{
	if (!g)
		return NULL;
	while (g->n_texts > 0)
		free(g->texts[--g->n_texts]);
	free(g->texts);
	free(g->groups);
	free(g);
	return NULL;
}

static const struct group *find_group(const struct grammar *g, struct span name)
{
	size_t i;

	for (i = 0; i < g->n_groups; i++)
		if (span_equal(g->groups[i].name, name))
			return &g->groups[i];
	return NULL;
}

/* "(?<name>body)" at p; behind it. */
static const char *take_group(struct grammar *g, const char *p, struct span *name, int *error)
{
	const char *end = strncmp(p, "(?<", 3) == 0 ? regex_skip_item(p) : NULL, *close = strchr(p, '>');
	struct group *longer;

	*error = -EINVAL;
	if (!end || !close || close > end || close == p + 3)
		return NULL;
	*name = (struct span){ p + 3, (size_t)(close - p - 3) };
	*error = -EEXIST;
	if (find_group(g, *name))
		return NULL;
	*error = -ENOMEM;
	longer = reallocarray(g->groups, g->n_groups + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	g->groups = longer;
	longer[g->n_groups++] = (struct group){ *name, { close + 1, (size_t)(end - close - 2) } };
	return end;
}

int grammar_add(struct grammar *g, const char *text, struct span *name)
{
	char **longer = reallocarray(g->texts, g->n_texts + 1, sizeof(*longer));
	const char *p;
	int error = 0;

	if (!longer)
		return -ENOMEM;
	g->texts = longer;
	longer[g->n_texts] = strdup(text);
	if (!longer[g->n_texts])
		return -ENOMEM;
	p = longer[g->n_texts++];
	if (*p == '\0')
		return -EINVAL;
	while (p && *p)
		p = take_group(g, p, name, &error);
	return p ? 0 : error;
}

struct output {
	char *text;
	size_t len, size;
};

static int put(struct output *o, const char *text, size_t len)
{
	if (!o->text || o->len + len + 1 > o->size) {
		size_t size = (o->len + len + 1) * 2;
		char *longer = size <= 2 * EXPANDED_MAX ? realloc(o->text, size) : NULL;

		if (!longer)
			return size <= 2 * EXPANDED_MAX ? -ENOMEM : -EOPNOTSUPP;
		o->text = longer;
		o->size = size;
	}
	memcpy(o->text + o->len, text, len);
	o->len += len;
	o->text[o->len] = '\0';
	return 0;
}

/* The name called at p, which is "(?&name)". */
static bool is_call(const char *p, struct span *name)
{
	const char *close = strncmp(p, "(?&", 3) == 0 ? strchr(p, ')') : NULL;

	if (!close)
		return false;
	*name = (struct span){ p + 3, (size_t)(close - p - 3) };
	return true;
}

static int expand(const struct grammar *g, struct span regex, unsigned depth, struct output *o)
{
	const char *p = regex.ptr, *end = p + regex.len;
	int r = depth < DEPTH_MAX ? 0 : -EOPNOTSUPP;

	while (p < end && r == 0) {
		struct span name;
		const struct group *called;
		const char *next;

		if (is_call(p, &name)) {
			called = find_group(g, name);
			r = called ? put(o, "(?:", 3) : -EOPNOTSUPP;
			if (r == 0)
				r = expand(g, called->body, depth + 1, o);
			if (r == 0)
				r = put(o, ")", 1);
			p = name.ptr + name.len + 1;
			continue;
		}
		if (*p == '(' && regex_group_is_strange(p))
			return -EOPNOTSUPP;
		/* What is in a group may have calls, too. */
		next = *p == '(' ? p + 1 : regex_skip_item(p);
		if (!next || next > end)
			return -EOPNOTSUPP;
		r = put(o, p, (size_t)(next - p));
		p = next;
	}
	return r;
}

/* Other ways to call a group, and references by number: these are left to PCRE2. */
static bool refers_to_groups(const char *regex)
{
	const char *p;

	if (strstr(regex, "(?P>") || strstr(regex, "(?R") || strstr(regex, "(?("))
		return true;
	for (p = regex; *p; p++) {
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'g' || (*p >= '1' && *p <= '9'))
			return true;
	}
	return false;
}

int grammar_expand(const struct grammar *g, const char *regex, char **ret)
{
	struct output o = { 0 };
	int r = expand(g, SPAN(regex), 0, &o);

	if (r == 0 && !o.text)
		r = put(&o, "", 0);
	if (r == 0 && refers_to_groups(o.text))
		r = -EOPNOTSUPP;
	if (r < 0) {
		free(o.text);
		return r;
	}
	*ret = o.text;
	return 0;
}
