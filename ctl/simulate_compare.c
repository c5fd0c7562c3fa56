/* SPDX-License-Identifier: GPL-2.0-or-later */
/* simulate --against: whom one configuration bans otherwise than another. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "output.h"
#include "simulate.h"

/* In the order in which they are printed. */
enum change { ADDED, REMOVED, LONGER, SHORTER, EARLIER, LATER, SAME };
#define CHANGES 7

static const struct {
	const char *name, *text;
} changes[CHANGES] = {
	[ADDED] = { "added", "banned only by this one" },
	[REMOVED] = { "removed", "banned only by the other" },
	[LONGER] = { "longer", "banned for longer" },
	[SHORTER] = { "shorter", "banned for less long" },
	[EARLIER] = { "earlier", "banned as long, but earlier" },
	[LATER] = { "later", "banned as long, but later" },
	[SAME] = { "same", "banned alike" },
};

struct pair {
	struct addr addr;
	const struct past_ban *ours, *theirs; /* NULL: none */
	enum change change;
};

struct comparison {
	const struct past *ours, *theirs;
	struct pair *pairs;
	size_t n, by_change[CHANGES];
};

static enum change change_of(const struct past_ban *ours, const struct past_ban *theirs)
{
	if (!theirs)
		return ADDED;
	if (!ours)
		return REMOVED;
	if (ours->total != theirs->total)
		return ours->total > theirs->total ? LONGER : SHORTER;
	if (ours->first != theirs->first)
		return ours->first < theirs->first ? EARLIER : LATER;
	return SAME;
}

static void add_pair(struct comparison *c, const struct addr *addr)
{
	struct pair *p = &c->pairs[c->n++];

	p->addr = *addr;
	p->ours = past_find(c->ours, addr);
	p->theirs = past_find(c->theirs, addr);
	p->change = change_of(p->ours, p->theirs);
	c->by_change[p->change]++;
}

static void add_ours(void *userdata, const struct past_ban *b)
{
	add_pair(userdata, &b->link.addr);
}

static void add_theirs(void *userdata, const struct past_ban *b)
{
	struct comparison *c = userdata;

	if (!past_find(c->ours, &b->link.addr))
		add_pair(c, &b->link.addr);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *one = a, *two = b;

	if (one->change != two->change)
		return one->change < two->change ? -1 : 1;
	return addr_compare(&one->addr, &two->addr);
}

static json_t *side_json(const struct past_ban *b)
{
	if (!b)
		return json_null();
	return json_pack("{s:I, s:I, s:o, s:s, s:I}", "bans", (json_int_t)b->bans, "seconds",
			 (json_int_t)(b->total / USEC_PER_SEC), "first", output_time(b->first), "rule", b->rule, "observed",
			 (json_int_t)b->observed);
}

static void print_json(const struct comparison *c, bool summary)
{
	char addr[ADDR_TEXT_MAX];
	json_t *o;
	size_t i;

	for (i = 0; i < c->n; i++)
		output_json(json_pack("{s:s, s:s, s:s, s:o, s:o}", "action", "compare", "address",
				      addr_format(&c->pairs[i].addr, addr), "change", changes[c->pairs[i].change].name,
				      "config", side_json(c->pairs[i].ours), "against", side_json(c->pairs[i].theirs)));
	if (!summary)
		return;
	o = json_pack("{s:s}", "action", "summary");
	for (i = 0; i < CHANGES; i++)
		json_object_set_new(o, changes[i].name, json_integer((json_int_t)c->by_change[i]));
	output_json(o);
}

static void add_side(struct table *t, const struct past_ban *b)
{
	char text[200], span[TIMESPAN_TEXT_MAX], first[TIME_TEXT_MAX];

	if (b)
		snprintf(text, sizeof(text), "%u ban%s, %s, first %s, %s%s", b->bans, b->bans == 1 ? "" : "s",
			 timespan_format(b->total, span), time_format_local(b->first, first), b->rule,
			 b->observed ? " (observed)" : "");
	output_table_add(t, b ? text : "-");
}

static void print_table(const struct comparison *c, const char *ours, const char *theirs)
{
	const char *const headers[] = { "CHANGE", "ADDRESS", ours, theirs, NULL };
	char addr[ADDR_TEXT_MAX];
	struct table t;
	size_t i;

	output_table_begin(&t, headers);
	for (i = 0; i < c->n && c->pairs[i].change != SAME; i++) {
		output_table_add(&t, changes[c->pairs[i].change].name);
		output_table_add(&t, addr_format(&c->pairs[i].addr, addr));
		add_side(&t, c->pairs[i].ours);
		add_side(&t, c->pairs[i].theirs);
	}
	output_table_print(&t);
	putchar('\n');
}

static void print_text(const struct comparison *c, const char *ours, const char *theirs)
{
	char one[200], other[200];
	size_t i;

	output_safe(ours, one, sizeof(one));
	output_safe(theirs, other, sizeof(other));
	if (c->n > c->by_change[SAME])
		print_table(c, one, other);
	printf("%s, against %s: %zu addresses and networks\n", one, other, c->n);
	for (i = 0; i < CHANGES; i++)
		printf("%8zu %s\n", c->by_change[i], changes[i].text);
}

void simulate_compare(const struct ctl *ctl, const struct replay *r, const struct replay *against,
		      const char *against_path, bool summary)
{
	struct comparison c = { .ours = replay_past(r), .theirs = replay_past(against) };

	c.pairs = calloc(c.ours->count + c.theirs->count + 1, sizeof(*c.pairs));
	if (!c.pairs) {
		fprintf(stderr, "sipwarden: out of memory\n");
		return;
	}
	past_each(c.ours, add_ours, &c);
	past_each(c.theirs, add_theirs, &c);
	qsort(c.pairs, c.n, sizeof(*c.pairs), compare_pairs);
	if (ctl->json)
		print_json(&c, summary);
	else
		print_text(&c, ctl->config_path, against_path);
	free(c.pairs);
}
