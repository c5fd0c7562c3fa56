/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charts as SVG that is stretched to the width there is; all text stands beside them
 * as HTML, so that it is as large on a phone as on paper.
 */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "html.h"
#include "report_html.h"
#include "report_words.h"

/* More days than that are shown as weeks, and more weeks than that as 30 days. */
#define BARS_MAX 130
#define HEIGHT 100

static struct words size_words(const struct report *r, uint64_t size)
{
	return r->priced ? words_money(r, (int64_t)size) : words_talk(size);
}

void chart_bar(FILE *to, uint64_t now, uint64_t before, uint64_t most)
{
	const double unit = most ? 100.0 / (double)most : 0;

	fprintf(to,
		"<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
		"<rect class=\"now\" width=\"%.2f\" height=\"6\"/><rect class=\"before\" y=\"7\" "
		"width=\"%.2f\" height=\"3\"/></svg>",
		(double)now * unit, (double)(before < most ? before : most) * unit);
}

/* Days */

static uint64_t day_size(const struct report *r, const struct day *d)
{
	return r->priced ? (uint64_t)d->cost : d->dear_seconds;
}

static uint64_t bar_size(const struct report *r, size_t from, size_t days)
{
	uint64_t size = 0;
	size_t i;

	for (i = from; i < from + days && i < r->tally.n_days; i++)
		size += day_size(r, &r->tally.days[i]);
	return size;
}

/* 1, 2 or 5 and zeros, not below n. */
static uint64_t round_up(uint64_t n)
{
	uint64_t unit = 1;

	while (unit < UINT64_MAX / 10 && unit * 10 <= n)
		unit *= 10;
	if (n <= unit)
		return unit;
	if (n <= 2 * unit)
		return 2 * unit;
	return n <= 5 * unit ? 5 * unit : 10 * unit;
}

/* The end of the scale: round in money, or in hours or minutes. */
static uint64_t scale_end(const struct report *r, uint64_t most)
{
	if (r->priced)
		return round_up(most / RATES_UNIT + 1) * RATES_UNIT;
	return most >= 7200 ? round_up(most / 3600 + 1) * 3600 : round_up(most / 60 + 1) * 60;
}

static void put_bar(const struct report *r, FILE *to, size_t i, size_t days, uint64_t end)
{
	const int64_t from = r->tally.period.from + (int64_t)(i * days) * 86400;
	const uint64_t size = bar_size(r, i * days, days);
	const double height = (double)size * HEIGHT / (double)end;
	const int weekday = civil_parts(from).tm_wday;

	if (days == 1 && (weekday == 0 || weekday == 6))
		fprintf(to, "<rect class=\"weekend\" x=\"%zu\" width=\"1\" height=\"%d\"/>", i, HEIGHT);
	if (size == 0)
		return;
	fprintf(to, "<rect class=\"now\" x=\"%.2f\" y=\"%.2f\" width=\"0.76\" height=\"%.2f\"><title>",
		(double)i + 0.12, HEIGHT - height, height);
	html_put(to, words_date(from).text);
	if (days > 1)
		fprintf(to, " and the %zu days after", days - 1);
	fputs(": ", to);
	html_put(to, size_words(r, size).text);
	fputs("</title></rect>", to);
}

static void put_dates(const struct report *r, FILE *to)
{
	const struct period *p = &r->tally.period;
	int i;

	fputs("<div class=\"x\">", to);
	for (i = 0; i <= 3; i++) {
		const struct tm tm = civil_parts(p->from + (p->to - 1 - p->from) * i / 3);
		char text[32];

		strftime(text, sizeof(text), "%e %b", &tm);
		fprintf(to, "<span>%s</span>", text);
	}
	fputs("</div>", to);
}

void chart_days(const struct report *r, FILE *to)
{
	const size_t days = r->tally.n_days <= BARS_MAX ? 1 : r->tally.n_days <= 7 * BARS_MAX ? 7 : 30;
	const size_t n = (r->tally.n_days + days - 1) / days;
	uint64_t most = 0, end, size;
	size_t i;

	for (i = 0; i < n; i++) {
		size = bar_size(r, i * days, days);
		most = size > most ? size : most;
	}
	end = scale_end(r, most);
	fputs("<div class=\"plot\"><div class=\"y\"><span>", to);
	html_put(to, size_words(r, end).text);
	fputs("</span><span>", to);
	html_put(to, size_words(r, end / 2).text);
	fprintf(to,
		"</span><span>0</span></div>\n<svg class=\"days-chart\" viewBox=\"0 0 %zu %d\" "
		"preserveAspectRatio=\"none\" "
		"role=\"img\" aria-label=\"%s of each %s; at most ",
		n, HEIGHT, r->priced ? "Cost" : "Talk abroad and to dear numbers",
		days == 1   ? "day"
		: days == 7 ? "week"
			    : "30 days");
	html_put(to, size_words(r, most).text);
	fputs("\">", to);
	for (i = 0; i < n; i++)
		put_bar(r, to, i, days, end);
	for (i = 0; i <= 2; i++)
		fprintf(to, "<path class=\"grid\" d=\"M0 %zuH%zu\"/>", i * HEIGHT / 2, n);
	fputs("</svg>\n", to);
	put_dates(r, to);
	fputs("</div>\n", to);
}

/* Hours */

static bool is_office(const struct report *r, unsigned weekday, unsigned hour)
{
	/* A day of the period that is such a weekday, and no holiday if there is one. */
	const int64_t day = r->tally.period.from - r->tally.period.from % 86400;
	unsigned i, within = 0, all = 0;

	for (i = 0; i < 28; i++) {
		const int64_t at = day + (int64_t)i * 86400 + (int64_t)hour * 3600 + 1800;

		if ((unsigned)((at / 86400 + 3) % 7) != weekday)
			continue;
		all++;
		within += r->tally.in_office(r->tally.userdata, at);
	}
	return within * 2 > all;
}

static void put_cell(const struct report *r, FILE *to, unsigned day, unsigned hour, uint32_t most)
{
	static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					    "Friday", "Saturday", "Sunday"};
	const uint32_t n = r->tally.dear_hours[day][hour];

	if (n == 0)
		fprintf(to, "<rect class=\"empty\" x=\"%u.04\" y=\"%u.06\" width=\"0.92\" height=\"0.88\"/>",
			hour, day);
	else
		fprintf(to,
			"<rect class=\"cell\" x=\"%u.04\" y=\"%u.06\" width=\"0.92\" height=\"0.88\" "
			"opacity=\"%.2f\">"
			"<title>%s %02u:00: %s</title></rect>",
			hour, day, 0.18 + 0.82 * (double)n / (double)most, names[day], hour,
			words_calls(n).text);
	if (r->hours_known && is_office(r, day, hour))
		fprintf(to, "<path class=\"off\" d=\"M%u.04 %u.94h.92\"/>", hour, day);
}

void chart_hours(const struct report *r, FILE *to)
{
	uint32_t most = 1;
	unsigned day, hour;

	for (day = 0; day < 7; day++)
		for (hour = 0; hour < 24; hour++)
			if (r->tally.dear_hours[day][hour] > most)
				most = r->tally.dear_hours[day][hour];
	fputs("<div class=\"plot\"><div "
	      "class=\"days\"><span>Mon</span><span>Tue</span><span>Wed</span><span>Thu</span>"
	      "<span>Fri</span><span>Sat</span><span>Sun</span></div>\n"
	      "<svg class=\"hours-chart\" viewBox=\"0 0 24 7\" preserveAspectRatio=\"none\" role=\"img\" "
	      "aria-label=\"Calls abroad and to dear numbers by weekday and hour\">",
	      to);
	for (day = 0; day < 7; day++)
		for (hour = 0; hour < 24; hour++)
			put_cell(r, to, day, hour, most);
	fputs("</svg>\n<div "
	      "class=\"x\"><span>0:00</span><span>6:00</span><span>12:00</span><span>18:00</"
	      "span><span>24:00</span>"
	      "</div></div>\n",
	      to);
}
