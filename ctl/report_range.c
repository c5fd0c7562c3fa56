/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that are called one after the other. */
#include <string.h>

#include "base/cleanup.h"
#include "report_tally_private.h"

#define BRIEF 10
#define RUN_SECONDS 86400

unsigned run_numbers(const struct run *r)
{
	unsigned set = 0, i;

	for (i = 0; i < ELEMENTSOF(r->seen); i++)
		set += (unsigned)__builtin_popcountll(r->seen[i]);
	return set;
}

const struct run *range_run(const struct range *r)
{
	return run_numbers(&r->now) > run_numbers(&r->most) ? &r->now : &r->most;
}

/* "account digits", without the last three. */
static size_t range_name(const struct call *c, size_t digits, char name[static HEAVY_NAME_MAX])
{
	size_t n = c->r->account.len;

	if (n > HEAVY_NAME_MAX - NUMBER_DIGITS_SIZE - 1)
		n = HEAVY_NAME_MAX - NUMBER_DIGITS_SIZE - 1;
	if (n)
		memcpy(name, c->r->account.ptr, n);
	name[n++] = ' ';
	memcpy(name + n, c->number->digits, digits - 3);
	return n + digits - 3;
}

void tally_range(struct tally *t, const struct call *c)
{
	const size_t n = strlen(c->number->digits);
	const char *last = c->number->digits + n - 3;
	char name[HEAVY_NAME_MAX];
	struct range *r;
	unsigned bit;

	if (n < 8)
		return;
	r = heavy_touch(&t->ranges, name, range_name(c, n, name));
	t->memory |= !r;
	if (!r)
		return;
	if (r->now.calls && c->r->start - r->now.first > RUN_SECONDS) {
		r->most = *range_run(r);
		r->now = (struct run){.calls = 0};
	}
	if (r->now.calls == 0)
		r->now.first = c->r->start;
	bit = (unsigned)((last[0] - '0') * 100 + (last[1] - '0') * 10 + (last[2] - '0'));
	r->now.seen[bit / 64] |= (uint64_t)1 << (bit % 64);
	r->now.last = c->r->start;
	r->now.calls++;
	r->now.brief += c->r->seconds <= BRIEF;
	memcpy(r->country, c->number->country, sizeof(r->country));
}
