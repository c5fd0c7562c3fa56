/* SPDX-License-Identifier: GPL-2.0-or-later */
/* simulate: decisions as they come, and what they come to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "output.h"
#include "simulate.h"

/* Addresses named in the summary. */
#define MOST_MAX 10
#define TEXT_MAX 600

/* Seconds: whole ones as an integer. */
static json_t *seconds_json(usec_t span)
{
	if (span % USEC_PER_SEC == 0)
		return json_integer((json_int_t)(span / USEC_PER_SEC));
	return json_real((double)span / USEC_PER_SEC);
}

static json_t *accounts_json(const char *accounts)
{
	json_t *array = json_array();
	const char *end;

	for (; accounts && *accounts; accounts = *end ? end + 1 : end) {
		end = strchrnul(accounts, '\n');
		if (end > accounts)
			json_array_append_new(array, json_stringn(accounts, (size_t)(end - accounts)));
	}
	return array;
}

static json_t *ban_json(usec_t when, const char *action, const struct ban *b)
{
	char addr[ADDR_TEXT_MAX];

	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:I, s:b, s:b}", "time", output_time(when), "action", action, "address",
			 addr_format(&b->addr, addr), "rule", b->rule, "seconds", seconds_json(b->end - b->start), "count",
			 (json_int_t)b->count, "proven", b->proven, "observed", b->observed);
}

static void print_ban(void *userdata, usec_t when, const struct ban *b)
{
	const struct ctl *ctl = userdata;
	char time[TIME_TEXT_MAX], addr[ADDR_TEXT_MAX], span[TIMESPAN_TEXT_MAX], reason[TEXT_MAX];

	if (ctl->json) {
		json_t *o = ban_json(when, "ban", b);

		json_object_set_new(o, "reason", output_string(b->reason));
		json_object_set_new(o, "accounts", accounts_json(b->accounts));
		output_json(o);
		return;
	}
	printf("%s  ban    %-15s  for %s by %s%s%s: %s\n", time_format_local(when, time), addr_format(&b->addr, addr),
	       timespan_format(b->end - b->start, span), b->rule, b->proven ? "" : " (not proven)",
	       b->observed ? " (observed only)" : "", output_safe(b->reason, reason, sizeof(reason)));
}

static void print_lift(void *userdata, usec_t when, const struct ban *b, enum lift_cause cause)
{
	const struct ctl *ctl = userdata;
	char time[TIME_TEXT_MAX], addr[ADDR_TEXT_MAX];

	(void)cause;
	if (ctl->json)
		output_json(ban_json(when, "lift", b));
	else
		printf("%s  lift   %s\n", time_format_local(when, time), addr_format(&b->addr, addr));
}

static void print_alert(void *userdata, usec_t when, const struct alert *a)
{
	const struct ctl *ctl = userdata;
	char time[TIME_TEXT_MAX], addr[ADDR_TEXT_MAX] = "", text[TEXT_MAX];
	json_t *o;

	if (a->addr.family)
		addr_format(&a->addr, addr);
	if (!ctl->json) {
		printf("%s  alert  %-15s  %s: %s\n", time_format_local(when, time), addr, alert_name(a->kind),
		       output_safe(a->text, text, sizeof(text)));
		return;
	}
	o = json_pack("{s:o, s:s, s:s, s:o}", "time", output_time(when), "action", "alert", "kind", alert_name(a->kind),
		      "text", output_string(a->text));
	if (*addr)
		json_object_set_new(o, "address", json_string(addr));
	if (a->account)
		json_object_set_new(o, "account", output_string(a->account));
	output_json(o);
}

const struct replay_callbacks simulate_print_callbacks = { .ban = print_ban, .lift = print_lift, .alert = print_alert };

/* The summary */

struct most {
	const struct past_ban *bans[MOST_MAX];
	size_t n;
};

static bool is_more(const struct past_ban *a, const struct past_ban *b)
{
	if (a->bans != b->bans)
		return a->bans > b->bans;
	return a->total != b->total ? a->total > b->total : addr_compare(&a->link.addr, &b->link.addr) < 0;
}

/* Keeps the most banned, in order. */
static void consider(void *userdata, const struct past_ban *b)
{
	struct most *m = userdata;
	size_t at = m->n;

	while (at > 0 && is_more(b, m->bans[at - 1]))
		at--;
	if (at == MOST_MAX)
		return;
	if (m->n < MOST_MAX)
		m->n++;
	memmove(&m->bans[at + 1], &m->bans[at], (m->n - 1 - at) * sizeof(const struct past_ban *));
	m->bans[at] = b;
}

static json_t *rules_json(const struct past *p)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < p->n_rules; i++)
		json_object_set_new(o, p->rules[i].name, json_integer((json_int_t)p->rules[i].bans));
	return o;
}

static json_t *most_json(const struct most *m)
{
	json_t *array = json_array();
	char addr[ADDR_TEXT_MAX];
	size_t i;

	for (i = 0; i < m->n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:o, s:s}", "address", addr_format(&m->bans[i]->link.addr, addr),
						"bans", (json_int_t)m->bans[i]->bans, "seconds",
						seconds_json(m->bans[i]->total), "rule", m->bans[i]->rule));
	return array;
}

static void summary_json(const struct replay_stats *s, const struct past *p, const struct most *m)
{
	const struct decide_stats *d = &s->decide;
	json_t *o = json_object();
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "logs", s->logs },	      { "lines", s->lines },	    { "cut", s->cut },
		{ "future", s->future },      { "untimed", s->untimed },    { "events", d->events },
		{ "attempts", d->attempts },  { "bans", d->bans },	    { "lifts", d->lifts },
		{ "addresses", p->count },    { "in_force", d->active },    { "alerts", d->alerts },
		{ "crafted", d->crafted },    { "exempted", d->exempted },  { "unbannable", d->unbannable },
		{ "forged", d->forged },      { "spared", d->spared },	    { "braked", d->braked },
		{ "observed", d->observed },  { "forgotten", d->forgotten },
	};
	size_t i;

	json_object_set_new(o, "action", json_string("summary"));
	json_object_set_new(o, "first", output_time(s->first));
	json_object_set_new(o, "last", output_time(s->last));
	for (i = 0; i < ELEMENTSOF(numbers); i++)
		json_object_set_new(o, numbers[i].name, json_integer((json_int_t)numbers[i].value));
	json_object_set_new(o, "rules", rules_json(p));
	json_object_set_new(o, "most", most_json(m));
	output_json(o);
}

/* "N of WHAT", if there are any. */
static void print_if(uint64_t n, const char *what)
{
	if (n > 0)
		printf("%8" PRIu64 " %s\n", n, what);
}

static void print_counts(const struct replay_stats *s, const struct past *p)
{
	const struct decide_stats *d = &s->decide;
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];

	printf("\n%" PRIu64 " lines of %zu log%s", s->lines, s->logs, s->logs == 1 ? "" : "s");
	if (s->first && s->first <= s->last)
		printf(", from %s to %s", time_format_local(s->first, first), time_format_local(s->last, last));
	printf("\n%8" PRIu64 " events\n%8" PRIu64 " attempts\n%8" PRIu64 " bans of %zu addresses and networks, %zu in force "
	       "at the end\n",
	       d->events, d->attempts, d->bans, p->count, d->active);
	print_if(d->observed, "bans only observed");
	print_if(d->alerts, "alerts");
	print_if(d->crafted, "crafted lines, which count against nobody");
	print_if(d->exempted, "events of exempt addresses");
	print_if(d->unbannable, "events of addresses that are never banned");
	print_if(d->forged, "decisions given up, because the source had sent nothing");
	print_if(d->spared, "hits of friends that led to no ban");
	print_if(d->braked, "bans not made, because of the brakes");
	print_if(s->cut, "lines cut, because they are too long");
}

static void print_rules(const struct past *p)
{
	size_t i;

	for (i = 0; i < p->n_rules; i++)
		printf("%8" PRIu64 " bans by rule %s\n", p->rules[i].bans, p->rules[i].name);
}

static void print_most(const struct most *m)
{
	static const char *const headers[] = { "BANNED MOST", "BANS", "IN ALL", "FIRST", "LAST RULE", NULL };
	char text[TIME_TEXT_MAX], addr[ADDR_TEXT_MAX], span[TIMESPAN_TEXT_MAX];
	struct table t;
	size_t i;

	if (m->n == 0)
		return;
	putchar('\n');
	output_table_begin(&t, headers);
	for (i = 0; i < m->n; i++) {
		output_table_add(&t, addr_format(&m->bans[i]->link.addr, addr));
		snprintf(text, sizeof(text), "%" PRIu32, m->bans[i]->bans);
		output_table_add(&t, text);
		output_table_add(&t, timespan_format(m->bans[i]->total, span));
		output_table_add(&t, time_format_local(m->bans[i]->first, text));
		output_table_add(&t, m->bans[i]->rule);
	}
	output_table_print(&t);
}

void simulate_summary(const struct ctl *ctl, const struct replay *r)
{
	const struct past *p = replay_past(r);
	struct most most = { .n = 0 };
	struct replay_stats s;

	replay_stats(r, &s);
	past_each(p, consider, &most);
	if (ctl->json) {
		summary_json(&s, p, &most);
		return;
	}
	print_counts(&s, p);
	print_rules(p);
	print_most(&most);
}
