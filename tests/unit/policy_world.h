/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_UNIT_POLICY_WORLD_H
#define SIPWARDEN_TESTS_UNIT_POLICY_WORLD_H

/* A decider, and what came of the lines that it was told. */
#include "unit.h"

#include "base/text.h"
#include "decide/decide.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define START (1795000000 * SEC)

struct world {
	struct config *cfg;
	struct decider *d;
	unsigned bans, earlier, asked, alerts[ALERT_KINDS];
	struct ban last; /* strings are not kept */
	char last_rule[64], last_reason[600], last_alert[600];
	bool can_ask;
	unsigned doubted; /* how often packets were asked for */
	uint16_t proves;  /* the port that they prove; 0: they do not */
	const char *method; /* of the requests; NULL: not said */
	bool connected;   /* they prove a connection, without a port */
	const char *proves_account; /* NULL: that of the line */
	bool unlearnt; /* whether the kernel sees what the log tells of */
	unsigned serial;
};

static void on_ban(void *userdata, struct ban *b)
{
	struct world *w = userdata;

	w->bans++;
	w->last = *b;
	snprintf(w->last_rule, sizeof(w->last_rule), "%s", b->rule);
	snprintf(w->last_reason, sizeof(w->last_reason), "%s", b->reason);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	(void)userdata;
	(void)b;
	(void)cause;
}

static void on_alert(void *userdata, const struct alert *a)
{
	struct world *w = userdata;

	w->alerts[a->kind]++;
	snprintf(w->last_alert, sizeof(w->last_alert), "%s", a->text);
}

static bool on_ask(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	(void)addr;
	w->asked++;
	return w->can_ask;
}

static bool on_prove(void *userdata, const struct event *e, usec_t when, struct proof *ret)
{
	struct world *w = userdata;

	(void)e;
	(void)when;
	w->doubted++;
	*ret = (struct proof){ .port = w->proves, .account = SPAN(w->proves_account ? w->proves_account : "") };
	return w->proves != 0 || w->connected;
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)addr;
	(void)since;
	return ((struct world *)userdata)->earlier;
}

static void open_world(struct world *w, const char *config)
{
	const struct decide_callbacks callbacks = { .ban = on_ban,
						    .lift = on_lift,
						    .alert = on_alert,
						    .ask = on_ask,
						    .prove = on_prove,
						    .history = on_history,
						    .userdata = w };
	struct diag diag = DIAG_INIT;

	*w = (struct world){ 0 };
	config_load_text("test.conf", config, strlen(config), &diag, &w->cfg);
	if (!w->cfg)
		diag_print(&diag, stderr);
	diag_done(&diag);
	assert_non_null(w->cfg);
	assert_int_equal(decider_new(w->cfg, &callbacks, &w->d), 0);
}

static void close_world(struct world *w)
{
	decider_free(w->d);
	config_free(w->cfg);
}

/* One line of log, each an attempt of its own. from may have a port. */
static void happens(struct world *w, enum event_class class, const char *from, const char *user, bool proven, usec_t when)
{
	char id[32], port[8];
	struct event e = { .class = class,
			   .classes = CLASS_BIT(class),
			   .filter = "pbx",
			   .pattern = "test",
			   .proven = proven,
			   .askable = true,
			   .witnessed = !w->unlearnt,
			   .n_addrs = 1,
			   .user = SPAN(user),
			   .method = SPAN(w->method ? w->method : ""),
			   .line = SPAN("a line"),
			   .time = when };

	snprintf(id, sizeof(id), "call-%u", w->serial++);
	e.id = SPAN(id);
	e.addrs[0] = unit_addr(from);
	if (e.addrs[0].port) {
		snprintf(port, sizeof(port), "%u", e.addrs[0].port);
		e.port = SPAN(port);
		e.addrs[0].port = 0;
	}
	decider_event(w->d, &e, when);
}

static bool is_banned(const struct world *w, const char *addr)
{
	struct addr a = unit_addr(addr);

	return decider_find(w->d, &a) != NULL;
}

static void logs_in(struct world *w, const char *from, const char *user, usec_t when)
{
	happens(w, CLASS_AUTH_SUCCESS, from, user, true, when);
}

static void fails(struct world *w, const char *from, const char *user, unsigned n, bool proven, usec_t when)
{
	while (n-- > 0)
		happens(w, CLASS_AUTH_FAILURE, from, user, proven, when);
}

#endif
