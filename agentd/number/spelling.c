/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was dialled, in any notation, to its digits. */
#include "number/table.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* Behind a '*' or '#', so many digits are a number and not a part of the code. */
#define NUMBER_BEHIND_CODE 6

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c | 0x20) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* The next character of a URI: %2B is '+' (RFC 3986, 2.1). */
static int next_char(struct span text, size_t *at)
{
	const char *p = text.ptr + *at;

	if (*p == '%' && text.len - *at >= 3 && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
		*at += 3;
		return hex_value(p[1]) * 16 + hex_value(p[2]);
	}
	*at += 1;
	return (unsigned char)*p;
}

static struct span without_scheme(struct span text)
{
	static const char *const schemes[] = {"tel:", "sip:", "sips:", "callto:"};
	size_t i;

	while (text.len > 0 && strchr(" \t<\"'", *text.ptr) && *text.ptr) {
		text.ptr++;
		text.len--;
	}
	for (i = 0; i < ELEMENTSOF(schemes); i++) {
		const size_t n = strlen(schemes[i]);

		if (text.len >= n && strncasecmp(text.ptr, schemes[i], n) == 0)
			return (struct span){text.ptr + n, text.len - n};
	}
	return text;
}

struct reader {
	struct spelling piece;		   /* since the last '+', '*' or '#' */
	struct spelling found;		   /* the last piece that is long enough for a number behind a code */
	char raw[SPELLING_DIGITS_MAX + 1]; /* digits, '*' and '#' */
	size_t n_raw;
	bool code;
};

static void add_raw(struct reader *r, int c)
{
	if (r->n_raw < SPELLING_DIGITS_MAX)
		r->raw[r->n_raw++] = (char)c;
}

static void end_piece(struct reader *r)
{
	if (r->piece.n >= NUMBER_BEHIND_CODE)
		r->found = r->piece;
	memset(&r->piece, 0, sizeof(r->piece));
}

/* Returns false at what ends the number. */
static bool take(struct reader *r, int c)
{
	if (is_digit(c)) {
		add_raw(r, c);
		if (r->piece.n < SPELLING_DIGITS_MAX)
			r->piece.digits[r->piece.n++] = (char)c;
	} else if (c == '+') {
		/* What stands before it is the way out of the house. */
		memset(&r->piece, 0, sizeof(r->piece));
		r->piece.plus = true;
	} else if (c == '*' || c == '#') {
		add_raw(r, c);
		end_piece(r);
		r->code = true;
	}
	/* A host, parameters, headers, the end of a name-addr, digits that are sent later. */
	return !(c == '@' || c == ';' || c == '?' || c == '>' || c == ',');
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* As "+49 (0) 30": the trunk prefix for those who are in the country. */
static bool is_trunk_note(const struct reader *r, struct span text, size_t at)
{
	return r->piece.plus && text.len - at >= 3 && memcmp(text.ptr + at, "(0)", 3) == 0;
}

int spelling_read(struct span dialled, struct spelling *ret)
{
	struct span text = without_scheme((struct span){
		dialled.ptr, dialled.len < NUMBER_DIALLED_MAX ? dialled.len : NUMBER_DIALLED_MAX});
	struct reader r;
	size_t at = 0;
	int c;

	memset(&r, 0, sizeof(r));
	memset(ret, 0, sizeof(*ret));
	while (at < text.len) {
		if (is_trunk_note(&r, text, at)) {
			at += 3;
			continue;
		}
		c = next_char(text, &at);
		if (is_letter(c))
			return -EINVAL;
		if (!take(&r, c))
			break;
	}
	if (!r.code) {
		*ret = r.piece;
		return ret->n > 0 ? 0 : -EINVAL;
	}
	end_piece(&r);
	*ret = r.found;
	if (ret->n == 0) {
		memcpy(ret->digits, r.raw, r.n_raw);
		ret->n = r.n_raw;
		ret->code = true;
	}
	return 0;
}
