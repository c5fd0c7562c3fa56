/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_match.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "audit_value.h"
#include "base/text.h"

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static unsigned bits_of(const struct packet *p)
{
	return p->family == AF_INET ? 32 : 128;
}

bool match_address(const char *text, int family, number_t *ret)
{
	unsigned char bytes[16];
	size_t i, n = family == AF_INET ? 4 : 16;

	if (inet_pton(family, text, bytes) != 1)
		return false;
	*ret = 0;
	for (i = 0; i < n; i++)
		*ret = *ret << 8 | bytes[i];
	return true;
}

void condition_done(struct condition *c)
{
	ranges_done(&c->yes);
	ranges_done(&c->maybe);
}

void condition_add(struct condition *to, struct condition *other)
{
	to->all |= other->all;
	to->maybe_all |= other->maybe_all;
	if (other->yes.n || other->yes.failed)
		ranges_become(&to->yes, ranges_or(&to->yes, &other->yes));
	if (other->maybe.n || other->maybe.failed)
		ranges_become(&to->maybe, ranges_or(&to->maybe, &other->maybe));
	if (!to->unknown)
		to->unknown = other->unknown;
	condition_done(other);
}

static struct condition certain(bool holds)
{
	return (struct condition){.all = holds};
}

static struct condition uncertain(const char *why)
{
	return (struct condition){.maybe_all = true, .unknown = why};
}

/* Constants */

static bool range_of(const struct value *v, const struct packet *p, const json_t *constant, number_t *first,
		     number_t *last)
{
	const json_t *range = json_object_get(constant, "range"),
		     *prefix = json_object_get(constant, "prefix");
	unsigned width = bits_of(p), len = (unsigned)json_integer_value(json_object_get(prefix, "len"));
	number_t host;

	if (range)
		return value_constant(v, p->family, json_array_get(range, 0), first) &&
		       value_constant(v, p->family, json_array_get(range, 1), last);
	if (prefix) {
		if (!value_constant(v, p->family, json_object_get(prefix, "addr"), first) || len > width)
			return false;
		host = len == 0 ? (width == 128 ? ~(number_t)0 : ((number_t)1 << width) - 1)
				: ((number_t)1 << (width - len)) - 1;
		*first &= ~host;
		*last = *first | host;
		return true;
	}
	if (!value_constant(v, p->family, constant, first))
		return false;
	*last = *first;
	return true;
}

/* A set element may be wrapped, with its timeout and counters. */
static const json_t *bare(const json_t *element)
{
	const json_t *inner = json_object_get(element, "elem");

	return inner ? json_object_get(inner, "val") : element;
}

static struct condition element_of_value(struct matcher *m, const struct value *v, const json_t *constant)
{
	struct condition c = {.all = false};
	number_t first, last;

	m->work++;
	if (v->kind == VALUE_UNKNOWN)
		return uncertain(v->unknown);
	if (v->kind == VALUE_ABSENT)
		return c;
	if (json_is_string(constant) && same(json_string_value(constant), "*"))
		return certain(true);
	if (v->text && json_is_string(constant))
		return certain(fnmatch(json_string_value(constant), v->text, 0) == 0);
	if (v->kind == VALUE_TEXT)
		return json_is_boolean(constant) ? certain(json_is_true(constant))
						 : uncertain("what is compared");
	if (!range_of(v, m->packet, constant, &first, &last))
		/* An address of the other family is a different one. */
		return v->names == NAMES_ADDRESS ? c : uncertain("a constant");
	if (v->kind == VALUE_NUMBER)
		return certain(first <= v->number && v->number <= last);
	ranges_append(&c.yes, first, last);
	return c;
}

/* Holds if both do; releases both. */
static struct condition both(struct condition a, struct condition b)
{
	struct condition c = {.unknown = a.unknown ? a.unknown : b.unknown};
	struct ranges a_any, b_any, any;

	if (a.all || b.all) {
		struct condition *other = a.all ? &b : &a, *whole = a.all ? &a : &b;

		condition_done(whole);
		return *other;
	}
	c.maybe_all = a.maybe_all && b.maybe_all;
	c.yes = ranges_and(&a.yes, &b.yes);
	a_any = ranges_or(&a.yes, &a.maybe);
	b_any = ranges_or(&b.yes, &b.maybe);
	any = a.maybe_all   ? ranges_copy(&b_any)
	      : b.maybe_all ? ranges_copy(&a_any)
			    : ranges_and(&a_any, &b_any);
	c.maybe = ranges_minus(&any, &c.yes);
	ranges_done(&a_any);
	ranges_done(&b_any);
	ranges_done(&any);
	condition_done(&a);
	condition_done(&b);
	return c;
}

struct condition match_element(struct matcher *m, const json_t *key, const json_t *element)
{
	const json_t *keys = json_object_get(key, "concat"), *constants;
	struct condition c;
	struct value v;
	size_t i;

	element = bare(element);
	if (!keys) {
		v = value_of(m->packet, key);
		return element_of_value(m, &v, element);
	}
	constants = json_object_get(element, "concat");
	if (json_array_size(constants) != json_array_size(keys))
		return json_is_string(element) && same(json_string_value(element), "*")
			       ? certain(true)
			       : uncertain("a concatenation");
	c = certain(true);
	for (i = 0; i < json_array_size(keys) && (c.all || c.maybe_all || c.yes.n || c.maybe.n); i++) {
		v = value_of(m->packet, json_array_get(keys, i));
		c = both(c, element_of_value(m, &v, bare(json_array_get(constants, i))));
	}
	return c;
}

bool match_elements(struct matcher *m, const json_t *set, const json_t **ret)
{
	struct nft_set *named;

	*ret = json_object_get(set, "set") ? json_object_get(set, "set") : set;
	if (!json_is_string(set))
		return true;
	named = ruleset_set(m->rules, m->family, m->table, json_string_value(set));
	*ret = named ? named->elements : NULL;
	return named && named->answer;
}

/* Sets */

/* All elements at once: of a hundred thousand addresses, only the last step is a sort. */
static struct condition in_elements(struct matcher *m, const json_t *key, const json_t *elements)
{
	struct condition c = {.all = false}, one;
	size_t i, j;

	for (i = 0; i < json_array_size(elements) && !c.all; i++) {
		one = match_element(m, key, json_array_get(elements, i));
		c.all |= one.all;
		c.maybe_all |= one.maybe_all;
		for (j = 0; j < one.yes.n; j++)
			ranges_append(&c.yes, one.yes.r[j].first, one.yes.r[j].last);
		for (j = 0; j < one.maybe.n; j++)
			ranges_append(&c.maybe, one.maybe.r[j].first, one.maybe.r[j].last);
		c.yes.failed |= one.yes.failed;
		c.unknown = c.unknown ? c.unknown : one.unknown;
		condition_done(&one);
	}
	ranges_tidy(&c.yes);
	ranges_tidy(&c.maybe);
	return c;
}

/* Bans come and go, and concern no stranger: what sipwarden itself has banned is not asked for. */
static bool is_bans(const struct matcher *m, const char *reference)
{
	return same(m->table, "sipwarden") &&
	       (strncmp(reference, "@ban", 4) == 0 || strncmp(reference, "@net", 4) == 0 ||
		strncmp(reference, "@port4", 6) == 0);
}

static struct condition in_named(struct matcher *m, const json_t *key, const char *reference)
{
	struct nft_set *set =
		is_bans(m, reference) ? NULL : ruleset_set(m->rules, m->family, m->table, reference);
	struct condition c;
	bool by_source = value_of(m->packet, key).kind == VALUE_SOURCE && !json_object_get(key, "concat");

	if (is_bans(m, reference))
		return certain(false);
	if (!set || !set->answer)
		return uncertain("a set whose elements could not be read");
	if (by_source && set->ranged) {
		m->work += set->ranges.n;
		return (struct condition){.yes = ranges_copy(&set->ranges)};
	}
	c = in_elements(m, key, set->elements);
	if (by_source && !c.all && !c.maybe_all && !c.maybe.n) {
		set->ranged = true;
		set->ranges = ranges_copy(&c.yes);
	}
	return c;
}

static struct condition negated(struct condition c, const struct packet *p)
{
	struct condition n = {.maybe_all = c.maybe_all && !c.all, .unknown = c.unknown};
	struct ranges all = ranges_all(bits_of(p)), any;

	if (!c.all && !c.maybe_all) {
		any = ranges_or(&c.yes, &c.maybe);
		n.yes = ranges_minus(&all, &any);
		n.maybe = ranges_copy(&c.maybe);
		ranges_done(&any);
		n.all = c.yes.n == 0 && c.maybe.n == 0 && !n.yes.failed;
	}
	ranges_done(&all);
	condition_done(&c);
	return n;
}

/* Whether it has one of these bits: flags of TCP, states. Only == is asked of sets and ranges. */
static bool test_bits(struct matcher *m, const struct value *v, const json_t *right, bool none,
		      struct condition *ret)
{
	number_t mask;

	if (v->kind != VALUE_NUMBER || !value_constant(v, m->packet->family, right, &mask))
		return false;
	*ret = certain(((v->number & mask) != 0) != none);
	return true;
}

struct condition match_condition(struct matcher *m, const json_t *match)
{
	const char *op = ruleset_text(match, "op");
	const json_t *left = json_object_get(match, "left"), *right = json_object_get(match, "right");
	bool none = same(op, "!"), not = same(op, "!=");
	struct value v = {.kind = VALUE_SOURCE};
	struct condition c;

	if (!json_object_get(left, "concat"))
		v = value_of(m->packet, left);
	if (v.kind == VALUE_ABSENT)
		return certain(false);
	if (v.kind == VALUE_UNKNOWN)
		return uncertain(v.unknown);
	if ((none || same(op, "in")) && !json_object_get(right, "set") && test_bits(m, &v, right, none, &c))
		return c;
	if (!not &&!same(op, "==") && !same(op, "in"))
		return uncertain("a comparison");
	if (json_is_string(right) && *json_string_value(right) == '@')
		c = in_named(m, left, json_string_value(right));
	else if (json_object_get(right, "set"))
		c = in_elements(m, left, json_object_get(right, "set"));
	else
		c = match_element(m, left, right);
	return not ? negated(c, m->packet) : c;
}
