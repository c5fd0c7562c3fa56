/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent and the audit add, and what keeps the report from being the whole truth. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_find.h"
#include "report_words.h"

void find_attacks(struct report *r)
{
	const struct attacks *a = &r->attacks;
	struct finding *f;

	if (!a->known)
		return;
	f = find_add(r, FINDING_NOTE, "attacks",
		     text_printf("sipwarden made %s ban%s of attackers (%s in the period before).",
				 words_count(a->bans).text, a->bans == 1 ? "" : "s", words_count(a->bans_before).text));
	if (a->journal)
		find_detail(f,
			    text_printf("Alerts: %s of forged log lines, %s of attacks on single accounts, %s of "
					"attacks from where your people log in, %s of bans that were held "
					"back, %s of calls that looked like fraud.",
					words_count(a->forgeries).text, words_count(a->account_attacks).text,
					words_count(a->friend_attacks).text, words_count(a->brakes).text,
					words_count(a->frauds).text));
	if (a->observed)
		f = find_add(r, FINDING_WARNING, "observe",
			     text_printf("%s bans were only observed, and not enforced.",
					 words_count(a->observed).text));
	if (a->observed)
		find_decide(f, "If those who were observed are attackers, set mode = enforce.");
}

void find_audit(struct report *r)
{
	const struct audited *a = &r->audited;
	struct finding *f;
	char *list = NULL;
	size_t i;

	if (!a->known || a->critical + a->warning == 0)
		return;
	f = find_add(r, a->critical ? FINDING_CRITICAL : FINDING_WARNING, "audit",
		     text_printf("The last audit of the gateway left %u critical and %u other findings open.",
				 a->critical, a->warning));
	for (i = 0; i < a->n_first; i++)
		find_append(&list, "%s%s", i ? " " : "", a->first[i]);
	find_detail(f, list);
	find_decide(f, "Have them mended, or accepted in the baseline with a reason.");
}

/* Days of the period, at its ends, of which there are no records. */
static void find_missing_days(struct report *r)
{
	const struct tally *t = &r->tally;
	struct finding *f;

	if (t->now.calls + t->inside == 0) {
		f = find_add(r, FINDING_CRITICAL, "no-records",
			     strdup("There are no records of calls in this period."));
		find_decide(f, "Find out whether the gateway writes records, and where.");
		return;
	}
	if (t->last < t->period.to - HOLIDAYS)
		find_add(r, FINDING_WARNING, "records-end",
			 text_printf("The records end on %s, before the period does.",
				     words_date(t->last).text));
	if (t->first > t->period.from + HOLIDAYS)
		find_add(r, FINDING_WARNING, "records-begin",
			 text_printf("The records begin on %s, later than the period.",
				     words_date(t->first).text));
	else if (!words_compares(r))
		find_add(r, FINDING_NOTE, "records-before",
			 text_printf("The records begin on %s, so that there is too little to compare with, and "
				     "little is known of who calls where.",
				     words_date(t->first).text));
}

static void find_malformed(struct report *r)
{
	const struct reading *g = &r->reading;
	struct finding *f;

	if (g->malformed == 0)
		return;
	f = find_add(r, g->malformed * 100 > g->records ? FINDING_WARNING : FINDING_NOTE, "malformed",
		     text_printf("%s of %s records could not be understood, and are not counted.",
				 words_count(g->malformed).text,
				 words_count(g->records + g->malformed).text));
	find_decide(f, "Look at them below. Nobody should be able to write such records on purpose.");
}

void find_gaps(struct report *r)
{
	const struct tally *t = &r->tally;
	struct finding *f;

	find_missing_days(r);
	find_malformed(r);
	if (r->reading.unread)
		find_add(r, FINDING_WARNING, "unread",
			 text_printf("%zu of %zu files of records could not be read.", r->reading.unread,
				     r->reading.files));
	if (t->dear.unpriced) {
		f = find_add(r, FINDING_NOTE, "unpriced",
			     text_printf("For %s abroad or to dear numbers the rates have no price.",
					 words_calls(t->dear.unpriced).text));
		find_decide(f, "Complete the table of rates: what stands behind a ≥ here is too little.");
	}
	if (r->reading.open)
		find_add(
			r, FINDING_NOTE, "open",
			text_printf(
				"%s have a beginning and no end in the records; their length counts as none.",
				words_calls(r->reading.open).text));
	if (t->accounts.lost || t->sources.lost || t->account_countries.lost || t->ranges.lost)
		find_add(r, FINDING_NOTE, "inexact",
			 text_printf("There are very many accounts or sources: figures of single ones may be "
				     "too small by up to %s calls.",
				     words_count(t->accounts.lost > t->sources.lost ? t->accounts.lost
										    : t->sources.lost)
					     .text));
	if (t->memory)
		find_add(r, FINDING_WARNING, "memory", strdup("Memory ran out, so not all was counted."));
}
