/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/attack.h"
#include "match/wild.h"

#define SHOWN_MAX 80
/* Examples of a pattern that are attacked with all there is. */
#define THOROUGH 1

struct lint {
	struct matcher *matcher;
	const struct filter *filter;
	unsigned flags;
	struct diag *diag;
	struct lint_result *result;
	struct attack_line *lines; /* all examples of the filter that name one address */
	size_t n_lines;
};

/* What the text of a pattern tells */

static void check_wild(struct lint *l, const struct filter_text *text, const char *what, const char *name)
{
	char item[SHOWN_MAX], define[SHOWN_MAX];
	struct wild w;

	if (!text->text || !wild_find(l->filter, text->text, &w))
		return;
	text_printable(w.item, item, sizeof(item));
	text_printable(w.define, define, sizeof(define));
	diag_error(l->diag, text->file, text->line,
		   "put it into (?<text>…), or say what the gateway writes there",
		   "%s%s%s: the lint cannot attack '%s'%s%s%s", what, name ? " " : "", name ? name : "", item,
		   *define ? " of (?&" : "", define, *define ? ")" : "");
}

static void check_source(struct lint *l, const struct filter_pattern *p)
{
	const char *hint = "add source = where the format is from: source file, manual, RFC";

	if (p->source.text)
		return;
	if (l->flags & LINT_SOURCES)
		diag_error(l->diag, p->file, p->line, hint, "pattern '%s' has no source", p->name);
	else
		diag_warning(l->diag, p->file, p->line, hint, "pattern '%s' has no source", p->name);
}

static bool has_example(const struct filter_pattern *p)
{
	size_t i;

	for (i = 0; i < p->n_examples; i++)
		if (!p->examples[i].counter)
			return true;
	return false;
}

static void check_twins(struct lint *l, size_t index)
{
	const struct filter_pattern *p = &l->filter->patterns[index];
	size_t i;

	for (i = 0; i < index; i++)
		if (strcmp(l->filter->patterns[i].regex.text, p->regex.text) == 0)
			diag_error(l->diag, p->regex.file, p->regex.line, "remove one of them",
				   "pattern '%s' never matches: pattern '%s' has the same regex", p->name,
				   l->filter->patterns[i].name);
}

static void check_text(struct lint *l, size_t index)
{
	const struct filter_pattern *p = &l->filter->patterns[index];
	char name[SHOWN_MAX];

	snprintf(name, sizeof(name), "'%s'", p->name);
	check_source(l, p);
	check_wild(l, &p->regex, "pattern", name);
	check_twins(l, index);
	if (!has_example(p))
		diag_error(l->diag, p->file, p->line,
			   "add example = a line from a log, and expect = what must come out",
			   "pattern '%s' has no example, so that nothing can be told of it", p->name);
}

/* What the examples tell */

static bool good_example(struct lint *l, const struct filter_pattern *p, const struct filter_example *ex,
			 struct event *e)
{
	return !ex->counter && matcher_line(l->matcher, ex->line.text, strlen(ex->line.text), e) &&
	       strcmp(e->pattern, p->name) == 0 && e->n_addrs == 1;
}

static int collect_lines(struct lint *l)
{
	const struct filter *f = l->filter;
	size_t n = 0, i, k;

	for (i = 0; i < f->n_patterns; i++)
		n += f->patterns[i].n_examples;
	l->lines = calloc(n + 1, sizeof(*l->lines));
	if (!l->lines)
		return -ENOMEM;
	for (i = 0; i < f->n_patterns; i++) {
		for (k = 0; k < f->patterns[i].n_examples; k++) {
			struct event e;

			if (good_example(l, &f->patterns[i], &f->patterns[i].examples[k], &e))
				l->lines[l->n_lines++] = (struct attack_line){ e.line, e.addrs[0] };
		}
	}
	return 0;
}

/* A capture that no example fills is one that nobody attacks. */
static void check_filled(struct lint *l, const struct filter_pattern *p,
			 const bool filled[static SENDER_COUNT])
{
	struct wild w;
	unsigned i;

	wild_find(l->filter, p->regex.text, &w);
	for (i = 0; i < SENDER_COUNT; i++) {
		const char *name = sender_field_name((enum sender_field)i);

		if (!filled[i] && w.captures[i])
			diag_warning(l->diag, p->regex.file, p->regex.line, "add an example that has it",
				     "pattern '%s': no example fills (?<%s>…), so that it is not attacked",
				     p->name, name);
	}
}

static int attack_pattern(struct lint *l, const struct filter_pattern *p)
{
	struct attack a = { .matcher = l->matcher,
			    .pattern = p,
			    .others = l->lines,
			    .n_others = l->n_lines,
			    .diag = l->diag,
			    .result = l->result };
	bool filled[SENDER_COUNT] = { false };
	unsigned n = 0;
	size_t i, k;
	int r = 0;

	for (i = 0; i < p->n_examples && r >= 0; i++) {
		struct attack_field fields[ATTACK_FIELDS_MAX];
		struct event e;

		if (!good_example(l, p, &p->examples[i], &e))
			continue;
		for (k = attack_fields(&e, fields); k > 0; k--)
			filled[fields[k - 1].kind] = true;
		a.example = &p->examples[i];
		a.thorough = n++ < THOROUGH;
		r = attack_run(&a, &e);
	}
	l->result->examples += n;
	if (n > 0)
		check_filled(l, p, filled);
	return r;
}

int lint_run(struct matcher *m, unsigned flags, struct diag *diag, struct lint_result *ret)
{
	struct lint l = {
		.matcher = m, .filter = matcher_filter(m), .flags = flags, .diag = diag, .result = ret
	};
	size_t i;
	int r;

	*ret = (struct lint_result){ 0 };
	matcher_test(m, diag);
	check_wild(&l, &l.filter->prefix, "prefix", NULL);
	r = collect_lines(&l);
	for (i = 0; i < l.filter->n_patterns && r >= 0; i++) {
		check_text(&l, i);
		r = attack_pattern(&l, &l.filter->patterns[i]);
		ret->patterns++;
	}
	free(l.lines);
	return r;
}
