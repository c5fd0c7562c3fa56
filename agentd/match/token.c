/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "match/regex.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* At '\\'. Returns the length of the escape. */
static size_t take_escape(const char *p, struct token *t)
{
	char c = p[1];

	t->kind = TOKEN_BAD;
	/* \Q quotes all that follows, parentheses too. */
	if (c == '\0' || c == 'Q')
		return 0;
	if (c == 'x') {
		int high = hex_digit(p[2]), low = high < 0 ? -1 : hex_digit(p[3]);

		t->kind = TOKEN_OTHER;
		if (low < 0 || (high == 0 && low == 0))
			return 2;
		t->kind = TOKEN_CHAR;
		t->c = (char)(high << 4 | low);
		return 4;
	}
	t->c = c;
	if (!isalnum((unsigned char)c))
		t->kind = TOKEN_CHAR;
	else
		t->kind = strchr("dDwWsSbBhHvVRAzZXnrtf", c) ? TOKEN_TYPE : TOKEN_OTHER;
	return 2;
}

/* A name from p to before end, which must be there. Returns its length with end, 0: none. */
static size_t take_name(const char *p, char end, struct token *t)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	t->name = (struct span){ p, n };
	return p[n] == end ? n + 1 : 0;
}

/* At "(?" of a group with a name or a call. Returns the length of the token, 0: it is neither. */
static size_t take_named(const char *p, struct token *t)
{
	static const struct {
		const char *begin;
		char end;
		enum token_kind kind;
	} forms[] = {
		{ "(?P<", '>', TOKEN_OPEN }, { "(?<", '>', TOKEN_OPEN },  { "(?'", '\'', TOKEN_OPEN },
		{ "(?P>", ')', TOKEN_CALL }, { "(?P=", ')', TOKEN_CALL }, { "(?&", ')', TOKEN_CALL },
	};
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t begin = strlen(forms[i].begin), n;

		if (strncmp(p, forms[i].begin, begin) != 0)
			continue;
		n = take_name(p + begin, forms[i].end, t);
		if (n == 0)
			continue;
		t->kind = forms[i].kind;
		t->group = GROUP_CAPTURE;
		return begin + n;
	}
	/* (?R), (?1), (?+1): by number. */
	i = strspn(p + 2, "R+-0123456789");
	if (i > 0 && p[2 + i] == ')') {
		t->kind = TOKEN_CALL;
		t->name = (struct span){ p + 2, 0 };
		return i + 3;
	}
	return 0;
}

/* At '('. Returns the length of what opens the group. */
static size_t take_open(const char *p, struct token *t)
{
	size_t n;

	t->kind = TOKEN_OPEN;
	t->group = GROUP_PLAIN;
	if (p[1] == '*' || (p[1] == '?' && p[2] == '#')) {
		t->kind = TOKEN_BAD;
		return 0;
	}
	if (p[1] != '?')
		return 1;
	if (p[2] == ':' || p[2] == '>' || p[2] == '|')
		return 3;
	t->group = GROUP_LOOK;
	if (p[2] == '=' || p[2] == '!')
		return 3;
	if (p[2] == '<' && (p[3] == '=' || p[3] == '!'))
		return 4;
	n = take_named(p, t);
	t->group = n ? GROUP_CAPTURE : GROUP_OTHER;
	return n ? n : 2;
}

/* At '{'. Returns the length if it is a quantifier, else 0: a brace as text. */
static size_t take_braces(const char *p, struct token *t)
{
	size_t n = strspn(p + 1, "0123456789, ");
	const char *comma = memchr(p + 1, ',', n);
	char *end;

	if (n == 0 || p[1 + n] != '}')
		return 0;
	t->kind = TOKEN_QUANTIFIER;
	t->least = strtoul(p + 1, &end, 10);
	t->most = t->least;
	if (comma) {
		t->most = strtoul(comma + 1, &end, 10);
		if (end == comma + 1)
			t->most = TOKEN_UNBOUNDED;
	}
	return n + 2;
}

/* A quantifier may end in "?" (lazy) or "+" (possessive). */
static size_t take_quantifier(const char *p, unsigned long least, unsigned long most, struct token *t)
{
	t->kind = TOKEN_QUANTIFIER;
	t->least = least;
	t->most = most;
	return p[1] == '?' || p[1] == '+' ? 2 : 1;
}

static size_t take_single(const char *p, enum token_kind kind, struct token *t)
{
	t->kind = kind;
	t->c = *p;
	return 1;
}

static size_t take_set(const char *p, struct token *t)
{
	const char *end = regex_skip_item(p);

	t->kind = end ? TOKEN_SET : TOKEN_BAD;
	return end ? (size_t)(end - p) : 0;
}

static size_t take(const char *p, struct token *t)
{
	size_t n;

	switch (*p) {
	case '\0':
		t->kind = TOKEN_END;
		return 0;
	case '\\':
		return take_escape(p, t);
	case '[':
		return take_set(p, t);
	case '(':
		return take_open(p, t);
	case ')':
		return take_single(p, TOKEN_CLOSE, t);
	case '|':
		return take_single(p, TOKEN_BAR, t);
	case '.':
		return take_single(p, TOKEN_ANY, t);
	case '^':
	case '$':
		return take_single(p, TOKEN_ANCHOR, t);
	case '*':
		return take_quantifier(p, 0, TOKEN_UNBOUNDED, t);
	case '+':
		return take_quantifier(p, 1, TOKEN_UNBOUNDED, t);
	case '?':
		return take_quantifier(p, 0, 1, t);
	case '{':
		n = take_braces(p, t);
		if (n > 0)
			return n + (p[n] == '?' || p[n] == '+');
		return take_single(p, TOKEN_CHAR, t);
	default:
		return take_single(p, TOKEN_CHAR, t);
	}
}

enum token_kind token_next(const char **p, struct token *t)
{
	size_t n;

	*t = (struct token){ 0 };
	n = take(*p, t);
	t->text = (struct span){ *p, n };
	*p += n;
	return t->kind;
}
