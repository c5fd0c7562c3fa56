/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why one address is banned, or what is missing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "control/bus.h"
#include "control/private.h"
#include "store/store.h"

/* Earlier bans that are told; the present one is not among them. */
#define HISTORY_MAX 20

/* The exemption that covers the address: who gave it, and why. */
struct exemption {
	const struct addr *addr;
	const char *source, *reason;
};

static void find_exemption(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	struct exemption *e = userdata;

	if (!addr_equal(addr, e->addr))
		return;
	e->source = source;
	e->reason = reason ? reason : "";
}

static int append_exemption(const struct control *c, sd_bus_message *m, const struct addr *addr)
{
	struct exemption e = { addr, "", "" };
	char text[ADDR_TEXT_MAX] = "";
	int r;

	if (addr) {
		decider_exempt_each(c->ops.decider(c->ops.userdata), find_exemption, &e);
		addr_format(addr, text);
	}
	r = control_append_text(m, "exemption", text);
	if (r >= 0)
		r = control_append_text(m, "exemption_source", e.source);
	return r < 0 ? r : control_append_text(m, "exemption_reason", e.reason);
}

static int append_friend(sd_bus_message *m, const struct explanation *e)
{
	const struct friend *f = &e->friend;
	char text[ADDR_TEXT_MAX] = "";
	const struct {
		const char *key;
		uint64_t value;
	} facts[] = {
		{ "ports_banned", e->ports },
		{ "friend", e->is_friend },
		{ "friend_first", f->first },
		{ "friend_last", f->last },
		{ "friend_successes", f->successes },
		{ "friend_accounts", f->accounts },
		{ "friend_accounts_max", FRIEND_ACCOUNTS_MAX },
	};
	int r = control_append_text(m, "friend_address", f->addr.family ? addr_format(&f->addr, text) : "");

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
		r = control_append_number(m, facts[i].key, facts[i].value);
	return r;
}

static int append_facts(const struct control *c, sd_bus_message *m, const struct explanation *e)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = control_append_mode(c, m);
	if (r >= 0)
		r = control_append_number(m, "firewall_ready", firewall_is_ready(c->ops.firewall(c->ops.userdata)));
	if (r >= 0)
		r = append_exemption(c, m, e->exemption);
	if (r >= 0)
		r = control_append_text(m, "unbannable", e->unbannable ? e->unbannable : "");
	if (r >= 0)
		r = append_friend(m, e);
	if (r >= 0)
		r = control_append_number(m, "forgeries", e->forgeries);
	if (r >= 0)
		r = control_append_number(m, "waiting", e->waiting);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The log's text: as UTF-8, but else as it is. */
static int append_log(sd_bus_message *m, const char *text, size_t len)
{
	_cleanup_free_ char *utf8 = text ? text_to_utf8((struct span){ text, len }) : strdup("");

	return utf8 ? sd_bus_message_append(m, "s", utf8) : -ENOMEM;
}

/* How long the next ban by the rule would be: as verdict.c decides. */
static void next_bans(const struct control *c, const struct explain_rule *er, usec_t now, usec_t *proven,
		      usec_t *unproven)
{
	const struct config *cfg = c->ops.config(c->ops.userdata);
	const struct config_rule *rule = er->cfg;
	usec_t since = now > cfg->history ? now - cfg->history : 0;
	int earlier = store_history_count(c->ops.store(c->ops.userdata), &er->target, since);
	size_t step = earlier < 0 ? 0 : (size_t)earlier;

	*proven = rule->ladder[step < rule->n_ladder ? step : rule->n_ladder - 1];
	*unproven = rule->ladder[0] < cfg->policy.unproven_ban ? rule->ladder[0] : cfg->policy.unproven_ban;
}

static int append_rules(const struct control *c, sd_bus_message *m, const struct explanation *e, usec_t now)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_RULE ")");
	size_t i;

	for (i = 0; r >= 0 && i < e->n_rules; i++) {
		const struct explain_rule *er = &e->rules[i];
		usec_t proven, unproven;

		next_bans(c, er, now, &proven, &unproven);
		r = sd_bus_message_append(m, "(" BUS_RULE ")", er->cfg->name, er->count, er->proven, er->threshold,
					  er->cfg->window, proven, unproven, (int)er->cfg->observe);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

struct history {
	sd_bus_message *m;
	int64_t present; /* the ban in force, which is told already */
	int error;
};

static void append_past(void *userdata, const struct store_past *p)
{
	struct history *h = userdata;
	const struct store_ban *b = &p->ban;
	char addr[ADDR_TEXT_MAX];

	if (h->error < 0 || b->id == h->present)
		return;
	h->error = sd_bus_message_append(h->m, "(" BUS_HISTORY ")", addr_format(&b->addr, addr), b->start, b->end, p->lifted,
					 p->lifted_by ? p->lifted_by : "", b->count, b->rule ? b->rule : "",
					 b->reason ? b->reason : "", (int)b->proven, (int)b->observed);
}

static int append_history(const struct control *c, sd_bus_message *m, const struct addr *addr,
			  const struct ban *present)
{
	struct history h = { m, present ? present->id : 0, 0 };

	h.error = sd_bus_message_open_container(m, 'a', "(" BUS_HISTORY ")");
	if (h.error >= 0)
		store_history_each(c->ops.store(c->ops.userdata), addr, HISTORY_MAX, append_past, &h);
	return h.error < 0 ? h.error : sd_bus_message_close_container(m);
}

static int append_explanation(const struct control *c, sd_bus_message *m, const struct addr *addr,
			      const struct explanation *e, usec_t now)
{
	static const struct ban none = { .rule = (char *)"", .reason = (char *)"" };
	const struct ban *b = e->ban;
	const char *accounts = b && b->accounts ? b->accounts : e->accounts;
	const char *evidence = b && b->evidence ? b->evidence : e->evidence;
	int r = sd_bus_message_append(m, "b", b != NULL);

	if (r >= 0)
		r = control_append_ban(c, m, b ? b : &none);
	if (r >= 0)
		r = append_facts(c, m, e);
	if (r >= 0)
		r = append_log(m, evidence, b && b->evidence ? b->evidence_len : e->evidence_len);
	if (r >= 0)
		r = sd_bus_message_append(m, "s", accounts ? accounts : "");
	if (r >= 0)
		r = append_rules(c, m, e, now);
	return r < 0 ? r : append_history(c, m, addr, b);
}

static int answer_explain(struct control_client *c, sd_bus_message *m)
{
	const struct control_ops *ops = &c->control->ops;
	sd_bus_message *reply = NULL;
	struct explanation e;
	usec_t now = time_now();
	const char *text;
	struct addr addr;
	int r = sd_bus_message_rewind(m, true);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &text);
	if (r >= 0)
		r = addr_parse_bannable(text, strlen(text), &addr);
	if (r >= 0)
		r = decider_explain(ops->decider(ops->userdata), &addr, now, &e);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_explanation(c->control, reply, &addr, &e, now);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	explanation_done(&e);
	return r < 0 ? r : 1;
}

int control_method_explain(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	const char *text;
	struct addr addr;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &text);
	if (r >= 0)
		r = control_read_address(text, &addr, error);
	if (r < 0)
		return r;
	/* Only of a ban there is something to ask the kernel. */
	if (!decider_find(ops->decider(ops->userdata), &addr))
		return answer_explain(c, m);
	return control_with_counters(c, m, answer_explain, error);
}
