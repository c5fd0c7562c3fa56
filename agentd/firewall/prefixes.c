/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned family_bits(const struct addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

/* The host after a; false behind the last of all. */
static bool next_host(struct addr *a)
{
	unsigned i = family_bits(a) / 8;

	while (i-- > 0)
		if (++a->bytes[i] != 0)
			return true;
	return false;
}

static void previous_host(struct addr *a)
{
	unsigned i = family_bits(a) / 8;

	while (i-- > 0)
		if (a->bytes[i]-- != 0)
			return;
}

static int compare_hosts(const struct addr *a, const struct addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Where addr is or would be. */
static size_t position(const struct prefix_set *s, const struct addr *addr)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(&s->items[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct prefix *prefix_set_find(const struct prefix_set *s, const struct addr *addr)
{
	size_t i = position(s, addr);

	return i < s->count && addr_equal(&s->items[i].addr, addr) ? &s->items[i] : NULL;
}

/* Keeps what keep says. */
static size_t sweep(struct prefix_set *s, bool (*keep)(const struct prefix *p, const void *userdata),
		    const void *userdata)
{
	size_t i, kept = 0;

	for (i = 0; i < s->count; i++)
		if (keep(&s->items[i], userdata))
			s->items[kept++] = s->items[i];
	i = s->count - kept;
	s->count = kept;
	return i;
}

static bool not_adopted_within(const struct prefix *p, const void *userdata)
{
	return !p->adopted || !addr_covers(userdata, &p->addr);
}

static bool not_ended(const struct prefix *p, const void *userdata)
{
	return p->end > *(const usec_t *)userdata;
}

int prefix_set_add(struct prefix_set *s, const struct addr *addr, usec_t end, bool adopted)
{
	struct prefix *longer;
	size_t i;

	if (!adopted)
		sweep(s, not_adopted_within, addr);
	i = position(s, addr);
	if (i < s->count && addr_equal(&s->items[i].addr, addr)) {
		s->items[i].end = end;
		return 0;
	}
	if (s->count >= PREFIXES_MAX)
		return -ENOSPC;
	longer = reallocarray(s->items, s->count + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	s->items = longer;
	memmove(&longer[i + 1], &longer[i], (s->count - i) * sizeof(*longer));
	longer[i] = (struct prefix){ .addr = *addr, .end = end, .adopted = adopted };
	s->count++;
	return 0;
}

static int by_addr(const void *a, const void *b)
{
	return addr_compare(&((const struct prefix *)a)->addr, &((const struct prefix *)b)->addr);
}

int prefix_set_fill(struct prefix_set *s, const struct addr *addrs, size_t n)
{
	size_t i;

	if (n == 0)
		return 0;
	s->items = calloc(n, sizeof(*s->items));
	if (!s->items)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		s->items[i] = (struct prefix){ .addr = addrs[i], .end = USEC_INFINITY };
	s->count = n;
	qsort(s->items, n, sizeof(*s->items), by_addr);
	return 0;
}

int prefix_set_remove(struct prefix_set *s, const struct addr *addr)
{
	struct prefix *p = prefix_set_find(s, addr);

	if (p)
		p->adopted = true;
	return sweep(s, not_adopted_within, addr) > 0 ? 0 : -ENOENT;
}

void prefix_set_expire(struct prefix_set *s, usec_t now)
{
	sweep(s, not_ended, &now);
}

struct prefix *prefix_set_owner(const struct prefix_set *s, const struct addr *host)
{
	struct prefix *best = NULL;
	unsigned len;

	for (len = 0; len <= family_bits(host); len++) {
		struct addr wide = addr_truncate(host, (uint8_t)len);
		struct prefix *p = prefix_set_find(s, &wide);

		if (p && (!best || p->end > best->end))
			best = p;
	}
	return best;
}

void prefix_set_done(struct prefix_set *s)
{
	free(s->items);
	*s = (struct prefix_set){ 0 };
}

/* Ranges being made: prefixes come in order, so those that cover the place at hand are a stack. */
struct sweeper {
	struct range *ranges;
	size_t count;
	struct range open[129]; /* nested prefixes: one for each length at most */
	unsigned depth;
	struct addr at; /* first host not dealt with */
	bool over;	/* at is behind the last host of all */
};

/* Does the range made last end just before at, and at the same moment? */
static bool continues(const struct sweeper *w, usec_t end)
{
	struct addr after;

	if (w->count == 0 || w->ranges[w->count - 1].end != end)
		return false;
	after = w->ranges[w->count - 1].last;
	return next_host(&after) && compare_hosts(&after, &w->at) == 0;
}

/* [at, last] ends at end. */
static void emit(struct sweeper *w, const struct addr *last, usec_t end)
{
	if (w->over || compare_hosts(&w->at, last) > 0)
		return;
	if (continues(w, end))
		w->ranges[w->count - 1].last = *last;
	else
		w->ranges[w->count++] = (struct range){ w->at, *last, end };
	w->at = *last;
	w->over = !next_host(&w->at);
}

static void close_innermost(struct sweeper *w)
{
	const struct range *r = &w->open[--w->depth];

	emit(w, &r->last, r->end);
}

static void open_prefix(struct sweeper *w, const struct prefix *p)
{
	struct range r = { .first = p->addr, .last = addr_last(&p->addr), .end = p->end };
	struct addr before;

	r.first.len = (uint8_t)family_bits(&p->addr);
	while (w->depth > 0 && compare_hosts(&w->open[w->depth - 1].last, &r.first) < 0)
		close_innermost(w);
	if (w->depth > 0) {
		const struct range *outer = &w->open[w->depth - 1];

		if (compare_hosts(&w->at, &r.first) < 0) {
			before = r.first;
			previous_host(&before);
			emit(w, &before, outer->end);
		}
		if (outer->end > r.end)
			r.end = outer->end;
	}
	w->at = r.first;
	w->over = false;
	w->open[w->depth++] = r;
}

int prefix_set_ranges(const struct prefix_set *s, struct range **ret)
{
	struct sweeper w = { 0 };
	size_t i;

	/* Each prefix splits one range in two at most. */
	w.ranges = calloc(2 * s->count + 1, sizeof(*w.ranges));
	if (!w.ranges)
		return -ENOMEM;
	for (i = 0; i < s->count; i++)
		open_prefix(&w, &s->items[i]);
	while (w.depth > 0)
		close_innermost(&w);
	*ret = w.ranges;
	return (int)w.count;
}

size_t range_prefixes(const struct range *r, struct addr *ret)
{
	struct addr at = r->first;
	size_t n = 0;

	while (n < RANGE_PREFIXES_MAX) {
		struct addr wide, last;
		unsigned len = family_bits(&at);

		/* The widest prefix that starts here and does not reach beyond the end. */
		for (;;) {
			if (len == 0)
				break;
			wide = addr_truncate(&at, (uint8_t)(len - 1));
			last = addr_last(&wide);
			if (compare_hosts(&wide, &at) != 0 || compare_hosts(&last, &r->last) > 0)
				break;
			len--;
		}
		ret[n] = addr_truncate(&at, (uint8_t)len);
		last = addr_last(&ret[n++]);
		if (compare_hosts(&last, &r->last) >= 0)
			break;
		at = last;
		if (!next_host(&at))
			break;
	}
	return n;
}
