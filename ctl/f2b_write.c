/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree as a PCRE2 regex of ours. */
#include <ctype.h>
#include <string.h>

#include "f2b_regex.h"
#include "match/literal.h"

/* What the logger wrote itself is short. */
#define HEAD_MAX 255
#define HEAD_TEXT_MAX 40
/* More than this of what could be an address is text that the sender may have written. */
#define SHORT_MAX 6
/* Where a line of the filter may be broken. */
#define WIDTH 95

struct writer {
	struct f2b_text *to;
	enum re_style style;
	struct re_heads *heads;
	bool after_address; /* the address was written last */
	bool repeated;	    /* inside of a group that repeats */
	bool captured;	    /* inside of a capture that takes it all */
	unsigned depth;	    /* of groups */
	size_t line;	    /* where the line begins */
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

/* Could an address stand in what r repeats? */
static bool has_wide(const struct re *r)
{
	size_t i;

	if (re_is_wide(r))
		return true;
	for (i = 0; i < r->n && !(r->kind == RE_GROUP && r->group == RE_LOOK); i++)
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

	if (w->style == RE_BEFORE && max == RE_INFINITE && r->child[0]->kind == RE_SET) {
		max = re_is_wide(r->child[0]) && re_set_has(&r->child[0]->set, ' ') ? HEAD_TEXT_MAX
										    : HEAD_MAX;
		max = r->min > max ? r->min : max;
	}
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
	unsigned char last;

	put(w, open);
	w->depth++;
	write_node(w, r->child[0]);
	w->depth--;
	last = w->last;
	put(w, ")");
	w->last = last;
}

/* What has no blank in front of a message is a host, a program, a priority: no quote stands in it, either. */
static void write_logger_word(struct writer *w, const struct re *what)
{
	struct re_set set = what->set;
	const char *c;

	for (c = "'\"<>()="; *c; c++)
		set.bits[*c / 32] &= ~((uint32_t)1 << (*c % 32));
	write_set(w, &set);
}

static void write_repeat(struct writer *w, const struct re *r)
{
	const struct re *what = r->child[0];
	bool wide = r->max > SHORT_MAX && has_wide(what) &&
		    (what->kind == RE_SET || (what->kind == RE_GROUP && !holds_address(what)));
	bool text = w->style == RE_PATTERN && !w->captured && wide, outer;
	unsigned char last;

	if (text) {
		put(w, "(?<text>");
		w->captured = true;
	}
	w->depth++;
	outer = w->repeated;
	w->repeated |= r->max > 1 && what->kind == RE_GROUP;
	if (w->style == RE_BEFORE && !outer && r->max == RE_INFINITE && re_is_wide(what) &&
	    !re_set_has(&what->set, ' '))
		write_logger_word(w, what);
	else if (what->kind == RE_GROUP && what->group != RE_LOOK && what->group != RE_FLAGS &&
		 what->group != RE_ATOMIC && !(what->group == RE_CAPTURE && (what->used || what->user)))
		write_group(w, what, "(?:");
	else
		write_node(w, what);
	w->depth--;
	w->repeated = outer;
	last = w->last;
	write_counts(w, r);
	w->last = last;
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

/* A head is the same in most regexes of a filter: it is written once. */
static void write_head(struct writer *w, const struct re *r)
{
	struct re_heads *h = w->heads;
	struct f2b_text text = {0};
	size_t i;

	re_write(r->child[0], RE_BEFORE, NULL, &text);
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] == '\n')
			f2b_text_replace(&text, i--, 1, "");
	for (i = 0; i < h->n; i++)
		if (strcmp(f2b_text_get(&h->text[i]), f2b_text_get(&text)) == 0)
			break;
	if (i < RE_HEADS_MAX && !text.failed) {
		f2b_text_printf(w->to, "(?&head%zu)", i + 1);
		w->last = 0;
	} else {
		f2b_text_puts(w->to, f2b_text_get(&text));
		w->to->failed |= text.failed;
	}
	if (i == h->n && i < RE_HEADS_MAX)
		h->text[h->n++] = text;
	else
		f2b_text_done(&text);
}

void re_heads_done(struct re_heads *h)
{
	while (h->n > 0)
		f2b_text_done(&h->text[--h->n]);
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
	case RE_ATOMIC:
		write_group(w, r, "(?>");
		break;
	case RE_LOOK:
		w->style = RE_LOOKING;
		open[0] = '(';
		strncpy(open + 1, r->name, sizeof(open) - 2);
		open[sizeof(open) - 1] = '\0';
		write_group(w, r, open);
		break;
	case RE_HEAD:
		if (style == RE_PATTERN && w->heads) {
			write_head(w, r);
			break;
		}
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

/* Does r begin with a colon, if anything of it is there? */
static bool begins_with_colon(const struct re *r)
{
	while (r && r->kind != RE_CHAR)
		r = r->n > 0 ? r->child[0] : NULL;
	return r && r->byte == ':';
}

/* next: what follows it, or NULL. */
static void write_address(struct writer *w, const struct re *r, const struct re *next)
{
	/* (?&ip) refuses what follows a colon, as a part of a longer address; here it is what the regex says.
	 */
	const char *v6 = w->last == ':' ? "(?&ipv6)" : "(?<![0-9A-Fa-f:.])(?&ipv6)";
	const char *v4 = "(?<![\\d.])(?&ipv4)";
	bool capture = w->style == RE_PATTERN;

	/* ::ffff:192.0.2.1:5060 would be taken for eight groups and more. */
	if (r->addr == RE_ADDR_ANY && begins_with_colon(next))
		f2b_text_puts(w->to, "(?:::[Ff]{4}:)?");
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
		/* (?&ip) ends where an address does. Its brackets would be no edge of a word. */
		if (r->kind == RE_SEQ && r->child[i]->kind == RE_EDGE && w->after_address)
			continue;
		if (r->kind == RE_SEQ && (r->child[i]->kind != RE_GROUP || r->child[i]->group != RE_ATOMIC))
			w->after_address = r->child[i]->kind == RE_ADDR;
		if (r->child[i]->kind == RE_ADDR)
			write_address(w, r->child[i], i + 1 < r->n ? r->child[i + 1] : NULL);
		else
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

static void write_hole(struct writer *w, bool between_blanks)
{
	const char *date = w->style == RE_PATTERN ? "(?<time>(?&date))" : "(?:(?&date))";

	if (between_blanks)
		f2b_text_printf(w->to, "(?:\\[?%s\\s?\\]?\\s*)?", date);
	else
		f2b_text_printf(w->to, "%s?", date);
	w->last = 0;
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
	case RE_ADDR: /* repeated, which makes no sense */
		write_address(w, r, NULL);
		break;
	case RE_DATE:
		put(w, "(?&date)");
		break;
	case RE_HOLE:
		write_hole(w, r->byte);
		break;
	case RE_NOTHING:
		break;
	}
}

void re_write(const struct re *r, enum re_style style, struct re_heads *heads, struct f2b_text *to)
{
	struct writer w = {.to = to, .style = style, .heads = heads, .line = to->len};

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
	const struct re *choice; /* the first alternation that every match goes through */
};

static void end_run(struct finder *f)
{
	const char *text = f2b_text_get(&f->run);
	size_t len = f->run.len;

	for (; len > 0 && *text == ' '; len--)
		text++;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len > f->best->len && len < LITERAL_MAX) {
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
	if (r->kind == RE_ALT && r->n > 1 && !f->choice)
		f->choice = r;
	if (!one)
		end_run(f);
	for (i = 0; i < r->n && (one || (r->kind == RE_REPEAT && r->min > 0)); i++)
		find_literal(f, r->child[i]);
	if (!one)
		end_run(f);
}

/* One of each alternative. */
static void literal_of_each(const struct re *choice, struct f2b_text *to)
{
	size_t i;

	for (i = 0; i < choice->n; i++) {
		struct f2b_text one = {0};
		struct finder f = {.best = &one};

		find_literal(&f, choice->child[i]);
		end_run(&f);
		f2b_text_done(&f.run);
		to->failed |= one.len < LITERAL_MIN;
		if (i > 0)
			f2b_text_putc(to, '\n');
		f2b_text_add(to, f2b_text_get(&one), one.len);
		f2b_text_done(&one);
	}
}

void re_literal(const struct re *r, struct f2b_text *to)
{
	struct finder f = {.best = to};

	find_literal(&f, r);
	end_run(&f);
	f2b_text_done(&f.run);
	if (to->len < LITERAL_MIN && f.choice) {
		to->len = 0;
		literal_of_each(f.choice, to);
	}
	if (to->failed || to->len < LITERAL_MIN)
		f2b_text_done(to);
}
