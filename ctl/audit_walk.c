/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_walk.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_value.h"
#include "base/text.h"

/* As in the kernel (NFT_JUMP_STACK_SIZE). */
#define DEPTH_MAX 16
/* Destinations that rules give one packet. */
#define BRANCHES_MAX 32
/* Verdicts of one map, together with the chains it leads to. */
#define VERDICTS_MAX 256
/* linux/netfilter_ipv4.h: NF_IP_PRI_CONNTRACK. Before it, no packet has a connection. */
#define PRIORITY_CONNTRACK (-200)
#define PRIORITY_LAST 2147483647L

/* A packet on its way, and for which sources it may be there. */
struct branch {
	struct packet packet;
	struct ranges sources;
	size_t next; /* base chain of prerouting */
};

struct walk {
	struct ruleset *rules;
	const struct host *host;
	struct packet packet;
	struct walk_result *result;
	struct branch *branches;
	size_t n_branches, next_chain;
	struct ranges accepted; /* by the base chain that is walked */
	const struct nft_chain *chain;
	const json_t *rule;
	const char *pending; /* what a condition of this rule depends on */
	bool within;	     /* a limit of this rule */
	unsigned partial;    /* jumps that not all sources took */
	bool translated;     /* no other rule changes the destination */
	double most_allowed, most_dropped;
};

/* Sources that may have come to a statement of a rule, and those that surely have. */
struct reach {
	struct ranges maybe, sure;
	bool whole; /* all that came to the rule: both sets are left empty */
};

static struct ranges walk_chain(struct walk *w, const struct nft_chain *chain, const struct ranges *in,
				unsigned depth);

/* Words */

static void describe(const struct walk *w, const char *because, char buf[static WALK_WHY_MAX])
{
	const struct nft_chain *c = w->chain;
	char table[64], chain[64];

	text_printable(SPAN(c->table), table, sizeof(table));
	text_printable(SPAN(c->name), chain, sizeof(chain));
	if (w->rule)
		snprintf(buf, WALK_WHY_MAX, "rule (table %s %s, chain %s, handle %lld)%s%s", c->family, table,
			 chain, (long long)json_integer_value(json_object_get(w->rule, "handle")),
			 because ? " depends on " : "", because ? because : "");
	else
		snprintf(buf, WALK_WHY_MAX, "the policy of table %s %s, chain %s", c->family, table, chain);
}

static void doubt(struct walk *w, const char *because)
{
	if (!*w->result->unknown_by && w->chain)
		describe(w, because ? because : "what is not understood", w->result->unknown_by);
}

/* Verdicts */

static void join(struct ranges *to, const struct ranges *more)
{
	if (more->n || more->failed)
		ranges_become(to, ranges_or(to, more));
}

static void take(struct ranges *from, const struct ranges *these)
{
	if (these->n || these->failed)
		ranges_become(from, ranges_minus(from, these));
}

static void on_drop(struct walk *w, const struct ranges *sources)
{
	double n = ranges_count(sources);

	join(&w->result->dropped, sources);
	if (n > w->most_dropped) {
		w->most_dropped = n;
		describe(w, NULL, w->result->dropped_by);
	}
}

/* The last chain that lets them through has the last word. */
static void on_accept(struct walk *w, const struct ranges *sources)
{
	double n = ranges_count(sources);

	join(&w->accepted, sources);
	if (n > w->most_allowed) {
		w->most_allowed = n;
		w->result->limited = w->within;
		describe(w, NULL, w->result->allowed_by);
	}
}

/* From now on those sources are on a way of their own. False: it cannot be told where they go. */
static bool on_translate(struct walk *w, const char *kind, const json_t *to, const struct ranges *sources)
{
	const json_t *address = json_object_get(to, "addr"), *port = json_object_get(to, "port");
	struct branch *b = &w->branches[w->n_branches];
	struct packet p = w->packet;

	if (w->n_branches == BRANCHES_MAX || (port && !json_is_integer(port)))
		return false;
	if (address &&
	    (!json_is_string(address) || !match_address(json_string_value(address), p.family, &p.to)))
		return false;
	if (port)
		p.port = (uint16_t)json_integer_value(port);
	p.here = strcmp(kind, "redirect") == 0 || host_has(w->host, p.family, p.to);
	p.ct_status |= CT_STATUS_DNAT;
	/* Whether loopback can be reached so depends on a sysctl, route_localnet. */
	if (!p.here && p.family == AF_INET && (p.to >> 24) == 127)
		return false;
	*b = (struct branch){p, ranges_copy(sources), w->next_chain};
	w->n_branches++;
	return true;
}

/* What happens then is not known: anything. */
static void on_unknown(struct walk *w, const char *because, const struct ranges *sources)
{
	doubt(w, because);
	join(&w->accepted, sources);
	join(&w->result->dropped, sources);
}

/*
 * What becomes of those that came to a rule ("in"): those that a verdict surely takes do
 * not go on to the next rule, those that return from a chain it leads to do, and those
 * that leave this chain go to back.
 */
struct flow {
	const struct ranges *in;
	struct ranges taken, returned;
	struct ranges *back;
	unsigned depth;
};

static const struct nft_chain *chain_of(const struct walk *w, const json_t *target)
{
	return ruleset_chain(w->rules, w->chain->family, w->chain->table, ruleset_text(target, "target"));
}

/* sipwarden's own SIP firewall looks into packets, and is there for those that are no SIP or too many. */
static bool is_sip_firewall(const struct walk *w, const json_t *target)
{
	return strcmp(w->chain->table, "sipwarden") == 0 &&
	       strncmp(ruleset_text(target, "target"), "sip_", strlen("sip_")) == 0;
}

static void on_jump(struct walk *w, struct flow *f, const json_t *target, bool comes_back,
		    const struct ranges *maybe, const struct ranges *sure)
{
	const struct nft_chain *to = chain_of(w, target), *from = w->chain;
	const json_t *rule = w->rule;
	bool partial = !ranges_equal(sure, f->in);
	struct ranges left;

	if (is_sip_firewall(w, target))
		return;
	if (!to || f->depth >= DEPTH_MAX) {
		on_unknown(w, "a chain that is not there", maybe);
		return;
	}
	w->partial += partial;
	left = walk_chain(w, to, maybe, f->depth + 1);
	w->partial -= partial;
	w->chain = from;
	w->rule = rule;
	join(&f->taken, sure);
	join(comes_back ? &f->returned : f->back, &left);
	ranges_done(&left);
}

/* False if this is no verdict. */
static bool on_verdict(struct walk *w, struct flow *f, const char *kind, const json_t *e,
		       const struct ranges *maybe, const struct ranges *sure)
{
	if (!ranges_equal(maybe, sure))
		doubt(w, w->pending);
	if (strcmp(kind, "jump") == 0 || strcmp(kind, "goto") == 0) {
		on_jump(w, f, e, *kind == 'j', maybe, sure);
		return true;
	}
	if (strcmp(kind, "accept") == 0 || strcmp(kind, "masquerade") == 0 || strcmp(kind, "snat") == 0)
		on_accept(w, maybe);
	else if (strcmp(kind, "drop") == 0 || strcmp(kind, "reject") == 0)
		on_drop(w, maybe);
	else if (strcmp(kind, "return") == 0)
		join(f->back, maybe);
	else if (strcmp(kind, "dnat") == 0 || strcmp(kind, "redirect") == 0) {
		if (!on_translate(w, kind, e, maybe))
			on_unknown(w, "where it is passed on to", maybe);
	} else if (strcmp(kind, "queue") == 0)
		on_unknown(w, "a program that it is handed to", maybe);
	else if (strcmp(kind, "tproxy") == 0 || strcmp(kind, "synproxy") == 0)
		on_unknown(w, kind, maybe);
	else
		return false;
	join(&f->taken, sure);
	return true;
}

/* Statements */

static void reach_done(struct reach *r)
{
	ranges_done(&r->maybe);
	ranges_done(&r->sure);
}

/* Only those for which the condition holds come further. False: nobody. Releases it. */
static bool narrow(struct walk *w, struct reach *r, const struct ranges *in, struct condition *c)
{
	const struct ranges *maybe = r->whole ? in : &r->maybe, *sure = r->whole ? in : &r->sure;
	struct ranges any, now_maybe, now_sure;

	if (c->all) {
		condition_done(c);
		return true;
	}
	w->rules->work += c->yes.n + c->maybe.n;
	any = ranges_or(&c->yes, &c->maybe);
	now_maybe = c->maybe_all ? ranges_copy(maybe) : ranges_and(maybe, &any);
	now_sure = ranges_and(sure, &c->yes);
	if (!w->pending)
		w->pending = c->unknown;
	ranges_done(&any);
	condition_done(c);
	reach_done(r);
	*r = (struct reach){now_maybe, now_sure, false};
	return now_maybe.n > 0 || now_maybe.failed;
}

struct verdict {
	const json_t *data;
	struct condition when;
};

/* Elements of a map that lead to the same are one. */
static size_t collect_verdicts(struct walk *w, struct matcher *m, const json_t *key, const json_t *elements,
			       struct verdict verdicts[static VERDICTS_MAX])
{
	size_t i, j, n = 0;

	for (i = 0; i < json_array_size(elements); i++) {
		const json_t *pair = json_array_get(elements, i), *data = json_array_get(pair, 1);
		struct condition c = match_element(m, key, json_array_get(pair, 0));

		if (!c.all && !c.maybe_all && !c.yes.n && !c.maybe.n) {
			condition_done(&c);
			continue;
		}
		for (j = 0; j < n && !json_equal(verdicts[j].data, data); j++)
			;
		if (j == VERDICTS_MAX) {
			doubt(w, "a map of too many verdicts");
			condition_done(&c);
			continue;
		}
		if (j == n)
			verdicts[n++] = (struct verdict){data, {.all = false}};
		w->rules->work += verdicts[j].when.yes.n;
		condition_add(&verdicts[j].when, &c);
	}
	return n;
}

static void on_map(struct walk *w, struct flow *f, struct matcher *m, const json_t *map,
		   const struct reach *r, const struct ranges *in)
{
	struct verdict verdicts[VERDICTS_MAX];
	struct ranges all = ranges_copy(r->whole ? in : &r->maybe);
	const json_t *elements;
	size_t i, n = 0;

	if (match_elements(m, json_object_get(map, "data"), &elements))
		n = collect_verdicts(w, m, json_object_get(map, "key"), elements, verdicts);
	else
		on_unknown(w, "a map whose elements could not be read", &all);
	for (i = 0; i < n; i++) {
		struct reach some = {ranges_copy(r->whole ? in : &r->maybe),
				     ranges_copy(r->whole ? in : &r->sure), false};
		const char *kind = json_object_iter_key(json_object_iter((json_t *)verdicts[i].data));

		if (narrow(w, &some, in, &verdicts[i].when) && kind)
			on_verdict(w, f, kind, json_object_get(verdicts[i].data, kind), &some.maybe,
				   &some.sure);
		reach_done(&some);
	}
	ranges_done(&all);
}

/* meta mark set 1 */
static void on_mangle(struct walk *w, const json_t *e, bool for_all)
{
	const json_t *key = json_object_get(e, "key"), *value = json_object_get(e, "value");
	const char *meta = ruleset_text(json_object_get(key, "meta"), "key"),
		   *ct = ruleset_text(json_object_get(key, "ct"), "key");
	bool known = for_all && w->partial == 0 && json_is_integer(value);

	if (strcmp(meta, "mark") == 0) {
		w->packet.mark_known = known;
		w->packet.mark = (uint32_t)json_integer_value(value);
	}
	if (strcmp(ct, "mark") == 0 || (strcmp(meta, "mark") == 0 && json_is_null(value))) {
		w->packet.ct_mark_known = known;
		w->packet.ct_mark = (uint32_t)json_integer_value(value);
	}
}

/* For the first packet, a limit is not reached yet. inv: it asks for what is over the limit. */
static bool within_limit(struct walk *w, const json_t *e)
{
	if (json_is_true(json_object_get(e, "inv")))
		return false;
	w->within = true;
	return true;
}

/* Limits in a set or meter, one for each element. */
static bool within_limits(struct walk *w, const json_t *statements)
{
	size_t i;

	if (json_is_object(statements))
		return !json_object_get(statements, "limit") ||
		       within_limit(w, json_object_get(statements, "limit"));
	for (i = 0; i < json_array_size(statements); i++) {
		const json_t *s = json_array_get(statements, i), *limit = json_object_get(s, "limit");

		limit = limit ? limit : json_object_get(s, "ct count");
		if (limit && !within_limit(w, limit))
			return false;
	}
	return true;
}

enum step { STEP_NEXT, STEP_END };

static bool is_any(const char *kind, const char *const *of)
{
	for (; *of; of++)
		if (strcmp(kind, *of) == 0)
			return true;
	return false;
}

/* What does nothing to a packet, or nothing that matters here. */
static bool is_neutral(const char *kind)
{
	static const char *const neutral[] = {"counter",	"log",	    "comment",	  "last",
					      "ct helper",	"flow",	    "ct timeout", "secmark",
					      "ct expectation", "continue", "dup",	  NULL};

	return is_any(kind, neutral);
}

static enum step on_statement(struct walk *w, struct flow *f, struct matcher *m, const char *kind,
			      const json_t *e, struct reach *r, const struct ranges *in)
{
	static const char *const limits[] = {"limit", "ct count", NULL}, *const dynamic[] = {"set", "map",
											     "meter", NULL};
	const struct ranges *maybe = r->whole ? in : &r->maybe;
	struct condition c;

	if (is_neutral(kind))
		return STEP_NEXT;
	if (strcmp(kind, "match") == 0) {
		c = match_condition(m, e);
		return narrow(w, r, in, &c) ? STEP_NEXT : STEP_END;
	}
	if (strcmp(kind, "never") == 0)
		return STEP_END;
	if (is_any(kind, limits))
		return within_limit(w, e) ? STEP_NEXT : STEP_END;
	if (is_any(kind, dynamic))
		return within_limits(w, json_object_get(e, "stmt")) ? STEP_NEXT : STEP_END;
	if (strcmp(kind, "vmap") == 0) {
		on_map(w, f, m, e, r, in);
		return STEP_END;
	}
	if (strcmp(kind, "mangle") == 0) {
		on_mangle(w, e, r->whole);
		return STEP_NEXT;
	}
	if (strcmp(kind, "notrack") == 0) {
		if (r->whole && w->partial == 0)
			w->packet.ct_state = CT_UNTRACKED;
		else
			doubt(w, "notrack for some sources");
		return STEP_NEXT;
	}
	if (strcmp(kind, "xt") == 0 && strcmp(ruleset_text(e, "type"), "target") != 0) {
		c = (struct condition){.maybe_all = true, .unknown = ruleset_text(e, "name")};
		return narrow(w, r, in, &c) ? STEP_NEXT : STEP_END;
	}
	if (!on_verdict(w, f, kind, e, maybe, r->whole ? in : &r->sure))
		on_unknown(w, strcmp(kind, "xt") == 0 ? ruleset_text(e, "name") : kind, maybe);
	return STEP_END;
}

static void walk_rule(struct walk *w, struct flow *f, const struct ranges *in)
{
	const json_t *statements = json_object_get(w->rule, "expr");
	struct matcher m = {w->rules, &w->packet, w->chain->family, w->chain->table, 0};
	struct reach r = {.whole = true};
	size_t i;

	w->pending = NULL;
	w->within = false;
	for (i = 0; i < json_array_size(statements); i++) {
		const json_t *s = json_array_get(statements, i);
		const char *kind = json_object_iter_key(json_object_iter((json_t *)s));

		if (kind && on_statement(w, f, &m, kind, json_object_get(s, kind), &r, in) == STEP_END)
			break;
	}
	w->rules->work += m.work + 1;
	reach_done(&r);
}

/* Returns the sources that come out at its end, or return. */
static struct ranges walk_chain(struct walk *w, const struct nft_chain *chain, const struct ranges *in,
				unsigned depth)
{
	struct ranges rest = ranges_copy(in), back = {.n = 0};
	size_t i;

	for (i = 0; i < chain->n && (rest.n || rest.failed); i++) {
		struct flow f = {.in = &rest, .back = &back, .depth = depth};

		if (w->rules->work > WALK_WORK_MAX) {
			doubt(w, "too many others: the ruleset is too large to be followed");
			on_unknown(w, NULL, &rest);
			break;
		}
		w->chain = chain;
		w->rule = chain->rules[i];
		walk_rule(w, &f, &rest);
		w->rules->work += f.taken.n ? rest.n : 0;
		take(&rest, &f.taken);
		join(&rest, &f.returned);
		ranges_done(&f.taken);
		ranges_done(&f.returned);
	}
	w->chain = chain;
	w->rule = NULL;
	w->within = false;
	join(&rest, &back);
	ranges_done(&back);
	return rest;
}

/* Hooks */

static bool sees(const struct nft_chain *c, const struct packet *p, const char *hook)
{
	if (!c->hook || strcmp(c->hook, hook) != 0)
		return false;
	if (strcmp(hook, "ingress") == 0)
		return c->device && strcmp(c->device, p->in) == 0;
	return strcmp(c->family, "inet") == 0 || strcmp(c->family, p->family == AF_INET ? "ip" : "ip6") == 0;
}

/* The base chain of the hook that comes after "after", by priority and then place; NULL: no more. */
static const struct nft_chain *next_chain(const struct walk *w, const char *hook,
					  const struct nft_chain *after)
{
	const struct nft_chain *best = NULL, *c;

	for (c = w->rules->chains; c < w->rules->chains + w->rules->n_chains; c++) {
		if (!sees(c, &w->packet, hook))
			continue;
		if (after &&
		    (c->priority < after->priority || (c->priority == after->priority && c <= after)))
			continue;
		if (!best || c->priority < best->priority)
			best = c;
	}
	return best;
}

static void set_connection(struct walk *w, const char *hook, long priority)
{
	bool tracked = strcmp(hook, "ingress") != 0 &&
		       (strcmp(hook, "prerouting") != 0 || priority > PRIORITY_CONNTRACK);

	if (!tracked && w->packet.ct_state != CT_UNTRACKED)
		w->packet.ct_state = CT_INVALID;
	else if (tracked && w->packet.ct_state == CT_INVALID)
		w->packet.ct_state = CT_NEW;
}

/* Those of sources that come through all base chains of a hook, from the one behind "after" on. */
static void walk_hook(struct walk *w, const char *hook, const struct nft_chain *after, struct ranges *sources)
{
	const struct nft_chain *c = after;
	struct ranges left;

	while ((c = next_chain(w, hook, c)) && (sources->n || sources->failed)) {
		set_connection(w, hook, c->priority);
		if (c->nat && w->translated)
			continue;
		w->next_chain = (size_t)(c - w->rules->chains);
		w->most_allowed = 0;
		left = walk_chain(w, c, sources, 0);
		if (c->drops)
			on_drop(w, &left);
		else
			on_accept(w, &left);
		ranges_done(&left);
		ranges_become(sources, w->accepted);
		w->accepted = (struct ranges){.n = 0};
	}
	set_connection(w, "input", PRIORITY_LAST);
}

/* To a process of this host, or on to another host. */
static void walk_end(struct walk *w, const struct packet *asked, struct ranges *sources)
{
	const struct packet *p = &w->packet;
	bool same = p->here && p->port == asked->port && !w->translated;

	if (sources->n == 0 && !sources->failed)
		return;
	w->packet.forward = !p->here;
	w->packet.out = p->here ? "" : host_way_out(w->host, p->family, p->to);
	walk_hook(w, p->here ? "input" : "forward", NULL, sources);
	if (same) {
		join(&w->result->arrives, sources);
		return;
	}
	if (sources->n > 0) {
		w->result->elsewhere_to = p->to;
		w->result->elsewhere_port = p->port;
	}
	join(&w->result->elsewhere, sources);
}

void walk(struct ruleset *rules, const struct host *host, const struct packet *packet,
	  struct walk_result *ret)
{
	struct walk w = {.rules = rules, .host = host, .packet = *packet, .result = ret};
	struct branch branches[BRANCHES_MAX];
	struct ranges sources = ranges_all(packet->family == AF_INET ? 32 : 128);
	size_t i;

	*ret = (struct walk_result){.limited = false};
	w.branches = branches;
	w.packet.ct_state = CT_INVALID;
	w.packet.mark_known = w.packet.ct_mark_known = true;
	walk_hook(&w, "ingress", NULL, &sources);
	walk_hook(&w, "prerouting", NULL, &sources);
	walk_end(&w, packet, &sources);
	ranges_done(&sources);
	for (i = 0; i < w.n_branches; i++) {
		w.packet = branches[i].packet;
		w.translated = true;
		walk_hook(&w, "prerouting", &rules->chains[branches[i].next], &branches[i].sources);
		walk_end(&w, packet, &branches[i].sources);
		ranges_done(&branches[i].sources);
	}
}

void walk_done(struct walk_result *r)
{
	ranges_done(&r->arrives);
	ranges_done(&r->dropped);
	ranges_done(&r->elsewhere);
}
