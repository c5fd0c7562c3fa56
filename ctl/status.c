/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: how the agent is; metrics: the same for Prometheus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "control/bus.h"
#include "facts.h"
#include "output.h"
#include "status.h"
#include "usage.h"

static json_t *read_input(sd_bus_message *m)
{
	const char *name, *filter, *kind, *state, *last_error;
	uint64_t lines, bytes, events, crafted, undated, limited, cut, rotations, errors, lag_bytes, lag, last_line;
	uint32_t open;
	double rate;
	int r = sd_bus_message_read(m, "(" BUS_INPUT ")", &name, &filter, &kind, &state, &open, &lines, &bytes, &events,
				    &crafted, &undated, &limited, &cut, &rotations, &errors, &lag_bytes, &lag, &last_line,
				    &rate, &last_error);

	if (r <= 0)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:I, s:s}",
			 "name", name, "filter", filter, "kind", kind, "state", state, "open", (json_int_t)open, "lines",
			 (json_int_t)lines, "bytes", (json_int_t)bytes, "events", (json_int_t)events, "crafted",
			 (json_int_t)crafted, "undated", (json_int_t)undated, "match_limit_hits", (json_int_t)limited,
			 "cut", (json_int_t)cut, "rotations", (json_int_t)rotations, "errors", (json_int_t)errors,
			 "lag_bytes", (json_int_t)lag_bytes, "lag_seconds", output_span(lag), "lines_per_second", rate,
			 "last_line", (json_int_t)last_line, "last_error", last_error);
}

static json_t *read_problem(sd_bus_message *m)
{
	const char *severity, *text, *advice;

	if (sd_bus_message_read(m, "(" BUS_PROBLEM ")", &severity, &text, &advice) <= 0)
		return NULL;
	return json_pack("{s:s, s:s, s:s}", "severity", severity, "text", text, "advice", advice);
}

static json_t *read_status(sd_bus_message *m, int *error)
{
	json_t *facts = facts_read(m);

	*error = facts ? facts_read_array(m, facts, "inputs", "(" BUS_INPUT ")", read_input) : -EBADMSG;
	if (*error >= 0)
		*error = facts_read_sets(m, facts);
	if (*error >= 0)
		*error = facts_read_array(m, facts, "problems", "(" BUS_PROBLEM ")", read_problem);
	return facts;
}

/* What the bus has as microseconds, --json has as times and seconds. */
static void finish_json(json_t *facts)
{
	static const char *const times[] = { "config_loaded", "reload_refused", "database_committed", "database_failing",
					     "last_problem_time" };
	json_t *in;
	size_t i;

	json_array_foreach(json_object_get(facts, "inputs"), i, in)
		json_object_set_new(in, "last_line", output_time((usec_t)facts_number(in, "last_line")));
	for (i = 0; i < sizeof(times) / sizeof(*times); i++)
		json_object_set_new(facts, times[i], output_time((usec_t)facts_number(facts, times[i])));
	json_object_set_new(facts, "firewall_silent_seconds", output_span((usec_t)facts_number(facts, "firewall_silent")));
	json_object_del(facts, "firewall_silent");
	json_object_set_new(facts, "flushed", json_boolean(facts_number(facts, "flushed")));
	facts_mode(facts);
}

static int exit_status(const json_t *facts)
{
	const char *health = facts_text(facts, "health");

	if (strcmp(health, "ok") == 0)
		return CTL_OK;
	return strcmp(health, "degraded") == 0 ? CTL_DEGRADED : CTL_FAILED;
}

static int tell_status(const struct ctl *ctl, sd_bus_message *m)
{
	int r, status;
	json_t *facts = read_status(m, &r);

	if (r < 0) {
		json_decref(facts);
		return client_bad_reply(r);
	}
	status = exit_status(facts);
	if (ctl->json) {
		finish_json(facts);
		output_json(facts);
		return status;
	}
	status_print(facts);
	json_decref(facts);
	return status;
}

static int tell_metrics(const struct ctl *ctl, sd_bus_message *m)
{
	const char *text;
	int r = sd_bus_message_read(m, "s", &text);

	if (r <= 0)
		return client_bad_reply(r < 0 ? r : -EBADMSG);
	if (ctl->json)
		output_json(json_pack("{s:o}", "metrics", output_string(text)));
	else
		fputs(text, stdout);
	return CTL_OK;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	return client_tell(ctl, argc, argv, "Status", tell_status);
}

int cmd_metrics(struct ctl *ctl, int argc, char **argv)
{
	return client_tell(ctl, argc, argv, "Metrics", tell_metrics);
}
