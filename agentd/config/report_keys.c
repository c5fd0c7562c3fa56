/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [report], and how its value is taken. */
#include <string.h>

#include "base/cleanup.h"
#include "config/loader.h"

#define CURRENCY_MAX 7

static struct config_at at_place(const struct place *at)
{
	return (struct config_at){at->file, at->line};
}

static void take_records(struct loader *l, const struct place *at, const char *text)
{
	key_add_paths(l, at, text, &l->cfg->report.records);
	l->cfg->report.records_at = at_place(at);
}

static void take_record_format(struct loader *l, const struct place *at, const char *text)
{
	value_name(at, text, &l->cfg->report.record_format);
	l->cfg->report.record_format_at = at_place(at);
}

static void take_rates(struct loader *l, const struct place *at, const char *text)
{
	value_path(at, text, &l->cfg->report.rates);
	l->cfg->report.rates_at = at_place(at);
}

static void take_currency(struct loader *l, const struct place *at, const char *text)
{
	if (strlen(text) > CURRENCY_MAX || strpbrk(text, " \t\n"))
		value_error(at, text, "as EUR", "longer than seven bytes, or more than a word");
	else
		value_text(at, text, &l->cfg->report.currency);
}

static void take_no_business(struct loader *l, const struct place *at, const char *text)
{
	key_add_countries(l, at, text, &l->cfg->report.no_business);
}

static void take_audit(struct loader *l, const struct place *at, const char *text)
{
	value_path(at, text, &l->cfg->report.audit);
}

static void take_name(struct loader *l, const struct place *at, const char *text)
{
	value_text(at, text, &l->cfg->report.name);
}

static const struct key report_list[] = {
	{"records", take_records, true},
	{"record_format", take_record_format, false},
	{"rates", take_rates, false},
	{"currency", take_currency, false},
	{"no_business", take_no_business, true},
	{"audit", take_audit, false},
	{"name", take_name, false},
};
const struct key_set report_keys = {report_list, ELEMENTSOF(report_list)};

void report_done(struct config_report *report)
{
	strings_free(report->records);
	strings_free(report->no_business);
	free(report->record_format);
	free(report->rates);
	free(report->currency);
	free(report->audit);
	free(report->name);
}
