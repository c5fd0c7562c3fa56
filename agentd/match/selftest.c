/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The examples and counterexamples of a filter, run on its own matcher. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "match/match.h"

#define SHOWN_MAX 512

/* As text_escape(), with blanks as \x20 too: expected words end at a blank. */
static char *shown_capture(struct span s, char buf[static SHOWN_MAX])
{
	char plain[SHOWN_MAX / 4], *to = buf;
	const char *from;

	if (!s.ptr)
		return strcpy(buf, "-");
	for (from = text_escape(s, plain, sizeof(plain)); *from; from++) {
		if (*from == ' ')
			to = stpcpy(to, "\\x20");
		else
			*to++ = *from;
	}
	*to = '\0';
	return buf;
}

static char *shown_classes(class_set set, char buf[static SHOWN_MAX])
{
	unsigned c;

	*buf = '\0';
	for (c = 1; c < CLASS_COUNT; c++) {
		if (!(set & CLASS_BIT(c)))
			continue;
		if (*buf)
			strcat(buf, ",");
		strcat(buf, class_name((enum event_class)c));
	}
	return *buf ? buf : strcpy(buf, "-");
}

/* What came out for the key, or NULL: no such key. */
static const char *result_for(const struct event *e, const char *key, char buf[static SHOWN_MAX])
{
	const struct {
		const char *key;
		struct span span;
	} captures[] = {
		{ "user", e->user },   { "id", e->id },	    { "number", e->number },
		{ "agent", e->agent }, { "from", e->from }, { "transport", e->transport }, { "method", e->method },
		{ "sport", e->port },  { "duration", e->duration },
	};
	char addr[ADDR_TEXT_MAX];
	size_t i;

	if (strcmp(key, "address") == 0)
		return strcpy(buf, e->n_addrs == 1 ? addr_format(&e->addrs[0], addr) : "-");
	if (strcmp(key, "class") == 0)
		return strcpy(buf, class_name(e->class));
	if (strcmp(key, "also") == 0)
		return shown_classes(e->classes & ~CLASS_BIT(e->class), buf);
	if (strcmp(key, "proven") == 0)
		return strcpy(buf, e->proven ? "yes" : "no");
	for (i = 0; i < ELEMENTSOF(captures); i++)
		if (strcmp(captures[i].key, key) == 0)
			return shown_capture(captures[i].span, buf);
	return NULL;
}

static void check_word(const struct event *e, const struct filter_text *at, char *word, struct diag *diag)
{
	char *value = strchr(word, '='), buf[SHOWN_MAX];
	const char *got;

	if (value)
		*value++ = '\0';
	got = value ? result_for(e, word, buf) : NULL;
	if (!got)
		diag_error(diag, at->file, at->line,
			   "KEY=VALUE with address, class, also, user, id, number, agent, from, transport, method, sport, duration or proven",
			   "'%s' is nothing that can be expected", word);
	else if (strcmp(got, value) != 0)
		diag_error(diag, at->file, at->line, NULL, "the example gives %s=%s, not %s", word, got, value);
}

static void check_expectations(const struct event *e, const struct filter_text *expect, struct diag *diag)
{
	_cleanup_free_ char *copy = strdup(expect->text);
	char *save = NULL, *word;

	for (word = copy ? strtok_r(copy, " \t\n", &save) : NULL; word; word = strtok_r(NULL, " \t\n", &save))
		check_word(e, expect, word, diag);
}

static void check_example(struct matcher *m, const struct filter_pattern *p, const struct filter_example *ex,
			  struct diag *diag)
{
	const struct filter_text *at = &ex->line;
	struct event e;
	bool matched = matcher_line(m, at->text, strlen(at->text), &e);
	bool mine = matched && strcmp(e.pattern, p->name) == 0;

	if (ex->counter) {
		if (mine)
			diag_error(diag, at->file, at->line, NULL, "the counterexample matches pattern '%s'", p->name);
		return;
	}
	if (!matched)
		diag_error(diag, at->file, at->line, "compare it with the regex, and with the filter's prefix",
			   "the example does not match pattern '%s'", p->name);
	else if (!mine)
		diag_error(diag, at->file, at->line, "the first pattern that matches wins; make that one stricter",
			   "the example is taken by pattern '%s', not '%s'", e.pattern, p->name);
	else if (e.n_addrs != 1 && !(e.n_addrs == 0 && e.class == CLASS_CALL_END))
		diag_error(diag, at->file, at->line, "make the regex say what may stand around the address",
			   "the example can be read as %zu addresses, not one", e.n_addrs);
	else if (ex->expect.text)
		check_expectations(&e, &ex->expect, diag);
}

unsigned matcher_test(struct matcher *m, struct diag *diag)
{
	const struct filter *f = matcher_filter(m);
	unsigned n = 0;
	size_t i, k;

	for (i = 0; i < f->n_patterns; i++) {
		const struct filter_pattern *p = &f->patterns[i];

		for (k = 0; k < p->n_examples; k++, n++)
			check_example(m, p, &p->examples[k], diag);
	}
	return n;
}
