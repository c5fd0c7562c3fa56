/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/hostile.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Of a line before and after the field, so many pieces are put together. */
#define PIECES_MAX 10
/* Text of that length to either side of the address is cut at every place where a field may end. */
#define CUTS_MAX 6
/* Of what the field of the example holds. */
#define VALUE_MAX ((size_t)512)

const char *hostile_address(const struct addr *own)
{
	static const char *const addresses[] = { "203.0.113.66", "203.0.113.67" };
	struct addr a;

	if (addr_parse(addresses[0], strlen(addresses[0]), &a) == 0 && !addr_equal(&a, own))
		return addresses[0];
	return addresses[1];
}

/* The length of the text of the address own at p, or 0. */
static size_t own_at(const char *p, const char *end, const struct addr *own)
{
	const char *chars = own->family == AF_INET ? "0123456789." : "0123456789abcdefABCDEF:.";
	size_t n = 0;
	struct addr a;

	while (p + n < end && p[n] && strchr(chars, p[n]))
		n++;
	/* A full stop or a colon may follow it. */
	for (; n >= 2; n--)
		if (addr_parse(p, n, &a) == 0)
			return addr_equal(&a, own) ? n : 0;
	return 0;
}

static bool within_number(struct span s, const char *p)
{
	return p > s.ptr && (isalnum((unsigned char)p[-1]) || p[-1] == '.');
}

char *hostile_rename(struct span s, const struct addr *own)
{
	const char *new = hostile_address(own), *p = s.ptr, *end = s.ptr + s.len;
	char *copy = malloc(s.len * strlen(new) + 1), *to = copy;

	while (copy && p < end) {
		size_t n = within_number(s, p) ? 0 : own_at(p, end, own);

		if (n > 0) {
			to = stpcpy(to, new);
			p += n;
		} else {
			*to++ = *p++;
		}
	}
	if (copy)
		*to = '\0';
	return copy;
}

/* Adds text and takes it over. */
static void add(struct hostile *h, char *text)
{
	char **longer;
	size_t i;

	if (!text || h->n == HOSTILE_MAX || strlen(text) > HOSTILE_TEXT_MAX) {
		free(text);
		return;
	}
	for (i = 0; i < h->n; i++) {
		if (strcmp(h->texts[i], text) == 0) {
			free(text);
			return;
		}
	}
	longer = reallocarray(h->texts, h->n + 1, sizeof(*longer));
	if (!longer) {
		free(text);
		return;
	}
	h->texts = longer;
	h->texts[h->n++] = text;
}

static char *escape_quotes(const char *text)
{
	char *copy = malloc(strlen(text) * 2 + 1), *to = copy;

	for (; copy && *text; *to++ = *text++)
		if (*text == '"' || *text == '\'')
			*to++ = '\\';
	if (copy)
		*to = '\0';
	return copy;
}

void hostile_add_both(struct hostile *h, char *text)
{
	char *escaped = text ? escape_quotes(text) : NULL;

	add(h, text);
	add(h, escaped);
}

static void add_addresses(struct hostile *h, const char *address)
{
	static const char *const forms[][2] = {
		{ "", "" },
		{ "", ":5060" },
		{ "[", "]:5060" },
		{ "'", ":5060'" },
		{ "\"", "\"" },
		{ "<sip:1@", ">" },
		{ "(", ":5060)" },
		{ "x from ", "" },
		{ " ", " " },
		{ "x' ", ":5060 '" },
		{ "x\" ", ":5060 \"" },
		{ "\\\"", "\\\"" },
		{ "IPV4/UDP/", "/5060" },
		{ "]", "[" },
		{ "x\\", "" },
		{ "x>", "<" },
	};
	/* These may hide an address rather than bring one. */
	static const char *const plain[] = { "", "\"", "'", "\\", "<", ">", "]", "x" };
	size_t i;

	for (i = 0; i < ELEMENTSOF(forms); i++)
		add(h, text_printf("%s%s%s", forms[i][0], address, forms[i][1]));
	for (i = 0; i < ELEMENTSOF(plain); i++)
		add(h, strdup(plain[i]));
}

/* Pieces of the line to build with */

struct pieces {
	char *items[PIECES_MAX];
	size_t n;
};

static void piece_add(struct pieces *p, struct span s, const struct addr *own)
{
	char *text = p->n < PIECES_MAX ? hostile_rename(s, own) : NULL;
	size_t i;

	for (i = 0; text && i < p->n; i++) {
		if (strcmp(p->items[i], text) == 0) {
			free(text);
			return;
		}
	}
	if (text)
		p->items[p->n++] = text;
}

static void pieces_done(struct pieces *p)
{
	while (p->n > 0)
		free(p->items[--p->n]);
}

/* Where the first address of the sender stands in s: its end, or 0. */
static size_t find_own(struct span s, const struct addr *own, size_t *begin)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		size_t n = within_number(s, s.ptr + i) ? 0 : own_at(s.ptr + i, s.ptr + s.len, own);

		if (n > 0) {
			*begin = i;
			return i + n;
		}
	}
	return 0;
}

static bool is_cut(char c)
{
	return !isalnum((unsigned char)c) && c != '.';
}

/* What ends the field and goes on as the line does: all of it, and up to places after the address. */
static void make_tails(struct pieces *p, struct span tail, const struct addr *own, const size_t *marks,
		       size_t n_marks)
{
	size_t begin = 0, at = find_own(tail, own, &begin), cuts = 0, i;

	piece_add(p, tail, own);
	if (at > 0)
		piece_add(p, (struct span){ tail.ptr, at }, own);
	for (i = 0; i < n_marks; i++)
		if (marks[i] >= at && marks[i] < tail.len)
			piece_add(p, (struct span){ tail.ptr, marks[i] }, own);
	for (i = at; at > 0 && i < tail.len && cuts < CUTS_MAX; i++) {
		if (is_cut(tail.ptr[i])) {
			piece_add(p, (struct span){ tail.ptr, i + 1 }, own);
			cuts++;
		}
	}
	/* The first character that could end the field, and the first words. */
	for (i = 0, cuts = 0; at == 0 && i < tail.len && cuts < CUTS_MAX / 2; i++) {
		if (is_cut(tail.ptr[i])) {
			piece_add(p, (struct span){ tail.ptr, i + 1 }, own);
			cuts++;
		}
	}
}

/* What a line has before the field: all of it, and from places before the address. */
static void make_heads(struct pieces *p, struct span head, const struct addr *own, const size_t *marks,
		       size_t n_marks)
{
	size_t begin = head.len, cuts = 0, i;

	find_own(head, own, &begin);
	piece_add(p, head, own);
	for (i = 0; i < n_marks; i++)
		if (marks[i] > 0 && marks[i] < head.len)
			piece_add(p, (struct span){ head.ptr + marks[i], head.len - marks[i] }, own);
	for (i = begin; i > 0 && cuts < CUTS_MAX / 2; i--) {
		if (is_cut(head.ptr[i - 1])) {
			piece_add(p, (struct span){ head.ptr + i - 1, head.len - i + 1 }, own);
			cuts++;
		}
	}
}

/* first: what the field may hold by itself, before that; last: the same, behind it. */
static void combine(struct hostile *h, const struct pieces *tails, const struct pieces *heads,
		    struct span first, struct span last)
{
	size_t i, k;

	for (i = 0; i < tails->n; i++)
		add(h, text_printf("%.*s%s", (int)first.len, first.ptr, tails->items[i]));
	for (k = 0; k < heads->n; k++)
		add(h, text_printf("%.*s%s%.*s", (int)first.len, first.ptr, heads->items[k], (int)last.len,
				   last.ptr));
	for (i = 0; i < tails->n; i++)
		for (k = 0; k < heads->n; k++)
			add(h, text_printf("%.*s%s%s%.*s", (int)first.len, first.ptr, tails->items[i],
					   heads->items[k], (int)last.len, last.ptr));
}

void hostile_add_for(struct hostile *h, struct span line, const struct addr *own, size_t start, size_t end,
		     const size_t *marks, size_t n_marks)
{
	struct pieces tails = { .n = 0 }, heads = { .n = 0 };
	struct span value = { line.ptr + start, end - start < VALUE_MAX ? end - start : VALUE_MAX };
	size_t after[PIECES_MAX], n_after = 0, i;

	for (i = 0; i < n_marks && n_after < PIECES_MAX; i++)
		if (marks[i] > end)
			after[n_after++] = marks[i] - end;
	make_tails(&tails, (struct span){ line.ptr + end, line.len - end }, own, after, n_after);
	make_heads(&heads, (struct span){ line.ptr, start }, own, marks, n_marks);
	add_addresses(h, hostile_address(own));
	combine(h, &tails, &heads, SPAN("x"), SPAN("2"));
	/* The pattern may ask for text of a certain form. */
	combine(h, &tails, &heads, value, value);
	for (i = 0; i < tails.n; i++)
		hostile_add_both(h, strdup(tails.items[i]));
	pieces_done(&tails);
	pieces_done(&heads);
}

char *hostile_long(struct span unit, size_t size)
{
	size_t n = unit.len > 0 ? size / unit.len : 0, i;
	char *text = malloc(n * unit.len + 1);

	for (i = 0; text && i < n; i++)
		memcpy(text + i * unit.len, unit.ptr, unit.len);
	if (text)
		text[n * unit.len] = '\0';
	return text;
}

void hostile_done(struct hostile *h)
{
	while (h->n > 0)
		free(h->texts[--h->n]);
	free(h->texts);
	*h = (struct hostile){ 0 };
}
