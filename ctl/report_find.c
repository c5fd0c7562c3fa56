/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conclusions: what somebody who answers for the telephone bill must know and decide. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_find.h"
#include "report_words.h"

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {"critical", "warning", "note"};

	return names[level];
}

size_t report_count(const struct report *r, enum finding_level level)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_findings; i++)
		n += r->findings[i].level == level;
	return n;
}

struct finding *find_add(struct report *r, enum finding_level level, const char *kind, char *what)
{
	struct finding *f = &r->findings[r->n_findings];

	if (r->n_findings == FINDINGS_MAX || !what) {
		r->findings_dropped++;
		free(what);
		return NULL;
	}
	*f = (struct finding){.level = level, .kind = kind, .what = what};
	r->n_findings++;
	return f;
}

void find_detail(struct finding *f, char *detail)
{
	if (!f) {
		free(detail);
		return;
	}
	free(f->detail);
	f->detail = detail;
}

void find_decide(struct finding *f, const char *decide)
{
	if (f && !f->decide)
		f->decide = strdup(decide);
}

void find_append(char **text, const char *format, ...)
{
	_cleanup_free_ char *more = NULL;
	char *joined;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&more, format, ap) < 0)
		more = NULL;
	va_end(ap);
	joined = *text ? text_printf("%s%s", *text, more ? more : "") : strdup(more ? more : "");
	free(*text);
	*text = joined;
}

bool report_is_no_business(const struct report *r, const char *country)
{
	size_t i;

	for (i = 0; *country && i < r->n_no_business; i++)
		if (strcmp(r->no_business[i], country) == 0)
			return true;
	return false;
}

/* Of one country, whatever the kind. */
static struct sum country_sum(struct destination **all, size_t n, const char *country, int64_t *first)
{
	struct sum s = {.calls = 0};
	size_t i;

	*first = INT64_MAX;
	for (i = 0; i < n; i++) {
		if (strcmp(all[i]->country, country) != 0)
			continue;
		sum_add(&s, &all[i]->now);
		*first = all[i]->first < *first ? all[i]->first : *first;
	}
	return s;
}

/* Who called a country in this period: "100 (3 calls), 117 (1 call)". */
static char *callers_of(struct report *r, const char *country)
{
	struct pair **pairs;
	void **items;
	size_t n = heavy_sorted(&r->tally.account_countries, find_by_calls, &items), i, shown = 0;
	char *text = NULL;

	pairs = (struct pair **)items;
	for (i = 0; i < n; i++) {
		const struct heavy_item *item = &pairs[i]->item;
		const char *end = memchr(item->name, '\0', item->name_len);
		const size_t len = end ? (size_t)(end - item->name) : item->name_len;

		if (!end || item->name_len - len - 1 != strlen(country) ||
		    memcmp(end + 1, country, strlen(country)) != 0 || pairs[i]->now.calls == 0)
			continue;
		if (++shown > 3)
			continue;
		find_append(&text, "%s%s (%s)", shown > 1 ? ", " : "",
			    words_name((struct span){item->name, len}).text,
			    words_calls(pairs[i]->now.calls).text);
	}
	if (shown > 3)
		find_append(&text, " and %zu more", shown - 3);
	free(items);
	return text;
}

static void tell_no_business(struct report *r, const char *country, const struct sum *s)
{
	_cleanup_free_ char *callers = callers_of(r, country);
	struct finding *f = find_add(r, FINDING_CRITICAL, "no-business",
				     text_printf("%s to %s, where the company has no business.",
						 words_calls(s->calls).text, number_country_name(country)));

	find_detail(f, text_printf("%s of them answered: %s.%s%s%s", words_count(s->answered).text,
				   words_sum(r, s).text, callers ? " Called by " : "", callers ? callers : "",
				   callers ? "." : ""));
	find_decide(f, "Ask whoever has these accounts. If nobody made the calls, change the passwords and "
		       "tell the carrier today: "
		       "some hold payments back. Bar the country at the gateway and at the carrier.");
}

static void find_no_business(struct report *r, struct destination **all, size_t n)
{
	int64_t first;
	size_t i;

	for (i = 0; i < r->n_no_business; i++) {
		const struct sum s = country_sum(all, n, r->no_business[i], &first);

		if (s.calls > 0)
			tell_no_business(r, r->no_business[i], &s);
	}
}

/* Countries whose first call of all records is in the period. */
static void find_first_time(struct report *r, struct destination **all, size_t n)
{
	char *list = NULL;
	bool risky = false;
	size_t i, j, found = 0;

	if (r->tally.first == 0 || r->tally.first >= r->tally.period.from)
		return;
	for (i = 0; i < n; i++) {
		const char *country = all[i]->country;
		int64_t first;
		struct sum s;

		for (j = 0; j < i && strcmp(all[j]->country, country) != 0; j++)
			continue;
		if (!*country || j < i)
			continue;
		s = country_sum(all, n, country, &first);
		if (s.calls == 0 || first < r->tally.period.from)
			continue;
		risky |= all[i]->risky;
		if (++found <= 12)
			find_append(&list, "%s%s (%s, %s; first by %s)", found > 1 ? "; " : "",
				    number_country_name(country), words_calls(s.calls).text,
				    words_sum(r, &s).text, words_name(SPAN(all[i]->first_account)).text);
	}
	if (found > 12)
		find_append(&list, "; and %zu more", found - 12);
	if (found > 0) {
		struct finding *f = find_add(r, risky ? FINDING_WARNING : FINDING_NOTE, "first-time-country",
					     text_printf("%zu %s called for the first time.", found,
							 found == 1 ? "country was" : "countries were"));

		find_append(&list, ". The records begin on %s.", words_date(r->tally.first).text);
		find_detail(f, TAKE_PTR(list));
		find_decide(f, "Is there business with them? If not, put them on the list of countries that "
			       "nobody calls.");
	}
	free(list);
}

/* Premium, satellite and the like, each kind. */
static void find_special(struct report *r, struct destination **all, size_t n)
{
	struct sum now = {.calls = 0}, before = {.calls = 0};
	char *list = NULL, was[160] = "";
	struct finding *f;
	size_t i, shown = 0;

	for (i = 0; i < n; i++) {
		if (!tally_is_special_kind(all[i]->kind) || all[i]->now.calls + all[i]->before.calls == 0)
			continue;
		sum_add(&now, &all[i]->now);
		sum_add(&before, &all[i]->before);
		if (all[i]->now.calls && ++shown <= 8)
			find_append(&list, "%s%s: %s, %s", shown > 1 ? "; " : "",
				    words_destination(all[i]->country, all[i]->kind).text,
				    words_calls(all[i]->now.calls).text, words_sum(r, &all[i]->now).text);
	}
	if (now.calls > 0) {
		if (words_compares(r))
			snprintf(was, sizeof(was), " (%s in the period before)", words_count(before.calls).text);
		f = find_add(r, FINDING_WARNING, "special-numbers",
			     text_printf("%s to premium, satellite, personal or network numbers%s.",
					 words_calls(now.calls).text, was));
		find_append(&list, "%s.", shown > 8 ? "; and more" : "");
		find_detail(f, TAKE_PTR(list));
		find_decide(f, "If nobody needs such numbers, have the carrier bar them. That costs nothing, "
			       "and thieves earn by them.");
	}
	free(list);
}

static void find_off_hours(struct report *r, struct party **all, size_t n)
{
	const struct tally *t = &r->tally;
	struct finding *f;
	char *list = NULL;
	size_t i, shown = 0;

	if (!r->hours_known || t->off.calls == 0)
		return;
	for (i = 0; i < n && shown < 5; i++)
		if (all[i]->off.calls > 0)
			find_append(&list, "%s%s (%s, %s)", shown++ ? "; " : "",
				    words_item(&all[i]->item).text, words_calls(all[i]->off.calls).text,
				    words_sum(r, &all[i]->off).text);
	f = find_add(
		r, t->off.calls * 4 > t->dear.calls ? FINDING_WARNING : FINDING_NOTE, "off-hours",
		text_printf("%s of %s calls abroad or to dear numbers were made out of office hours: %s.",
			    words_count(t->off.calls).text, words_count(t->dear.calls).text,
			    words_sum(r, &t->off).text));
	find_append(&list, ".");
	find_detail(f, list);
	find_decide(f, "If nobody calls abroad at night and at weekends, let the gateway refuse it then.");
}

/* By half, and to a fiftieth of all. */
static bool grows(const struct report *r, const struct sum *is, const struct sum *was, const struct sum *all)
{
	if (words_priced(r, is, was))
		return was->cost && is->cost >= was->cost + was->cost / 2 && is->cost * 50 >= all->cost;
	return was->seconds && is->seconds >= was->seconds + was->seconds / 2 && is->seconds * 50 >= all->seconds;
}

/* What it cost, and against before. */
static void find_growth(struct report *r, struct destination **all, size_t n)
{
	const struct sum *now = &r->tally.dear, *before = &r->tally.dear_before;
	struct finding *f;
	char *list = NULL;
	size_t i, shown = 0;

	if (before->calls == 0 || !words_compares(r))
		return;
	for (i = 0; i < n && shown < 6; i++) {
		const struct sum *is = &all[i]->now, *was = &all[i]->before;

		if (!all[i]->abroad || !grows(r, is, was, now))
			continue;
		find_append(&list, "%s%s %s (%s)", shown++ ? "; " : "",
			    words_destination(all[i]->country, all[i]->kind).text, words_growth(r, is, was).text,
			    words_sum(r, is).text);
	}
	if (!list)
		return;
	f = find_add(r, FINDING_NOTE, "growth", strdup("Some destinations grew by half or more."));
	find_append(&list, ".");
	find_detail(f, list);
	find_decide(f, "Is it known why?");
}

/* qsort(3) does not keep the order of equals. */
static void sort_findings(struct report *r)
{
	struct finding sorted[FINDINGS_MAX];
	size_t n = 0, i;
	int level;

	for (level = FINDING_CRITICAL; level <= FINDING_NOTE; level++)
		for (i = 0; i < r->n_findings; i++)
			if (r->findings[i].level == (enum finding_level)level)
				sorted[n++] = r->findings[i];
	memcpy(r->findings, sorted, n * sizeof(*sorted));
}

void report_find(struct report *r)
{
	struct destination **destinations;
	struct party **accounts;
	const size_t n = report_destinations(r, &destinations), n_accounts = report_accounts(r, &accounts);

	find_no_business(r, destinations, n);
	find_accounts(r, accounts, n_accounts);
	find_special(r, destinations, n);
	find_first_time(r, destinations, n);
	find_off_hours(r, accounts, n_accounts);
	find_growth(r, destinations, n);
	find_attacks(r);
	find_audit(r);
	find_gaps(r);
	sort_findings(r);
	free(destinations);
	free(accounts);
}

void report_findings_done(struct report *r)
{
	while (r->n_findings > 0) {
		struct finding *f = &r->findings[--r->n_findings];

		free(f->what);
		free(f->detail);
		free(f->decide);
	}
}
