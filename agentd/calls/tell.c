/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From counts to frauds that are told, each once. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/text.h"
#include "calls/calls_private.h"

#define LEVEL_WARNING 1
#define LEVEL_CRITICAL 2

/* One more of this level within this minute? */
static bool within_limit(struct calls *c, bool critical, usec_t when)
{
	struct fraud_limit *l = &c->limits[critical];

	if (when < l->minute || when - l->minute >= 60 * USEC_PER_SEC)
		*l = (struct fraud_limit){ .minute = when };
	if (l->given++ == FRAUDS_A_MINUTE)
		log_warning("More than %d alerts about calls within a minute: the others are given only if they go on. Either "
			    "many accounts are stolen, or a rule of [fraud NAME] is too strict",
			    FRAUDS_A_MINUTE);
	return l->given <= FRAUDS_A_MINUTE;
}

enum may { MAY_TELL, WAS_TOLD, OVER_LIMIT };

/* Not what was told lately, as bad or worse. What is over the limit of this minute is told when it goes on. */
static enum may may_tell(struct calls *c, const struct config_fraud *f, uint64_t key, unsigned level, usec_t when)
{
	const uint64_t h = hash_lasting(hash_lasting(key, f->name, strlen(f->name)), &f->measure, sizeof(f->measure));
	const struct fact *before = ledger_find(c->told, h);
	struct fact *now;
	bool fresh;

	if (before && before->n[1] >= level && when < before->n[0] + c->cfg->calls.again)
		return WAS_TOLD;
	if (!within_limit(c, level == LEVEL_CRITICAL, when))
		return OVER_LIMIT;
	now = ledger_put(c->told, h, when, &fresh);
	if (now) {
		now->n[0] = when;
		now->n[1] = level;
	}
	return MAY_TELL;
}

static char *describe_count(const struct config_fraud *f, uint64_t count)
{
	const unsigned long long n = count;
	char span[TIMESPAN_TEXT_MAX];

	switch (f->measure) {
	case FRAUD_PER_MINUTE:
		return text_printf("%llu call%s within a minute", n, n == 1 ? "" : "s");
	case FRAUD_TOTAL:
		return text_printf("%llu call%s within %s", n, n == 1 ? "" : "s", timespan_format(f->window, span));
	case FRAUD_CONCURRENT:
		return text_printf("%llu call%s at once", n, n == 1 ? "" : "s");
	case FRAUD_SEQUENCE:
		return text_printf("%llu call%s in a row to one range", n, n == 1 ? "" : "s");
	case FRAUD_DURATION:
		return text_printf("a call of %s", timespan_format(count * USEC_PER_SEC, span));
	case FRAUD_FIRST_COUNTRY:
		return text_printf("the first call to this country");
	case FRAUD_SOURCE_COUNTRY:
		return text_printf("used from another country than before");
	}
	return NULL;
}

/* Where the last of them went. */
static char *describe_number(const struct fraud *f)
{
	const struct number *n = &f->call->number;
	const char *several = f->count > 1 && f->rule->measure != FRAUD_DURATION ? "the last " : "";

	if (!*n->digits)
		return strdup("");
	if (*n->country)
		return text_printf(", %sto %s%s (%s, %s)", several, *n->code ? "+" : "", n->digits,
				   number_country_name(n->country), number_kind_name(n->kind));
	return text_printf(", %sto %s%s (%s)", several, *n->code ? "+" : "", n->digits, n->range);
}

static char *describe_source(const struct calls *c, const struct call *call)
{
	const char *from = call->by_login ? "last login from" : "from";
	char source[ADDR_TEXT_MAX], country[GEO_COUNTRY_SIZE];

	if (!call->source.family)
		return strdup("");
	addr_format(&call->source, source);
	if (!place_country(c, &call->source, country))
		return text_printf(", %s %s", from, source);
	return text_printf(", %s %s (%s)", from, source, number_country_exists(country) ? number_country_name(country) : country);
}

static char *describe_rule(const struct fraud *f)
{
	if (!f->threshold)
		return text_printf("rule %s", f->rule->name);
	return text_printf("rule %s, %s at %u", f->rule->name, f->critical ? "critical" : "warning", f->threshold);
}

static void tell(struct calls *c, struct fraud *f)
{
	const char *account = f->call->account;
	_cleanup_free_ char *count = describe_count(f->rule, f->count), *number = describe_number(f);
	_cleanup_free_ char *source = describe_source(c, f->call), *rule = describe_rule(f), *text = NULL;

	if (!count || !number || !source || !rule)
		return;
	text = text_printf("%s%s: %s%s%s (%s)", *account ? "Account " : "Calls", account, count, number, source, rule);
	f->text = text;
	if (text)
		c->callbacks.fraud(c->callbacks.userdata, f);
}

/*
 * Is there a record among what f counts that a sender may have made up? It names any
 * account, and who logged in with that one last would be banned. All times that are
 * counted are within a day of each other, or within the window of f.
 */
static bool may_be_forged(const struct calls *c, const struct config_fraud *f, usec_t when)
{
	const uint64_t times = f->measure == FRAUD_SEQUENCE ? f->critical : 1;

	return c->forgeable && when < c->forgeable + 2 * CALL_LONGEST + times * f->window;
}

bool fraud_asks_for_ban(const struct fraud *f)
{
	return f->rule->ban && f->critical && !f->forgeable && f->call->source.family;
}

void tell_count(struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call, uint64_t count,
		usec_t when)
{
	const bool critical = f->critical && count >= f->critical;
	struct fraud what = { .rule = f, .call = call, .critical = critical, .when = when, .count = count };

	if (!critical && !(f->warning && count >= f->warning))
		return;
	if (may_tell(c, f, key, critical ? LEVEL_CRITICAL : LEVEL_WARNING, when) != MAY_TELL)
		return;
	what.threshold = critical ? f->critical : f->warning;
	what.forgeable = may_be_forged(c, f, when);
	c->stats.warnings += !critical;
	c->stats.criticals += critical;
	tell(c, &what);
}

bool tell_first(struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call, usec_t when)
{
	struct fraud what = { .rule = f, .call = call, .when = when };
	const enum may may = may_tell(c, f, key, LEVEL_WARNING, when);

	if (may != MAY_TELL)
		return may == WAS_TOLD;
	c->stats.warnings++;
	tell(c, &what);
	return true;
}
