/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for a terminal or a letter. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "output.h"
#include "report.h"
#include "report_summary.h"
#include "report_words.h"

#define ROWS 20

static void print_heading(FILE *to, const char *text, bool color)
{
	fprintf(to, "\n%s%s%s\n\n", color ? "\033[1m" : "", text, color ? "\033[0m" : "");
}

static void print_finding(const struct finding *f, FILE *to, bool color)
{
	static const char *const colors[] = {"31;1", "33", "36"};
	static const char *const labels[] = {"  !! ", "  !  ", "  -  "};

	if (color)
		fprintf(to, "\033[%sm", colors[f->level]);
	output_wrapped(to, labels[f->level], f->what);
	if (color)
		fputs("\033[0m", to);
	if (f->detail)
		output_wrapped(to, "     ", f->detail);
	if (f->decide)
		output_wrapped(to, "     → ", f->decide);
	fputc('\n', to);
}

static void print_words(const struct report *r, FILE *to, bool color)
{
	_cleanup_free_ char *summary = report_summary(r);
	size_t i;

	output_wrapped(to, "", summary ? summary : "");
	fputc('\n', to);
	for (i = 0; i < r->n_findings; i++)
		print_finding(&r->findings[i], to, color);
	if (r->findings_dropped)
		fprintf(to, "  and %zu more\n", r->findings_dropped);
}

static void add_sum(const struct report *r, struct table *t, const struct sum *s)
{
	output_table_add(t, words_count(s->calls).text);
	output_table_add(t, words_talk(s->seconds).text);
	if (r->priced)
		output_table_add(t, words_cost(r, s).text);
}

static void print_destinations(struct report *r, FILE *to)
{
	static const char *const priced[] = {"DESTINATION", "CALLS", "TALK", "COST", "CHANGE", NULL};
	static const char *const plain[] = {"DESTINATION", "CALLS", "TALK", "CHANGE", NULL};
	struct destination **all;
	const size_t n = report_destinations(r, &all);
	struct table t;
	struct sum others = {.calls = 0};
	size_t i, shown = 0, left = 0;

	output_table_begin(&t, r->priced ? priced : plain);
	for (i = 0; i < n; i++) {
		const struct destination *d = all[i];

		if (d->now.calls == 0)
			continue;
		if (shown++ >= ROWS) {
			left++;
			sum_add(&others, &d->now);
			continue;
		}
		output_table_add(&t, words_destination(d->country, d->kind).text);
		add_sum(r, &t, &d->now);
		output_table_add(&t, words_growth(r, &d->now, &d->before).text);
	}
	if (left > 0) {
		char text[32];

		snprintf(text, sizeof(text), "%zu others", left);
		output_table_add(&t, text);
		add_sum(r, &t, &others);
		output_table_add(&t, "");
	}
	output_table_write(&t, to);
	free(all);
}

static void print_parties(struct report *r, FILE *to, const char *what, struct party **all, size_t n)
{
	const char *const priced[] = {what,	    "CALLS",	 "TALK",   "COST",
				      "DEAR CALLS", "OFF HOURS", "CHANGE", NULL};
	const char *const plain[] = {what, "CALLS", "TALK", "DEAR CALLS", "OFF HOURS", "CHANGE", NULL};
	struct table t;
	size_t i, shown = 0;

	output_table_begin(&t, r->priced ? priced : plain);
	for (i = 0; i < n && shown < ROWS; i++) {
		const struct party *p = all[i];

		if (p->now.calls == 0)
			continue;
		shown++;
		output_table_add(&t, words_item(&p->item).text);
		add_sum(r, &t, &p->now);
		output_table_add(&t, words_count(p->dear.calls).text);
		output_table_add(&t, r->hours_known ? words_count(p->off.calls).text : "–");
		output_table_add(&t, words_growth(r, &p->now, &p->before).text);
	}
	output_table_write(&t, to);
}

static void print_longest(const struct report *r, FILE *to)
{
	static const char *const priced[] = {"BEGAN", "ACCOUNT", "NUMBER", "DESTINATION",
					     "TALK",  "COST",	 NULL};
	static const char *const plain[] = {"BEGAN", "ACCOUNT", "NUMBER", "DESTINATION", "TALK", NULL};
	struct table t;
	size_t i;

	output_table_begin(&t, r->priced ? priced : plain);
	for (i = 0; i < r->tally.n_longest && i < 10; i++) {
		const struct long_call *l = &r->tally.longest[i];

		output_table_add(&t, words_moment(l->start).text);
		output_table_add(&t, words_name(SPAN(l->account)).text);
		output_table_add(&t, l->digits);
		output_table_add(&t, words_destination(l->country, l->kind).text);
		output_table_add(&t, words_talk(l->sum.seconds).text);
		if (r->priced)
			output_table_add(&t, words_cost(r, &l->sum).text);
	}
	output_table_write(&t, to);
}

static void print_faults(const struct report *r, FILE *to)
{
	char safe[300];
	size_t i;

	for (i = 0; i < r->reading.n_faults; i++)
		fprintf(to, "%s:%llu: %s\n", output_safe(r->reading.faults[i].file, safe, sizeof(safe)),
			(unsigned long long)r->reading.faults[i].line, r->reading.faults[i].why);
	if (r->reading.malformed > r->reading.n_faults)
		fprintf(to, "and %s more\n", words_count(r->reading.malformed - r->reading.n_faults).text);
}

void report_print_text(struct report *r, FILE *to, bool color)
{
	struct party **all;
	size_t n;
	_cleanup_free_ char *title = report_title(r);

	fprintf(to, "%s%s%s\n\n", color ? "\033[1m" : "", title ? title : "", color ? "\033[0m" : "");
	print_words(r, to, color);
	print_heading(to, "Where the calls went", color);
	print_destinations(r, to);
	print_heading(to, "Who called", color);
	n = report_accounts(r, &all);
	print_parties(r, to, "ACCOUNT", all, n);
	free(all);
	n = report_sources(r, &all);
	if (n > 0) {
		print_heading(to, "From where", color);
		print_parties(r, to, "SOURCE", all, n);
	}
	free(all);
	if (r->tally.n_longest > 0) {
		print_heading(to, "The longest calls abroad and to dear numbers", color);
		print_longest(r, to);
	}
	if (r->reading.malformed > 0) {
		print_heading(to, "Records that could not be understood", color);
		print_faults(r, to);
	}
}
