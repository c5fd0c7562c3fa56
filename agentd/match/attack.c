/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/attack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "input/input.h"
#include "match/hostile.h"

/* Lines made of one example, at most; and of one pair of its fields, with so many texts for each. */
#define REWRITES_MAX 4000
#define PAIR_TEXTS 12
/* Whole lines of other patterns that are put into a field. */
#define OTHERS_MAX 24
/* A header of this size must not hide its line. */
#define LONG_SIZE 60000
/* Told of one example; the others are counted. */
#define TOLD_MAX 3
#define SHOWN_MAX 160

struct run {
	const struct attack *a;
	struct span line;
	struct addr own;
	struct attack_field fields[ATTACK_FIELDS_MAX];
	size_t n;
	struct hostile texts[ATTACK_FIELDS_MAX];
	unsigned rewrites, mistakes;
	char *buf; /* the line being tried */
	size_t size;
};

/* One or two fields, with what is written into them. */
struct rewrite {
	size_t fields[2];
	const char *texts[2];
	size_t n;
};

static void add_field(struct attack_field *fields, size_t *n, const struct event *e, enum sender_field kind,
		      struct span s)
{
	size_t start, i;

	if (!s.ptr || *n == ATTACK_FIELDS_MAX)
		return;
	start = (size_t)(s.ptr - e->line.ptr);
	for (i = 0; i < *n; i++)
		if (fields[i].start == start && fields[i].end == start + s.len)
			return;
	fields[(*n)++] = (struct attack_field){ kind, start, start + s.len };
}

static int compare_fields(const void *a, const void *b)
{
	const struct attack_field *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

size_t attack_fields(const struct event *e, struct attack_field fields[static ATTACK_FIELDS_MAX])
{
	size_t n = 0, i;

	add_field(fields, &n, e, SENDER_FROM, e->from);
	add_field(fields, &n, e, SENDER_USER, e->user);
	add_field(fields, &n, e, SENDER_ID, e->id);
	add_field(fields, &n, e, SENDER_NUMBER, e->number);
	add_field(fields, &n, e, SENDER_AGENT, e->agent);
	for (i = 0; i < e->n_texts; i++)
		add_field(fields, &n, e, SENDER_TEXT, e->texts[i]);
	qsort(fields, n, sizeof(*fields), compare_fields);
	return n;
}

/* What the gateway makes of a character: */
enum fate { KEPT, DROPPED, ESCAPED };

static enum fate fate_by(const struct filter_claim *claims, size_t n, enum sender_field kind, char c)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (claims[i].field == kind && strchr(claims[i].chars, c))
			return claims[i].escaped ? ESCAPED : DROPPED;
	return KEPT;
}

/* What holds of a field holds of those within it. */
static enum fate fate_of(const struct run *r, size_t field, char c)
{
	const struct filter *f = matcher_filter(r->a->matcher);
	const struct filter_pattern *p = r->a->pattern;
	enum fate fate = KEPT;
	size_t i;

	for (i = 0; i < r->n && fate != DROPPED; i++) {
		enum fate one;

		if (r->fields[i].start > r->fields[field].start || r->fields[i].end < r->fields[field].end)
			continue;
		one = fate_by(p->claims, p->n_claims, r->fields[i].kind, c);
		if (one == KEPT)
			one = fate_by(f->claims, f->n_claims, r->fields[i].kind, c);
		fate = one != KEPT ? one : fate;
	}
	return fate;
}

/* text as the gateway would write it into the field, appended at to. Returns its end. */
static char *write_field(const struct run *r, size_t field, const char *text, char *to)
{
	for (; *text; text++) {
		enum fate fate = *text == '\n' ? DROPPED : fate_of(r, field, *text);

		if (fate == DROPPED)
			continue;
		if (fate == ESCAPED)
			*to++ = '\\';
		*to++ = *text;
	}
	return to;
}

static bool make_room(struct run *r, const struct rewrite *w)
{
	size_t need = r->line.len + 1, i;
	char *longer;

	for (i = 0; i < w->n; i++)
		need += strlen(w->texts[i]) * 2;
	if (need <= r->size)
		return true;
	longer = realloc(r->buf, need);
	if (!longer)
		return false;
	r->buf = longer;
	r->size = need;
	return true;
}

/* The line with the fields of w replaced: in r->buf. Returns its length. */
static size_t make_line(struct run *r, const struct rewrite *w)
{
	char *to = r->buf;
	size_t at = 0, i;

	for (i = 0; i < w->n; i++) {
		const struct attack_field *f = &r->fields[w->fields[i]];

		memcpy(to, r->line.ptr + at, f->start - at);
		to = write_field(r, w->fields[i], w->texts[i], to + (f->start - at));
		at = f->end;
	}
	memcpy(to, r->line.ptr + at, r->line.len - at);
	return (size_t)(to - r->buf) + r->line.len - at;
}

/* "user as 'x'", or "from as 'x' and id as 'y'" */
static void show_rewrite(const struct run *r, const struct rewrite *w, char buf[static 2 * SHOWN_MAX + 64])
{
	char texts[2][SHOWN_MAX];
	size_t i;

	for (i = 0; i < w->n; i++)
		text_escape(SPAN(w->texts[i]), texts[i], sizeof(texts[i]));
	snprintf(buf, 2 * SHOWN_MAX + 64, "%s as ‘%s’%s%s%s%s%s",
		 sender_field_name(r->fields[w->fields[0]].kind), texts[0], w->n > 1 ? " and " : "",
		 w->n > 1 ? sender_field_name(r->fields[w->fields[1]].kind) : "", w->n > 1 ? " as ‘" : "",
		 w->n > 1 ? texts[1] : "", w->n > 1 ? "’" : "");
}

static void tell_aimed(struct run *r, const struct rewrite *w, const struct event *e)
{
	const struct filter_pattern *by = &matcher_filter(r->a->matcher)->patterns[e->pattern_index];
	const struct filter_text *at = &r->a->example->line;
	char shown[2 * SHOWN_MAX + 64], addr[ADDR_TEXT_MAX];

	if (r->mistakes++ >= TOLD_MAX)
		return;
	show_rewrite(r, w, shown);
	diag_error(r->a->diag, at->file, at->line,
		   "say more exactly what the gateway writes behind it, or '.*' in it, so that both readings "
		   "are found",
		   "pattern '%s' can be aimed: with %s, pattern '%s' (%s:%u) finds %s and nothing else",
		   r->a->pattern->name, shown, by->name, by->file, by->line, addr_format(&e->addrs[0], addr));
}

static void tell_limited(struct run *r, const struct rewrite *w, size_t len)
{
	const struct filter_text *at = &r->a->example->line;
	char shown[2 * SHOWN_MAX + 64];

	if (r->mistakes++ >= TOLD_MAX)
		return;
	show_rewrite(r, w, shown);
	diag_error(r->a->diag, at->file, at->line,
		   "make what cannot change the address atomic, (?>…), or possessive, so that there are "
		   "fewer ways to read it",
		   "pattern '%s': a line of %zu bytes hits the match limit and is lost, with %s",
		   r->a->pattern->name, len, shown);
}

static int try(struct run *r, const struct rewrite *w)
{
	struct lint_result *result = r->a->result;
	struct match_stats before, after;
	struct event e;
	size_t len;
	bool matched;

	if (!make_room(r, w))
		return -ENOMEM;
	len = make_line(r, w);
	if (len > MATCH_LINE_MAX) {
		/* As the inputs cut it. */
		len = MATCH_LINE_MAX;
		r->buf[len - 1] = INPUT_CUT_MARK;
	}
	matcher_stats(r->a->matcher, &before);
	matched = matcher_line(r->a->matcher, r->buf, len, &e);
	matcher_stats(r->a->matcher, &after);
	r->rewrites++;
	result->rewrites++;
	if (after.limited > before.limited)
		tell_limited(r, w, len);
	else if (!matched || e.n_addrs == 0)
		result->lost++;
	else if (e.n_addrs > 1)
		result->several++;
	else if (!addr_equal(&e.addrs[0], &r->own))
		tell_aimed(r, w, &e);
	return 0;
}

static int try_one(struct run *r, size_t field, const char *text)
{
	const struct rewrite w = { { field }, { text }, 1 };

	return r->rewrites < REWRITES_MAX ? try(r, &w) : 0;
}

/* Where fields and addresses of the line begin and end. */
static size_t find_marks(const struct run *r, size_t marks[static 2 * ATTACK_FIELDS_MAX])
{
	size_t n = 0, i;

	for (i = 0; i < r->n; i++) {
		marks[n++] = r->fields[i].end;
		marks[n++] = r->fields[i].start;
	}
	return n;
}

static void make_texts(struct run *r, size_t field)
{
	const struct attack *a = r->a;
	struct hostile *h = &r->texts[field];
	size_t marks[2 * ATTACK_FIELDS_MAX], n = find_marks(r, marks), step = a->n_others / OTHERS_MAX + 1, i;

	hostile_add_for(h, r->line, &r->own, r->fields[field].start, r->fields[field].end, marks, n);
	hostile_add_both(h, hostile_rename(r->line, &r->own));
	for (i = 0; i < a->n_others; i += step)
		hostile_add_both(h, hostile_rename(a->others[i].line, &a->others[i].own));
}

static int attack_singles(struct run *r)
{
	size_t i, k;
	int n = 0;

	for (i = 0; i < r->n; i++)
		for (k = 0; k < r->texts[i].n && n >= 0; k++)
			n = try_one(r, i, r->texts[i].texts[k]);
	return n;
}

/* Text number i of those that pairs are tried with: some without an address, then a fair choice of all. */
static const char *pair_text(const struct hostile *h, size_t i)
{
	static const char *const plain[] = { "", "\"", "'" };

	if (i < ELEMENTSOF(plain))
		return plain[i];
	i -= ELEMENTSOF(plain);
	return h->n > 0 ? h->texts[i * h->n / (PAIR_TEXTS - ELEMENTSOF(plain))] : "";
}

static int attack_pair(struct run *r, size_t first, size_t second)
{
	size_t i, k;
	int n = 0;

	for (i = 0; i < PAIR_TEXTS; i++) {
		for (k = 0; k < PAIR_TEXTS && n >= 0 && r->rewrites < REWRITES_MAX; k++) {
			const struct rewrite w = { { first, second },
						   { pair_text(&r->texts[first], i),
						     pair_text(&r->texts[second], k) },
						   2 };

			n = try(r, &w);
		}
	}
	return n;
}

static int attack_pairs(struct run *r)
{
	size_t i, k;
	int n = 0;

	for (i = 0; i < r->n; i++)
		for (k = i + 1; k < r->n && n >= 0; k++)
			if (r->fields[i].end <= r->fields[k].start)
				n = attack_pair(r, i, k);
	return n;
}

static int attack_long(struct run *r, size_t field, struct span unit)
{
	_cleanup_free_ char *text = hostile_long(unit, LONG_SIZE);

	return text ? try_one(r, field, text) : -ENOMEM;
}

/* What stands between fields, again and again: each is a place where one could begin or end. */
static int attack_long_all(struct run *r, size_t field)
{
	static const char *const units[] = { "a", "a:", "sip:a@", "' ", "\"", "\\\"", "1.", "(", "<>" };
	size_t i, at = 0;
	int n = 0;

	for (i = 0; i < ELEMENTSOF(units) && n >= 0; i++)
		n = attack_long(r, field, SPAN(units[i]));
	for (i = 0; i <= r->n && n >= 0; i++) {
		size_t to = i < r->n ? r->fields[i].start : r->line.len;

		if (to > at)
			n = attack_long(r, field, (struct span){ r->line.ptr + at, to - at });
		if (i < r->n && r->fields[i].end > at)
			at = r->fields[i].end;
	}
	return n;
}

static int attack_all(struct run *r)
{
	size_t i;
	int n;

	for (i = 0; i < r->n; i++)
		make_texts(r, i);
	n = attack_singles(r);
	if (n >= 0 && r->a->thorough)
		n = attack_pairs(r);
	/* Long texts have their own budget: they are few. */
	r->rewrites = 0;
	for (i = 0; i < r->n && n >= 0 && r->a->thorough; i++)
		n = attack_long_all(r, i);
	return n;
}

int attack_run(const struct attack *a, const struct event *e)
{
	struct run r = { .a = a, .line = e->line, .own = e->addrs[0] };
	size_t i;
	int n;

	r.n = attack_fields(e, r.fields);
	n = attack_all(&r);
	if (r.mistakes > TOLD_MAX)
		diag_error(a->diag, a->example->line.file, a->example->line.line, NULL,
			   "pattern '%s': %u more texts of that kind", a->pattern->name,
			   r.mistakes - TOLD_MAX);
	for (i = 0; i < r.n; i++)
		hostile_done(&r.texts[i]);
	free(r.buf);
	return n;
}
