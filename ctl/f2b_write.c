/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree as a PCRE2 regex of ours. */
#include <ctype.h>
#include <string.h>

#include "f2b_regex.h"

/* What the logger wrote itself is short. */
#define HEAD_MAX 255
/* More than this of what could be an address is text that the sender may have written. */
#define SHORT_MAX 6
/* Where a line of the filter may be broken. */
#define WIDTH 95

struct writer {
	struct f2b_text *to;
	enum re_style style;
	bool captured;	/* inside of a capture that takes it all */
	unsigned depth; /* of groups */
	size_t line;	/* where the line begins */
	unsigned char last; /* the byte written last, if it was one by itself */
};

static void write_node(struct writer *w, const struct re *r);

static void put(struct writer *w, const char *text)
{
	f2b_text_puts(w->to, text);
	w->last = 0;
}

/* c as itself: in a class, or outside of one. */
static void put_byte(struct writer *w, unsigned char c, bool in_class)
{
	const char *special = in_class ? "\\]^-[" : "\\^$.[]|()?*+{}";

	if (c < 0x20 || c == 0x7f)
		f2b_text_printf(w->to, "\\x%02x", c);
	else if (strchr(special, c))
		f2b_text_printf(w->to, "\\%c", c);
	else
		f2b_text_putc(w->to, (char)c);
	w->last = c;
}

static void put_members(struct writer *w, const struct re_set *s)
{
	unsigned c, end;

	for (c = 0; c < 256; c = end + 1) {
		end = c;
		if (!re_set_has(s, (unsigned char)c))
			continue;
		while (end < 255 && re_set_has(s, (unsigned char)(end + 1)))
			end++;
		put_byte(w, (unsigned char)c, true);
		if (end > c + 1)
			put(w, "-");
		if (end > c)
			put_byte(w, (unsigned char)end, true);
	}
}

static void write_set(struct writer *w, const struct re_set *s)
{
	static const char names[] = ".dDwWsS";
	struct re_set other, inverted = *s;
	size_t i;

	for (i = 0; names[i]; i++) {
		re_set_named(names[i], &other);
		if (!re_set_equal(&other, s))
			continue;
		if (names[i] != '.')
			f2b_text_putc(w->to, '\\');
		f2b_text_putc(w->to, names[i]);
		w->last = 0;
		return;
	}
	re_set_invert(&inverted);
	put(w, re_set_has(s, 0xff) ? "[^" : "[");
	put_members(w, re_set_has(s, 0xff) ? &inverted : s);
	put(w, "]");
}

/* Does text of unknown length, in which an address could stand, repeat in r? */
static bool has_wide(const struct re *r)
{
	size_t i;

	if (r->kind == RE_REPEAT && re_is_wide(r->child[0]) && r->max > SHORT_MAX)
		return true;
	for (i = 0; i < r->n; i++)
		if (has_wide(r->child[i]))
			return true;
	return false;
}

static bool holds_address(const struct re *r)
{
	struct re_facts f;

	re_facts(r, &f);
	return f.addresses > 0;
}

static void write_counts(struct writer *w, const struct re *r)
{
	unsigned max = r->max;

	if (w->style == RE_BEFORE && max == RE_INFINITE)
		max = r->min > HEAD_MAX ? r->min : HEAD_MAX;
	if (r->min == 0 && max == RE_INFINITE)
		put(w, "*");
	else if (r->min == 1 && max == RE_INFINITE)
		put(w, "+");
	else if (r->min == 0 && max == 1)
		put(w, "?");
	else if (max == RE_INFINITE)
		f2b_text_printf(w->to, "{%u,}", r->min);
	else if (max == r->min)
		f2b_text_printf(w->to, "{%u}", max);
	else
		f2b_text_printf(w->to, "{%u,%u}", r->min, max);
	if (r->suffix)
		f2b_text_putc(w->to, r->suffix);
	w->last = 0;
}

static void write_group(struct writer *w, const struct re *r, const char *open)
{
	put(w, open);
	w->depth++;
	write_node(w, r->child[0]);
	w->depth--;
	put(w, ")");
}

static void write_repeat(struct writer *w, const struct re *r)
{
	const struct re *what = r->child[0];
	bool many = what->kind == RE_GROUP && r->max > 1 && has_wide(what) && !holds_address(what);
	bool text = w->style == RE_PATTERN && !w->captured && (many || has_wide(r)) &&
		    (many || what->kind == RE_SET);

	if (text) {
		put(w, "(?<text>");
		w->captured = true;
	}
	w->depth++;
	if (what->kind == RE_GROUP && what->group != RE_LOOK && what->group != RE_FLAGS &&
	    !(what->group == RE_CAPTURE && (what->used || what->user)))
		write_group(w, what, "(?:");
	else
		write_node(w, what);
	w->depth--;
	write_counts(w, r);
	if (text) {
		put(w, ")");
		w->captured = false;
	}
}

static void write_capture(struct writer *w, const struct re *r)
{
	bool user = r->user && w->style == RE_PATTERN && !w->captured;

	if (user) {
		put(w, "(?<user>");
		w->captured = true;
	}
	if (r->used) {
		f2b_text_printf(w->to, "(?<%s>", r->name ? r->name : "");
		write_group(w, r, "");
	} else if (user || r->child[0]->n == 1) {
		write_node(w, r->child[0]);
	} else {
		write_group(w, r, "(?:");
	}
	if (user) {
		put(w, ")");
		w->captured = false;
	}
}

static void write_any_group(struct writer *w, const struct re *r)
{
	enum re_style style = w->style;
	char open[8];

	switch (r->group) {
	case RE_CAPTURE:
		write_capture(w, r);
		break;
	case RE_FLAGS:
		write_group(w, r, "(?i:");
		break;
	case RE_LOOK:
		w->style = RE_LOOKING;
		open[0] = '(';
		strncpy(open + 1, r->name, sizeof(open) - 2);
		open[sizeof(open) - 1] = '\0';
		write_group(w, r, open);
		break;
	case RE_HEAD:
		w->style = style == RE_PATTERN ? RE_BEFORE : style;
		__attribute__((fallthrough));
	default:
		if (r->child[0]->n == 1)
			write_node(w, r->child[0]);
		else
			write_group(w, r, "(?:");
		break;
	}
	w->style = style;
}

static void write_address(struct writer *w, const struct re *r)
{
	/* (?&ip) refuses what follows a colon, as a part of a longer address; here it is what the regex says. */
	const char *v6 = w->last == ':' ? "(?&ipv6)" : "(?<![0-9A-Fa-f:.])(?&ipv6)";
	const char *v4 = "(?<![\\d.])(?&ipv4)";
	bool capture = w->style == RE_PATTERN;

	put(w, capture ? "(?<addr>" : "(?:");
	if (r->addr == RE_ADDR_IP4)
		put(w, v4);
	else if (r->addr == RE_ADDR_IP6)
		put(w, v6);
	else if (w->last == ':')
		f2b_text_printf(w->to, "%s|%s", v4, v6);
	else
		put(w, "(?&ip)");
	put(w, ")");
}

static void write_list(struct writer *w, const struct re *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (i > 0 && r->kind == RE_ALT)
			put(w, "|");
		if (w->depth <= 1 && w->to->len - w->line > WIDTH && r->kind == RE_SEQ) {
			unsigned char last = w->last;

			put(w, "\n");
			w->line = w->to->len;
			w->last = last;
		}
		write_node(w, r->child[i]);
	}
}

static void write_condition(struct writer *w, const struct re *r)
{
	f2b_text_printf(w->to, "(?(<%s>)", r->name ? r->name : "");
	w->depth++;
	write_node(w, r->child[0]);
	if (r->n > 1) {
		put(w, "|");
		write_node(w, r->child[1]);
	}
	w->depth--;
	put(w, ")");
}

static void write_node(struct writer *w, const struct re *r)
{
	switch (r->kind) {
	case RE_SEQ:
	case RE_ALT:
		write_list(w, r);
		break;
	case RE_CHAR:
		put_byte(w, r->byte, false);
		break;
	case RE_SET:
		write_set(w, &r->set);
		break;
	case RE_LEFT:
		put(w, "^");
		break;
	case RE_RIGHT:
		put(w, "$");
		break;
	case RE_EDGE:
		put(w, r->byte == 'b' ? "\\b" : "\\B");
		break;
	case RE_GROUP:
		write_any_group(w, r);
		break;
	case RE_REPEAT:
		write_repeat(w, r);
		break;
	case RE_REF:
		f2b_text_printf(w->to, "\\k<%s>", r->name ? r->name : "");
		w->last = 0;
		break;
	case RE_COND:
		write_condition(w, r);
		break;
	case RE_ADDR:
		write_address(w, r);
		break;
	case RE_DATE:
		put(w, "(?&date)");
		break;
	case RE_HOLE:
		put(w, w->style == RE_PATTERN ? "(?<time>(?&date))?" : "(?:(?&date))?");
		break;
	case RE_NOTHING:
		break;
	}
}

void re_write(const struct re *r, enum re_style style, struct f2b_text *to)
{
	struct writer w = { .to = to, .style = style, .line = to->len };

	if (r->n > 1 && r->kind == RE_ALT) {
		put(&w, "(?:");
		w.depth++;
	}
	write_node(&w, r);
	if (r->n > 1 && r->kind == RE_ALT)
		put(&w, ")");
}

/* Literals */

struct finder {
	struct f2b_text run, *best;
};

static void end_run(struct finder *f)
{
	const char *text = f2b_text_get(&f->run);
	size_t len = f->run.len;

	for (; len > 0 && *text == ' '; len--)
		text++;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len > f->best->len) {
		f->best->len = 0;
		f2b_text_add(f->best, text, len);
	}
	f->run.len = 0;
}

static void find_literal(struct finder *f, const struct re *r)
{
	bool one = r->kind == RE_SEQ || (r->kind == RE_ALT && r->n == 1) ||
		   (r->kind == RE_GROUP && r->group != RE_LOOK && r->group != RE_FLAGS);
	size_t i;

	if (r->kind == RE_CHAR && r->byte >= 0x20 && r->byte < 0x7f) {
		f2b_text_putc(&f->run, (char)r->byte);
		return;
	}
	if (r->kind == RE_EDGE || (r->kind == RE_GROUP && r->group == RE_LOOK))
		return;
	if (!one)
		end_run(f);
	for (i = 0; i < r->n && (one || (r->kind == RE_REPEAT && r->min > 0)); i++)
		find_literal(f, r->child[i]);
	if (!one)
		end_run(f);
}

void re_literal(const struct re *r, struct f2b_text *to)
{
	struct finder f = { .best = to };

	find_literal(&f, r);
	end_run(&f);
	f2b_text_done(&f.run);
}
