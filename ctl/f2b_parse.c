/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's re, with fail2ban's <TAGS>, read into a tree. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "f2b_parser.h"
#include "f2b_read.h"
#include "f2b_regex.h"

#define REPEAT_MAX 65535

static struct re *parse_alt(struct parser *x);

/* Groups */

static char *take_name(struct parser *x, char end)
{
	const char *start = x->p;

	while (x->p < x->end && (isalnum((unsigned char)*x->p) || *x->p == '_' || *x->p == '-'))
		x->p++;
	if (x->p == start || x->p == x->end || *x->p != end || x->p - start > 24)
		return parser_fail(x, "a group's name has up to 24 letters, digits or '_'");
	return strndup(start, (size_t)(x->p++ - start));
}

/* The inside of a group, up to what closes it: ')', or a closing tag. */
static struct re *group_body(struct parser *x, struct re *group)
{
	struct re *body = NULL;

	if (group && group->kind == RE_GROUP && group->group == RE_CAPTURE)
		group->number = ++x->captures;
	if (!group || ++x->depth > RE_DEPTH_MAX)
		parser_fail(x, group ? "groups are nested too deep" : "out of memory");
	else
		body = parse_alt(x);
	x->depth--;
	if (body && group->kind == RE_GROUP && group->group == RE_HEAD) {
		if (!parser_take(x, "\2"))
			parser_fail(x, "a '(' in the head of the line that nothing closes there");
	} else if (body && !parser_take(x, ")")) {
		const char *close = parser_at(x, "</F-") ? memchr(x->p, '>', (size_t)(x->end - x->p)) : NULL;

		if (!close) {
			parser_fail(x, "'(' or <F-…> that nothing closes");
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
	struct re *r = parser_leaf(x, RE_GROUP);

	if (!r)
		return NULL;
	r->group = kind;
	r->name = name ? strdup(name) : NULL;
	if (name && !r->name) {
		parser_fail(x, "out of memory");
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
			return parser_fail(x, "only the flags i, m, s, a and u are taken");
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
		return parser_fail(x, "'(?' that is not understood");
	r = new_group(x, *flags ? RE_FLAGS : RE_PLAIN, *flags ? flags : NULL);
	if (parser_take(x, ":"))
		return group_body(x, r);
	if (!parser_take(x, ")"))
		parser_fail(x, "'(?' that is not understood");
	if (++x->depth > RE_DEPTH_MAX)
		parser_fail(x, "groups are nested too deep");
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
	struct re *r = parser_leaf(x, RE_COND), *body;

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
		parser_fail(x, "a condition has more than two branches");
		return re_free(r);
	}
	r->n = 0;
	while (body->n > 0) {
		struct re *branch = body->child[0];

		memmove(body->child, body->child + 1, --body->n * sizeof(struct re *));
		if (!re_add(r, branch)) {
			parser_fail(x, "out of memory");
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

	if (parser_take(x, "?:"))
		return group_body(x, new_group(x, RE_PLAIN, NULL));
	for (i = 0; i < ELEMENTSOF(looks); i++)
		if (parser_take(x, looks[i]))
			return group_body(x, new_group(x, RE_LOOK, looks[i]));
	if (parser_take(x, "?>"))
		return group_body(x, new_group(x, RE_ATOMIC, NULL));
	if (parser_take(x, "?P<")) {
		r = new_group(x, RE_CAPTURE, NULL);
		if (r)
			r->name = take_name(x, '>');
		return r && r->name ? group_body(x, r) : re_free(r);
	}
	if (parser_take(x, "?P=")) {
		r = parser_leaf(x, RE_REF);
		if (r)
			r->name = take_name(x, ')');
		return r && r->name ? r : re_free(r);
	}
	if (parser_take(x, "?#")) {
		const char *close = memchr(x->p, ')', (size_t)(x->end - x->p));

		x->p = close ? close + 1 : x->end;
		return parser_leaf(x, RE_NOTHING);
	}
	if (parser_take(x, "?("))
		return parse_condition(x);
	if (parser_take(x, "?"))
		return parse_flags(x);
	return group_body(x, new_group(x, RE_CAPTURE, NULL));
}

/* Tags */

static struct re *word(struct parser *x)
{
	struct re *r = parser_leaf(x, RE_REPEAT), *set = parser_leaf(x, RE_SET);

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
	struct re *r = parser_leaf(x, RE_ADDR);

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
		return parser_fail(x, "the name of this <F-…> is too long");
	for (i = 0; i < len; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[len] = '\0';
	return group_body(x, new_group(x, RE_CAPTURE, lower));
}

static struct re *parse_tag(struct parser *x)
{
	const char *close = memchr(x->p, '>', (size_t)(x->end - x->p)), *start = x->p - 1;

	if (parser_take(x, "HOST>") || parser_take(x, "ADDR>") || parser_take(x, "F-ADDR/>"))
		return address(x, RE_ADDR_ANY);
	if (parser_take(x, "IP4>") || parser_take(x, "F-IP4/>"))
		return address(x, RE_ADDR_IP4);
	if (parser_take(x, "IP6>") || parser_take(x, "F-IP6/>"))
		return address(x, RE_ADDR_IP6);
	if (parser_take(x, "F-PORT/>"))
		return word(x);
	if (parser_at(x, "SKIPLINES>"))
		return parser_fail(
			x,
			"<SKIPLINES> is for several lines at once; sipwarden looks at each line by itself");
	if (parser_at(x, "DNS>") || parser_at(x, "F-DNS/>"))
		return parser_fail(x, "<DNS> is a host name; sipwarden bans addresses that the log itself names");
	if (parser_at(x, "CIDR>") || parser_at(x, "SUBNET>") || parser_at(x, "F-CIDR/>") ||
	    parser_at(x, "F-SUBNET/>"))
		return parser_fail(
			x,
			"<SUBNET> and <CIDR> ban whole networks on a log's word; sipwarden bans addresses");
	if (parser_at(x, "F-ID/>"))
		return parser_fail(x, "<F-ID/> is no address; sipwarden bans addresses");
	if (parser_take(x, "F-") && close && close > x->p && close[-1] != '/') {
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
	return parser_char(x, '<');
}

/* Sequences */

static struct re *parse_atom(struct parser *x)
{
	char c = *x->p++;

	switch (c) {
	case '\\':
		return parser_escape(x);
	case '[':
		return parser_class(x);
	case '(':
		return parse_group(x);
	case '<':
		return parse_tag(x);
	case '^':
		return parser_leaf(x, RE_LEFT);
	case '$':
		return parser_leaf(x, RE_RIGHT);
	case '.':
		x->p--;
		return parser_set(x, '.');
	case '*':
	case '+':
	case '?':
		return parser_fail(x, "nothing in front of '*', '+' or '?' that it could repeat");
	case F2B_HEAD:
		return group_body(x, new_group(x, RE_HEAD, NULL));
	case '\5':
		return parser_leaf(x, RE_DATE);
	default:
		return parser_char(x, (unsigned char)c);
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
		parser_fail(x, "the numbers of this repetition are too large or upside down");
	return true;
}

/* What repeats atom, if anything does. */
static struct re *parse_repeat(struct parser *x, struct re *atom)
{
	unsigned min = 0, max = RE_INFINITE;
	struct re *r;

	if (x->p == x->end)
		return atom;
	if (parser_take(x, "+"))
		min = 1;
	else if (parser_take(x, "?"))
		max = 1;
	else if (!parser_take(x, "*") && (*x->p != '{' || !take_counts(x, &min, &max)))
		return atom;
	r = x->error ? NULL : parser_leaf(x, RE_REPEAT);
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
		parser_fail(x, "a repetition of a repetition");
		return re_free(r);
	}
	return r;
}

static bool at_end(const struct parser *x)
{
	return x->p == x->end || *x->p == ')' || *x->p == '|' || *x->p == F2B_HEAD_END || parser_at(x, "</F-");
}

static struct re *parse_seq(struct parser *x)
{
	struct re *r = parser_leaf(x, RE_SEQ);

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
	struct re *r = parser_leaf(x, RE_ALT);

	while (r) {
		struct re *seq = parse_seq(x);

		if (!seq || !re_add(r, seq))
			return re_free(r);
		if (!parser_take(x, "|"))
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
		parser_fail(&x, "the regex is longer than 60 KiB");
	else
		r = parse_alt(&x);
	if (r && x.p != x.end) {
		parser_fail(&x, "')' or </F-…> that closes nothing");
		r = re_free(r);
	}
	if (!r) {
		*error = x.error ? x.error : "out of memory";
		*offset = (size_t)(x.p - x.start);
	}
	return r;
}
