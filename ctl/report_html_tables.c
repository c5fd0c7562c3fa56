/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "html.h"
#include "report_html.h"
#include "report_words.h"

#define ROWS 25
#define ROWS_PARTIES 15

static void put_cell(FILE *to, const char *class, const char *text)
{
	fprintf(to, "<td class=\"%s\">", class);
	html_put(to, text);
	fputs("</td>", to);
}

static void put_sum(const struct report *r, FILE *to, const struct sum *s)
{
	put_cell(to, "n", words_count(s->calls).text);
	put_cell(to, "n minor", words_talk(s->seconds).text);
	if (r->priced)
		put_cell(to, "n", words_cost(r, s).text);
}

static void put_heads(const struct report *r, FILE *to, const char *first)
{
	fprintf(to,
		"<div class=\"wide\"><table><thead><tr><th>%s</th><th class=\"n\">Calls</th><th class=\"n "
		"minor\">Talk</th>%s",
		first, r->priced ? "<th class=\"n\">Cost</th>" : "");
}

static void put_flags(const struct report *r, FILE *to, const struct destination *d)
{
	if (report_is_no_business(r, d->country))
		fputs(" <span class=\"flag\">no business</span>", to);
	else if (d->first >= r->tally.period.from && r->tally.first < r->tally.period.from && d->abroad)
		fputs(" <span class=\"flag\">first time</span>", to);
	else if (d->risky)
		fputs(" <span class=\"flag\">fraud goes there</span>", to);
}

static void put_destination(const struct report *r, FILE *to, const struct destination *d, uint64_t most)
{
	const uint64_t now = words_size(r, &d->now), before = words_size(r, &d->before);

	fputs("<tr><td class=\"name\">", to);
	html_put(to, words_destination(d->country, d->kind).text);
	put_flags(r, to, d);
	fputs("</td>", to);
	put_sum(r, to, &d->now);
	put_cell(to, "n", words_growth(r, &d->now, &d->before).text);
	fputs("<td style=\"width:30%\">", to);
	chart_bar(to, now, before, most);
	fputs("</td></tr>\n", to);
}

/* Those that were called; with a last row for what is left out. */
void html_destinations(struct report *r, FILE *to)
{
	struct destination **all;
	const size_t n = report_destinations(r, &all);
	struct sum others = {.calls = 0};
	size_t i, shown = 0, left = 0;
	uint64_t most = 1;

	for (i = 0; i < n; i++) {
		if (words_size(r, &all[i]->now) > most)
			most = words_size(r, &all[i]->now);
		if (words_size(r, &all[i]->before) > most)
			most = words_size(r, &all[i]->before);
	}
	put_heads(r, to, "Destination");
	fputs("<th class=\"n\">Change</th><th></th></tr></thead><tbody>\n", to);
	for (i = 0; i < n; i++) {
		if (all[i]->now.calls == 0)
			continue;
		if (shown++ < ROWS) {
			put_destination(r, to, all[i], most);
			continue;
		}
		left++;
		sum_add(&others, &all[i]->now);
	}
	if (left > 0) {
		fprintf(to, "<tr><td class=\"name\">%zu others</td>", left);
		put_sum(r, to, &others);
		fputs("<td></td><td></td></tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
	free(all);
}

static void put_party(struct report *r, FILE *to, const struct party *p, bool account)
{
	fputs("<tr><td class=\"name\">", to);
	html_put(to, words_item(&p->item).text);
	if (account && report_suspicion(r, p) >= 3)
		fputs(" <span class=\"flag\">look at it</span>", to);
	fputs("</td>", to);
	put_sum(r, to, &p->now);
	put_cell(to, "n", words_count(p->dear.calls).text);
	put_cell(to, "n", r->hours_known ? words_count(p->off.calls).text : "–");
	put_cell(to, "n minor", words_growth(r, &p->now, &p->before).text);
	fputs("</tr>\n", to);
}

static void put_parties(struct report *r, FILE *to, const char *what, struct party **all, size_t n,
			bool account)
{
	size_t i, shown = 0;

	put_heads(r, to, what);
	fputs("<th class=\"n\">Dear</th><th class=\"n\">Off hours</th><th class=\"n "
	      "minor\">Change</th></tr></thead><tbody>\n",
	      to);
	for (i = 0; i < n && shown < ROWS_PARTIES; i++) {
		if (all[i]->now.calls == 0)
			continue;
		shown++;
		put_party(r, to, all[i], account);
	}
	fputs("</tbody></table></div>\n", to);
}

void html_accounts(struct report *r, FILE *to)
{
	struct party **all;
	const size_t n = report_accounts(r, &all);

	put_parties(r, to, "Account", all, n, true);
	free(all);
}

void html_sources(struct report *r, FILE *to)
{
	struct party **all;
	const size_t n = report_sources(r, &all);

	put_parties(r, to, "Address", all, n, false);
	free(all);
}

void html_longest(const struct report *r, FILE *to)
{
	size_t i;

	fprintf(to,
		"<div class=\"wide\"><table><thead><tr><th>Began</th><th>Account</th><th>Number</th><th "
		"class=\"minor\">"
		"Destination</th><th class=\"n\">Talk</th>%s</tr></thead><tbody>\n",
		r->priced ? "<th class=\"n\">Cost</th>" : "");
	for (i = 0; i < r->tally.n_longest && i < 10; i++) {
		const struct long_call *l = &r->tally.longest[i];

		fputs("<tr>", to);
		put_cell(to, "when", words_moment(l->start).text);
		put_cell(to, "name", words_name(SPAN(l->account)).text);
		put_cell(to, "", l->digits);
		put_cell(to, "minor", words_destination(l->country, l->kind).text);
		put_cell(to, "n", words_talk(l->sum.seconds).text);
		if (r->priced)
			put_cell(to, "n", words_cost(r, &l->sum).text);
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

void html_faults(const struct report *r, FILE *to)
{
	size_t i;

	fputs("<ul>\n", to);
	for (i = 0; i < r->reading.n_faults; i++) {
		const struct fault *f = &r->reading.faults[i];
		char safe[300];

		fputs("<li><code>", to);
		html_put(to, text_escape(SPAN(f->file), safe, sizeof(safe)));
		fprintf(to, ":%llu</code> ", (unsigned long long)f->line);
		html_put(to, f->why);
		fputs("</li>\n", to);
	}
	if (r->reading.malformed > r->reading.n_faults)
		fprintf(to, "<li>and %s more</li>\n",
			words_count(r->reading.malformed - r->reading.n_faults).text);
	fputs("</ul>\n", to);
}
