/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting: each record once, in memory of its own size. */
#include "report_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "report_tally_private.h"

#define DAY_SECONDS 86400
/* Made by blocks as they are needed. */
#define CACHE_BLOCK 256u
#define CACHE_BLOCKS 512u

/* What a dialled text is, remembered: most calls go where calls went before. */
struct known {
	char text[NUMBER_DIGITS_SIZE * 2];
	size_t len;
	struct number number;
	struct rate rate;
	bool priced;
	struct destination *destination; /* NULL: not looked up yet. There are fewer than their table holds,
					    so they stay */
};

struct tally_cache {
	struct known *blocks[CACHE_BLOCKS];
	struct known once; /* of a text that is too long to be kept */
};

struct tm civil_parts(int64_t civil)
{
	const time_t when = (time_t)civil;
	struct tm tm;

	if (!gmtime_r(&when, &tm))
		memset(&tm, 0, sizeof(tm));
	return tm;
}

int civil_month(int64_t civil)
{
	const struct tm tm = civil_parts(civil);

	return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

static int init_tables(struct tally *t)
{
	int r = heavy_init(&t->destinations, sizeof(struct destination), TALLY_DESTINATIONS_MAX);

	if (r >= 0)
		r = heavy_init(&t->accounts, sizeof(struct party), TALLY_ACCOUNTS_MAX);
	if (r >= 0)
		r = heavy_init(&t->sources, sizeof(struct party), TALLY_SOURCES_MAX);
	if (r >= 0)
		r = heavy_init(&t->account_countries, sizeof(struct pair), TALLY_PAIRS_MAX);
	if (r >= 0)
		r = heavy_init(&t->account_sources, sizeof(struct pair), TALLY_PAIRS_MAX);
	if (r >= 0)
		r = heavy_init(&t->ranges, sizeof(struct range), TALLY_RANGES_MAX);
	return r;
}

int tally_init(struct tally *t, const struct number_site *site, const struct rates *rates,
	       const struct period *period)
{
	int r;

	*t = (struct tally){.site = *site, .rates = rates, .period = *period};
	t->n_days = (size_t)((period->to - period->from + DAY_SECONDS - 1) / DAY_SECONDS);
	if (t->n_days > TALLY_DAYS_MAX)
		t->n_days = TALLY_DAYS_MAX;
	t->first_month = civil_month(period->from);
	t->n_months = (size_t)civil_month(period->to - 1) - (size_t)t->first_month + 1;
	if (t->n_months > TALLY_MONTHS_MAX)
		t->n_months = TALLY_MONTHS_MAX;
	r = init_tables(t);
	t->days = calloc(t->n_days + 1, sizeof(*t->days));
	t->cache = calloc(1, sizeof(*t->cache));
	if (r >= 0 && t->days && t->cache)
		return 0;
	tally_done(t);
	return -ENOMEM;
}

static void free_months(struct hash_link *link, void *userdata)
{
	struct heavy_item *item = container_of(link, struct heavy_item, link);

	(void)userdata;
	free(((struct destination *)item)->months);
}

void tally_done(struct tally *t)
{
	size_t i;

	if (t->destinations.table.buckets)
		hash_table_each(&t->destinations.table, free_months, NULL);
	heavy_done(&t->destinations);
	heavy_done(&t->accounts);
	heavy_done(&t->sources);
	heavy_done(&t->account_countries);
	heavy_done(&t->account_sources);
	heavy_done(&t->ranges);
	free(t->days);
	for (i = 0; t->cache && i < CACHE_BLOCKS; i++)
		free(t->cache->blocks[i]);
	free(t->cache);
}

/* Costs money beyond a usual call: abroad, premium, satellite and so on. */
static bool is_dear(const struct number *n)
{
	switch (n->kind) {
	case NUMBER_SHARED_COST:
	case NUMBER_PREMIUM:
	case NUMBER_PERSONAL:
	case NUMBER_SATELLITE:
	case NUMBER_GLOBAL:
		return true;
	case NUMBER_INTERNAL:
	case NUMBER_CODE:
	case NUMBER_EMERGENCY:
	case NUMBER_SHORT:
		return false;
	default:
		return n->abroad || n->risky;
	}
}

bool tally_is_special_kind(enum number_kind kind)
{
	return kind == NUMBER_PREMIUM || kind == NUMBER_PERSONAL || kind == NUMBER_SATELLITE ||
	       kind == NUMBER_GLOBAL;
}

bool tally_is_special(const struct number *n)
{
	return n->risky || tally_is_special_kind(n->kind);
}

/*
 * The price of a whole country is none for its numbers that cost something else: carriers have
 * rates of their own for these, and a premium call would seem to cost what a usual one does.
 */
static bool find_price(const struct rates *rates, const struct number *n, struct rate *ret)
{
	size_t prefix = *n->code ? rates_find(rates, n->digits, ret) : 0;

	switch (n->kind) {
	case NUMBER_FREEPHONE:
	case NUMBER_SHARED_COST:
	case NUMBER_PREMIUM:
	case NUMBER_PERSONAL:
		return prefix > strlen(n->code);
	default:
		return prefix > 0;
	}
}

static struct known *learn(struct tally *t, struct known *k, struct span text)
{
	k->len = text.len;
	k->destination = NULL;
	number_read(&t->site, text, &k->number);
	k->priced = t->rates && find_price(t->rates, &k->number, &k->rate);
	if (!k->priced)
		k->rate = (struct rate){.minute = 0, .setup = 0};
	return k;
}

static struct known *look_up(struct tally *t, struct span text)
{
	struct known *k = &t->cache->once, **block;
	uint64_t hash;

	if (text.len > sizeof(k->text) || text.len == 0)
		return learn(t, k, text);
	hash = hash_bytes(text.ptr, text.len);
	block = &t->cache->blocks[hash / CACHE_BLOCK % CACHE_BLOCKS];
	if (!*block)
		*block = calloc(CACHE_BLOCK, sizeof(**block));
	if (!*block)
		return learn(t, k, text);
	k = &(*block)[hash % CACHE_BLOCK];
	if (k->len == text.len && memcmp(k->text, text.ptr, text.len) == 0)
		return k;
	memcpy(k->text, text.ptr, text.len);
	return learn(t, k, text);
}

void sum_add(struct sum *to, const struct sum *what)
{
	to->calls += what->calls;
	to->answered += what->answered;
	to->failed += what->failed;
	to->seconds += what->seconds;
	to->cost += what->cost;
	to->unpriced += what->unpriced;
}

static void *touch(struct tally *t, struct heavy *h, const void *name, size_t len)
{
	void *item = heavy_touch(h, name, len);

	t->memory |= !item;
	return item;
}

/* The address without its port: "192.0.2.5:5070", "[2001:db8::5]:5070". */
static struct span host_of(struct span source)
{
	const char *end;

	if (source.len > 1 && *source.ptr == '[') {
		end = memchr(source.ptr, ']', source.len);
		return end ? (struct span){source.ptr + 1, (size_t)(end - source.ptr) - 1} : source;
	}
	end = source.len ? memchr(source.ptr, ':', source.len) : NULL;
	if (end && !memchr(end + 1, ':', source.len - (size_t)(end + 1 - source.ptr)))
		source.len = (size_t)(end - source.ptr);
	return source;
}

static struct destination *find_destination(struct tally *t, const struct number *n)
{
	const char name[] = {n->country[0], n->country[1], (char)('A' + n->kind)};
	struct destination *d = touch(t, &t->destinations, name, sizeof(name));

	if (!d || d->months)
		return d;
	d->months = calloc(t->n_months, sizeof(*d->months));
	t->memory |= !d->months;
	memcpy(d->country, n->country, sizeof(d->country));
	d->kind = n->kind;
	d->abroad = n->abroad;
	d->risky = n->risky;
	d->first = INT64_MAX;
	return d->months ? d : NULL;
}

static void add_destination(struct destination *d, const struct call *c)
{
	struct month *m = &d->months[c->month];

	if (c->r->start < d->first) {
		d->first = c->r->start;
		span_copy(c->r->account, d->first_account, sizeof(d->first_account));
	}
	if (c->when == WHEN_BEFORE)
		sum_add(&d->before, &c->sum);
	if (c->when != WHEN_NOW)
		return;
	sum_add(&d->now, &c->sum);
	m->calls++;
	m->seconds += c->sum.seconds;
	m->cost += c->sum.cost;
	m->unpriced += (uint32_t)c->sum.unpriced;
}

/* Longest first; of equal ones, the first stays before. */
static void add_long(struct tally *t, const struct call *c)
{
	size_t i = t->n_longest;
	struct long_call *l;

	if (c->r->seconds <= 0)
		return;
	while (i > 0 && t->longest[i - 1].sum.seconds < c->sum.seconds)
		i--;
	if (i == TALLY_LONG_MAX)
		return;
	if (t->n_longest < TALLY_LONG_MAX)
		t->n_longest++;
	memmove(&t->longest[i + 1], &t->longest[i], (t->n_longest - 1 - i) * sizeof(t->longest[0]));
	l = &t->longest[i];
	*l = (struct long_call){
		.start = c->r->start, .sum = c->sum, .kind = c->number->kind};
	span_copy(c->r->account, l->account, sizeof(l->account));
	memcpy(l->digits, c->number->digits, sizeof(l->digits));
	memcpy(l->country, c->number->country, sizeof(l->country));
}

/* Sums of the whole, and of days and hours. */
static void add_whole(struct tally *t, const struct call *c)
{
	const int64_t day = c->r->start / DAY_SECONDS;
	const size_t at = (size_t)((c->r->start - t->period.from) / DAY_SECONDS);
	/* 1970-01-01 was a Thursday. */
	const unsigned weekday = (unsigned)((day + 3) % 7), hour = (unsigned)(c->r->start / 3600 % 24);

	if (c->when == WHEN_BEFORE) {
		sum_add(&t->before, &c->sum);
		if (c->dear)
			sum_add(&t->dear_before, &c->sum);
		return;
	}
	sum_add(&t->now, &c->sum);
	if (at < t->n_days) {
		t->days[at].cost += c->sum.cost;
		t->days[at].dear_seconds += c->dear ? c->sum.seconds : 0;
	}
	if (!c->dear)
		return;
	t->dear_hours[weekday][hour]++;
	sum_add(&t->dear, &c->sum);
	if (c->off)
		sum_add(&t->off, &c->sum);
	add_long(t, c);
	tally_range(t, c);
}

static enum when when_of(const struct tally *t, int64_t start)
{
	if (start < t->period.before)
		return WHEN_EARLIER;
	if (start < t->period.from)
		return WHEN_BEFORE;
	return start < t->period.to ? WHEN_NOW : WHEN_LATER;
}

static size_t month_of(const struct tally *t, int64_t start)
{
	size_t month = (size_t)(civil_month(start) - t->first_month);

	return month < t->n_months ? month : t->n_months - 1;
}

/* What stays in the house is only counted. False: it leaves. */
static bool stays(struct tally *t, const struct call *c)
{
	const bool now = c->when == WHEN_NOW;

	switch (c->number->kind) {
	case NUMBER_INTERNAL:
		t->inside += now;
		return true;
	case NUMBER_CODE:
		return true;
	case NUMBER_EMERGENCY:
		t->emergency += now;
		return false;
	case NUMBER_UNKNOWN:
		/* Asterisk's "s" and names of services: no number at all */
		t->inside += now && *c->number->digits == '\0';
		return *c->number->digits == '\0';
	default:
		return false;
	}
}

static void note_span(struct tally *t, int64_t start)
{
	if (t->first == 0 || start < t->first)
		t->first = start;
	if (start > t->last)
		t->last = start;
}

void tally_add(struct tally *t, const struct record *r)
{
	const int64_t talk = r->seconds > 0 ? r->seconds : 0;
	struct known *known;
	struct call c = {.r = r, .when = when_of(t, r->start), .source = host_of(r->source)};

	note_span(t, r->start);
	if (c.when == WHEN_LATER)
		return;
	known = look_up(t, r->number);
	c.number = &known->number;
	c.dear = is_dear(c.number);
	if (stays(t, &c))
		return;
	c.sum = (struct sum){.calls = 1,
			     .answered = r->result == RECORD_ANSWERED,
			     .failed = r->result == RECORD_FAILED,
			     .seconds = (uint64_t)talk,
			     .cost = r->result == RECORD_ANSWERED ? rate_cost(&known->rate, talk) : 0,
			     .unpriced = r->result == RECORD_ANSWERED && t->rates && !known->priced};
	c.off = c.dear && c.when == WHEN_NOW && t->in_office && !t->in_office(t->userdata, r->start);
	c.month = c.when == WHEN_NOW ? month_of(t, r->start) : 0;
	if (!known->destination)
		known->destination = find_destination(t, c.number);
	if (known->destination)
		add_destination(known->destination, &c);
	if (c.when != WHEN_EARLIER)
		add_whole(t, &c);
	tally_parties(t, &c);
}
