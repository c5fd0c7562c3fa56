/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/literal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "match/regex.h"

struct extractor {
	const char *p;
	char run[LITERAL_MAX], best[LITERAL_MAX];
	size_t n_run, n_best;
	bool fresh; /* the last thing seen was a character that is now the end of run */
};

static void end_run(struct extractor *x)
{
	if (x->n_run > x->n_best) {
		memcpy(x->best, x->run, x->n_run);
		x->n_best = x->n_run;
	}
	x->n_run = 0;
	x->fresh = false;
}

static void add(struct extractor *x, char c)
{
	if (x->n_run == LITERAL_MAX)
		end_run(x);
	x->run[x->n_run++] = c;
	x->fresh = true;
}

/* At '['; moves behind its end. False: not understood. */
static bool skip(struct extractor *x)
{
	const char *end = regex_skip_item(x->p);

	if (end)
		x->p = end;
	return end != NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* At '\\'. False: an escape that is not understood. */
static bool take_escape(struct extractor *x)
{
	char c = x->p[1];

	if (c == '\0')
		return false;
	if (c == 'x') {
		int high = hex_digit(x->p[2]), low = high < 0 ? -1 : hex_digit(x->p[3]);

		if (low < 0 || (high == 0 && low == 0))
			return false;
		add(x, (char)(high << 4 | low));
		x->p += 4;
		return true;
	}
	if (isalnum((unsigned char)c)) {
		if (!strchr("dDwWsSbBhHvVRAzZXnrtf", c))
			return false;
		end_run(x);
	} else {
		add(x, c);
	}
	x->p += 2;
	return true;
}

/* At a quantifier. What it repeats may be missing, or be there several times. */
static void take_quantifier(struct extractor *x, unsigned long least)
{
	bool was_char = x->fresh;

	if (least == 0 && was_char)
		x->n_run--;
	end_run(x);
	if (*x->p == '?' || *x->p == '+')
		x->p++;
}

static bool take_item(struct extractor *x);

/* At '{'. */
static void take_brace(struct extractor *x)
{
	char *end;
	unsigned long least = strtoul(x->p + 1, &end, 10);
	size_t n = strspn(x->p + 1, "0123456789, ");

	if (n > 0 && x->p[1 + n] == '}') {
		if (end == x->p + 1)
			least = 0;
		x->p += n + 2;
		take_quantifier(x, least);
		return;
	}
	/* A brace as text: leave it out. */
	end_run(x);
	x->p++;
}

/* Where the text of a group begins that must match, with nothing to choose from; NULL: it is another kind. */
static const char *needed_group(const char *p, const char *end)
{
	const char *inner, *q;

	if (*end == '?' || *end == '*' || *end == '{')
		return NULL;
	if (p[1] != '?')
		inner = p + 1;
	else if (p[2] == ':' || p[2] == '>')
		inner = p + 3;
	else if (p[2] == '<' && isalpha((unsigned char)p[3]) && strchr(p, '>'))
		inner = strchr(p, '>') + 1;
	else
		return NULL;
	for (q = inner; q && q < end - 1; q = regex_skip_item(q))
		if (*q == '|')
			return NULL;
	return inner;
}

/* At '('. What is in it is needed, too, or it ends the run. */
static bool take_group(struct extractor *x)
{
	const char *end = regex_skip_item(x->p), *inner = end ? needed_group(x->p, end) : NULL;

	end_run(x);
	if (!end)
		return false;
	if (inner) {
		x->p = inner;
		while (x->p < end - 1)
			if (!take_item(x))
				return false;
		end_run(x);
	}
	x->p = end;
	return true;
}

/* One item of the regex. False: give up. */
static bool take_item(struct extractor *x)
{
	char c = *x->p;

	switch (c) {
	case '\\':
		return take_escape(x);
	case '[':
		end_run(x);
		return skip(x);
	case '(':
		return take_group(x);
	case '|':
	case ')':
		return false;
	case '*':
	case '?':
		x->p++;
		take_quantifier(x, 0);
		return true;
	case '+':
		x->p++;
		take_quantifier(x, 1);
		return true;
	case '{':
		take_brace(x);
		return true;
	case '.':
	case '^':
	case '$':
		end_run(x);
		x->p++;
		return true;
	default:
		add(x, c);
		x->p++;
		return true;
	}
}

/*
 * What may stand between the text and the address: classes and escapes that say
 * what they take, repeated so many times at most, and the transport.
 */
static bool gap_is_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr(".*+(|", text[i]) || (text[i] == '[' && text[i + 1] == '^'))
			return false;
		if (text[i] == '\\' && !strchr("wd/[].:", text[++i]))
			return false;
		if (text[i] == ',' && text[i + 1] == '}')
			return false;
	}
	return true;
}

/* One item before the address, other than a character: does what was found before it still count? */
static bool gap_goes_on(const char *item, const char *end)
{
	static const char transport[] = "(?<transport>";
	size_t skip = strncmp(item, transport, sizeof(transport) - 1) == 0 ? sizeof(transport) - 1 : 0;

	return gap_is_plain(item + skip, (size_t)(end - item) - (skip ? skip + 1 : 0)) && *end != '*' && *end != '+';
}

size_t literal_before_address(const char *regex, char buf[static LITERAL_MAX])
{
	static const char addr[] = "(?<addr>";
	const char *first = strstr(regex, addr);
	struct extractor x = { .p = regex };

	if (!first || strstr(first + 1, addr))
		return 0;
	while (x.p < first) {
		const char *item = x.p, *end = *x.p == '(' ? regex_skip_item(x.p) : NULL;

		if (end && end > first) {
			/* It is in this group. */
			end_run(&x);
			x.p = needed_group(item, end);
			if (!x.p)
				return 0;
			continue;
		}
		if (!take_item(&x))
			return 0;
		if (!x.fresh && !gap_goes_on(item, x.p))
			x.n_run = x.n_best = 0;
	}
	end_run(&x);
	if (x.n_best < LITERAL_MIN)
		return 0;
	memcpy(buf, x.best, x.n_best);
	return x.n_best;
}

size_t literal_extract(const char *regex, char buf[static LITERAL_MAX])
{
	struct extractor x = { .p = regex };

	while (*x.p)
		if (!take_item(&x))
			return 0;
	end_run(&x);
	if (x.n_best < LITERAL_MIN)
		return 0;
	memcpy(buf, x.best, x.n_best);
	return x.n_best;
}
