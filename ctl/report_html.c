/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as one page: no script, and nothing that is loaded from elsewhere. */
#include "report_html.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "html.h"
#include "report_summary.h"
#include "report_words.h"

static void put_head(const struct report *r, FILE *to)
{
	_cleanup_free_ char *title = report_title(r);

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" HTML_POLICY
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      to);
	html_put(to, title);
	fputs("</title>\n<style>\n", to);
	fputs(report_style, to);
	fputs("</style>\n</head>\n<body>\n<main>\n<header><h1>Calls of ", to);
	html_put(to, words_name(SPAN(r->name)).text);
	fputs("</h1>\n<div class=\"dim\">", to);
	html_put(to, words_date(r->tally.period.from).text);
	fputs(" to ", to);
	html_put(to, words_date(r->tally.period.to - 1).text);
	fputs("</div></header>\n", to);
}

static void put_tile(FILE *to, const char *class, const char *figure, const char *what)
{
	fprintf(to, "<div class=\"tile %s\"><b>", class);
	html_put(to, figure);
	fputs("</b><span class=\"dim\">", to);
	html_put(to, what);
	fputs("</span></div>\n", to);
}

static void put_tiles(const struct report *r, FILE *to)
{
	const struct tally *t = &r->tally;
	const size_t critical = report_count(r, FINDING_CRITICAL);
	char what[160];

	fputs("<div class=\"tiles\">\n", to);
	put_tile(to, critical ? "critical" : "", words_count(critical).text,
		 critical == 1 ? "thing calls for action today" : "things call for action today");
	snprintf(what, sizeof(what), "%s abroad and to dear numbers%s%s", r->priced ? "cost of calls" : "talk",
		 words_compares(r) ? ", " : "",
		 words_compares(r) ? words_growth(r, &t->dear, &t->dear_before).text : "");
	put_tile(to, "", r->priced ? words_cost(r, &t->dear).text : words_talk(t->dear.seconds).text,
		 what);
	snprintf(what, sizeof(what), "calls abroad and to dear numbers, of %s that left the house",
		 words_count(t->now.calls).text);
	put_tile(to, "", words_count(t->dear.calls).text, what);
	if (r->hours_known)
		put_tile(to, "", words_count(t->off.calls).text, "of them out of office hours");
	else if (r->attacks.known)
		put_tile(to, "", words_count(r->attacks.bans).text, "attackers banned");
	fputs("</div>\n", to);
}

static void put_finding(const struct finding *f, FILE *to)
{
	static const char *const marks[] = {"Act today", "Decide", "Know"};

	fprintf(to, "<li class=\"%s\"><span class=\"mark\">%s</span><h3>", finding_level_name(f->level),
		marks[f->level]);
	html_put(to, f->what);
	fputs("</h3>", to);
	if (f->detail) {
		fputs("<p>", to);
		html_put(to, f->detail);
		fputs("</p>", to);
	}
	if (f->decide) {
		fputs("<p class=\"decide\">", to);
		html_put(to, f->decide);
		fputs("</p>", to);
	}
	fputs("</li>\n", to);
}

static void put_findings(const struct report *r, FILE *to)
{
	_cleanup_free_ char *summary = report_summary(r);
	size_t i;

	fputs("<section><p class=\"lead\">", to);
	html_put(to, summary);
	fputs("</p></section>\n", to);
	put_tiles(r, to);
	if (r->n_findings == 0)
		return;
	fputs("<section><h2>What to know and to decide</h2>\n<ol class=\"findings\">\n", to);
	for (i = 0; i < r->n_findings; i++)
		put_finding(&r->findings[i], to);
	fputs("</ol>\n", to);
	if (r->findings_dropped)
		fprintf(to, "<p class=\"dim\">and %zu more of this kind</p>\n", r->findings_dropped);
	fputs("</section>\n", to);
}

static void put_charts(const struct report *r, FILE *to)
{
	fprintf(to, "<section><h2>%s</h2>\n",
		r->priced ? "What each day cost" : "Talk abroad and to dear numbers");
	chart_days(r, to);
	fputs("</section>\n<section><h2>When it was called abroad and to dear numbers</h2>\n", to);
	chart_hours(r, to);
	if (r->hours_known)
		fputs("<p class=\"legend\">The stronger the colour, the more calls. Underlined: office "
		      "hours.</p>\n",
		      to);
	fputs("</section>\n", to);
}

static void put_rules(struct report *r, FILE *to)
{
	const struct attacks *a = &r->attacks;

	fprintf(to, "<section><h2>Attackers</h2>\n<p>%s bans, of which %s on proof; ",
		words_count(a->bans).text, words_count(a->proven).text);
	fprintf(to, "%s attempts led to them.", words_count(a->attempts).text);
	if (a->journal)
		fprintf(to, " %s decisions were given up because log lines were forged.",
			words_count(a->forgeries).text);
	fputs("</p></section>\n", to);
}

static void put_tables(struct report *r, FILE *to)
{
	fputs("<section><h2>Where the calls went</h2>\n<p class=\"legend\"><span class=\"key now\"></span> "
	      "this period "
	      "&nbsp; <span class=\"key before\"></span> the one before</p>\n",
	      to);
	html_destinations(r, to);
	fputs("</section>\n<section><h2>Who called</h2>\n", to);
	html_accounts(r, to);
	fputs("</section>\n", to);
	if (r->tally.sources.table.count > 0) {
		fputs("<section><h2>From where</h2>\n", to);
		html_sources(r, to);
		fputs("</section>\n", to);
	}
	if (r->tally.n_longest > 0) {
		fputs("<section><h2>The longest calls abroad and to dear numbers</h2>\n", to);
		html_longest(r, to);
		fputs("</section>\n", to);
	}
	if (r->attacks.known)
		put_rules(r, to);
	if (r->reading.malformed > 0) {
		fputs("<section><h2>Records that could not be understood</h2>\n", to);
		html_faults(r, to);
		fputs("</section>\n", to);
	}
}

static void put_foot(const struct report *r, FILE *to)
{
	char made[TIME_TEXT_MAX];

	fprintf(to,
		"<footer>From %s records in %zu %s (%s). A call is dear if it goes abroad or to a premium, "
		"shared-cost, "
		"personal, satellite or network number. Made by sipwarden " SIPWARDEN_VERSION
		" on %s.</footer>\n"
		"</main>\n</body>\n</html>\n",
		words_count(r->reading.records).text, r->reading.files,
		r->reading.files == 1 ? "file" : "files", r->reading.formats,
		time_format_local(r->made, made));
}

void report_print_html(struct report *r, FILE *to)
{
	put_head(r, to);
	put_findings(r, to);
	put_charts(r, to);
	put_tables(r, to);
	put_foot(r, to);
}
