/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is decided, as structured journal entries; sipwardend(8) lists their fields. */
#include <stdio.h>
#include <string.h>

#include "agent_private.h"
#include "base/message_id.h"

#define NUMBER_TEXT_MAX 24

static const char *number(uint64_t n, char buf[static NUMBER_TEXT_MAX])
{
	snprintf(buf, NUMBER_TEXT_MAX, "%llu", (unsigned long long)n);
	return buf;
}

/* In the language of the entries' readers, which are programs. */
static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

static const struct config_rule *rule_of(const struct agent *a, const struct ban *b)
{
	const struct config *cfg = a->world->cfg;
	size_t i;

	for (i = 0; i < cfg->n_rules; i++)
		if (strcmp(cfg->rules[i].name, b->rule) == 0)
			return &cfg->rules[i];
	return NULL;
}

static const char *window_of(const struct agent *a, const struct ban *b, char buf[static TIMESPAN_TEXT_MAX])
{
	const struct config_rule *rule = rule_of(a, b);

	return rule ? timespan_format(rule->window, buf) : NULL;
}

static const char *span_of(const struct ban *b, char buf[static TIMESPAN_TEXT_MAX])
{
	return b->end == USEC_INFINITY ? strcpy(buf, "ever") : timespan_format(b->end - b->start, buf);
}

void agent_log_ban(const struct agent *a, const struct ban *b)
{
	char addr[ADDR_TEXT_MAX], start[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], window[TIMESPAN_TEXT_MAX];
	char count[NUMBER_TEXT_MAX], step[NUMBER_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_ADDRESS", addr_format(&b->addr, addr) },
		{ "SIPWARDEN_RULE", b->rule },
		{ "SIPWARDEN_REASON", b->reason },
		{ "SIPWARDEN_TIME", time_format_utc(b->start, start) },
		{ "SIPWARDEN_FOR", span_of(b, span) },
		{ "SIPWARDEN_ACCOUNTS", b->accounts },
		{ "SIPWARDEN_COUNT", number(b->count, count) },
		{ "SIPWARDEN_WINDOW", window_of(a, b, window) },
		{ "SIPWARDEN_STEP", number(b->step + 1, step) },
		{ "SIPWARDEN_PROVEN", yes(b->proven) },
		{ "SIPWARDEN_OBSERVED", yes(!agent_enforces(a, b)) },
		{ NULL, NULL },
	};

	if (agent_enforces(a, b))
		log_event(LOG_NOTICE, MESSAGE_BAN, fields, "Banned %s for %s by rule %s%s: %s", addr, span, b->rule,
			  a->paused ? ", not enforced while paused" : "", b->reason);
	else
		log_event(LOG_NOTICE, MESSAGE_BAN, fields, "Observed only: %s would be banned for %s by rule %s: %s", addr,
			  span, b->rule, b->reason);
}

void agent_log_lift(const struct agent *a, const struct ban *b, const char *cause)
{
	char addr[ADDR_TEXT_MAX], start[TIME_TEXT_MAX], step[NUMBER_TEXT_MAX], count[NUMBER_TEXT_MAX];
	bool enforced = agent_enforces(a, b);
	const struct log_field fields[] = {
		{ "SIPWARDEN_ADDRESS", addr_format(&b->addr, addr) },
		{ "SIPWARDEN_RULE", b->rule },
		{ "SIPWARDEN_CAUSE", cause },
		{ "SIPWARDEN_TIME", time_format_utc(b->start, start) },
		{ "SIPWARDEN_COUNT", number(b->count, count) },
		{ "SIPWARDEN_STEP", number(b->step + 1, step) },
		{ "SIPWARDEN_PROVEN", yes(b->proven) },
		{ "SIPWARDEN_OBSERVED", yes(!enforced) },
		{ NULL, NULL },
	};

	log_event(LOG_INFO, MESSAGE_LIFT, fields, "Lifted the %sban of %s: %s", enforced ? "" : "observed ", addr, cause);
}

static const char *const alert_ids[ALERT_KINDS] = {
	[ALERT_STALE_ACCOUNT] = MESSAGE_STALE_ACCOUNT,	 [ALERT_FRIEND_ATTACKS] = MESSAGE_FRIEND_ATTACKS,
	[ALERT_ACCOUNT_ATTACK] = MESSAGE_ACCOUNT_ATTACK, [ALERT_FORGERY] = MESSAGE_FORGERY,
	[ALERT_CEILING] = MESSAGE_CEILING,		 [ALERT_FRIENDS_SHARE] = MESSAGE_FRIENDS_SHARE,
	[ALERT_FRAUD_WARNING] = MESSAGE_FRAUD_WARNING,   [ALERT_FRAUD] = MESSAGE_FRAUD,
};

void agent_log_alert(const struct alert *alert)
{
	char addr[ADDR_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_ALERT", alert_name(alert->kind) },
		{ "SIPWARDEN_ADDRESS", alert->addr.family ? addr_format(&alert->addr, addr) : NULL },
		{ "SIPWARDEN_ACCOUNT", alert->account },
		{ NULL, NULL },
	};

	log_event(LOG_WARNING, alert_ids[alert->kind], fields, "%s", alert->text);
}
