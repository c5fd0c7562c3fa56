/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int past_init(struct past *p)
{
	int r;

	*p = (struct past){ .rules = calloc(PAST_RULES_MAX, sizeof(struct past_rule)) };
	r = p->rules ? addr_map_init(&p->map) : -ENOMEM;
	if (r < 0)
		free(p->rules);
	return r;
}

static void free_ban(struct addr_map_link *item, void *userdata)
{
	struct past *p = userdata;

	addr_map_remove(&p->map, item);
	free(container_of(item, struct past_ban, link));
}

void past_done(struct past *p)
{
	if (!p->rules)
		return;
	addr_map_each(&p->map, free_ban, p);
	addr_map_done(&p->map);
	while (p->n_rules > 0)
		free(p->rules[--p->n_rules].name);
	free(p->rules);
	p->rules = NULL;
}

static struct past_rule *find_rule(struct past *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_rules; i++)
		if (strcmp(p->rules[i].name, name) == 0)
			return &p->rules[i];
	if (p->n_rules == PAST_RULES_MAX)
		return NULL;
	p->rules[p->n_rules].name = strdup(name);
	return p->rules[p->n_rules].name ? &p->rules[p->n_rules++] : NULL;
}

static struct past_ban *find_or_add(struct past *p, const struct addr *addr)
{
	struct addr_map_link *item = addr_map_find(&p->map, addr);
	struct past_ban *b;

	if (item)
		return container_of(item, struct past_ban, link);
	b = p->count < PAST_MAX ? calloc(1, sizeof(*b)) : NULL;
	if (!b)
		return NULL;
	b->link.addr = *addr;
	addr_map_add(&p->map, &b->link);
	p->count++;
	return b;
}

void past_note(struct past *p, const struct ban *b)
{
	struct past_ban *pb = find_or_add(p, &b->addr);
	struct past_rule *rule = find_rule(p, b->rule);
	usec_t from;

	if (rule) {
		rule->bans++;
		rule->total += b->end - b->start;
	}
	if (!pb) {
		p->forgotten++;
		return;
	}
	if (pb->bans++ == 0)
		pb->first = b->start;
	pb->observed += b->observed;
	if (b->proven)
		pb->proven[pb->n_proven++ % RULE_LADDER_MAX] = b->start;
	/* One that takes the place of another only adds what is longer. */
	from = b->start > pb->until ? b->start : pb->until;
	if (b->end > from)
		pb->total += b->end - from;
	pb->until = b->end > pb->until ? b->end : pb->until;
	pb->rule = rule ? rule->name : "?";
}

unsigned past_count(const struct past *p, const struct addr *addr, usec_t since)
{
	const struct past_ban *b = past_find(p, addr);
	unsigned i, n = 0, known = b && b->n_proven < RULE_LADDER_MAX ? b->n_proven : RULE_LADDER_MAX;

	for (i = 0; b && i < known; i++)
		n += b->proven[i] >= since;
	return n;
}

const struct past_ban *past_find(const struct past *p, const struct addr *addr)
{
	const struct addr_map_link *item = addr_map_find(&p->map, addr);

	return item ? container_of(item, struct past_ban, link) : NULL;
}

struct each_call {
	void (*fn)(void *userdata, const struct past_ban *b);
	void *userdata;
};

static void each_ban(struct addr_map_link *item, void *userdata)
{
	const struct each_call *call = userdata;

	call->fn(call->userdata, container_of(item, struct past_ban, link));
}

void past_each(const struct past *p, void (*fn)(void *userdata, const struct past_ban *b), void *userdata)
{
	struct each_call call = { fn, userdata };

	/* The map is only written through the function given, and this one does not. */
	addr_map_each((struct addr_map *)&p->map, each_ban, &call);
}
