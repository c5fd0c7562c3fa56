/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who called: accounts and sources, with what is unusual for each. */
#include <string.h>

#include "report_tally_private.h"

#define HOUR 3600

void span_copy(struct span s, char *buf, size_t size)
{
	const size_t n = s.len < size - 1 ? s.len : size - 1;

	if (n)
		memcpy(buf, s.ptr, n);
	buf[n] = '\0';
}

/* Records come in the order in which calls ended: the last slots stay open for those that began in them. */
static void add_burst(struct party *p, const struct call *c)
{
	const int64_t slot = c->r->start - c->r->start % TALLY_SLOT;
	struct burst *b = NULL, *oldest = p->slots;
	size_t i;

	for (i = 0; i < TALLY_SLOTS; i++) {
		if (p->slots[i].slot == slot)
			b = &p->slots[i];
		if (p->slots[i].slot < oldest->slot)
			oldest = &p->slots[i];
	}
	if (!b) {
		b = oldest;
		*b = (struct burst){.slot = slot};
	}
	b->calls++;
	b->cost += c->sum.cost;
	if (b->calls > p->burst.calls)
		p->burst = *b;
}

/* Many ways tried in vain, and then one that works: so does somebody who looks for a way out. */
static void add_tries(struct party *p, const struct call *c)
{
	if (c->r->result == RECORD_UNANSWERED)
		return;
	if (c->r->result == RECORD_FAILED) {
		if (p->tries == 0 || c->r->start - p->tries_from > HOUR) {
			p->tries = 0;
			p->tries_from = c->r->start;
		}
		p->tries++;
		return;
	}
	if (p->tries >= TALLY_TRIES && p->tries > p->broke.tries && c->r->start - p->tries_from <= HOUR) {
		p->broke.tries = p->tries;
		p->broke.when = c->r->start;
		memcpy(p->broke.country, c->number->country, sizeof(p->broke.country));
	}
	p->tries = 0;
}

static void add_party(struct party *p, const struct call *c)
{
	if (p->first == 0 || c->r->start < p->first)
		p->first = c->r->start;
	if (c->r->start > p->last)
		p->last = c->r->start;
	if (c->when == WHEN_BEFORE)
		sum_add(&p->before, &c->sum);
	if (c->when != WHEN_NOW)
		return;
	sum_add(&p->now, &c->sum);
	if (!c->dear)
		return;
	sum_add(&p->dear, &c->sum);
	if (c->off)
		sum_add(&p->off, &c->sum);
	if (tally_is_special(c->number))
		sum_add(&p->special, &c->sum);
	if (tally_is_special(c->number) && c->off)
		sum_add(&p->special_off, &c->sum);
	add_burst(p, c);
	add_tries(p, c);
}

/* "account\0what"; an account that is too long is cut. */
static struct pair *touch_pair(struct tally *t, struct heavy *h, const struct call *c, struct span what)
{
	char name[2 * HEAVY_NAME_MAX];
	size_t n = c->r->account.len < HEAVY_NAME_MAX ? c->r->account.len : HEAVY_NAME_MAX - 1;
	struct pair *p;

	if (n)
		memcpy(name, c->r->account.ptr, n);
	name[n++] = '\0';
	if (what.len > HEAVY_NAME_MAX)
		what.len = HEAVY_NAME_MAX;
	memcpy(name + n, what.ptr, what.len);
	p = heavy_touch(h, name, n + what.len);
	t->memory |= !p;
	return p;
}

/* Returns whether it is there for the first time. */
static bool add_pair(struct tally *t, struct heavy *h, const struct call *c, struct span what)
{
	struct pair *p = touch_pair(t, h, c, what);
	bool new;

	if (!p)
		return false;
	new = p->first == 0;
	if (new || c->r->start < p->first)
		p->first = c->r->start;
	if (c->when == WHEN_NOW)
		sum_add(&p->now, &c->sum);
	return new;
}

/* A country that is new for the account, from a source that is: somebody else has the password. */
static void add_stranger(struct party *p, const struct call *c, bool new_country)
{
	const bool known = c->r->start - p->first >= TALLY_KNOWN;

	if (!new_country || !known || c->when != WHEN_NOW || p->stranger.when || p->new_source == 0 ||
	    c->r->start - p->new_source > 24 * HOUR || p->sources < 2)
		return;
	p->stranger.when = c->r->start;
	memcpy(p->stranger.country, c->number->country, sizeof(p->stranger.country));
	span_copy(c->source, p->stranger.source, sizeof(p->stranger.source));
}

void tally_parties(struct tally *t, const struct call *c)
{
	struct party *account = heavy_touch(&t->accounts, c->r->account.ptr, c->r->account.len), *source;
	bool new_country;

	t->memory |= !account;
	if (account)
		add_party(account, c);
	if (account && c->source.len > 0 && add_pair(t, &t->account_sources, c, c->source)) {
		account->sources++;
		account->new_source = c->r->start;
	}
	if (c->dear && c->r->result != RECORD_FAILED) {
		new_country = add_pair(t, &t->account_countries, c,
				       (struct span){c->number->country, strlen(c->number->country)});
		if (account)
			add_stranger(account, c, new_country);
	}
	if (c->source.len == 0)
		return;
	source = heavy_touch(&t->sources, c->source.ptr, c->source.len);
	t->memory |= !source;
	if (source)
		add_party(source, c);
}
