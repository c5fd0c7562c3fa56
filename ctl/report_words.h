/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_WORDS_H
#define SIPWARDEN_REPORT_WORDS_H

#include "report.h"

/* Figures for people, in English. */
#define WORDS_MAX 96

struct words {
	char text[WORDS_MAX];
};

/* "12,345" */
struct words words_count(uint64_t n);
/* "1 call", "12,345 calls" */
struct words words_calls(uint64_t n);
/* "1,234.56 EUR" */
struct words words_money(const struct report *r, int64_t cost);
/* "45 s", "12 min", "3 h 05 min", "1,234 h" */
struct words words_talk(uint64_t seconds);
/* What a sum costs: "1,234.56 EUR"; with "≥ " if a part of it has no price, or "no price". */
struct words words_cost(const struct report *r, const struct sum *s);
/* "12 min, 3.40 EUR" or without the cost where there are no rates */
struct words words_sum(const struct report *r, const struct sum *s);
/* "3 March 2026", "Tue 3 Mar 2026 22:15" */
struct words words_date(int64_t civil);
struct words words_moment(int64_t civil);
/* What is compared in a chart: the cost, or seconds of talk where there are no rates. */
uint64_t words_size(const struct report *r, const struct sum *s);
/* Whether the costs of two sums can be compared: there are rates for all of both. If not, talk is. */
bool words_priced(const struct report *r, const struct sum *a, const struct sum *b);
/* So long may records be missing at the ends of a period: nobody calls while all are at home. Seconds. */
#define HOLIDAYS ((int64_t)4 * 86400)
/* Whether the records reach back over the period before, so that what there is now can be compared with it. */
bool words_compares(const struct report *r);
/* "+34 %", "−12 %", "new", "same" */
struct words words_change(uint64_t now, uint64_t before);
/* The change of cost, or of talk; "–" if it cannot be told. */
struct words words_growth(const struct report *r, const struct sum *now, const struct sum *before);
/* "Germany, premium", "Germany", "satellite" */
struct words words_destination(const char *country, enum number_kind kind);
/* An item's or any other hostile name, printable; "(none)" if it is empty. */
struct words words_name(struct span name);
struct words words_item(const struct heavy_item *item);

#endif
