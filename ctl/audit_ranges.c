/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_ranges.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many are written out. */
#define SHOWN_MAX 4

struct ranges ranges_all(unsigned bits)
{
	struct ranges a = {.n = 0};

	ranges_append(&a, 0, bits == 128 ? ~(number_t)0 : ((number_t)1 << bits) - 1);
	return a;
}

void ranges_append(struct ranges *a, number_t first, number_t last)
{
	struct range *longer;

	if (a->n == a->size) {
		size_t size = a->size ? a->size * 2 : 4;

		longer = reallocarray(a->r, size, sizeof(*longer));
		if (!longer) {
			a->failed = true;
			return;
		}
		a->r = longer;
		a->size = size;
	}
	a->r[a->n++] = (struct range){first, last};
}

static int by_first(const void *one, const void *two)
{
	const struct range *a = one, *b = two;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* The range behind the last one of the set, of which it may be the rest. */
static void append_joined(struct ranges *a, struct range r)
{
	struct range *end = a->n ? &a->r[a->n - 1] : NULL;

	if (!end || (r.first > end->last && r.first - end->last > 1))
		ranges_append(a, r.first, r.last);
	else if (r.last > end->last)
		end->last = r.last;
}

void ranges_tidy(struct ranges *a)
{
	size_t i, n = a->n;

	if (n == 0)
		return;
	qsort(a->r, n, sizeof(*a->r), by_first);
	a->n = 1;
	for (i = 1; i < n; i++)
		append_joined(a, a->r[i]);
}

struct ranges ranges_copy(const struct ranges *a)
{
	struct ranges b = {.failed = a->failed};

	if (a->n == 0)
		return b;
	b.r = reallocarray(NULL, a->n, sizeof(*b.r));
	if (!b.r) {
		b.failed = true;
		return b;
	}
	memcpy(b.r, a->r, a->n * sizeof(*b.r));
	b.n = b.size = a->n;
	return b;
}

/* The first range that does not end before x. */
static size_t find_end(const struct ranges *a, number_t x)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->r[middle].last < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Few with many: each of the few is looked up. */
struct ranges ranges_and(const struct ranges *a, const struct ranges *b)
{
	const struct ranges *few = a->n < b->n ? a : b, *many = few == a ? b : a;
	struct ranges c = {.failed = a->failed || b->failed};
	size_t i, j = 0;

	for (i = 0; i < few->n; i++) {
		const struct range *x = &few->r[i];

		if (j < many->n && many->r[j].last < x->first)
			j = few->n * 16 < many->n ? find_end(many, x->first) : j + 1;
		while (j < many->n && many->r[j].last < x->first)
			j++;
		for (; j < many->n && many->r[j].first <= x->last; j++) {
			const struct range *y = &many->r[j];

			ranges_append(&c, x->first > y->first ? x->first : y->first,
				      x->last < y->last ? x->last : y->last);
			if (y->last > x->last)
				break;
		}
	}
	return c;
}

struct ranges ranges_or(const struct ranges *a, const struct ranges *b)
{
	struct ranges c = {.failed = a->failed || b->failed};
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		bool left = j == b->n || (i < a->n && a->r[i].first <= b->r[j].first);

		append_joined(&c, left ? a->r[i] : b->r[j]);
		if (left)
			i++;
		else
			j++;
	}
	return c;
}

struct ranges ranges_minus(const struct ranges *a, const struct ranges *b)
{
	struct ranges c = {.failed = a->failed || b->failed};
	size_t i, j = 0, k;

	for (i = 0; i < a->n; i++) {
		number_t first = a->r[i].first, last = a->r[i].last;
		bool left = true;

		while (j < b->n && b->r[j].last < first)
			j++;
		for (k = j; left && k < b->n && b->r[k].first <= last; k++) {
			if (b->r[k].first > first)
				ranges_append(&c, first, b->r[k].first - 1);
			left = b->r[k].last < last;
			first = b->r[k].last + 1;
		}
		if (left)
			ranges_append(&c, first, last);
	}
	return c;
}

void ranges_become(struct ranges *a, struct ranges set)
{
	free(a->r);
	*a = set;
}

void ranges_done(struct ranges *a)
{
	free(a->r);
	*a = (struct ranges){.n = 0};
}

double ranges_count(const struct ranges *a)
{
	double n = 0;
	size_t i;

	for (i = 0; i < a->n; i++)
		n += (double)(a->r[i].last - a->r[i].first) + 1;
	return n;
}

bool ranges_equal(const struct ranges *a, const struct ranges *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->r, b->r, a->n * sizeof(*a->r)) == 0);
}

static const char *address_text(number_t x, int family, char buf[static INET6_ADDRSTRLEN])
{
	unsigned char bytes[16];
	size_t i, n = family == AF_INET ? 4 : 16;

	for (i = 0; i < n; i++)
		bytes[i] = (unsigned char)(x >> (8 * (n - 1 - i)));
	return inet_ntop(family, bytes, buf, INET6_ADDRSTRLEN);
}

static size_t range_text(const struct range *r, int family, char *buf, size_t size)
{
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];
	number_t wide = r->last - r->first;
	unsigned length = family == AF_INET ? 32 : 128;
	int n;

	address_text(r->first, family, first);
	address_text(r->last, family, last);
	if (wide == 0)
		n = snprintf(buf, size, "%s", first);
	else if ((wide & (wide + 1)) == 0 && (r->first & wide) == 0) {
		for (; wide; wide >>= 1)
			length--;
		n = snprintf(buf, size, "%s/%u", first, length);
	} else
		n = snprintf(buf, size, "%s-%s", first, last);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

char *ranges_text(const struct ranges *a, int family, char buf[static RANGES_TEXT_MAX])
{
	size_t i, at = 0;

	*buf = '\0';
	for (i = 0; i < a->n && i < SHOWN_MAX; i++) {
		if (i > 0)
			at += (size_t)snprintf(buf + at, RANGES_TEXT_MAX - at, ", ");
		at += range_text(&a->r[i], family, buf + at, RANGES_TEXT_MAX - at);
	}
	if (a->n > SHOWN_MAX)
		snprintf(buf + at, RANGES_TEXT_MAX - at, " and %zu more", a->n - SHOWN_MAX);
	return buf;
}
