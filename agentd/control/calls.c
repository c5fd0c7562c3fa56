/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that are known, and what of them is counted. */
#include "calls/calls.h"

#include "base/cleanup.h"
#include "control/bus.h"
#include "control/private.h"

struct listing {
	sd_bus_message *m;
	int r;
};

static void append_call(void *userdata, const struct call *call)
{
	struct listing *l = userdata;
	char source[ADDR_TEXT_MAX] = "";

	if (call->source.family)
		addr_format(&call->source, source);
	if (l->r >= 0)
		l->r = sd_bus_message_append(l->m, "(" BUS_CALL ")", call->account, call->number.digits, call->number.country,
					     number_kind_name(call->number.kind), source, call->start, call->end,
					     call->by_login);
}

static int append_facts(sd_bus_message *m, const struct calls_stats *s, usec_t learning)
{
	const usec_t learned = s->since ? s->since + learning : 0;
	const struct {
		const char *key;
		uint64_t value;
	} facts[] = {
		{ "calls", s->calls },	       { "records", s->records }, { "warnings", s->warnings },
		{ "criticals", s->criticals }, { "running", s->running }, { "facts", s->facts },
		{ "forgotten", s->forgotten }, { "since", s->since },	  { "learning", learned > time_now() ? learned : 0 },
		{ "ends", s->ends },
	};
	size_t i;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
		r = control_append_number(m, facts[i].key, facts[i].value);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int control_method_calls(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	const struct calls *calls = ops->calls(ops->userdata);
	struct listing l = { .r = control_check_allowed(c, error) };
	struct calls_stats stats;
	size_t n;

	if (l.r < 0)
		return l.r;
	calls_stats(calls, &stats);
	l.r = sd_bus_message_new_method_return(m, &l.m);
	if (l.r >= 0)
		l.r = append_facts(l.m, &stats, ops->config(ops->userdata)->calls.learning);
	if (l.r >= 0)
		l.r = sd_bus_message_open_container(l.m, 'a', "(" BUS_CALL ")");
	if (l.r >= 0) {
		n = calls_each(calls, false, CONTROL_CALLS, append_call, &l);
		calls_each(calls, true, CONTROL_CALLS - n, append_call, &l);
	}
	if (l.r >= 0)
		l.r = sd_bus_message_close_container(l.m);
	if (l.r >= 0)
		l.r = sd_bus_message_send(l.m);
	sd_bus_message_unref(l.m);
	return l.r < 0 ? l.r : 1;
}
