/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban looks for a regex anywhere in what is left of a line; we read the whole line. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "f2b_regex.h"

#define NO_MEMORY "out of memory"

static void remove_child(struct re *r, size_t at)
{
	re_free(r->child[at]);
	r->n--;
	memmove(r->child + at, r->child + at + 1, (r->n - at) * sizeof(struct re *));
}

static bool is_any_set(const struct re *r)
{
	struct re_set any;

	re_set_named('.', &any);
	return r->kind == RE_SET && re_set_equal(&r->set, &any);
}

/* .* or .+ */
static bool is_any_text(const struct re *r)
{
	return r->kind == RE_REPEAT && r->max == RE_INFINITE && r->min <= 1 && is_any_set(r->child[0]);
}

/* Anchors */

/* Is there an anchor of this kind at this end of some alternative? */
static bool ends_with(const struct re *r, enum re_kind anchor)
{
	const struct re *end;
	size_t i;

	switch (r->kind) {
	case RE_ALT:
	case RE_COND:
		for (i = 0; i < r->n; i++)
			if (ends_with(r->child[i], anchor))
				return true;
		return false;
	case RE_SEQ:
		if (r->n == 0)
			return false;
		end = r->child[anchor == RE_LEFT ? 0 : r->n - 1];
		return ends_with(end, anchor);
	case RE_GROUP:
		return r->group != RE_LOOK && ends_with(r->child[0], anchor);
	default:
		return r->kind == anchor;
	}
}

static bool open_end(struct re *alt, enum re_kind anchor);

/* A blank that ends a regex may be the line feed that fail2ban adds to each line. */
static bool open_last_blank(struct re *seq)
{
	struct re_set blank;
	struct re *group = re_new(RE_GROUP), *alt = re_new(RE_ALT), *more = re_new(RE_SEQ), *last;
	bool ok;

	re_set_named('s', &blank);
	last = seq->child[seq->n - 1];
	ok = alt && more && group && re_set_equal(&last->set, &blank);
	if (!ok) {
		re_free(group);
		re_free(alt);
		re_free(more);
		return false;
	}
	seq->n--;
	ok = re_add(more, last);
	ok = ok && re_add(more, re_any_text());
	if (!ok)
		re_free(more);
	ok = ok && re_add(alt, more);
	ok = ok && re_add(alt, re_new(RE_SEQ));
	if (!ok)
		re_free(alt);
	ok = ok && re_add(group, alt);
	if (!ok) {
		re_free(group);
		return false;
	}
	return re_add(seq, group);
}

/* One alternative: takes the anchor away, or lets any text stand there. */
static bool open_seq(struct re *seq, enum re_kind anchor)
{
	bool left = anchor == RE_LEFT, anchored = false;
	struct re *end;
	size_t i;

	while (seq->n > 0 && seq->child[left ? 0 : seq->n - 1]->kind == anchor) {
		remove_child(seq, left ? 0 : seq->n - 1);
		anchored = true;
	}
	if (anchored)
		return true;
	end = seq->n > 0 ? seq->child[left ? 0 : seq->n - 1] : NULL;
	if (end && is_any_text(end))
		return true;
	if (end && end->kind == RE_GROUP && ends_with(end, anchor))
		return open_end(end->child[0], anchor);
	if (end && end->kind == RE_COND && ends_with(end, anchor)) {
		if (end->n == 1 && !re_add(end, re_new(RE_SEQ)))
			return false;
		for (i = 0; i < end->n; i++)
			if (!open_seq(end->child[i], anchor))
				return false;
		return true;
	}
	if (end && !left && end->kind == RE_SET && open_last_blank(seq))
		return true;
	return re_insert(seq, left ? 0 : seq->n, re_any_text());
}

static bool open_end(struct re *alt, enum re_kind anchor)
{
	size_t i;

	for (i = 0; i < alt->n; i++)
		if (!open_seq(alt->child[i], anchor))
			return false;
	return true;
}

static bool has_kind(const struct re *r, enum re_kind kind)
{
	size_t i;

	if (r->kind == kind)
		return true;
	for (i = 0; i < r->n; i++)
		if (has_kind(r->child[i], kind))
			return true;
	return false;
}

const char *re_anchor(struct re *r, bool end_of_line)
{
	if (!open_end(r, RE_LEFT) || !open_end(r, RE_RIGHT))
		return NO_MEMORY;
	if (has_kind(r, RE_LEFT))
		return "'^' behind other text: there it never matches";
	if (!end_of_line && has_kind(r, RE_RIGHT))
		return "'$' in the middle of it: the end of <F-CONTENT> is not the end of the line";
	return NULL;
}

/* <F-NOFAIL> */

static bool is_word_end(const struct re *r)
{
	while (r->n > 0 && (r->kind == RE_SEQ || r->kind == RE_ALT || r->kind == RE_GROUP))
		r = r->child[r->n - 1];
	return r->kind == RE_CHAR && (isalnum(r->byte) || r->byte == '_');
}

static void unmark(struct re *r)
{
	size_t i;

	if (r->kind == RE_GROUP && r->group == RE_NOFAIL)
		r->group = RE_PLAIN;
	for (i = 0; i < r->n; i++)
		unmark(r->child[i]);
}

/* (?!branch\b) in front of seq. */
static bool exclude(struct re *seq, const struct re *branch)
{
	struct re *look = re_new(RE_GROUP), *alt = re_new(RE_ALT), *copy = re_copy(branch), *edge;
	bool ok = look && alt && copy;

	if (ok) {
		look->group = RE_LOOK;
		look->name = strdup("?!");
		ok = look->name != NULL;
	}
	if (ok)
		unmark(copy);
	if (ok && is_word_end(copy)) {
		edge = re_new(RE_EDGE);
		if (edge)
			edge->byte = 'b';
		ok = re_add(copy, edge);
	}
	if (!ok) {
		re_free(look);
		re_free(alt);
		re_free(copy);
		return false;
	}
	ok = re_add(alt, copy);
	if (!ok)
		re_free(alt);
	ok = ok && re_add(look, alt);
	if (!ok) {
		re_free(look);
		return false;
	}
	return re_insert(seq, 0, look);
}

static bool is_nofail(const struct re *branch)
{
	struct re_facts f;

	re_facts(branch, &f);
	return f.nofails > 0;
}

static bool drop_branches(struct re *alt)
{
	size_t i, j, marked = 0;

	for (i = 0; i < alt->n; i++)
		marked += is_nofail(alt->child[i]);
	if (marked == 0 || marked == alt->n)
		return true;
	for (i = 0; i < alt->n; i++)
		for (j = i + 1; is_nofail(alt->child[i]) && j < alt->n; j++)
			if (!is_nofail(alt->child[j]) && !exclude(alt->child[j], alt->child[i]))
				return false;
	for (i = alt->n; i-- > 0;)
		if (is_nofail(alt->child[i]))
			remove_child(alt, i);
	return true;
}

const char *re_drop_nofail(struct re *r)
{
	const char *error = NULL;
	size_t i;

	if (r->kind == RE_GROUP && r->group == RE_LOOK)
		return NULL;
	for (i = 0; i < r->n && !error; i++)
		error = re_drop_nofail(r->child[i]);
	if (!error && r->kind == RE_ALT && r->n > 1 && !drop_branches(r))
		error = NO_MEMORY;
	return error;
}

/* Dates */

static bool chars_end_with(const struct re *seq, size_t end, const char *text)
{
	size_t n = strlen(text), i;

	if (n == 0 || end < n)
		return false;
	for (i = 0; i < n; i++) {
		const struct re *c = seq->child[end - n + i];

		if (c->kind != RE_CHAR || c->byte != (unsigned char)text[i])
			return false;
	}
	return true;
}

int re_add_holes(struct re *r, const char *before, const char *after)
{
	int n = 0, more;
	size_t i;

	for (i = 0; i < r->n; i++) {
		more = re_add_holes(r->child[i], before, after);
		if (more < 0)
			return more;
		n += more;
	}
	for (i = 1; r->kind == RE_SEQ && i < r->n; i++) {
		if (!chars_end_with(r, i, before) || r->child[i]->kind != RE_CHAR ||
		    (*after && r->child[i]->byte != (unsigned char)*after))
			continue;
		if (!re_insert(r, i++, re_new(RE_HOLE)))
			return -ENOMEM;
		n++;
	}
	return n;
}

bool re_add_blank_holes(struct re *r)
{
	struct re_set blank;
	struct re *hole;
	size_t i, j;

	re_set_named('s', &blank);
	for (i = 0; i < r->n; i++) {
		struct re *seq = r->child[i];

		for (j = 0; j < seq->n; j++) {
			const struct re *c = seq->child[j];

			if (c->kind != RE_REPEAT || c->max != RE_INFINITE || c->child[0]->kind != RE_SET ||
			    !re_set_equal(&c->child[0]->set, &blank) || j + 1 == seq->n)
				continue;
			hole = re_new(RE_HOLE);
			if (hole)
				hole->byte = 1;
			if (!re_insert(seq, ++j, hole))
				return false;
		}
	}
	return true;
}

/* Fields that the sender can close himself */

static void widen(struct re *r, unsigned char next)
{
	size_t i;

	if (r->kind == RE_GROUP && (r->group == RE_LOOK || r->group == RE_HEAD))
		return;
	if (r->kind == RE_REPEAT) {
		struct re *what = r->child[0];

		if (what->kind == RE_SET && r->max == RE_INFINITE && next && strchr("'\"`)>]}", next) &&
		    re_is_wide(what) && !re_set_has(&what->set, next))
			re_set_named('.', &what->set);
		else if (what->kind == RE_GROUP && r->max == 1)
			widen(what, next);
		return;
	}
	for (i = 0; i < r->n; i++) {
		const struct re *after = r->kind == RE_SEQ && i + 1 < r->n ? r->child[i + 1] : NULL;

		widen(r->child[i], after ? (after->kind == RE_CHAR ? after->byte : 0) : next);
	}
}

void re_widen(struct re *r)
{
	struct re_facts f;

	re_facts(r, &f);
	if (f.wide)
		widen(r, 0);
}

/* One way is enough */

static bool holds_address(const struct re *r)
{
	struct re_facts f;

	re_facts(r, &f);
	return f.addresses > 0;
}

static bool commit_seq(struct re *seq)
{
	struct re *group, *alt, *rest;
	size_t at = seq->n;
	bool ok;

	while (at > 0 && !holds_address(seq->child[at - 1]))
		at--;
	if (at == 0)
		return true;
	/* Behind the address in a group that has nothing to choose from. */
	group = seq->child[at - 1];
	if (at == seq->n)
		return group->kind == RE_GROUP && group->group != RE_LOOK ? re_commit(group->child[0]) : true;
	group = re_new(RE_GROUP);
	alt = re_new(RE_ALT);
	rest = re_new(RE_SEQ);
	ok = group && alt && rest;
	for (; ok && seq->n > at; seq->n--)
		ok = re_insert(rest, 0, seq->child[seq->n - 1]);
	ok = ok && re_add(rest, re_new(RE_RIGHT));
	if (!ok) {
		re_free(group);
		re_free(alt);
		re_free(rest);
		return false;
	}
	group->group = RE_ATOMIC;
	if (!re_add(alt, rest)) {
		re_free(group);
		re_free(alt);
		return false;
	}
	if (!re_add(group, alt)) {
		re_free(group);
		return false;
	}
	return re_add(seq, group);
}

bool re_commit(struct re *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!commit_seq(r->child[i]))
			return false;
	return true;
}

/* References */

static bool refers(const struct re *ref, const struct re *capture)
{
	if (ref->number)
		return ref->number == capture->number;
	return ref->name && capture->name && strcmp(ref->name, capture->name) == 0;
}

static struct re *find_capture(struct re *r, const struct re *ref)
{
	size_t i;

	if (r->kind == RE_GROUP && r->group == RE_CAPTURE && refers(ref, r))
		return r;
	for (i = 0; i < r->n; i++) {
		struct re *found = find_capture(r->child[i], ref);

		if (found)
			return found;
	}
	return NULL;
}

static bool mark_used(struct re *root, struct re *r)
{
	size_t i;

	if (r->kind == RE_REF || r->kind == RE_COND) {
		struct re *capture = find_capture(root, r);

		if (!capture)
			return false;
		capture->used = true;
		r->number = capture->number;
	}
	for (i = 0; i < r->n; i++)
		if (!mark_used(root, r->child[i]))
			return false;
	return true;
}

/* Names that cannot be those of our captures, nor of the other part of a regex. */
static bool rename_used(struct re *r, char prefix)
{
	bool capture = r->kind == RE_GROUP && r->group == RE_CAPTURE;
	size_t i;

	if (capture && r->name) {
		const char *user = strncasecmp(r->name, "alt_", 4) == 0 ? r->name + 4 : r->name;

		r->user = strncasecmp(user, "user", 4) == 0 &&
			  strspn(user + 4, "_0123456789") == strlen(user + 4);
	}
	if ((capture && r->used) || r->kind == RE_REF || r->kind == RE_COND) {
		free(r->name);
		if (asprintf(&r->name, "%c%u", prefix, r->number) < 0) {
			r->name = NULL;
			return false;
		}
	}
	for (i = 0; i < r->n; i++)
		if (!rename_used(r->child[i], prefix))
			return false;
	return true;
}

static bool has_captures(const struct re *r)
{
	size_t i;

	if (r->kind == RE_ADDR || (r->kind == RE_GROUP && r->group == RE_CAPTURE && (r->used || r->user)))
		return true;
	for (i = 0; i < r->n; i++)
		if (has_captures(r->child[i]))
			return true;
	return false;
}

static void simplify(struct re *r)
{
	size_t i, all = SIZE_MAX;

	for (i = 0; i < r->n; i++) {
		simplify(r->child[i]);
		if (r->kind == RE_ALT && r->child[i]->n == 1 && is_any_text(r->child[i]->child[0]) &&
		    r->child[i]->child[0]->min == 0 && r->child[i]->child[0]->suffix != '+')
			all = i;
	}
	if (all == SIZE_MAX || has_captures(r))
		return;
	for (i = r->n; i-- > 0;)
		if (i != all)
			remove_child(r, i);
}

const char *re_link(struct re *r, char prefix)
{
	if (!mark_used(r, r))
		return "it refers to a group that is not there";
	if (!rename_used(r, prefix))
		return NO_MEMORY;
	simplify(r);
	return NULL;
}
