/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From fail2ban's prefregex, failregex and ignoreregex to patterns of ours. */
#include "f2b_import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "f2b_class.h"
#include "match/literal.h"
#include "match/match.h"

#define ITEMS_MAX 400
#define IGNORES_MAX 100
#define NO_MEMORY "out of memory"

/* The regexes that all items share. */
struct shared {
	struct f2b_import *im;
	char *pre;	     /* prefregex; NULL: none */
	char **ignores;	     /* NULL-terminated */
	bool ignore_content; /* they look at <F-CONTENT> only */
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct f2b_item *item, const char *hint,
							 const char *format, ...)
{
	va_list ap;

	free(item->why);
	va_start(ap, format);
	if (vasprintf(&item->why, format, ap) < 0)
		item->why = NULL;
	va_end(ap);
	item->hint = hint;
	return false;
}

static struct re *in_group(struct re *alt, enum re_group kind, const char *name)
{
	struct re *group = alt ? re_new(RE_GROUP) : NULL;

	if (!group) {
		re_free(alt);
		return NULL;
	}
	group->group = kind;
	group->name = name ? strdup(name) : NULL;
	if (!re_add(group, alt))
		return re_free(group);
	return name && !group->name ? re_free(group) : group;
}

/* Puts a new (?!…) or (?=…) with alt in front of all that r, an RE_ALT, says. */
static bool put_in_front(struct re *r, struct re *alt, const char *look)
{
	struct re *group = in_group(alt, RE_LOOK, look), *copy;
	size_t i;
	bool ok = group != NULL;

	for (i = 0; ok && i < r->n; i++) {
		copy = re_copy(group);
		ok = copy && re_insert(r->child[i], 0, copy);
	}
	re_free(group);
	return ok;
}

static struct re *parse(struct f2b_item *item, const char *what, const char *text, char prefix)
{
	const char *error;
	char near[60];
	size_t offset = 0, n = strlen(text);
	struct re *r = re_parse(text, n, &error, &offset);

	if (!r) {
		offset = offset < n ? offset : n;
		refuse(item, NULL, "%s: %s, at character %zu, before '%s'", what, error, offset + 1,
		       text_escape(SPAN(text + offset), near, sizeof(near)));
		return NULL;
	}
	error = re_link(r, prefix);
	if (error) {
		refuse(item, NULL, "%s: %s", what, error);
		return re_free(r);
	}
	return r;
}

/* What the address and the marks of a regex (with its prefregex) say about its use. */
static bool check_use(struct f2b_item *item, const struct re_facts *fail, const struct re_facts *pre)
{
	if (fail->lines || pre->lines)
		return refuse(item, "let the gateway log what matters on one line",
			      "it needs several lines at once (\\n); sipwarden looks at each line by itself");
	if (fail->ids + pre->ids > 0)
		return refuse(item, "write a pattern by hand, with (?<addr>(?&ip))",
			      "it bans what <F-ID> captures; sipwarden bans addresses only");
	if (fail->nofails + pre->nofails > 0 && fail->gained == 0)
		return refuse(item, "nothing is lost: other lines of the attack count",
			      "it marks no failure (<F-NOFAIL>); fail2ban only remembers it for other lines");
	if (fail->addresses + pre->addresses == 0)
		return refuse(item, "let the gateway log the address on this line",
			      "it has no <HOST>: the address stands in another line of the connection");
	return true;
}

/* (?!…) for each ignoreregex. */
static bool add_ignores(const struct shared *s, struct f2b_item *item, struct re *r)
{
	char **ignore;

	for (ignore = s->ignores; ignore && *ignore; ignore++) {
		struct f2b_item problem = {0};
		struct re *ign = parse(&problem, "ignoreregex", *ignore, 'i');
		const char *error = ign ? re_anchor(ign, true) : problem.why;
		bool ok = true;

		if (error) {
			re_free(ign);
			if (item->number == 1)
				s->im->ignores_left++;
		} else if (!put_in_front(r, ign, "?!")) {
			ok = refuse(item, NULL, NO_MEMORY);
		}
		free(problem.why);
		if (!ok)
			return false;
	}
	return true;
}

/* Puts fail into prefregex. Both are used up; NULL: item says why. */
static struct re *combine(const struct shared *s, struct f2b_item *item, struct re *pre, struct re *fail)
{
	struct re *content = re_find_group(pre, RE_CONTENT), *body = content ? content->child[0] : NULL,
		  *last;
	const char *error = re_anchor(pre, true);
	bool at_end, plain;

	last = pre->n == 1 && pre->child[0]->n > 0 ? pre->child[0]->child[pre->child[0]->n - 1] : NULL;
	at_end = !content || last == content;
	if (!error)
		error = re_anchor(fail, at_end);
	if (!error && !content && !put_in_front(fail, TAKE_PTR(pre), "?="))
		error = NO_MEMORY;
	if (error || !content) {
		if (error)
			refuse(item, NULL, "%s", error);
		re_free(pre);
		return error ? re_free(fail) : fail;
	}
	if (s->ignore_content && !add_ignores(s, item, fail)) {
		re_free(pre);
		return re_free(fail);
	}
	/* <F-CONTENT>.+</F-CONTENT> asks for nothing; what asks for more is asked as well. */
	plain = body->n == 1 && body->child[0]->n == 1 && body->child[0]->child[0]->kind == RE_REPEAT &&
		body->child[0]->child[0]->child[0]->kind == RE_SET;
	content->child[0] = fail;
	content->group = RE_PLAIN;
	if (plain) {
		re_free(body);
	} else if (!put_in_front(fail, body, "?=")) {
		refuse(item, NULL, NO_MEMORY);
		return re_free(pre);
	}
	return pre;
}

static struct re *build(const struct shared *s, struct f2b_item *item)
{
	struct re *fail = parse(item, "failregex", item->text, 'f'), *pre = NULL, *whole;
	struct re_facts before, after, in_pre = {0};
	const char *error;

	if (!fail)
		return NULL;
	re_facts(fail, &before);
	error = re_drop_nofail(fail);
	re_facts(fail, &after);
	item->alternatives_left = after.nofails < before.nofails;
	if (s->pre)
		pre = parse(item, "prefregex", s->pre, 'p');
	if (pre)
		re_facts(pre, &in_pre);
	if (error)
		refuse(item, NULL, "%s", error);
	if (error || (s->pre && !pre) || !check_use(item, &after, &in_pre)) {
		re_free(pre);
		return re_free(fail);
	}
	item->class = after.gained ? CLASS_AUTH_SUCCESS : f2b_class_guess(s->im->name, item->text);
	if (pre)
		return combine(s, item, pre, fail);
	error = re_anchor(fail, true);
	whole = error ? re_free(fail) : fail;
	if (error)
		refuse(item, NULL, "%s", error);
	return whole;
}

/* "(?<head1>…)", as a new string. */
static char *head_define(const struct f2b_import *im, size_t i)
{
	return text_printf("(?<head%zu>%s)", i + 1, f2b_text_get(&im->heads.text[i]));
}

/* What PCRE2 says of the pattern as it would be loaded. */
static bool check_compiles(const struct f2b_import *im, struct f2b_item *item, const char *regex)
{
	struct filter_text defines[RE_HEADS_MAX + 1] = {
		{strdup(f2b_text_get(&im->define)), item->place.file, 0}};
	struct filter_pattern pattern = {
		.name = (char *)"import", .class = item->class, .file = item->place.file};
	struct filter f = {.name = (char *)im->name,
			   .defines = defines,
			   .n_defines = im->heads.n + 1,
			   .patterns = &pattern,
			   .n_patterns = 1};
	struct diag diag = DIAG_INIT;
	struct matcher *m = NULL;
	bool ok = defines[0].text != NULL;
	size_t i;

	for (i = 0; i < im->heads.n; i++) {
		defines[i + 1] = (struct filter_text){head_define(im, i), item->place.file, 0};
		ok = ok && defines[i + 1].text;
	}
	f.prefix = (struct filter_text){(char *)f2b_text_get(&im->prefix), item->place.file, 0};
	pattern.regex = (struct filter_text){(char *)regex, item->place.file, item->place.line};
	if (item->literal)
		pattern.literal = (struct filter_text){item->literal, item->place.file, item->place.line};
	ok = ok && matcher_new(&f, &diag, &m) == 0;
	if (!ok)
		refuse(item, NULL, "what came out of it is no regex that sipwarden takes: %s",
		       diag.count > 0 && diag.entries[0].text ? diag.entries[0].text : NO_MEMORY);
	matcher_free(m);
	for (i = 0; i <= im->heads.n; i++)
		free(defines[i].text);
	diag_done(&diag);
	return ok;
}

/* A literal of ours, where none is found in the regex by itself, or a shorter one. */
static void choose_literal(struct f2b_item *item, const struct re *r, const char *regex)
{
	char found[LITERAL_MAX];
	size_t own = literal_extract(regex, found);
	struct f2b_text literal = {0};

	re_literal(r, &literal);
	if (literal.len > 0 && (own == 0 || (literal.len > own && !strchr(literal.ptr, '\n'))))
		item->literal = strdup(literal.ptr);
	f2b_text_done(&literal);
}

static char *without_breaks(const char *text)
{
	char *copy = strdup(text), *to = copy;

	for (; copy && *text; text++)
		if (*text != '\n')
			*to++ = *text;
	if (copy)
		*to = '\0';
	return copy;
}

static void translate(const struct shared *s, struct f2b_item *item)
{
	struct f2b_text regex = {.max = RE_LENGTH_MAX};
	_cleanup_free_ char *joined = NULL;
	struct re *r = build(s, item);

	if (!r)
		return;
	if ((!s->ignore_content && !add_ignores(s, item, r)) || !f2b_dates_add_holes(&s->im->dates, r)) {
		if (!item->why)
			refuse(item, NULL, NO_MEMORY);
		re_free(r);
		return;
	}
	re_widen(r);
	if (!re_commit(r))
		regex.failed = true;
	re_write(r, RE_PATTERN, &s->im->heads, &regex);
	joined = without_breaks(f2b_text_get(&regex));
	if (regex.failed || !joined) {
		refuse(item, NULL, "what came out of it is longer than 60 KiB");
	} else {
		choose_literal(item, r, joined);
		if (check_compiles(s->im, item, joined))
			item->regex = strdup(f2b_text_get(&regex));
	}
	re_free(r);
	f2b_text_done(&regex);
}

/* The lines of a value, without marks of places; *places, if not NULL, gets where each was written. */
static char **value_lines(struct f2b_import *im, const char *key, size_t max, struct f2b_place *places)
{
	struct f2b_text value = {0};
	char **list = calloc(1, sizeof(*list)), *rest, *line;
	size_t n = 0;

	if (!list || !f2b_value(&im->f, key, &value) || value.len == 0) {
		f2b_text_done(&value);
		return list;
	}
	rest = value.ptr;
	while (list && (line = strsep(&rest, "\n"))) {
		const char *text = line;
		const struct f2b_place *at = f2b_take_place(&im->f, &text);
		struct f2b_text plain = {0};
		char **longer;

		f2b_strip_places(text, strlen(text), &plain);
		if (plain.len == 0 || n == max) {
			f2b_text_done(&plain);
			continue;
		}
		if (places)
			places[n] = at ? *at : (struct f2b_place){im->f.files[0], 0};
		longer = reallocarray(list, n + 2, sizeof(*list));
		if (!longer) {
			f2b_text_done(&plain);
			break;
		}
		list = longer;
		list[n++] = plain.ptr;
		list[n] = NULL;
	}
	f2b_text_done(&value);
	return list;
}

static void lines_free(char **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static int make_items(struct f2b_import *im)
{
	struct f2b_place *places = calloc(ITEMS_MAX, sizeof(*places));
	char **lines = places ? value_lines(im, "failregex", ITEMS_MAX, places) : NULL;
	size_t n = 0, i;

	while (lines && lines[n])
		n++;
	im->items = lines ? calloc(n + 1, sizeof(*im->items)) : NULL;
	for (i = 0; im->items && i < n; i++) {
		im->items[i].number = (unsigned)i + 1;
		im->items[i].place = places[i];
		im->items[i].text = TAKE_PTR(lines[i]);
	}
	im->n_items = im->items ? n : 0;
	free(places);
	for (i = 0; lines && i < n && !im->items; i++)
		free(lines[i]);
	free(lines);
	return im->items ? 0 : -ENOMEM;
}

int f2b_import_run(struct f2b_import *im)
{
	struct shared s = {.im = im};
	struct f2b_text maxlines = {0};
	size_t errors = im->f.diag->errors, i;
	char **pre;
	int r = make_items(im);

	f2b_dates_read(&im->dates, &im->f);
	f2b_dates_write(&im->dates, &im->prefix, &im->define);
	pre = value_lines(im, "prefregex", 1, NULL);
	s.pre = pre ? pre[0] : NULL;
	s.ignores = value_lines(im, "ignoreregex", IGNORES_MAX, NULL);
	for (i = 0; s.ignores && s.ignores[i]; i++)
		im->ignores++;
	/* fail2ban: few ignoreregexes are tried on the whole line, many on what a failregex sees. */
	s.ignore_content = s.pre && im->ignores + 2 >= im->n_items;
	f2b_value(&im->f, "journalmatch", &im->journalmatch);
	if (f2b_value(&im->f, "maxlines", &maxlines)) {
		struct f2b_text plain = {0};

		f2b_strip_places(f2b_text_get(&maxlines), maxlines.len, &plain);
		im->several_lines = strtoul(f2b_text_get(&plain), NULL, 10) > 1;
		f2b_text_done(&plain);
	}
	if (r >= 0 && im->f.diag->errors > errors)
		r = -EINVAL;
	for (i = 0; r >= 0 && i < im->n_items; i++) {
		translate(&s, &im->items[i]);
		im->imported += im->items[i].regex != NULL;
	}
	f2b_text_done(&maxlines);
	lines_free(pre);
	lines_free(s.ignores);
	return r;
}

/* Writing it out */

/* A value over several lines; a blank, '#' or ';' where a line is broken would be lost or mistaken. */
static void put_value(struct f2b_text *to, const char *key, const char *value)
{
	const char *p;

	f2b_text_printf(to, "%s = ", key);
	for (p = value; *p; p++) {
		bool first = p == value || p[-1] == '\n', last = !p[1] || p[1] == '\n';

		if (*p == '\n')
			f2b_text_puts(to, "\n\t");
		else if (*p == ' ' && (first || last))
			f2b_text_puts(to, "\\x20");
		else if ((*p == '#' || *p == ';') && first)
			f2b_text_printf(to, "\\x%02x", (unsigned char)*p);
		else
			f2b_text_putc(to, *p);
	}
	f2b_text_putc(to, '\n');
}

static void put_comment(struct f2b_text *to, const char *text)
{
	struct f2b_text plain = {0};
	char shown[400];

	f2b_strip_places(text, strlen(text), &plain);
	f2b_text_printf(to, "# %s\n", text_printable(SPAN(f2b_text_get(&plain)), shown, sizeof(shown)));
	f2b_text_done(&plain);
}

/* The file's name; its directory is of no use to who gets the filter. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void write_item(const struct f2b_item *item, struct f2b_text *to)
{
	size_t i;

	f2b_text_putc(to, '\n');
	if (!item->regex) {
		f2b_text_printf(to, "# %s:%u, not imported: %s\n", base_name(item->place.file),
				item->place.line, item->why ? item->why : NO_MEMORY);
		put_comment(to, item->text);
		return;
	}
	if (item->alternatives_left)
		f2b_text_puts(to, "# Without what fail2ban marks as no failure (<F-NOFAIL>).\n");
	f2b_text_printf(to, "# The class is a guess: look at it.\n[pattern failregex-%u]\nclass = %s\n",
			item->number, class_name(item->class));
	f2b_text_printf(to, "source = fail2ban, %s line %u\n", base_name(item->place.file), item->place.line);
	put_value(to, "regex", item->regex);
	if (item->literal)
		put_value(to, "literal", item->literal);
	for (i = 0; i < item->n_examples; i++)
		f2b_text_printf(to, "example = %s\nexpect = %s\n", item->examples[i], item->expects[i]);
}

void f2b_import_write(const struct f2b_import *im, struct f2b_text *to)
{
	size_t i;

	f2b_text_printf(to,
			"# From fail2ban's %s: %zu of %zu regexes. What is not here is said in its place.\n"
			"# Give examples, and look what a sender could aim at somebody else:\n"
			"#   sipwarden filter lint %s\n",
			base_name(im->f.files[0]), im->imported, im->n_items, im->name);
	if (im->journalmatch.len > 0) {
		f2b_text_puts(to,
			      "# In the journal, this is what fail2ban reads (type = journal, match = …):\n");
		put_comment(to, f2b_text_get(&im->journalmatch));
	}
	if (im->ignores > im->ignores_left)
		f2b_text_puts(to, "# ignoreregex is here as (?!…): a sender who can write that text hides "
				  "his lines.\n");
	if (im->ignores_left > 0)
		f2b_text_printf(to, "# %zu ignoreregex could not be imported.\n", im->ignores_left);
	f2b_text_printf(to, "\n[filter]\ndescription = %s, from fail2ban\n", im->name);
	f2b_text_puts(to, "# The dates that fail2ban cuts out of a line before it looks at it.\n");
	put_value(to, "prefix", f2b_text_get(&im->prefix));
	put_value(to, "define", f2b_text_get(&im->define));
	if (im->heads.n > 0)
		f2b_text_puts(to, "# What fail2ban calls the prefix of a line: host and program.\n");
	for (i = 0; i < im->heads.n; i++) {
		_cleanup_free_ char *define = head_define(im, i);

		put_value(to, "define", define ? define : "");
	}
	for (i = 0; i < im->n_items; i++)
		write_item(&im->items[i], to);
}

void f2b_import_done(struct f2b_import *im)
{
	size_t i, j;

	for (i = 0; i < im->n_items; i++) {
		struct f2b_item *item = &im->items[i];

		for (j = 0; j < item->n_examples; j++) {
			free(item->examples[j]);
			free(item->expects[j]);
		}
		free(item->text);
		free(item->regex);
		free(item->literal);
		free(item->why);
	}
	free(im->items);
	f2b_text_done(&im->prefix);
	f2b_text_done(&im->define);
	f2b_text_done(&im->journalmatch);
	re_heads_done(&im->heads);
	f2b_dates_done(&im->dates);
	f2b_done(&im->f);
}
