/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [calls] and [fraud NAME], and how its value is taken. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/loader.h"
#include "config/suggest.h"
#include "number/plan.h"

/* A window must fit the 32-bit milliseconds of detect/window.h (WINDOW_MAX). */
#define DAY (86400 * USEC_PER_SEC)
#define FRAUD_WINDOW_MAX (12 * DAY)
#define LEARNING_MAX (400 * DAY)

static const char *const measures[FRAUD_MEASURES] = {
	[FRAUD_PER_MINUTE] = "per-minute",	 [FRAUD_TOTAL] = "total",
	[FRAUD_CONCURRENT] = "concurrent",	 [FRAUD_SEQUENCE] = "sequence",
	[FRAUD_DURATION] = "duration",		 [FRAUD_FIRST_COUNTRY] = "first-country",
	[FRAUD_SOURCE_COUNTRY] = "source-country",
};

const char *fraud_measure_name(enum fraud_measure m)
{
	return measures[m];
}

/* In what warnings and thresholds are. */
static const char *measure_unit(enum fraud_measure m)
{
	return m == FRAUD_DURATION ? "seconds" : "calls";
}

/* [calls] */

static void take_learning(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, LEARNING_MAX, &l->cfg->calls.learning);
}

static void take_again(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 60 * USEC_PER_SEC, 30 * DAY, &l->cfg->calls.again);
}

static void take_new_source_for(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 60 * USEC_PER_SEC, LEARNING_MAX, &l->cfg->calls.new_source_for);
}

static void take_database(struct loader *l, const struct place *at, const char *text)
{
	value_path(at, text, &l->cfg->calls.database);
	l->cfg->calls.database_file = at->file;
	l->cfg->calls.database_line = at->line;
}

static const struct key calls_list[] = {
	{ "learning", take_learning, false },
	{ "again", take_again, false },
	{ "new_source_for", take_new_source_for, false },
	{ "database", take_database, false },
};
const struct key_set calls_keys = { calls_list, ELEMENTSOF(calls_list) };

/* [fraud NAME] */

/* Each word is one of n; ors (1 << its index) into *ret. */
static bool take_choices(const struct place *at, const char *text, const char *const *names, size_t n, uint32_t *ret)
{
	uint32_t set = 0;
	char **words, **w;
	bool good = true;
	unsigned i;

	if (!value_words(at, text, &words))
		return false;
	for (w = words; *w; w++) {
		if (value_choice(at, *w, names, n, &i))
			set |= 1u << i;
		else
			good = false;
	}
	strings_free(words);
	if (good)
		*ret = set;
	return good;
}

static void take_measure(struct loader *l, const struct place *at, const char *text)
{
	unsigned i;

	if (value_choice(at, text, measures, ELEMENTSOF(measures), &i))
		l->fraud->measure = (enum fraud_measure)i;
	/* One that is misspelt is told; that it is missing, too, would be one message too many. */
	l->fraud->measured = true;
}

static void take_per(struct loader *l, const struct place *at, const char *text)
{
	static const char *const names[] = { "account", "source", "range", "country", "company" };

	take_choices(at, text, names, ELEMENTSOF(names), &l->fraud->per);
}

/* "20" calls, or "30m" of a duration, as seconds. The measure may be said later: finish_fraud() compares them. */
static void take_threshold(const struct place *at, const char *text, uint32_t *ret, bool *timed)
{
	usec_t span;

	if (timespan_parse(text, &span) < 0 || span % USEC_PER_SEC || span > FRAUD_DURATION_MAX * USEC_PER_SEC) {
		value_error(at, text, "a number of calls up to 10000, as 10; with measure = duration a time up to 1d, as 30m",
			    "not a threshold");
		return;
	}
	*ret = (uint32_t)(span / USEC_PER_SEC);
	*timed = strspn(text, "0123456789") < strlen(text);
}

static void take_warning(struct loader *l, const struct place *at, const char *text)
{
	take_threshold(at, text, &l->fraud->warning, &l->fraud->warning_timed);
}

static void take_critical(struct loader *l, const struct place *at, const char *text)
{
	take_threshold(at, text, &l->fraud->critical, &l->fraud->critical_timed);
}

static void take_window(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, FRAUD_WINDOW_MAX, &l->fraud->window);
}

static void take_to(struct loader *l, const struct place *at, const char *text)
{
	static const char *const names[] = { [FRAUD_TO_OUTSIDE] = "outside", [FRAUD_TO_ABROAD] = "abroad",
					     [FRAUD_TO_RISKY] = "risky",     [FRAUD_TO_ALL] = "all" };
	unsigned i;

	if (value_choice(at, text, names, ELEMENTSOF(names), &i))
		l->fraud->to = (enum fraud_to)i;
}

static void take_kind(struct loader *l, const struct place *at, const char *text)
{
	const char *names[NUMBER_KINDS];
	unsigned i;

	for (i = 0; i < NUMBER_KINDS; i++)
		names[i] = number_kind_name((enum number_kind)i);
	take_choices(at, text, names, NUMBER_KINDS, &l->fraud->kinds);
}

static void take_country(struct loader *l, const struct place *at, const char *text)
{
	key_add_countries(l, at, text, &l->fraud->countries);
}

static void take_except(struct loader *l, const struct place *at, const char *text)
{
	key_add_countries(l, at, text, &l->fraud->except);
}

static void take_except_account(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w, ***list = &l->fraud->except_accounts;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++)
		if ((*w)[strlen(*w) - 1] == ',') {
			value_error(at, text, "put blanks between them, and no commas", "a comma would belong to the word before it");
			strings_free(words);
			return;
		}
	if (strings_count(words) + (l->first ? 0 : strings_count(*list)) > FRAUD_WORDS_MAX) {
		value_error(at, "", NULL, "more than 256 of them");
		strings_free(words);
		return;
	}
	key_add_words(l, words, list);
}

static void take_hours(struct loader *l, const struct place *at, const char *text)
{
	struct config_fraud *f = l->fraud;

	if (strcmp(text, "always") == 0)
		f->hours = FRAUD_ALWAYS;
	else if (strcmp(text, "office") == 0)
		f->hours = FRAUD_OFFICE;
	else if (strcmp(text, "off") == 0)
		f->hours = FRAUD_OFF;
	else if (hours_parse(text, &f->between) == 0)
		f->hours = FRAUD_BETWEEN;
	else
		value_error(at, text, "always, office, off (both by [site] office_hours), or as Mo-Fr 19:00-07:00",
			    "not hours of the week");
}

static void take_source(struct loader *l, const struct place *at, const char *text)
{
	static const char *const names[] = { "any", "new" };
	unsigned i;

	if (value_choice(at, text, names, ELEMENTSOF(names), &i))
		l->fraud->new_source = i == 1;
}

static void take_action(struct loader *l, const struct place *at, const char *text)
{
	static const char *const names[] = { "alert", "ban" };
	uint32_t set;

	if (!take_choices(at, text, names, ELEMENTSOF(names), &set))
		return;
	/* Nobody is banned in silence. */
	l->fraud->ban = set & 2u;
}

static void take_ban(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, TIMESPAN_MAX, &l->fraud->ban_for);
}

static void take_enabled(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->fraud->enabled);
}

static void take_learned(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->fraud->learned);
}

static void take_habit(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->fraud->habit);
}

static const struct key fraud_list[] = {
	{ "measure", take_measure, false },	{ "per", take_per, false },
	{ "warning", take_warning, false },	{ "critical", take_critical, false },
	{ "window", take_window, false },	{ "to", take_to, false },
	{ "kind", take_kind, false },		{ "country", take_country, true },
	{ "except", take_except, true },	{ "except_account", take_except_account, true },
	{ "hours", take_hours, false },		{ "source", take_source, false },
	{ "action", take_action, false },
	{ "ban", take_ban, false },		{ "learned", take_learned, false },
	{ "habit", take_habit, false },	{ "enabled", take_enabled, false },
};
const struct key_set fraud_keys = { fraud_list, ELEMENTSOF(fraud_list) };

static bool counts(const struct config_fraud *f)
{
	return f->measure != FRAUD_FIRST_COUNTRY && f->measure != FRAUD_SOURCE_COUNTRY;
}

/* A section whose name is misspelt would be a rule of its own that counts all calls, and may ban for them. */
static void tell_unmeasured(struct loader *l, const struct config_fraud *f)
{
	const char *names[FRAUDS_MAX], *near;
	_cleanup_free_ char *hint = NULL;
	size_t i, n = 0;

	for (i = 0; i < l->cfg->n_frauds && n < ELEMENTSOF(names); i++)
		if (l->cfg->frauds[i].measured)
			names[n++] = l->cfg->frauds[i].name;
	near = suggest_nearest(f->name, names, n);
	hint = near ? text_printf("did you mean [fraud %s]?", near) : NULL;
	diag_error(l->diag, f->file, f->line, hint ? hint : "add measure = total, or another",
		   "fraud rule '%s' has no measure, and there is none of that name built in", f->name);
}

static void check_thresholds(struct loader *l, const struct config_fraud *f)
{
	const uint32_t most = f->measure == FRAUD_DURATION ? FRAUD_DURATION_MAX : FRAUD_THRESHOLD_MAX;

	if (!counts(f)) {
		if (f->warning || f->critical)
			diag_error(l->diag, f->file, f->line, "take warning and critical away, or choose another measure",
				   "fraud rule '%s' tells what happens for the first time, and has no threshold", f->name);
		return;
	}
	if (!f->warning && !f->critical)
		diag_error(l->diag, f->file, f->line, "add critical = 10, or another number",
			   "fraud rule '%s' has no threshold", f->name);
	if (f->measure != FRAUD_DURATION && (f->warning_timed || f->critical_timed))
		diag_error(l->diag, f->file, f->line, "write a number of calls, as critical = 10, or measure = duration",
			   "fraud rule '%s' counts calls, but its threshold is a time", f->name);
	else if (f->warning > most || f->critical > most)
		diag_error(l->diag, f->file, f->line, "10000 calls at most", "the thresholds of fraud rule '%s' are too high",
			   f->name);
	else if (f->critical && f->warning > f->critical)
		diag_error(l->diag, f->file, f->line, "set both, warning to the lower one, or to 0 for none",
			   "fraud rule '%s' warns at %u %s, but is critical at %u already", f->name, f->warning,
			   measure_unit(f->measure), f->critical);
}

/* What is no mistake, but does not do what it seems to. */
static void warn_of_silence(struct loader *l, const struct config_fraud *f)
{
	if (f->measure == FRAUD_SOURCE_COUNTRY && !l->cfg->calls.database)
		diag_warning(l->diag, f->file, f->line, "add database = /usr/share/GeoIP/… to [calls]",
			     "fraud rule '%s' needs to know where addresses are, and says nothing", f->name);
	if (f->measure == FRAUD_DURATION &&
	    ((f->warning && !f->warning_timed) || (f->critical && !f->critical_timed)))
		diag_warning(l->diag, f->file, f->line, "write its unit, as critical = 30m",
			     "a threshold of fraud rule '%s' has no unit, and is taken as seconds", f->name);
	if (f->ban && !f->critical)
		diag_warning(l->diag, f->file, f->line,
			     counts(f) ? "add critical = 10, or another number" : "take ban out of its action",
			     "fraud rule '%s' bans nobody, as it is never critical", f->name);
	/* The built-in ones wait for office hours; who writes a section does not. */
	if (f->line && f->hours == FRAUD_OFF && l->cfg->site.office_hours.count == 0)
		diag_warning(l->diag, f->file, f->line, "add office_hours = Mo-Fr 08:00-18:00, or yours, to [site]",
			     "fraud rule '%s' is for the time off, which is not known, and says nothing", f->name);
}

void finish_fraud(struct loader *l, struct config_fraud *f)
{
	if (!f->enabled)
		return;
	if (!f->measured) {
		tell_unmeasured(l, f);
		return;
	}
	check_thresholds(l, f);
	warn_of_silence(l, f);
}
