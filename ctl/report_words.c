/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

static const char *const month_names[] = {"January",   "February", "March",    "April",
					  "May",       "June",	   "July",     "August",
					  "September", "October",  "November", "December"};
static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct words words_count(uint64_t n)
{
	char plain[24];
	struct words w;
	size_t len = (size_t)snprintf(plain, sizeof(plain), "%llu", (unsigned long long)n), i, at = 0;

	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			w.text[at++] = ',';
		w.text[at++] = plain[i];
	}
	w.text[at] = '\0';
	return w;
}

struct words words_calls(uint64_t n)
{
	struct words w = words_count(n);
	const size_t len = strlen(w.text);

	snprintf(w.text + len, sizeof(w.text) - len, n == 1 ? " call" : " calls");
	return w;
}

struct words words_money(const struct report *r, int64_t cost)
{
	const int64_t cents = (cost + RATES_UNIT / 200) / (RATES_UNIT / 100);
	struct words w = words_count((uint64_t)(cents / 100));
	const size_t len = strlen(w.text);

	snprintf(w.text + len, sizeof(w.text) - len, ".%02u%s%s", (unsigned)(cents % 100),
		 *r->currency ? " " : "", r->currency);
	return w;
}

struct words words_cost(const struct report *r, const struct sum *s)
{
	struct words w = words_money(r, s->cost), least;

	if (s->unpriced == 0)
		return w;
	if (s->cost)
		snprintf(least.text, sizeof(least.text), "≥ %.80s", w.text);
	else
		snprintf(least.text, sizeof(least.text), "no price");
	return least;
}

struct words words_talk(uint64_t seconds)
{
	struct words w;

	if (seconds < 60)
		snprintf(w.text, sizeof(w.text), "%u s", (unsigned)seconds);
	else if (seconds < 3600)
		snprintf(w.text, sizeof(w.text), "%u min", (unsigned)(seconds / 60));
	else if (seconds < 100 * 3600)
		snprintf(w.text, sizeof(w.text), "%u h %02u min", (unsigned)(seconds / 3600),
			 (unsigned)(seconds / 60 % 60));
	else
		snprintf(w.text, sizeof(w.text), "%.24s h", words_count(seconds / 3600).text);
	return w;
}

struct words words_sum(const struct report *r, const struct sum *s)
{
	struct words w = words_talk(s->seconds);
	const size_t len = strlen(w.text);

	if (r->priced)
		snprintf(w.text + len, sizeof(w.text) - len, ", %.40s", words_cost(r, s).text);
	return w;
}

uint64_t words_size(const struct report *r, const struct sum *s)
{
	return r->priced ? (uint64_t)s->cost : s->seconds;
}

bool words_priced(const struct report *r, const struct sum *a, const struct sum *b)
{
	return r->priced && a->unpriced == 0 && b->unpriced == 0;
}

/* Nobody may have called on the first days, if they are a holiday. */
bool words_compares(const struct report *r)
{
	const struct period *p = &r->tally.period;
	const int64_t half = (p->from - p->before) / 2, grace = half < HOLIDAYS ? half : HOLIDAYS;

	return r->tally.first > 0 && r->tally.first <= p->before + grace;
}

struct words words_growth(const struct report *r, const struct sum *now, const struct sum *before)
{
	if (!words_compares(r))
		return words_change(0, 0);
	if (words_priced(r, now, before))
		return words_change((uint64_t)now->cost, (uint64_t)before->cost);
	return words_change(now->seconds, before->seconds);
}

struct words words_date(int64_t civil)
{
	const struct tm tm = civil_parts(civil);
	struct words w;

	snprintf(w.text, sizeof(w.text), "%d %s %d", tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900);
	return w;
}

struct words words_moment(int64_t civil)
{
	const struct tm tm = civil_parts(civil);
	struct words w;

	snprintf(w.text, sizeof(w.text), "%s %d %.3s %d %02d:%02d", day_names[tm.tm_wday], tm.tm_mday,
		 month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
	return w;
}

struct words words_change(uint64_t now, uint64_t before)
{
	struct words w;
	double percent;

	if (before == 0) {
		snprintf(w.text, sizeof(w.text), now ? "new" : "–");
		return w;
	}
	percent = ((double)now - (double)before) * 100 / (double)before;
	if (percent > 999)
		snprintf(w.text, sizeof(w.text), "× %.24s", words_count(now / before).text);
	else if (percent > -0.5 && percent < 0.5)
		snprintf(w.text, sizeof(w.text), "same");
	else
		snprintf(w.text, sizeof(w.text), "%s%.0f %%", percent < 0 ? "−" : "+",
			 percent < 0 ? -percent : percent);
	return w;
}

struct words words_destination(const char *country, enum number_kind kind)
{
	struct words w;

	if (*country && kind == NUMBER_ORDINARY)
		snprintf(w.text, sizeof(w.text), "%.60s", number_country_name(country));
	else if (*country)
		snprintf(w.text, sizeof(w.text), "%.60s, %.20s", number_country_name(country),
			 number_kind_name(kind));
	else
		snprintf(w.text, sizeof(w.text), "%.20s",
			 kind == NUMBER_UNKNOWN ? "unknown numbers" : number_kind_name(kind));
	return w;
}

struct words words_name(struct span name)
{
	struct words w;

	if (name.len == 0)
		snprintf(w.text, sizeof(w.text), "(none)");
	else
		text_escape(name, w.text, sizeof(w.text));
	return w;
}

struct words words_item(const struct heavy_item *item)
{
	return words_name((struct span){item->name, item->name_len});
}
