/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for programs: all figures, and the conclusions. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "output.h"
#include "report.h"
#include "report_summary.h"
#include "report_words.h"

/* More accounts, sources and ranges than that are left out of the output, the smallest first. */
#define PARTIES_MAX 1000

static json_t *span_json(struct span s)
{
	_cleanup_free_ char *text = text_to_utf8(s);

	return output_string(text ? text : "");
}

static json_t *item_json(const struct heavy_item *item)
{
	return span_json((struct span){item->name, item->name_len});
}

/* As a clock on the wall shows it: "2026-03-02T22:15:00". */
static json_t *moment_json(int64_t civil)
{
	char text[TIME_TEXT_MAX];

	if (civil <= 0 || civil == INT64_MAX)
		return json_null();
	time_format_utc((usec_t)civil * USEC_PER_SEC, text);
	text[strlen("2026-03-02T22:15:00")] = '\0';
	return json_string(text);
}

static json_t *cost_json(const struct report *r, int64_t cost)
{
	return r->priced ? json_real((double)cost / RATES_UNIT) : json_null();
}

static json_t *sum_json(const struct report *r, const struct sum *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:I}", "calls", (json_int_t)s->calls, "answered",
			 (json_int_t)s->answered, "failed", (json_int_t)s->failed, "seconds",
			 (json_int_t)s->seconds, "cost", cost_json(r, s->cost), "unpriced",
			 (json_int_t)s->unpriced);
}

static json_t *country_json(const char *country)
{
	return *country ? output_string(country) : json_null();
}

static json_t *months_json(const struct report *r, const struct destination *d)
{
	json_t *months = json_array();
	size_t i;

	for (i = 0; d->months && i < r->tally.n_months; i++) {
		const int month = r->tally.first_month + (int)i;

		if (d->months[i].calls == 0)
			continue;
		json_array_append_new(months, json_pack("{s:o, s:I, s:I, s:o, s:I}", "month",
							json_sprintf("%04d-%02d", month / 12, month % 12 + 1),
							"calls", (json_int_t)d->months[i].calls, "seconds",
							(json_int_t)d->months[i].seconds, "cost",
							cost_json(r, d->months[i].cost), "unpriced",
							(json_int_t)d->months[i].unpriced));
	}
	return months;
}

static json_t *destinations_json(struct report *r)
{
	struct destination **all;
	const size_t n = report_destinations(r, &all);
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++) {
		const struct destination *d = all[i];

		if (d->now.calls + d->before.calls == 0)
			continue;
		json_array_append_new(
			array,
			json_pack("{s:o, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "country",
				  country_json(d->country), "name", number_country_name(d->country), "kind",
				  number_kind_name(d->kind), "abroad", (int)d->abroad, "risky", (int)d->risky,
				  "no_business", (int)report_is_no_business(r, d->country), "now",
				  sum_json(r, &d->now), "before", sum_json(r, &d->before), "first",
				  moment_json(d->first), "first_account", span_json(SPAN(d->first_account)),
				  "months", months_json(r, d)));
	}
	free(all);
	return array;
}

static json_t *burst_json(const struct report *r, const struct burst *b)
{
	if (b->calls == 0)
		return json_null();
	return json_pack("{s:o, s:I, s:o}", "start", moment_json(b->slot), "calls", (json_int_t)b->calls,
			 "cost", cost_json(r, b->cost));
}

static json_t *broke_json(const struct party *p)
{
	if (p->broke.tries == 0)
		return json_null();
	return json_pack("{s:I, s:o, s:o}", "failed", (json_int_t)p->broke.tries, "time",
			 moment_json(p->broke.when), "country", country_json(p->broke.country));
}

static json_t *stranger_json(const struct party *p)
{
	if (p->stranger.when == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "time", moment_json(p->stranger.when), "country",
			 country_json(p->stranger.country), "source", span_json(SPAN(p->stranger.source)));
}

static json_t *parties_json(struct report *r, const char *what, struct party **all, size_t n)
{
	json_t *array = json_array(), *o;
	size_t i, shown = 0;

	for (i = 0; i < n && shown < PARTIES_MAX; i++) {
		const struct party *p = all[i];

		if (p->now.calls + p->before.calls == 0)
			continue;
		shown++;
		o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", what, item_json(&p->item), "now",
			      sum_json(r, &p->now), "before", sum_json(r, &p->before), "dear",
			      sum_json(r, &p->dear), "off_hours",
			      r->hours_known ? sum_json(r, &p->off) : json_null(), "burst",
			      burst_json(r, &p->burst));
		json_object_set_new(o, "suspicion", json_integer((json_int_t)report_suspicion(r, p)));
		json_object_set_new(o, "broke_in", broke_json(p));
		json_object_set_new(o, "stranger", stranger_json(p));
		json_array_append_new(array, o);
	}
	free(all);
	return array;
}

static json_t *accounts_json(struct report *r)
{
	struct party **all;
	const size_t n = report_accounts(r, &all);

	return parties_json(r, "account", all, n);
}

static json_t *sources_json(struct report *r)
{
	struct party **all;
	const size_t n = report_sources(r, &all);

	return parties_json(r, "source", all, n);
}

static json_t *text_json(const char *text)
{
	return text ? output_string(text) : json_null();
}

static json_t *findings_json(const struct report *r)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < r->n_findings; i++) {
		const struct finding *f = &r->findings[i];

		json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:o, s:o}", "level",
						       finding_level_name(f->level), "kind", f->kind, "what",
						       output_string(f->what), "detail", text_json(f->detail),
						       "decide", text_json(f->decide)));
	}
	return array;
}

static json_t *sequences_json(struct report *r)
{
	struct range **all;
	const size_t n = report_sequences(r, &all);
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n && i < PARTIES_MAX; i++) {
		const struct heavy_item *item = &all[i]->item;
		const char *blank = memrchr(item->name, ' ', item->name_len);
		const size_t len = blank ? (size_t)(blank - item->name) : 0;
		const struct run *run = range_run(all[i]);

		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "account",
				  span_json((struct span){item->name, len}), "range",
				  span_json((struct span){item->name + len + 1, item->name_len - len - 1}),
				  "country", country_json(all[i]->country), "numbers",
				  (json_int_t)run_numbers(run), "calls", (json_int_t)run->calls, "brief",
				  (json_int_t)run->brief, "first", moment_json(run->first), "last",
				  moment_json(run->last)));
	}
	free(all);
	return array;
}

static json_t *longest_json(const struct report *r)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < r->tally.n_longest; i++) {
		const struct long_call *l = &r->tally.longest[i];

		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:s, s:o, s:s, s:I, s:o}", "start",
						moment_json(l->start), "account", span_json(SPAN(l->account)),
						"number", l->digits, "country", country_json(l->country),
						"kind", number_kind_name(l->kind), "seconds",
						(json_int_t)l->sum.seconds, "cost", l->sum.unpriced ? json_null() : cost_json(r, l->sum.cost)));
	}
	return array;
}

static json_t *records_json(const struct report *r)
{
	const struct reading *g = &r->reading;
	json_t *faults = json_array();
	size_t i;

	for (i = 0; i < g->n_faults; i++)
		json_array_append_new(
			faults, json_pack("{s:o, s:I, s:s}", "file", span_json(SPAN(g->faults[i].file)),
					  "line", (json_int_t)g->faults[i].line, "why", g->faults[i].why));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:o, s:o, s:o}", "files",
			 (json_int_t)g->files, "unread", (json_int_t)g->unread, "records",
			 (json_int_t)g->records, "malformed", (json_int_t)g->malformed, "others",
			 (json_int_t)g->others, "open", (json_int_t)g->open, "inexact_by",
			 (json_int_t)r->tally.accounts.lost, "formats", g->formats, "comparable", words_compares(r), "first",
			 moment_json(r->tally.first), "last", moment_json(r->tally.last), "faults", faults);
}

static json_t *alerts_json(const struct attacks *a, uint64_t n)
{
	return a->journal ? json_integer((json_int_t)n) : json_null();
}

static json_t *attacks_json(const struct attacks *a)
{
	if (!a->known)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "bans", (json_int_t)a->bans,
			 "bans_before", (json_int_t)a->bans_before, "observed", (json_int_t)a->observed,
			 "proven", (json_int_t)a->proven, "attempts", (json_int_t)a->attempts, "forgeries",
			 alerts_json(a, a->forgeries), "account_attacks", alerts_json(a, a->account_attacks),
			 "friend_attacks", alerts_json(a, a->friend_attacks), "brakes",
			 alerts_json(a, a->brakes), "frauds", alerts_json(a, a->frauds));
}

static json_t *audit_json(const struct audited *a)
{
	if (!a->known)
		return json_null();
	return json_pack("{s:o, s:I, s:I, s:I}", "time", output_time(a->when), "critical",
			 (json_int_t)a->critical, "warning", (json_int_t)a->warning, "accepted",
			 (json_int_t)a->accepted);
}

void report_print_json(struct report *r, FILE *to)
{
	const struct tally *t = &r->tally;
	_cleanup_free_ char *summary = report_summary(r);
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:s}", "name", span_json(SPAN(r->name)), "from",
			      moment_json(t->period.from), "until", moment_json(t->period.to), "before_from",
			      moment_json(t->period.before), "summary", summary ? summary : "", "currency",
			      r->currency);

	json_object_set_new(o, "findings", findings_json(r));
	json_object_set_new(o, "now", sum_json(r, &t->now));
	json_object_set_new(o, "before", sum_json(r, &t->before));
	json_object_set_new(o, "dear", sum_json(r, &t->dear));
	json_object_set_new(o, "dear_before", sum_json(r, &t->dear_before));
	json_object_set_new(o, "off_hours", r->hours_known ? sum_json(r, &t->off) : json_null());
	json_object_set_new(o, "inside", json_integer((json_int_t)t->inside));
	json_object_set_new(o, "emergency", json_integer((json_int_t)t->emergency));
	json_object_set_new(o, "destinations", destinations_json(r));
	json_object_set_new(o, "accounts", accounts_json(r));
	json_object_set_new(o, "sources", sources_json(r));
	json_object_set_new(o, "sequences", sequences_json(r));
	json_object_set_new(o, "longest", longest_json(r));
	json_object_set_new(o, "attacks", attacks_json(&r->attacks));
	json_object_set_new(o, "audit", audit_json(&r->audited));
	json_object_set_new(o, "records", records_json(r));
	output_json_to(to, o);
}
