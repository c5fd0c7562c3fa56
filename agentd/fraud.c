/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls/ found, to the journal and to who watches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/message_id.h"

/* Calls that go on are looked at as often. */
#define LOOK (10 * USEC_PER_SEC)
#define NUMBER_TEXT_MAX 24

static void tell_fraud(struct agent *a, const struct fraud *f, bool banned)
{
	const struct call *call = f->call;
	char addr[ADDR_TEXT_MAX], when[TIME_TEXT_MAX], count[NUMBER_TEXT_MAX], threshold[NUMBER_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_ALERT", alert_name(f->critical ? ALERT_FRAUD : ALERT_FRAUD_WARNING) },
		{ "SIPWARDEN_RULE", f->rule->name },
		{ "SIPWARDEN_MEASURE", fraud_measure_name(f->rule->measure) },
		{ "SIPWARDEN_ACCOUNT", *call->account ? call->account : NULL },
		{ "SIPWARDEN_ADDRESS", call->source.family ? addr_format(&call->source, addr) : NULL },
		{ "SIPWARDEN_NUMBER", *call->number.digits ? call->number.digits : NULL },
		{ "SIPWARDEN_COUNTRY", *call->number.country ? call->number.country : NULL },
		{ "SIPWARDEN_KIND", *call->number.digits ? number_kind_name(call->number.kind) : NULL },
		{ "SIPWARDEN_TIME", time_format_utc(f->when, when) },
		{ "SIPWARDEN_COUNT", f->count ? count : NULL },
		{ "SIPWARDEN_THRESHOLD", f->threshold ? threshold : NULL },
		{ "SIPWARDEN_BANNED", banned ? "yes" : "no" },
		{ "SIPWARDEN_TEXT", f->text },
		{ NULL, NULL },
	};

	snprintf(count, sizeof(count), "%llu", (unsigned long long)f->count);
	snprintf(threshold, sizeof(threshold), "%u", f->threshold);
	log_event(LOG_WARNING, f->critical ? MESSAGE_FRAUD : MESSAGE_FRAUD_WARNING, fields, "%s", f->text);
	agent_hand_out(a, fields);
}

static void on_fraud(void *userdata, const struct fraud *f)
{
	struct agent *a = userdata;
	const struct fraud_source source = { f->call->source, f->call->by_login, f->call->proven };
	const struct alert alert = {
		.kind = f->critical ? ALERT_FRAUD : ALERT_FRAUD_WARNING,
		.addr = f->call->source,
		.account = *f->call->account ? f->call->account : NULL,
		.text = f->text,
	};
	const bool banned = fraud_asks_for_ban(f) &&
			    decider_fraud(a->decider, &source, f->rule->name, f->text, f->rule->ban_for, f->when);

	a->watch.alerts[alert.kind]++;
	if (f->critical)
		a->watch.fraud = time_now();
	tell_fraud(a, f, banned);
	control_notify_alert(a->control, &alert);
}

/* By the lines that are read: a log that is caught up with tells of its own time. */
static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;

	(void)usec;
	calls_tick(a->calls, agent_horizon(a, NULL));
	sd_event_source_set_time_relative(source, LOOK);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

int agent_calls_start(struct agent *a)
{
	const struct calls_callbacks callbacks = { .fraud = on_fraud, .userdata = a };
	int r = calls_new(a->world->cfg, &callbacks, &a->calls);

	if (r >= 0)
		r = calls_keep_start(a->calls);
	return r < 0 ? r : sd_event_add_time_relative(a->loop, &a->calls_timer, CLOCK_MONOTONIC, LOOK, LOOK / 10, on_look, a);
}

void agent_calls_stop(struct agent *a)
{
	sd_event_source_unref(a->calls_timer);
	a->calls = calls_free(a->calls);
}
