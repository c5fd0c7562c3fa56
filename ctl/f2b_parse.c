/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's re, with fail2ban's <TAGS>, read into a tree. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "f2b_read.h"
#include "f2b_regex.h"

#define REPEAT_MAX 65535

struct parser {
	const char *start, *p, *end;
	const char *error;
	unsigned depth;
	unsigned captures; /* numbered so far */
};

static struct re *parse_alt(struct parser *x);

static void *fail(struct parser *x, const char *what)
{
	if (!x->error)
		x->error = what;
	return NULL;
}

static bool at_text(const struct parser *x, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(x->end - x->p) >= n && memcmp(x->p, text, n) == 0;
}

static bool take(struct parser *x, const char *text)
{
	if (!at_text(x, text))
		return false;
	x->p += strlen(text);
	return true;
}

static struct re *leaf(struct parser *x, enum re_kind kind)
{
	struct re *r = re_new(kind);

	return r ? r : fail(x, "out of memory");
}

static struct re *character(struct parser *x, unsigned char byte)
{
	struct re *r = re_char(byte);

	return r ? r : fail(x, "out of memory");
}

/* Escapes and classes */

static int hex_number(struct parser *x, unsigned digits)
{
	unsigned value = 0;

	for (; digits > 0; digits--, x->p++) {
		int c = x->p < x->end ? tolower((unsigned char)*x->p) : 0;

		if (!isxdigit(c)) {
			fail(x, "\\x needs two hexadecimal digits, \\u four");
			return -1;
		}
		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (value > 0xff || value == 0) {
		fail(x, "\\u above \\u00ff or NUL: write the character itself");
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
		fail(x, "this escape is not known");
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
		return fail(x, "backslash at the end");
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
			return fail(x, "the range in this class is empty or upside down");
	}
	for (; from <= to; from++)
		re_set_add(set, (unsigned char)from);
	return true;
}

static struct re *parse_class(struct parser *x)
{
	struct re *r = leaf(x, RE_SET);
	bool not = take(x, "^"), first = true;

	for (; r && x->p < x->end && (first || *x->p != ']'); first = false)
		if (!class_item(x, &r->set))
			return re_free(r);
	if (r && x->p == x->end) {
		fail(x, "'[' without ']'");
		return re_free(r);
	}
	x->p++;
	if (r && not )
		re_set_invert(&r->set);
	return r;
}

static struct re *named_set(struct parser *x, char name)
{
	struct re *r = leaf(x, RE_SET);

	if (r)
		re_set_named(name, &r->set);
	x->p++;
	return r;
}

static struct re *parse_escape(struct parser *x)
{
	struct re *r;
	int byte;

	if (x->p == x->end)
		return fail(x, "backslash at the end");
	if (*x->p != '.' && strchr("dDwWsS", *x->p))
		return named_set(x, *x->p);
	if (*x->p == 'A' || *x->p == 'Z')
		return leaf(x, *x->p++ == 'A' ? RE_LEFT : RE_RIGHT);
	if (*x->p == 'b' || *x->p == 'B') {
		r = leaf(x, RE_EDGE);
		if (r)
			r->byte = (unsigned char)*x->p;
		x->p++;
		return r;
	}
	if (*x->p >= '1' && *x->p <= '9') {
		r = leaf(x, RE_REF);
		for (; r && x->p < x->end && isdigit((unsigned char)*x->p) && r->number < 1000; x->p++)
			r->number = r->number * 10 + (unsigned)(*x->p - '0');
		return r;
	}
	byte = escaped_byte(x, false);
	return byte < 0 ? NULL : character(x, (unsigned char)byte);
}

/* Groups */

static char *take_name(struct parser *x, char end)
{
	const char *start = x->p;

	while (x->p < x->end && (isalnum((unsigned char)*x->p) || *x->p == '_' || *x->p == '-'))
		x->p++;
	if (x->p == start || x->p == x->end || *x->p != end || x->p - start > 24)
		return fail(x, "a group's name has up to 24 letters, digits or '_'");
	return strndup(start, (size_t)(x->p++ - start));
}

/* The inside of a group, up to what closes it: ')', or a closing tag. */
static struct re *group_body(struct parser *x, struct re *group)
{
	struct re *body = NULL;

	if (group && group->kind == RE_GROUP && group->group == RE_CAPTURE)
		group->number = ++x->captures;
	if (!group || ++x->depth > RE_DEPTH_MAX)
		fail(x, group ? "groups are nested too deep" : "out of memory");
	else
		body = parse_alt(x);
	x->depth--;
	if (body && group->kind == RE_GROUP && group->group == RE_HEAD) {
		if (!take(x, "\2"))
			fail(x, "a '(' in the head of the line that nothing closes there");
	} else if (body && !take(x, ")")) {
		const char *close = at_text(x, "</F-") ? memchr(x->p, '>', (size_t)(x->end - x->p)) : NULL;

		if (!close) {
			fail(x, "'(' or <F-…> that nothing closes");
			re_free(body);
			return re_free(group);
		}
		x->p = close + 1;
	}
	if (x->error) {
		re_free(body);
		body = NULL;
	}
	if (!body || !re_add(group, body))
		return re_free(group);
	return group;
}

static struct re *new_group(struct parser *x, enum re_group kind, const char *name)
{
	struct re *r = leaf(x, RE_GROUP);

	if (!r)
		return NULL;
	r->group = kind;
	r->name = name ? strdup(name) : NULL;
	if (name && !r->name) {
		fail(x, "out of memory");
		return re_free(r);
	}
	return r;
}

/* Flags that make no difference to single lines of bytes are left out. */
static bool flags_text(struct parser *x, const char *from, const char *to, char flags[static 2])
{
	flags[0] = flags[1] = '\0';
	for (; from < to; from++) {
		if (*from == 'i')
			flags[0] = 'i';
		else if (!strchr("amsu", *from))
			return fail(x, "only the flags i, m, s, a and u are taken");
	}
	return true;
}

/* At "(?" and letters: flags for the group that follows the colon, or to the end of this one. */
static struct re *parse_flags(struct parser *x)
{
	const char *from = x->p;
	char flags[2];
	struct re *r, *body;

	while (x->p < x->end && isalpha((unsigned char)*x->p))
		x->p++;
	if (x->p == x->end || !flags_text(x, from, x->p, flags))
		return fail(x, "'(?' that is not understood");
	r = new_group(x, *flags ? RE_FLAGS : RE_PLAIN, *flags ? flags : NULL);
	if (take(x, ":"))
		return group_body(x, r);
	if (!take(x, ")"))
		fail(x, "'(?' that is not understood");
	if (++x->depth > RE_DEPTH_MAX)
		fail(x, "groups are nested too deep");
	body = x->error ? NULL : parse_alt(x);
	x->depth--;
	if (!r)
		re_free(body);
	if (!r || !body || !re_add(r, body))
		return re_free(r);
	return r;
}

static struct re *parse_condition(struct parser *x)
{
	struct re *r = leaf(x, RE_COND), *body;

	if (!r)
		return NULL;
	r->name = take_name(x, ')');
	if (r->name && isdigit((unsigned char)*r->name))
		r->number = (unsigned)strtoul(r->name, NULL, 10);
	if (!r->name)
		return re_free(r);
	r = group_body(x, r);
	if (!r)
		return NULL;
	/* One child, an alternation of one or two: these are yes and no. */
	body = r->child[0];
	if (body->n > 2) {
		fail(x, "a condition has more than two branches");
		return re_free(r);
	}
	r->n = 0;
	while (body->n > 0) {
		struct re *branch = body->child[0];

		memmove(body->child, body->child + 1, --body->n * sizeof(struct re *));
		if (!re_add(r, branch)) {
			fail(x, "out of memory");
			break;
		}
	}
	re_free(body);
	return r;
}

static struct re *parse_group(struct parser *x)
{
	static const char *const looks[] = {"?=", "?!", "?<=", "?<!"};
	struct re *r;
	size_t i;

	if (take(x, "?:"))
		return group_body(x, new_group(x, RE_PLAIN, NULL));
	for (i = 0; i < ELEMENTSOF(looks); i++)
		if (take(x, looks[i]))
			return group_body(x, new_group(x, RE_LOOK, looks[i]));
	if (take(x, "?>"))
		return group_body(x, new_group(x, RE_ATOMIC, NULL));
	if (take(x, "?P<")) {
		r = new_group(x, RE_CAPTURE, NULL);
		if (r)
			r->name = take_name(x, '>');
		return r && r->name ? group_body(x, r) : re_free(r);
	}
	if (take(x, "?P=")) {
		r = leaf(x, RE_REF);
		if (r)
			r->name = take_name(x, ')');
		return r && r->name ? r : re_free(r);
	}
	if (take(x, "?#")) {
		const char *close = memchr(x->p, ')', (size_t)(x->end - x->p));

		x->p = close ? close + 1 : x->end;
		return leaf(x, RE_NOTHING);
	}
	if (take(x, "?("))
		return parse_condition(x);
	if (take(x, "?"))
		return parse_flags(x);
	return group_body(x, new_group(x, RE_CAPTURE, NULL));
}

/* Tags */

static struct re *word(struct parser *x)
{
	struct re *r = leaf(x, RE_REPEAT), *set = leaf(x, RE_SET);

	if (set)
		re_set_named('w', &set->set);
	if (!r || !re_add(r, set)) {
		if (!r)
			re_free(set);
		return re_free(r);
	}
	r->min = 1;
	r->max = RE_INFINITE;
	return r;
}

static struct re *address(struct parser *x, enum re_addr which)
{
	struct re *r = leaf(x, RE_ADDR);

	if (r)
		r->addr = which;
	return r;
}

/* <F-NAME> … </F-NAME>; at NAME, of len bytes. */
static struct re *f_group(struct parser *x, const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum re_group group;
	} known[] = {
		{"CONTENT", RE_CONTENT}, {"NOFAIL", RE_NOFAIL},	  {"MLFGAINED", RE_GAINED},
		{"MLFID", RE_PLAIN},	 {"MLFFORGET", RE_PLAIN}, {"ID", RE_ID},
	};
	char lower[25];
	size_t i;

	for (i = 0; i < ELEMENTSOF(known); i++)
		if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
			return group_body(x, new_group(x, known[i].group, NULL));
	if (len >= sizeof(lower))
		return fail(x, "the name of this <F-…> is too long");
	for (i = 0; i < len; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[len] = '\0';
	return group_body(x, new_group(x, RE_CAPTURE, lower));
}

static struct re *parse_tag(struct parser *x)
{
	const char *close = memchr(x->p, '>', (size_t)(x->end - x->p)), *start = x->p - 1;

	if (take(x, "HOST>") || take(x, "ADDR>") || take(x, "F-ADDR/>"))
		return address(x, RE_ADDR_ANY);
	if (take(x, "IP4>") || take(x, "F-IP4/>"))
		return address(x, RE_ADDR_IP4);
	if (take(x, "IP6>") || take(x, "F-IP6/>"))
		return address(x, RE_ADDR_IP6);
	if (take(x, "F-PORT/>"))
		return word(x);
	if (at_text(x, "SKIPLINES>"))
		return fail(
			x,
			"<SKIPLINES> is for several lines at once; sipwarden looks at each line by itself");
	if (at_text(x, "DNS>") || at_text(x, "F-DNS/>"))
		return fail(x, "<DNS> is a host name; sipwarden bans addresses that the log itself names");
	if (at_text(x, "CIDR>") || at_text(x, "SUBNET>") || at_text(x, "F-CIDR/>") ||
	    at_text(x, "F-SUBNET/>"))
		return fail(
			x,
			"<SUBNET> and <CIDR> ban whole networks on a log's word; sipwarden bans addresses");
	if (at_text(x, "F-ID/>"))
		return fail(x, "<F-ID/> is no address; sipwarden bans addresses");
	if (take(x, "F-") && close && close > x->p && close[-1] != '/') {
		const char *name = x->p, *p;

		for (p = name; p < close && (isupper((unsigned char)*p) || isdigit((unsigned char)*p) ||
					     *p == '_' || *p == '-');
		     p++)
			;
		if (p == close) {
			x->p = close + 1;
			return f_group(x, name, (size_t)(close - name));
		}
	}
	x->p = start + 1;
	return character(x, '<');
}

/* Sequences */

static struct re *parse_atom(struct parser *x)
{
	char c = *x->p++;

	switch (c) {
	case '\\':
		return parse_escape(x);
	case '[':
		return parse_class(x);
	case '(':
		return parse_group(x);
	case '<':
		return parse_tag(x);
	case '^':
		return leaf(x, RE_LEFT);
	case '$':
		return leaf(x, RE_RIGHT);
	case '.':
		x->p--;
		return named_set(x, '.');
	case '*':
	case '+':
	case '?':
		return fail(x, "nothing in front of '*', '+' or '?' that it could repeat");
	case F2B_HEAD:
		return group_body(x, new_group(x, RE_HEAD, NULL));
	case '\5':
		return leaf(x, RE_DATE);
	default:
		return character(x, (unsigned char)c);
	}
}

/* At '{': "{m}", "{m,}", "{,n}" or "{m,n}". False, and nothing taken: it is text. */
static bool take_counts(struct parser *x, unsigned *min, unsigned *max)
{
	const char *p = x->p + 1;
	size_t digits = 0;

	*min = 0;
	for (; p < x->end && isdigit((unsigned char)*p) && *min <= REPEAT_MAX; p++, digits++)
		*min = *min * 10 + (unsigned)(*p - '0');
	*max = *min;
	if (p < x->end && *p == ',') {
		size_t before = digits;

		*max = 0;
		for (p++; p < x->end && isdigit((unsigned char)*p) && *max <= REPEAT_MAX; p++, digits++)
			*max = *max * 10 + (unsigned)(*p - '0');
		if (digits == before)
			*max = RE_INFINITE;
	} else if (digits == 0) {
		return false;
	}
	if (p == x->end || *p != '}')
		return false;
	x->p = p + 1;
	if (*min > REPEAT_MAX || (*max > REPEAT_MAX && *max != RE_INFINITE) || *max < *min)
		fail(x, "the numbers of this repetition are too large or upside down");
	return true;
}

/* What repeats atom, if anything does. */
static struct re *parse_repeat(struct parser *x, struct re *atom)
{
	unsigned min = 0, max = RE_INFINITE;
	struct re *r;

	if (x->p == x->end)
		return atom;
	if (take(x, "+"))
		min = 1;
	else if (take(x, "?"))
		max = 1;
	else if (!take(x, "*") && (*x->p != '{' || !take_counts(x, &min, &max)))
		return atom;
	r = x->error ? NULL : leaf(x, RE_REPEAT);
	if (!r) {
		re_free(atom);
		return NULL;
	}
	r->min = min;
	r->max = max;
	if (x->p < x->end && (*x->p == '?' || *x->p == '+'))
		r->suffix = *x->p++;
	if (!re_add(r, atom))
		return re_free(r);
	if (x->p < x->end && strchr("*+?", *x->p)) {
		fail(x, "a repetition of a repetition");
		return re_free(r);
	}
	return r;
}

static bool at_end(const struct parser *x)
{
	return x->p == x->end || *x->p == ')' || *x->p == '|' || *x->p == F2B_HEAD_END || at_text(x, "</F-");
}

static struct re *parse_seq(struct parser *x)
{
	struct re *r = leaf(x, RE_SEQ);

	while (r && !at_end(x)) {
		struct re *atom = parse_atom(x);

		atom = atom ? parse_repeat(x, atom) : NULL;
		if (!atom || !re_add(r, atom))
			return re_free(r);
	}
	return r;
}

static struct re *parse_alt(struct parser *x)
{
	struct re *r = leaf(x, RE_ALT);

	while (r) {
		struct re *seq = parse_seq(x);

		if (!seq || !re_add(r, seq))
			return re_free(r);
		if (!take(x, "|"))
			break;
	}
	return r;
}

struct re *re_parse(const char *text, size_t len, const char **error, size_t *offset)
{
	struct parser x = {.start = text, .p = text, .end = text + len};
	struct re *r = NULL;

	*error = NULL;
	if (len > RE_LENGTH_MAX)
		fail(&x, "the regex is longer than 60 KiB");
	else
		r = parse_alt(&x);
	if (r && x.p != x.end) {
		fail(&x, "')' or </F-…> that closes nothing");
		r = re_free(r);
	}
	if (!r) {
		*error = x.error ? x.error : "out of memory";
		*offset = (size_t)(x.p - x.start);
	}
	return r;
}
