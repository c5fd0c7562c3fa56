/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a regex. */
#include <stdlib.h>
#include <string.h>

#include "f2b_regex.h"

struct re *re_new(enum re_kind kind)
{
	struct re *r = calloc(1, sizeof(*r));

	if (r)
		r->kind = kind;
	return r;
}

struct re *re_free(struct re *r)
{
	size_t i;

	if (!r)
		return NULL;
	for (i = 0; i < r->n; i++)
		re_free(r->child[i]);
	free(r->child);
	free(r->name);
	free(r);
	return NULL;
}

struct re *re_char(unsigned char byte)
{
	struct re *r = re_new(RE_CHAR);

	if (r)
		r->byte = byte;
	return r;
}

bool re_insert(struct re *to, size_t at, struct re *child)
{
	struct re **longer = NULL;

	/* Sizes double: 0, 1, 2, 4, … */
	if (child && (to->n & (to->n - 1)) == 0) {
		longer = reallocarray(to->child, to->n ? to->n * 2 : 1, sizeof(struct re *));
		if (longer)
			to->child = longer;
	} else if (child) {
		longer = to->child;
	}
	if (!longer) {
		re_free(child);
		return false;
	}
	memmove(to->child + at + 1, to->child + at, (to->n - at) * sizeof(struct re *));
	to->child[at] = child;
	to->n++;
	return true;
}

bool re_add(struct re *to, struct re *child)
{
	return re_insert(to, to->n, child);
}

struct re *re_any_text(void)
{
	struct re *repeat = re_new(RE_REPEAT), *any = re_new(RE_SET);

	if (any)
		re_set_named('.', &any->set);
	if (!repeat || !re_add(repeat, any)) {
		if (!repeat)
			re_free(any);
		return re_free(repeat);
	}
	repeat->max = RE_INFINITE;
	return repeat;
}

struct re *re_copy(const struct re *r)
{
	struct re *copy = re_new(r->kind);
	size_t i;

	if (!copy)
		return NULL;
	*copy = *r;
	copy->child = NULL;
	copy->n = 0;
	copy->name = r->name ? strdup(r->name) : NULL;
	for (i = 0; i < r->n; i++)
		if (!re_add(copy, re_copy(r->child[i])))
			return re_free(copy);
	return r->name && !copy->name ? re_free(copy) : copy;
}

bool re_set_has(const struct re_set *s, unsigned char byte)
{
	return s->bits[byte / 32] >> (byte % 32) & 1;
}

void re_set_add(struct re_set *s, unsigned char byte)
{
	s->bits[byte / 32] |= (uint32_t)1 << (byte % 32);
}

void re_set_invert(struct re_set *s)
{
	size_t i;

	for (i = 0; i < 8; i++)
		s->bits[i] = ~s->bits[i];
}

bool re_set_equal(const struct re_set *a, const struct re_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void add_range(struct re_set *s, unsigned char from, unsigned char to)
{
	unsigned c;

	for (c = from; c <= to; c++)
		re_set_add(s, (unsigned char)c);
}

bool re_set_named(char name, struct re_set *ret)
{
	*ret = (struct re_set){{0}};
	switch (name) {
	case '.':
		re_set_invert(ret);
		return true;
	case 'd':
	case 'D':
		add_range(ret, '0', '9');
		break;
	case 'w':
	case 'W':
		add_range(ret, '0', '9');
		add_range(ret, 'A', 'Z');
		add_range(ret, 'a', 'z');
		re_set_add(ret, '_');
		break;
	case 's':
	case 'S':
		add_range(ret, '\t', '\r');
		re_set_add(ret, ' ');
		break;
	default:
		return false;
	}
	if (name < 'a')
		re_set_invert(ret);
	return true;
}

bool re_is_wide(const struct re *r)
{
	return r->kind == RE_SET && re_set_has(&r->set, '1') &&
	       (re_set_has(&r->set, '.') || re_set_has(&r->set, ':'));
}

static void look(const struct re *r, bool in_head, struct re_facts *f)
{
	size_t i;

	in_head |= r->kind == RE_GROUP && (r->group == RE_HEAD || r->group == RE_LOOK);
	if (r->kind == RE_ADDR)
		f->addresses++;
	if (r->kind == RE_CHAR && r->byte == '\n')
		f->lines = true;
	if (r->kind == RE_REPEAT && r->max > 6 && re_is_wide(r->child[0]) && !in_head && f->addresses == 0)
		f->wide = true;
	if (r->kind == RE_GROUP) {
		f->contents += r->group == RE_CONTENT;
		f->nofails += r->group == RE_NOFAIL;
		f->gained += r->group == RE_GAINED;
		f->ids += r->group == RE_ID;
	}
	for (i = 0; i < r->n; i++)
		look(r->child[i], in_head, f);
}

void re_facts(const struct re *r, struct re_facts *ret)
{
	*ret = (struct re_facts){0};
	look(r, false, ret);
}

struct re *re_find_group(struct re *r, enum re_group group)
{
	size_t i;

	if (r->kind == RE_GROUP && r->group == group)
		return r;
	for (i = 0; i < r->n; i++) {
		struct re *found = re_find_group(r->child[i], group);

		if (found)
			return found;
	}
	return NULL;
}
