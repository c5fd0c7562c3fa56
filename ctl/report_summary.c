/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_find.h"
#include "report_words.h"

char *report_title(const struct report *r)
{
	const struct period *p = &r->tally.period;

	return text_printf("Calls of %s, %s to %s", words_name(SPAN(r->name)).text, words_date(p->from).text,
			   words_date(p->to - 1).text);
}

/* Against the period before: by cost, or minutes. */
static void add_comparison(char **text, const struct report *r)
{
	const struct sum *now = &r->tally.dear, *before = &r->tally.dear_before;
	const bool cost = words_priced(r, now, before);
	const int64_t days = (r->tally.period.to - r->tally.period.from) / 86400;

	if (words_compares(r) && (cost ? before->cost > 0 : before->seconds > 0))
		find_append(text, " In the %lld days before it was %s (%s).", (long long)days,
			    cost ? words_money(r, before->cost).text : words_talk(before->seconds).text,
			    words_growth(r, now, before).text);
}

static void add_verdict(char **text, const struct report *r)
{
	const size_t critical = report_count(r, FINDING_CRITICAL), warning = report_count(r, FINDING_WARNING);

	if (critical > 0)
		find_append(text, " %zu %s for action today", critical,
			    critical == 1 ? "thing calls" : "things call");
	if (critical > 0 && warning > 0)
		find_append(text, ", and %zu %s to be decided", warning, warning == 1 ? "is" : "are");
	else if (warning > 0)
		find_append(text, " Nothing calls for action today; %zu %s to be decided", warning,
			    warning == 1 ? "thing is" : "things are");
	else if (critical == 0)
		find_append(text, " Nothing was found that has to be decided");
	find_append(text, ".");
}

char *report_summary(const struct report *r)
{
	const struct tally *t = &r->tally;
	char *text = NULL;

	if (t->now.calls == 0 && t->inside == 0) {
		find_append(&text, "No records of calls were found in this period.");
		add_verdict(&text, r);
		return text;
	}
	find_append(&text, "%s left the house, and %s of them were answered.", words_calls(t->now.calls).text,
		    words_count(t->now.answered).text);
	find_append(&text, " %s went abroad or to numbers that cost more than a usual call: %s.",
		    words_count(t->dear.calls).text, words_sum(r, &t->dear).text);
	add_comparison(&text, r);
	if (t->emergency)
		find_append(&text, " %s to emergency numbers.", words_calls(t->emergency).text);
	add_verdict(&text, r);
	return text;
}
