/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_reach.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Ways that are named together. */
#define WAYS_SHOWN 4

/* Addresses that are given to nobody on the internet (RFC 6890, RFC 4291 2.4). */
static const struct {
	number_t first, last;
} reserved4[] = {{0x00000000, 0x00ffffff}, {0x0a000000, 0x0affffff}, {0x64400000, 0x647fffff},
		 {0x7f000000, 0x7fffffff}, {0xa9fe0000, 0xa9feffff}, {0xac100000, 0xac1fffff},
		 {0xc0a80000, 0xc0a8ffff}, {0xe0000000, 0xffffffff}};

static struct ranges public_addresses(int family)
{
	struct ranges all = {.n = 0}, reserved = {.n = 0}, public;
	size_t i;

	if (family == AF_INET6) {
		/* 2000::/3 */
		ranges_append(&all, (number_t)1 << 125, ((number_t)1 << 126) - 1);
		return all;
	}
	for (i = 0; i < ELEMENTSOF(reserved4); i++)
		ranges_append(&reserved, reserved4[i].first, reserved4[i].last);
	all = ranges_all(32);
	public = ranges_minus(&all, &reserved);
	ranges_done(&all);
	ranges_done(&reserved);
	return public;
}

static const char *by(const char *rule, const char *none)
{
	return *rule ? rule : none;
}

static char *to_text(const struct walk_result *r, int family)
{
	struct ranges to = {.n = 0};
	char buf[RANGES_TEXT_MAX];
	char *text;

	ranges_append(&to, r->elsewhere_to, r->elsewhere_to);
	text = text_printf(family == AF_INET ? "%s:%u" : "[%s]:%u", ranges_text(&to, family, buf),
			   r->elsewhere_port);
	ranges_done(&to);
	return text;
}

/* Where a smaller part of the sources is passed on to; to is released. */
static char *with_others(char *text, const struct ranges *others, int family, char *to)
{
	char list[RANGES_TEXT_MAX];
	char *longer = others->n ? text_printf("%s; %s are passed on to %s", text ? text : "",
					       ranges_text(others, family, list), to ? to : "")
				 : NULL;

	free(to);
	if (!longer)
		return text;
	free(text);
	return longer;
}

/* Sources from which it is possible, and nothing else is. */
static struct ranges only(const struct ranges *these, const struct ranges *a, const struct ranges *b)
{
	struct ranges others = ranges_or(a, b), left = ranges_minus(these, &others);

	ranges_done(&others);
	return left;
}

/* Words for those of the public addresses that get through: all, most, or some. */
static enum reach_level judge_open(const struct ranges *through, const struct ranges *public, int family,
				   const char *allowed_by, bool limited, char **text)
{
	struct ranges missing = ranges_minus(public, through), strangers = ranges_and(public, through);
	double all = ranges_count(public), some = ranges_count(&strangers);
	char list[RANGES_TEXT_MAX];
	const char *rate = limited ? ", at a limited rate" : "",
		   *rule = by(allowed_by, "no rule says otherwise");
	enum reach_level level = some * 2 > all ? REACH_OPEN : REACH_LIMITED;

	if (missing.n == 0)
		*text = text_printf("open to all%s (%s)", rate, rule);
	else if (level == REACH_OPEN)
		*text = text_printf("open to all but %s%s (%s)", ranges_text(&missing, family, list), rate,
				    rule);
	else
		*text = text_printf("limited to %s%s (%s)", ranges_text(through, family, list), rate, rule);
	ranges_done(&missing);
	ranges_done(&strangers);
	return level;
}

static void judge(const struct walk_result *r, int family, const char *unseen, struct reach_way *way)
{
	struct ranges public = public_addresses(family);
	struct ranges arrives = only(&r->arrives, &r->dropped, &r->elsewhere),
		      elsewhere = only(&r->elsewhere, &r->dropped, &r->arrives),
		      blocked = only(&r->dropped, &r->arrives, &r->elsewhere), told, unknown, strangers;
	bool goes_on = ranges_count(&elsewhere) > ranges_count(&arrives);
	_cleanup_free_ char *to = goes_on ? to_text(r, family) : NULL, *open = NULL;
	struct ranges *through = goes_on ? &elsewhere : &arrives;

	strangers = ranges_and(through, &public);
	told = ranges_or(through, &blocked);
	unknown = ranges_minus(&public, &told);
	if (unseen || told.failed || unknown.failed) {
		way->level = REACH_UNKNOWN;
		way->text = text_printf("not decidable, because %s", unseen ? unseen : "memory is short");
	} else if (ranges_count(&strangers) * 2 <= ranges_count(&public) && unknown.n > 0) {
		way->level = REACH_UNKNOWN;
		way->text = text_printf("not decidable, because %s",
					by(r->unknown_by, "it is passed on for a part of the sources"));
	} else if (through->n == 0) {
		way->level = REACH_BLOCKED;
		way->text = text_printf("blocked by %s", by(r->dropped_by, "the ruleset"));
	} else {
		way->level = judge_open(through, &public, family, r->allowed_by, r->limited, &open);
		way->text = goes_on ? text_printf("passed on to %s, there %s", to ? to : "", open ? open : "")
				    : TAKE_PTR(open);
	}
	if (!goes_on)
		way->text = with_others(way->text, &elsewhere, family, to_text(r, family));
	ranges_done(&public);
	ranges_done(&arrives);
	ranges_done(&elsewhere);
	ranges_done(&blocked);
	ranges_done(&told);
	ranges_done(&unknown);
	ranges_done(&strangers);
}

static bool takes(const struct socket_at *s, int family)
{
	return s->family == family || (s->any && s->family == AF_INET6);
}

static bool is_loopback(const struct socket_at *s)
{
	return s->family == AF_INET ? s->address >> 24 == 127 : s->address == 1;
}

void reach_try(struct ruleset *rules, const struct host *host, const struct socket_at *s, int family,
	       const uint16_t *ports, size_t n_ports, struct reach_report *ret)
{
	size_t i, j;

	*ret = (struct reach_report){.n = 0};
	if (!takes(s, family) || is_loopback(s))
		return;
	for (i = 0; i < host->n; i++) {
		const struct host_route *r = &host->routes[i];
		struct packet p = {
			.family = family, .protocol = s->protocol, .here = true, .in = r->interface};

		if (r->family != family || !*r->interface)
			continue;
		p.to = s->any ? r->own : s->address;
		for (j = 0; j < n_ports; j++) {
			struct walk_result result;
			struct reach_way *way = &ret->ways[ret->n];

			ret->full |= ret->n == REACH_WAYS_MAX;
			if (ret->full)
				return;
			p.port = ports[j];
			walk(rules, host, &p, &result);
			*way = (struct reach_way){.interface = r->interface, .port = ports[j]};
			judge(&result, family, rules->unseen, way);
			walk_done(&result);
			ret->n++;
		}
	}
}

void reach_done(struct reach_report *r)
{
	while (r->n > 0)
		free(r->ways[--r->n].text);
}

enum reach_level reach_worst(const struct reach_report *r)
{
	enum reach_level worst = REACH_NEVER;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->ways[i].level > worst)
			worst = r->ways[i].level;
	return worst;
}

static bool same_text(const struct reach_way *a, const struct reach_way *b)
{
	return a->text && b->text && strcmp(a->text, b->text) == 0;
}

/* Whether an earlier way said the same. */
static bool is_said(const struct reach_report *r, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (same_text(&r->ways[j], &r->ways[i]))
			return true;
	return false;
}

/* Whether not all ways have this interface, or this port. */
static void differs(const struct reach_report *r, bool *interfaces, bool *ports)
{
	size_t i;

	*interfaces = *ports = false;
	for (i = 1; i < r->n; i++) {
		*interfaces |= strcmp(r->ways[i].interface, r->ways[0].interface) != 0;
		*ports |= r->ways[i].port != r->ways[0].port;
	}
}

/* " through eth0 at 5060, eth1 at 5060": the ways on which it is as on this one. */
static void where_text(const struct reach_report *r, size_t i, char buf[static RANGES_TEXT_MAX])
{
	bool interfaces, ports;
	size_t j, at = 0, shown = 0;

	differs(r, &interfaces, &ports);
	*buf = '\0';
	for (j = i; j < r->n; j++) {
		const struct reach_way *w = &r->ways[j];
		char port[16] = "";

		if (!same_text(w, &r->ways[i]))
			continue;
		if (shown++ == WAYS_SHOWN) {
			snprintf(buf + at, RANGES_TEXT_MAX - at, " and others");
			break;
		}
		if (ports)
			snprintf(port, sizeof(port), " at %u", w->port);
		at += (size_t)snprintf(buf + at, RANGES_TEXT_MAX - at, "%s%s%s%s", shown > 1 ? "," : "",
				       interfaces ? " through " : "", interfaces ? w->interface : "", port);
	}
}

char *reach_text(const struct reach_report *r, int family)
{
	char *all = NULL, where[RANGES_TEXT_MAX] = "";
	size_t i, said = 0;

	for (i = 0; i < r->n; i++)
		said += !is_said(r, i);
	for (i = 0; i < r->n; i++) {
		_cleanup_free_ char *before = NULL;

		if (is_said(r, i))
			continue;
		before = all;
		if (said > 1)
			where_text(r, i, where);
		all = text_printf("%s%s%s: %s",
				  before	      ? before
				  : family == AF_INET ? "IPv4"
						      : "IPv6",
				  before ? ";" : "", where, r->ways[i].text ? r->ways[i].text : "?");
	}
	return all;
}
