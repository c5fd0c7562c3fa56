/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "f2b_date.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/*
 * The forms of dates that fail2ban looks for when a filter does not say which
 * (jail.conf(5), datepattern): ISO 8601 and its relatives, syslog and asctime,
 * day/month/year with numbers or names, MySQL, Tomcat, ASSP, seconds since 1970,
 * the time alone, and TAI64N.
 */
#define ZONE "(?: ?(?:Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?))?"
#define CLOCK "\\d{1,2}:\\d\\d:\\d\\d"
#define FRACTION "(?:[.,]\\d{1,9})?"
#define DEFAULT_DATES                                                                                        \
	"\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}(?:T| {1,2})" CLOCK FRACTION ZONE                                   \
	"|(?:(?:[A-Z]{3,5}|[+-]\\d\\d:?\\d\\d) )?(?:[A-Za-z]{3} )?[A-Za-z]{3} {1,2}\\d{1,2} (?:\\d{4} )? "   \
	"?" CLOCK FRACTION "(?: \\d{4})?"                                                                    \
	"|\\d{1,2}[-/](?:\\d{1,2}|[A-Za-z]{3})[-/]\\d{2,4}[ :]? ?" CLOCK FRACTION "(?: [+-]\\d{4})?"         \
	"|[A-Za-z]{3}-\\d{1,2}-\\d\\d " CLOCK "|[A-Za-z]{3} \\d{1,2}, \\d{4} " CLOCK " [AP]M"                \
	"|\\d{6} {1,2}" CLOCK "|\\d{8}(?:T| {1,2})\\d{5,6}" FRACTION ZONE "|<\\d\\d/\\d\\d/\\d\\d@" CLOCK    \
	">|\\d{10,11}(?:\\.\\d{3,6})?|@[0-9a-f]{24}|" CLOCK

#define EPOCH "\\d{10,11}(?:\\.\\d{3,6})?"

/* Python's fields of a date (and fail2ban's, which begin with Ex), as regexes. */
static const struct field {
	const char *name, *regex;
} fields[] = {
	{"ExY", "\\d{4}"},
	{"Exy", "\\d\\d"},
	{"Exd", "\\d\\d"},
	{"Exm", "\\d\\d"},
	{"ExH", "\\d\\d"},
	{"ExM", "\\d\\d"},
	{"ExS", "\\d\\d"},
	{"Exk", " ?\\d{1,2}"},
	{"Exl", " ?\\d{1,2}"},
	{"ExZ", "[A-Z]{1,5}"},
	{"Exz", "(?:[A-Z]{1,5})?(?:[+-]\\d\\d(?::?\\d\\d)?)?"},
	{"a", "[A-Za-z]{3}"},
	{"A", "[A-Za-z]{6,9}"},
	{"b", "[A-Za-z]{3}"},
	{"B", "[A-Za-z]{3,9}"},
	{"d", "[ 0-3]?\\d"},
	{"m", "[01]?\\d"},
	{"Y", "\\d{4}"},
	{"y", "\\d\\d"},
	{"H", "\\d{1,2}"},
	{"k", " ?\\d{1,2}"},
	{"I", "\\d{1,2}"},
	{"l", " ?\\d{1,2}"},
	{"M", "\\d{1,2}"},
	{"S", "\\d{1,2}"},
	{"f", "\\d{1,9}"},
	{"p", "[AaPp][Mm]"},
	{"j", "\\d{1,3}"},
	{"Z", "[A-Z]{1,5}"},
	{"z", "(?:Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?)"},
	{"%", "%"},
};

/* Words of a datepattern that stand for a whole date. */
static const struct field words[] = {
	{"{DATE}", "\5"},  {"{EPOCH}", EPOCH}, {"{Epoch}", EPOCH},
	{"{^LN-BEG}", ""}, {"{UNB}", ""},      {"{LEPOCH}", "\\d{10,16}(?:\\.\\d{3,6})?"},
	{"**", ""},
};

static const struct field *find_prefix(const struct field *table, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strncmp(table[i].name, text, strlen(table[i].name)) == 0)
			return &table[i];
	return NULL;
}

/* The pattern with all fields as regexes. False: there is a field that is not known. */
static bool replace_fields(const char *p, struct f2b_text *to)
{
	while (*p) {
		const struct field *f = find_prefix(words, ELEMENTSOF(words), p);

		if (!f && *p == '%') {
			f = find_prefix(fields, ELEMENTSOF(fields), p + 1);
			if (!f)
				return false;
			p++;
		}
		if (f) {
			f2b_text_puts(to, f->regex);
			p += strlen(f->name);
		} else {
			f2b_text_putc(to, *p++);
		}
	}
	return !to->failed;
}

/* One pattern, read */

static bool has_date(const struct re *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (has_date(r->child[i]))
			return true;
	return r->kind == RE_DATE;
}

static void add_alternative(struct f2b_text *to, const struct re *r, size_t from, size_t end)
{
	size_t i;

	if (to->len > 0)
		f2b_text_putc(to, '|');
	for (i = from; i < end; i++)
		if (r->child[i]->kind != RE_LEFT && r->child[i]->kind != RE_RIGHT)
			re_write(r->child[i], RE_BEFORE, NULL, to);
}

/* The characters of seq that end at its item end, as text. */
static char *text_before(const struct re *seq, size_t end)
{
	struct f2b_text text = {0};
	size_t i = end;

	while (i > 0 && seq->child[i - 1]->kind == RE_CHAR)
		i--;
	for (; i < end; i++)
		f2b_text_putc(&text, (char)seq->child[i]->byte);
	return text.ptr;
}

/* May nothing stand there before the date? */
static bool may_be_empty(const struct re *seq, size_t end)
{
	size_t i;

	for (i = 0; i < end; i++)
		if (seq->child[i]->kind != RE_LEFT &&
		    !(seq->child[i]->kind == RE_REPEAT && seq->child[i]->min == 0))
			return false;
	return true;
}

static void take_seq(struct f2b_dates *d, const struct re *seq)
{
	bool head = seq->n > 0 && seq->child[0]->kind == RE_LEFT;
	const struct re *cut = NULL;
	size_t i;

	/* Where there is a group, only what it matches is cut. */
	for (i = 0; i < seq->n && !cut; i++)
		if (seq->child[i]->kind == RE_GROUP && seq->child[i]->group == RE_CAPTURE &&
		    !seq->child[i]->name)
			cut = seq->child[i];
	if (!cut) {
		add_alternative(head && has_date(seq) ? &d->heads : &d->dates, seq, 0, seq->n);
		return;
	}
	i--;
	d->anywhere |= i > 0 && may_be_empty(seq, i) && seq->child[i - 1]->kind != RE_LEFT;
	if (!may_be_empty(seq, i) && d->n_before < F2B_BEFORE_MAX) {
		char *before = text_before(seq, i);

		if (before)
			d->before[d->n_before++] = before;
	}
	if (!has_date(cut) && cut->child[0]->n == 1 && cut->child[0]->child[0]->n > 0)
		add_alternative(&d->dates, cut, 0, 1);
	else if (may_be_empty(seq, i) && cut->child[0]->child[0]->n > 1)
		add_alternative(&d->heads, cut, 0, 1);
}

static const struct re *find_named(const struct re *r, const char *name)
{
	size_t i;

	if (r->kind == RE_GROUP && r->name && strcmp(r->name, name) == 0)
		return r;
	for (i = 0; i < r->n; i++) {
		const struct re *found = find_named(r->child[i], name);

		if (found)
			return found;
	}
	return NULL;
}

/* \d(?P<sep>[-/])\d(?P=sep)\d: the second separator by itself. */
static bool inline_references(const struct re *root, struct re *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct re *c = r->child[i];
		const struct re *group;

		if (c->kind != RE_REF) {
			if (!inline_references(root, c))
				return false;
			continue;
		}
		group = c->name ? find_named(root, c->name) : NULL;
		c = group ? re_copy(group) : NULL;
		if (!c)
			return false;
		re_free(r->child[i]);
		r->child[i] = c;
	}
	return true;
}

static void take_pattern(struct f2b_dates *d, struct f2b *f, const struct f2b_place *at, const char *text)
{
	struct f2b_text regex = {0};
	const char *error = "it has a % field that is not known";
	struct re *r = NULL;
	char shown[100];
	size_t offset, i;
	bool ok = replace_fields(text, &regex);

	if (ok) {
		r = re_parse(f2b_text_get(&regex), regex.len, &error, &offset);
		ok = r != NULL;
	}
	for (i = 0; ok && i < r->n; i++) {
		ok = inline_references(r->child[i], r->child[i]);
		if (ok)
			take_seq(d, r->child[i]);
	}
	if (!ok)
		diag_warning(f->diag, at->file, at->line,
			     "the dates that fail2ban knows by itself are taken all the same",
			     "datepattern '%s': %s", text_escape(SPAN(text), shown, sizeof(shown)),
			     error ? error : "out of memory");
	re_free(r);
	f2b_text_done(&regex);
}

/* Those that mean dates which are always looked for. */
static bool is_default(const char *text)
{
	static const char *const names[] = {
		"",	  "{^LN-BEG}", "{DEFAULT}",	  "EPOCH",   "{^LN-BEG}EPOCH",
		"TAI64N", "{NONE}",    "{^LN-BEG}TAI64N", "^TAI64N", "^EPOCH"};
	size_t i;

	for (i = 0; i < ELEMENTSOF(names); i++)
		if (strcasecmp(names[i], text) == 0)
			return true;
	return false;
}

void f2b_dates_read(struct f2b_dates *d, struct f2b *f)
{
	struct f2b_place at = {f->files[0], 0};
	struct f2b_text value = {0};
	char *rest, *line;

	d->anywhere = !f2b_value(f, "datepattern", &value);
	if (value.len > 0) {
		rest = value.ptr;
		while ((line = strsep(&rest, "\n"))) {
			const char *text = line;
			const struct f2b_place *place = f2b_take_place(f, &text);
			struct f2b_text plain = {0};

			at = place ? *place : at;
			f2b_strip_places(text, strlen(text), &plain);
			if (!is_default(f2b_text_get(&plain)))
				take_pattern(d, f, &at, f2b_text_get(&plain));
			f2b_text_done(&plain);
		}
	}
	f2b_text_done(&value);
}

/* One blank or letter says nothing about where a date was. */
static bool says_enough(const char *text)
{
	return text[0] && (text[1] || strchr("[(<{=\"'", text[0]));
}

bool f2b_dates_add_holes(const struct f2b_dates *d, struct re *r)
{
	size_t i;

	if (d->anywhere && !re_add_blank_holes(r))
		return false;
	if (re_add_holes(r, "[", "]") < 0 || re_add_holes(r, "audit(", ":") < 0)
		return false;
	for (i = 0; i < d->n_before; i++) {
		const char *text = d->before[i];
		int n = strcmp(text, "[") == 0;

		/* As much of what stands before the date as the regex has, too. */
		for (; n == 0 && says_enough(text); text++)
			n = re_add_holes(r, text, "");
		if (n < 0)
			return false;
	}
	return true;
}

void f2b_dates_write(const struct f2b_dates *d, struct f2b_text *prefix, struct f2b_text *define)
{
	f2b_text_printf(define, "(?<date>%s%s%s)", f2b_text_get(&d->dates), d->dates.len > 0 ? "|" : "",
			DEFAULT_DATES);
	f2b_text_printf(prefix, "(?:<\\d{1,3}>(?:1 )?)?(?:\\s{0,2}(?&date)%s%s)?",
			d->heads.len > 0 ? "|" : "", f2b_text_get(&d->heads));
}

void f2b_dates_done(struct f2b_dates *d)
{
	f2b_text_done(&d->dates);
	f2b_text_done(&d->heads);
	while (d->n_before > 0)
		free(d->before[--d->n_before]);
}
