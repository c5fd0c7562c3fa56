/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures as one table, for a spreadsheet: country, kind and month. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report.h"
#include "report_words.h"

/*
 * A cell. Spreadsheets take one that begins with =, +, -, @, a tab or a line end for a
 * formula and execute it: a quote before it makes it text.
 */
static void put(FILE *to, struct span text, const char *behind)
{
	size_t i;

	fputc('"', to);
	if (text.len > 0 && strchr("=+-@\t\r\n|%", *text.ptr))
		fputc('\'', to);
	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			fputc('"', to);
		fputc(text.ptr[i], to);
	}
	fprintf(to, "\"%s", behind);
}

static void put_text(FILE *to, const char *text, const char *behind)
{
	put(to, SPAN(text), behind);
}

/* The cost of what has a price, and how many calls have none. */
static void put_cost(const struct report *r, FILE *to, int64_t cost, uint64_t unpriced)
{
	if (r->priced)
		fprintf(to, "%lld.%06lld,%llu\r\n", (long long)(cost / RATES_UNIT), (long long)(cost % RATES_UNIT),
			(unsigned long long)unpriced);
	else
		fputs(",\r\n", to);
}

static void print_months(const struct report *r, FILE *to, const struct destination *d)
{
	size_t i;

	for (i = 0; d->months && i < r->tally.n_months; i++) {
		const int month = r->tally.first_month + (int)i;

		if (d->months[i].calls == 0)
			continue;
		fprintf(to, "destination,%04d-%02d,", month / 12, month % 12 + 1);
		put_text(to, d->country, ",");
		put_text(to, words_destination(d->country, d->kind).text, ",");
		fprintf(to, "%s,,,%u,%llu,", number_kind_name(d->kind), d->months[i].calls,
			(unsigned long long)d->months[i].seconds);
		put_cost(r, to, d->months[i].cost, d->months[i].unpriced);
	}
}

static void print_party(const struct report *r, FILE *to, bool account, const struct party *p)
{
	char safe[4 * HEAVY_NAME_MAX + 1];

	if (p->now.calls == 0)
		return;
	text_escape((struct span){p->item.name, p->item.name_len}, safe, sizeof(safe));
	fputs(account ? "account,,,,," : "source,,,,,,", to);
	put_text(to, safe, account ? ",," : ",");
	fprintf(to, "%llu,%llu,", (unsigned long long)p->now.calls, (unsigned long long)p->now.seconds);
	put_cost(r, to, p->now.cost, p->now.unpriced);
}

void report_print_csv(struct report *r, FILE *to)
{
	struct destination **destinations;
	struct party **parties;
	size_t n = report_destinations(r, &destinations), i;

	fputs("what,month,country,name,kind,account,source,calls,seconds,cost,unpriced\r\n", to);
	for (i = 0; i < n; i++)
		print_months(r, to, destinations[i]);
	free(destinations);
	n = report_accounts(r, &parties);
	for (i = 0; i < n; i++)
		print_party(r, to, true, parties[i]);
	free(parties);
	n = report_sources(r, &parties);
	for (i = 0; i < n; i++)
		print_party(r, to, false, parties[i]);
	free(parties);
}
