/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calls: who calls where, now and within the last hour. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "client.h"
#include "control/bus.h"
#include "facts.h"
#include "number/plan.h"
#include "output.h"

/* Calls of one account to one country, or kind of number of none. */
struct row {
	char *account, *where;
	unsigned running, over;
	usec_t talked; /* of those that are over */
};

#define WHERE_MAX 96

struct listing {
	struct row *rows;
	size_t n;
	json_t *calls; /* NULL: a table is printed */
};

struct call_view {
	const char *account, *number, *country, *kind, *source;
	usec_t start, end;
	int by_login;
};

static json_t *string_or_null(const char *text)
{
	return *text ? output_string(text) : json_null();
}

static json_t *call_json(const struct call_view *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "account", string_or_null(c->account), "number",
			 string_or_null(c->number), "country", string_or_null(c->country), "kind", output_string(c->kind),
			 "source", string_or_null(c->source), "source_of_login", c->by_login, "start", output_time(c->start),
			 "end", output_time(c->end));
}

static struct row *row_of(struct listing *l, const char *account, const char *where)
{
	struct row *longer;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->rows[i].account, account) == 0 && strcmp(l->rows[i].where, where) == 0)
			return &l->rows[i];
	longer = reallocarray(l->rows, l->n + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	l->rows = longer;
	l->rows[l->n] = (struct row){ .account = strdup(account), .where = strdup(where) };
	if (!l->rows[l->n].account || !l->rows[l->n].where) {
		free(l->rows[l->n].account);
		free(l->rows[l->n].where);
		return NULL;
	}
	return &l->rows[l->n++];
}

/* Premium numbers of a country are not what its others are. */
static const char *name_destination(const struct call_view *c, char buf[static WHERE_MAX])
{
	if (!*c->country)
		return c->kind;
	if (strcmp(c->kind, number_kind_name(NUMBER_ORDINARY)) == 0)
		return number_country_name(c->country);
	snprintf(buf, WHERE_MAX, "%s, %s", number_country_name(c->country), c->kind);
	return buf;
}

static int add_call(struct listing *l, const struct call_view *c)
{
	char where[WHERE_MAX];
	struct row *row;

	if (l->calls)
		return json_array_append_new(l->calls, call_json(c));
	row = row_of(l, *c->account ? c->account : "-", name_destination(c, where));
	if (!row)
		return -ENOMEM;
	row->running += c->end == 0;
	row->over += c->end != 0;
	row->talked += c->end > c->start ? c->end - c->start : 0;
	return 0;
}

static int read_calls(sd_bus_message *m, struct listing *l)
{
	struct call_view c;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_CALL ")");

	while (r > 0 && (r = sd_bus_message_read(m, "(" BUS_CALL ")", &c.account, &c.number, &c.country, &c.kind, &c.source,
						 &c.start, &c.end, &c.by_login)) > 0)
		if (add_call(l, &c) < 0)
			return -ENOMEM;
	return r;
}

/* The busiest first. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const unsigned n = x->running + x->over, k = y->running + y->over;

	if (n != k)
		return n < k ? 1 : -1;
	return strcmp(x->account, y->account) ? strcmp(x->account, y->account) : strcmp(x->where, y->where);
}

static void print_rows(const struct listing *l)
{
	static const char *const headers[] = { "ACCOUNT", "TO", "GOING ON", "LAST HOUR", "TALKED", NULL };
	char text[TIMESPAN_TEXT_MAX];
	struct table t;
	size_t i;

	output_table_begin(&t, headers);
	for (i = 0; i < l->n; i++) {
		const struct row *row = &l->rows[i];

		output_table_add(&t, row->account);
		output_table_add(&t, row->where);
		snprintf(text, sizeof(text), "%u", row->running);
		output_table_add(&t, text);
		snprintf(text, sizeof(text), "%u", row->over);
		output_table_add(&t, text);
		output_table_add(&t, timespan_format(row->talked, text));
	}
	output_table_print(&t);
}

static void print_facts(const json_t *facts)
{
	usec_t learning = (usec_t)facts_number(facts, "learning");
	char when[TIME_TEXT_MAX];

	if (!facts_number(facts, "since")) {
		puts("No call was seen yet: docs/gateways says what each gateway must log.");
		return;
	}
	printf("%lld calls seen, %lld warnings, %lld critical: see 'sipwarden alerts'.\n", facts_number(facts, "calls"),
	       facts_number(facts, "warnings"), facts_number(facts, "criticals"));
	if (!facts_number(facts, "ends"))
		puts("The logs do not tell when calls end, or not yet: those that go on are not counted.");
	if (learning)
		printf("Learning where this company calls until %s.\n", time_format_local(learning, when));
}

static int tell(const struct ctl *ctl, sd_bus_message *m)
{
	struct listing l = { .calls = ctl->json ? json_array() : NULL };
	json_t *facts = facts_read(m);
	int r = facts ? read_calls(m, &l) : -EBADMSG;

	if (r >= 0 && ctl->json) {
		json_object_set_new(facts, "since", output_time((usec_t)facts_number(facts, "since")));
		json_object_set_new(facts, "learning", output_time((usec_t)facts_number(facts, "learning")));
		output_json(json_pack("{s:O, s:O}", "facts", facts, "calls", l.calls));
	} else if (r >= 0) {
		if (l.n > 0)
			qsort(l.rows, l.n, sizeof(*l.rows), compare_rows);
		if (l.n > 0)
			print_rows(&l);
		print_facts(facts);
	}
	while (l.n > 0) {
		free(l.rows[--l.n].account);
		free(l.rows[l.n].where);
	}
	free(l.rows);
	json_decref(l.calls);
	json_decref(facts);
	return r < 0 ? client_bad_reply(r) : CTL_OK;
}

int cmd_calls(struct ctl *ctl, int argc, char **argv)
{
	return client_tell(ctl, argc, argv, "ListCalls", tell);
}
