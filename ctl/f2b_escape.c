/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single characters of Python's re: as they are, escaped, and in classes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "f2b_parser.h"

void *parser_fail(struct parser *x, const char *what)
{
	if (!x->error)
		x->error = what;
	return NULL;
}

bool parser_at(const struct parser *x, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(x->end - x->p) >= n && memcmp(x->p, text, n) == 0;
}

bool parser_take(struct parser *x, const char *text)
{
	if (!parser_at(x, text))
		return false;
	x->p += strlen(text);
	return true;
}

struct re *parser_leaf(struct parser *x, enum re_kind kind)
{
	struct re *r = re_new(kind);

	return r ? r : parser_fail(x, "out of memory");
}

struct re *parser_char(struct parser *x, unsigned char byte)
{
	struct re *r = re_char(byte);

	return r ? r : parser_fail(x, "out of memory");
}

static int hex_number(struct parser *x, unsigned digits)
{
	unsigned value = 0;

	for (; digits > 0; digits--, x->p++) {
		int c = x->p < x->end ? tolower((unsigned char)*x->p) : 0;

		if (!isxdigit(c)) {
			parser_fail(x, "\\x needs two hexadecimal digits, \\u four");
			return -1;
		}
		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (value > 0xff || value == 0) {
		parser_fail(x, "\\u above \\u00ff or NUL: write the character itself");
		return -1;
	}
	return (int)value;
}

/* Behind a backslash: one byte, or -1 when the escape means something else or is wrong. */
static int escaped_byte(struct parser *x, bool in_class)
{
	static const char names[] = "ntrfva", bytes[] = "\n\t\r\f\v\a";
	char c = *x->p;
	const char *name = strchr(names, c);

	if (c && name) {
		x->p++;
		return bytes[name - names];
	}
	if (in_class && c == 'b') {
		x->p++;
		return '\b';
	}
	if (c == 'x' || c == 'u') {
		x->p++;
		return hex_number(x, c == 'x' ? 2 : 4);
	}
	if (isalnum((unsigned char)c)) {
		parser_fail(x, "this escape is not known");
		return -1;
	}
	x->p++;
	return (unsigned char)c;
}

/* One member of a class: a byte in *byte, or -1 and the set of \d and the like in *set. */
static bool class_member(struct parser *x, int *byte, struct re_set *set)
{
	if (*x->p != '\\') {
		*byte = (unsigned char)*x->p++;
		return true;
	}
	x->p++;
	if (x->p == x->end)
		return parser_fail(x, "backslash at the end");
	if (*x->p != '.' && re_set_named(*x->p, set)) {
		x->p++;
		*byte = -1;
		return true;
	}
	*byte = escaped_byte(x, true);
	return *byte >= 0;
}

static bool class_item(struct parser *x, struct re_set *set)
{
	struct re_set named = { { 0 } };
	int from, to;
	size_t i;

	if (!class_member(x, &from, &named))
		return false;
	if (from < 0) {
		for (i = 0; i < 8; i++)
			set->bits[i] |= named.bits[i];
		return true;
	}
	to = from;
	if (x->end - x->p >= 2 && *x->p == '-' && x->p[1] != ']') {
		x->p++;
		if (!class_member(x, &to, &named))
			return false;
		if (to < from)
			return parser_fail(x, "the range in this class is empty or upside down");
	}
	for (; from <= to; from++)
		re_set_add(set, (unsigned char)from);
	return true;
}

struct re *parser_class(struct parser *x)
{
	struct re *r = parser_leaf(x, RE_SET);
	bool not = parser_take(x, "^"), first = true;

	for (; r && x->p < x->end && (first || *x->p != ']'); first = false)
		if (!class_item(x, &r->set))
			return re_free(r);
	if (r && x->p == x->end) {
		parser_fail(x, "'[' without ']'");
		return re_free(r);
	}
	x->p++;
	if (r && not )
		re_set_invert(&r->set);
	return r;
}

struct re *parser_set(struct parser *x, char name)
{
	struct re *r = parser_leaf(x, RE_SET);

	if (r)
		re_set_named(name, &r->set);
	x->p++;
	return r;
}

struct re *parser_escape(struct parser *x)
{
	struct re *r;
	int byte;

	if (x->p == x->end)
		return parser_fail(x, "backslash at the end");
	if (*x->p != '.' && strchr("dDwWsS", *x->p))
		return parser_set(x, *x->p);
	if (*x->p == 'A' || *x->p == 'Z')
		return parser_leaf(x, *x->p++ == 'A' ? RE_LEFT : RE_RIGHT);
	if (*x->p == 'b' || *x->p == 'B') {
		r = parser_leaf(x, RE_EDGE);
		if (r)
			r->byte = (unsigned char)*x->p;
		x->p++;
		return r;
	}
	if (*x->p >= '1' && *x->p <= '9') {
		r = parser_leaf(x, RE_REF);
		for (; r && x->p < x->end && isdigit((unsigned char)*x->p) && r->number < 1000; x->p++)
			r->number = r->number * 10 + (unsigned)(*x->p - '0');
		return r;
	}
	byte = escaped_byte(x, false);
	return byte < 0 ? NULL : parser_char(x, (unsigned char)byte);
}
