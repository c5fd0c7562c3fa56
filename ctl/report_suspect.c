/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accounts look as if somebody else had them; and what is sorted by what. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_find.h"
#include "report_words.h"

/* Dear calls that begin in one quarter of an hour. A person makes a few. */
#define BURST_MANY 10
#define BURST_MACHINE 20
/* Numbers of one range within a day, which differ in their last three digits: few people call ten of one
 * company. */
#define SEQUENCE_MANY 10
#define SEQUENCE_MACHINE 25
/* Calls to premium numbers and the like; each about so long, or longer. */
#define DRIP_CALLS 3
#define DRIP_SECONDS 900
/* It costs so many times what it cost before, and so much of all, in percent. */
#define LEAP 5
#define LEAP_SHARE 5
#define SUSPICION_SURE 3

static int by_name(const struct heavy_item *a, const struct heavy_item *b)
{
	const size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	const int order = memcmp(a->name, b->name, n);

	return order ? order : (int)a->name_len - (int)b->name_len;
}

/* By cost, then talk, then calls. */
static int by_sum(const struct sum *a, const struct sum *b)
{
	if (a->cost != b->cost)
		return a->cost > b->cost ? -1 : 1;
	if (a->seconds != b->seconds)
		return a->seconds > b->seconds ? -1 : 1;
	return (a->calls < b->calls) - (a->calls > b->calls);
}

/* Nobody knows how dear; so it shall be seen. */
static bool special_unpriced(const struct destination *d)
{
	return d->now.unpriced && (d->risky || tally_is_special_kind(d->kind));
}

static int by_destination(const void *a, const void *b)
{
	const struct destination *x = *(struct destination *const *)a, *y = *(struct destination *const *)b;
	int order = (int)special_unpriced(y) - (int)special_unpriced(x);

	if (!order)
		order = by_sum(&x->now, &y->now);
	return order ? order : by_name(&x->item, &y->item);
}

static int by_party(const void *a, const void *b)
{
	const struct party *x = *(struct party *const *)a, *y = *(struct party *const *)b;
	int order = by_sum(&x->dear, &y->dear);

	if (!order)
		order = by_sum(&x->now, &y->now);
	return order ? order : by_name(&x->item, &y->item);
}

int find_by_calls(const void *a, const void *b)
{
	const struct pair *x = *(struct pair *const *)a, *y = *(struct pair *const *)b;

	if (x->now.calls != y->now.calls)
		return x->now.calls > y->now.calls ? -1 : 1;
	return by_name(&x->item, &y->item);
}

static int by_numbers(const void *a, const void *b)
{
	const struct range *x = *(struct range *const *)a, *y = *(struct range *const *)b;
	const unsigned n = run_numbers(range_run(x)), m = run_numbers(range_run(y));

	if (n != m)
		return n > m ? -1 : 1;
	return by_name(&x->item, &y->item);
}

size_t report_destinations(struct report *r, struct destination ***ret)
{
	return heavy_sorted(&r->tally.destinations, by_destination, (void ***)ret);
}

size_t report_accounts(struct report *r, struct party ***ret)
{
	return heavy_sorted(&r->tally.accounts, by_party, (void ***)ret);
}

size_t report_sources(struct report *r, struct party ***ret)
{
	return heavy_sorted(&r->tally.sources, by_party, (void ***)ret);
}

size_t report_sequences(struct report *r, struct range ***ret)
{
	size_t n = heavy_sorted(&r->tally.ranges, by_numbers, (void ***)ret);

	while (n > 0 && run_numbers(range_run((*ret)[n - 1])) < SEQUENCE_MANY)
		n--;
	return n;
}

/* What other tables say of an account */

static void mark_sequences(struct report *r)
{
	struct range **ranges;
	size_t n = report_sequences(r, &ranges);

	/* From the fewest on, so that the most numbers stay. */
	while (n > 0) {
		const struct heavy_item *item = &ranges[--n]->item;
		const char *blank = memrchr(item->name, ' ', item->name_len);
		struct party *p =
			heavy_find(&r->tally.accounts, item->name, blank ? (size_t)(blank - item->name) : 0);

		if (p)
			p->sequence = ranges[n];
	}
	free(ranges);
}

static void mark_banned(struct hash_link *link, void *userdata)
{
	const struct pair *pair = (const struct pair *)container_of(link, struct heavy_item, link);
	const struct heavy_item *item = &pair->item;
	const char *end = memchr(item->name, '\0', item->name_len);
	struct report *r = userdata;
	const struct heavy_item *ban;
	struct party *p;

	if (!end || pair->now.calls == 0 || !r->attacks.known)
		return;
	ban = heavy_find(&r->attacks.banned, end + 1, item->name_len - (size_t)(end + 1 - item->name));
	p = ban ? heavy_find(&r->tally.accounts, item->name, (size_t)(end - item->name)) : NULL;
	if (p)
		p->banned = ban;
}

static void mark_tried(struct report *r, struct party **accounts, size_t n)
{
	const struct heavy_item *tried;
	size_t i;

	for (i = 0; i < n && r->attacks.known; i++) {
		tried = heavy_find(&r->attacks.tried, accounts[i]->item.name, accounts[i]->item.name_len);
		accounts[i]->tried = tried ? tried->weight : 0;
	}
}

/* How much each sign weighs */

static bool off_burst(const struct report *r, const struct party *p)
{
	return r->hours_known && p->burst.slot && !r->tally.in_office(r->tally.userdata, p->burst.slot);
}

static unsigned burst_weight(const struct report *r, const struct party *p)
{
	if (p->burst.calls < BURST_MANY)
		return 0;
	if (off_burst(r, p) || p->burst.calls >= BURST_MACHINE)
		return 3;
	return 1;
}

static bool drips(const struct party *p)
{
	return p->special.answered >= DRIP_CALLS && p->special.seconds / p->special.answered >= DRIP_SECONDS;
}

static bool mostly_off(const struct party *p)
{
	return p->off.calls >= 5 && p->off.calls * 2 >= p->dear.calls;
}

static unsigned sequence_weight(const struct party *p)
{
	const struct run *run = p->sequence ? range_run(p->sequence) : NULL;

	if (!run)
		return 0;
	return run_numbers(run) >= SEQUENCE_MACHINE || run->brief * 2 > run->calls ? 3 : 1;
}

/* Much more than before, and much of all. */
static bool leaps(const struct report *r, const struct party *p)
{
	const bool cost = words_priced(r, &p->now, &p->before);
	const uint64_t now = cost ? (uint64_t)p->now.cost : p->dear.seconds;
	const uint64_t before = cost ? (uint64_t)p->before.cost : p->before.seconds;
	const uint64_t all = cost ? (uint64_t)r->tally.dear.cost : r->tally.dear.seconds;

	return words_compares(r) && p->before.calls > 0 && now > before * LEAP && now * 100 > all * LEAP_SHARE;
}

unsigned report_suspicion(struct report *r, const struct party *p)
{
	unsigned n = burst_weight(r, p);

	n += p->broke.tries ? 2 : 0;
	n += p->stranger.when ? 3 : 0;
	n += sequence_weight(p);
	n += leaps(r, p) ? 1 : 0;
	n += p->banned && p->dear.answered ? 3 : 0;
	n += p->tried && n ? 1 : 0;
	n += drips(p) ? 2 : 0;
	n += drips(p) && p->special_off.calls >= DRIP_CALLS ? 1 : 0;
	n += mostly_off(p) ? 1 : 0;
	return n;
}

static const char *place_name(const char *country)
{
	return *country ? number_country_name(country) : "satellite or network numbers";
}

/* Each sign that is there, as a sentence. */
static char *signs_of(const struct report *r, const struct party *p)
{
	char *text = NULL;

	if (p->burst.calls >= BURST_MANY)
		find_append(&text, " %s to dear numbers began within a quarter of an hour, on %s%s.",
			    words_calls(p->burst.calls).text, words_moment(p->burst.slot).text,
			    off_burst(r, p) ? ", out of office hours" : "");
	if (p->broke.tries)
		find_append(&text, " %s in a row failed, and then one to %s went through, on %s.",
			    words_calls(p->broke.tries).text, place_name(p->broke.country),
			    words_moment(p->broke.when).text);
	if (p->stranger.when)
		find_append(&text,
			    " From an address that it was never seen with, %s, it called %s for the first "
			    "time, on %s.",
			    words_name(SPAN(p->stranger.source)).text, place_name(p->stranger.country),
			    words_moment(p->stranger.when).text);
	if (p->sequence)
		find_append(&text, " It called %u numbers of one range in %s within a day, from %s.",
			    run_numbers(range_run(p->sequence)), place_name(p->sequence->country),
			    words_moment(range_run(p->sequence)->first).text);
	if (drips(p))
		find_append(&text,
			    " %s to premium, satellite or such numbers, or to countries known for fraud, "
			    "lasted %s each; "
			    "%s of these were made out of office hours.",
			    words_calls(p->special.answered).text,
			    words_talk(p->special.seconds / p->special.answered).text,
			    words_count(p->special_off.calls).text);
	if (leaps(r, p))
		find_append(&text, " In the period before it was %s.", words_sum(r, &p->before).text);
	if (mostly_off(p))
		find_append(&text, " %s of its %s dear calls were made out of office hours.",
			    words_count(p->off.calls).text, words_count(p->dear.calls).text);
	if (p->banned)
		find_append(&text, " It called from %s, which was banned in this period.",
			    words_item(p->banned).text);
	if (p->tried)
		find_append(&text, " Its password was tried by %s banned %s.", words_count(p->tried).text,
			    p->tried == 1 ? "source" : "sources");
	return text;
}

static void tell_account(struct report *r, const struct party *p, bool sure)
{
	_cleanup_free_ char *signs = signs_of(r, p);
	const bool nameless = p->item.name_len == 0;
	char *what = nameless ? strdup("Calls without an account look as if a stranger made them.")
		     : sure   ? text_printf("Account %s looks as if somebody else had it.",
					    words_item(&p->item).text)
			      : text_printf("Account %s made calls that are worth a question.",
					    words_item(&p->item).text);
	struct finding *f = find_add(r, sure ? FINDING_CRITICAL : FINDING_WARNING,
				     sure ? "stolen-account" : "unusual-account", what);

	find_detail(f, text_printf("%s to dear numbers, %s.%s", words_calls(p->dear.calls).text,
				   words_sum(r, &p->dear).text, signs ? signs : ""));
	if (nameless)
		find_decide(f, "Find out which extension forwards its calls, or which door lets strangers "
			       "dial out, and close it.");
	find_decide(f, sure ? "Change its password now, and look at its call forwarding. If whoever has it "
			      "did not make the calls, tell "
			      "the carrier."
			    : "Ask whoever has it.");
}

#define ACCOUNTS_TOLD 20

void find_accounts(struct report *r, struct party **accounts, size_t n)
{
	size_t i, sure = 0, unusual = 0;

	mark_sequences(r);
	hash_table_each(&r->tally.account_sources.table, mark_banned, r);
	mark_tried(r, accounts, n);
	for (i = 0; i < n; i++) {
		const unsigned suspicion = report_suspicion(r, accounts[i]);

		if (suspicion < SUSPICION_SURE - 1)
			continue;
		if (suspicion >= SUSPICION_SURE ? ++sure <= ACCOUNTS_TOLD : ++unusual <= ACCOUNTS_TOLD / 2)
			tell_account(r, accounts[i], suspicion >= SUSPICION_SURE);
		else
			r->findings_dropped++;
	}
}
