/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/literal.h"

#include <stdbool.h>
#include <string.h>

#include "match/token.h"

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

/* Behind what opened a group; moves behind the ')' that closes it. False: not understood. */
static bool skip_group(struct extractor *x)
{
	unsigned depth = 1;
	struct token t;

	while (depth > 0) {
		switch (token_next(&x->p, &t)) {
		case TOKEN_OPEN:
			depth++;
			break;
		case TOKEN_CLOSE:
			depth--;
			break;
		case TOKEN_END:
		case TOKEN_BAD:
			return false;
		default:
			break;
		}
	}
	return true;
}

/* What it repeats may be missing, or be there several times. */
static void take_quantifier(struct extractor *x, unsigned long least)
{
	if (least == 0 && x->fresh)
		x->n_run--;
	end_run(x);
}

/* One item of the regex. False: give up. */
static bool take_item(struct extractor *x, const struct token *t)
{
	switch (t->kind) {
	case TOKEN_CHAR:
		/* A brace as text looks too much like a mistake to rely on it. */
		if (t->text.len == 1 && t->c == '{')
			end_run(x);
		else
			add(x, t->c);
		return true;
	case TOKEN_QUANTIFIER:
		take_quantifier(x, t->least);
		return true;
	case TOKEN_OPEN:
		end_run(x);
		/* Options may change what follows. */
		return t->group != GROUP_OTHER && skip_group(x);
	case TOKEN_ANY:
	case TOKEN_SET:
	case TOKEN_TYPE:
	case TOKEN_ANCHOR:
	case TOKEN_CALL:
		end_run(x);
		return true;
	default:
		return false;
	}
}

size_t literal_extract(const char *regex, char buf[static LITERAL_MAX])
{
	struct extractor x = { .p = regex };
	struct token t;

	while (token_next(&x.p, &t) != TOKEN_END)
		if (!take_item(&x, &t))
			return 0;
	end_run(&x);
	if (x.n_best < LITERAL_MIN)
		return 0;
	memcpy(buf, x.best, x.n_best);
	return x.n_best;
}
