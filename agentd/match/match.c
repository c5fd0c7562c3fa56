/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/textfile.h"
#include "config/value.h"
#include "match/brake.h"
#include "match/literal.h"
#include "match/match_private.h"
#include "match/prefilter.h"
#include "match/probe.h"

/* Making a matcher; scan.c runs it. */

struct literals {
	struct span *texts;
	uint64_t *sets; /* set_words for each */
	size_t set_words;
	size_t count;
};

static int literals_add(struct literals *l, size_t pattern, const char *text, size_t len)
{
	struct span s = { text, len };
	size_t i;

	for (i = 0; i < l->count; i++)
		if (span_equal(l->texts[i], s))
			break;
	if (i == l->count) {
		char *copy = malloc(len);

		if (!copy)
			return -ENOMEM;
		memcpy(copy, text, len);
		l->texts[l->count++] = (struct span){ copy, len };
	}
	pattern_set_add(l->sets + i * l->set_words, pattern);
	return 0;
}

/* Each line of the literal that the filter gives: one of them is in every line that matches. */
static int literals_add_given(struct literals *l, size_t pattern, const struct filter_pattern *p, struct diag *diag)
{
	const struct filter_text *at = &p->literal;
	struct span rest = SPAN(at->text), line;
	int r = 0;

	while (r == 0 && textfile_next_line(&rest, &line)) {
		if (line.len >= LITERAL_MIN && line.len < LITERAL_MAX) {
			r = literals_add(l, pattern, line.ptr, line.len);
			continue;
		}
		diag_error(diag, at->file, at->line, "4 to 199 characters",
			   "a literal of pattern '%s' is too short or too long", p->name);
	}
	return r;
}

/* The one that every match of the regex must hold. */
static int literals_add_found(struct literals *l, struct matcher *m, size_t pattern, const struct filter_pattern *p,
			      struct diag *diag)
{
	struct span text = pattern_literal(m->members[pattern].pattern);

	if (text.len > 0)
		return literals_add(l, pattern, text.ptr, text.len);
	diag_warning(diag, p->regex.file, p->regex.line,
		     "add literal = TEXT with something that every such line holds; several, one a line, if each holds one",
		     "pattern '%s' is slow: no text of four characters that every match must hold", p->name);
	pattern_set_add(m->always.bits, pattern);
	m->any_always = true;
	return 0;
}

static int literals_collect(struct matcher *m, struct literals *l, struct diag *diag)
{
	size_t i, places = m->n_members + 1;
	int r = 0;

	/* A literal takes up a line, so there are no more of them than of line ends. */
	for (i = 0; i < m->n_members; i++)
		if (m->members[i].text->literal.text)
			places += text_count_lines(m->members[i].text->literal.text,
						   strlen(m->members[i].text->literal.text));
	l->set_words = m->set_words;
	l->texts = calloc(places, sizeof(*l->texts));
	l->sets = calloc(places, m->set_words * sizeof(*l->sets));
	if (!l->texts || !l->sets)
		return -ENOMEM;
	for (i = 0; i < m->n_members && r == 0; i++) {
		const struct filter_pattern *p = m->members[i].text;

		r = p->literal.text ? literals_add_given(l, i, p, diag) : literals_add_found(l, m, i, p, diag);
	}
	return r;
}

static void literals_done(struct literals *l)
{
	while (l->count > 0)
		free((char *)l->texts[--l->count].ptr);
	free(l->texts);
	free(l->sets);
}

/* Without a prefilter (a processor Vectorscan does not serve) every pattern sees every line. */
static void look_at_all(struct matcher *m)
{
	size_t i;

	log_notice("filter %s: this processor cannot scan whole buffers; matching line by line, which is slower",
		   m->filter->name);
	for (i = 0; i < m->n_members; i++)
		pattern_set_add(m->always.bits, i);
	m->any_always = true;
}

static int make_prefilter(struct matcher *m, struct diag *diag)
{
	struct literals l = { 0 };
	int r = literals_collect(m, &l, diag);

	if (r >= 0 && l.count > 0) {
		r = prefilter_new(l.texts, l.count, &m->prefilter);
		if (r >= 0)
			m->literals = TAKE_PTR(l.sets);
		else if (r == -EOPNOTSUPP)
			look_at_all(m);
	}
	literals_done(&l);
	return r == -EOPNOTSUPP ? 0 : r;
}

/* Compiles the patterns of f, after those that are there. */
static int add_filter(struct matcher *m, const struct filter *f, struct diag *diag)
{
	struct grammar *g = NULL;
	struct wordset *words = NULL;
	struct continuation *continued = NULL;
	size_t i;
	int r = pattern_grammar(f, diag, &g);

	if (r >= 0)
		r = wordset_new(f, &words);
	if (r >= 0)
		r = continuation_new(f, g, diag, &continued);
	m->words[m->n_filters] = words;
	m->continued[m->n_filters++] = continued;
	for (i = 0; r >= 0 && i < f->n_patterns; i++) {
		struct member *member = &m->members[m->n_members++];

		*member = (struct member){ .filter = f, .text = &f->patterns[i], .words = words, .continued = continued };
		if (pattern_new(f, g, member->text, diag, &member->pattern) == -ENOMEM)
			r = -ENOMEM;
	}
	grammar_free(g);
	return r == -EINVAL ? 0 : r; /* it is in diag; others may have mistakes, too */
}

static struct member *find_member(struct matcher *m, const struct filter *f, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i].filter == f && strcmp(m->members[i].text->name, name) == 0)
			return &m->members[i];
	return NULL;
}

/* The patterns that each is to give way to. One that an admin has switched off is not there. */
static int find_twins(struct matcher *m)
{
	size_t i, k, n;

	for (i = 0; i < m->n_members; i++) {
		struct member *member = &m->members[i];
		char *const *names = member->text->unless;

		if (!names)
			continue;
		member->twins = calloc(strings_count(names) + 1, sizeof(struct member *));
		if (!member->twins)
			return -ENOMEM;
		for (k = n = 0; names[k]; k++) {
			member->twins[n] = find_member(m, member->filter, names[k]);
			if (member->twins[n])
				member->twins[n]->is_twin = true;
			n += member->twins[n] != NULL;
		}
	}
	return 0;
}

/* Which of them tell of successes, and of challenges that were sent. */
static int sort_members(struct matcher *m)
{
	size_t i;
	int r = 0;

	for (i = 0; i < m->n_members && r == 0; i++) {
		const struct member *member = &m->members[i];

		if (member->text->class == CLASS_AUTH_SUCCESS)
			pattern_set_add(m->successes.bits, i);
		if (member->text->class != CLASS_AUTH_CHALLENGE || !pattern_has_challenge(member->pattern))
			continue;
		pattern_set_add(m->challenges.bits, i);
		r = m->sent ? 0 : challenge_log_new(&m->sent);
	}
	return r;
}

static int make_room(struct matcher *m, const struct filter *const *filters, size_t n, struct diag *diag)
{
	size_t i, total = 0;

	for (i = 0; i < n; i++)
		total += filters[i]->n_patterns;
	if (n == 0 || total > MATCHER_PATTERNS_MAX) {
		diag_error(diag, n ? filters[0]->path : "", 0, "give the input fewer filters",
			   "no filter, or more than %d patterns for one input", MATCHER_PATTERNS_MAX);
		return -EINVAL;
	}
	m->filter = filters[0];
	m->set_words = (total + 63) / 64;
	m->members = calloc(total + 1, sizeof(*m->members));
	m->words = calloc(n, sizeof(struct wordset *));
	m->continued = calloc(n, sizeof(struct continuation *));
	m->name = strdup(filters[0]->name);
	for (i = 1; m->name && i < n; i++) {
		char *longer = text_printf("%s %s", m->name, filters[i]->name);

		free(m->name);
		m->name = longer;
	}
	return m->members && m->words && m->continued && m->name ? 0 : -ENOMEM;
}

int matcher_join(const struct filter *const *filters, size_t n, struct diag *diag, struct matcher **ret)
{
	struct matcher *m = calloc(1, sizeof(*m));
	size_t i, errors = diag->errors;
	int r;

	if (!m)
		return -ENOMEM;
	r = make_room(m, filters, n, diag);
	if (r >= 0)
		r = pattern_context_new(&m->context);
	for (i = 0; r >= 0 && i < n; i++)
		r = add_filter(m, filters[i], diag);
	if (r >= 0)
		r = find_twins(m);
	if (r >= 0 && diag->errors == errors)
		r = sort_members(m);
	/* What a regex must hold only makes sense of one that compiles. */
	if (r >= 0 && diag->errors > errors)
		r = -EINVAL;
	if (r >= 0)
		r = make_prefilter(m, diag);
	if (r >= 0 && diag->errors > errors)
		r = -EINVAL;
	if (r < 0) {
		matcher_free(m);
		return r;
	}
	matcher_want(m, ~(class_set)0);
	*ret = m;
	return 0;
}

int matcher_new(const struct filter *f, struct diag *diag, struct matcher **ret)
{
	return matcher_join(&f, 1, diag, ret);
}

void matcher_trust_twins(struct matcher *m)
{
	m->twins_count = true;
}

void matcher_brake(struct matcher *m)
{
	m->braking = true;
}

void matcher_braked_each(const struct matcher *m,
			 void (*fn)(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off),
			 void *userdata)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i].brake.state != BRAKE_NONE)
			fn(userdata, m->members[i].filter, m->members[i].text, m->members[i].brake.state == BRAKE_OFF);
}

void matcher_probe(struct matcher *m, struct diag *diag)
{
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		const struct filter_pattern *p = m->members[i].text;

		if (probe_pattern(m->members[i].pattern, m->context, p))
			diag_warning(diag, p->regex.file, p->regex.line,
				     "make repeated parts possessive, as in (?:a++)+; 'sipwarden filter lint' shows more",
				     "pattern '%s' takes more than %d steps for a line of %d bytes: sipwardend will switch it "
				     "off when it meets such lines",
				     p->name, BRAKE_STEPS, BRAKE_LINE_MAX);
	}
}

void matcher_pace(struct matcher *m, unsigned per_second)
{
	m->pace = per_second;
}

int matcher_use_jit(struct matcher *m)
{
	return pattern_context_use_jit(m->context);
}

void matcher_want(struct matcher *m, class_set classes)
{
	size_t i;

	memset(&m->wanted, 0, sizeof(m->wanted));
	for (i = 0; i < m->n_members; i++) {
		const struct member *member = &m->members[i];
		enum event_class class = member->text->class;

		if (classes & (CLASS_BIT(class) |
			       wordset_may_add(member->words, class, pattern_captures(member->pattern))))
			pattern_set_add(m->wanted.bits, i);
	}
}

struct matcher *matcher_free(struct matcher *m)
{
	if (!m)
		return NULL;
	while (m->n_members > 0) {
		pattern_free(m->members[--m->n_members].pattern);
		free(m->members[m->n_members].twins);
	}
	free(m->members);
	while (m->n_filters > 0) {
		wordset_free(m->words[--m->n_filters]);
		continuation_free(m->continued[m->n_filters]);
	}
	free(m->words);
	free(m->continued);
	pattern_context_free(m->context);
	challenge_log_free(m->sent);
	prefilter_free(m->prefilter);
	free(m->literals);
	free(m->name);
	free(m);
	return NULL;
}
